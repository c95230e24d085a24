"""PPO with masked actions, discounts by elapsed time, and a soft start from an offline checkpoint."""

from __future__ import annotations

import copy
import time
from typing import Any, TypedDict, cast

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from torch import Tensor, nn

from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
from schedulers.network.forward import CHOICES_OF_POLICY
from schedulers.training.offline.packed_observations import Packed as PackedObservations
from schedulers.training.offline.packed_observations import pack_readings
from schedulers.training.online.env_states import (
    Packed,
    packed,
    random_state,
    restore_random,
    unpacked_state,
)
from schedulers.training.online.handover import Handover, HandoverState, for_start, sharpen
from schedulers.training.online.lagrangian import Limits, LimitsState
from schedulers.training.online.learner_start import LearnerStart
from schedulers.training.online.online_options import PpoOptions
from schedulers.training.online.reward_units import REWARD, UNIT, scale_critic
from schedulers.training.online.rollout_buffer import ElapsedRolloutBuffer, Rollout
from schedulers.training.resume import GeneratorState, generator_state, restore_generator
from schedulers.training.sb3_policy import SchedulerPolicy
from schedulers.training.scheduler_net import Reading, SchedulerNet, read

CHUNK = 4096  # observations whose values are computed at once


class PpoState(TypedDict):
    """What a resumed run needs. Its keys are those in state.pt."""

    net: dict[str, Any]
    mean: dict[str, Any] | None
    rounds: int
    optimizer: dict[str, Any]
    steps: int
    updates: int
    episode_starts: Tensor
    random: list[Tensor]
    generator: GeneratorState
    limits: LimitsState
    handover: HandoverState
    environments: Packed
    spent_s: dict[str, float]


