"""Files for cases: written to a temporary folder that lasts as long as the process."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from pathlib import Path

_FOLDER = Path(tempfile.mkdtemp(prefix="public-cases-"))
_NUMBERS = itertools.count()
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)


def place(name: str) -> Path:
    """A path of this name in a fresh folder."""
    folder = _FOLDER / str(next(_NUMBERS))
    folder.mkdir(parents=True)
    return folder / name


def write(text: str, name: str = "series.csv") -> Path:
    """A file with this text, its lines stripped of the margin of the source."""
    path = place(name)
    lines = [line.strip(" ") for line in text.strip("\n").split("\n")]
    path.write_text("\n".join(lines).rstrip("\n ") + "\n", encoding="utf-8")
    return path


def write_lines(lines: list[str], name: str = "series.csv") -> Path:
    """A file with these lines."""
    path = place(name)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
