"""Workers that stay from one set of cells to the next, for searches whose cells depend on results before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

from experiments.engine.choose_executor import executor_of
from experiments.engine.executor import Executor
from experiments.engine.where import Where
from experiments.process.progress import QUIET, ProgressDisplay


class KeptWorkers:
    """What `run_cells` takes in place of a Where. Workers are started for the first cells that need any.

    folder: for logs of workers that a batch system starts.
    """

    def __init__(self, where: Where, folder: Path, display: ProgressDisplay = QUIET) -> None:
        self.where = where
        self._folder, self._display = folder, display
        self._executor: Executor | None = None
        self._resources = ExitStack()

    def __enter__(self) -> KeptWorkers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor = None
        self._resources.close()

    @contextmanager
    def executor(self, cells: int) -> Iterator[Executor]:
        """The executor, for so many cells now. One cell alone runs in this process if none is started yet."""
        if self._executor is None:
            made = executor_of(self.where, cells if cells == 1 else MANY, self._display, self._folder)
            if cells == 1:
                with made as alone:
                    yield alone
                return
            self._executor = self._resources.enter_context(made)
        yield self._executor


MANY = 1_000_000
"""More cells than workers: how many will follow is not known."""
