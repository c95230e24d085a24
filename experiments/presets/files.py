"""The files that a preset needs, looked for in the folders that the user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from traces.errors import InputError


def find_files(folders: Sequence[str | Path], wanted: Mapping[str, str]) -> dict[str, Path]:
    """Where each file is, in the first folder that has it.

    wanted: name of a file -> where a user gets it. InputError for a folder that is none, or a missing file.
    """
    places = [Path(folder).expanduser() for folder in folders]
    for place in places:
        if not place.is_dir():
            raise InputError(f"--data {place}: is no folder; name the one that holds {', '.join(wanted)}")
    found: dict[str, Path] = {}
    for name, source in wanted.items():
        here = [place / name for place in places if (place / name).is_file()]
        if not here:
            looked = ", ".join(map(str, places)) or "no folder (give --data FOLDER)"
            raise InputError(f"{name}: is not there; looked in {looked}; get it from {source}")
        found[name] = here[0]
    return found
