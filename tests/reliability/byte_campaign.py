"""Counts what the clocks and the independent reference simulator are found to agree on.

    python -m tests.reliability.byte_campaign --cases 2000 --traces --out bytes.csv

Random cases: the compiled loop, the compiled clock that asks at every decision, the SimPy clock and the
reference simulator, which was written from RULES.md alone. Whole archive traces: the compiled and the SimPy
clock. All values are whole numbers of 64 bits and are compared with ==; the first difference ends the campaign.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rare.model import Case
from rare.state.arrays import INSTANT
from tests.builders import random_case, random_power_case
from tests.rare.rules.limited_cases import limited
from tests.rare.rules.test_differential import any_case, assert_same, heuristic_for, play_reference
from tests.rare.rules.test_event_differential import event_case, slow_heuristic_for
from tests.rare.rules.test_limit_differential import limited_case
from tests.rare.twins import Erratic, history
from tests.reference.simulator import run_reference
from tests.validation.cases import assert_identical, replay_case, run_on
from tests.validation.test_traces import FILES, SCHEDULERS, island, load

NUMBER_BYTES = 8
FIELDS = ("what", "cases", "comparisons", "decisions", "events", "instants", "jobs", "bytes", "seconds")


@dataclass
class Agreement:
    """What was found equal. comparisons: of one run with another; bytes: of each comparison, once."""

    what: str
    cases: int = 0
    comparisons: int = 0
    decisions: int = 0
    events: int = 0
    instants: int = 0
    jobs: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def add(self, told: dict[str, Any], comparisons: int) -> None:
        """Count a run that so many others were found equal to."""
        numbers = sum(map(len, told["events"])) + len(told["instants"]) + 6 * len(told["jobs"])
        numbers += sum(len(told[name]) for name in ("energy", "money", "counts", "unserved"))
        self.cases += 1
        self.comparisons += comparisons
        self.decisions += comparisons * told["counts"][0]
        self.events += comparisons * len(told["events"])
        self.instants += comparisons * len(told["instants"])
        self.jobs += comparisons * len(told["jobs"])
        self.bytes += comparisons * numbers * NUMBER_BYTES


# --- random cases --------------------------------------------------------------------------------------------


def any_choice(seed: int) -> tuple[dict[str, Any], int]:
    """A scheduler that does whatever is allowed: both clocks against the reference."""
    case = random_case(random.Random(seed))
    if seed % 3 == 0:
        case = limited(seed, case, limits=True, backfill=seed % 2 == 0)
    scheduler = Erratic(seed, picky=seed % 3 > 0)
    expected = run_reference(case, scheduler.choose_in_reference, scheduler.victim_in_reference)
    runs = [history(case, scheduler, clock, checked=True) for clock in ("compiled", "simpy")]
    for run in runs:
        assert_same(run, expected, f"any choice, seed {seed}")
    return runs[0], len(runs)


def _by_heuristic(case: Case, scheduler: Any, context: str) -> tuple[dict[str, Any], int]:
    """The compiled loop against the reference, against the clock that asks, and against SimPy's."""
    fused = history(case, scheduler, "compiled")
    assert_same(fused, play_reference(case, scheduler), context)
    assert fused == history(case, scheduler, "compiled", checked=True), context
    assert fused == history(case, scheduler, "simpy", checked=True), context
    return fused, 3


def any_heuristic(seed: int) -> tuple[dict[str, Any], int]:
    """Random cases under random heuristics."""
    case = any_case(seed)
    return _by_heuristic(case, heuristic_for(seed, case), f"heuristic, seed {seed}")


def power_decides(seed: int) -> tuple[dict[str, Any], int]:
    """Cases in which power is what is short."""
    case = random_power_case(random.Random(seed))
    return _by_heuristic(case, heuristic_for(seed, case), f"power, seed {seed}")


