"""Double deep Q-learning with masked actions and discounts by elapsed time, logged decisions mixed in."""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.dqn.policies import DQNPolicy
from torch import Tensor

from rare.env.observation.layout import Layout
from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
from schedulers.network.forward import Q
from schedulers.training.offline.transitions import Transitions
from schedulers.training.online.env_states import packed, random_state, restore_random, unpacked
from schedulers.training.online.online_options import DqnOptions
from schedulers.training.online.replay_ring import Batch, ElapsedReplay, drawn_logged, joined
from schedulers.training.online.reward_units import REWARD, UNIT, scale_critic
from schedulers.training.resume import generator_state, restore_generator
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet


class _QNet(BasePolicy):
    """SchedulerNet where SB3 expects a Q network. Invalid actions are masked in it."""

    def __init__(self, observation_space: Any, action_space: Any, net: SchedulerNet) -> None:
        super().__init__(observation_space, action_space)
        self.net = net

    def forward(self, obs: Tensor) -> Tensor:
        """Q values (B, A)."""
        return self.net.q(obs)

    def _predict(self, observation: Any, deterministic: bool = True) -> Tensor:
        return self(observation).argmax(dim=1)


class SchedulerQPolicy(DQNPolicy):
    """policy_kwargs: layout (rare.Layout), size (NetworkSize)."""

    def __init__(self, *args: Any, layout: Layout, size: NetworkSize | None = None, **kwargs: Any) -> None:
        self._layout, self._size = layout, size
        super().__init__(*args, **kwargs)

    def make_q_net(self) -> Any:
        """A Q network; SB3 asks for two."""
        return _QNet(self.observation_space, self.action_space, SchedulerNet(self._layout, self._size))


