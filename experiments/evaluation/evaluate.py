"""Runs every scheduler on every window of a scenario."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from experiments.engine.cells import Cell
from experiments.engine.run_all import HERE, run_all
from experiments.engine.where import Where
from experiments.evaluation.window_rows import KeptRows, Row, check_name, run_window
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.evaluated_names import BOUND
from experiments.results.window_results import COLUMNS, Evaluation
from rare.scenario.load import Loaded
from rare.scenario.windows import Window, windows_of
from traces.errors import InputError

__all__ = ["BOUND", "COLUMNS", "Evaluation", "choose_windows", "evaluate"]


def choose_windows(loaded: Loaded, selection: Sequence[str]) -> list[Window]:
    """Windows by name or by split, in file order. InputError for an unknown name."""
    windows = windows_of(loaded)
    splits = {window.split for window in windows}
    names = {window.name for window in windows}
    for name in selection:
        if name not in splits | names:
            raise InputError(
                f"--windows {name!r}: is neither a split ({', '.join(sorted(splits))}) nor a window of the "
                f"scenario, such as {windows[0].name}"
            )
    return [window for window in windows if {window.split, window.name} & set(selection)]


def evaluate(
    loaded: Loaded,
    schedulers: Sequence[str],
    windows: Sequence[Window],
    *,
    seed: int = 0,
    where: Where = HERE,
    display: ProgressDisplay = QUIET,
    kept_in: Path | None = None,
) -> Evaluation:
    """Run every scheduler on every window. The first scheduler is the baseline of the differences.

    where: by default in this process. kept_in: folder in which rows are stored, and from which stored rows
    are reused. InputError for the first window that cannot be run.
    """
    if not windows:
        raise InputError("--windows: no window is chosen")
    if not schedulers:
        raise InputError("--scheduler: no scheduler is named; give at least one")
    declared = declared_names(schedulers)  # refuses wrong names before any run
    with ExitStack() as resources:
        if kept_in is None:
            if where.is_remote:
                raise InputError("--out: is missing; workers on other machines write their rows beside it")
            kept_in = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="rare-rows-")))
        rows = _rows(WindowWork(loaded, tuple(schedulers), seed, kept_in), windows, where, display)
    return Evaluation(loaded.scenario.name, tuple(schedulers), tuple(windows), rows, declared)


def declared_names(schedulers: Sequence[str]) -> dict[str, str]:
    """Declared names of users' classes, by scheduler name. InputError for an unknown or repeated name."""
    declared = {}
    for place, name in enumerate(schedulers):
        label = check_name(name)
        if name in schedulers[:place]:
            raise InputError(f"--scheduler {name!r} is named twice; name it once")
        if label is not None:
            declared[name] = label
    return declared


@dataclass(frozen=True, slots=True)
class WindowWork:
    """Runs all schedulers on one window. A cell's payload is the window; its rows go into `folder`."""

    loaded: Loaded
    schedulers: tuple[str, ...]
    seed: int
    folder: Path

    def cell(self, window: Window) -> Cell:
        """The cell of a window."""
        return Cell(self._kept(window).key_of(self.schedulers), f"window {window.name}", window)

    def is_done(self, cell: Cell) -> bool:
        """Whether the rows of this window are stored."""
        return self.rows(cell) is not None

    def run(self, cell: Cell) -> None:
        """Store the rows of a window."""
        run_window(self.loaded, cell.payload, self.schedulers, self.seed, self.folder)

    def rows(self, cell: Cell) -> list[Row] | None:
        """The stored rows of a window, one a scheduler; None if one is missing."""
        rows = self._kept(cell.payload).read(self.schedulers)
        return [rows[name] for name in self.schedulers] if set(self.schedulers) <= rows.keys() else None

    def _kept(self, window: Window) -> KeptRows:
        return KeptRows(self.folder, self.loaded, window, self.seed)


def _rows(work: WindowWork, windows: Sequence[Window], where: Where, display: ProgressDisplay) -> list[Row]:
    """The rows of all windows, in their order."""
    cells = [work.cell(window) for window in windows]
    label = f"{len(work.schedulers)} schedulers"
    run_all(work, cells, where, work.folder / "book", display=display, label=label, unit="windows")
    rows: list[Row] = []
    for cell in cells:
        of_window = work.rows(cell)
        if of_window is None:
            raise InputError(f"{work.folder}: the rows of {cell.label} are damaged; give the command again")
        rows += of_window
    return rows
