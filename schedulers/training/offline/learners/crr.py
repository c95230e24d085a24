"""Cloning weighted by advantage: logged actions that were better than the policy's mean count more.

Critic Regularized Regression (Wang et al. 2020, arXiv 2006.15134) and AWAC (Nair et al. 2020, arXiv
2006.09359), discrete. A = Q(s, a) - sum of pi(b) Q(s, b) over the valid actions b; the log likelihood of a is
weighted by exp(A / beta), at most MOST, or by whether A > 0. Early advantages are noise, so the weights start
from 1, plain cloning, and reach their full size when the critic's targets are its own (`settled`).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
from torch import Tensor, nn

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch, register_learnable
from schedulers.training.offline.learners.critics import choices, expected, taken
from schedulers.training.offline.learners.offline_base import NetImpl, OfflineConfig

MOST = 20.0
FILTERS, ADVANTAGES = ("exp", "binary"), ("td", "return")


class Scale(nn.Module):
    """Running root mean square of advantages, by which beta becomes free of units."""

    def __init__(self, keeps: float = 0.99) -> None:
        super().__init__()
        self.keeps = keeps
        self.square: Tensor
        self.seen: Tensor
        self.register_buffer("square", torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))

    @torch.no_grad()
    def forward(self, advantage: Tensor, counts: Tensor) -> Tensor:
        """Update by the advantages (B,) whose `counts` (B,) is 1; the new scale, at least 1e-6."""
        square = (counts * advantage.square()).sum() / counts.sum().clamp(min=1.0)
        self.square.lerp_(square, 1.0 - self.keeps)
        self.seen.lerp_(torch.ones_like(self.seen), 1.0 - self.keeps)
        return (self.square / self.seen).sqrt().clamp(min=1e-6)


class CRRImpl(NetImpl):
    """Advantage-filtered cloning, with a critic by temporal differences or by returns to go."""

    config: CRRConfig
    reported: ClassVar[tuple[str, ...]] = ("policy", "critic", "value", "mean_q_", "weight_", "likelihood_")

    @property
    def looks_ahead(self) -> bool:
        """Whether the advantage comes from Q, trained by temporal differences."""
        return self.config.advantage == "td"

    def make_beside(self) -> dict[str, nn.Module]:
        """Twin, targets, and the advantages' scale."""
        return {**super().make_beside(), "scale": Scale()}

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """Losses of critic and policy, mean weight and mean likelihood of the logged actions."""
        log_policy = self.net.policy(batch.observations).log_softmax(dim=1)
        policy = log_policy.detach().exp()
        if self.config.advantage == "return":
            losses, advantage = self._by_returns(batch)
        else:
            with torch.no_grad():
                next_policy = self.net.policy(batch.next_observations).softmax(dim=1)
                next_value = expected(next_policy, self.lowest_target(batch.next_observations))
            losses, q = self.td_losses(batch, self.target(batch, next_value), policy)
            advantage = taken(q, batch) - expected(policy, q)
        weight = self.weight(advantage, choices(batch.observations, self.net.layout))
        losses["policy"] = -(weight * taken(log_policy, batch)).mean()
        return {**losses, "weight_": weight.mean(), "likelihood_": taken(policy, batch).mean()}

    def _by_returns(self, batch: TorchMiniBatch) -> tuple[dict[str, Tensor], Tensor]:
        """What the rest of the episode brought, less what it brings on average from such a state."""
        value, to_go = self.net.value(batch.observations), batch.returns_to_go[:, 0]
        return {"value": nn.functional.mse_loss(value, to_go)}, to_go - value.detach()

    def weight(self, advantage: Tensor, valid: Tensor) -> Tensor:
        """(B,) how much each logged action counts. While the critic settles, all come to count less alike."""
        if self.config.filter == "binary":
            return torch.lerp(torch.ones_like(advantage), (advantage > 0).float(), self.settled)
        scale = self.beside["scale"](advantage, (valid > 1).float())
        return (self.settled * advantage / (self.config.beta * scale)).exp().clamp(max=MOST)


@dataclasses.dataclass()
class CRRConfig(OfflineConfig):
    """Options. beta: in root mean squares of the advantage. filter: one of FILTERS. advantage: `td` learns Q,
    `return` takes the logged returns to go and learns a value to compare them with."""

    beta: float = 1.0
    filter: str = "exp"
    advantage: str = "td"

    def implementation(self) -> type[NetImpl]:
        """The class that learns with these options."""
        return CRRImpl

    @staticmethod
    def get_type() -> str:
        """The name under which d3rlpy stores and finds it."""
        return "rare_crr"


register_learnable(CRRConfig)
