"""The next instant of the reference simulator, from all its causes (RULES §3.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rare.model import NEVER_S
from tests.reference.model import Job
from tests.reference.outlook import issue_times
from tests.reference.queue_limits import is_over_limit
from tests.reference.site_priority import last_mark_s

if TYPE_CHECKING:
    from tests.reference.simulator import Reference


def next_instant_s(sim: Reference) -> int | None:
    """§3.8. Ticks alone are no future: a run with nothing else to come is stalled (§8.4)."""
    now = sim.now_s
    rate = sim.content_rate()
    battery = []  # it keeps a run alive only if it cannot fill and leak for ever by itself (§8.4)
    if rate < 0:
        battery.append(now + sim.content // -rate)
    if rate > 0:
        battery.append(now + (sim.full - sim.content) // rate)
    causes = [t for t in [*_of_jobs(sim), *_of_power(sim), *_from_outside(sim)] if t > now]
    if not (sim.leak and not sim.running()):
        causes += [t for t in battery if t > now]
    if not causes:
        return None
    causes += [t for t in battery if t > now]
    if sim.options.tick_s is not None:
        causes.append((now // sim.options.tick_s + 1) * sim.options.tick_s)
    if sim.ranks_by_priority and sim.waiting():
        assert sim.case.priority is not None
        causes.append(last_mark_s(sim.case, now) + sim.case.priority.calc_period_s)
    return min(causes)


def _of_jobs(sim: Reference) -> list[int]:
    causes = [sim.run_until_s(job) for job in sim.running()]
    causes += [time_s for job in sim.jobs for time_s in sim.future_of(job)]
    for job in sim.waiting():
        if job.deadline_s is not None:
            causes += [sim.latest_start_s(job), job.deadline_s]
            causes.append(job.deadline_s if job.expiry_s is None else job.expiry_s)
    interval_s = sim.options.backfill.interval_s  # the next pass, if somebody could start (§10.14)
    if interval_s and sim.now_s % interval_s and any(may_start(sim, job) for job in sim.waiting()):
        causes.append(sim.now_s - sim.now_s % interval_s + interval_s)
    return causes


def may_start(sim: Reference, job: Job) -> bool:
    """Whether a waiting job may start now at some speed."""
    return any(sim.may_start(job, level) for level in sim.levels(job))


def _from_outside(sim: Reference) -> list[int]:
    causes = [sim.changes[k] for k in range(1, len(sim.rows)) if sim.rows[k] != sim.rows[k - 1]]
    causes += issue_times(sim)
    causes += [time_s for event in sim.curtailments.all for time_s in event.times]
    causes += [time_s for outage in sim.repairs.all for time_s in (outage.from_s, outage.to_s)]
    causes += [t for t in (sim.case.inputs.end_s, sim.case.end_s) if t is not None]
    return [t for t in causes if t < NEVER_S]


def _of_power(sim: Reference) -> list[int]:
    """Starts and raises that the charging battery or the next second makes possible."""
    now, causes = sim.now_s, []
    wishes = [(job, level) for job in sim.waiting() for level in sim.levels(job) if _has_room(sim, job)]
    wishes += [(job, job.level - 1) for job in sim.running() if job.level > 0]
    if sim.content_rate() > 0 and sim.flow.charge:
        waits = [_charged_enough_in_s(sim, job, level) for job, level in wishes]
        causes += [now + seconds for seconds in waits if seconds is not None]
    if any(job.moved_s == now and _powered(sim, job, level, 0) for job, level in wishes):
        causes.append(now + 1)
    return causes


def _has_room(sim: Reference, job: Job) -> bool:
    assert job.partition is not None
    return sim.holds(job.partition, [*sim.running(), job]) and not is_over_limit(sim, job)


def _powered(sim: Reference, job: Job, level: int, after_s: int) -> bool:
    """Whether there is power for this job at a level, once the battery has charged for so long."""
    now_content = sim.content
    sim.content += sim.content_rate() * after_s
    enough = sim.powered(job, level)
    sim.content = now_content
    return enough


def _charged_enough_in_s(sim: Reference, job: Job, level: int) -> int | None:
    """§3.8: seconds until the rising content lets this job start or be faster, if it ever does."""
    if _powered(sim, job, level, 0):
        return None
    low, high = 0, (sim.full - sim.content) // sim.content_rate()
    if not _powered(sim, job, level, high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _powered(sim, job, level, middle) else (middle, high)
    return high
