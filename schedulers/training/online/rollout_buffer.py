"""PPO's rollout buffer with one discount for each step: gamma ** hours until the next decision."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from torch import Tensor

from schedulers.training.discount import discounts


class Rollout(NamedTuple):
    """The columns of a rollout beside its observations, flattened: N = steps x environments."""

    actions: Tensor  # (N,) int64
    log_probabilities: Tensor  # (N,)
    advantages: Tensor  # (N,)
    returns: Tensor  # (N,)


class ElapsedRolloutBuffer(MaskableRolloutBuffer):
    """MaskableRolloutBuffer whose `gamma` is per hour; `add` takes the seconds that the step took.

    The masks are part of our observations, so they are not stored a second time.
    """

    def reset(self) -> None:
        """Delete all steps, before a new rollout."""
        self.elapsed_s = np.zeros((self.buffer_size, self.n_envs))
        super().reset()
        self.action_masks = np.zeros((0, 0, 0), np.float32)

    def add(  # type: ignore[override]
        self,
        obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        episode_start: np.ndarray,
        value: Tensor,
        log_prob: Tensor,
        elapsed_s: np.ndarray | None = None,
    ) -> None:
        """Add a step of all environments as the parent does; elapsed_s: (E,) [s]. ValueError without it."""
        if elapsed_s is None:
            raise ValueError("elapsed_s is missing: the discount of a step depends on it")
        self.elapsed_s[self.pos] = elapsed_s
        super().add(obs, action, reward, episode_start, value, log_prob)

    def fill_values(self, values: np.ndarray) -> None:
        """(T, E) values of the observations, computed at once after the rollout."""
        self.values[:] = values

    def compute_returns_and_advantage(self, last_values: Tensor, dones: np.ndarray) -> None:
        """Fill in advantages and returns by generalised advantage estimation.

        Schulman et al. 2016, arXiv 1506.02438, with one discount for each step.

        lambda counts decisions, the discount hours. last_values, dones: (E,), after the last step.
        """
        discount = discounts(self.elapsed_s, self.gamma)
        next_value = last_values.detach().cpu().numpy().reshape(-1)
        goes_on = 1.0 - np.asarray(dones, np.float32)
        advantage = np.zeros(self.n_envs, np.float32)
        for step in reversed(range(self.buffer_size)):
            factor = discount[step] * goes_on
            td_error = self.rewards[step] + factor * next_value - self.values[step]
            advantage = td_error + factor * self.gae_lambda * advantage
            self.advantages[step] = advantage
            next_value, goes_on = self.values[step], 1.0 - self.episode_starts[step]
        self.returns = self.advantages + self.values

    def tensors(self, device: torch.device | str) -> Rollout:
        """The whole rollout as tensors, without the observations, which the learner has parsed."""

        def flat(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array.reshape(-1, *array.shape[2:])).to(device)

        return Rollout(
            flat(self.actions)[:, 0],
            flat(self.log_probs),
            flat(self.advantages),
            flat(self.returns),
        )
