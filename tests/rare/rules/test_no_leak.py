"""No leak of the future: what a scheduler may not know changes nothing that is decided before it.

A case is played twice. The second time everything differs that lies at or after an instant and is not known
before it: outages that are not planned, grid events whose notice is still to come, cancellations, the inputs,
the true work of jobs that have not ended, predecessors and think times of jobs that have not arrived. Up to
that instant both runs must be the same: instants, decisions and events.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rare.machine_events import NO_LIMIT_MW, GridEvents, Outages
from rare.model import Case, Inputs
from rare.run import CLOCKS
from rare.scheduler import BaseScheduler, Decider, as_decider, keep_queue
from rare.world import build_world
from tests.rare.rules.test_event_differential import event_case, slow_heuristic_for
from tests.rare.rules.world_look import LookDecider, LookScheduler, Restless
from tests.rare.twins import summary
from tests.reference.model import WAIT
from traces.jobs.workload import NO_CANCEL_S, NO_DEADLINE_S, Workload

SEEDS = 16
PLANNED = -1


class Noted(Decider):
    """The same decider without its compiled loop; it notes time, kind and answer of each decision."""

    def __init__(self, decider: Decider) -> None:
        super().__init__(decider.name, order=decider.order, order_param=decider.order_param)
        self.notes: list[tuple[int, int, int]] = []
        self._decider = decider

    def decide(self, world: Any, e: int, status: int) -> int:
        answer = self._decider.decide(world, e, status)
        self.notes.append((int(world.env[e].now_s), status, int(answer)))
        return answer


def played(case: Case, scheduler: Any) -> dict[str, Any]:
    """A run on the compiled clock, with all its decisions."""
    decider = as_decider(scheduler, case)
    noted = Noted(decider)
    world = build_world(case, live=2, log_level=2)
    keep_queue(world, 0, decider)
    runner = CLOCKS["compiled"](world, noted, case.workload.job_id)
    world = runner.run()
    return {**summary(world, runner.recorder.events), "decisions": noted.notes}


def before(run: dict[str, Any], time_s: int) -> tuple[list[Any], ...]:
    """What happened and was decided before a time."""
    return (
        [row for row in run["events"] if row[0] < time_s],
        [row for row in run["instants"] if row < time_s],
        [row for row in run["decisions"] if row[0] < time_s],
    )


def with_another_future(rng: random.Random, case: Case, run: dict[str, Any], time_s: int) -> Case:
    """The case with another future from a time on, as far as it is not known before."""
    ended = {row[2] for row in run["events"] if row[0] < time_s and row[1] in ("end", "fail")}
    arrived = {row[2] for row in run["events"] if row[0] < time_s and row[1] in ("submit", "reject")}
    return replace(
        case,
        workload=_other_jobs(rng, case.workload, ended, arrived, time_s),
        inputs=_other_inputs(rng, case, time_s),
        events=_other_events(rng, case.events, time_s),
        outages=_other_outages(rng, case.outages, time_s),
    )


def _other_jobs(
    rng: random.Random, jobs: Workload, ended: set[int], arrived: set[int], time_s: int
) -> Workload:
    open_work = [i not in ended for i in range(len(jobs))]
    longer = np.array([rng.choice((0, 1, 50, 400)) if is_open else 0 for is_open in open_work])
    columns: dict[str, Any] = {"work_s": jobs.work_s + longer}
    if jobs.cancel_s is not None:
        others = [
            old if old < time_s else rng.choice((NO_CANCEL_S, time_s, time_s + 100))
            for old in jobs.cancel_s.tolist()
        ]
        columns["cancel_s"] = np.maximum(np.array(others, dtype=np.int64), jobs.submit_s)
    if jobs.think_s is not None and jobs.after is not None:
        waits = [bool(jobs.after[i]) and i not in arrived for i in range(len(jobs))]
        more = [rng.choice((0, 7, 300)) if wait else 0 for wait in waits]
        columns["think_s"] = jobs.think_s + np.array(more)
    return replace(jobs, **columns)


def _other_inputs(rng: random.Random, case: Case, time_s: int) -> Inputs:
    later = case.inputs.change_s >= time_s
    supply_mw = np.where(later, case.inputs.supply_mw[::-1], case.inputs.supply_mw)
    return replace(case.inputs, supply_mw=np.minimum(supply_mw, int(case.inputs.supply_mw.max())))


def _other_events(rng: random.Random, events: GridEvents | None, time_s: int) -> GridEvents | None:
    if events is None:
        return None
    notice_s = events.notice_s.copy()
    limit_mw, depth = events.limit_mw.copy(), events.depth_per_mille.copy()
    for k in np.flatnonzero(notice_s >= time_s):
        limit_mw[k], depth[k] = rng.choice(((0, 0), (150, 0), (NO_LIMIT_MW, 900)))
    return replace(events, limit_mw=limit_mw, depth_per_mille=depth)


def _other_outages(rng: random.Random, outages: Outages | None, time_s: int) -> Outages | None:
    if outages is None:
        return None
    draw, to_s = outages.draw.copy(), outages.to_s.copy()
    unplanned = draw != PLANNED
    for k in np.flatnonzero(unplanned & (outages.from_s >= time_s)):
        draw[k] = rng.randrange(2**30)
    for k in np.flatnonzero(unplanned & (to_s >= time_s)):
        to_s[k] += rng.choice((0, 1, 200)) * (to_s[k] < NO_DEADLINE_S - 200)
    return replace(outages, draw=draw, to_s=to_s)


class Clairvoyant(BaseScheduler):
    """Starts the job of least true work, which no scheduler may know."""

    name = "clairvoyant"

    def for_case(self, case: Case) -> LookDecider:
        work_s = case.workload.work_s.tolist()
        return LookDecider(lambda look: min(look.possible, key=lambda job: work_s[job], default=WAIT), None)


def scheduler_for(seed: int, case: Case) -> Any:
    """Anything that is allowed, or a heuristic."""
    return LookScheduler(Restless(seed).functions) if seed % 4 == 0 else slow_heuristic_for(seed, case)


def compare(seed: int, scheduler: Any = None) -> bool:
    """Whether the second run differs from the first at all: AssertionError if it does so too early."""
    rng = random.Random(-seed)
    case = event_case(seed)
    scheduler = scheduler or scheduler_for(seed, case)
    first = played(case, scheduler)
    time_s = rng.choice(first["instants"])
    second = played(with_another_future(rng, case, first, time_s), scheduler)
    assert before(second, time_s) == before(first, time_s), f"seed {seed}, before {time_s} s"
    return second["events"] != first["events"]


@pytest.mark.parametrize("block", range(4))
def test_the_future_changes_nothing_before_it(block):
    changed = sum(compare(seed) for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4))
    assert changed >= SEEDS // 16, "the other futures do not differ: the test tells nothing"


def test_a_scheduler_that_knows_the_future_is_found_out():
    def leaks(seed: int) -> bool:
        try:
            compare(seed, Clairvoyant())
        except AssertionError:
            return True
        return False

    assert any(leaks(seed) for seed in range(100))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_the_future_changes_nothing_before_it_in_a_thousand_cases(block):
    for seed in range(1_000 + block * 100, 1_000 + (block + 1) * 100):
        compare(seed)
