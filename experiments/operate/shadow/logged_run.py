"""The time that a shadow's log covers, as a case: jobs with their real run times, and the feed's power.

What the scheduler did is played again by the starts that the log has; what RARE would have done is simulated
from the same beginning.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.operate.shadow.live_opinion import MW_PER_W, with_feed, without_power
from experiments.operate.shadow.queue_changes import (
    CANCELLED,
    ENDED,
    REQUEUED,
    STARTED,
    SUSPENDED_NOW,
    Change,
)
from experiments.operate.shadow.shadow_log import LoggedPoll
from experiments.operate.shadow.sources.power_feed import PowerReading
from experiments.operate.snapshots.cluster_snapshot import SUSPENDED, WAITING, ClusterSnapshot, SnapshotJob
from experiments.operate.snapshots.snapshot_case import SnapshotCase, snapshot_case
from experiments.operate.snapshots.snapshot_state import before_snapshot
from rare.model import UNLIMITED_MW, Inputs
from rare.rules.decide import OK, apply
from rare.scenario.load import Loaded
from rare.scheduler import Decider, carry_out
from rare.state.arrays import CLOSED, DECIDE_START, NEED_LIVE, NO_TIME, QUEUED, WAIT, World
from rare.state.arrays import ENDED as RUN_ENDED
from rare.state.decisions import FULL, decision
from rare.world import more_live_slots
from schedulers.lookahead.rollout import next_decision
from traces.errors import InputError

LAG_S = 60
"""A scheduler acts within about this time of what it reacts to: a decision before counts as the same."""
MJ_PER_KWH = 3_600_000_000
LONGEST_LOG_S = 366 * 24 * 3600


@dataclass(frozen=True)
class SeenJob:
    """One job of a log. start_s, end_s: None where it had not started, or not ended, when the log ends."""

    job: SnapshotJob
    submit_s: int
    start_s: int | None
    end_s: int | None
    cancelled: bool


@dataclass(frozen=True)
class LoggedTime:
    """A stretch of a log. power: (seconds since 1970, reading) at each poll that has one."""

    first: ClusterSnapshot
    end_s: int
    jobs: tuple[SeenJob, ...]
    power: tuple[PowerReading, ...]
    requeued: int
    suspended: int


def logged_time(polls: Sequence[LoggedPoll]) -> LoggedTime:
    """The jobs of these polls and what became of them. InputError for fewer than two polls."""
    if len(polls) < 2:
        raise InputError("the log has fewer than two polls: let it observe for longer")
    begin, end_s = polls[0].snapshot, polls[-1].snapshot.taken_s
    if not begin.taken_s < end_s <= begin.taken_s + LONGEST_LOG_S:
        raise InputError("the log's polls are not in the order of time, or more than a year apart")
    seen = {job.job_id: SeenJob(job, job.submit_s, job.start_s, None, False) for job in begin.jobs}
    requeued = suspended = 0
    for poll in polls[1:]:
        here = {job.job_id: job for job in poll.snapshot.jobs}
        for job_id, job in here.items():
            before = seen.get(job_id)
            if before is None:
                seen[job_id] = SeenJob(job, job.submit_s, job.start_s, None, False)
            elif before.start_s is None and job.start_s is not None:
                seen[job_id] = dataclasses.replace(before, start_s=job.start_s)
        for change in poll.did:
            requeued += change.what == REQUEUED
            suspended += change.what == SUSPENDED_NOW
            one = seen.get(change.job_id)
            if one is not None:
                seen[change.job_id] = _after_change(one, change)
    readings = [reading for poll in polls if (reading := power_of(poll)) is not None]
    return LoggedTime(begin, end_s, tuple(seen.values()), tuple(readings), requeued, suspended)


def _after_change(one: SeenJob, change: Change) -> SeenJob:
    """A job after something happened to it.

    An end between two polls is taken to be just after the first: then nothing that the scheduler started on
    its cores is in the way, and at most a poll is missing.
    """
    if change.what == STARTED and one.start_s is None:
        return dataclasses.replace(one, start_s=change.between[0])
    if change.what not in (ENDED, CANCELLED):
        return one
    at_s = max(change.between[0], (one.start_s or 0) + 1)
    return dataclasses.replace(one, end_s=at_s, cancelled=change.what == CANCELLED)


def power_of(poll: LoggedPoll) -> PowerReading | None:
    """The power that a poll has, as of the poll."""
    power = poll.record.get("power")
    if not isinstance(power, dict):
        return None
    numbers = [power.get("power_w"), power.get("share")]
    if not any(isinstance(number, int | float) for number in numbers):
        return None
    at_s = float(poll.snapshot.taken_s)
    return PowerReading(numbers[0], numbers[1], at_s, at_s)


@dataclass(frozen=True)
class LoggedCase:
    """A stretch of a log as a case.

    part    : the case, its jobs in the order of the case
    starts_s, ends_s : (J,) int64, what the scheduler did; NO_TIME: not in the log
    work_known : (J,) bool, whether the run time is in the log, or the time limit stands in
    left_out : jobs that are not in it, and why
    """

    part: SnapshotCase
    starts_s: np.ndarray
    ends_s: np.ndarray
    work_known: np.ndarray
    left_out: dict[str, str]
    end_s: int

    @property
    def begin_s(self) -> int:
        """When the stretch begins."""
        return self.part.taken_s

    def with_grid(self, tick_s: int, price_u: int = 0, carbon_u: int = 0) -> LoggedCase:
        """The same, with a grid without limit behind the feed: what ran is never short of power.

        tick_s: how often the scheduler may act between events. price_u, carbon_u: of the grid, per kWh.
        """
        given = self.part.case.inputs
        rows = len(given.change_s)
        inputs = dataclasses.replace(
            given,
            import_limit_mw=np.full(rows, UNLIMITED_MW, np.int64),
            price_u_per_kwh=np.array([0, *[price_u] * (rows - 1)], np.int64),
            carbon_ukg_per_kwh=np.array([0, *[carbon_u] * (rows - 1)], np.int64),
            priced=price_u > 0,
            carbon_known=carbon_u > 0,
        )
        options = dataclasses.replace(self.part.case.options, tick_s=tick_s)
        case = dataclasses.replace(self.part.case, inputs=_waking(inputs, price_u), options=options)
        return dataclasses.replace(self, part=dataclasses.replace(self.part, case=case))


def _waking(inputs: Inputs, price_u: int) -> Inputs:
    """Inputs that change when the stretch begins, so that this is an instant of the run."""
    price = inputs.price_u_per_kwh.copy()
    price[0] = price_u + 1
    return dataclasses.replace(inputs, price_u_per_kwh=price)


def logged_case(time: LoggedTime, loaded: Loaded) -> LoggedCase:
    """The case of a stretch of a log. InputError where no job is in it.

    Left out: jobs that were cancelled before a start, held ones, and those that waited for others.
    """
    left_out: dict[str, str] = {}
    kept: list[SnapshotJob] = []
    by_id: dict[str, SeenJob] = {}
    for one in time.jobs:
        job = one.job
        if one.cancelled and one.start_s is None:
            left_out[job.job_id] = "cancelled before a start"
        elif job.state == SUSPENDED:
            left_out[job.job_id] = "suspended when it was first seen"
        else:
            by_id[job.job_id] = one
            kept.append(_as_at_begin(one, time.first.taken_s))
    # where nobody was there, the case begins with the first job
    begin_s = max(time.first.taken_s, min((by_id[job.job_id].submit_s for job in kept), default=0))
    part = snapshot_case(ClusterSnapshot(begin_s, time.first.partitions, tuple(kept)), without_power(loaded))
    left_out.update({name: why for name, why in part.left_out.items()})
    seen = [by_id[job.job_id] for job in part.jobs]
    work = part.case.workload
    known = np.array([one.start_s is not None and one.end_s is not None for one in seen])
    ran = [
        _work_s(one, int(submit_s), time.first.taken_s) if ends else int(work_s)
        for one, ends, submit_s, work_s in zip(seen, known, work.submit_s, work.work_s, strict=True)
    ]
    columns = dataclasses.replace(work, work_s=np.array(ran, np.int64))
    part = dataclasses.replace(part, case=dataclasses.replace(part.case, workload=columns))
    if time.power:
        part = with_feed(part, _as_feed(time.power, part))
    starts = [NO_TIME if one.start_s is None else one.start_s for one in seen]
    ends = [NO_TIME if one.end_s is None else one.end_s for one in seen]
    return LoggedCase(part, np.array(starts, np.int64), np.array(ends, np.int64), known, left_out, time.end_s)


def _work_s(one: SeenJob, submit_s: int, begin_s: int) -> int:
    """The run time of a job that has ended; of one that ran at the begin from where the case starts it."""
    start_s = one.start_s or 0
    return max((one.end_s or 0) - (submit_s if start_s <= begin_s else start_s), 1)


def _as_at_begin(one: SeenJob, begin_s: int) -> SnapshotJob:
    """The job as a snapshot at the begin has it; what came later waits for its own submit."""
    job = one.job
    if job.submit_s > begin_s or (job.start_s is not None and job.start_s > begin_s):
        return dataclasses.replace(
            job,
            state=WAITING,
            start_s=None,
            suspended_s=0,
            held=False,
            reason="",
            after=(),
            eligible_s=max(one.submit_s, job.eligible_s or 0) if one.submit_s > begin_s else None,
        )
    if job.state == WAITING and one.start_s is not None:  # released or eligible later: it did start
        later = job.eligible_s if (job.eligible_s or 0) <= one.start_s else one.submit_s
        return dataclasses.replace(job, held=False, reason="", after=(), eligible_s=later)
    return job


def _as_feed(power: Sequence[PowerReading], part: SnapshotCase) -> PowerReading:
    """All readings as one, with what comes later as steps."""
    peak_w = part.case.cluster.peak_draw_mw / MW_PER_W

    def watts(reading: PowerReading) -> float:
        return peak_w * reading.share if reading.share is not None else reading.power_w or 0.0

    steps: list[tuple[int, float]] = []
    for reading in power[1:]:
        at_s, value = int(reading.of_s), watts(reading)
        if at_s > part.taken_s and (not steps or at_s > steps[-1][0]):
            steps.append((at_s, value))
    return PowerReading(watts(power[0]), None, power[0].of_s, power[0].read_s, tuple(steps))


# --- runs -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunFigures:
    """What one run of a LoggedCase came to, from its begin to its end.

    starts_s, ends_s : (J,) int64, NO_TIME: not by the end
    draw_kwh, from_feed_kwh, feed_kwh : drawn, of that from the feed, and what the feed gave
    shed : how often a running job was given up
    """

    starts_s: np.ndarray
    ends_s: np.ndarray
    draw_kwh: float
    from_feed_kwh: float
    feed_kwh: float
    shed: int


class RecordedStarts(Decider):
    """Starts each job when the log says that the scheduler did."""

    def __init__(self, starts_s: np.ndarray, lag_s: int = 0) -> None:
        super().__init__("the scheduler")
        self._starts_s, self._lag_s = starts_s, lag_s

    def is_past(self, world: World, e: int, slot: int) -> bool:
        """Whether the start of the job in a slot is not after now."""
        return int(self._starts_s[world.live[e, slot]["job"]]) <= int(world.env[e]["now_s"])

    def due(self, world: World, e: int) -> list[int]:
        """Slots of queued jobs whose start has come, the earliest first."""
        live, now_s = world.live[e], int(world.env[e]["now_s"])
        slots = np.flatnonzero(live["doing"] == QUEUED)
        starts = self._starts_s[live["job"][slots]]
        come = (starts != NO_TIME) & (starts <= now_s + self._lag_s)
        return [int(slot) for slot in slots[come][np.argsort(starts[come], kind="stable")]]

    def decide(self, world: World, e: int, status: int) -> int:
        """The first that is due, whether it may start or not."""
        slots = self.due(world, e) if status == DECIDE_START else []
        return int(decision(slots[0], FULL)) if slots else WAIT


def play(case: LoggedCase, decider: Decider) -> RunFigures:
    """Run a LoggedCase under a decider to the end of the log."""
    part = case.part
    world = before_snapshot(part, decider)
    before = {name: int(world.env[0][name]) for name in ("draw_mj", "used_mj", "available_mj")}
    while True:
        status = int(next_decision(world.handles[0], case.end_s))
        if status == NEED_LIVE:
            world = more_live_slots(world)
        elif status in (CLOSED, RUN_ENDED):
            break
        elif isinstance(decider, RecordedStarts):
            _apply_recorded(world, decider, status)
        else:
            carry_out(world, 0, decider.decide(world, 0, status), part.case.workload.job_id)
    starts, ends = _times(world, len(part.jobs))
    kwh = {name: (int(world.env[0][name]) - value) / MJ_PER_KWH for name, value in before.items()}
    shed = int(world.live[0]["suspensions"].sum() + world.outcome[0]["suspensions"].sum())
    return RunFigures(starts, ends, kwh["draw_mj"], kwh["used_mj"], kwh["available_mj"], shed)


def _apply_recorded(world: World, decider: RecordedStarts, status: int) -> None:
    """Start the first job that is due and fits; else wait."""
    if status == DECIDE_START:
        for slot in decider.due(world, 0):
            if apply(world.handles[0], int(decision(slot, FULL))) == OK:
                return
    apply(world.handles[0], WAIT)


def _times(world: World, jobs: int) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of each job: of those that have ended, and of those that still run."""
    starts = world.outcome[0]["start_s"][:jobs].astype(np.int64)
    ends = world.outcome[0]["end_s"][:jobs].astype(np.int64)
    for slot in world.live[0]:
        if slot["doing"] and slot["job"] < jobs and slot["first_start_s"] != NO_TIME:
            starts[int(slot["job"])] = int(slot["first_start_s"])
    return starts, ends
