"""slurm2sql's SQLite database (0.9) in chunks of columns, as sacct would print them. Opened read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from traces.errors import InputError, quoted
from traces.files.text import open_file, place
from traces.jobs.sacct.rows.sacct_fields import is_header, positions
from traces.jobs.sacct.rows.sacct_text import Columns
from traces.read_report import Finding

MAGIC = b"SQLite format 3\0"
_TABLE = "slurm"
_CHUNK = 5000
_LONGEST_VALUE = 2**20
_MOST_COLUMNS = 1000


def is_database(path: Path | str) -> bool:
    """Whether the file begins as a SQLite database."""
    with open_file(path) as stream:
        return stream.read(len(MAGIC)) == MAGIC


def database_chunks(
    path: Path | str, findings: list[tuple[str, str, Finding]]
) -> Iterator[tuple[list[int], Columns]]:
    """Row numbers and columns of the rows that are no steps. InputError for a damaged or another database."""
    uri = f"file:{quote(str(Path(path).resolve()))}?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(uri, uri=True)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            connection.execute("pragma trusted_schema=off")
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            yield from _rows(connection, path, findings)
        finally:
            connection.close()
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:  # the last of a name that is no text
        raise InputError(
            f"is a SQLite database that cannot be read ({error})",
            where=place(path),
            remedy="make it again with slurm2sql",
        ) from None


def _rows(
    connection: sqlite3.Connection, path: Path | str, findings: list[tuple[str, str, Finding]]
) -> Iterator[tuple[list[int], Columns]]:
    # A table only: what a view of that name computes may never end.
    table = connection.execute("select type from sqlite_master where name = ?", (_TABLE,)).fetchone()
    names = (
        [row[1] for row in connection.execute(f"pragma table_info({_TABLE})")] if table == ("table",) else []
    )
    if not is_header(names) or len(names) > _MOST_COLUMNS:
        raise InputError(
            f"is a SQLite database without slurm2sql's table {_TABLE}",
            where=place(path),
            remedy="give a database that slurm2sql made, or what sacct -P prints",
        )
    places = positions(names, path, None)
    keys = list(places)
    chosen = ", ".join(f'"{names[places[key]]}"' for key in keys)
    cursor = connection.execute(f"select {chosen} from {_TABLE} order by rowid")
    number, steps, first_step = 0, 0, (0, "")
    while rows := cursor.fetchmany(_CHUNK):
        columns: Columns = {
            key: [_text(key, cell) for cell in column]
            for key, column in zip(keys, zip(*rows, strict=True), strict=True)
        }
        numbers = range(number + 1, number + 1 + len(rows))
        number += len(rows)
        keep = [row for row, text in enumerate(columns["job_id"]) if "." not in text]
        if len(keep) < len(rows) and not steps:
            row = next(row for row, text in enumerate(columns["job_id"]) if "." in text)
            first_step = numbers[row], columns["job_id"][row]
        steps += len(rows) - len(keep)
        if keep:
            yield (
                [numbers[row] for row in keep],
                {key: [cells[row] for row in keep] for key, cells in columns.items()},
            )
    if steps:
        text = "steps of jobs, which are no jobs"
        findings.append(("notes", "steps", Finding(steps, first_step[0], quoted(first_step[1]), text)))


def _text(key: str, cell: object) -> str:
    """A cell as sacct prints it: slurm2sql has seconds for limits, and bytes for memory."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**62:
        cell = int(cell)
    if isinstance(cell, int) and key == "limit":
        return f"{cell // 3600}:{cell // 60 % 60:02}:{cell % 60:02}" if cell >= 0 else ""
    if isinstance(cell, int) and key == "memory":
        return f"{-(-cell // 1024)}K"
    return cell if isinstance(cell, str) else quoted(cell) if isinstance(cell, bytes) else str(cell)
