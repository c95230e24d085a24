"""A plan for every job, and the compiled chooser that follows it through the normal decision points.

A plan has a row for each job: its rank (smaller goes first), its earliest start, and a reservation. From
`hold_from_s` on, while the job waits, jobs of worse rank may start only if they end by `hold_until_s`, by
their true run times; from then until `hold_end_s` none of them may. `sticky`: the same holds whenever the job
is suspended. Of several such jobs the one of best rank counts. What else rows and plan have is for speed
levels (level_plan.py): the fastest and the slowest level of a job, when it may be made faster, and what the
plan does in a shortage (`slows`) and with power to spare (`raises`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.model import NEVER_S
from rare.rules.advance import advance
from rare.rules.decide import OK, apply, has_power_at, why_not_start
from rare.state.arrays import (
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
from rare.state.compile import rule
from rare.state.memory import Copyable, accessor, arguments, fresh, register, without_addresses

ROW = np.dtype(
    [
        ("rank", "f8"),
        ("not_before_s", "i8"),
        ("hold_from_s", "i8"),
        ("hold_until_s", "i8"),
        ("hold_end_s", "i8"),
        ("sticky", "i8"),
        ("fastest", "i8"),
        ("slowest", "i8"),
        ("raise_from_s", "i8"),
    ]
)
PLAN = np.dtype([("at_rows", "i8"), ("first_job", "i8"), ("slows", "i8"), ("raises", "i8")])
GIVE_UP, SLOW_FIRST, SLOW_IF_ENOUGH = range(3)
"""In a shortage: nobody is made slower; whoever may be is, before jobs are given up; so if that is enough."""
NEVER_RAISE, RAISE_AFTER_STARTS, RAISE_BY_RANK = range(3)
"""Jobs are made faster: never; when no job starts; before jobs of worse rank start."""
_row = accessor(ROW)


@rule
def row_of(plan, job):
    """The plan's row of a job, by its index in the world."""
    return _row(plan.at_rows, job - plan.first_job)


@rule
def run_left_s(w, slot):
    """Time that a waiting job would run [s], by its true run time, with its restart."""
    live = live_of(w, slot)
    return live.left_s + (env_of(w).restart_s if live.doing == SUSPENDED else 0)


@rule
def holder(w, plan):
    """The waiting job of best rank whose reservation holds now, as a slot, or WAIT."""
    now_s = env_of(w).now_s
    chosen = WAIT
    best = 0.0
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        live = live_of(w, slot)
        row = row_of(plan, live.job)
        expected = row.hold_from_s <= now_s < row.hold_end_s
        if (expected or (row.sticky > 0 and live.doing == SUSPENDED)) and (chosen == WAIT or row.rank < best):
            chosen = slot
            best = row.rank
    return chosen


@rule
def may_start_full(w, slot):
    """Whether a waiting job may start now at full speed."""
    return why_not_start(w, slot) == OK and (w.speed_levels <= 1 or has_power_at(w, slot, 0))


@rule
def choose_planned(w, plan):
    """The job of best rank that may start and delays no reservation, as a slot, or WAIT."""
    now_s = env_of(w).now_s
    chosen = WAIT
    best = 0.0
    held = holder(w, plan)
    held_rank = 0.0
    room_s = NEVER_S
    if held != WAIT:
        row = row_of(plan, live_of(w, held).job)
        held_rank = row.rank
        room_s = row.hold_until_s - now_s
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        row = row_of(plan, live_of(w, slot).job)
        if row.not_before_s > now_s or (chosen != WAIT and row.rank >= best):
            continue
        if held != WAIT and row.rank > held_rank and run_left_s(w, slot) > room_s:
            continue
        if may_start_full(w, slot):
            chosen = slot
            best = row.rank
    return chosen


@rule
def victim_planned(w, plan):
    """The running job of worst rank, preemptible ones before others, as a slot; WAIT if none runs."""
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
    """Run under a plan for at most `steps` decisions; the last status that `advance` returned."""
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


class Plan(Copyable):
    """Rows for the jobs of a case, in rank order at first. `rows` may be written to.

    handle: for compiled code. at_levels: whether it is followed by the rules of level_plan.py.
    """

    def __init__(self, jobs: int) -> None:
        self.at_levels = False
        self.rows = np.zeros(jobs, ROW).view(np.recarray)
        self.rows.rank = np.arange(jobs)
        self._header = np.zeros(1, PLAN).view(np.recarray)
        self._bind()

    def _bind(self) -> None:
        self._header.at_rows = register(self.rows)
        self.handle = arguments(self._header)[0]

    def __getstate__(self) -> dict[str, Any]:
        header = without_addresses(self._header)
        return {"rows": self.rows, "header": header, "at_levels": self.at_levels}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.rows, self._header = fresh(state["rows"]), fresh(state["header"])
        self.at_levels = state["at_levels"]
        self._bind()

    @property
    def modes(self) -> tuple[int, int]:
        """What the plan does in a shortage, and when it makes jobs faster."""
        return int(self._header.slows[0]), int(self._header.raises[0])

    @modes.setter
    def modes(self, modes: tuple[int, int]) -> None:
        if modes != self.modes:
            self._header.slows, self._header.raises = modes
            self.handle = arguments(self._header)[0]

    def begin_at(self, first_job: int) -> None:
        """Follow the plan in a world in which the job of its first row has this index."""
        self._header.first_job = first_job
        self.handle = arguments(self._header)[0]
