"""What a long run shows while it works: on stderr, after two seconds, and never in the result.

On a terminal a bar with the share that is done, the rate and the time left; elsewhere a plain line now and
then; with --quiet nothing. No thread draws: the bar is as old as the last call of `Task.update`, and a signal
finds nothing to stop.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from experiments.process.interrupts import cleaned

if TYPE_CHECKING:
    from experiments.process.progress_bar import TerminalBar

SILENT_S = 2.0
"""What takes less shows nothing."""
REDRAW_EVERY_S = 0.2
LINE_EVERY_S = 5.0
LINE_EVERY_SHARE = 0.05
"""Where lines are printed, the next one comes after so much of the time gone, if that is longer."""
ERASE_LINE = b"\r\033[K"


class ProgressDisplay:
    """Notes and progress on a stream, stderr by default; a quiet display writes nothing."""

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.quiet = (
            quiet or self.stream is None
        )  # stderr is None where it is closed; print would take stdout
        self.is_terminal = _is_terminal(self.stream)
        self._bar: TerminalBar | None = None
        self._noted: set[str] = set()

    def __reduce__(self) -> tuple[type[ProgressDisplay], tuple[bool]]:
        """In another process it is quiet: the terminal belongs to the command's own."""
        return ProgressDisplay, (True,)

    def note_once(self, text: str) -> None:
        """Write a line unless this display has written it before."""
        if text not in self._noted:
            self._noted.add(text)
            self.note(text)

    def note(self, text: str) -> None:
        """Write one line at once, above a bar that is drawn."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.print_above(text)
        else:
            print(text, file=self.stream, flush=True)

    @contextmanager
    def task(self, label: str, unit: str) -> Iterator[Task]:
        """One piece of work whose amount is known, in units such as "jobs"; its bar is gone afterwards.

        Tasks do not nest: the bar of an inner one takes the place of the outer one's.
        """
        try:
            with cleaned(self._erase):
                yield Task(self, label, unit)
        finally:
            self._close()

    def draw(self, task: Task, now_s: float) -> None:
        """Draw the bar of a task, or print its line."""
        if not self.is_terminal:
            print(task.line(now_s), file=self.stream, flush=True)
            return
        if self._bar is None:
            from experiments.process.progress_bar import TerminalBar  # rich, which few commands need

            self._bar = TerminalBar(self.stream)
        self._bar.draw(task.label, task.done / max(task.total, 1), task.facts(now_s))

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _erase(self) -> None:
        """Remove the bar when a signal ends the process at once: the stream's own lock may be taken."""
        if self._bar is not None:
            with suppress(OSError, ValueError):
                os.write(self.stream.fileno(), ERASE_LINE)


class Task:
    """How much of a piece of work is done. Made by `ProgressDisplay.task`."""

    def __init__(self, display: ProgressDisplay, label: str, unit: str) -> None:
        self.label, self.unit = label, unit
        self.done = self.total = 0
        self.detail = ""
        self._display = display
        self._begun_s = self._drawn_s = time.monotonic()
        self._first: tuple[float, int] | None = (
            None  # time and amount: what a stopped run had is not its pace
        )

    def update(self, done: int, total: int, detail: str = "") -> None:
        """`done` of `total` units are done. detail: what else is worth saying, such as the objective so far.

        May be called as often as is handy: most calls only look at the clock.
        """
        now_s = time.monotonic()
        if self._first is None:
            self._first = now_s, done
        self.done, self.total, self.detail = done, total, detail
        if (
            self._display.quiet
            or now_s - self._begun_s < SILENT_S
            or now_s - self._drawn_s < self._pause_s(now_s)
        ):
            return
        self._drawn_s = now_s
        self._display.draw(self, now_s)

    def advance(self, units: int = 1) -> None:
        """So many units more are done, of the total that `update` was last given."""
        self.update(self.done + units, self.total, self.detail)

    def line(self, now_s: float) -> str:
        """Everything in one line of text."""
        share = self.done / max(self.total, 1)
        return f"{self.label}: {share:.0%}, {self.facts(now_s)}"

    def facts(self, now_s: float) -> str:
        """Amount, rate and time left, as far as they are known."""
        parts = [f"{self.done:,} of {self.total:,} {self.unit}"]
        begun_s, before = self._first or (now_s, self.done)
        if now_s > begun_s and self.done > before:
            per_s = (self.done - before) / (now_s - begun_s)
            parts += [rate_text(per_s), f"{time_text(max(self.total - self.done, 0) / per_s)} left"]
        return ", ".join([*parts, *([self.detail] if self.detail else [])])

    def _pause_s(self, now_s: float) -> float:
        if self._display.is_terminal:
            return REDRAW_EVERY_S
        return max(LINE_EVERY_S, LINE_EVERY_SHARE * (now_s - self._begun_s))


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether a line on this stream can be drawn over."""
    with suppress(ValueError):  # closed
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    return False


def rate_text(per_s: float) -> str:
    """A rate in the unit of time that suits: 1,234/s, 3.4/s, 12.0/min, 5.0/h."""
    for seconds, unit in ((1, "s"), (60, "min")):
        if per_s * seconds >= 1:
            amount = per_s * seconds
            return f"{amount:,.0f}/{unit}" if amount >= 100 else f"{amount:.1f}/{unit}"
    return f"{per_s * 3600:.1f}/h"


def time_text(seconds: float) -> str:
    """A span of time to two parts: 42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


QUIET = ProgressDisplay(quiet=True)
