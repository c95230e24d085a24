"""Soft actor-critic for discrete actions (Haarnoja et al. 2018, arXiv 1801.01290; Christodoulou 2019, arXiv
1910.07207), on logged data as they are: nothing keeps it near them, so it is the yardstick for what does.

The entropy aimed at is a share of the highest possible one, the logarithm of the number of valid actions: of
one valid action there is none, of fifty a lot.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
from torch import Tensor, nn

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch, register_learnable
from schedulers.training.offline.learners.critics import choices, expected
from schedulers.training.offline.learners.offline_base import NetImpl, OfflineConfig


class Temperature(nn.Module):
    """The price of entropy; learns its logarithm."""

    def __init__(self, first: float) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(first).log())


class SACImpl(NetImpl):
    """Policy, twin critics and temperature."""

    told: ClassVar[tuple[str, ...]] = (
        "policy", "critic", "value", "temperature", "mean_q_", "entropy_", "price_",
    )  # fmt: skip

    def make_beside(self) -> dict[str, nn.Module]:
        """Twin, targets and temperature."""
        return {**super().make_beside(), "temperature": Temperature(self.config.temperature)}

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """Critic, policy and temperature."""
        log_price: Tensor = self.beside["temperature"].log  # type: ignore[assignment]
        price = log_price.detach().exp()
        with torch.no_grad():
            following = self.net.policy(batch.next_observations).log_softmax(dim=1)
            soft = self.lowest_target(batch.next_observations) - price * following
            next_value = expected(following.exp(), soft)
        log_policy = self.net.policy(batch.observations).log_softmax(dim=1)
        policy = log_policy.exp()
        found, q = self.td_losses(batch, self.target(batch, next_value), policy.detach())
        found["policy"] = expected(policy, price * log_policy - q).mean()
        entropy = -expected(policy, log_policy).detach()
        aim = self.config.entropy * choices(batch.observations, self.net.layout).log()
        found["temperature"] = (log_price * (entropy - aim)).mean()
        return {**found, "entropy_": entropy.mean(), "price_": price}


@dataclasses.dataclass()
class SACConfig(OfflineConfig):
    """Options. entropy: aimed at, as a share of the highest possible. temperature: at the start."""

    entropy: float = 0.3
    temperature: float = 0.1

    def implementation(self) -> type[NetImpl]:
        """Which class learns."""
        return SACImpl

    @staticmethod
    def get_type() -> str:
        """Its name for d3rlpy."""
        return "rare_sac"


register_learnable(SACConfig)
