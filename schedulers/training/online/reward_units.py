"""Values in online training: shares of the whole objective, where checkpoints have REWARD_SCALE of them.

With rewards a hundred times as large the critic explained less of the returns after as many updates, and the
policy was the worse for it (docs/training-online.md). Heads are scaled when a checkpoint comes and goes, by a
power of two: that changes exponents only, so what a checkpoint says comes back bit for bit.
"""

from __future__ import annotations

import torch

from schedulers.training.discount import REWARD_SCALE
from schedulers.training.scheduler_net import SchedulerNet

UNIT = 2.0**-7
"""Of the values in online training, in values of checkpoints."""
REWARD = REWARD_SCALE * UNIT
"""What rewards of the environment are multiplied by in online training: about 0.8."""


def scale_critic(net: SchedulerNet, factor: float) -> None:
    """Multiply values and Q values: their last layers are linear."""
    with torch.no_grad():
        for head in (net.values, net.advantages):
            for weights in head.parameters():
                weights.mul_(factor)
