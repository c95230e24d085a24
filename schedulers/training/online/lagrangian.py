"""Limits on what an episode may cost, kept by a PID controller on a Lagrange multiplier.

Stooke, Achiam, Abbeel 2020, arXiv 2007.03964: a multiplier that only integrates the excess overshoots and
oscillates; a term on the excess itself and one on its growth damp it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.env.vector_env import COSTS
from traces.errors import InputError


@dataclass(frozen=True)
class Gains:
    """Of the controller, which sees costs as multiples of their limit."""

    proportional: float = 0.5
    integral: float = 0.1
    derivative: float = 0.5
    smoothing: float = 0.5  # weight of what was before, in the excess and in the cost
    most: float = 100.0  # the multiplier stays below


class Multiplier:
    """The multiplier of one limit. cost: a name in COSTS; limit: of its mean over episodes, above 0."""

    def __init__(self, cost: str, limit: float, gains: Gains | None = None) -> None:
        self.cost, self.limit, self.gains = cost, limit, gains or Gains()
        self.value = self._sum = self._excess = 0.0
        self._smooth: float | None = None

    def update(self, mean_cost: float) -> float:
        """The multiplier after episodes of this mean cost."""
        gains, relative = self.gains, mean_cost / self.limit
        keep, excess = gains.smoothing, relative - 1.0
        self._excess = keep * self._excess + (1 - keep) * excess
        before = relative if self._smooth is None else self._smooth
        self._smooth = keep * before + (1 - keep) * relative
        growth = max(0.0, self._smooth - before)
        self._sum = min(max(0.0, self._sum + gains.integral * excess), gains.most)
        wanted = gains.proportional * self._excess + self._sum + gains.derivative * growth
        self.value = min(max(0.0, wanted), gains.most)
        return self.value

    def state(self) -> dict[str, float | None]:
        """For a later `restore`."""
        return {"value": self.value, "sum": self._sum, "excess": self._excess, "smooth": self._smooth}

    def restore(self, state: dict[str, float | None]) -> None:
        """Go on from a `state`."""
        self.value, self._sum, self._excess = (float(state[name] or 0) for name in ("value", "sum", "excess"))
        self._smooth = state["smooth"]


class Limits:
    """The limits of a run: they change rewards, and follow the costs of finished episodes."""

    def __init__(self, limits: dict[str, float], environments: int) -> None:
        self.multipliers = [Multiplier(name, limit) for name, limit in limits.items()]
        self._running = np.zeros((len(COSTS), environments))
        self._finished: list[list[float]] = []
        self.last: dict[str, float] = {}

    def reward(self, rewards: np.ndarray, costs: dict[str, np.ndarray], dones: np.ndarray) -> np.ndarray:
        """(E,) (r - sum of lambda c / limit) / (1 + sum of lambda): its size stays."""
        for row, name in enumerate(COSTS):
            self._running[row] += costs[name]
        if dones.any():
            self._finished += self._running[:, dones].T.tolist()
            self._running[:, dones] = 0
        priced = [each for each in self.multipliers if each.value > 0]
        if not priced:
            return rewards
        less = sum(each.value / each.limit * costs[each.cost] for each in priced)
        return np.asarray((rewards - less) / (1 + sum(each.value for each in priced)), rewards.dtype)

    def update(self) -> None:
        """Once a rollout: move the multipliers, if an episode ended in it."""
        if not self._finished:
            return
        self.last = dict(zip(COSTS, np.mean(self._finished, axis=0).tolist(), strict=True))
        self._finished = []
        for each in self.multipliers:
            each.update(self.last[each.cost])

    def state(self) -> dict[str, object]:
        """For a later `restore`."""
        return {
            "running": self._running.tolist(),
            "finished": [list(row) for row in self._finished],
            "last": dict(self.last),
            "multipliers": [each.state() for each in self.multipliers],
        }

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a `state`."""
        running: list[list[float]] = state["running"]  # type: ignore[assignment]
        finished: list[list[float]] = state["finished"]  # type: ignore[assignment]
        multipliers: list[dict[str, float | None]] = state["multipliers"]  # type: ignore[assignment]
        self._running, self._finished = np.array(running), finished
        self.last = dict(state["last"])  # type: ignore[call-overload]
        for each, saved in zip(self.multipliers, multipliers, strict=True):
            each.restore(saved)


def parsed(texts: tuple[str, ...]) -> dict[str, float]:
    """Limits from text such as violations=0.1 or slowdown=5. InputError if one is not to be understood."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in COSTS:
            raise InputError(f"--limit {text!r}: known costs are {', '.join(COSTS)}, as in violations=0.1")
        try:
            found[name] = float(number)
        except ValueError:
            raise InputError(f"--limit {text!r}: {number!r} is not a number; write {name}=0.1") from None
        if not 0 < found[name] < float("inf"):
            raise InputError(f"--limit {text!r}: the limit must be above 0")
    return found
