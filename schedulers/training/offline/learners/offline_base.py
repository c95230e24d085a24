"""Base classes of the offline algorithms: d3rlpy's, around one SchedulerNet."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, cast

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

LOWEST_RATE = 0.05  # share of the learning rate that is left at the end of the cosine


@dataclasses.dataclass()
class OfflineConfig(LearnableConfig, ABC):
    """Options that all algorithms have.

    layout: as JSON. steps: of the whole training, for the learning rate: a linear warm-up, then a cosine
    (Loshchilov and Hutter 2017, arXiv 1608.03983). clip: largest norm of the gradient. follow: share by
    which target networks move at each update. returns: over this share of the training the target
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

    def create(self, device: str | int | bool = False, enable_ddp: bool = False) -> Offline:
        """The algorithm, without networks yet. device: as d3rlpy takes it."""
        return Offline(self, device, enable_ddp)

    @abstractmethod
    def implementation(self) -> type[NetImpl]:
        """The class that learns with these options."""


@dataclasses.dataclass(frozen=True)
class NetModules(Modules):
    """net: in checkpoints. beside: auxiliary networks of training. optim: of all weights that are trained.

    d3rlpy's files and state.pt use these names as keys."""

    net: SchedulerNet
    beside: nn.ModuleDict
    optim: OptimizerWrapper


