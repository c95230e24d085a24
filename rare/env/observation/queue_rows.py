"""The rows of the waiting jobs in an observation, kept up to date instead of written anew, compiled.

A row moves up when a job before it leaves. Of a job that goes on waiting only three features change, with
time, and whether it may start: for these the columns of buffers.COLUMNS have what is needed, side by side.
"""

from __future__ import annotations

import numpy as np

from rare.env.observation import layout
from rare.env.observation.buffers import (
    count_in,
    flag_in,
    memory_of,
    move_counts,
    move_numbers,
    move_wholes,
    move_wishes,
    number_at,
    number_in,
    slot_at,
    whole_in,
    wish_in,
)
from rare.env.observation.level_features import may_start
from rare.env.observation.visible_jobs import card_of
from rare.model import NEVER_S
from rare.rules.job_life import HUGE
from rare.state.arrays import env_of, live_of, part_of
from rare.state.compile import rule
from traces.numbers.constants import HOUR_S

QUEUE_FEATURES = len(layout.QUEUE)
NEVER = float(NEVER_S)
GAP = 4  # that many jobs in a row may leave before the rows behind them are written anew
# where each number lies in its row; the import fails unless these are the layout's features
(
    JOB_PRESENT, JOB_CORES, JOB_GPUS, JOB_MEMORY, JOB_POWER, JOB_DENSITY, JOB_PREEMPTIBLE, JOB_SUSPENDED,
    JOB_ESTIMATE, JOB_WAITED, JOB_SLACK, JOB_ATTAINABLE, JOB_STARTABLE,
) = layout.places(
    "queue", "present", "cores", "gpus", "memory", "power", "density", "preemptible", "suspended",
    "estimate", "waited", "slack", "attainable", "startable",
)  # fmt: skip


@rule
def write_row(w, v, slot, i):
    """Write what does not change of a waiting job into row i, and into the columns what the rest needs."""
    m = memory_of(v)
    live = live_of(w, slot)
    card = card_of(w, v, slot)
    obs = v.at_obs
    at = v.queue_at + i * QUEUE_FEATURES
    number_at(obs, at + JOB_PRESENT).x = 1.0
    number_at(obs, at + JOB_CORES).x = card.cores
    number_at(obs, at + JOB_GPUS).x = card.gpus
    number_at(obs, at + JOB_MEMORY).x = card.memory
    number_at(obs, at + JOB_POWER).x = card.power
    number_at(obs, at + JOB_DENSITY).x = card.density
    number_at(obs, at + JOB_PREEMPTIBLE).x = card.preemptible
    number_at(obs, at + JOB_SUSPENDED).x = card.suspended
    number_at(obs, at + JOB_ESTIMATE).x = card.estimate
    count_in(m.at_job, i).x = live.job
    count_in(m.at_cores, i).x = live.cores
    number_in(m.at_worth, i).x = 1.0 if card.wish > 0 else 0.0
    number_in(m.at_decline, i).x = card.decline
    wish_in(m.at_submit_s, i).x = card.submit_s
    wish_in(m.at_latest_s, i).x = card.latest_s
    whole_in(m.at_power_mw, i).x = live.power_mw
    whole_in(m.at_changed_s, i).x = live.changed_s


@rule
def move_rows(v, source, target, count):
    """Move rows and what the columns have of them."""
    m = memory_of(v)
    first = v.queue_at
    features = QUEUE_FEATURES
    move_numbers(v.at_obs, first + source * features, first + target * features, count * features)
    move_counts(m.at_job, source, target, count)
    move_counts(m.at_cores, source, target, count)
    move_numbers(m.at_worth, source, target, count)
    move_numbers(m.at_decline, source, target, count)
    move_wishes(m.at_submit_s, source, target, count)
    move_wishes(m.at_latest_s, source, target, count)
    move_wholes(m.at_power_mw, source, target, count)
    move_wholes(m.at_changed_s, source, target, count)


@rule
def has_row(w, v, i, sure):
    """Whether row i is of the job in slot i, as it is now. sure: if it is of the job, then as it is now."""
    m = memory_of(v)
    if count_in(m.at_job, i).x != count_in(m.at_wanted, i).x:
        return False
    return sure or whole_in(m.at_changed_s, i).x == live_of(w, slot_at(v.at_slots, i).slot).changed_s


@rule
def row_behind(v, i, rows):
    """How many rows behind row i the row of the job in slot i is; 0: it is not among the next few."""
    m = memory_of(v)
    job = count_in(m.at_wanted, i).x
    for gap in range(1, min(GAP + 1, rows - i)):
        if count_in(m.at_job, i + gap).x == job:
            return gap
    return 0


