"""What the offline algorithms share: d3rlpy's base classes around one SchedulerNet."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from rare.env.observation.layout import Layout
from schedulers.network.forward import CHOICES_OF_POLICY, Q
from schedulers.training.discount import GAMMA_PER_HOUR
from schedulers.training.offline.d3rlpy_base import (
    ActionSpace,
    LearnableConfig,
    Modules,
    OptimizerWrapper,
    QLearningAlgoBase,
    QLearningAlgoImplBase,
    TorchMiniBatch,
)
from schedulers.training.offline.learners.critics import (
    Critic,
    critic_weights,
    expected,
    follow,
    taken,
    td_target,
)
from schedulers.training.scheduler_net import NetworkSize, Reading, SchedulerNet, best_actions, read

LOWEST_RATE = 0.05  # of the learning rate, at the end of the cosine


@dataclasses.dataclass()
class OfflineConfig(LearnableConfig, ABC):
    """Options that all algorithms have.

    layout: as JSON. steps: of the whole training, for the learning rate: a linear warm-up, then a cosine
    (Loshchilov and Hutter 2017, arXiv 1608.03983). clip: largest norm of the gradient. follow: share by
    which targets move to their networks at each update. returns: over this share of the training the target
    of Q fades from the logged return to go, which is Q of the behaviour policy, to the algorithm's own: by
    temporal differences alone, values take thousands of updates to come from the end of an episode.
    value_weight: of the loss that makes the value head the mean of Q, which also tells value and advantages
    apart (Wang et al. 2016, arXiv 1511.06581).
    """

    gamma: float = GAMMA_PER_HOUR
    layout: str = ""
    kind: str = "pointwise"
    width: int = 64
    learning_rate: float = 1e-3
    warmup: int = 200
    steps: int = 20_000
    weight_decay: float = 1e-4
    clip: float = 10.0
    follow: float = 0.02
    returns: float = 0.25
    critics: int = 2
    value_weight: float = 0.5

    def create(self, device: Any = False, enable_ddp: bool = False) -> Offline:
        """The algorithm, without networks yet."""
        return Offline(self, device, enable_ddp)

    @abstractmethod
    def implementation(self) -> type[NetImpl]:
        """Which class learns."""


@dataclasses.dataclass(frozen=True)
class NetModules(Modules):
    """net: what a checkpoint holds. beside: what only training needs. optim: of all weights that learn."""

    net: SchedulerNet
    beside: nn.ModuleDict
    optim: OptimizerWrapper


class NetImpl(QLearningAlgoImplBase):
    """Learns a SchedulerNet from batches. heads: how it may choose afterwards (forward.HEADS)."""

    heads: ClassVar[tuple[str, ...]] = CHOICES_OF_POLICY
    told: ClassVar[tuple[str, ...]] = ()  # names of what `losses` gives

    def __init__(self, net: SchedulerNet, config: Any, device: str) -> None:
        self.config, self.net, self.step = config, net, 0
        self.beside = nn.ModuleDict(self.make_beside()).to(device)
        critics = [weights for critic in self.critics for weights in critic_weights(critic)]
        own = {id(weights) for weights in critics}
        every = [*net.parameters(), *(each for each in self.beside.parameters() if each.requires_grad)]
        groups: list[dict[str, Any]] = [
            {"params": critics},
            {"params": [each for each in every if id(each) not in own]},
        ]
        adam = torch.optim.AdamW(
            groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        optim = OptimizerWrapper(every, adam, compiled=False)
        super().__init__((net.layout.size,), net.layout.actions, NetModules(net, self.beside, optim), device)

    @property
    def looks_ahead(self) -> bool:
        """Whether it learns Q from the next observation, with targets; else only from the logged one."""
        return True

    def make_beside(self) -> dict[str, nn.Module]:
        """Networks that only training needs, by name."""
        if not self.looks_ahead:
            return {}
        made: dict[str, nn.Module] = {}
        if self.config.critics == 2:
            made["twin"] = Critic(self.net.layout, self.net.size)
        twins: Any = [made["twin"]] if made else []
        made["targets"] = nn.ModuleList(Critic.copy_of(net) for net in (self.net, *twins))
        return made

    @property
    def critics(self) -> list[SchedulerNet]:
        """The network, and its twin if there is one."""
        twin: Any = [self.beside["twin"]] if "twin" in self.beside else []
        return [self.net, *twin]

    @property
    def targets(self) -> list[SchedulerNet]:
        """Slow copies of `critics`."""
        found: Any = self.beside["targets"]
        return list(found)

    @abstractmethod
    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """Scalars to be minimised together, by the names in `told`; those that end in `_` are only told."""

    def learn(self, batch: TorchMiniBatch, grad_step: int) -> dict[str, Tensor]:
        """One update. The losses as tensors, so that a GPU is not waited for."""
        optim = self.modules.optim
        for group in optim.optim.param_groups:
            group["lr"] = rate(self.config, grad_step)
        self.step = grad_step
        found = self.losses(self._read(batch))
        optim.optim.zero_grad(set_to_none=True)
        sum(loss for name, loss in found.items() if not name.endswith("_")).backward()  # type: ignore[union-attr]
        for group in optim.optim.param_groups:  # apart, so that large errors of Q do not slow the policy
            clip_grad_norm_(group["params"], self.config.clip, foreach=True)
        optim.optim.step()
        if self.looks_ahead:
            follow(self.targets, self.critics, self.config.follow)
        return {name: loss.detach() for name, loss in found.items()}

    def _read(self, batch: TorchMiniBatch) -> TorchMiniBatch:
        """The batch with its observations taken apart, once for all networks."""
        if isinstance(batch.observations, Reading):
            return batch
        layout = self.net.layout
        found = {"observations": read(batch.observations, layout)}
        if self.looks_ahead:
            found["next_observations"] = read(batch.next_observations, layout)
        return dataclasses.replace(batch, **found)

    def inner_update(self, batch: TorchMiniBatch, grad_step: int) -> dict[str, float]:
        """As d3rlpy calls it."""
        return {name: float(loss) for name, loss in self.learn(batch, grad_step).items()}

    def td_losses(
        self, batch: TorchMiniBatch, target: Tensor, policy: Tensor | None = None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Losses of all critics to the target (B,), and the lowest Q (B, A) of them, without gradient.

        policy (B, A): of whose Q the value head is the mean; None: the best action's.
        """
        value, q = self.net.value_and_q(batch.observations)
        every = [q, *(twin.q(batch.observations) for twin in self.critics[1:])]
        # Squares throughout: returns are skewed, and an absolute error would learn their median. And were
        # this error's pull bounded but the value's below not, the value would carry Q away with it.
        critic = sum(nn.functional.mse_loss(taken(each, batch), target) for each in every)
        lowest = torch.stack([each.detach() for each in every]).amin(dim=0)
        mean = lowest.amax(dim=1) if policy is None else expected(policy, lowest)
        found: dict[str, Any] = {
            "critic": critic,
            "value": self.config.value_weight * nn.functional.mse_loss(value, mean),
            "mean_q_": taken(lowest, batch).mean(),
        }
        return found, lowest

    def lowest_target(self, obs: Tensor | Reading) -> Tensor:
        """(B, A) the lower Q of the targets."""
        return torch.stack([target.q(obs) for target in self.targets]).amin(dim=0)

    def target(self, batch: TorchMiniBatch, next_value: Tensor) -> Tensor:
        """(B,) what the logged actions' Q should be."""
        own = td_target(batch, next_value, self.config.gamma)
        return torch.lerp(own, batch.returns_to_go[:, 0], 1.0 - self.settled) if self.settled < 1 else own

    @property
    def settled(self) -> float:
        """How far the critic is on the way from returns to go to its own targets, from 0 to 1."""
        until = self.config.returns * self.config.steps
        return min(1.0, self.step / until) if until else 1.0

    def inner_predict_best_action(self, x: Tensor) -> Tensor:
        """(B,) actions."""
        return best_actions(self.net, x, self.heads[0])

    def inner_sample_action(self, x: Tensor) -> Tensor:
        """(B,) actions drawn from the policy; the best where Q values act."""
        if Q in self.heads:
            return self.inner_predict_best_action(x)
        return torch.multinomial(self.net.policy(x).softmax(dim=1), 1)[:, 0]

    def inner_predict_value(self, x: Tensor, action: Tensor) -> Tensor:
        """(B,) Q of actions."""
        return self.net.q(x).gather(1, action.long().reshape(-1, 1))[:, 0]


