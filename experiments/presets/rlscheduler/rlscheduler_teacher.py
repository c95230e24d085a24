"""The teachers of RLScheduler's case: two rules on observations, which the agents imitate first.

They were tuned on synthetic traces alone (docs/results/preset-rlscheduler.md). Short jobs dominate the mean bounded
slowdown, and half of all jobs run for less than three minutes here: a long job on the last processors makes
dozens of them wait for hours, and loses little by waiting itself.
"""

from __future__ import annotations

import numpy as np

from rare.env.observation.layout import CLUSTER, QUEUE, RUNNING, Layout

LONG_S = 1000.0
SHARE_OF_LONG = 0.5
"""Long jobs hold at most this share of the processors, except a single one."""
SHORT_S = 10.0  # bounded slowdown treats shorter jobs alike
HOUR_S = 3600.0

_QUEUE = {feature.name: place for place, feature in enumerate(QUEUE)}
_RUNNING = {feature.name: place for place, feature in enumerate(RUNNING)}
_CLUSTER = {feature.name: place for place, feature in enumerate(CLUSTER)}


def block(obs: np.ndarray, layout: Layout, name: str) -> np.ndarray:
    """(E, slots, features) of a block of observations (E, D), as a view."""
    return obs[:, layout.slices[name]].reshape(len(obs), *layout.shapes[name])


def seconds(share: np.ndarray) -> np.ndarray:
    """Seconds x of shares x / (x + 1 h), as observations scale times."""
    return HOUR_S * share / np.maximum(1.0 - share, 1e-6)


def merit(obs: np.ndarray, layout: Layout) -> np.ndarray:
    """(E, K) run time [s] x sqrt(share of processors) of waiting jobs; infinite in empty slots."""
    waiting = block(obs, layout, "queue")
    run_s = np.maximum(seconds(waiting[:, :, _QUEUE["estimate"]]), SHORT_S)
    area = run_s * np.sqrt(waiting[:, :, _QUEUE["cores"]])
    return np.where(waiting[:, :, 0] > 0.5, area, np.inf)


def may_hold(obs: np.ndarray, layout: Layout) -> np.ndarray:
    """(E, K) whether a waiting job may start: short ones always, long ones within SHARE_OF_LONG."""
    waiting, running = block(obs, layout, "queue"), block(obs, layout, "running")
    whole_s = seconds(running[:, :, _RUNNING["left"]]) + seconds(running[:, :, _RUNNING["ran"]])
    long = (running[:, :, 0] > 0.5) & (whole_s > LONG_S)
    held = np.where(long, running[:, :, _RUNNING["cores"]], 0.0).sum(axis=1, keepdims=True)
    short = seconds(waiting[:, :, _QUEUE["estimate"]]) <= LONG_S
    return short | (held == 0) | (held + waiting[:, :, _QUEUE["cores"]] <= SHARE_OF_LONG + 1e-6)


def patient(obs: np.ndarray, layout: Layout) -> np.ndarray:
    """(E,) actions: the job of least merit that fits and `may_hold`; else WAIT."""
    startable = obs[:, 1 : 1 + layout.queue_slots] > 0.5
    merits = np.where(startable & may_hold(obs, layout), merit(obs, layout), np.inf)
    best = merits.argmin(axis=1)
    return np.where(np.isfinite(merits[np.arange(len(obs)), best]), 1 + best, 0)


def first_in_order(obs: np.ndarray, layout: Layout) -> np.ndarray:
    """(E,) actions: the waiting job of least merit, whether it fits or not; WAIT where none waits."""
    merits = merit(obs, layout)
    best = merits.argmin(axis=1)
    return np.where(np.isfinite(merits[np.arange(len(obs)), best]), 1 + best, 0)