def machine_events(seed: int) -> tuple[dict[str, Any], int]:
    """Grid events, outages, dependencies and levels of speed."""
    case = event_case(seed)
    return _by_heuristic(case, slow_heuristic_for(seed, case), f"events, seed {seed}")


def with_limits(seed: int) -> tuple[dict[str, Any], int]:
    """Limits of users and partitions, and options of backfilling."""
    case = limited_case(seed)
    return _by_heuristic(case, heuristic_for(seed, case), f"limits, seed {seed}")


Compare = Callable[[int], tuple[dict[str, Any], int]]
KINDS: dict[str, Compare] = {
    "random choices": any_choice,
    "random heuristics": any_heuristic,
    "power decides": power_decides,
    "machine events and levels": machine_events,
    "limits": with_limits,
}


def random_cases(cases: int, first_seed: int, minutes: float = math.inf) -> list[Agreement]:
    """So many random cases, of each kind as many, or fewer in the time. AssertionError at a difference."""
    found, until_s = [Agreement(name) for name in KINDS], time.monotonic() + 60 * minutes
    for number in range(-(-cases // len(KINDS))):
        if time.monotonic() > until_s:
            break
        for agreement, compare in zip(found, KINDS.values(), strict=True):
            began_s = time.process_time()
            agreement.add(*compare(first_seed + number))
            agreement.seconds += time.process_time() - began_s
    return found


# --- whole traces --------------------------------------------------------------------------------------------


def whole_traces(shared: Path, names: Sequence[str] = tuple(FILES)) -> list[Agreement]:
    """Each trace on a grid without limit and on an island, under two schedulers, on both clocks."""
    found = []
    for name in names:
        agreement, began_s = Agreement(name), time.process_time()
        jobs = load(shared, name)
        for case in (replay_case(jobs), island(jobs)):
            for scheduler in SCHEDULERS:
                _add_trace(agreement, case, scheduler)
        agreement.seconds = time.process_time() - began_s
        found.append(agreement)
        print(agreement, flush=True)
    return found


def _add_trace(agreement: Agreement, case: Case, scheduler: str) -> None:
    one, other = (run_on(clock, case, scheduler) for clock in ("compiled", "simpy"))
    assert_identical(one, other)
    instants = int((one.events["event"] == INSTANT).sum())
    agreement.cases += 1
    agreement.comparisons += 1
    agreement.decisions += one.totals["decisions"]
    agreement.events += len(one.events) - instants
    agreement.instants += instants
    agreement.jobs += len(one.jobs)
    numbers = NUMBER_BYTES * len(one.totals)
    agreement.bytes += one.events.nbytes + one.power.nbytes + one.jobs.nbytes + numbers


def total(found: Sequence[Agreement]) -> Agreement:
    """All of them together."""
    whole = Agreement("all")
    for field in fields(Agreement)[1:]:
        setattr(whole, field.name, sum(getattr(one, field.name) for one in found))
    return whole


def main() -> int:
    """The command: print and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=2000, help="random cases in all")
    parser.add_argument("--seed", type=int, default=40_000_000, help="of the first case of each kind")
    parser.add_argument("--minutes", type=float, default=math.inf, help="at most, of random cases")
    parser.add_argument("--traces", action="store_true", help="whole archive traces too, of RARE_SHARED")
    parser.add_argument("--trace", action="append", choices=list(FILES), help="of these only; repeatable")
    parser.add_argument("--out", type=Path, default=Path("bytes.csv"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    found = random_cases(options.cases, options.seed, options.minutes)
    print(total(found), flush=True)
    if options.traces or options.trace:
        beside = Path(__file__).resolve().parents[3] / "shared"
        found += whole_traces(Path(os.environ.get("RARE_SHARED") or beside), options.trace or tuple(FILES))
    with options.out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        for one in (*found, total(found)):
            writer.writerow(
                [getattr(one, name) if name != "seconds" else round(one.seconds) for name in FIELDS]
            )
    print(total(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
