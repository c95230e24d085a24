"""Where a network is at home: the least and the greatest of every feature that it met in training.

The compiled part looks at one observation. Slots are no features: every waiting job has the same 13, every
hour ahead the same 5, so a range is a pair of numbers for each of the four blocks' features. Blocks of
speed levels and events are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.env.observation.layout import CLUSTER, FORECAST, QUEUE, RUNNING
from rare.env.stepping import handle_at, place_at, score_at, step_one, view_at
from rare.state.arrays import DECIDE_SHED, DECIDE_START
from rare.state.compile import rule
from schedulers.network.forward import CLUSTER_F, HOUR_F, QUEUE_F, RUNNING_F, best_action
from traces.errors import InputError
from traces.numbers.constants import DAY_S

MARGIN = 0.1  # beyond the range, in the observation's own scale, in which all lies in [-1, 1]
ODD_SHARE = 4  # at most one in so many of the jobs shown may lie outside
INSIDE = -1
BLOCKS = {"queue": QUEUE, "running": RUNNING, "cluster": CLUSTER, "forecast": FORECAST}
NAMES = tuple(f"{block}.{feature.name}" for block, features in BLOCKS.items() for feature in features)
RUNNING_AT = QUEUE_F
CLUSTER_AT = QUEUE_F + RUNNING_F
HOURS_AT = CLUSTER_AT + CLUSTER_F

UNCHECKED = ("cluster.time_left",)
"""Any trace longer than a training window has its end farther off: checked, it would rule out them all."""


@rule
def first_outside(row, low, high, at):
    """The first feature of a row outside its range, by its place in NAMES; INSIDE: none is."""
    for k in range(row.size):
        if not (low[at + k] <= row[k] <= high[at + k]):
            return at + k
    return INSIDE


@rule
def outside(net, obs, low, high):
    """A feature that puts an observation out of range, by its place in NAMES; INSIDE: none does.

    One feature of the cluster or of an hour ahead is enough; of the jobs shown more than one in ODD_SHARE
    must have a feature outside.
    """
    queue_at = net.actions
    running_at = queue_at + net.queue_slots * QUEUE_F
    cluster_at = running_at + net.running_slots * RUNNING_F
    found = first_outside(obs[cluster_at : cluster_at + CLUSTER_F], low, high, CLUSTER_AT)
    if found != INSIDE:
        return found
    at = cluster_at + CLUSTER_F
    for _ in range(net.forecast_hours):
        found = first_outside(obs[at : at + HOUR_F], low, high, HOURS_AT)
        if found != INSIDE:
            return found
        at += HOUR_F
    shown = 0
    odd = 0
    strange = INSIDE
    for place in range(net.queue_slots + net.running_slots):
        waits = place < net.queue_slots
        width = QUEUE_F if waits else RUNNING_F
        at = queue_at + place * QUEUE_F if waits else running_at + (place - net.queue_slots) * RUNNING_F
        row = obs[at : at + width]
        if row[0] > 0.5:
            shown += 1
            found = first_outside(row, low, high, 0 if waits else RUNNING_AT)
            if found != INSIDE:
                odd += 1
                strange = found
    return strange if odd * ODD_SHARE > shown else INSIDE


@rule
def widen_by(row, low, high, at):
    """Take a row into the range."""
    for k in range(row.size):
        low[at + k] = min(low[at + k], row[k])
        high[at + k] = max(high[at + k], row[k])


@rule
def widen(net, obs, low, high):
    """Take an observation into the range: the cluster, the hours ahead, and every job that is shown."""
    at = net.actions
    for _ in range(net.queue_slots):
        if obs[at] > 0.5:
            widen_by(obs[at : at + QUEUE_F], low, high, 0)
        at += QUEUE_F
    for _ in range(net.running_slots):
        if obs[at] > 0.5:
            widen_by(obs[at : at + RUNNING_F], low, high, RUNNING_AT)
        at += RUNNING_F
    widen_by(obs[at : at + CLUSTER_F], low, high, CLUSTER_AT)
    at += CLUSTER_F
    for _ in range(net.forecast_hours):
        widen_by(obs[at : at + HOUR_F], low, high, HOURS_AT)
        at += HOUR_F


@rule
def play_watched(places, network, obs, low, high):
    """Play environment 0 of a batch under a network, widen the range by all that it sees; the decisions."""
    at = place_at(places, 0)
    w = handle_at(at.handles, 0)
    v = view_at(at.views, 0)
    sc = score_at(at.scores, 0)
    decisions = 0
    while sc.status in (DECIDE_START, DECIDE_SHED):
        widen(network.net, obs, low, high)
        step_one(w, v, sc, best_action(network, obs))
        decisions += 1
    return decisions


@dataclass(frozen=True)
class TrainedRange:
    """least, greatest: (44,) float32 by NAMES. forecast_h: the shortest forecast that will do, in hours."""

    least: np.ndarray
    greatest: np.ndarray
    forecast_h: float

    @property
    def longest_s(self) -> float:
        """How long the longest run lasted; infinite if one had no known end."""
        left = float(self.greatest[NAMES.index("cluster.time_left")])
        return DAY_S * left / (1.0 - left) if left < 1.0 else float("inf")

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Low and high as compiled code takes them: with the margin, and nothing for what is not checked."""
        low, high = self.least - np.float32(MARGIN), self.greatest + np.float32(MARGIN)
        for name in UNCHECKED:
            low[NAMES.index(name)], high[NAMES.index(name)] = -np.inf, np.inf
        return low, high

    def to_facts(self) -> dict[str, Any]:
        """For checkpoint.json. A feature that was never seen (no job ever ran) has null."""
        pairs = zip(self.least.tolist(), self.greatest.tolist(), strict=True)
        seen = [[low, high] if low <= high else None for low, high in pairs]
        return {"forecast_hours": self.forecast_h, "features": dict(zip(NAMES, seen, strict=True))}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], where: str) -> TrainedRange:
        """From checkpoint.json. InputError, naming `where`, if it is not there or of other features."""
        try:
            features = facts["features"]
            if tuple(features) != NAMES:
                raise ValueError("its features are others")
            pairs = [(np.inf, -np.inf) if pair is None else tuple(pair) for pair in features.values()]
            least, greatest = np.array(pairs, np.float32).reshape(len(NAMES), 2).T.copy()
            return cls(least, greatest, float(facts["forecast_hours"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{where}: holds no range of training that can be read ({error!r}); make it again with "
                "python -m experiments.training.recipes.release CHECKPOINT"
            ) from None
