"""A pytest plugin that judges mutants: everything is imported and collected once, then a fork for each mutant.

In the fork the changed function gets the changed code, in place, so that whoever holds the function has the
mutant; then the tests that run the changed line run until one fails. Which tests those are is measured
first, in a fork of its own. A change outside a function (a constant, a default, a decorator) needs an import of
its own: see `fresh_runs`.
"""

from __future__ import annotations

import ast
import gc
import json
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
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest

from tests.mutation.groups import ROOT, Group
from tests.mutation.mutants import Mutant, mutated, outer_function

KILLED, SURVIVED, TIMED_OUT, NOT_RUN, ELSEWHERE = "killed", "survived", "timed out", "not run", "elsewhere"
BROKEN = "broken"
MEMORY_BYTES = 8 << 30
NOTHING_KNOWN: dict[str, Any] = {"lines": {}, "tests": []}
SLOWEST_TEST_S = 20.0
"""Tests that take longer (seconds of CPU, under the tracer) take no part."""


class TestMap:
    """Which test runs which line, and how long it takes."""

    __test__ = False

    def __init__(self, lines: dict[str, dict[str, list[int]]], tests: list[tuple[str, float]]) -> None:
        self._lines, self._tests = lines, tests

    def tests_of_line(self, file: str, lines: range) -> list[str]:
        """Tests that run one of the lines, the fastest first."""
        known = self._lines.get(file, {})
        return self._sorted({test for line in lines for test in known.get(str(line), ())})

    def tests_of_file(self, file: str) -> list[str]:
        """Tests that run any line of a file, the fastest first."""
        return self._sorted({test for tests in self._lines.get(file, {}).values() for test in tests})

    def seconds(self, names: list[str]) -> float:
        """CPU seconds of these tests under the tracer."""
        times = dict(self._tests)
        return sum(times[name] for name in names)

    def _sorted(self, numbers: set[int]) -> list[str]:
        chosen = sorted((self._tests[number] for number in numbers), key=lambda test: (test[1], test[0]))
        return [name for name, seconds in chosen if seconds <= SLOWEST_TEST_S]


class Runner:
    """The plugin. `results` has a verdict and what failed for each mutant, in the order given."""

    def __init__(self, group: Group, mutants: list[Mutant], map_file: Path, workers: int, done: Callable) -> None:
        self._group, self._mutants, self._map_file = group, mutants, map_file
        self._workers, self._done = workers, done
        self._functions: dict[tuple[str, str, int], list[FunctionType]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        """Instead of running the tests once, run them for each mutant."""
        for module, name, value in self._group.fewer_cases:
            setattr(sys.modules[module], name, value)
        known = json.loads(self._map_file.read_text(encoding="utf-8")) if self._map_file.exists() else NOTHING_KNOWN
        seen = {name for name, _ in known["tests"]}
        if new := [item for item in session.items if item.nodeid not in seen]:
            _in_fork(lambda: self._measure(session, known, new))
            known = json.loads(self._map_file.read_text(encoding="utf-8"))
        self.map = TestMap(known["lines"], known["tests"])
        self._functions = _functions_by_place()
        self._judge_all(session)
        return True

    def _measure(self, session: Any, known: dict[str, Any], new: list[Any]) -> None:
        """Run new tests under coverage; how long each takes and which lines it runs is added to the file.

        A test that fails, or takes too long, is known to run no line.
        """
        folders = [f"{ROOT}/{folder}/*" for folder in self._group.sources]
        watch = coverage.Coverage(data_file=None, include=folders, config_file=False)
        signal.signal(signal.SIGPROF, _give_up)
        watch.start()
        tests, failed = known["tests"], set()
        number = {item.nodeid: len(tests) + place for place, item in enumerate(new)}
        for item in new:
            watch.switch_context(item.nodeid)
            begin = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, SLOWEST_TEST_S)
            if run_items(session.config, [item]):
                failed.add(item.nodeid)
                print("left out:", item.nodeid, file=sys.__stderr__, flush=True)
            signal.setitimer(signal.ITIMER_PROF, 0)
            tests.append((item.nodeid, round(time.process_time() - begin, 4)))
        watch.stop()
        data = watch.get_data()
        for file in data.measured_files():
            lines = known["lines"].setdefault(Path(file).relative_to(ROOT).as_posix(), {})
            for line, names in data.contexts_by_lineno(file).items():
                runs = [number[name] for name in names if name in number and name not in failed]
                lines[str(line)] = lines.get(str(line), []) + runs
        self._map_file.write_text(json.dumps(known), encoding="utf-8")

    def _judge_all(self, session: Any) -> None:
        waiting, running = list(self._mutants), {}  # type: list[Mutant], dict[int, tuple[Mutant, Path, float]]
        items = {item.nodeid: item for item in session.items}
        while waiting or running:
            if waiting and len(running) < self._workers:
                mutant = waiting.pop(0)
                verdict, chosen, change = self._prepared(mutant)
                if verdict:
                    self._done(mutant, verdict, "", 0.0)
                    continue
                note = Path(tempfile.mkstemp(prefix="mutant-")[1])
                limit_s = int(10 + 3 * self.map.seconds(chosen))

                def judge(chosen=chosen, change=change, note=note, limit_s=limit_s) -> None:
                    _limit(limit_s)
                    for function, code in change:
                        function.__code__ = code
                    note.write_text(run_items(session.config, [items[name] for name in chosen]) or "-")

                running[_fork(judge)] = (mutant, note, time.monotonic())
                continue
            pid, status = os.wait()
            mutant, note, begin = running.pop(pid)
            shutil.rmtree(_folder_of(pid), ignore_errors=True)
            told = note.read_text(encoding="utf-8")
            note.unlink()
            self._done(mutant, _verdict(status, told), told.strip("-"), time.monotonic() - begin)

    def _prepared(self, mutant: Mutant) -> tuple[str, list[str], list[tuple[FunctionType, CodeType]]]:
        """A verdict that needs no run, or the tests to run and the code to put into functions."""
        path = ROOT / mutant.file
        source = path.read_text(encoding="utf-8")
        place = outer_function(source, mutant.line, mutant.column)
        if place is None:
            return ELSEWHERE, [], []
        changed_code = _code_of(compile(mutated(source, mutant), str(path), "exec"), *place)
        functions = self._functions.get((str(path), *place), [])
        if changed_code is None or not functions:
            return ELSEWHERE, [], []
        if any(len(each.__code__.co_freevars) != len(changed_code.co_freevars) for each in functions):
            return ELSEWHERE, [], []
        chosen = self.map.tests_of_line(mutant.file, statement_lines(source, mutant.line))
        return ("" if chosen else NOT_RUN), chosen, [(each, changed_code) for each in functions]


