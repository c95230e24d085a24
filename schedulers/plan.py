"""A plan of what will be free when, for conservative backfilling.

The plan is a staircase: times, and from each time on what is free of every resource if running jobs
end at their estimates and planned jobs keep their places. It lives in the scratch row of the state:
column 0 the time, column 1 power, then cores, GPUs and memory of each partition.
"""

from __future__ import annotations

from rare.compile import rule
from rare.model import NEVER_S
from rare.state import EXPECTED

COLUMNS_PER_PARTITION = 3


@rule
def width(w):
    """Numbers in one step of the staircase."""
    return 2 + COLUMNS_PER_PARTITION * w.part.shape[1]


@rule
def add_running(w, e, step, live, sign):
    """Add what a job holds to one step of the plan."""
    row = w.scratch[e]
    at = step * width(w)
    column = at + 2 + COLUMNS_PER_PARTITION * live.part
    row[at + 1] += sign * live.planned_mw
    row[column] += sign * live.cores
    row[column + 1] += sign * live.gpus_milli
    row[column + 2] += sign * live.memory_mib


@rule
def copy_step(w, e, source, target):
    """Make one step equal to another."""
    row = w.scratch[e]
    columns = width(w)
    for c in range(columns):
        row[target * columns + c] = row[source * columns + c]


@rule
def begin(w, e):
    """Lay the staircase from now on: running jobs end at their estimates, those past them now."""
    s = w.env[e]
    row = w.scratch[e]
    row[0] = s.now_s
    row[1] = s.start_cap_mw - s.active_mw - s.node_mw
    for p in range(w.part.shape[1]):
        part = w.part[e, p]
        row[2 + COLUMNS_PER_PARTITION * p] = part.free_cores
        row[3 + COLUMNS_PER_PARTITION * p] = part.free_gpus_milli
        row[4 + COLUMNS_PER_PARTITION * p] = part.free_memory_mib
    last = 0
    for i in range(w.ends[e, EXPECTED, 0], w.ends[e, EXPECTED, 1]):
        live = w.live[e, w.lists[e, EXPECTED, i].slot]
        end_s = max(live.expected_s, s.now_s)
        if end_s > row[last * width(w)]:
            copy_step(w, e, last, last + 1)
            last += 1
            row[last * width(w)] = end_s
        add_running(w, e, last, live, 1)
    s.pass_rows = last + 1


@rule
def fits_step(w, e, step, live):
    """Whether a job fits into one step of the plan."""
    row = w.scratch[e]
    at = step * width(w)
    column = at + 2 + COLUMNS_PER_PARTITION * live.part
    return (
        row[column] >= live.cores
        and row[column + 1] >= live.gpus_milli
        and row[column + 2] >= live.memory_mib
        and row[at + 1] >= live.planned_mw
    )


@rule
def split(w, e, step, time_s):
    """Make a step begin at `time_s`, which lies in `step`; returns the step that begins there."""
    s = w.env[e]
    row = w.scratch[e]
    if row[step * width(w)] == time_s:
        return step
    for i in range(s.pass_rows - 1, step, -1):
        copy_step(w, e, i, i + 1)
    copy_step(w, e, step, step + 1)
    row[(step + 1) * width(w)] = time_s
    s.pass_rows += 1
    return step + 1


@rule
def place(w, e, slot, run_s):
    """Reserve the earliest time at which a job fits for all its run; NEVER_S: it never does."""
    s = w.env[e]
    row = w.scratch[e]
    live = w.live[e, slot]
    columns = width(w)
    begin_step = 0
    step = 0
    while True:
        if step == s.pass_rows:
            break
        if begin_step < step and row[step * columns] >= row[begin_step * columns] + run_s:
            break
        if not fits_step(w, e, step, live):
            begin_step = step + 1
        step += 1
    if begin_step == s.pass_rows:
        return NEVER_S
    start_s = row[begin_step * columns]
    end_s = start_s + run_s
    if run_s == 0:
        return start_s
    step = begin_step
    while step < s.pass_rows and row[step * columns] < end_s:
        after = step + 1
        if after == s.pass_rows or row[after * columns] > end_s:
            split(w, e, step, end_s)
        add_running(w, e, step, live, -1)
        step += 1
    return start_s
