"""Labelled observations of all rounds (dataset aggregation; Ross, Gordon, Bagnell 2011, arXiv 1011.0686)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from schedulers.training.offline.packed_observations import Packed
from schedulers.training.scheduler_net import Reading

MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class LabelledRound:
    """N observations of one round and the teacher's labels: actions (N,) or action probabilities (N, A)."""

    observations: Packed
    labels: Tensor


def draw_batch(
    rounds: Sequence[LabelledRound], batch: int, rng: np.random.Generator
) -> tuple[Reading, Tensor]:
    """`batch` observations of one round, drawn with replacement, and their labels.

    The round is drawn with a probability proportional to its number of observations.
    """
    sizes = np.array([len(labelled.labels) for labelled in rounds], float)
    labelled = rounds[rng.choice(len(rounds), p=sizes / sizes.sum())]
    rows = torch.from_numpy(rng.integers(0, len(labelled.labels), batch))
    return labelled.observations.of(rows), labelled.labels[rows]


def optimizer_step(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One step down the gradient of a loss, whose norm is clipped at MAX_GRADIENT_NORM."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], MAX_GRADIENT_NORM)
    optimizer.step()