class SchedulerPPO(MaskablePPO):
    """One `round` is a rollout and its updates. Actor and critic share no weights, so each has its own step.

    steps: of the whole run, over all environments. start: its network, if from a checkpoint, is the policy
    that training leaves slowly. limits: of the mean cost per episode, by name.
    """

    heads = CHOICES_OF_POLICY
    columns = ("reward", "loss", "critic_loss", "entropy", "kl", "clone_kl", "learning_rate")
    _last_obs: np.ndarray

    def __init__(
        self,
        env: GreenClusterSB3VecEnv,
        options: PpoOptions,
        steps: int,
        start: LearnerStart,
        *,
        limits: dict[str, float] | None = None,
    ) -> None:
        options = for_start(options, start.from_checkpoint)
        self.vec, self.options, self.total = env, options, steps
        self.limits = Limits(limits or {}, env.num_envs)
        super().__init__(
            SchedulerPolicy,
            env,
            learning_rate=lambda left: options.learning_rate * max(left, 0.0),
            n_steps=options.rollout,
            batch_size=options.batch,
            n_epochs=options.epochs,
            gamma=options.gamma,
            gae_lambda=options.gae_lambda,
            clip_range=options.clip,
            ent_coef=options.entropy,
            rollout_buffer_class=ElapsedRolloutBuffer,
            policy_kwargs={"layout": start.net.layout, "size": start.net.size},
            seed=start.seed,
            device=start.device,
        )
        self.net.load_state_dict(start.net.state_dict())
        scale_critic(self.net, UNIT)
        self.handover = Handover(options, start.from_checkpoint)
        if start.from_logs:
            sharpen(self.net, options.sharpness)
        self.origin = copy.deepcopy(self.net).requires_grad_(False) if start.from_checkpoint else None
        self.actor = [*self.net.actor.parameters(), *self.net.logits.parameters()]
        self.critic = [*self.net.critic.parameters(), *self.net.values.parameters()]
        self.mean = copy.deepcopy(self.net).requires_grad_(False) if options.average > 0 else None
        self.rounds = 0
        self.generator = np.random.default_rng(start.seed)
        self.spent_s = {"environments": 0.0, "policy": 0.0, "training": 0.0}
        self.guided_steps = 0  # of the last rollout, played by the checkpoint's policy
        self.played: PackedObservations | None = None  # the observations of the last rollout, parsed
        self._setup_learn(steps)

    @property
    def net(self) -> SchedulerNet:
        """The network being trained."""
        return cast(SchedulerPolicy, self.policy).net

    @property
    def buffer(self) -> ElapsedRolloutBuffer:
        """The last rollout."""
        return cast(ElapsedRolloutBuffer, self.rollout_buffer)

    def trained(self) -> SchedulerNet:
        """A copy of the network, or of its running mean, its critic in the units of checkpoints."""
        net = copy.deepcopy(self.net if self.mean is None else self.mean)
        scale_critic(net, 1.0 / UNIT)
        return net

    def round(self) -> dict[str, float]:
        """Play a rollout and learn from it. Returns a number for each of `columns`, where there is one."""
        self.collect()
        self._update_current_progress_remaining(self.num_timesteps, self.total)
        begin_s = time.perf_counter()
        self.train()
        self.average_weights()
        self.spent_s["training"] += time.perf_counter() - begin_s
        return self.numbers

    def collect(self) -> None:
        """Play a rollout into the buffer. The critic values all of it at once afterwards.

        Observations are parsed once, when the policy draws: values and updates read what was parsed.
        """
        self.policy.set_training_mode(False)
        buffer = self.buffer
        buffer.reset()
        assert self._last_episode_starts is not None  # of `_setup_learn`
        obs, dones, reward_sum = self._last_obs, self._last_episode_starts, 0.0
        readings: list[Reading] = []
        no_values, scale = torch.zeros(self.n_envs), REWARD * self.options.reward_scale
        self.guided_steps = self._guided_steps()
        for step in range(self.n_steps):
            at_s = time.perf_counter()
            readings.append(self.parsed(obs))
            player = self.origin if step < self.guided_steps else None
            actions, log_probability = self.draw(readings[-1], player)
            chosen = actions.cpu().numpy()
            acted_s = time.perf_counter()
            next_obs, rewards, next_dones, _ = self.vec.step(chosen)
            rewards = self.limits.reward(rewards, self.vec.costs, next_dones)
            done_s = time.perf_counter()
            buffer.add(
                obs,
                chosen[:, None],
                rewards * scale,
                dones,
                no_values,
                log_probability,
                elapsed_s=self.vec.elapsed_s,
            )
            reward_sum += float(rewards.mean())
            obs, dones = np.asarray(next_obs), next_dones  # SB3 allows dictionaries and tuples here
            self.num_timesteps += self.n_envs
            self.spent_s["policy"] += acted_s - at_s
            self.spent_s["environments"] += done_s - acted_s
        self._last_obs, self._last_episode_starts = obs, dones
        at_s = time.perf_counter()
        self.played = pack_readings(readings)
        values = self.values_of(self.played)
        buffer.fill_values(values.cpu().numpy().reshape(self.n_steps, self.n_envs))
        with torch.no_grad():
            buffer.compute_returns_and_advantage(self.net.value(self.parsed(obs)), dones)
        self.spent_s["policy"] += time.perf_counter() - at_s
        self.limits.update()
        self.numbers = {"reward": reward_sum}

    def parsed(self, obs: np.ndarray) -> Reading:
        """Observations (E, D) as networks read them, on the device."""
        return read(torch.from_numpy(obs).to(self.device), self.net.layout)

    @torch.no_grad()
    def draw(self, obs: Tensor | Reading, player: SchedulerNet | None = None) -> tuple[Tensor, Tensor]:
        """Actions drawn from the policy, and the logarithm of their probability, (E,) each.

        player: whose policy; None: the one that is trained."""
        logs = (player or self.net).policy(obs).log_softmax(dim=1)
        actions = torch.multinomial(logs.exp(), 1)
        return actions[:, 0], logs.gather(1, actions)[:, 0]

    @torch.no_grad()
    def values_of(self, played: PackedObservations) -> Tensor:
        """(N,) values of observations by the critic."""
        return torch.cat([self.net.value(part) for part in played.parts(CHUNK)])

    def train(self) -> None:
        """Learn from the rollout: `epochs` passes in batches."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        assert self.played is not None  # of `collect`
        data = self.buffer.tensors(self.device)
        own = torch.arange(self.guided_steps * self.n_envs, len(data.actions), device=self.device)
        advantages = data.advantages[own]
        scaled = (data.advantages - advantages.mean()) / (advantages.std() + 1e-8)
        data = data._replace(advantages=scaled)
        acts = self.handover.acts(self.num_timesteps)
        weight = self.handover.clone_weight(self.num_timesteps)
        origin_logs = self._origin_logs(self.played) if acts and weight > 0 else None
        history: dict[str, list[float]] = {}
        for _ in range(self.n_epochs):
            order = own[torch.from_numpy(self.generator.permutation(len(own))).to(self.device)]
            for rows in order.split(self.options.batch):
                part = Rollout(*(column[rows] for column in data))
                reading = self.played.of(rows)
                losses = self._critic_step(reading, part)
                if acts:
                    origin = None if origin_logs is None else origin_logs[rows]
                    losses |= self._actor_step(reading, part, origin, weight)
                    acts = losses["kl"] <= 1.5 * self.options.target_kl
                for name, number in losses.items():
                    history.setdefault(name, []).append(number)
            self._n_updates += 1
        self.numbers |= {name: float(np.mean(numbers)) for name, numbers in history.items()}
        self.numbers["learning_rate"] = float(self.policy.optimizer.param_groups[0]["lr"])

    @torch.no_grad()
    def average_weights(self) -> None:
        """Update the running mean of the weights, once a round; at first it is the mean of all rounds.

        Policies of neighbouring rounds differ by noise, which averaging reduces (Polyak and Juditsky,
        1992, doi:10.1137/0330046).
        """
        if self.mean is None:
            return
        self.rounds += 1
        share = 1.0 / min(self.rounds, max(self.options.average, 1.0))
        for mean, current in zip(self.mean.parameters(), self.net.parameters(), strict=True):
            mean.lerp_(current, share)

    def judge(self, scores: list[float]) -> None:
        """Adapt the hand-over to the scores (W,) on the validation windows."""
        self.handover.judge(scores, self.num_timesteps)

    def _guided_steps(self) -> int:
        """Steps of the next rollout that the checkpoint's policy plays; one at least is the learner's."""
        if not self.handover.acts(self.num_timesteps):
            return 0
        return min(round(self.handover.guided * self.n_steps), self.n_steps - 1)

    @torch.no_grad()
    def _origin_logs(self, played: PackedObservations) -> Tensor:
        assert self.origin is not None
        return torch.cat([self.origin.policy(part).log_softmax(dim=1) for part in played.parts(CHUNK)])

    def _critic_step(self, obs: Reading, part: Rollout) -> dict[str, float]:
        loss = torch.nn.functional.mse_loss(self.net.value(obs), part.returns)
        self._descend(loss, self.critic)
        return {"critic_loss": loss.item()}

    def _actor_step(
        self, obs: Reading, part: Rollout, origin_logs: Tensor | None, weight: float
    ) -> dict[str, float]:
        logs = self.net.policy(obs).log_softmax(dim=1)
        log_ratio = logs.gather(1, part.actions[:, None])[:, 0] - part.log_probabilities
        ratio = log_ratio.exp()
        clipped = ratio.clamp(1 - self.options.clip, 1 + self.options.clip)
        loss = -torch.min(part.advantages * ratio, part.advantages * clipped).mean()
        entropy = -(logs.exp() * logs).sum(dim=1).mean()
        total = loss - self.options.entropy * entropy
        losses = {"loss": loss.item(), "entropy": entropy.item()}
        if origin_logs is not None:
            divergence = (origin_logs.exp() * (origin_logs - logs)).sum(dim=1).mean()
            total = total + weight * divergence
            losses["clone_kl"] = divergence.item()
        losses["kl"] = float(((ratio - 1) - log_ratio).detach().mean())
        if losses["kl"] <= 1.5 * self.options.target_kl:
            self._descend(total, self.actor, self.handover.actor_rate(self.num_timesteps))
        return losses

    def _descend(self, loss: Tensor, weights: list[nn.Parameter], share: float = 1.0) -> None:
        """One step of the optimiser on some of the weights: the others have no gradient and stay.

        share: of the learning rate."""
        rate = self.lr_schedule(self._current_progress_remaining) * share
        for group in self.policy.optimizer.param_groups:
            group["lr"] = rate
        self.policy.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, self.options.max_gradient)
        self.policy.optimizer.step()

    def state(self) -> PpoState:
        """Everything that the next round depends on."""
        assert self._last_episode_starts is not None
        return {
            "net": self.net.state_dict(),
            "mean": None if self.mean is None else self.mean.state_dict(),
            "rounds": self.rounds,
            "optimizer": self.policy.optimizer.state_dict(),
            "steps": self.num_timesteps,
            "updates": self._n_updates,
            "episode_starts": torch.from_numpy(np.asarray(self._last_episode_starts, np.bool_)),
            "random": random_state(),
            "generator": generator_state(self.generator),
            "limits": self.limits.state(),
            "handover": self.handover.state(),
            "environments": packed(self.vec.save()),
            "spent_s": dict(self.spent_s),
        }

    def restore(self, state: PpoState) -> None:
        """Resume from a `state`."""
        self.net.load_state_dict(state["net"])
        if self.mean is not None:
            self.mean.load_state_dict(state["mean"] or {})
        self.rounds = state["rounds"]
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self.num_timesteps, self._n_updates = state["steps"], state["updates"]
        self._last_episode_starts = state["episode_starts"].numpy()
        restore_generator(self.generator, state["generator"])
        self.limits.restore(state["limits"])
        self.handover.restore(state["handover"])
        self._last_obs = self.vec.restore(unpacked_state(state["environments"]))
        self.spent_s = dict(state["spent_s"])
        restore_random(state["random"])
