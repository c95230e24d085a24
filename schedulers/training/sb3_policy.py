"""SchedulerNet as a policy of stable-baselines3 (PPO, MaskablePPO)."""

from __future__ import annotations

from typing import Any

import numpy as np
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from torch import Tensor, nn

from rare.env.observation.layout import Layout
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet, two_step


class _Passed(nn.Module):
    """SB3 asks an extractor for latents and puts heads on them; ours gives logits and value at once."""

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
        extractor: Any = _Passed(SchedulerNet(self._layout, self._size))
        self.mlp_extractor = extractor

    def _build(self, lr_schedule: Any) -> None:
        self._build_mlp_extractor()
        nothing: Any = nn.Identity()
        self.action_net = self.value_net = nothing
        make: Any = self.optimizer_class
        self.optimizer = make(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)

    def get_distribution(self, obs: Any, action_masks: Any = None) -> Any:
        """Of the actions of observations (B, D) with masks (B, A); masks of another shape are refused.

        sb3-contrib would shift them among the observations.
        """
        if action_masks is not None:
            shape, wanted = np.shape(action_masks), (len(obs), self._layout.actions)
            if shape != wanted and not (len(obs) == 1 and shape == wanted[1:]):
                raise ValueError(f"action masks must have shape {wanted}, got {shape}")
        return super().get_distribution(obs, action_masks)

    def _predict(self, observation: Any, deterministic: bool = False, action_masks: Any = None) -> Tensor:
        """(B,) actions: drawn, or the two-step choice, by which checkpoints of this policy act too."""
        found: Any = self.get_distribution(observation, action_masks)
        return two_step(found.distribution.logits) if deterministic else found.get_actions()

    @property
    def net(self) -> SchedulerNet:
        """The network, as every library shares it."""
        extractor: Any = self.mlp_extractor
        found: SchedulerNet = extractor.net
        return found
