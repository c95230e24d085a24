"""Tries and failures of cells, on disk: a cell that kills its workers is found out whoever runs it next.

A try is a file that exists while the cell runs. If it is still there when another worker comes to the cell,
the worker before died. Tries of an earlier command do not count: whoever stops a command blames no cell.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from experiments.engine.cells import WORKER, Cell, Failure
from traces.errors import InputError
from traces.files.atomic import write_json
from traces.files.documents import read_json

SESSION = "session.json"
ARRAY_SESSION = "array"
"""The session of array tasks: many processes share it, and a task that is queued again goes on in it."""
MOST_TRIES = 2


@dataclass(frozen=True, slots=True)
class Tries:
    """Unfinished tries of a cell in one session, and the worker of each as words."""

    session: str
    workers: tuple[str, ...] = ()
    pid: int = 0
    """Process of the last worker; 0 if there was none."""
    worker: str = ""
    """Dask's name of the last worker."""


@dataclass(frozen=True)
class CellBook:
    """The tries and failures of the cells in one folder."""

    folder: Path
    session: str = ""
    worker: str = field(default="", compare=False)
    """What Dask calls this worker; empty elsewhere."""

    @classmethod
    def opened(cls, folder: Path, session: str | None = None) -> CellBook:
        """A new session in this folder, which is made if need be. OSError if that cannot be."""
        session = session or uuid.uuid4().hex[:12]
        for name in ("tries", "failed"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_json(folder / SESSION, {"session": session})
        return cls(folder, session)

    def close(self) -> None:
        """End the session: workers that nobody waits for stop after the cell that they are at."""
        with suppress(OSError):
            write_json(self.folder / SESSION, {"session": ""})

    def is_current(self) -> bool:
        """Whether no later command works in this folder."""
        return _text(_read(self.folder / SESSION), "session") == self.session

    # --- tries ---------------------------------------------------------------------------------------

    def begin(self, cell: Cell) -> None:
        """Record that a try begins in this process."""
        before = self.tries(cell)
        place = f"process {os.getpid()} on {platform.node()}"
        record = Tries(self.session, (*before.workers, place), os.getpid(), self.worker)
        write_json(self._try(cell), dataclasses.asdict(record))

    def end(self, cell: Cell) -> None:
        """Record that the try ended, well or not."""
        self._try(cell).unlink(missing_ok=True)

    def tries(self, cell: Cell) -> Tries:
        """The unfinished tries of a cell in this session."""
        record = _read(self._try(cell))
        if _text(record, "session") != self.session:
            return Tries(self.session)
        workers = record.get("workers")
        pid = record.get("pid")
        return Tries(
            self.session,
            tuple(map(str, workers)) if isinstance(workers, list) else (),
            pid if isinstance(pid, int) else 0,
            _text(record, "worker"),
        )

    def explain(self, cell: Cell, reason: str) -> None:
        """Add why the last worker of a cell died."""
        record = self.tries(cell)
        if reason and record.workers and reason not in record.workers[-1]:
            workers = (*record.workers[:-1], f"{record.workers[-1]}: {reason}")
            write_json(self._try(cell), dataclasses.asdict(dataclasses.replace(record, workers=workers)))

    # --- failures ------------------------------------------------------------------------------------

    def fail(self, cell: Cell, failure: Failure) -> None:
        """Record why a cell has no result."""
        write_json(self._failed(cell.key), {"label": cell.label, **dataclasses.asdict(failure)})

    def failure(self, key: str) -> Failure | None:
        """Why this cell has no result; None if nothing is recorded."""
        record = _read(self._failed(key))
        if not record:
            return None
        return Failure(_text(record, "kind") or WORKER, _text(record, "line"), _text(record, "detail"))

    def failures(self, keys: Iterable[str]) -> dict[str, Failure]:
        """The recorded failures of these cells, by key."""
        names = {name.removesuffix(".json") for name in os.listdir(self.folder / "failed")}
        found = {key: self.failure(key) for key in keys if key in names}
        return {key: failure for key, failure in found.items() if failure is not None}

    def forget(self, keys: Iterable[str]) -> None:
        """Forget the failures and tries of these cells, so that they are run again."""
        for key in keys:
            self._failed(key).unlink(missing_ok=True)
            (self.folder / "tries" / f"{key}.json").unlink(missing_ok=True)

    def _try(self, cell: Cell) -> Path:
        return self.folder / "tries" / f"{cell.key}.json"

    def _failed(self, key: str) -> Path:
        return self.folder / "failed" / f"{key}.json"


def worker_failure(cell: Cell, tries: Tries) -> Failure:
    """The failure of a cell whose workers died."""
    count = len(tries.workers)
    return Failure(
        WORKER,
        f"its worker died {'twice' if count == 2 else f'{count} times'} while running it "
        f"({'; '.join(tries.workers)}); the input may be right: give workers more memory or time, then "
        "--retry-failed",
    )


def _read(path: Path) -> dict[str, object]:
    try:
        content = read_json(path)
    except InputError:  # missing, or cut short by a power failure
        return {}
    return content if isinstance(content, dict) else {}


def _text(record: dict[str, object], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""