class SchedulerDQN(DQN):
    """One `round` is `rollout` steps of all environments with the updates after each.

    net: to start from; `origin` True: it is of a checkpoint, so it explores little from the start on. data,
    mix: logged transitions and their share of every batch. folder: for what was played, to outlive a kill;
    spare_rows: steps that a run may make between two saved states.
    """

    heads = (Q,)
    columns = ("reward", "loss", "explore", "learning_rate")
    _last_obs: Any

    def __init__(
        self,
        env: GreenClusterSB3VecEnv,
        options: DqnOptions,
        steps: int,
        net: SchedulerNet,
        *,
        origin: bool = False,
        data: Transitions | None = None,
        mix: float = 0.0,
        seed: int = 0,
        device: str = "cpu",
        folder: Path | None = None,
        spare_rows: int = 0,
    ) -> None:
        self.vec, self.options, self.total = env, options, steps
        self.data, self.mix = (None if data is None else data.to(device)), mix
        super().__init__(
            SchedulerQPolicy,
            env,
            learning_rate=lambda left: options.learning_rate * max(left, 0.0),
            buffer_size=options.capacity,
            batch_size=options.batch,
            gamma=options.gamma,
            tau=options.tau,
            learning_starts=0 if data is not None else options.starts,
            max_grad_norm=options.max_gradient,
            exploration_initial_eps=options.explore_last if origin else options.explore_first,
            exploration_final_eps=options.explore_last,
            exploration_fraction=options.explore_share,
            replay_buffer_class=ElapsedReplay,
            replay_buffer_kwargs={"folder": folder, "spare_rows": spare_rows},
            policy_kwargs={"layout": net.layout, "size": net.size},
            seed=seed,
            device=device,
        )
        for each in (self.net, self.target):
            each.load_state_dict(net.state_dict())
            scale_critic(each, UNIT)
        self.generator = np.random.default_rng(seed)
        self._owed = 0.0
        self.spent_s = {"environments": 0.0, "policy": 0.0, "training": 0.0}
        self._setup_learn(steps)

    @property
    def net(self) -> SchedulerNet:
        """The network being trained."""
        found: Any = self.q_net
        return found.net

    @property
    def target(self) -> SchedulerNet:
        """The network that follows it, for targets."""
        found: Any = self.q_net_target
        return found.net

    @property
    def ring(self) -> ElapsedReplay:
        """What was played."""
        found: Any = self.replay_buffer
        return found

    def trained(self) -> SchedulerNet:
        """A copy of the network in the units of checkpoints."""
        found = copy.deepcopy(self.net)
        scale_critic(found, 1.0 / UNIT)
        return found

    def round(self) -> dict[str, float]:
        """Play and learn: numbers for the journal."""
        rewarded, losses = 0.0, []
        for _ in range(self.options.rollout):
            begin_s = time.perf_counter()
            self.exploration_rate = self.exploration_schedule(self._current_progress_remaining)
            seen = np.asarray(self._last_obs)
            actions, _ = self._sample_action(self.learning_starts, n_envs=self.n_envs)
            acted_s = time.perf_counter()
            stepped: Any = self.vec.step(actions)
            new, rewards, dones, _ = stepped
            played_s = time.perf_counter()
            self.ring.put(seen, new, actions, rewards * REWARD, dones, self.vec.elapsed_s)
            self._last_obs = new
            rewarded += float(rewards.mean())
            self.num_timesteps += self.n_envs
            self._update_current_progress_remaining(self.num_timesteps, self.total)
            if self.num_timesteps >= self.learning_starts:
                self._owed += self.options.updates
                losses += self.learn_from(int(self._owed))
                self._owed -= int(self._owed)
            done_s = time.perf_counter()
            self.spent_s["policy"] += acted_s - begin_s
            self.spent_s["environments"] += played_s - acted_s
            self.spent_s["training"] += done_s - played_s
        found = {
            "reward": rewarded,
            "explore": self.exploration_rate,
            "learning_rate": float(self.policy.optimizer.param_groups[0]["lr"]),
        }
        return found | ({"loss": float(np.mean(losses))} if losses else {})

    def _sample_action(
        self, learning_starts: int, action_noise: Any = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Valid actions: of the policy, and random ones at the rate of exploration."""
        actions, _ = self.predict(np.asarray(self._last_obs), deterministic=False)
        return actions, actions

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[np.ndarray, Any]:
        """Best valid action; unless deterministic, now and then a random valid one."""
        obs = np.atleast_2d(np.asarray(observation))
        with torch.no_grad():
            actions = self.net.q(torch.from_numpy(obs).to(self.device)).argmax(dim=1).cpu().numpy()
        if not deterministic:
            explores = self.generator.random(len(obs)) < self.exploration_rate
            mask = obs[:, self.net.layout.slices["mask"]] > 0.5
            random = (self.generator.random(mask.shape) * mask).argmax(axis=1)
            actions = np.where(explores, random, actions)
        return (actions if np.ndim(observation) > 1 else actions[0]), state

    def learn_from(self, updates: int) -> list[float]:
        """So many updates; their losses."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        return [self._update(self._batch()) for _ in range(updates)]

    def _batch(self) -> Batch:
        number = self.options.batch
        logged = round(self.mix * number) if self.data is not None else 0
        parts = []
        if logged and self.data is not None:
            parts.append(drawn_logged(self.data, logged, self.generator, self.gamma))
        if logged < number:
            parts.append(self.ring.drawn(number - logged, self.generator, self.gamma))
        return parts[0] if len(parts) == 1 else joined(parts)

    def targets(self, batch: Batch) -> Tensor:
        """(B,) what the Q values should be: the action is chosen by one network and valued by the other."""
        with torch.no_grad():
            chosen = self.net.q(batch.next_observations).argmax(dim=1, keepdim=True)
            after = self.target.q(batch.next_observations).gather(1, chosen)[:, 0]
            return batch.rewards + (1 - batch.dones) * batch.discounts * after

    def _update(self, batch: Batch) -> float:
        wanted = self.targets(batch)
        found = self.net.q(batch.observations).gather(1, batch.actions[:, None])[:, 0]
        loss = torch.nn.functional.smooth_l1_loss(found, wanted)
        self.policy.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.max_grad_norm)
        self.policy.optimizer.step()
        with torch.no_grad():
            for mine, theirs in zip(self.target.parameters(), self.net.parameters(), strict=True):
                mine.lerp_(theirs, self.tau)
        self._n_updates += 1
        return loss.item()

    def state(self) -> dict[str, Any]:
        """Everything that the next round depends on, but what was played."""
        return {
            "net": self.net.state_dict(),
            "target": self.target.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "steps": self.num_timesteps,
            "updates": self._n_updates,
            "count": self.ring.count,
            "owed": self._owed,
            "random": random_state(),
            "generator": generator_state(self.generator),
            "environments": packed(self.vec.save()),
            "spent_s": dict(self.spent_s),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`; what was played is in the same folder."""
        self.net.load_state_dict(state["net"])
        self.target.load_state_dict(state["target"])
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self.num_timesteps, self._n_updates = state["steps"], state["updates"]
        self.ring.count, self._owed = state["count"], state["owed"]
        self._update_current_progress_remaining(self.num_timesteps, self.total)
        restore_generator(self.generator, state["generator"])
        self._last_obs = self.vec.restore(unpacked(state["environments"]))
        self.spent_s = dict(state["spent_s"])
        restore_random(state["random"])
