"""The unit of values in online training: about the objective; in checkpoints it is 1 / REWARD_SCALE of that.

With rewards a hundred times as large the critic explained less of the returns after as many updates, and the
policy was the worse for it (docs/results/training-results.md). Heads are scaled when a checkpoint is loaded and saved,
by a power of two: that changes exponents only, so a checkpoint's values are restored bit for bit.
"""

from __future__ import annotations

import torch

from schedulers.training.discount import REWARD_SCALE
from schedulers.training.scheduler_net import SchedulerNet

UNIT = 2.0**-7
"""One checkpoint value in the unit of online training."""
REWARD = REWARD_SCALE * UNIT
"""The factor on the environment's rewards in online training: about 0.8."""


def scale_critic(net: SchedulerNet, factor: float) -> None:
    """Multiply values and Q values: their last layers are linear."""
    with torch.no_grad():
        for head in (net.values, net.advantages):
            for weights in head.parameters():
                weights.mul_(factor)
