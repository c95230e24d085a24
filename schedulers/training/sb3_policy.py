"""SchedulerNet as a policy of stable-baselines3 (PPO, MaskablePPO)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from sb3_contrib.common.maskable.distributions import MaskableCategorical, MaskableDistribution
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.torch_layers import MlpExtractor
from stable_baselines3.common.type_aliases import PyTorchObs, Schedule
from torch import Tensor, nn

from rare.env.observation.layout import Layout
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet, two_step


class _Extractor(nn.Module):
    """SB3's feature extractor. It returns logits and value, so the heads after it are identities."""

    def __init__(self, net: SchedulerNet) -> None:
        super().__init__()
        self.net = net
        self.latent_dim_pi, self.latent_dim_vf = net.layout.actions, 1

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, A), value (B, 1)."""
        logits, value = self.net(obs)
        return logits, value[:, None]

    def forward_actor(self, obs: Tensor) -> Tensor:
        """Logits (B, A)."""
        return self.net.policy(obs)

    def forward_critic(self, obs: Tensor) -> Tensor:
        """Value (B, 1)."""
        return self.net.value(obs)[:, None]


class SchedulerPolicy(MaskableActorCriticPolicy):
    """policy_kwargs: layout (rare.Layout), size (NetworkSize)."""

    def __init__(self, *args: Any, layout: Layout, size: NetworkSize | None = None, **kwargs: Any) -> None:
        self._layout, self._size = layout, size
        kwargs["ortho_init"] = False
        super().__init__(*args, **kwargs)

    def _build_mlp_extractor(self) -> None:
        extractor = _Extractor(SchedulerNet(self._layout, self._size))
        self.mlp_extractor = cast(MlpExtractor, extractor)

    def _build(self, lr_schedule: Schedule) -> None:
        self._build_mlp_extractor()
        self.action_net = self.value_net = cast(nn.Linear, nn.Identity())
        optimizer_class = cast(Callable[..., torch.optim.Optimizer], self.optimizer_class)
        self.optimizer = optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)

    def get_distribution(
        self, obs: PyTorchObs, action_masks: np.ndarray | None = None
    ) -> MaskableDistribution:
        """The distribution over actions for observations (B, D) and masks (B, A).

        ValueError for masks of another shape: sb3-contrib would assign them to the wrong observations.
        """
        if action_masks is not None:
            shape, wanted = np.shape(action_masks), (len(obs), self._layout.actions)
            if shape != wanted and not (len(obs) == 1 and shape == wanted[1:]):
                raise ValueError(f"action masks must have shape {wanted}, got {shape}")
        return super().get_distribution(obs, action_masks)

    def _predict(
        self,
        observation: PyTorchObs,
        deterministic: bool = False,
        action_masks: np.ndarray | None = None,
    ) -> Tensor:
        """(B,) actions: sampled, or if deterministic the two-step choice, as its checkpoints act."""
        distribution = self.get_distribution(observation, action_masks)
        if not deterministic:
            return distribution.get_actions()
        return two_step(cast(MaskableCategorical, distribution.distribution).logits)

    @property
    def net(self) -> SchedulerNet:
        """The SchedulerNet inside; its state_dict is what checkpoints hold."""
        return cast(_Extractor, self.mlp_extractor).net
