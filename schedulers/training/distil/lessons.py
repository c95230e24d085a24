"""What is to be learned in which states, gathered round by round (dataset aggregation)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from schedulers.training.offline.packed_observations import Packed
from schedulers.training.scheduler_net import Reading

LARGEST = 1.0  # norm of a gradient


@dataclass(frozen=True)
class Lesson:
    """Observations of one round and what is wanted there: actions (N,) or their probabilities (N, A)."""

    seen: Packed
    wanted: Tensor


def drawn(lessons: Sequence[Lesson], batch: int, rng: np.random.Generator) -> tuple[Reading, Tensor]:
    """Some observations of one round, which is drawn by its size, and what is wanted there."""
    sizes = np.array([len(each.wanted) for each in lessons], float)
    part = lessons[rng.choice(len(lessons), p=sizes / sizes.sum())]
    rows = torch.from_numpy(rng.integers(0, len(part.wanted), batch))
    return part.seen.of(rows), part.wanted[rows]


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One step of the optimiser, on its own weights alone."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], LARGEST)
    optimizer.step()
