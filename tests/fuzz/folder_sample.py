"""A file that is read with the folder around it: damaged, put in its place, read, and put back whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Read = Callable[[Path], Any]


def in_folder(folder: Path, name: str, load: Callable[[Path], Any]) -> Read:
    """A reader of a damaged file that loads `folder` with this file as its `name`."""
    whole = (folder / name).read_bytes()

    def read(path: Path) -> Any:
        (folder / name).write_bytes(path.read_bytes())
        try:
            return load(folder)
        finally:
            (folder / name).write_bytes(whole)

    return read
