"""Tables that `sacctmgr -P show assoc` and `sacctmgr -P show qos` print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from traces.errors import InputError, quoted
from traces.files.documents import JSON_BYTES, read_text, reads_file
from traces.files.text import place

_MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class ManagerRow:
    """A row: cells by column name in small letters without spaces, only those that hold something.

    depth : spaces before the account, by which `sacctmgr show assoc tree` draws who stands below whom
    """

    cells: dict[str, str]
    where: str
    depth: int = 0


@reads_file
def read_manager_table(path: Path | str, needs: str, command: str) -> list[ManagerRow]:
    """The rows of a table with the column `needs`, printed by `command`. InputError with the line."""
    text = read_text(path, JSON_BYTES, remedy=f"give what {command} prints")
    if "\0" in text:
        raise InputError(
            "holds zero bytes, so it is not text", where=place(path), remedy=f"give what {command} prints"
        )
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    header = [name.strip().lower().replace(" ", "") for name in lines[0][1].split("|")] if lines else []
    if needs not in header or len(header) < 2:
        raise InputError(
            f"has no header with the column {needs.capitalize()}",
            where=place(path, lines[0][0] if lines else None),
            remedy=f"give what {command} prints",
        )
    if len(lines) > _MOST_ROWS:
        raise InputError(f"has more than {_MOST_ROWS} rows", where=place(path), remedy="give one cluster's")
    rows = []
    account = header.index("account") if "account" in header else None
    for number, line in lines[1:]:
        cells = line.split("|")
        if len(cells) != len(header):
            raise InputError(
                f"has {len(cells)} fields, its header {len(header)}",
                where=place(path, number),
                value=quoted(line, 60),
                remedy=f"give what {command} prints",
            )
        rows.append(
            ManagerRow(
                {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()},
                place(path, number),
                0 if account is None else len(cells[account]) - len(cells[account].lstrip(" ")),
            )
        )
    return rows
