"""Run one case under one scheduler."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rare.accounts.grid_response import response_metrics
from rare.clocks.compiled_clock import CompiledClock
from rare.clocks.simpy_clock import SimpyClock
from rare.metrics import metrics
from rare.model import Case
from rare.result import Result
from rare.scheduler import Decider, as_decider, keep_queue
from rare.state.array_functions import load_array_functions
from rare.state.arrays import ENDED_NAMES
from rare.world import build_world, without_live_jobs
from traces.errors import InputError

if TYPE_CHECKING:
    from rare.env.policies.policy import AnyScheduler

load_array_functions()

CLOCKS: dict[str, type[CompiledClock] | type[SimpyClock]] = {"compiled": CompiledClock, "simpy": SimpyClock}

LIVE_SLOTS = 128, 4096  # at least and at most to begin with; a growth costs as much as a thousand jobs


def simulate(
    case: Case,
    scheduler: AnyScheduler | Decider,
    *,
    clock: str = "compiled",
    record: bool = True,
    progress: Callable[[int, int], None] | None = None,
    warmup_s: int = 0,
    log_level: int = 1,
) -> Result:
    """Run a case to its end and return what happened.

    scheduler: of the package (schedulers.make_scheduler), an object of the user's with `choose` or `act`,
    or a Decider that a scheduler made for this case.
    clock: "compiled" (fast) or "simpy" (open to further processes); both give the same result.
    record: keep events and power changes (jobs are always kept).
    progress: called now and then with the jobs that have arrived and the number of all.
    warmup_s: jobs submitted before this many seconds have passed are left out of waits and slowdowns.
    Raises InputError for a scheduler that cannot work on this case, ValueError when a scheduler breaks a rule.

    >>> from rare.scenario import build, load_scenario
    >>> case = build(load_scenario("tiny"), seed=0).case
    >>> from schedulers import make_scheduler
    >>> simulate(case, make_scheduler("easy")).metrics["jobs_completed"]
    19
    """
    if clock not in CLOCKS:
        raise InputError(f"unknown clock {clock!r}; known: {', '.join(CLOCKS)}")
    decider = as_decider(scheduler, case)
    if decider.keeps_time and clock != "compiled":
        raise InputError(f"scheduler {decider.name!r}: brings a clock of its own; leave out clock {clock!r}")
    # what became of grid events is read from the logs, and so is what a clock of its own tells
    logged = record or case.events is not None or decider.keeps_time
    live = int(np.clip(len(case.workload), *LIVE_SLOTS))
    world = build_world(case, live=live, log_level=log_level if logged else 0)
    keep_queue(world, 0, decider)
    runner = (
        decider.own_clock(world, case.workload.job_id)
        if decider.keeps_time
        else CLOCKS[clock](world, decider, case.workload.job_id)
    )
    began_s = time.perf_counter()
    world = runner.run(progress)
    elapsed_s = time.perf_counter() - began_s
    recorder = runner.recorder
    world = without_live_jobs(world)
    del runner  # with millions of jobs, the metrics need the memory of the queue
    state = world.env[0]
    result = Result(
        case=case,
        scheduler=decider.name,
        ended=ENDED_NAMES[state.ended],
        metrics={},
        jobs=world.outcome[0],
        events=recorder.events,
        power=recorder.power_until(int(state.now_s), int(state.content)),
    )
    of_events = response_metrics(result) if case.events is not None else None
    values = metrics(case, world, warmup_s, elapsed_s, decider.fallback_decisions, of_events)
    kept = result if record else replace(result, events=result.events[:0], power=result.power[:0])
    return replace(kept, metrics=values)
