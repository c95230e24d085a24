"""A plan of what will be free when, for conservative backfilling.

The plan is a staircase: times, and from each time on what is free of every resource if running jobs
end at their estimates and planned jobs keep their places. It lives in the scratch row of the state:
column 0 the time, column 1 power, then cores, GPUs and memory of each partition.
"""

from __future__ import annotations

from rare.compile import rule
from rare.model import NEVER_S
from rare.state import EXPECTED, cell_of, ends_of, entry_of, env_of, live_of, part_of

COLUMNS_PER_PARTITION = 3


@rule
def width(w):
    """Numbers in one step of the staircase."""
    return 2 + COLUMNS_PER_PARTITION * w.partitions


@rule
def add_running(w, step, live, sign):
    """Add what a job holds to one step of the plan."""
    at = step * width(w)
    column = at + 2 + COLUMNS_PER_PARTITION * live.part
    cell_of(w, at + 1).value += sign * live.planned_mw
    cell_of(w, column).value += sign * live.cores
    cell_of(w, column + 1).value += sign * live.gpus_milli
    cell_of(w, column + 2).value += sign * live.memory_mib


@rule
def copy_step(w, source, target):
    """Make one step equal to another."""
    columns = width(w)
    for c in range(columns):
        cell_of(w, target * columns + c).value = cell_of(w, source * columns + c).value


@rule
def begin(w):
    """Lay the staircase from now on: running jobs end at their estimates, those past them now."""
    s = env_of(w)
    cell_of(w, 0).value = s.now_s
    cell_of(w, 1).value = s.start_cap_mw - s.active_mw - s.node_mw
    for p in range(w.partitions):
        part = part_of(w, p)
        cell_of(w, 2 + COLUMNS_PER_PARTITION * p).value = part.free_cores
        cell_of(w, 3 + COLUMNS_PER_PARTITION * p).value = part.free_gpus_milli
        cell_of(w, 4 + COLUMNS_PER_PARTITION * p).value = part.free_memory_mib
    last = 0
    for i in range(ends_of(w, EXPECTED).first, ends_of(w, EXPECTED).last):
        live = live_of(w, entry_of(w, EXPECTED, i).slot)
        end_s = max(live.expected_s, s.now_s)
        if end_s > cell_of(w, last * width(w)).value:
            copy_step(w, last, last + 1)
            last += 1
            cell_of(w, last * width(w)).value = end_s
        add_running(w, last, live, 1)
    s.pass_rows = last + 1


@rule
def fits_step(w, step, live):
    """Whether a job fits into one step of the plan."""
    at = step * width(w)
    column = at + 2 + COLUMNS_PER_PARTITION * live.part
    return (
        cell_of(w, column).value >= live.cores
        and cell_of(w, column + 1).value >= live.gpus_milli
        and cell_of(w, column + 2).value >= live.memory_mib
        and cell_of(w, at + 1).value >= live.planned_mw
    )


@rule
def split(w, step, time_s):
    """Make a step begin at `time_s`, which lies in `step`; returns the step that begins there."""
    s = env_of(w)
    if cell_of(w, step * width(w)).value == time_s:
        return step
    for i in range(s.pass_rows - 1, step, -1):
        copy_step(w, i, i + 1)
    copy_step(w, step, step + 1)
    cell_of(w, (step + 1) * width(w)).value = time_s
    s.pass_rows += 1
    return step + 1


@rule
def place(w, slot, run_s):
    """Reserve the earliest time at which a job fits for all its run; NEVER_S: it never does."""
    s = env_of(w)
    live = live_of(w, slot)
    columns = width(w)
    begin_step = 0
    step = 0
    while True:
        if step == s.pass_rows:
            break
        if (
            begin_step < step
            and cell_of(w, step * columns).value >= cell_of(w, begin_step * columns).value + run_s
        ):
            break
        if not fits_step(w, step, live):
            begin_step = step + 1
        step += 1
    if begin_step == s.pass_rows:
        return NEVER_S
    start_s = cell_of(w, begin_step * columns).value
    end_s = start_s + run_s
    if run_s == 0:
        return start_s
    step = begin_step
    while step < s.pass_rows and cell_of(w, step * columns).value < end_s:
        after = step + 1
        if after == s.pass_rows or cell_of(w, after * columns).value > end_s:
            split(w, step, end_s)
        add_running(w, step, live, -1)
        step += 1
    return start_s
