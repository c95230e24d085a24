"""Work in forks, a few at a time, with a limit of processor time for each; and tests run until one fails."""

from __future__ import annotations

import gc
import io
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

KILLED, SURVIVED, TIMED_OUT, NOT_RUN, ELSEWHERE = "killed", "survived", "timed out", "not run", "elsewhere"
BROKEN = "broken"
MEMORY_BYTES = 8 << 30


def run_items(config: Any, items: list[Any]) -> str:
    """Run tests until one fails; the name of that one, or 'survived'."""
    failed: list[str] = []

    class Watch:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failed.append(report.nodeid)

    config.pluginmanager.register(watch := Watch())
    try:
        for item, following in zip(items, [*items[1:], None], strict=True):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if failed:
                return failed[0]
        return SURVIVED
    finally:
        config.pluginmanager.unregister(watch)


def run_forks(mutants: list, prepare: Callable, workers: int, done: Callable[..., None]) -> None:
    """Judge each mutant in a fork.

    `prepare` gives a verdict that needs no run or '', the limit [s of processor time], and the work, which
    returns 'survived' or what failed. `done` takes the mutant, the verdict, what failed, and the seconds.
    """
    waiting, running = list(mutants), {}  # type: list, dict[int, tuple[Any, Path, float]]
    while waiting or running:
        if waiting and len(running) < workers:
            verdict, limit_s, work = prepare(mutant := waiting.pop(0))
            if verdict:
                done(mutant, verdict, "", 0.0)
                continue
            note = Path(tempfile.mkstemp(prefix="mutant-")[1])

            def judge(work: Any = work, note: Path = note, limit_s: float = limit_s) -> None:
                _limit(limit_s)
                note.write_text(work(), encoding="utf-8")

            running[_fork(judge)] = (mutant, note, time.monotonic())
            continue
        pid, status = os.wait()
        mutant, note, begin = running.pop(pid)
        shutil.rmtree(_folder_of(pid), ignore_errors=True)
        told = note.read_text(encoding="utf-8")
        note.unlink()
        verdict = _verdict(status, told)
        done(mutant, verdict, told if verdict == KILLED else "", time.monotonic() - begin)


def in_fork(work: Callable[[], None]) -> None:
    """Do some work that leaves no trace in this process."""
    pid = _fork(work)
    _, status = os.waitpid(pid, 0)
    shutil.rmtree(_folder_of(pid), ignore_errors=True)
    if status:
        raise RuntimeError("the work of a fork failed")


def point_output_to_nothing() -> None:
    """Silence pytest's reporter."""
    for reporter in (each for each in gc.get_objects() if type(each).__name__ == "TerminalReporter"):
        reporter._tw._file = io.StringIO()


def _verdict(status: int, told: str) -> str:
    if os.WIFSIGNALED(status):
        return TIMED_OUT if os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM) else KILLED
    if os.WEXITSTATUS(status):
        return BROKEN
    return SURVIVED if told == SURVIVED else KILLED


def _limit(seconds: float) -> None:
    """End this process after so many seconds of work; waiting counts a twentieth, for the machine may be busy."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(int(20 * seconds))


def _fork(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        folder = _folder_of(os.getpid())
        folder.mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _folder_of(pid: int) -> Path:
    return Path(tempfile.gettempdir()) / f"mutant-tests-{os.getuid()}-{pid}"
