"""Which test runs which line, and how long it takes, measured once and kept in a file."""

from __future__ import annotations

import json
import signal
import sys
import time
from itertools import zip_longest
from pathlib import Path
from typing import Any

import coverage

from tests.mutation.forks import SURVIVED, point_output_to_nothing, run_items
from tests.mutation.groups import ROOT, Group

SLOWEST_TEST_S = 8.0
"""Tests that take longer (seconds of processor time, under the tracer) take no part."""
BUDGET_S = 14.0
"""The tests of one mutant take no longer than this together, the fastest first."""

UNMEASURED_S = 4.0


class CoveringTests:
    """The tests that run a line or a file, the fastest first."""

    def __init__(self, kept: Path, last: tuple[str, ...] = ()) -> None:
        self._kept, self._last = kept, last
        self._always: list[str] = []
        self._known: dict[str, Any] = {"lines": {}, "tests": []}
        if kept.exists():
            self.load()

    def load(self) -> None:
        """Read what a fork has measured."""
        self._known = json.loads(self._kept.read_text(encoding="utf-8"))

    def unknown(self, items: list[Any]) -> list[Any]:
        """Tests that are not measured yet, and whose lines matter."""
        seen = {name for name, *_ in self._known["tests"]}
        self._always = (
            [item.nodeid for item in items if item.nodeid.startswith(self._last)] if self._last else []
        )
        return [item for item in items if item.nodeid not in seen and item.nodeid not in self._always]

    def of_lines(self, file: str, lines: range) -> list[str]:
        """Tests that run one of the lines."""
        known = self._known["lines"].get(file, {})
        return self._sorted({test for line in lines for test in known.get(str(line), ())}) + self._always

    def of_file(self, file: str) -> list[str]:
        """Tests that run any line of a file."""
        known = self._known["lines"].get(file, {})
        return self._sorted({test for tests in known.values() for test in tests}) + self._always

    def seconds(self, names: list[str]) -> float:
        """Processor time of these tests under the tracer [s]."""
        times = self._times()
        return sum(times.get(name, UNMEASURED_S) for name in names)

    def within_budget(self, names: list[str]) -> list[str]:
        """As many of these tests, from the first, as the budget allows; one at least."""
        times, total, chosen = self._times(), 0.0, []
        for name in names:
            total += times.get(name, UNMEASURED_S)
            if chosen and total > BUDGET_S:
                break
            chosen.append(name)
        return chosen

    def _times(self) -> dict[str, float]:
        return {name: seconds for name, seconds, *_ in self._known["tests"]}

    def _sorted(self, numbers: set[int]) -> list[str]:
        chosen = sorted(
            (self._known["tests"][number] for number in numbers), key=lambda test: (test[1], test[0])
        )
        return [name for name, seconds, *_ in chosen if seconds <= SLOWEST_TEST_S]

    def measure(self, config: Any, group: Group, new: list[Any]) -> None:
        """Run tests under coverage, and add to the file which lines each runs.

        A test that fails, or takes too long, runs no line.
        """
        point_output_to_nothing()
        folders = [f"{ROOT}/{folder}/*" for folder in group.sources]
        watch = coverage.Coverage(data_file=None, include=folders, config_file=False)
        signal.signal(signal.SIGPROF, _give_up)
        watch.start()
        saved = time.monotonic()
        for item in new:
            watch.switch_context(item.nodeid)
            begin = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, SLOWEST_TEST_S)
            failed = run_items(config, [item]) != SURVIVED
            signal.setitimer(signal.ITIMER_PROF, 0)
            if failed:
                print("left out:", item.nodeid, file=sys.__stderr__, flush=True)
            self._known["tests"].append((item.nodeid, round(time.process_time() - begin, 4), not failed))
            if time.monotonic() > saved + 30:
                self._keep(watch.get_data())
                saved = time.monotonic()
        watch.stop()
        self._keep(watch.get_data())

    def _keep(self, data: Any) -> None:
        number = {name: place for place, (name, _, passed) in enumerate(self._known["tests"]) if passed}
        for file in data.measured_files():
            lines = self._known["lines"].setdefault(Path(file).relative_to(ROOT).as_posix(), {})
            for line, names in data.contexts_by_lineno(file).items():
                runs = {number[name] for name in names if name in number}
                lines[str(line)] = sorted(runs.union(lines.get(str(line), ())))
        self._kept.write_text(json.dumps(self._known), encoding="utf-8")


def _in_turn(tests: list[str]) -> list[str]:
    """The first case of each test, then the second of each, and so on."""
    by_test: dict[str, list[str]] = {}
    for test in tests:
        by_test.setdefault(test.partition("[")[0], []).append(test)
    return [test for row in zip_longest(*by_test.values()) for test in row if test]


def _give_up(*_: Any) -> None:
    raise TimeoutError(f"takes longer than {SLOWEST_TEST_S} s")
