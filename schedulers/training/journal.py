"""The log of a training run: rows of progress.csv, and the same numbers for TensorBoard."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from traces.errors import InputError, quoted
from traces.files.documents import read_text, reading

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

ROWS = "progress.csv"
STEP = "step"
MOST_BYTES = 256 * 2**20


class Journal:
    """Rows of a run, in the order of their steps. A resumed run deletes the rows after its state.

    folder: of the run; progress.csv and tensorboard/ lie in it. columns: of progress.csv, `step` among them.
    resume_at: step of the state from which the run is resumed; None for a new run.
    """

    def __init__(self, folder: Path, columns: tuple[str, ...], resume_at: int | None = None) -> None:
        self._path, self._columns = Path(folder) / ROWS, columns
        kept = (
            [] if resume_at is None else [row for row in read_rows(folder) if float(row[STEP]) <= resume_at]
        )
        self._write_all(kept)
        self._board = _board(Path(folder) / "tensorboard", resume_at)

    def _write_all(self, rows: Sequence[Mapping[str, str]]) -> None:
        part = self._path.with_suffix(".part")
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        part.replace(self._path)

    def row(self, step: int, **numbers: float | None) -> None:
        """Append the numbers of a step; columns without a number stay empty."""
        with self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns, lineterminator="\n")
            writer.writerow({STEP: step, **numbers})
        for name, number in numbers.items():
            if number is not None:
                self._board.add_scalar(name, number, step)
        self._board.flush()

    def close(self) -> None:
        """Close the files; no row may follow."""
        self._board.close()


def _board(folder: Path, resume_at: int | None) -> SummaryWriter:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=None if resume_at is None else resume_at + 1)


def read_rows(folder: Path) -> list[dict[str, str]]:
    """The rows of a run as text; none if there are none yet. A row cut off by a kill is left out.

    InputError if the file is no table, or a step is no number.
    """
    path = Path(folder) / ROWS
    if not path.is_file():
        return []
    with reading(path):
        text = read_text(path, MOST_BYTES, "delete the folder and train again")
        rows = csv.DictReader(io.StringIO(text, newline=""))
        kept = [row for row in rows if row.get(STEP) and None not in row.values()]
        for row in kept:
            if not _is_number(row[STEP]):
                raise InputError(
                    f"{path}: step {quoted(row[STEP])} is not a number; delete the folder and train again"
                )
        return kept


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