class NetImpl(QLearningAlgoImplBase):
    """Trains a SchedulerNet by batches. heads: by which it may choose afterwards (forward.HEADS).

    reported: names of what `losses` returns, the columns of the journal."""

    heads: ClassVar[tuple[str, ...]] = CHOICES_OF_POLICY
    reported: ClassVar[tuple[str, ...]] = ()

    def __init__(self, net: SchedulerNet, config: OfflineConfig, device: str) -> None:
        self.config, self.net, self.step = config, net, 0
        self.beside = nn.ModuleDict(self.make_beside()).to(device)
        critics = [weights for critic in self.critics for weights in critic_weights(critic)]
        critic_ids = {id(weights) for weights in critics}
        auxiliary = [weights for weights in self.beside.parameters() if weights.requires_grad]
        trained = [*net.parameters(), *auxiliary]
        others: list[Tensor] = [weights for weights in trained if id(weights) not in critic_ids]
        groups = [{"params": critics}, {"params": others}]
        adam = torch.optim.AdamW(
            groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        optim = OptimizerWrapper(trained, adam, compiled=False)
        super().__init__((net.layout.size,), net.layout.actions, NetModules(net, self.beside, optim), device)

    @property
    def looks_ahead(self) -> bool:
        """Whether it learns Q from the next observation, with targets; else only from the logged one."""
        return True

    def make_beside(self) -> dict[str, nn.Module]:
        """Auxiliary networks of training by name: twin critic and targets, where Q is learned."""
        if not self.looks_ahead:
            return {}
        twins = [Critic(self.net.layout, self.net.size)] if self.config.critics == 2 else []
        targets = nn.ModuleList(Critic.copy_of(net) for net in (self.net, *twins))
        return {"twin": twins[0], "targets": targets} if twins else {"targets": targets}

    @property
    def critics(self) -> list[SchedulerNet]:
        """The network, and its twin if there is one."""
        if "twin" not in self.beside:
            return [self.net]
        return [self.net, cast(SchedulerNet, self.beside["twin"])]

    @property
    def targets(self) -> list[SchedulerNet]:
        """The target networks of `critics`, in the same order."""
        return [cast(SchedulerNet, target) for target in cast(nn.ModuleList, self.beside["targets"])]

    @abstractmethod
    def losses(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """Scalars by the names in `reported`: their sum is minimised, except for names that end in `_`."""

    def learn(self, batch: TorchMiniBatch, grad_step: int) -> dict[str, Tensor]:
        """One update. Returns the losses as tensors, so that the CPU need not wait for a GPU."""
        optim = self.modules.optim
        for group in optim.optim.param_groups:
            group["lr"] = rate(self.config, grad_step)
        self.step = grad_step
        losses = self.losses(self._read(batch))
        optim.optim.zero_grad(set_to_none=True)
        sum(loss for name, loss in losses.items() if not name.endswith("_")).backward()  # type: ignore[union-attr]
        for group in optim.optim.param_groups:  # each alone, so that large errors of Q do not slow the policy
            clip_grad_norm_(group["params"], self.config.clip, foreach=True)
        optim.optim.step()
        if self.looks_ahead:
            follow(self.targets, self.critics, self.config.follow)
        return {name: loss.detach() for name, loss in losses.items()}

    def _read(self, batch: TorchMiniBatch) -> TorchMiniBatch:
        """The batch with parsed observations, shared by all networks."""
        if isinstance(batch.observations, Reading):
            return batch
        layout = self.net.layout
        parsed = {"observations": read(batch.observations, layout)}
        if self.looks_ahead:
            parsed["next_observations"] = read(batch.next_observations, layout)
        return dataclasses.replace(batch, **parsed)

    def inner_update(self, batch: TorchMiniBatch, grad_step: int) -> dict[str, float]:
        """`learn` for d3rlpy's own loop, with the losses as numbers."""
        return {name: float(loss) for name, loss in self.learn(batch, grad_step).items()}

    def td_losses(
        self, batch: TorchMiniBatch, target: Tensor, policy: Tensor | None = None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Losses of all critics to the target (B,), and their lowest Q (B, A), without gradient.

        The value head learns the mean of that Q under policy (B, A); None: the Q of the best action.
        """
        value, q = self.net.value_and_q(batch.observations)
        all_q = [q, *(twin.q(batch.observations) for twin in self.critics[1:])]
        # Squares throughout: returns are skewed, and an absolute error would learn their median. And were
        # this error's pull bounded but the value's below not, the value would carry Q away with it.
        errors = [nn.functional.mse_loss(taken(values, batch), target) for values in all_q]
        lowest = torch.stack([values.detach() for values in all_q]).amin(dim=0)
        mean = lowest.amax(dim=1) if policy is None else expected(policy, lowest)
        losses = {
            "critic": sum(errors[1:], start=errors[0]),
            "value": self.config.value_weight * nn.functional.mse_loss(value, mean),
            "mean_q_": taken(lowest, batch).mean(),
        }
        return losses, lowest

    def lowest_target(self, obs: Tensor | Reading) -> Tensor:
        """(B, A) the lowest Q of the target networks."""
        return torch.stack([target.q(obs) for target in self.targets]).amin(dim=0)

    def target(self, batch: TorchMiniBatch, next_value: Tensor) -> Tensor:
        """(B,) target of the logged actions' Q, given the value (B,) of the next states."""
        bootstrapped = td_target(batch, next_value, self.config.gamma)
        if self.settled >= 1:
            return bootstrapped
        return torch.lerp(bootstrapped, batch.returns_to_go[:, 0], 1.0 - self.settled)

    @property
    def settled(self) -> float:
        """Weight of the bootstrapped target against the return to go: rises from 0 to 1."""
        until = self.config.returns * self.config.steps
        return min(1.0, self.step / until) if until else 1.0

    def inner_predict_best_action(self, x: Tensor) -> Tensor:
        """(B,) actions for observations (B, D)."""
        return best_actions(self.net, x, self.heads[0])

    def inner_sample_action(self, x: Tensor) -> Tensor:
        """(B,) actions sampled from the policy; the best ones of algorithms that act by Q."""
        if Q in self.heads:
            return self.inner_predict_best_action(x)
        return torch.multinomial(self.net.policy(x).softmax(dim=1), 1)[:, 0]

    def inner_predict_value(self, x: Tensor, action: Tensor) -> Tensor:
        """(B,) Q of actions (B,) or (B, 1)."""
        return self.net.q(x).gather(1, action.long().reshape(-1, 1))[:, 0]


def rate(config: OfflineConfig, step: int) -> float:
    """The learning rate at an update, counted from 0: linear warm-up, then a cosine to LOWEST_RATE."""
    warm = min(1.0, (step + 1) / max(config.warmup, 1))
    done = min(1.0, step / max(config.steps, 1))
    return (
        config.learning_rate * warm * (LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))
    )


class Offline(QLearningAlgoBase):
    """An offline algorithm as d3rlpy knows them; `fit` works as well as a loop over `impl.learn`."""

    def inner_create_impl(self, observation_shape: Sequence[int], action_size: int) -> None:
        """Make new networks. ValueError if the number of actions is not the layout's."""
        layout = Layout.from_json(self._config.layout)
        if action_size != layout.actions:
            raise ValueError(f"{action_size} actions, but the layout has {layout.actions}")
        self.create_around(SchedulerNet(layout, NetworkSize(self._config.kind, self._config.width)))

    def create_around(self, net: SchedulerNet) -> None:
        """Train this network, which may have been trained before."""
        self._impl = self._config.implementation()(net.to(self._device), self._config, self._device)

    def get_action_type(self) -> ActionSpace:
        """Actions are discrete."""
        return ActionSpace.DISCRETE

    @property
    def need_returns_to_go(self) -> bool:
        """For `fit`: returns to go are computed only where they are read."""
        by_return = getattr(self._config, "advantage", "") == "return"
        return bool(by_return or (self._config.returns and self._config.get_type() != "rare_bc"))
