"""What a rollout of PPO keeps, with one discount for each step: gamma ** hours until the next decision."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from torch import Tensor

from schedulers.training.discount import discounts


class Rollout(NamedTuple):
    """Everything of a rollout, flat: N = steps x environments."""

    observations: Tensor  # (N, D)
    actions: Tensor  # (N,) int64
    log_probabilities: Tensor  # (N,)
    advantages: Tensor  # (N,)
    returns: Tensor  # (N,)


class ElapsedRolloutBuffer(MaskableRolloutBuffer):
    """MaskableRolloutBuffer whose `gamma` is per hour; `add` takes the seconds that the step took.

    The masks are part of our observations, so they are not stored a second time.
    """

    def reset(self) -> None:
        """Empty it."""
        self.elapsed_s = np.zeros((self.buffer_size, self.n_envs))
        super().reset()
        self.action_masks = np.zeros((0, 0, 0), np.float32)

    def add(self, *args: Any, elapsed_s: np.ndarray | None = None, **kwargs: Any) -> None:
        """As the parent; elapsed_s: (E,)."""
        if elapsed_s is None:
            raise ValueError("elapsed_s is missing: the discount of a step depends on it")
        self.elapsed_s[self.pos] = elapsed_s
        super().add(*args, **kwargs)

    def fill_values(self, values: np.ndarray) -> None:
        """(T, E) values of the observations, computed at once after the rollout."""
        self.values[:] = values

    def compute_returns_and_advantage(self, last_values: Tensor, dones: np.ndarray) -> None:
        """Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438) with a discount a step.

        lambda counts decisions, the discount hours. last_values, dones: (E,), after the last step.
        """
        discount = discounts(self.elapsed_s, self.gamma)
        next_value = last_values.detach().cpu().numpy().reshape(-1)
        goes_on = 1.0 - np.asarray(dones, np.float32)
        advantage = np.zeros(self.n_envs, np.float32)
        for step in reversed(range(self.buffer_size)):
            after = discount[step] * goes_on
            surprise = self.rewards[step] + after * next_value - self.values[step]
            advantage = surprise + after * self.gae_lambda * advantage
            self.advantages[step] = advantage
            next_value, goes_on = self.values[step], 1.0 - self.episode_starts[step]
        self.returns = self.advantages + self.values

    def everything(self, device: torch.device | str) -> Rollout:
        """The whole rollout as tensors."""

        def flat(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array.reshape(-1, *array.shape[2:])).to(device)

        return Rollout(
            flat(self.observations),
            flat(self.actions)[:, 0],
            flat(self.log_probs),
            flat(self.advantages),
            flat(self.returns),
        )
