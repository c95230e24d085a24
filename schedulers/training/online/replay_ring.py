"""DQN's batches: from the last transitions played, in a ring buffer, and from logged ones."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import ReplayBuffer
from torch import Tensor

from schedulers.training.discount import discounts
from schedulers.training.offline.transitions import Transitions
from schedulers.training.online.learner_start import RingFiles
from schedulers.training.online.reward_units import UNIT
from traces.files.documents import opened, reading


class Batch(NamedTuple):
    """B transitions; rewards in the units of online training, discounts gamma ** hours, done 1 at an end."""

    observations: Tensor  # (B, D)
    actions: Tensor  # (B,) int64
    next_observations: Tensor  # (B, D)
    rewards: Tensor  # (B,)
    discounts: Tensor  # (B,)
    dones: Tensor  # (B,)


class ElapsedReplay(ReplayBuffer):
    """A ring of steps of all environments; a step's next observation is the next step's observation.

    size: decisions that batches are drawn from. The other parameters are those that SB3 passes. The ring
    never stores next observations separately, so `optimize_memory_usage` has no effect.
    """

    def __init__(
        self,
        size: int,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        device: torch.device | str,
        n_envs: int,
        files: RingFiles,
        optimize_memory_usage: bool = True,
    ) -> None:
        self.window = max(size // n_envs, 1)
        super().__init__(
            (self.window + files.spare_rows + 2) * n_envs,
            observation_space,
            action_space,
            device,
            n_envs,
            optimize_memory_usage=True,
            handle_timeout_termination=False,
        )
        folder = files.folder
        self.count = 0  # steps ever added
        shape = (self.buffer_size, self.n_envs)
        self.observations = _array(folder, "observations", (*shape, *self.obs_shape), np.float32)
        self.actions = _array(folder, "actions", shape, np.int64)
        self.rewards = _array(folder, "rewards", shape, np.float32)
        self.dones = _array(folder, "dones", shape, np.float32)
        self.elapsed_s = _array(folder, "elapsed_s", shape, np.float32)

    def put(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        actions: np.ndarray,
        rewards: np.ndarray,
        dones: np.ndarray,
        elapsed_s: np.ndarray,
    ) -> None:
        """Add a step of all E environments, (E, ...) each. next_obs is never read where `dones` is 1."""
        at = self.count % self.buffer_size
        self.observations[at] = obs
        self.observations[(at + 1) % self.buffer_size] = next_obs
        self.actions[at], self.rewards[at], self.dones[at] = actions, rewards, dones
        self.elapsed_s[at] = elapsed_s
        self.count += 1

    def draw(self, number: int, generator: np.random.Generator, gamma: float) -> Batch:
        """Transitions drawn uniformly, with replacement, from the last `window` steps. gamma: per hour."""
        steps = generator.integers(max(0, self.count - self.window), self.count, number) % self.buffer_size
        envs = generator.integers(0, self.n_envs, number)
        next_steps = (steps + 1) % self.buffer_size
        arrays = (
            self.observations[steps, envs],
            self.actions[steps, envs],
            self.observations[next_steps, envs],
            self.rewards[steps, envs],
            discounts(self.elapsed_s[steps, envs], gamma),
            self.dones[steps, envs],
        )
        return Batch(*(torch.from_numpy(np.asarray(array)).to(self.device) for array in arrays))


def _array(folder: Path | None, name: str, shape: tuple[int, ...], kind: npt.DTypeLike) -> np.ndarray:
    if folder is None:
        return np.zeros(shape, kind)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.npy"
    if path.exists():
        with reading(path), opened(path, "delete the folder and train again"):  # no pipe and no device
            stored = np.lib.format.open_memmap(path, mode="r+")
        if stored.shape == shape and stored.dtype == kind:
            return np.asarray(stored)
    return np.asarray(np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape))


def draw_logged(data: Transitions, number: int, generator: np.random.Generator, gamma: float) -> Batch:
    """Logged transitions drawn uniformly, with replacement. gamma: per hour."""
    rows = torch.from_numpy(generator.integers(0, len(data), number)).to(data.at.device)
    at = data.at[rows]
    return Batch(
        observations=data.obs[at],
        actions=data.action[rows],
        next_observations=data.obs[at + 1],
        rewards=data.reward[rows] * UNIT,
        discounts=torch.pow(gamma, data.hours[rows]),
        dones=data.terminal[rows],
    )


def concatenated(parts: list[Batch]) -> Batch:
    """One batch of all rows of some batches, in their order."""
    return Batch(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))
