"""Soft actor-critic for discrete actions (Haarnoja et al. 2018, arXiv 1801.01290; Christodoulou 2019, arXiv
1910.07207), on logged data without a constraint to them: the baseline for algorithms that have one.

The target entropy is a share of the highest possible one, the logarithm of the number of valid actions.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch, register_learnable
from schedulers.training.offline.learners.critics import choices, expected
from schedulers.training.offline.learners.offline_base import NetImpl, OfflineConfig


class Temperature(nn.Module):
    """The learned weight of the entropy term, as its logarithm."""

    def __init__(self, first: float) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(first).log())


class SACImpl(NetImpl):
    """Trains policy, twin critics and temperature."""

    config: SACConfig
    reported: ClassVar[tuple[str, ...]] = (
        "policy",
        "critic",
        "value",
        "temperature",
        "mean_q_",
        "entropy_",
        "price_",
    )

    def make_beside(self) -> dict[str, nn.Module]:
        """Twin, targets and temperature."""
        return {**super().make_beside(), "temperature": Temperature(self.config.temperature)}

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """Losses of critic, policy and temperature; mean entropy, and the temperature itself (`price_`)."""
        log_temperature = cast(Temperature, self.beside["temperature"]).log
        temperature = log_temperature.detach().exp()
        with torch.no_grad():
            next_log_policy = self.net.policy(batch.next_observations).log_softmax(dim=1)
            soft = self.lowest_target(batch.next_observations) - temperature * next_log_policy
            next_value = expected(next_log_policy.exp(), soft)
        log_policy = self.net.policy(batch.observations).log_softmax(dim=1)
        policy = log_policy.exp()
        losses, q = self.td_losses(batch, self.target(batch, next_value), policy.detach())
        losses["policy"] = expected(policy, temperature * log_policy - q).mean()
        entropy = -expected(policy, log_policy).detach()
        target_entropy = self.config.entropy * choices(batch.observations, self.net.layout).log()
        losses["temperature"] = (log_temperature * (entropy - target_entropy)).mean()
        return {**losses, "entropy_": entropy.mean(), "price_": temperature}


@dataclasses.dataclass()
class SACConfig(OfflineConfig):
    """Options. entropy: target, as a share of the highest possible. temperature: initial."""

    entropy: float = 0.3
    temperature: float = 0.1

    def implementation(self) -> type[NetImpl]:
        """The class that learns with these options."""
        return SACImpl

    @staticmethod
    def get_type() -> str:
        """The name under which d3rlpy stores and finds it."""
        return "rare_sac"


register_learnable(SACConfig)
