"""RARE's opinion of a live queue: a decision with the power that there is, and one with power without limit.

What would start with power without limit and does not start with the power that there is, stays for want of
power. While the cluster draws more than there is, every waiting job stays.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, replace

import numpy as np

from experiments.operate.shadow.opinion_types import Opinion, power_text
from experiments.operate.shadow.polls import Poll
from experiments.operate.shadow.sources.power_feed import PowerReading
from experiments.operate.snapshots.cluster_snapshot import (
    RUNNING,
    SUSPENDED,
    WAITING,
    ClusterSnapshot,
    SnapshotJob,
)
from experiments.operate.snapshots.snapshot_case import NoJobs, SnapshotCase, snapshot_case
from experiments.operate.snapshots.snapshot_state import COPY, before_snapshot, decide_now
from rare.model import NEVER_S, Inputs
from rare.rules.decide import apply
from rare.scenario.load import Loaded, load_scenario
from rare.scheduler import BaseScheduler, Decider
from rare.state.arrays import CLOSED, DECIDE_SHED, DECIDE_START, ENDED, NEED_LIVE, NO_TIME, World
from schedulers.lookahead.rollout import next_decision

MW_PER_W = 1000
LOOK_AHEAD_S = 7 * 24 * 3600
MOST_DECISIONS = 2_000
"""Of the simulation that expects starts; those of jobs further behind in a long queue stay unknown."""


@dataclass(frozen=True)
class LiveOpinion:
    """Makes opinions under one scheduler and one scenario.

    loaded   : powers of nodes, prices, classes and, without a feed, plants and grid
    starts   : expected starts are simulated too
    """

    scheduler: BaseScheduler
    loaded: Loaded
    starts: bool = True

    def __call__(self, poll: Poll) -> Opinion:
        """The opinion of one poll. InputError where scenario or scheduler do not fit the snapshot."""
        begun_s = time.monotonic()
        snapshot, suspended = waiting_again(poll.snapshot)
        name = self.scheduler.name
        if not any(is_free(job, poll.snapshot.taken_s) for job in snapshot.jobs):
            return Opinion(name, supply_w=None if poll.power is None else poll.power.power_w)
        bare = without_power(self.loaded)
        try:
            unlimited = snapshot_case(snapshot, bare)
        except NoJobs:  # what waits may not start, by Slurm's reasons: there is nothing to decide
            return Opinion(name, supply_w=None if poll.power is None else poll.power.power_w)
        limited = (
            snapshot_case(snapshot, self.loaded) if poll.power is None else with_feed(unlimited, poll.power)
        )
        decider = self.scheduler.for_case(limited.case)
        world = before_snapshot(limited, decider)
        decided = decide_now(limited, world, decider)
        draw_w = float(world.env[0].draw_mw) / MW_PER_W
        supply_w = _supply_w(limited, poll.power)
        short = bool(decided.suspends) or (supply_w is not None and draw_w > supply_w + 1e-6)
        expected = _expected_starts(limited, world, decider) if self.starts else {}
        free = self._without_limit(unlimited)
        # what RARE would start in place of what it gives up must wait until that is given up
        starts = () if short else decided.starts
        return Opinion(
            scheduler=name,
            starts=tuple(job for job in starts if job not in suspended),
            resumes=tuple(job for job in starts if job in suspended),
            suspends=decided.suspends,
            holds=_holds(poll.snapshot, starts, free, short, (draw_w, supply_w)),
            expected_start_s={job: at_s for job, at_s in expected.items() if job not in suspended},
            supply_w=supply_w,
            draw_w=draw_w,
            forecast=_forecast_words(poll),
            simulate_s=round(time.monotonic() - begun_s, 3),
        )

    def _without_limit(self, part: SnapshotCase) -> tuple[str, ...]:
        decider = self.scheduler.for_case(part.case)
        return decide_now(part, before_snapshot(part, decider), decider).starts


def waiting_again(snapshot: ClusterSnapshot) -> tuple[ClusterSnapshot, frozenset[str]]:
    """The snapshot with suspended jobs as jobs that wait, and who they are.

    A suspended job has given its cores away; to start it is to resume it.
    """
    suspended = frozenset(job.job_id for job in snapshot.jobs if job.state == SUSPENDED)
    jobs = tuple(
        replace(job, state=WAITING, start_s=None, eligible_s=None, suspended_s=0)
        if job.job_id in suspended
        else job
        for job in snapshot.jobs
    )
    return replace(snapshot, jobs=jobs), suspended


def is_free(job: SnapshotJob, now_s: int) -> bool:
    """Whether a job runs, or waits for nothing but its turn."""
    return job.state == RUNNING or (not job.held and (job.eligible_s or 0) <= now_s)


def without_power(loaded: Loaded) -> Loaded:
    """The scenario's cluster, rules and prices, with power without limit; what needs a calendar goes."""
    plain = load_scenario("plain").scenario
    scenario = loaded.scenario
    gone = {
        name: getattr(plain, name)
        for name in ("site", "supply", "grid", "battery", "forecast", "event", "events", "outage", "outages")
    }
    cluster = scenario.cluster.model_copy(update={"pue_model": None})
    return dataclasses.replace(
        loaded, scenario=scenario.model_copy(update={**gone, "windows": None, "cluster": cluster})
    )


