"""Cells that sleep, for tests of where cells run; workers import this module from the working directory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from experiments.engine.cells import Cell


@dataclass(frozen=True)
class Sleep:
    """Sleeps for the seconds of the cell's payload, then writes a file of the cell's name."""

    folder: Path

    def is_done(self, cell: Cell) -> bool:
        """Whether the file is there."""
        return (self.folder / cell.key).exists()

    def run(self, cell: Cell) -> None:
        """Sleep and write."""
        time.sleep(cell.payload)
        (self.folder / cell.key).write_text(cell.label)


def sleeping(count: int, seconds: float, name: str = "nap") -> list[Cell]:
    """So many cells of one group."""
    return [Cell(f"{name}-{number}", f"{name} {number}", seconds, group=name) for number in range(count)]
