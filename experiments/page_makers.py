"""Which page a folder gets: the one place that knows every kind of page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from experiments.launchpad.launchpad_folder import MARK
from experiments.launchpad.pages.launchpad_report import redraw
from experiments.report.html_report import write_report
from experiments.size import size_folder
from experiments.size.pages.size_page import redraw as redraw_size
from experiments.sweep.pages.redraw_sweep import redraw as redraw_sweep
from experiments.sweep.sweep_folder import MARK as SWEEP_MARK
from traces.files.documents import is_regular, user_path

PageMaker = Callable[[Path], Path]

PAGE_MAKERS: dict[str, PageMaker] = {
    MARK: redraw,
    size_folder.MARK: redraw_size,
    SWEEP_MARK: redraw_sweep,
}
"""The file that marks a kind of folder -> what draws its page. Other folders hold runs or comparisons."""


def redraw_page(folder: str | Path) -> Path:
    """Draw figures and report.html of a folder again, without simulating; the path of the report.

    InputError for a folder that is missing, damaged, or of no known kind.
    """
    folder = user_path(folder)
    makers = (maker for marker, maker in PAGE_MAKERS.items() if is_regular(folder / marker))
    return next(makers, write_report)(folder)
