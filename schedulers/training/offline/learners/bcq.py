"""Batch-constrained Q-learning, discrete (Fujimoto et al. 2019, arXiv 1910.01708).

The best action by Q among those that an imitator of the log finds at least `threshold` times as likely as the
likeliest. A checkpoint holds one policy and one Q, and that choice is neither: so imitator and threshold stay
beside the network, and the network's actor learns, at the same time, which action they choose. `distilled_`
tells in which share of the logged states it takes that action.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch, register_learnable
from schedulers.training.offline.learners.critics import taken
from schedulers.training.offline.learners.offline_base import NetImpl, OfflineConfig
from schedulers.training.scheduler_net import MASKED, SchedulerNet


class Imitator(SchedulerNet):
    """The actor's half of a network."""

    def __init__(self, net: SchedulerNet) -> None:
        super().__init__(net.layout, net.size)
        del self.critic, self.values, self.advantages


class BCQImpl(NetImpl):
    """Q, imitator, and the actor that learns what both choose."""

    told: ClassVar[tuple[str, ...]] = (
        "policy", "critic", "value", "imitator", "mean_q_", "distilled_", "agreement_",
    )  # fmt: skip

    def make_beside(self) -> dict[str, nn.Module]:
        """Targets and the imitator."""
        return {**super().make_beside(), "imitator": Imitator(self.net)}

    def allowed(self, q: Tensor, log_policy: Tensor) -> Tensor:
        """(B, A) Q where the imitator finds the action likely enough, MASKED elsewhere."""
        near = log_policy - log_policy.amax(dim=1, keepdim=True) >= math.log(self.config.threshold)
        return torch.where(near, q, q.new_full((), MASKED))

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """Critic, imitator and actor."""
        imitator: SchedulerNet = self.beside["imitator"]  # type: ignore[assignment]
        log_policy = imitator.policy(batch.observations).log_softmax(dim=1)
        with torch.no_grad():
            following = imitator.policy(batch.next_observations).log_softmax(dim=1)
            q = self.net.q(batch.next_observations)
            best = self.allowed(q, following).argmax(dim=1, keepdim=True)
            next_value = self.lowest_target(batch.next_observations).gather(1, best)[:, 0]
        found, q = self.td_losses(batch, self.target(batch, next_value))
        chosen = self.allowed(q, log_policy.detach()).argmax(dim=1)
        logits = self.net.policy(batch.observations)
        found["imitator"] = -taken(log_policy, batch).mean()
        found["policy"] = nn.functional.cross_entropy(logits, chosen)
        found["distilled_"] = (logits.detach().argmax(dim=1) == chosen).float().mean()
        found["agreement_"] = (chosen == batch.actions[:, 0]).float().mean()
        return found


@dataclasses.dataclass()
class BCQConfig(OfflineConfig):
    """Options. threshold: how likely an action must be, as a share of the likeliest."""

    critics: int = 1
    threshold: float = 0.3

    def implementation(self) -> type[NetImpl]:
        """Which class learns."""
        return BCQImpl

    @staticmethod
    def get_type() -> str:
        """Its name for d3rlpy."""
        return "rare_bcq"


register_learnable(BCQConfig)
