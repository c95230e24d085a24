"""Grid events and outages in an observation, where the layout has them: RULES.md §12, compiled.

Only what has been announced: an event from its notice on, a planned outage, and what is away now.
"""

from __future__ import annotations

from rare.env.observation import layout
from rare.env.observation.buffers import number_at
from rare.env.observation.scaling import by_hour
from rare.model import NEVER_S
from rare.rules.events.grid_events import known_limit_mw
from rare.rules.outlook import step_start_s
from rare.state.arrays import env_of, part_of
from rare.state.compile import rule
from rare.state.event_arrays import UNKNOWN_LIMIT, grid_event_of, limit_of, outage_of
from traces.numbers.constants import HOUR_S

(LIMIT, ON, COMPLY, UNTIL, NEXT, NEXT_LIMIT, NEXT_END, NODES_AWAY, NEXT_OUTAGE) = layout.places(
    "events",
    "limit",
    "on",
    "comply",
    "until",
    "next",
    "next_limit",
    "next_end",
    "nodes_away",
    "next_outage",
)
(HOUR_LIMIT,) = layout.places("limits", "limit")


@rule
def share_of_peak(v, limit_mw):
    """A limit as a share of the peak draw, at most 1."""
    return min(limit_mw / v.peak_mw, 1.0)


@rule
def next_event(w):
    """The announced event that starts next, the first of equals; -1: none is to come."""
    s = env_of(w)
    found = -1
    for i in range(w.event_rows):
        event = grid_event_of(w, i)
        sooner = found < 0 or event.start_s < grid_event_of(w, found).start_s
        if event.notice_s <= s.now_s < event.start_s and sooner:
            found = i
    return found


@rule
def show_present_events(w, v, at):
    """The limit in force, and what is on."""
    s = env_of(w)
    comply_s = NEVER_S
    until_s = s.now_s
    for i in range(w.event_rows):
        event = grid_event_of(w, i)
        if event.start_s <= s.now_s < event.end_s:
            until_s = max(until_s, event.end_s)
            if event.comply_s > s.now_s:
                comply_s = min(comply_s, event.comply_s)
    number_at(v.at_obs, at + LIMIT).x = share_of_peak(v, s.start_limit_mw)
    number_at(v.at_obs, at + ON).x = 1.0 if s.events_on > 0 else 0.0
    number_at(v.at_obs, at + COMPLY).x = by_hour(comply_s - s.now_s) if comply_s < NEVER_S else 0.0
    number_at(v.at_obs, at + UNTIL).x = by_hour(until_s - s.now_s)


@rule
def show_next_event(w, v, at):
    """What has been announced of the next event."""
    now_s = env_of(w).now_s
    row = next_event(w)
    if row < 0:
        number_at(v.at_obs, at + NEXT).x = 1.0
        number_at(v.at_obs, at + NEXT_LIMIT).x = 1.0
        number_at(v.at_obs, at + NEXT_END).x = 1.0
        return
    limit_mw = limit_of(w, row).limit_mw
    known = limit_mw != UNKNOWN_LIMIT
    number_at(v.at_obs, at + NEXT).x = by_hour(grid_event_of(w, row).start_s - now_s)
    number_at(v.at_obs, at + NEXT_LIMIT).x = share_of_peak(v, limit_mw) if known else 1.0
    number_at(v.at_obs, at + NEXT_END).x = by_hour(grid_event_of(w, row).end_s - now_s)


@rule
def next_planned_outage_s(w):
    """When the next planned outage begins; NEVER_S: none is to come."""
    for row in range(env_of(w).outage_row, w.outage_rows):
        change = outage_of(w, row)
        if change.planned and change.nodes < 0:
            return change.time_s
    return NEVER_S


@rule
def show_outages(w, v, at):
    """Nodes that are away, and the next planned outage."""
    s = env_of(w)
    away = 0
    for p in range(w.partitions):
        away += part_of(w, p).all_nodes - part_of(w, p).nodes
    planned_s = next_planned_outage_s(w) if v.planned else NEVER_S
    number_at(v.at_obs, at + NODES_AWAY).x = away / v.nodes
    number_at(v.at_obs, at + NEXT_OUTAGE).x = by_hour(planned_s - s.now_s) if planned_s < NEVER_S else 1.0


@rule
def show_limits(w, v, at):
    """The lowest known limit in each of the hours that the forecast has, and as long again beyond them."""
    s = env_of(w)
    from_s = step_start_s(w, 1)
    step_s = s.forecast_step_s
    if from_s == NEVER_S:
        from_s = s.now_s
        step_s = HOUR_S
    for k in range(v.forecast_hours):
        number_at(v.at_obs, at + k).x = share_of_peak(v, known_limit_mw(w, from_s, from_s + step_s))
        from_s += step_s


@rule
def look_at_events(w, v):
    """Write the blocks of events and limits; nothing if they are of this second already.

    To be called before look_at_cluster, which notes the second.
    """
    if v.shown_s == env_of(w).now_s:
        return
    show_present_events(w, v, v.events_at)
    show_next_event(w, v, v.events_at)
    show_outages(w, v, v.events_at)
    show_limits(w, v, v.limits_at)
