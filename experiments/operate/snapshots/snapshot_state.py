"""The state of a simulation at a snapshot, from which futures are forked and decisions are asked.

Environment 0 of the world is the cluster just before the decisions of the instant at which the snapshot was
taken; environment 1 is a copy that may run on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.operate.snapshots.snapshot_case import SnapshotCase
from rare.job_records import placements
from rare.rules.advance import begin_instant, take_inputs
from rare.rules.decide import OK, apply
from rare.rules.limits.limit_arrays import NO_GROUP_LIMIT
from rare.scheduler import Decider, carry_out, keep_queue
from rare.state.array_functions import load_array_functions
from rare.state.arrays import (
    CLOSED,
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    NEED_LIVE,
    QUEUED,
    RUNNING,
    SHARED,
    WAIT,
    World,
)
from rare.state.decisions import FULL, decision, slot_of_decision
from rare.world import build_world, more_live_slots
from schedulers.lookahead.rollout import next_decision

load_array_functions()

COPY = 1
_LEAST_LIVE = 64


@dataclass(frozen=True, slots=True)
class Decided:
    """What a scheduler does at a snapshot.

    starts   : ids of waiting jobs that it starts, in its order
    suspends : ids of running jobs that it gives up or suspends, in its order
    """

    starts: tuple[str, ...]
    suspends: tuple[str, ...]


def before_snapshot(part: SnapshotCase, decider: Decider) -> World:
    """The world of a snapshot, its running jobs started by force at their real starts.

    Two environments; nobody has been asked for a decision yet. Only the snapshot's jobs are to arrive.
    RuntimeError where a running job cannot be started, which a SnapshotCase makes sure of.
    """
    world = build_world(part.case, environments=1 + COPY, live=_LEAST_LIVE + 2 * len(part.jobs), log_level=0)
    for e in range(len(world.env)):
        keep_queue(world, e, decider)
    world.env["jobs_end"] = len(part.jobs)
    limits = world.group_limits.copy()
    _lift_limits(world.group_limits)  # what runs was allowed to
    places = placements(part.case.workload, part.case.cluster)
    world.jobs["part"][part.running] = places[part.running]  # also what is larger than a limit
    runs = np.zeros(len(part.case.workload), bool)
    runs[part.running] = True
    while True:
        status = next_decision(world.handles[0], part.taken_s)
        if status == NEED_LIVE:
            world = more_live_slots(world)
            continue
        if status in (CLOSED, ENDED):
            break
        code = _forced_start(world, runs) if status == DECIDE_START else WAIT
        reason = apply(world.handles[0], code)
        if reason != OK:
            raise RuntimeError(f"a running job cannot be started in the simulation (code {reason})")
    started = int((world.live[0]["doing"] == RUNNING).sum())
    if started < len(part.running):
        raise RuntimeError(f"{len(part.running) - started} running jobs were not started in the simulation")
    world.group_limits[:] = limits
    content = round(part.case.battery.initial_share * part.case.battery.capacity_mj * 1000)
    world.env["content"][0] = content  # a battery begins with the snapshot
    return world


def fork_state(world: World) -> None:
    """Make environment 1 equal to environment 0."""
    for name in World._fields:
        if name not in SHARED and name != "handles":
            array = getattr(world, name)
            array[COPY] = array[0]


def decide_now(part: SnapshotCase, world: World, decider: Decider) -> Decided:
    """What a scheduler does at the instant of the snapshot; environment 0 stays as it is."""
    fork_state(world)
    starts: list[str] = []
    suspends: list[str] = []
    status = _begin(world, part.taken_s)
    while status in (DECIDE_START, DECIDE_SHED):
        code = decider.decide(world, COPY, status)
        if code != WAIT:
            live = world.live[COPY, int(slot_of_decision(code))]
            waits = int(live["doing"]) == QUEUED
            (starts if waits else suspends).append(part.jobs[int(live["job"])].job_id)
        carry_out(world, COPY, code, part.case.workload.job_id)
        status = begin_instant(world.handles[COPY], part.taken_s)
    return Decided(tuple(starts), tuple(suspends))


def _begin(world: World, taken_s: int) -> int:
    """Begin the instant of the snapshot in environment 1."""
    take_inputs(world.handles[COPY], taken_s)
    return int(begin_instant(world.handles[COPY], taken_s))


def _lift_limits(limits: np.ndarray) -> None:
    """Let groups of jobs have any number of everything (RULES §15)."""
    for name in limits.dtype.names or ():
        if name != "entry":
            limits[name] = NO_GROUP_LIMIT


def _forced_start(world: World, runs: np.ndarray) -> int:
    """The start of a job that runs in the snapshot and has arrived; WAIT: there is none."""
    live = world.live[0]
    ready = np.flatnonzero((live["doing"] == QUEUED) & runs[live["job"]])
    return int(decision(int(ready[0]), FULL)) if len(ready) else WAIT
