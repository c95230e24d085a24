"""What DQN learns from: decisions played, kept in a ring, and decisions logged, mixed in at a ratio."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from stable_baselines3.common.buffers import ReplayBuffer
from torch import Tensor

from schedulers.training.discount import discounts
from schedulers.training.offline.transitions import Transitions
from schedulers.training.online.reward_units import UNIT
from traces.documents import opened, reading


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

    folder: where the ring lies in files, so that it outlives a kill; None: in memory. spare_rows: steps that
    a run may make after its state was saved. They go to places that no batch of the saved state is drawn
    from, so a run that goes on from there finds what it left.
    """

    def __init__(self, size: int, *args: Any, folder: Path | None, spare_rows: int, **kwargs: Any) -> None:
        kwargs |= {"optimize_memory_usage": True, "handle_timeout_termination": False}
        self.window = max(size // kwargs["n_envs"], 1)
        super().__init__((self.window + spare_rows + 2) * kwargs["n_envs"], *args, **kwargs)
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
        """A step of all environments. next_obs of an environment that ended is never looked at."""
        at = self.count % self.buffer_size
        self.observations[at] = obs
        self.observations[(at + 1) % self.buffer_size] = next_obs
        self.actions[at], self.rewards[at], self.dones[at] = actions, rewards, dones
        self.elapsed_s[at] = elapsed_s
        self.count += 1

    def drawn(self, number: int, generator: np.random.Generator, gamma: float) -> Batch:
        """Transitions drawn evenly from the last ones."""
        steps = generator.integers(max(0, self.count - self.window), self.count, number) % self.buffer_size
        of = generator.integers(0, self.n_envs, number)
        after = (steps + 1) % self.buffer_size
        arrays = (
            self.observations[steps, of], self.actions[steps, of], self.observations[after, of],
            self.rewards[steps, of], discounts(self.elapsed_s[steps, of], gamma), self.dones[steps, of],
        )  # fmt: skip
        return Batch(*(torch.from_numpy(np.asarray(array)).to(self.device) for array in arrays))


def _array(folder: Path | None, name: str, shape: tuple[int, ...], kind: Any) -> np.ndarray:
    if folder is None:
        return np.zeros(shape, kind)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.npy"
    if path.exists():
        with reading(path), opened(path, "delete the folder and train again"):  # no pipe and no device
            found = np.lib.format.open_memmap(path, mode="r+")
        if found.shape == shape and found.dtype == kind:
            return np.asarray(found)
    return np.asarray(np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape))


def drawn_logged(data: Transitions, number: int, generator: np.random.Generator, gamma: float) -> Batch:
    """Transitions drawn evenly from logged ones."""
    rows = torch.from_numpy(generator.integers(0, len(data), number)).to(data.at.device)
    at = data.at[rows]
    return Batch(
        data.obs[at], data.action[rows], data.obs[at + 1], data.reward[rows] * UNIT,
        torch.pow(gamma, data.hours[rows]), data.terminal[rows],
    )  # fmt: skip


def joined(parts: list[Batch]) -> Batch:
    """Batches end to end."""
    return Batch(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))
