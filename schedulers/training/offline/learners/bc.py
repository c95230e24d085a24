"""Behaviour cloning: likelihood of the logged actions (Pomerleau 1991, doi:10.1162/neco.1991.3.1.88)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from torch import Tensor

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch, register_learnable
from schedulers.training.offline.learners.critics import taken
from schedulers.training.offline.learners.offline_base import NetImpl, OfflineConfig
from schedulers.training.scheduler_net import two_step


class BCImpl(NetImpl):
    """Minimises the negative log likelihood of the logged actions; no critic is trained."""

    reported: ClassVar[tuple[str, ...]] = ("policy", "agreement_")

    @property
    def looks_ahead(self) -> bool:
        """False: there is no critic."""
        return False

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """The policy's loss, and the share of logged actions that the two-step choice repeats."""
        logits = self.net.policy(batch.observations)
        agreement = (two_step(logits.detach()) == batch.actions[:, 0]).float().mean()
        return {"policy": -taken(logits.log_softmax(dim=1), batch).mean(), "agreement_": agreement}


@dataclasses.dataclass()
class BCConfig(OfflineConfig):
    """Options of behaviour cloning."""

    def implementation(self) -> type[NetImpl]:
        """The class that learns with these options."""
        return BCImpl

    @staticmethod
    def get_type() -> str:
        """The name under which d3rlpy stores and finds it."""
        return "rare_bc"


register_learnable(BCConfig)