@rule
def goes_on_behind(m, i, shown):
    """Whether the job of row i is now in the next slot: another has come in between."""
    return i + 1 < shown and count_in(m.at_job, i).x == count_in(m.at_wanted, i + 1).x


@rule
def keep_rows(w, v, shown):
    """Bring the rows into accordance with the slots and the column `wanted`; write anew what no row has."""
    s = env_of(w)
    m = memory_of(v)
    rows = m.rows
    # a job can have left the queue and come back unseen only after two decisions, or in an outage
    sure = s.decisions - m.decisions <= 1 and s.lost == m.lost
    written = 0
    for i in range(shown):
        if i < rows:
            if has_row(w, v, i, sure):
                continue
            gap = row_behind(v, i, rows)
            if gap > 0:
                move_rows(v, i + gap, i, rows - i - gap)
                rows -= gap
                if has_row(w, v, i, sure):
                    continue
            elif rows < v.queue_slots and goes_on_behind(m, i, shown):
                move_rows(v, i, i + 1, rows - i)
                rows += 1
                v.shown_queue = max(v.shown_queue, rows)  # up to there it is to be cleared
        write_row(w, v, slot_at(v.at_slots, i).slot, i)
        rows = max(rows, i + 1)
        written += 1
    if written > 0 or m.rows_s != s.now_s:
        show_times(v, shown, float(s.now_s))
    m.rows = shown
    m.rows_s = s.now_s
    m.decisions = s.decisions
    m.lost = s.lost


@rule
def find_times(m, shown, now_s):
    """Features that change with time, into their columns: waited, slack, attainable share of the value.

    As by_hour and worth_share have them; times as float64, which holds whole seconds exactly and, unlike
    int64, becomes float32 for several at once.
    """
    submits, latests, declines, worths = m.at_submit_s, m.at_latest_s, m.at_decline, m.at_worth
    waits, slacks, shares = m.at_waited, m.at_slack, m.at_share
    hour = np.float32(HOUR_S)
    for i in range(shown):
        latest_s = wish_in(latests, i).x
        waited = np.float32(now_s - wish_in(submits, i).x)
        left = np.float32(latest_s - now_s)
        share = 1.0 - (now_s - latest_s) * number_in(declines, i).x
        share = share if share > 0.0 else 0.0
        share = 1.0 if now_s <= latest_s else share
        slack = left / (abs(left) + hour)
        number_in(waits, i).x = waited / (abs(waited) + hour)
        number_in(slacks, i).x = slack if latest_s != NEVER else np.float32(1.0)
        number_in(shares, i).x = share * number_in(worths, i).x


@rule
def show_times(v, shown, now_s):
    """Write the features that change with time into the rows."""
    m = memory_of(v)
    find_times(m, shown, now_s)
    waits, slacks, shares = m.at_waited, m.at_slack, m.at_share
    obs = v.at_obs
    at = v.queue_at
    for i in range(shown):
        number_at(obs, at + JOB_WAITED).x = number_at(waits, i).x
        number_at(obs, at + JOB_SLACK).x = number_at(slacks, i).x
        number_at(obs, at + JOB_ATTAINABLE).x = number_at(shares, i).x
        at += QUEUE_FEATURES


@rule
def find_candidates(w, m, shown):
    """Note who has the cores and the power that a start takes at least: most jobs have not."""
    s = env_of(w)
    free = 0
    for p in range(w.partitions):
        free = max(free, part_of(w, p).free_cores)
    spare_mw = s.start_cap_mw - s.active_mw - s.node_mw if w.speed_levels <= 1 else HUGE
    cores, powers, may = m.at_cores, m.at_power_mw, m.at_may
    for i in range(shown):
        flag_in(may, i).x = (count_in(cores, i).x <= free) & (whole_in(powers, i).x <= spare_mw)


@rule
def mark_startable(w, v, shown, startable_at):
    """Mask and feature of the jobs that may start, which none before `startable_at` may; their number."""
    m = memory_of(v)
    find_candidates(w, m, shown)
    may, obs = m.at_may, v.at_obs
    for i in range(min(startable_at, shown)):
        flag_in(may, i).x = 0
    valid = 0
    for i in range(startable_at, shown):
        if flag_in(may, i).x != 0:
            if may_start(w, v, slot_at(v.at_slots, i).slot):
                valid += 1
            else:
                flag_in(may, i).x = 0
    mask = v.at_mask
    for i in range(shown):
        flag_in(mask, 1 + i).x = flag_in(may, i).x
        number_in(obs, 1 + i).x = flag_in(may, i).x
    at = v.queue_at + JOB_STARTABLE
    for i in range(shown):
        number_at(obs, at).x = flag_in(may, i).x
        at += QUEUE_FEATURES
    return valid
