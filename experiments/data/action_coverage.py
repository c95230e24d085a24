"""Action coverage of a dataset: clusters of states, and the actions taken in each.

A cluster is a cell of a fixed grid over features of the whole machine: shortage, free cores, spare power,
battery, queue, time of day, and the supply forecast for the next hours. The grid is fixed, so that clusters
of several datasets can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.env.observation.layout import Layout

AHEAD_H = 6
# Edges of the cells of each feature, in the scale of the observation (rare.env.observation.layout).
EDGES = {
    "shortage": (0.5,),
    "free_cores": (0.01, 0.1, 0.25, 0.5, 0.75),
    "spare": (0.0, 0.02, 0.1, 0.25, 0.4),
    "battery": (0.05, 0.35, 0.65, 0.95),
    "queued": (0.05, 0.15, 0.3, 0.5),
}
SUPPLY_EDGES = (0.05, 0.15, 0.25, 0.35, 0.45)
WAIT, START, STOP, SLOW, RAISE = range(5)
KINDS = ("wait", "start or resume", "give up", "make slower", "make faster")  # as Layout.action_ranges


def clusters_of(observations: np.ndarray, layout: Layout) -> np.ndarray:
    """(T,) int64, the cluster of each observation (T, D)."""
    cluster = np.zeros(len(observations), np.int64)
    for name, edges in EDGES.items():
        column = observations[:, layout.index("cluster", name)]
        cluster = cluster * (len(edges) + 1) + np.searchsorted(edges, column, side="right")
    sine = observations[:, layout.index("cluster", "hour_sin")]
    cosine = observations[:, layout.index("cluster", "hour_cos")]
    cluster = cluster * 4 + 2 * (sine > 0) + (cosine > 0)
    hours = min(layout.forecast_hours, AHEAD_H)
    if hours:
        columns = [layout.index("forecast", "supply", hour) for hour in range(hours)]
        ahead = np.searchsorted(SUPPLY_EDGES, observations[:, columns].mean(axis=1), side="right")
        cluster = cluster * (len(SUPPLY_EDGES) + 1) + ahead
    return cluster


def kinds_of(actions: np.ndarray, layout: Layout) -> np.ndarray:
    """(T,) the kind of each action, by its place in KINDS; the last two only with levels in the layout."""
    ends = [kind.stop for kind in layout.action_ranges.values()]
    return np.searchsorted(ends, actions, side="right")


def kind_names(layout: Layout) -> tuple[str, ...]:
    """The kinds of actions that a layout has."""
    return KINDS[: len(layout.action_ranges)]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts of visited clusters; revisited: those visited more than once.

    several_actions, several_kinds: share of the revisited clusters in which more than one action (kind of
    action) was taken; decisions_there: share of all decisions, made in clusters with several kinds.
    """

    clusters: int
    revisited: int
    several_actions: float
    several_kinds: float
    decisions_there: float
    visits: np.ndarray  # (clusters,)
    different: np.ndarray  # (clusters,) different actions taken


def coverage(clusters: np.ndarray, actions: np.ndarray, kinds: np.ndarray) -> Coverage:
    """Coverage of decisions, given as (T,) clusters, actions and kinds."""
    _, cluster, visits = np.unique(clusters, return_inverse=True, return_counts=True)
    different = _different(cluster, actions, len(visits))
    several_kinds = _different(cluster, kinds, len(visits)) > 1
    again = visits > 1
    count = int(again.sum())
    return Coverage(
        clusters=len(visits),
        revisited=count,
        several_actions=float((different[again] > 1).mean()) if count else 0.0,
        several_kinds=float(several_kinds[again].mean()) if count else 0.0,
        decisions_there=float(visits[several_kinds].sum() / max(visits.sum(), 1)),
        visits=visits,
        different=different,
    )


def _different(cluster: np.ndarray, values: np.ndarray, clusters: int) -> np.ndarray:
    """(clusters,) number of different values in each cluster."""
    pairs = np.unique(np.stack([cluster, values.astype(np.int64)]), axis=1)
    return np.bincount(pairs[0], minlength=clusters)
