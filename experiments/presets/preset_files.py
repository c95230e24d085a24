"""The files that a preset needs, looked for in the folders that the user names, and those that it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from traces.errors import InputError
from traces.files.atomic import write_json, write_text
from traces.files.documents import user_path

RESULTS, TABLE = "results.json", "table.txt"


def find_files(folders: Sequence[str | Path], wanted: Mapping[str, str]) -> dict[str, Path]:
    """Where each file is, in the first folder that has it.

    wanted: name of a file -> where a user gets it. InputError for a folder that is none, or a missing file.
    """
    places = [user_path(folder) for folder in folders]
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


def made_folder(out: str | Path) -> Path:
    """The folder of --out, made if it is not there. InputError if that cannot be."""
    folder = user_path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be made ({error.strerror}); choose another place") from None
    return folder


def write_results(folder: Path, found: dict[str, Any], table: str) -> None:
    """Write results.json and table.txt, each whole or not at all."""
    write_json(folder / RESULTS, found)
    write_text(folder / TABLE, table + "\n")
