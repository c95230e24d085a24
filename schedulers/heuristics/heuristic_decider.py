"""A heuristic at work: one row of parameters, handed to the compiled choosers at each decision."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.scheduler import Decider
from rare.state.arrays import DECIDE_SHED, World
from rare.state.memory import Copyable, arguments, fresh, register
from schedulers.heuristics.chooser import choose
from schedulers.heuristics.fused_replay import replay, settle_instant
from schedulers.heuristics.speeds import FULL_SPEED
from schedulers.heuristics.victims import victim


class HeuristicDecider(Copyable, Decider):
    """Decides by a row of parameters. It remembers nothing: what a pass knows is in the state of the run.

    row: (1,) schedulers.heuristics.chooser.POLICY, not written to.
    policy: the row as compiled code takes it.
    """

    def __init__(self, name: str, row: np.recarray, *, keeps_promises: bool = False) -> None:
        super().__init__(
            name, order=int(row.order[0]), order_param=float(row.param[0]), keeps_promises=keeps_promises
        )
        self._take(row)

    def _take(self, row: np.recarray) -> None:
        self._row = row
        self.policy: np.void = arguments(row)[0]
        self._at_policy = register(row)

    @property
    def uses_speeds(self) -> bool:
        """Whether it slows jobs and makes them faster where a machine has speed levels."""
        return int(self._row.speeds[0]) != FULL_SPEED

    def __getstate__(self) -> dict[str, Any]:
        """Without what compiled code takes, which belongs to this process."""
        return {key: value for key, value in self.__dict__.items() if key not in ("policy", "_at_policy")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._take(fresh(state["_row"]))

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision (rare.state.decisions)."""
        rule = victim if status == DECIDE_SHED else choose
        return int(rule(world.handles[e], self.policy))

    def replay(self, handle: np.void, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        return int(replay(handle, self.policy, steps))

    def settle(self, at_handle: int, wake_s: int) -> int:
        """One instant without leaving compiled code (rare.clocks.simpy_clock)."""
        return int(settle_instant(at_handle, self._at_policy, wake_s))

    def record(
        self, places: int, epsilon: float, arrays: tuple[np.ndarray, ...], step: int, steps: int
    ) -> tuple[int, int]:
        """Log an episode without leaving compiled code (rare.dataset.play_episode)."""
        from schedulers.heuristics.fused_record import record  # with it come the rules of the environment

        step, why = record(places, self.policy, epsilon, arrays, step, steps)
        return int(step), int(why)
