"""How far and how finely backfilling plans: RULES.md §10.11 and §10.12, compiled."""

from __future__ import annotations

from rare.state.arrays import env_of
from rare.state.compile import rule


@rule
def is_beyond_window(w, start_s):
    """Whether a start is too far ahead to be planned (§10.11)."""
    s = env_of(w)
    return s.bf_window_s > 0 and start_s - s.now_s > s.bf_window_s


@rule
def held_from_s(w, start_s):
    """From when on a job that waits holds its place: its start, rounded down (§10.12)."""
    step_s = max(env_of(w).bf_resolution_s, 1)
    return start_s // step_s * step_s


@rule
def held_until_s(w, end_s):
    """Until when a job that waits holds its place: its end, rounded up (§10.12)."""
    step_s = max(env_of(w).bf_resolution_s, 1)
    return (end_s + step_s - 1) // step_s * step_s
