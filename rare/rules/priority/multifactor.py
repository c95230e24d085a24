"""Slurm's multifactor priority of waiting jobs: RULES.md §14.1 and §14.2, compiled."""

from __future__ import annotations

import math

import numpy as np

from rare.model import NEVER_S
from rare.rules.priority.fair_share import set_factors
from rare.rules.priority.usage_decay import INDEX, is_ranked, last_mark_s
from rare.state import live_lists
from rare.state.arrays import HANDLE, QUEUE, ends_of, entry_of, env_of, job_of, live_of
from rare.state.compile import rule, shared_rule
from rare.state.event_arrays import held_back_of
from rare.state.priority_arrays import association_of, standing_of, weight_of

LOWEST, HIGHEST = 1.0, 4294967295.0
"""Of a priority: Slurm keeps 32 bits, and 0 for jobs that are held."""


@rule
def age_s(w, index, mark_s):
    """How long a job had waited at a mark; 0 if it came after it."""
    arrival_s = job_of(w, index).submit_s
    if w.chain_rows > 0:
        arrival_s += held_back_of(w, index).delay_s
    return max(mark_s - arrival_s, 0)


@shared_rule(HANDLE, INDEX)
def priority_of(w, index):
    """Priority of a job of the workload by the last mark; the highest first (§14.1)."""
    s = env_of(w)
    if s.ranked_s != s.marked_s:
        set_factors(w)
        s.ranked_s = s.marked_s
    weight = weight_of(w)
    standing = standing_of(w, index)
    age = min(age_s(w, index, s.marked_s) / weight.max_age_s, 1.0)
    fair = association_of(w, standing.association).factor
    points = weight.age_weight * age + weight.fair_share_weight * fair + standing.fixed
    return min(max(math.floor(points), LOWEST), HIGHEST)


@rule
def multifactor_key(w, index):
    """What the queue is sorted by: the smallest first. 0 for all without a [priority]."""
    return -priority_of(w, np.int64(index)) if w.association_rows > 0 else 0.0


@rule
def rank_queue(w):
    """Give the waiting jobs their priorities of the last mark and sort the queue, once a mark."""
    if is_ranked(w) and env_of(w).queue_ranked_s != env_of(w).marked_s:
        rank_anew(w)


@shared_rule(HANDLE)
def rank_anew(w):
    """Give the waiting jobs their priorities of the last mark and sort the queue."""
    s = env_of(w)
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        entry = entry_of(w, QUEUE, i)
        live = live_of(w, entry.slot)
        live.key = multifactor_key(w, live.job)
        entry.key = live.key
    live_lists.sort(w, QUEUE)
    s.queue_ranked_s = s.marked_s


@rule
def next_mark_s(w):
    """The next mark if jobs wait for it, at which their order may change; else NEVER_S (§3.8)."""
    if not is_ranked(w) or live_lists.size(w, QUEUE) == 0:
        return NEVER_S
    return last_mark_s(w) + weight_of(w).calc_period_s
