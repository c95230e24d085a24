"""One candidate played on in a copy of the state: the compiled part of the lookahead scheduler.

The copy is environment 1 of a small world of its own; environment 0 is the template that it is taken from
(schedulers.lookahead.belief). Both hold only what a scheduler may know.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from rare.model import NEVER_S, Case
from rare.rules.advance import next_event_s, take_inputs
from rare.rules.decide import apply
from rare.rules.instant import instant
from rare.rules.objective import PRICES, objective_u, prices_per_u
from rare.rules.orders import worth_at
from rare.rules.power_balance import account
from rare.rules.progress.pace import WHOLE, left_now_s, level_of, rate_at
from rare.state.arrays import (
    CLOSED,
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    FINISH,
    IDLE,
    OVER,
    QUEUE,
    RUNNING,
    SETTLING,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
)
from rare.state.compile import rule
from rare.state.memory import records
from schedulers.heuristics.chooser import choose
from schedulers.heuristics.victims import victim

TERMS = np.dtype([*PRICES, ("unserved", "f8")])
"""The prices of the objective; and what a job is worth at the horizon of which nothing has been done yet, as
a share of its value attainable then."""


def terms_of(case: Case, unserved: float) -> np.recarray:
    """(1,) TERMS of a case."""
    terms = records((1,), TERMS)
    for name, value in prices_per_u(case).items():
        terms[name] = value
    terms.unserved = unserved
    return cast(np.recarray, terms)


class Words(NamedTuple):
    """The state of environments 0 and 1 as plain numbers, environment axis first."""

    env: np.ndarray
    part: np.ndarray
    live: np.ndarray
    lists: np.ndarray
    ends: np.ndarray
    pace: np.ndarray
    limits: np.ndarray
    group_use: np.ndarray
    associations: np.ndarray


@rule
def fork(words, slots):
    """Make environment 1 equal to environment 0, as far as it is in use: so many slots for live jobs."""
    env, part, live, entries, ends, pace, limits, group_use, associations = words
    env[1] = env[0]
    part[1] = part[0]
    live[1, :slots] = live[0, :slots]
    ends[1] = ends[0]
    if pace.shape[1] > 0:
        pace[1, :slots] = pace[0, :slots]
    limits[1] = limits[0]
    group_use[1] = group_use[0]
    associations[1] = associations[0]
    for which in range(entries.shape[1]):
        first = ends[0, which, 0]
        last = ends[0, which, 1]
        entries[1, which, first:last] = entries[0, which, first:last]


@rule
def next_decision(w, until_s):
    """Run to the next decision before `until_s`; DECIDE_SHED or DECIDE_START.

    Without one, account up to `until_s` and return CLOSED; or ENDED, or what is needed first.
    """
    s = env_of(w)
    while True:
        if s.phase == IDLE:
            next_s = next_event_s(w)
            if next_s >= until_s:
                if until_s < NEVER_S:
                    account(w, until_s)
                return CLOSED
            take_inputs(w, next_s)
            s.wake_s = next_s
            s.phase = SETTLING
        status = instant(w)
        if status != CLOSED:
            return status


@rule
def run_until(w, policy, until_s):
    """Run under a heuristic to the last instant before `until_s`; what `next_decision` returned last."""
    status = next_decision(w, until_s)
    while status in (DECIDE_START, DECIDE_SHED):
        if status == DECIDE_START:
            apply(w, choose(w, policy))
        else:
            apply(w, victim(w, policy))
        status = next_decision(w, until_s)
    return status


@rule
def prospects(w, unserved):
    """Value of the jobs that are still here, for what has been done of each and a share of the rest.

    What is missing to its full value counts as not served, and is charged as a share of the price for that.
    """
    s = env_of(w)
    total = 0.0
    if s.phase == OVER:
        return total
    for which in (QUEUE, FINISH):
        for i in range(ends_of(w, which).first, ends_of(w, which).last):
            slot = entry_of(w, which, i).slot
            live = live_of(w, slot)
            job = job_of(w, live.job)
            left_s = max(left_now_s(w, slot), 0)
            end_s = s.now_s + left_s
            if live.doing == RUNNING and level_of(w, slot) > 0:
                rate = rate_at(w, slot, level_of(w, slot))
                end_s = s.now_s + (left_s * WHOLE + rate - 1) // rate
            done = 1.0 - left_s / max(job.work_s, 1)
            attained = done + (1.0 - done) * unserved
            total += worth_at(job, end_s) * attained - job.unserved_u * (1.0 - attained)
    return total


@rule
def outcome_u(w, terms, status):
    """(objective and prospects of a run in micro-units, whether it came to its end: else it lacked room)."""
    return objective_u(w, terms) + prospects(w, terms.unserved), status in (CLOSED, ENDED)


@rule
def play(words, slots, w, policy, terms, code, until_s):
    """What comes of this decision now and the heuristic from then on, as `outcome_u` has it.

    words, slots: as `fork` takes them. w: the handle of environment 1 with the inputs of one sample. terms:
    a TERMS record.
    """
    fork(words, slots)
    apply(w, code)
    return outcome_u(w, terms, run_until(w, policy, until_s))
