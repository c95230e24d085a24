"""Rules of grid events, which limit the draw: RULES.md §12.1 and §10.8, compiled."""

from __future__ import annotations

from rare.model import NEVER_S, UNLIMITED_MW
from rare.state.arrays import env_of
from rare.state.compile import rule
from rare.state.event_arrays import UNKNOWN_LIMIT, grid_event_of, limit_of, moment_of


@rule
def next_moment_s(w):
    """When a grid event or an outage next changes anything; NEVER_S: not any more."""
    row = env_of(w).moment_row
    return moment_of(w, row).time_s if row < w.moment_rows else NEVER_S


@rule
def begin_events(w):
    """Make ready for the first instant: nothing is limited yet."""
    s = env_of(w)
    s.limit_mw = UNLIMITED_MW
    s.start_limit_mw = UNLIMITED_MW
    s.events_on = 0
    s.moment_row = 0
    while s.moment_row < w.moment_rows and moment_of(w, s.moment_row).time_s < s.begin_s:
        s.moment_row += 1
    for i in range(w.event_rows):
        event = grid_event_of(w, i)
        limit_of(w, i).limit_mw = event.limit_mw  # UNKNOWN_LIMIT where it is a share
        if event.depth_per_mille > 0 and event.start_s <= s.begin_s:
            limit_of(w, i).limit_mw = UNLIMITED_MW
    if w.event_rows > 0:
        apply_events(w)


@rule
def fix_limit(w, i):
    """The limit of an event that limits to a share, once its draw counts (§12.1)."""
    s = env_of(w)
    event = grid_event_of(w, i)
    counts_s = event.notice_s if event.notice_s > s.begin_s else event.start_s
    if s.now_s >= counts_s and limit_of(w, i).limit_mw == UNKNOWN_LIMIT:
        limit_of(w, i).limit_mw = s.draw_mw * (1000 - event.depth_per_mille) // 1000


@rule
def apply_events(w):
    """Limits of the draw from now on (§12.1, §3.3)."""
    s = env_of(w)
    s.limit_mw = UNLIMITED_MW
    s.start_limit_mw = UNLIMITED_MW
    s.events_on = 0
    for i in range(w.event_rows):
        event = grid_event_of(w, i)
        fix_limit(w, i)
        if event.start_s <= s.now_s < event.end_s:
            s.events_on += 1
            s.start_limit_mw = min(s.start_limit_mw, limit_of(w, i).limit_mw)
            if s.now_s >= event.comply_s:
                s.limit_mw = min(s.limit_mw, limit_of(w, i).limit_mw)


@rule
def known_limit_mw(w, from_s, to_s):
    """The lowest limit of the announced events that overlap [from_s, to_s) (§10.8)."""
    s = env_of(w)
    lowest_mw = UNLIMITED_MW
    for i in range(w.event_rows):
        event = grid_event_of(w, i)
        overlaps = event.start_s < max(to_s, from_s + 1) and event.end_s > from_s
        if event.notice_s <= s.now_s and overlaps and limit_of(w, i).limit_mw != UNKNOWN_LIMIT:
            lowest_mw = min(lowest_mw, limit_of(w, i).limit_mw)
    return lowest_mw


@rule
def next_change_s(w, after_s):
    """The first start or end of an announced event after a time; NEVER_S: none is to come (§10.8)."""
    s = env_of(w)
    next_s = NEVER_S
    for i in range(w.event_rows):
        event = grid_event_of(w, i)
        if event.notice_s <= s.now_s:
            if event.start_s > after_s:
                next_s = min(next_s, event.start_s)
            if event.end_s > after_s:
                next_s = min(next_s, event.end_s)
    return next_s
