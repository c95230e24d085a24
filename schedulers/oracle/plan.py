"""A plan for every job, and the compiled chooser that carries it out through the normal decision points.

A plan is a row a job: its rank (smaller goes first), when it may start at the earliest, and from when to
when it is expected: from `hold_from_s` on, while it waits, jobs of higher rank number may start only if
they end by `hold_until_s`, by their true run times; from then until `hold_end_s` none of them may.
"""

from __future__ import annotations

import numpy as np

from rare.advance import advance
from rare.compile import rule
from rare.memory import accessor, arguments, register
from rare.rules import OK, apply, why_not_start
from rare.state import (
    DECIDE_SHED,
    DECIDE_START,
    FINISH,
    QUEUE,
    SUSPENDED,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    live_of,
)

ROW = np.dtype(
    [("rank", "f8"), ("not_before_s", "i8"), ("hold_from_s", "i8"), ("hold_until_s", "i8"), ("hold_end_s", "i8")]
)
PLAN = np.dtype([("at_rows", "i8")])
_row = accessor(ROW)


@rule
def row_of(plan, job):
    """What is planned for a job."""
    return _row(plan.at_rows, job)


@rule
def run_left_s(w, slot):
    """How long a waiting job would run, by its true run time."""
    live = live_of(w, slot)
    return live.left_s + (env_of(w).restart_s if live.doing == SUSPENDED else 0)


@rule
def is_held(w, slot, plan):
    """Whether a waiting job of better rank is expected, and this one would be in its way."""
    s = env_of(w)
    rank = row_of(plan, live_of(w, slot).job).rank
    end_s = s.now_s + run_left_s(w, slot)
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        other = row_of(plan, live_of(w, entry_of(w, QUEUE, i).slot).job)
        if other.rank < rank and other.hold_from_s <= s.now_s < other.hold_end_s:
            if end_s > other.hold_until_s:
                return True
    return False


@rule
def choose_planned(w, plan):
    """The job of best rank that may start and is not held, as a slot, or WAIT."""
    now_s = env_of(w).now_s
    chosen = WAIT
    best = 0.0
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        row = row_of(plan, live_of(w, slot).job)
        if row.not_before_s > now_s or (chosen != WAIT and row.rank >= best):
            continue
        if why_not_start(w, slot) == OK and not is_held(w, slot, plan):
            chosen = slot
            best = row.rank
    return chosen


@rule
def victim_planned(w, plan):
    """The running job of worst rank, preemptible ones first."""
    chosen = WAIT
    worst = 0.0
    rigid = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        live = live_of(w, slot)
        rank = row_of(plan, live.job).rank
        is_rigid = 0 if live.preemptible else 1
        if chosen == WAIT or is_rigid < rigid or (is_rigid == rigid and rank > worst):
            chosen = slot
            worst = rank
            rigid = is_rigid
    return chosen


@rule
def replay_plan(w, plan, steps):
    """Run under a plan for at most so many decisions; what `advance` returned last."""
    status = advance(w)
    while steps > 0:
        if status == DECIDE_START:
            apply(w, choose_planned(w, plan))
        elif status == DECIDE_SHED:
            apply(w, victim_planned(w, plan))
        else:
            return status
        status = advance(w)
        steps -= 1
    return status


class Plan:
    """Rows for the jobs of a case. `rows` may be written to; the handle goes to compiled code."""

    def __init__(self, jobs: int) -> None:
        self.rows = np.zeros(jobs, ROW).view(np.recarray)
        self.rows.rank = np.arange(jobs)
        header = np.zeros(1, PLAN).view(np.recarray)
        header.at_rows = register(self.rows)
        self._header = header
        self.handle = arguments(header)[0]
