"""Where bundles run. Here: in this process, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from experiments.engine.bundle import Bundle, BundleReport, run_bundle


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker died with a bundle."""


class Executor(Protocol):
    """Takes bundles and tells when they have ended."""

    most_cells: int | None
    """Cells in a bundle at most; None: as many as fit the time."""

    def __enter__(self) -> Executor: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def workers(self, cells_left: int) -> int:
        """Bundles that run side by side at present; 0 while workers are awaited.

        cells_left: cells that have not ended; no more workers than that are of use.
        """
        ...

    def submit(self, bundle: Bundle) -> None:
        """Queue a bundle."""
        ...

    def ended(self, timeout_s: float) -> Iterator[tuple[Bundle, BundleReport | WorkerLost]]:
        """Wait so long for bundles to end, and give those that have. InputError if the workers are gone."""
        ...

    def reason(self, pid: int, worker: str) -> str:
        """Why a worker died, by its process and Dask's name for it; empty if nobody knows."""
        ...


class InProcess:
    """Runs bundles in this process, so that a debugger sees them and an exception keeps its place."""

    most_cells: int | None = 1

    def __init__(self) -> None:
        self._waiting: deque[Bundle] = deque()

    def __enter__(self) -> InProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.clear()

    def workers(self, cells_left: int) -> int:
        """One."""
        return 1

    def submit(self, bundle: Bundle) -> None:
        """Queue a bundle."""
        self._waiting.append(bundle)

    def ended(self, timeout_s: float) -> Iterator[tuple[Bundle, BundleReport | WorkerLost]]:
        """Run the next bundle."""
        bundle = self._waiting.popleft()
        yield bundle, run_bundle(bundle)

    def reason(self, pid: int, worker: str) -> str:
        """This process does not outlive itself."""
        return ""
