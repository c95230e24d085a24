"""One candidate played on in a copy of the state: the compiled part of the lookahead scheduler.

The copy is environment 1 of a small world of its own; environment 0 is the template that it is taken from
(schedulers.lookahead.belief). Both hold only what a scheduler may know.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rare.model import NEVER_S
from rare.rules.advance import next_event_s, take_inputs
from rare.rules.decide import apply, why_not_start, why_not_suspend
from rare.rules.events.waiting_timers import latest_start_of
from rare.rules.instant import instant
from rare.rules.job_life import HUGE, OK
from rare.rules.objective import PRICES, objective_u
from rare.rules.orders import estimate_left_s, worth_at
from rare.rules.power_balance import account
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
from schedulers.heuristics.chooser import choose
from schedulers.heuristics.victims import victim

TERMS = np.dtype([*PRICES, ("unserved", "f8")])
"""The prices of the objective; and what a job is worth at the horizon of which nothing has been done yet, as
a share of its value attainable then."""
CANDIDATE = np.dtype(
    [("slot", "i8"), ("worth", "f8"), ("per_joule", "f8"), ("slack_s", "f8"), ("since_s", "f8")], align=True
)
"""A valid action and what it is pruned by: value still attainable, the same per joule left, time to the
latest start, last start or resume."""


@rule
def _note(w, row, slot, left_s):
    """Fill in what a job is pruned by; left_s: of its estimate."""
    s = env_of(w)
    live = live_of(w, slot)
    row.slot = slot
    row.worth = float(worth_at(job_of(w, live.job), s.now_s + left_s))
    row.per_joule = row.worth / (max(left_s, 1) * max(float(live.power_mw), 1.0))
    latest_s = latest_start_of(w, slot)
    row.slack_s = float(min(latest_s - s.now_s, HUGE))
    row.since_s = float(live.resumed_s)


@rule
def startable(w, rows):
    """Note the waiting jobs that may start now, in queue order, and where allowed the running ones that may
    be suspended. Returns how many of each are noted: no more than `rows` holds."""
    s = env_of(w)
    count = 0
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        if count < len(rows) and why_not_start(w, slot) == OK:
            live = live_of(w, slot)
            _note(w, rows[count], slot, estimate_left_s(job_of(w, live.job), live.left_s))
            count += 1
    starts = count
    if s.voluntary:
        for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
            slot = entry_of(w, FINISH, i).slot
            if count < len(rows) and why_not_suspend(w, slot) == OK:
                _note(w, rows[count], slot, max(live_of(w, slot).expected_s - s.now_s, 0))
                count += 1
    return starts, count


@rule
def running(w, rows):
    """Note the running jobs, for a shortage. Returns their number, at most what `rows` holds."""
    s = env_of(w)
    count = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if count < len(rows):
            _note(w, rows[count], slot, max(live_of(w, slot).expected_s - s.now_s, 0))
            count += 1
    return count


class Words(NamedTuple):
    """The state of environments 0 and 1 as plain numbers, environment axis first."""

    env: np.ndarray
    part: np.ndarray
    live: np.ndarray
    entries: np.ndarray  # of the sorted lists
    ends: np.ndarray


@rule
def fork(words, slots):
    """Make environment 1 equal to environment 0, as far as it is in use: so many slots for live jobs."""
    env, part, live, entries, ends = words
    env[1] = env[0]
    part[1] = part[0]
    live[1, :slots] = live[0, :slots]
    ends[1] = ends[0]
    for which in range(entries.shape[1]):
        first = ends[0, which, 0]
        last = ends[0, which, 1]
        entries[1, which, first:last] = entries[0, which, first:last]


@rule
def run_until(w, policy, until_s):
    """Run under a heuristic to the last instant before `until_s`, and account up to it.

    ENDED, CLOSED once there, or what is needed first.
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
        if status == DECIDE_START:
            apply(w, choose(w, policy))
        elif status == DECIDE_SHED:
            apply(w, victim(w, policy))
        elif status != CLOSED:
            return status


@rule
def prospects(w, unserved):
    """Value of the jobs that are still here, for what has been done of each and a share of the rest."""
    s = env_of(w)
    total = 0.0
    if s.phase == OVER:
        return total
    for which in (QUEUE, FINISH):
        for i in range(ends_of(w, which).first, ends_of(w, which).last):
            live = live_of(w, entry_of(w, which, i).slot)
            job = job_of(w, live.job)
            left_s = live.left_s
            if live.doing == RUNNING:
                left_s -= max(s.now_s - live.progress_s, 0)
            left_s = max(left_s, 0)
            end_s = s.now_s + left_s
            done = 1.0 - left_s / max(job.work_s, 1)
            total += worth_at(job, end_s) * (done + (1.0 - done) * unserved)
    return total


@rule
def play(words, slots, w, policy, terms, slot, until_s):
    """Objective in micro-units that comes of this action now and the heuristic from then on.

    words, slots: as `fork` takes them. w: the handle of environment 1 with the inputs of one sample. terms:
    a TERMS record. Returns the objective and whether the run came to its end; False: it lacked room for
    live jobs.
    """
    fork(words, slots)
    apply(w, slot)
    status = run_until(w, policy, until_s)
    return objective_u(w, terms) + prospects(w, terms.unserved), status in (CLOSED, ENDED)
