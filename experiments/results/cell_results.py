"""Results of cells as JSON files in one folder, named by what they depend on."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.process.code_identity import code_identity
from traces.errors import InputError
from traces.files.atomic import write_json
from traces.files.json_file import read_object


def cell_key(*facts: Any) -> str:
    """A hash of our code and of what else a result depends on, which must be JSON; in hex."""
    text = json.dumps([code_identity(), *facts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class CellResults:
    """The results in a folder, by the keys of their cells. The path is absolute: workers get it."""

    folder: Path

    @property
    def book(self) -> Path:
        """Where the engine records tries and failures."""
        return self.folder / "book"

    def has(self, key: str) -> bool:
        """Whether there is a result."""
        return self._path(key).is_file()

    def read(self, key: str) -> dict[str, Any]:
        """A result. InputError if it is damaged or gone."""
        return read_object(self._path(key), "remove it, and give the same command again")

    def write(self, key: str, result: dict[str, Any]) -> None:
        """Write a result, atomically. InputError if it cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self._path(key), result)
        except OSError as error:
            why = error.strerror or error
            raise InputError(
                f"{self.folder}: cannot be written ({why}); choose another place, or free space"
            ) from error

    def remove(self) -> None:
        """Remove them all."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"