def with_feed(part: SnapshotCase, power: PowerReading) -> SnapshotCase:
    """The case with the feed's power from the snapshot on, and nothing else to draw on."""
    case = part.case
    given = case.inputs
    peak_mw = case.cluster.peak_draw_mw
    now_mw = (
        round(peak_mw * power.share) if power.share is not None else round((power.power_w or 0) * MW_PER_W)
    )
    steps = [(part.taken_s, now_mw)]
    steps += [(at_s, round(watts * MW_PER_W)) for at_s, watts in power.ahead if at_s > part.taken_s]
    rows = len(steps) + 1

    def column(name: str, later: int | None) -> np.ndarray:
        first = int(getattr(given, name)[0])
        return np.array([first, *[first if later is None else later] * (rows - 1)], np.int64)

    pue = given.pue_per_mille
    inputs = Inputs(
        np.array([int(given.change_s[0]), *(at_s for at_s, _ in steps)], np.int64),
        np.array([0, *(mw for _, mw in steps)], np.int64),
        column("import_limit_mw", 0),
        column("price_u_per_kwh", 0),
        column("carbon_ukg_per_kwh", 0),
        None if pue is None else np.full(rows, int(pue[-1]), np.int64),
        NEVER_S,
        renewable=True,
    )
    return dataclasses.replace(part, case=dataclasses.replace(case, inputs=inputs))


def _supply_w(part: SnapshotCase, power: PowerReading | None) -> float | None:
    """Power there at the snapshot; None: without limit."""
    inputs, taken_s = part.case.inputs, part.taken_s
    row = int(np.searchsorted(inputs.change_s, taken_s, side="right")) - 1
    limit_mw = int(inputs.import_limit_mw[row])
    if power is None and limit_mw >= int(inputs.import_limit_mw[0]):
        return None
    return (int(inputs.supply_mw[row]) + limit_mw) / MW_PER_W


def _holds(
    snapshot: ClusterSnapshot,
    starts: tuple[str, ...],
    free: tuple[str, ...],
    short: bool,
    power_w: tuple[float, float | None],
) -> dict[str, str]:
    """The waiting jobs that stay for want of power, and why, in the queue's order."""
    draw_w, supply_w = power_w
    starting, would = set(starts), set(free)
    there = "" if supply_w is None else f"{power_text(supply_w)} there, {power_text(draw_w)} drawn"
    holds = {}
    for job in snapshot.jobs:
        if job.state != WAITING or job.job_id in starting or not is_free(job, snapshot.taken_s):
            continue
        if short:
            holds[job.job_id] = f"the cluster draws more than there is: {there}"
        elif job.job_id in would:
            holds[job.job_id] = f"cores are free and the power for it is not there: {there}"
    return holds


def _expected_starts(part: SnapshotCase, world: World, decider: Decider) -> dict[str, int]:
    """When each waiting job starts if the simulation goes on from the decision, by the users' time limits."""
    end_s = part.taken_s + LOOK_AHEAD_S
    for _ in range(MOST_DECISIONS):
        status = next_decision(world.handles[COPY], end_s)
        if status in (CLOSED, ENDED, NEED_LIVE):
            break
        if status in (DECIDE_START, DECIDE_SHED):
            apply(world.handles[COPY], decider.decide(world, COPY, status))
    waiting = {int(index) for index in part.waiting}
    expected = {}
    for slot in world.live[COPY]:
        index = int(slot["job"])
        if index in waiting and slot["doing"] and int(slot["first_start_s"]) != NO_TIME:
            expected[part.jobs[index].job_id] = int(slot["first_start_s"])
    starts = world.outcome[COPY]["start_s"]
    for index in waiting:
        if int(starts[index]) != NO_TIME:
            expected.setdefault(part.jobs[index].job_id, int(starts[index]))
    return expected


def _forecast_words(poll: Poll) -> str:
    """The feed's forecast in words."""
    if poll.power is None or not poll.power.ahead:
        return ""
    now_s = poll.snapshot.taken_s
    within = [(at_s, watts) for at_s, watts in poll.power.ahead if at_s <= now_s + 24 * 3600]
    if not within:
        return ""
    least, most = min(within, key=lambda step: step[1]), max(within, key=lambda step: step[1])
    return (
        f"by the feed {power_text(least[1])} in {_hours(least[0] - now_s)}, "
        f"{power_text(most[1])} in {_hours(most[0] - now_s)}"
    )


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds // 60} min"
