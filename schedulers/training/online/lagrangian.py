"""Limits on what an episode may cost, kept by a PID controller on a Lagrange multiplier.

Stooke, Achiam, Abbeel 2020, arXiv 2007.03964: a multiplier that only integrates the excess overshoots and
oscillates; a term on the excess itself and one on its growth damp it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from rare.env.vector_env import COSTS
from traces.errors import InputError


@dataclass(frozen=True)
class Gains:
    """Gains of the PID controller. Costs enter it as multiples of their limit."""

    proportional: float = 0.5
    integral: float = 0.1
    derivative: float = 0.5
    smoothing: float = 0.5  # weight of the previous value in the running means of excess and cost
    most: float = 100.0  # upper limit of the multiplier


class MultiplierState(TypedDict):
    """The keys of a multiplier in state.pt."""

    value: float
    sum: float
    excess: float
    smooth: float | None


class LimitsState(TypedDict):
    """The keys of the limits in state.pt."""

    running: list[list[float]]
    finished: list[list[float]]
    last: dict[str, float]
    multipliers: list[MultiplierState]


class Multiplier:
    """The Lagrange multiplier of a limit. cost: a name in COSTS; limit: of its mean over episodes, > 0."""

    def __init__(self, cost: str, limit: float, gains: Gains | None = None) -> None:
        self.cost, self.limit, self.gains = cost, limit, gains or Gains()
        self.value = self._sum = self._excess = 0.0
        self._smooth: float | None = None

    def update(self, mean_cost: float) -> float:
        """Move the multiplier by the mean cost of finished episodes; its new value, from 0 to `most`."""
        gains, relative = self.gains, mean_cost / self.limit
        keep, excess = gains.smoothing, relative - 1.0  # running means keep this share of their value
        self._excess = keep * self._excess + (1 - keep) * excess
        before = relative if self._smooth is None else self._smooth
        self._smooth = keep * before + (1 - keep) * relative
        growth = max(0.0, self._smooth - before)
        self._sum = min(max(0.0, self._sum + gains.integral * excess), gains.most)
        control = gains.proportional * self._excess + self._sum + gains.derivative * growth
        self.value = min(max(0.0, control), gains.most)
        return self.value

    def state(self) -> MultiplierState:
        """Everything that the next update depends on."""
        return {"value": self.value, "sum": self._sum, "excess": self._excess, "smooth": self._smooth}

    def restore(self, state: MultiplierState) -> None:
        """Resume from a `state`."""
        self.value, self._sum = float(state["value"] or 0), float(state["sum"] or 0)
        self._excess = float(state["excess"] or 0)
        self._smooth = state["smooth"]


class Limits:
    """The limits of a run: multipliers price costs into rewards, and follow the costs of finished episodes.

    limits: of the mean cost per episode, by name. environments: E, played side by side."""

    def __init__(self, limits: dict[str, float], environments: int) -> None:
        self.multipliers = [Multiplier(name, limit) for name, limit in limits.items()]
        self._running = np.zeros((len(COSTS), environments))
        self._finished: list[list[float]] = []
        self.last: dict[str, float] = {}

    def reward(self, rewards: np.ndarray, costs: dict[str, np.ndarray], dones: np.ndarray) -> np.ndarray:
        """(E,) penalised rewards (r - sum of lambda c / limit) / (1 + sum of lambda), of about the same size.

        rewards, dones, costs by name: (E,) of one step."""
        for row, name in enumerate(COSTS):
            self._running[row] += costs[name]
        if dones.any():
            self._finished += self._running[:, dones].T.tolist()
            self._running[:, dones] = 0
        active = [multiplier for multiplier in self.multipliers if multiplier.value > 0]
        if not active:
            return rewards
        penalty = sum(multiplier.value / multiplier.limit * costs[multiplier.cost] for multiplier in active)
        weight = 1 + sum(multiplier.value for multiplier in active)
        return np.asarray((rewards - penalty) / weight, rewards.dtype)

    def update(self) -> None:
        """Move the multipliers by the episodes finished since the last call; none: they stay."""
        if not self._finished:
            return
        self.last = dict(zip(COSTS, np.mean(self._finished, axis=0).tolist(), strict=True))
        self._finished = []
        for multiplier in self.multipliers:
            multiplier.update(self.last[multiplier.cost])

    def state(self) -> LimitsState:
        """Everything that later rewards and updates depend on."""
        return {
            "running": self._running.tolist(),
            "finished": [list(row) for row in self._finished],
            "last": dict(self.last),
            "multipliers": [multiplier.state() for multiplier in self.multipliers],
        }

    def restore(self, state: LimitsState) -> None:
        """Resume from a `state` of the same limits."""
        self._running, self._finished = np.array(state["running"]), state["finished"]
        self.last = dict(state["last"])
        for multiplier, saved in zip(self.multipliers, state["multipliers"], strict=True):
            multiplier.restore(saved)


def parsed(texts: tuple[str, ...]) -> dict[str, float]:
    """Limits by cost from texts such as violations=0.1 or slowdown=5.

    InputError for an unknown cost, or a limit that is not a number above 0.
    """
    limits: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in COSTS:
            raise InputError(f"--limit {text!r}: known costs are {', '.join(COSTS)}, as in violations=0.1")
        try:
            limits[name] = float(number)
        except ValueError:
            raise InputError(f"--limit {text!r}: {number!r} is not a number; write {name}=0.1") from None
        if not 0 < limits[name] < float("inf"):
            raise InputError(f"--limit {text!r}: the limit must be above 0")
    return limits
