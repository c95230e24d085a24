"""One environment of a batch as a dict of its rows of the batch's arrays: taken out, checked, put back.

The arrays are Batch.state_arrays, environment axis first. A row may have fewer live slots than the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rare.env.observation.buffers import VIEW
from rare.env.observation.layout import FLAGS as LAYOUT_FLAGS
from rare.env.observation.layout import Layout
from rare.env.stepping import REWARD_NAMES
from rare.episodes import Episodes
from rare.rules.limits.limit_arrays import GROUP_USE
from rare.state.arrays import SHARED, World
from rare.state.event_arrays import HELD_BACK, LIMIT, PACE
from rare.state.memory import records
from rare.state.priority_arrays import ASSOCIATION
from rare.world import carry_scratch

STATE_OF_WORLD = (
    *("env", "part", "live", "lists", "ends", "scratch"),
    *("pace", "limits", "held_back", "group_use", "associations"),
)
_WITH_SLOTS = ("live", "lists", "scratch", "pace")  # those whose last axis grows with the live slots
SHARED_OF_HANDLE = (
    *(f"at_{name}" for name in SHARED),
    *("input_rows", "forecast_issues", "forecast_steps", "speed_levels", "event_rows", "moment_rows"),
    *("outage_rows", "chain_rows", "cancel_rows", "groups", "groups_per_job", "association_rows"),
)
"""What the handle of an environment has from the case that it plays."""
_ADDRESSES = tuple(name for name in VIEW.names or () if name.startswith("at_"))


_RECORDS = {
    "pace": PACE,
    "limits": LIMIT,
    "held_back": HELD_BACK,
    "group_use": GROUP_USE,
    "associations": ASSOCIATION,
}


def with_event_room(world: World, cases: Sequence[World]) -> World:
    """The same world with room for what any of the cases has: levels, events, limits, accounts."""
    environments, live = world.live.shape
    rows = {
        "pace": live * any(case.pace.shape[1] for case in cases),
        "limits": max(case.limits.shape[1] for case in cases),
        "held_back": max(case.held_back.shape[1] for case in cases),
        "group_use": max(case.group_use.shape[1] for case in cases),
        "associations": max(case.associations.shape[1] for case in cases),
    }
    return world._replace(
        **{name: records((environments, count), _RECORDS[name]) for name, count in rows.items()}
    )


def saved_rows(arrays: Mapping[str, np.ndarray], e: int) -> dict[str, np.ndarray]:
    """Copies of the rows of environment `e`, without addresses."""
    rows: dict[str, Any] = {}
    for name, array in arrays.items():
        row = np.asarray(array)[e : e + 1]
        # by bytes: NumPy copies records field by field, and leaves what is between them as it finds it
        rows[name] = np.frombuffer(bytearray(row.tobytes()), row.dtype).reshape(row.shape)[0]
    for name in _ADDRESSES:
        rows["_views"][name] = 0
    return rows


def put_rows(arrays: Mapping[str, np.ndarray], e: int, rows: Mapping[str, np.ndarray]) -> None:
    """Write saved rows over those of environment `e`; what there is more room for here becomes 0."""
    for name, array in arrays.items():
        row = np.asarray(array)[e : e + 1].view(np.uint8)
        saved = np.ascontiguousarray(np.asarray(rows[name])[None]).view(np.uint8)
        row[..., : saved.shape[-1]] = saved
        row[..., saved.shape[-1] :] = 0


def scratch_here(world: World, rows: Mapping[str, np.ndarray]) -> np.ndarray:
    """The saved scratch row as it lies with the live slots that there are in this world."""
    scratch: np.ndarray = np.zeros(world.scratch.shape[1], world.scratch.dtype)
    live_slots = len(rows["live"]), world.live.shape[1]
    carry_scratch(rows["scratch"], scratch, world.forecast.shape[1], *live_slots)
    return scratch


def rows_of_bytes(
    arrays: Mapping[str, np.ndarray], saved: Mapping[str, bytes], live_slots: int
) -> dict[str, np.ndarray]:
    """Rows from their bytes. ValueError where the bytes are none of these arrays', or of other live slots."""
    rows = {}
    for name, like in arrays.items():
        if len(saved.get(name, b"?")) % like.dtype.itemsize:
            raise ValueError(f"{name}: was saved by another version of rare; begin anew with this one")
        values = np.frombuffer(saved[name], like.dtype)
        shape = (*like.shape[1:-1], -1) if name in _WITH_SLOTS else like.shape[1:]
        rows[name] = values.reshape(shape) if like.ndim > 1 else values[0]
    if len(rows["live"]) != live_slots:
        raise ValueError(f"saved are {len(rows['live'])} live slots, not {live_slots}")
    return rows


def check_saved(episodes: Episodes, layout: Layout, arrays: Mapping[str, np.ndarray], state: Any) -> None:
    """ValueError for what is no state, or one of another layout, machine or episode."""
    if not isinstance(state, dict) or not {"playing", *arrays} <= state.keys():
        raise ValueError("this is no state that was saved here; give what saving an environment gave")
    sizes = len(state["obs"]) != layout.size or len(state["mask"]) != layout.actions
    flags = any(bool(state["_views"][name]) != getattr(layout, name) for name in LAYOUT_FLAGS)
    if sizes or flags:
        raise ValueError("the state was saved with another layout; make the environment with the same one")
    playing = state["playing"]
    present = playing is None or playing in episodes.episodes
    if state["part"].shape != arrays["part"].shape[1:] or not present:
        raise ValueError(
            f"the state was saved in {'another scenario' if playing is None else playing.name}, which "
            f"{episodes.scenario} has not; make the environment with the same scenario and settings"
        )


def check_digest(episodes: Episodes, digest: str, state: Mapping[str, Any]) -> None:
    """ValueError for a state of a case with another digest."""
    if state.get("case_digest", digest) != digest:
        raise ValueError(
            f"the state was saved with other jobs, machines, power or settings than {episodes.scenario} has "
            "here; make the environment with the same scenario and settings"
        )


def check_reward(scores: Any, saved: Any) -> None:
    """ValueError unless two SCORE records are of the same reward."""
    kind, eta = int(saved["kind"]), float(saved["eta"])
    if (kind, eta) != (int(scores["kind"]), float(scores["eta"])):
        raise ValueError(
            f"the state was saved with reward={REWARD_NAMES[kind]!r}, reward_eta={eta}; make the environment "
            "with the same"
        )
