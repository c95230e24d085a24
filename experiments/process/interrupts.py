"""SIGINT and SIGTERM end a command within seconds: one line, exit code 130 or 143, nothing half-written.

A signal raises KeyboardInterrupt, so that `with` and `finally` clean up. Two things can go wrong with that.
While a library is imported or compiled, an exception may be swallowed or printed by code that is not ours:
there the process ends at once. And an extension may take minutes before Python can raise anything: a thread
that the signal wakes ends the process when the grace is over. Both clean up what was registered.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

GRACE_S = 1.5  # for `with` and `finally`, before the process is ended
SIGNALS = (signal.SIGINT, signal.SIGTERM)
IMPORTING = "<frozen importlib._bootstrap>"
COMPILING = (f"{os.sep}numba{os.sep}", f"{os.sep}llvmlite{os.sep}")


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command in the same way and with the same line as Ctrl-C."""


class _State:
    """What the handler knows. There is one, for signals are the process's."""

    received: int | None = None  # the first signal; later ones change nothing
    at_once = False  # nothing is under way that would have to be undone
    waiting = False  # a signal came while signals were held
    held = 0
    cleaners: list[Callable[[], str | None]] = []  # noqa: RUF012


_state = _State()


def received_code() -> int | None:
    """130 or 143 after a signal, else None."""
    return None if _state.received is None else 128 + _state.received


class AtOnce:
    """From here to `over()` a signal ends the process at once. For the imports of a command."""

    def __init__(self, module: str) -> None:
        self._before: dict[int, Any] = {}
        if is_command(module):
            self._before = _install()
            _state.at_once = bool(self._before)

    def over(self) -> None:
        """Put back the handlers that were there."""
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _state.at_once = False


def is_command(module: str) -> bool:
    """Whether this process runs the command line, and does not only import it."""
    if "--multiprocessing-fork" in sys.orig_argv:  # a worker of ours
        return False
    program = os.path.basename(sys.argv[0] if sys.argv else "")
    return module == "__main__" or program in ("rare", "rare.exe", "-c", "-m")


@contextmanager
def command() -> Iterator[None]:
    """The work of a command that is a process of its own.

    Inside, a signal raises KeyboardInterrupt or Terminated once and starts the grace. When the block is left
    after one, the process ends with its code, for to shut the interpreter down may take a second; a later
    one ends it at once.
    """
    before = _install()
    if not before:  # not the main thread: signals are somebody else's
        yield
        return
    _state.at_once = False
    _watch()
    sys.unraisablehook = _quiet_hook(sys.unraisablehook)
    try:
        yield
    finally:
        _state.at_once = True
        code = received_code()
        if code is not None:
            _end_tracker()
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(code)


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """For a command inside another program: SIGTERM raises Terminated; the handler is put back."""
    try:
        before = signal.signal(signal.SIGTERM, _raise_terminated)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


@contextmanager
def held() -> Iterator[None]:
    """Keep signals back: what must happen whole or not at all, and takes no time."""
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1
        if _state.waiting and not _state.held:
            _state.waiting = False
            _raise(_state.received)


@contextmanager
def cleaned(clean: Callable[[], str | None]) -> Iterator[None]:
    """Have this called if the process is ended without exceptions while the block runs.

    What it returns, if anything, is told to the user behind "interrupted".
    """
    _state.cleaners.append(clean)
    try:
        yield
    finally:
        _state.cleaners.remove(clean)


@contextmanager
def explained(explain: Callable[[], str]) -> Iterator[None]:
    """Add what `explain` returns, such as where finished work is kept, to an interrupt inside the block.

    An empty text adds nothing.
    """
    try:
        with cleaned(explain):
            yield
    except KeyboardInterrupt as stop:
        text = explain()
        stop.args = (text,) if text else ()
        raise


def _install() -> dict[int, Any]:
    """Our handler for both signals; the handlers before, none outside the main thread."""
    before: dict[int, Any] = {}
    for number in SIGNALS:
        try:  # also where a shell left SIGINT ignored, as for a job in the background of a script
            before[number] = signal.signal(number, _handle)
        except ValueError:
            return {}
    return before


def _handle(number: int, frame: FrameType | None) -> None:
    if _state.at_once:
        _end(number)
    if _state.received is not None:
        return
    _state.received = number
    if _state.held:
        _state.waiting = True
    elif _may_swallow(frame):
        _end(number)
    else:
        _raise(number)


def _raise(number: int | None) -> None:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _may_swallow(frame: FrameType | None) -> bool:
    """Whether the interrupted code imports a module or compiles."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file == IMPORTING or any(part in file for part in COMPILING):
            return True
        frame = frame.f_back
    return False


def _end(number: int) -> None:
    """Clean up what is registered and leave, without a word from anybody else."""
    words = ["rare: interrupted"]
    for clean in reversed(_state.cleaners):
        with suppress(Exception):
            left = clean()
            words += [left] if left else []
    atomic = sys.modules.get("traces.files.atomic")  # not imported for this: nothing is being written then
    with suppress(Exception):
        if atomic is not None:
            atomic.remove_unfinished()
    _end_tracker()
    with suppress(OSError):
        os.write(2, ("; ".join(words) + "\n").encode("utf-8", "replace"))
    os._exit(128 + number)


def _end_tracker() -> None:
    """Wait for the process with which multiprocessing tracks what workers share: none is to be left."""
    module = sys.modules.get("multiprocessing.resource_tracker")
    with suppress(Exception):  # no public way; without it the process ends a moment after this one
        if module is not None:
            module._resource_tracker._stop()


def _watch() -> None:
    """A thread that ends the process when the grace after a signal is over.

    Python's handlers wait until the main thread runs bytecode; the byte in the pipe is written at once.
    """
    import threading

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_end_after_grace, args=(reader,), daemon=True).start()


def _end_after_grace(reader: int) -> None:
    import time

    while (number := os.read(reader, 1)[0]) not in SIGNALS:
        continue
    time.sleep(GRACE_S)
    _end(_state.received or number)


def _quiet_hook(before: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An interrupt that a destructor swallows prints no traceback: the grace ends the process."""

    def hook(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            before(unraisable)

    return hook
