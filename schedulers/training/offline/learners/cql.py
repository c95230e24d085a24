"""Conservative Q-learning (Kumar et al. 2020, arXiv 2006.04779), discrete.

Double DQN's target (van Hasselt et al. 2016, arXiv 1509.06461), and a penalty on the log-sum-exp of the valid
actions' Q values over the logged action's.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
from torch import Tensor

from schedulers.network.forward import Q
from schedulers.training.offline.d3rlpy_base import TorchMiniBatch, register_learnable
from schedulers.training.offline.learners.critics import taken
from schedulers.training.offline.learners.offline_base import NetImpl, OfflineConfig


class CQLImpl(NetImpl):
    """Trains Q, by which it acts. No actor is trained."""

    heads: ClassVar[tuple[str, ...]] = (Q,)
    config: CQLConfig
    reported: ClassVar[tuple[str, ...]] = ("critic", "conservative", "value", "mean_q_", "agreement_")

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """The temporal difference error, the conservative penalty and the value head's loss."""
        value, q = self.net.value_and_q(batch.observations)
        with torch.no_grad():
            best = self.net.q(batch.next_observations).argmax(dim=1, keepdim=True)
            next_value = self.lowest_target(batch.next_observations).gather(1, best)[:, 0]
            target = self.target(batch, next_value)
        logged = taken(q, batch)
        return {
            "critic": torch.nn.functional.mse_loss(logged, target),
            "conservative": self.config.alpha * (q.logsumexp(dim=1) - logged).mean(),
            "value": self.config.value_weight * torch.nn.functional.mse_loss(value, q.detach().amax(dim=1)),
            "mean_q_": logged.detach().mean(),
            "agreement_": (q.detach().argmax(dim=1) == batch.actions[:, 0]).float().mean(),
        }


@dataclasses.dataclass()
class CQLConfig(OfflineConfig):
    """Options. alpha: weight of the penalty."""

    critics: int = 1
    alpha: float = 1.0

    def implementation(self) -> type[NetImpl]:
        """The class that learns with these options."""
        return CQLImpl

    @staticmethod
    def get_type() -> str:
        """The name under which d3rlpy stores and finds it."""
        return "rare_cql"


register_learnable(CQLConfig)