def _give_up(*_: Any) -> None:
    raise TimeoutError(f"takes longer than {SLOWEST_TEST_S} s")


def _verdict(status: int, told: str) -> str:
    if os.WIFSIGNALED(status):
        return TIMED_OUT if os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM) else KILLED
    if os.WEXITSTATUS(status):
        return BROKEN
    return SURVIVED if told == "-" else KILLED


def statement_lines(source: str, line: int) -> range:
    """Lines of the innermost simple statement, or head of a block, that holds a line."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and node.lineno <= line <= (node.end_lineno or 0):
            found = range(node.lineno, (node.end_lineno or line) + 1)
    return found


def run_items(config: Any, items: list[Any]) -> str:
    """Run tests until one fails; the name of that one, or ''."""
    failed: list[str] = []

    class Watch:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failed.append(report.nodeid)

    config.pluginmanager.register(watch := Watch())
    try:
        for index, item in enumerate(items):
            following = items[index + 1] if index + 1 < len(items) else None
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if failed:
                return failed[0]
        return ""
    finally:
        config.pluginmanager.unregister(watch)


def _functions_by_place() -> dict[tuple[str, str, int], list[FunctionType]]:
    places: dict[tuple[str, str, int], list[FunctionType]] = {}
    for each in gc.get_objects():
        if type(each) is FunctionType:
            code = each.__code__
            places.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(each)
    return places


def _code_of(code: CodeType, name: str, first_line: int) -> CodeType | None:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == name and each.co_firstlineno == first_line:
                return each
            if (inner := _code_of(each, name, first_line)) is not None:
                return inner
    return None


def _limit(seconds: int) -> None:
    """End this process after so many seconds of work; a wait counts a tenth, since the machine may be busy."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(10 * seconds)


def _fork(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        folder = _folder_of(os.getpid())
        folder.mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        _point_output_to_nothing()
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _folder_of(pid: int) -> Path:
    return Path(tempfile.gettempdir()) / f"mutant-tests-{os.getuid()}-{pid}"


def _in_fork(work: Callable[[], None]) -> None:
    pid = _fork(work)
    _, status = os.waitpid(pid, 0)
    shutil.rmtree(_folder_of(pid), ignore_errors=True)
    if status:
        raise RuntimeError("the tests could not be measured")


def _point_output_to_nothing() -> None:
    for reporter in (each for each in gc.get_objects() if type(each).__name__ == "TerminalReporter"):
        reporter._tw._file = open(os.devnull, "w", encoding="utf-8")
