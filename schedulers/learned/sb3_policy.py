"""SchedulerNet as a policy of stable-baselines3 (PPO, MaskablePPO)."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from torch import Tensor, nn

from rare.layout import Layout
from schedulers.learned.network import NetworkSize, SchedulerNet


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
        self.mlp_extractor = _Passed(SchedulerNet(self._layout, self._size))

    def _build(self, lr_schedule: Any) -> None:
        self._build_mlp_extractor()
        self.action_net, self.value_net = nn.Identity(), nn.Identity()
        rate = lr_schedule(1)
        self.optimizer = self.optimizer_class(self.parameters(), lr=rate, **self.optimizer_kwargs)

    @property
    def net(self) -> SchedulerNet:
        """The network, as every library shares it."""
        return self.mlp_extractor.net  # type: ignore[union-attr, return-value]


def set_torch_threads(threads: int = 1) -> None:
    """One thread: with other processes beside, more of them made torch sixty times slower (measured)."""
    torch.set_num_threads(threads)
