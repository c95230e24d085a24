"""The input files of a preset, searched in the folders of --data, and the files that it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from experiments.results.cell_results import CellResults
from experiments.runs.provenance import file_hash
from traces.errors import InputError
from traces.files.atomic import write_json, write_text
from traces.files.documents import user_path

RESULTS, TABLE, CELLS = "results.json", "table.txt", "cells"

Record: TypeAlias = dict[str, Any]
"""A JSON object, as it is written to results.json: values are numbers, text, lists and further objects."""


def find_files(folders: Sequence[str | Path], sources: Mapping[str, str]) -> dict[str, Path]:
    """The path of each file, in the first folder that has it.

    sources: name of a file -> where a user gets it. InputError for a folder that does not exist, or a missing
    file.
    """
    directories = [user_path(folder) for folder in folders]
    for directory in directories:
        if not directory.is_dir():
            raise InputError(
                f"--data {directory}: is no folder; name the one that holds {', '.join(sources)}"
            )
    paths: dict[str, Path] = {}
    for name, source in sources.items():
        candidates = [directory / name for directory in directories if (directory / name).is_file()]
        if not candidates:
            searched = ", ".join(map(str, directories)) or "no folder (give --data FOLDER)"
            raise InputError(f"{name}: is not there; looked in {searched}; get it from {source}")
        paths[name] = candidates[0]
    return paths


def hashes_of(files: Mapping[str, Path]) -> tuple[tuple[str, str], ...]:
    """Name and sha256 of each file."""
    return tuple((name, file_hash(path)) for name, path in sorted(files.items()))


def made_folder(out: str | Path) -> Path:
    """The folder of --out, created if it is missing. InputError if it cannot be created."""
    folder = user_path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be made ({error.strerror}); choose another place") from None
    return folder


def cell_results(folder: Path) -> CellResults:
    """The results of cells in the folder of --out, which are kept until results.json is written."""
    return CellResults(folder.absolute() / CELLS)


def write_results(folder: Path, results: Record, table: str) -> None:
    """Write results.json and table.txt, each atomically, and remove the results of cells."""
    write_json(folder / RESULTS, results)
    write_text(folder / TABLE, table + "\n")
    cell_results(folder).remove()
