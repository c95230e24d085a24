"""Batch-constrained Q-learning, discrete (Fujimoto et al. 2019, arXiv 1910.01708).

The best action by Q among those whose probability, by a model of the logged actions (the imitator), is at
least `threshold` times the highest. A checkpoint holds one policy and one Q, and neither makes that choice.
So the imitator is a network of its own, and the actor is trained at the same time on the chosen action;
`distilled_` is the share of the logged states in which the actor agrees.
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
    """A network without critic: a policy that models the logged actions."""

    def __init__(self, net: SchedulerNet) -> None:
        super().__init__(net.layout, net.size)
        del self.critic, self.values, self.advantages


class BCQImpl(NetImpl):
    """Trains Q, the imitator, and the actor, whose labels are what both choose."""

    config: BCQConfig
    reported: ClassVar[tuple[str, ...]] = (
        "policy",
        "critic",
        "value",
        "imitator",
        "mean_q_",
        "distilled_",
        "agreement_",
    )

    def make_beside(self) -> dict[str, nn.Module]:
        """Targets and the imitator."""
        return {**super().make_beside(), "imitator": Imitator(self.net)}

    def allowed(self, q: Tensor, log_policy: Tensor) -> Tensor:
        """(B, A) Q where the imitator's probability is above the threshold, MASKED elsewhere."""
        likely = log_policy - log_policy.amax(dim=1, keepdim=True) >= math.log(self.config.threshold)
        return torch.where(likely, q, q.new_full((), MASKED))

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """Losses of critic, imitator and actor; how often actor and log agree with the choice."""
        imitator: SchedulerNet = self.beside["imitator"]  # type: ignore[assignment]
        log_policy = imitator.policy(batch.observations).log_softmax(dim=1)
        with torch.no_grad():
            next_log_policy = imitator.policy(batch.next_observations).log_softmax(dim=1)
            q = self.net.q(batch.next_observations)
            best = self.allowed(q, next_log_policy).argmax(dim=1, keepdim=True)
            next_value = self.lowest_target(batch.next_observations).gather(1, best)[:, 0]
        losses, q = self.td_losses(batch, self.target(batch, next_value))
        chosen = self.allowed(q, log_policy.detach()).argmax(dim=1)
        logits = self.net.policy(batch.observations)
        losses["imitator"] = -taken(log_policy, batch).mean()
        losses["policy"] = nn.functional.cross_entropy(logits, chosen)
        losses["distilled_"] = (logits.detach().argmax(dim=1) == chosen).float().mean()
        losses["agreement_"] = (chosen == batch.actions[:, 0]).float().mean()
        return losses


@dataclasses.dataclass()
class BCQConfig(OfflineConfig):
    """Options. threshold: least probability of an action, as a share of the highest one."""

    critics: int = 1
    threshold: float = 0.3

    def implementation(self) -> type[NetImpl]:
        """The class that learns with these options."""
        return BCQImpl

    @staticmethod
    def get_type() -> str:
        """The name under which d3rlpy stores and finds it."""
        return "rare_bcq"


register_learnable(BCQConfig)
