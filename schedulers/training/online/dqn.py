"""Double deep Q-learning with masked actions and discounts by elapsed time, logged decisions mixed in."""

from __future__ import annotations

import copy
import time
from typing import Any, TypedDict, cast

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import DQN
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import Tensor

from rare.env.observation.layout import Layout
from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
from schedulers.network.forward import Q
from schedulers.training.online.env_states import (
    Packed,
    packed,
    random_state,
    restore_random,
    unpacked_state,
)
from schedulers.training.online.learner_start import LearnerStart, LoggedMix, RingFiles
from schedulers.training.online.online_options import DqnOptions
from schedulers.training.online.replay_ring import Batch, ElapsedReplay, concatenated, draw_logged
from schedulers.training.online.reward_units import REWARD, UNIT, scale_critic
from schedulers.training.resume import GeneratorState, generator_state, restore_generator
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet


class _QNet(BasePolicy):
    """SchedulerNet where SB3 expects a Q network. Invalid actions are masked in it."""

    def __init__(
        self, observation_space: spaces.Space, action_space: spaces.Space, net: SchedulerNet
    ) -> None:
        super().__init__(observation_space, action_space)
        self.net = net

    def forward(self, obs: Tensor) -> Tensor:
        """Q values (B, A)."""
        return self.net.q(obs)

    def _predict(self, observation: PyTorchObs, deterministic: bool = True) -> Tensor:
        actions: Tensor = self(observation).argmax(dim=1)
        return actions


class SchedulerQPolicy(DQNPolicy):
    """policy_kwargs: layout (rare.Layout), size (NetworkSize)."""

    def __init__(self, *args: Any, layout: Layout, size: NetworkSize | None = None, **kwargs: Any) -> None:
        self._layout, self._size = layout, size
        super().__init__(*args, **kwargs)

    def make_q_net(self) -> QNetwork:
        """A new Q network; SB3 makes two, the second as the target."""
        net = SchedulerNet(self._layout, self._size)
        return cast(QNetwork, _QNet(self.observation_space, self.action_space, net))


class DqnState(TypedDict):
    """What a resumed run needs beside the files of the replay ring. Its keys are those in state.pt."""

    net: dict[str, Any]
    target: dict[str, Any]
    optimizer: dict[str, Any]
    steps: int
    updates: int
    count: int
    owed: float
    random: list[Tensor]
    generator: GeneratorState
    environments: Packed
    spent_s: dict[str, float]


