"""The bar of a progress display on a terminal. Imported when the first bar is drawn: rich takes a moment."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

BAR_WIDTH = 24


class _Console(Console):
    """A console that never hides the cursor: a killed process could not show it again."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


class TerminalBar:
    """One line at the bottom of a terminal: label, bar, share and what else there is to say."""

    def __init__(self, stream: TextIO) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=BAR_WIDTH),
            TextColumn("{task.percentage:>3.0f} %", markup=False),
            TextColumn("{task.fields[facts]}", markup=False),
        )
        console = _Console(file=stream, force_terminal=True, highlight=False)
        self._progress = Progress(
            *columns,
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=1.0, facts="")

    def draw(self, label: str, share: float, facts: str) -> None:
        """Draw the bar anew: `share` of 1 is done."""
        self._progress.update(self._task, description=label, completed=min(share, 1.0), facts=facts)
        self._progress.start()  # only the first time
        self._progress.refresh()

    def print_above(self, text: str) -> None:
        """A line that stays, above the bar."""
        self._progress.console.print(text, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Remove the bar from the screen."""
        self._progress.stop()
