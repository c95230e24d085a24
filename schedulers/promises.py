"""Promised starts, for the conservative backfill that keeps them (RULES §10.7).

A waiting job is promised the start that the plan gives it at the first pass that sees it. Later passes
place the jobs in the order of their promises, and who has none after them. Whoever was placed before a job
then starts no later than promised, so at the job's own promised start it holds no more than was planned:
the job fits there at the latest, if running jobs end by their estimates and the power is as foreseen.

The turns lie in the scratch row, behind the outlook's projection: first their number, then live slots.
"""

from __future__ import annotations

from rare import lists
from rare.compile import rule
from rare.model import NEVER_S
from rare.orders import estimate_left_s
from rare.state import (
    NO_PROMISE,
    QUEUE,
    SUSPENDED,
    cell_of,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
    part_of,
)

MOST_WAIT_S = 2**31 - 1  # of a promise: what its field holds


@rule
def turn_cell(w, turn):
    """The live slot whose turn it is; turn -1: the number of turns."""
    return cell_of(w, 2 * (w.forecast_steps + 1) + 1 + turn)


@rule
def turns(w):
    """Number of jobs in the present line."""
    return turn_cell(w, -1).value


@rule
def promised_s(w, slot):
    """When a waiting job has been promised to start at the latest; NEVER_S without a promise."""
    live = live_of(w, slot)
    if live.promised_wait_s == NO_PROMISE:
        return NEVER_S
    return job_of(w, live.job).submit_s + live.promised_wait_s


@rule
def line_up(w):
    """Line up the waiting jobs by their promises; equal ones, and those without, stay in queue order."""
    first = ends_of(w, QUEUE).first
    count = lists.size(w, QUEUE)
    turn_cell(w, -1).value = count
    for i in range(count):
        slot = entry_of(w, QUEUE, first + i).slot
        latest_s = promised_s(w, slot)
        j = i
        while j > 0 and promised_s(w, turn_cell(w, j - 1).value) > latest_s:
            turn_cell(w, j).value = turn_cell(w, j - 1).value
            j -= 1
        turn_cell(w, j).value = slot


@rule
def longest_run_s(w, slot):
    """How long a waiting job holds its resources by its estimate at most, whatever nodes have to wake.

    Not `expected_run_s`: a promise must not break because other nodes sleep at its time.
    """
    live = live_of(w, slot)
    run_s = estimate_left_s(job_of(w, live.job), live.left_s) + part_of(w, live.part).wake_s
    return run_s + env_of(w).restart_s if live.doing == SUSPENDED else run_s


@rule
def promise(w, slot, start_s):
    """Promise a waiting job this start. A promise it has is never moved to a later time."""
    live = live_of(w, slot)
    wait_s = min(start_s - job_of(w, live.job).submit_s, MOST_WAIT_S)
    if live.promised_wait_s == NO_PROMISE or wait_s < live.promised_wait_s:
        live.promised_wait_s = wait_s
