"""Cells that fail, die or sleep as their payload says; workers import them from here."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from experiments.engine.cells import Cell
from traces.errors import InputError


@dataclass(frozen=True)
class NoteWork:
    """Writes a file for each cell. A payload is (what to do, seconds)."""

    folder: Path

    def is_done(self, cell):
        return (self.folder / f"{cell.key}.txt").is_file()

    def run(self, cell):
        what, seconds = cell.payload
        with (self.folder / "begun").open("a") as file:
            file.write(f"{cell.key} {os.getpid()}\n")
        time.sleep(seconds)
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "die once" and not (self.folder / f"{cell.key}.died").exists():
            (self.folder / f"{cell.key}.died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "exit":
            os._exit(3)
        if what == "bad":
            raise InputError("a bad thing")
        if what == "bug":
            raise ValueError("oops")
        if what == "stop":
            raise KeyboardInterrupt
        if what == "print":
            print("a word on stdout")
        (self.folder / f"{cell.key}.txt").write_text(cell.key)


def cell(key, what="", seconds=0.0, group="", needs=()):
    return Cell(key, f"cell {key}", (what, seconds), group, tuple(needs))


def begun(folder):
    """Keys in the order in which they began, and the processes that ran them."""
    lines = (folder / "begun").read_text().split("\n")[:-1] if (folder / "begun").exists() else []
    return [line.split()[0] for line in lines], {line.split()[1] for line in lines}
