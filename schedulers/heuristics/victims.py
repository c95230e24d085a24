"""Whom a heuristic slows or gives up in a shortage, compiled."""

from __future__ import annotations

import math

from rare.model import NEVER_S
from rare.rules.job_life import HUGE
from rare.state.arrays import FINISH, WAIT, ends_of, entry_of, env_of, job_of, live_of
from rare.state.codes import Choice, check_branches
from rare.state.compile import rule
from rare.state.decisions import SLOW, decision
from schedulers.heuristics.speeds import FULL_SPEED, cheapest_slowing
from traces.name_registry import Registry

LATEST, LOWEST_VALUE, LOWEST_VALUE_PER_WATT, MOST_SLACK = range(4)

VICTIMS: Registry[Choice] = Registry("victim rule")
VICTIMS.register("latest", "gives up the latest start or resume (default)", Choice(LATEST))
VICTIMS.register("lowvalue", "gives up the lowest value", Choice(LOWEST_VALUE))
VICTIMS.register("lowvaluewatt", "gives up the lowest value per watt", Choice(LOWEST_VALUE_PER_WATT))
VICTIMS.register("slackest", "gives up the job with the most slack", Choice(MOST_SLACK))
VICTIM_NAMES = VICTIMS.built_in  # by code


@rule
def reluctance(w, slot, victim_rule):
    """How much a running job should be kept; the least goes first. NaN for an unknown rule (none is)."""
    s = env_of(w)
    live = live_of(w, slot)
    job = job_of(w, live.job)
    if victim_rule == LOWEST_VALUE:
        return float(max(job.value_u, 0))
    if victim_rule == LOWEST_VALUE_PER_WATT:
        return max(job.value_u, 0) / max(float(live.power_mw), 1.0)
    if victim_rule == MOST_SLACK:
        if job.deadline_s == NEVER_S:
            return -float(HUGE)
        return -float(job.deadline_s - s.now_s - max(live.expected_s - s.now_s, 0))
    if victim_rule == LATEST:
        return -float(live.resumed_s)
    return math.nan


@rule
def victim(w, policy):
    """What this heuristic does in a shortage, as a decision: slow a job, or give one up."""
    if policy.speeds != FULL_SPEED and w.speed_levels > 1:
        slot = cheapest_slowing(w)
        if slot != WAIT:
            return decision(slot, SLOW)
    return given_up(w, policy)


@rule
def given_up(w, policy):
    """The running job that this heuristic gives up: preemptible first; ties: higher job."""
    chosen = WAIT
    least = 0.0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        value = reluctance(w, slot, policy.victim)
        better = chosen == WAIT
        if not better:
            one = live_of(w, slot)
            other = live_of(w, chosen)
            if one.preemptible != other.preemptible:
                better = one.preemptible > other.preemptible
            elif value != least:
                better = value < least
            else:
                better = one.job > other.job
        if better:
            chosen = slot
            least = value
    return chosen


check_branches(VICTIMS, reluctance, "victim_rule")
