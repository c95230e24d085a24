"""The `slow` family in plain Python: whom to slow in a shortage, whom to make faster (RULES §11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reference.model import NO_DEADLINE_S, RAISE, SLOW, Job, decision

if TYPE_CHECKING:
    from tests.reference.plan import Head
    from tests.reference.simulator import Reference


def worth(job: Job, end_s: int) -> int:
    """Value earned by ending at `end_s` (§6.1, §6.2)."""
    if job.value_u is None or job.value_u <= 0:
        return 0
    if job.deadline_s is None or end_s <= job.deadline_s:
        return job.value_u
    return job.value_u * max(0, job.deadline_s + job.allowance_s - end_s) // job.allowance_s


def cheapest_to_slow(sim: Reference) -> int | None:
    """The decision to slow the running job that loses the least value for each watt saved; or None."""
    offers = []
    for job in sim.running():
        if not sim.may_slow(job):
            continue
        saved_mw = job.active_mw - sim.level_mw(job, job.level + 1)
        if saved_mw >= 1:
            lost_u = worth(job, sim.expected_end_s(job)) - worth(job, sim.expected_end_s(job, job.level + 1))
            offers.append((lost_u / saved_mw, -saved_mw, -job.index))
    return decision(-min(offers)[-1], SLOW) if offers else None


def most_urgent_raise(sim: Reference, heads: list[Head]) -> int | None:
    """The running job of least slack that may be made faster, as a decision.

    heads: reservations that must not be delayed. One that the raise reaches beyond gives up what it takes.
    """
    offers = []
    for job in sim.running():
        if sim.may_raise(job) and not any(_delays(sim, job, head) for head in heads):
            slack_s = NO_DEADLINE_S if job.deadline_s is None else job.deadline_s - sim.expected_end_s(job)
            offers.append((slack_s, job.index))
    if not offers:
        return None
    job = sim.jobs[min(offers)[1]]
    for head in heads:
        if sim.expected_end_s(job, job.level - 1) > head.shadow_s:
            head.spare_mw -= _added_mw(sim, job)
    return decision(job.index, RAISE)


def _added_mw(sim: Reference, job: Job) -> int:
    return sim.level_mw(job, job.level - 1) - job.active_mw


def _delays(sim: Reference, job: Job, head: Head) -> bool:
    """Whether the faster job still runs at the reservation and takes more than it leaves over."""
    return (
        sim.expected_end_s(job, job.level - 1) > head.shadow_s and _added_mw(sim, job) > head.spare_mw
    )  # fmt: skip
