"""Records of what only some cases have: speed levels, checkpoints, grid events, outages, dependencies.

Their arrays have no rows where a case has none of it, and rules look at the number of rows in the handle
before they touch them.
"""

from __future__ import annotations

import numpy as np

from rare.state.compile import rule
from rare.state.memory import accessor
from traces.numbers.constants import NEVER_S

I8, I4 = np.int64, np.int32

PACE = np.dtype(
    [
        # of a running job: since when it has its level, and what its run came to before that: work done and
        # what of it no checkpoint holds, in thousandths of a second of work; energy of progress, of what no
        # checkpoint holds, and of restarts
        ("since_s", I8),
        ("gained", I8),
        ("unsaved", I8),
        ("run_mj", I8),
        ("unsaved_mj", I8),
        ("restart_mj", I8),
        # of its earlier runs: energy of the progress that was kept
        ("kept_mj", I8),
        # level now; thousandths by which the work left is less than left_s
        ("level", I4),
        ("credit", I4),
    ],
    align=True,
)
SPEED = np.dtype([("rate", I4), ("power", I4)])
"""A level of a partition, per mille; the number of levels is the partition's."""
GRID_EVENT = np.dtype(
    [
        ("notice_s", I8),
        ("start_s", I8),
        ("comply_s", I8),
        ("end_s", I8),
        ("limit_mw", I8),
        ("depth_per_mille", I8),
    ]
)
OUTAGE = np.dtype(
    [("time_s", I8), ("other_s", I8), ("part", I4), ("nodes", I4), ("draw", I4), ("planned", I4)], align=True
)
"""A change of the nodes that are there, in order of time, repairs first. nodes: how many come back (positive)
or go; other_s: the other end of the outage."""
CHAIN = np.dtype([("first_follower", I8), ("think_s", I8), ("predecessors", I4), ("ok", I4)], align=True)
"""Of a job: where its followers begin (they end where the next job's begin), what it waits for."""
FOLLOWER = np.dtype([("job", I4)])
HELD_BACK = np.dtype(
    [("ready_s", I8), ("slot", I4), ("open", I4), ("doomed", I4), ("delay_s", I4)], align=True
)
"""Of a job in one environment. open: predecessors that have not ended; ready_s: the end of the last of the
others plus think time; doomed: one ended otherwise than it needs; slot: where it is held, or -1; delay_s:
from its submit to its arrival."""
MOMENT = np.dtype([("time_s", I8)])
LIMIT = np.dtype([("limit_mw", I8)])
UNKNOWN_LIMIT = -1

_pace, _speed, _grid_event = accessor(PACE), accessor(SPEED), accessor(GRID_EVENT)
_outage, _chain, _follower = accessor(OUTAGE), accessor(CHAIN), accessor(FOLLOWER)
_held_back, _moment, _limit = accessor(HELD_BACK), accessor(MOMENT), accessor(LIMIT)


@rule
def pace_of(w, slot):
    """Level and progress of the live job in a slot."""
    return _pace(w.at_pace, slot)


@rule
def speed_of(w, p, level):
    """A level of a partition."""
    return _speed(w.at_speeds, p * w.speed_levels + level)


@rule
def grid_event_of(w, row):
    """A grid event."""
    return _grid_event(w.at_grid_events, row)


@rule
def limit_of(w, row):
    """What a grid event limits the draw to in this environment; UNKNOWN_LIMIT before that is known."""
    return _limit(w.at_limits, row)


@rule
def outage_of(w, row):
    """A change of the nodes that are there."""
    return _outage(w.at_outages, row)


@rule
def chain_of(w, job):
    """What a job of the workload waits for, and where its followers begin."""
    return _chain(w.at_chains, job)


@rule
def follower_of(w, row):
    """A job that waits for another."""
    return _follower(w.at_followers, row)


@rule
def held_back_of(w, job):
    """How far a job of the workload is from its arrival in this environment."""
    return _held_back(w.at_held_back, job)


@rule
def cancel_s_of(w, job):
    """When the user of a job of the workload gives it up unless it has started; NEVER_S: not."""
    return _moment(w.at_cancels, job).time_s if w.cancel_rows > 0 else NEVER_S


@rule
def moment_of(w, row):
    """A time at which a grid event or an outage changes something."""
    return _moment(w.at_moments, row)
