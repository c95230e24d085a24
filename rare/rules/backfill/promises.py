"""Promised starts, for the conservative backfill that keeps them (RULES §10.7).

A waiting job is promised the start that the plan gives it at the instant at which it comes. Later plans
place the jobs in the order of their promises, and who has none after them. Whoever is placed before a job
then starts no later than promised, so from the job's own promised start on it holds no more than was
planned: the job fits there at the latest, if running jobs end by their estimates and the power is as
foreseen.

The turns lie in the scratch row, behind the outlook's projection: first their number, then live slots.
"""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.backfill import conservative_plan
from rare.rules.limits.queue_limits import is_over_limit
from rare.rules.orders import estimate_left_s, renew_order
from rare.rules.progress.pace import expected_run_at_s
from rare.state import live_lists
from rare.state.arrays import (
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
from rare.state.compile import rule

MOST_WAIT_S = 2**31 - 1  # of a promise: what its field holds
SHORTEST_S = 1  # of a run that is planned, and of what is left of a running job: it has not ended yet


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
    """Begin a plan: line up the waiting jobs by their promises; equal ones, and those without, stay in queue
    order."""
    conservative_plan.begin(w, SHORTEST_S)
    first = ends_of(w, QUEUE).first
    count = live_lists.size(w, QUEUE)
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
    """The same as `longest_run_at_s` at full speed."""
    return longest_run_at_s(w, slot, 0)


@rule
def longest_run_at_s(w, slot, level):
    """How long a waiting job holds its resources by its estimate at most, but a second at least.

    Not `expected_run_s`: a promise must not break because other nodes sleep at its time; and a job whose
    estimate is 0 needs its resources for an instant, which nobody else may be promised.
    """
    live = live_of(w, slot)
    run_s = part_of(w, live.part).wake_s
    if w.pace_rows > 0:
        run_s += expected_run_at_s(w, slot, level)
    else:
        run_s += estimate_left_s(job_of(w, live.job), live.left_s)
    if live.doing == SUSPENDED:
        run_s += env_of(w).restart_s
    return max(run_s, SHORTEST_S)


@rule
def place(w, slot):
    """Give a waiting job its place in the plan and promise it that start; NEVER_S: there is none in sight.

    A promise that it has is moved to an earlier start if anything has started or left since the last plan
    was finished, and never to a later one.
    """
    s = env_of(w)
    live = live_of(w, slot)
    start_s = conservative_plan.place(w, slot, longest_run_s(w, slot))
    if start_s == NEVER_S:
        return start_s
    wait_s = min(start_s - job_of(w, live.job).submit_s, MOST_WAIT_S)
    if live.promised_wait_s == NO_PROMISE:
        live.promised_wait_s = wait_s
    elif s.renewed_changes != s.changes:
        live.promised_wait_s = min(live.promised_wait_s, wait_s)
    return start_s


@rule
def is_due(w):
    """Whether a plan could change any promise: something has started or left, or somebody has none."""
    if env_of(w).renewed_changes != env_of(w).changes:
        return True
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        if live_of(w, entry_of(w, QUEUE, i).slot).promised_wait_s == NO_PROMISE:
            return True
    return False


@rule
def renew(w):
    """Plan for all waiting jobs at an instant at which none of them can start."""
    if not is_due(w):
        return
    renew_order(w)
    line_up(w)
    for i in range(turns(w)):
        if is_over_limit(w, turn_cell(w, i).value):
            live_of(w, turn_cell(w, i).value).promised_wait_s = NO_PROMISE
        else:
            place(w, turn_cell(w, i).value)
    env_of(w).renewed_changes = env_of(w).changes
