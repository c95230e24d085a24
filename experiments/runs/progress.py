"""What a long run says while it works: on stderr, late, and never into the result."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

SILENT_S = 2.0
LINE_EVERY_S = 5.0
REDRAW_EVERY_S = 0.2


class Talk:
    """Notes and progress on a stream; a quiet one says nothing. A terminal's last line is redrawn."""

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.quiet = quiet
        self.stream = stream if stream is not None else sys.stderr
        self._live = bool(getattr(self.stream, "isatty", lambda: False)())
        self._drawn = False

    def note(self, text: str) -> None:
        """One line, at once."""
        if not self.quiet:
            self._clear()
            print(text, file=self.stream, flush=True)

    def progress(self, label: str, what: str = "jobs arrived") -> Callable[[int, int], None]:
        """A callback for `rare.simulate`: how many of how many, of what. Silent for the first seconds."""
        say, began_s = self.ticker(), time.monotonic()

        def tell(done: int, total: int) -> None:
            say(f"{label}: {done} of {total} {what}, {time.monotonic() - began_s:.0f} s")

        return tell

    def ticker(self) -> Callable[[str], None]:
        """A function that says where a run is, as often as that helps. Silent for the first seconds."""
        began_s = said_s = time.monotonic()

        def say(text: str) -> None:
            nonlocal said_s
            now_s = time.monotonic()
            every_s = REDRAW_EVERY_S if self._live else LINE_EVERY_S
            if self.quiet or now_s - began_s < SILENT_S or now_s - said_s < every_s:
                return
            said_s = now_s
            if self._live:
                self._drawn = True
                print(f"\r\033[K{text}", end="", file=self.stream, flush=True)
            else:
                print(text, file=self.stream, flush=True)

        return say

    def done(self) -> None:
        """Remove a progress line that is still drawn."""
        self._clear()

    def _clear(self) -> None:
        if self._drawn:
            print("\r\033[K", end="", file=self.stream, flush=True)
            self._drawn = False


QUIET = Talk(quiet=True)
