"""Log of the current episode: growing arrays, filled step by step."""

from __future__ import annotations

import numpy as np

from rare.env.batch import Batch
from rare.env.observation.layout import Layout
from rare.env.policies.behaviour import EpisodeArrays

ROOM_AT_FIRST = 4096


class Log:
    """Observations, actions and rewards of the episode in environment 0 of a batch.

    Rows 0 to `steps` of obs, mask and time_s are filled, rows 0 to steps - 1 of the rest.
    """

    def __init__(self, layout: Layout, room: int = ROOM_AT_FIRST) -> None:
        self.steps, self.room = 0, room
        self.obs = np.empty((room + 1, layout.size), np.float32)
        self.mask = np.empty((room + 1, layout.actions), np.bool_)
        self.time_s = np.empty(room + 1, np.int64)
        self.action = np.empty(room, np.int64)
        self.reward = np.empty(room, np.float64)
        self.probability = np.empty(room, np.float64)
        self.draws = np.empty((room, 2), np.float64)
        self._generator = np.random.default_rng(0)

    def begin(self, batch: Batch, seed: int) -> None:
        """Clear the log and record the first observation. seed: of the random actions."""
        self._generator = np.random.default_rng(seed)
        self.steps = 0
        self._generator.random(out=self.draws)
        self._look(batch)

    def make_room(self) -> int:
        """Grow the arrays if they are full; returns their capacity in steps."""
        if self.steps == self.room:
            self.room *= 2
            for name in ("obs", "mask", "time_s", "action", "reward", "probability", "draws"):
                old = getattr(self, name)
                rows = self.room + (name in ("obs", "mask", "time_s"))
                new = np.empty((rows, *old.shape[1:]), old.dtype)
                new[: len(old)] = old
                setattr(self, name, new)
            self._generator.random(out=self.draws[self.room // 2 :])
        return self.room

    def decided(self, action: int, probability: float) -> None:
        """Log a decision before the step."""
        self.action[self.steps], self.probability[self.steps] = action, probability

    def stepped(self, batch: Batch) -> None:
        """Log the result of the step."""
        self.reward[self.steps] = batch.reward[0]
        self.steps += 1
        self._look(batch)

    def _look(self, batch: Batch) -> None:
        self.obs[self.steps], self.mask[self.steps] = batch.obs[0], batch.mask[0]
        state = batch.world.env[0]
        self.time_s[self.steps] = state["now_s"] - state["begin_s"]

    def arrays(self, batch: Batch) -> EpisodeArrays:
        """The arrays that compiled code fills (schedulers.heuristics.fused_record)."""
        return EpisodeArrays(
            seen_obs=batch.obs[0],
            seen_mask=batch.mask[0],
            obs=self.obs,
            mask=self.mask,
            time_s=self.time_s,
            action=self.action,
            reward=self.reward,
            probability=self.probability,
            draws=self.draws,
        )
