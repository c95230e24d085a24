"""CSV files whose lines are tables of a scenario, checked as such tables are; errors name the line."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, TypeVar

from rare.scenario.config.field_types import Table
from rare.scenario.config.toml_tables import TableProblem, parse_table, shown
from traces.errors import InputError
from traces.files.documents import read_text, reads_file

MAX_BYTES = 64_000_000
_FLAGS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

T = TypeVar("T", bound=Table)


@reads_file
def read_rows(
    path: Path, model: type[T], flags: tuple[str, ...] = (), texts: tuple[str, ...] = ()
) -> list[T]:
    """The lines of a CSV file as tables; `#` begins a comment, an empty cell is a key left out.

    flags : columns that are true or false; texts : columns that are text whatever they look like
    InputError with file and line for a column that is no key, or a wrong value.
    """
    text = read_text(path, MAX_BYTES, "give a CSV file of that many rows")
    rows: list[T] = []
    names: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = _cells(path, number, line)
        if names is None:
            names = _names(path, number, cells, list(model.fields_by_key()))
            continue
        if len(cells) != len(names):
            raise InputError(f"has {len(cells)} fields, not {len(names)}", where=f"{path}:{number}")
        row = {
            name: _value(name, cell, flags, texts) for name, cell in zip(names, cells, strict=True) if cell
        }
        try:
            rows.append(parse_table(model, row))
        except TableProblem as problem:
            raise problem.located(f"{path}:{number}") from None
    if names is None:
        raise InputError(
            "is empty", where=path, remedy=f"its first line names columns: {', '.join(model.fields_by_key())}"
        )
    return rows


def _cells(path: Path, number: int, line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]))]
    except csv.Error as error:
        raise InputError(
            f"is no line of a CSV table ({error})", where=f"{path}:{number}", remedy="correct it"
        ) from None


def _names(path: Path, number: int, cells: list[str], known: list[str]) -> list[str]:
    for place, name in enumerate(cells):
        if name not in known:
            raise InputError(
                f"column {shown(name)} is unknown",
                where=f"{path}:{number}",
                remedy=f"known are {', '.join(known)}",
            )
        if name in cells[:place]:
            raise InputError(f"column {name} is there twice", where=f"{path}:{number}", remedy="drop one")
    return cells


def _value(name: str, cell: str, flags: tuple[str, ...], texts: tuple[str, ...]) -> Any:
    """A cell as TOML would give it; what is no number stays text, for the table to refuse."""
    if name in texts:
        return cell
    if name in flags:
        return _FLAGS.get(cell.lower(), cell)
    if _WHOLE.fullmatch(cell):
        return int(cell)
    return float(cell) if _NUMBER.fullmatch(cell) else cell
