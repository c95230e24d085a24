"""What a scheduler may know of grid events, outages and jobs that wait for others (RULES §12, §10.8).

A grid event is known from its notice on, a planned outage always. An outage that is not planned is known as
long as it lasts and taken to persist: neither it nor its repair is in sight before it happens. Of a job that
still waits for others nobody knows, and a job whose user will give it up looks like any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.model import NEVER_S
from rare.state.arrays import WAIT, World
from rare.state.event_arrays import GRID_EVENT, MOMENT, OUTAGE
from rare.state.memory import records


class KnownEvents:
    """The tables of grid events, outages and moments of a copy, cut to what is known at a decision.

    events, outages, moments: with room for all of a case; `rows` says how many of each are in use.
    """

    def __init__(self, world: World) -> None:
        self.events = records((len(world.grid_events),), GRID_EVENT)
        self.outages = records((len(world.outages),), OUTAGE)
        self.moments = records((len(world.moments),), MOMENT)
        self.rows = {"event_rows": 0, "outage_rows": 0, "moment_rows": 0}

    def lay(self, world: World, e: int, env: Any, limits: Any) -> None:
        """Write what is known now in a real environment.

        env, limits: record and limits of the copy, which are set to the beginning of these tables.
        """
        if not len(self.moments):
            return
        now_s = int(world.env["now_s"][e])
        real = np.asarray(world.grid_events)
        known = (real["notice_s"] <= now_s) & (real["end_s"] > now_s)
        changes = np.asarray(world.outages)
        ahead = (changes["planned"] != 0) & (changes["time_s"] > now_s)
        events, outages = real[known], changes[ahead]
        times = [events[name] for name in ("start_s", "comply_s", "end_s")]
        moments = np.unique(np.concatenate([*times, outages["time_s"]]))
        moments = moments[(moments > now_s) & (moments < NEVER_S)]
        self.events[: len(events)] = events
        limits[: len(events)] = np.asarray(world.limits)[e][known]
        self.outages[: len(outages)] = outages
        self.moments["time_s"][: len(moments)] = moments
        env["outage_row"] = env["moment_row"] = 0
        self.rows = {
            "event_rows": len(events),
            "outage_rows": len(outages),
            "moment_rows": len(moments),
        }


def have_arrived(world: World, e: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """(N,) whether jobs first to last - 1, all submitted, have been seen in a queue, and (N,) when they came.

    The second is meaningless for a job that has not been seen.
    """
    submit_s = np.asarray(world.jobs["submit_s"][first:last])
    if not len(world.chains):
        return np.ones(len(submit_s), bool), submit_s
    rows = np.asarray(world.held_back)[e, first:last]
    came_s = submit_s + rows["delay_s"]
    waits_no_more = (rows["slot"] == WAIT) & (rows["open"] == 0) & (rows["doomed"] == 0)
    return waits_no_more & (rows["ready_s"] <= came_s), came_s
