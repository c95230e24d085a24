"""Twin and target critics, and their targets with action masks and discounts by elapsed hours.

Q values of invalid actions are MASKED and their probabilities are 0, so they weigh nothing in any mean,
maximum or log-sum-exp here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rare.env.observation.layout import Layout
from schedulers.training.offline.d3rlpy_base import TorchMiniBatch
from schedulers.training.scheduler_net import NetworkSize, Reading, SchedulerNet


class Critic(SchedulerNet):
    """A network without actor, for twins and targets."""

    def __init__(self, layout: Layout, size: NetworkSize) -> None:
        super().__init__(layout, size)
        del self.actor, self.logits

    @classmethod
    def copy_of(cls, net: SchedulerNet) -> Critic:
        """A frozen copy of a network's critic."""
        critic = cls(net.layout, net.size)
        names = critic.state_dict()
        critic.load_state_dict({name: weights for name, weights in net.state_dict().items() if name in names})
        return critic.requires_grad_(False)


def critic_weights(net: SchedulerNet) -> list[Tensor]:
    """The weights of a network's critic, in one order for networks and their copies."""
    return [*net.critic.parameters(), *net.values.parameters(), *net.advantages.parameters()]


@torch.no_grad()
def follow(targets: Sequence[SchedulerNet], nets: Sequence[SchedulerNet], share: float) -> None:
    """Move each target towards its network by this share (Polyak averaging)."""
    for target, net in zip(targets, nets, strict=True):
        torch._foreach_lerp_(critic_weights(target), critic_weights(net), share)


def td_target(batch: TorchMiniBatch, next_value: Tensor, gamma_per_hour: float) -> Tensor:
    """(B,) r + gamma ** hours x value of the next state (B,), which counts 0 at an end."""
    discount = gamma_per_hour ** batch.intervals[:, 0]
    return batch.rewards[:, 0] + (1.0 - batch.terminals[:, 0]) * discount * next_value


def expected(probability: Tensor, q: Tensor) -> Tensor:
    """(B,) mean of Q (B, A) under action probabilities (B, A)."""
    return (probability * q).sum(dim=1)


def taken(values: Tensor, batch: TorchMiniBatch) -> Tensor:
    """(B,) the entries of values (B, A) at the logged actions."""
    return values.gather(1, batch.actions.long())[:, 0]


def choices(obs: Tensor | Reading, layout: Layout) -> Tensor:
    """(B,) number of valid actions; 1 at an episode's end, where none is valid."""
    mask = obs.mask if isinstance(obs, Reading) else obs[:, layout.slices["mask"]]
    return mask.sum(dim=1, dtype=torch.float32).clamp(min=1.0)