def rate(config: OfflineConfig, step: int) -> float:
    """The learning rate at an update, from 0 on."""
    warm = min(1.0, (step + 1) / max(config.warmup, 1))
    done = min(1.0, step / max(config.steps, 1))
    return (
        config.learning_rate * warm * (LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))
    )


class Offline(QLearningAlgoBase):
    """An offline algorithm as d3rlpy knows them; `fit` works as well as a loop over `impl.learn`."""

    def inner_create_impl(self, observation_shape: Any, action_size: int) -> None:
        """Make the networks; both sizes must be the layout's."""
        layout = Layout.from_json(self._config.layout)
        if action_size != layout.actions:
            raise ValueError(f"{action_size} actions, but the layout has {layout.actions}")
        self.create_around(SchedulerNet(layout, NetworkSize(self._config.kind, self._config.width)))

    def create_around(self, net: SchedulerNet) -> None:
        """Learn this network, which may have learned before."""
        self._impl = self._config.implementation()(net.to(self._device), self._config, self._device)

    def get_action_type(self) -> Any:
        """Discrete."""
        return ActionSpace.DISCRETE

    @property
    def need_returns_to_go(self) -> bool:
        """For `fit`: returns to go are computed only where they are read."""
        own = getattr(self._config, "advantage", "") == "return"
        return bool(own or (self._config.returns and self._config.get_type() != "rare_bc"))