class SchedulerDQN(DQN):
    """One `round` is `rollout` steps of all environments with the updates after each.

    steps: of the whole run, over all environments. logged: transitions mixed into every batch; None: only
    those played. ring_files: where the replay ring lies.
    """

    heads = (Q,)
    columns = ("reward", "loss", "explore", "learning_rate")
    _last_obs: np.ndarray

    def __init__(
        self,
        env: GreenClusterSB3VecEnv,
        options: DqnOptions,
        steps: int,
        start: LearnerStart,
        *,
        logged: LoggedMix | None = None,
        ring_files: RingFiles | None = None,
    ) -> None:
        self.vec, self.options, self.total = env, options, steps
        self.data = None if logged is None else logged.transitions.to(start.device)
        self.mix = 0.0 if logged is None else logged.share
        super().__init__(
            SchedulerQPolicy,
            env,
            learning_rate=lambda left: options.learning_rate * max(left, 0.0),
            buffer_size=options.capacity,
            batch_size=options.batch,
            gamma=options.gamma,
            tau=options.tau,
            learning_starts=0 if logged is not None else options.starts,
            max_grad_norm=options.max_gradient,
            exploration_initial_eps=options.explore_last if start.from_checkpoint else options.explore_first,
            exploration_final_eps=options.explore_last,
            exploration_fraction=options.explore_share,
            replay_buffer_class=ElapsedReplay,
            replay_buffer_kwargs={"files": ring_files or RingFiles()},
            policy_kwargs={"layout": start.net.layout, "size": start.net.size},
            seed=start.seed,
            device=start.device,
        )
        for net in (self.net, self.target):
            net.load_state_dict(start.net.state_dict())
            scale_critic(net, UNIT)
        self.generator = np.random.default_rng(start.seed)
        self._updates_due = 0.0
        self.spent_s = {"environments": 0.0, "policy": 0.0, "training": 0.0}
        self._setup_learn(steps)

    @property
    def net(self) -> SchedulerNet:
        """The network being trained."""
        return cast(_QNet, self.q_net).net

    @property
    def target(self) -> SchedulerNet:
        """The target network, a running mean of `net`."""
        return cast(_QNet, self.q_net_target).net

    @property
    def ring(self) -> ElapsedReplay:
        """The replay buffer: the last steps played."""
        return cast(ElapsedReplay, self.replay_buffer)

    def trained(self) -> SchedulerNet:
        """A copy of the network in the units of checkpoints."""
        net = copy.deepcopy(self.net)
        scale_critic(net, 1.0 / UNIT)
        return net

    def round(self) -> dict[str, float]:
        """Play and learn. Returns a number for each of `columns`; no loss before the first update."""
        reward_sum, losses = 0.0, []
        for _ in range(self.options.rollout):
            begin_s = time.perf_counter()
            self.exploration_rate = self.exploration_schedule(self._current_progress_remaining)
            obs = self._last_obs
            actions, _ = self._sample_action(self.learning_starts, n_envs=self.n_envs)
            acted_s = time.perf_counter()
            stepped, rewards, dones, _ = self.vec.step(actions)
            next_obs = np.asarray(stepped)  # SB3 allows dictionaries and tuples here
            played_s = time.perf_counter()
            self.ring.put(obs, next_obs, actions, rewards * REWARD, dones, self.vec.elapsed_s)
            self._last_obs = next_obs
            reward_sum += float(rewards.mean())
            self.num_timesteps += self.n_envs
            self._update_current_progress_remaining(self.num_timesteps, self.total)
            if self.num_timesteps >= self.learning_starts:
                self._updates_due += self.options.updates
                losses += self.learn_from(int(self._updates_due))
                self._updates_due -= int(self._updates_due)
            done_s = time.perf_counter()
            self.spent_s["policy"] += acted_s - begin_s
            self.spent_s["environments"] += played_s - acted_s
            self.spent_s["training"] += done_s - played_s
        numbers = {
            "reward": reward_sum,
            "explore": self.exploration_rate,
            "learning_rate": float(self.policy.optimizer.param_groups[0]["lr"]),
        }
        return numbers | ({"loss": float(np.mean(losses))} if losses else {})

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Valid actions (E,), twice as SB3 wants them: the policy's, or random at the rate of exploration."""
        actions, _ = self.predict(self._last_obs, deterministic=False)
        return actions, actions

    def predict(
        self,
        observation: np.ndarray | dict[str, np.ndarray],
        state: tuple[np.ndarray, ...] | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...] | None]:
        """Best valid actions of observations (B, D) or (D,); random valid ones at the rate of exploration,
        unless deterministic.
        """
        obs = np.atleast_2d(np.asarray(observation))
        with torch.no_grad():
            actions = self.net.q(torch.from_numpy(obs).to(self.device)).argmax(dim=1).cpu().numpy()
        if not deterministic:
            explores = self.generator.random(len(obs)) < self.exploration_rate
            mask = obs[:, self.net.layout.slices["mask"]] > 0.5
            random = (self.generator.random(mask.shape) * mask).argmax(axis=1)
            actions = np.where(explores, random, actions)
        return (actions if np.asarray(observation).ndim > 1 else actions[0]), state

    def learn_from(self, updates: int) -> list[float]:
        """Make this many updates; returns the loss of each."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        return [self._update(self._batch()) for _ in range(updates)]

    def _batch(self) -> Batch:
        number = self.options.batch
        logged = round(self.mix * number) if self.data is not None else 0
        parts = []
        if logged and self.data is not None:
            parts.append(draw_logged(self.data, logged, self.generator, self.gamma))
        if logged < number:
            parts.append(self.ring.draw(number - logged, self.generator, self.gamma))
        return parts[0] if len(parts) == 1 else concatenated(parts)

    def targets(self, batch: Batch) -> Tensor:
        """(B,) target Q values of double Q-learning: `net` chooses the next action, `target` values it."""
        with torch.no_grad():
            chosen = self.net.q(batch.next_observations).argmax(dim=1, keepdim=True)
            after = self.target.q(batch.next_observations).gather(1, chosen)[:, 0]
            return batch.rewards + (1 - batch.dones) * batch.discounts * after

    def _update(self, batch: Batch) -> float:
        target_q = self.targets(batch)
        q = self.net.q(batch.observations).gather(1, batch.actions[:, None])[:, 0]
        loss = torch.nn.functional.smooth_l1_loss(q, target_q)
        self.policy.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.max_grad_norm)
        self.policy.optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(self.target.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(fast, self.tau)
        self._n_updates += 1
        return loss.item()

    def state(self) -> DqnState:
        """Everything that the next round depends on, except for the replay ring."""
        return {
            "net": self.net.state_dict(),
            "target": self.target.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "steps": self.num_timesteps,
            "updates": self._n_updates,
            "count": self.ring.count,
            "owed": self._updates_due,
            "random": random_state(),
            "generator": generator_state(self.generator),
            "environments": packed(self.vec.save()),
            "spent_s": dict(self.spent_s),
        }

    def restore(self, state: DqnState) -> None:
        """Resume from a `state`; the replay ring must lie in the same folder as then."""
        self.net.load_state_dict(state["net"])
        self.target.load_state_dict(state["target"])
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self.num_timesteps, self._n_updates = state["steps"], state["updates"]
        self.ring.count, self._updates_due = state["count"], state["owed"]
        self._update_current_progress_remaining(self.num_timesteps, self.total)
        restore_generator(self.generator, state["generator"])
        self._last_obs = self.vec.restore(unpacked_state(state["environments"]))
        self.spent_s = dict(state["spent_s"])
        restore_random(state["random"])
