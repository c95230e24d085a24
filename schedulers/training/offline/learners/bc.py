"""Behaviour cloning: the logged action is the right one (Pomerleau 1991, doi:10.1162/neco.1991.3.1.88)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from torch import Tensor

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch, register_learnable
from schedulers.training.offline.learners.critics import taken
from schedulers.training.offline.learners.offline_base import NetImpl, OfflineConfig
from schedulers.training.scheduler_net import two_step


class BCImpl(NetImpl):
    """Negative log likelihood of the logged actions among the valid ones. The critic stays as it is."""

    told: ClassVar[tuple[str, ...]] = ("policy", "agreement_")

    @property
    def looks_ahead(self) -> bool:
        """There is no critic."""
        return False

    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """The policy's."""
        logits = self.net.policy(batch.observations)
        same = (two_step(logits.detach()) == batch.actions[:, 0]).float().mean()
        return {"policy": -taken(logits.log_softmax(dim=1), batch).mean(), "agreement_": same}


@dataclasses.dataclass()
class BCConfig(OfflineConfig):
    """Options of behaviour cloning."""

    def implementation(self) -> type[NetImpl]:
        """Which class learns."""
        return BCImpl

    @staticmethod
    def get_type() -> str:
        """Its name for d3rlpy."""
        return "rare_bc"


register_learnable(BCConfig)
