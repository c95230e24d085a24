"""Libraries that are no part of the extras, unmodified: each where it is installed.

    pip install jax torchrl tianshou skrl rl_zoo3 "ray[rllib]" pufferlib==1.0.1 agilerl

Some of them pin other versions of gymnasium or tensordict than others, so not all fit in one place.
"""

from __future__ import annotations

import os
import subprocess
import sys

import gymnasium
import pytest

import rare  # noqa: F401  registers the environment

pytestmark = pytest.mark.slow
NAME = "rare/GreenCluster-v0"
TINY = {"scenario": "tiny", "invalid": "wait", "queue_slots": 6, "running_slots": 4, "forecast_hours": 2}


def make(**options):
    return gymnasium.make(NAME, **{**TINY, **options})


def test_minari_collects_infos_of_episodes_that_end_and_that_are_cut(tmp_path, monkeypatch):
    minari = pytest.importorskip("minari")
    pytest.importorskip("jax", reason="minari's collector needs it")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    collector = minari.DataCollector(make(max_episode_steps=40), record_infos=True)
    for seed in range(3):
        collector.reset(seed=seed)
        over = False
        while not over:
            *_, terminated, truncated, _ = collector.step(collector.env.action_space.sample())
            over = terminated or truncated
    dataset = collector.create_dataset("rare/collected-v0", algorithm_name="random")
    for episode in dataset.iterate_episodes():
        steps = len(episode.actions)
        assert episode.infos["action_mask"].shape == (steps + 1, 11)
        assert len(episode.infos["episode_summary"]["objective"]) == steps + 1
        assert episode.infos["elapsed_s"].shape == (steps + 1,)


def test_torchrl_reads_all_of_info_by_itself():
    pytest.importorskip("torchrl")
    from torchrl.envs import GymWrapper

    env = GymWrapper(make(numeric_info=True, max_episode_steps=40), categorical_action_encoding=True)
    rollout = env.auto_register_info_dict().rollout(100, break_when_any_done=False)
    assert rollout.shape == (100,) and rollout["next", "done"].any()
    assert rollout["next", "action_mask"].shape == (100, 11)
    assert rollout["next", "episode_invalid_actions"].max() > 0


def test_tianshou_collects_and_learns():
    pytest.importorskip("tianshou")
    from tianshou.algorithm import DQN
    from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
    from tianshou.algorithm.optim import AdamOptimizerFactory
    from tianshou.data import Collector, VectorReplayBuffer
    from tianshou.env import DummyVectorEnv
    from tianshou.utils.net.common import Net

    envs, env = DummyVectorEnv([make, make]), make()
    policy = DiscreteQLearningPolicy(
        model=Net(state_shape=env.observation_space.shape, action_shape=11, hidden_sizes=[8]),
        action_space=env.action_space, observation_space=env.observation_space, eps_training=0.3,
    )  # fmt: skip
    algorithm = DQN(policy=policy, optim=AdamOptimizerFactory(lr=1e-3))
    collector = Collector(algorithm, envs, VectorReplayBuffer(1000, 2), exploration_noise=True)
    collector.reset()
    assert collector.collect(n_episode=2).n_collected_episodes == 2


def test_skrl_wraps_the_vector():
    pytest.importorskip("skrl")
    import torch
    from skrl.envs.wrappers.torch import wrap_env

    env = wrap_env(gymnasium.make_vec(NAME, num_envs=2, **TINY))
    obs, _ = env.reset()
    assert obs.shape == (2, env.observation_space.shape[0]) and env.num_envs == 2
    for _ in range(100):
        obs, reward, terminated, truncated, _ = env.step(torch.randint(0, env.action_space.n, (2, 1)))
    assert reward.shape == terminated.shape == truncated.shape == (2, 1)


def test_rllib_trains():
    pytest.importorskip("ray.rllib")
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    import ray
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.tune.registry import register_env

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        register_env("rare", lambda config: make())
        config = (
            PPOConfig()
            .environment("rare")
            .env_runners(num_env_runners=0)
            .training(train_batch_size=64, minibatch_size=32, num_epochs=1)
        )
        algorithm = config.build_algo()
        assert algorithm.train()["num_env_steps_sampled_lifetime"] >= 64
        algorithm.stop()
    finally:
        ray.shutdown()


def test_pufferlib_steps_it_in_a_vector():
    pytest.importorskip("pufferlib")
    import pufferlib.emulation
    import pufferlib.vector

    def creator(**_):
        return pufferlib.emulation.GymnasiumPufferEnv(env_creator=make)

    envs = pufferlib.vector.make(creator, num_envs=2, backend=pufferlib.vector.Serial)
    obs, _ = envs.reset()
    assert obs.shape[0] == 2
    for _ in range(60):
        obs, reward, *_ = envs.step(envs.action_space.sample())
    assert reward.shape == (2,)
    envs.close()


def test_the_command_line_of_rl_zoo3(tmp_path):
    pytest.importorskip("rl_zoo3")
    settings = tmp_path / "ppo.yml"
    settings.write_text(
        f"{NAME}:\n  policy: MlpPolicy\n  n_timesteps: 64\n  n_steps: 16\n  batch_size: 16\n  n_envs: 2\n"
    )
    given = [f"{name}:{value!r}" for name, value in TINY.items()]
    subprocess.run(
        [
            sys.executable, "-m", "rl_zoo3.train", "--algo", "ppo", "--env", NAME, "--gym-packages", "rare",
            "--conf-file", str(settings), "--env-kwargs", *given, "-f", str(tmp_path / "logs"),
            "--device", "cpu", "--eval-freq", "32", "--eval-episodes", "1", "--seed", "0",
        ],
        check=True, timeout=300, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert list((tmp_path / "logs").rglob("best_model.zip"))


def test_agilerl_learns_with_masks():
    pytest.importorskip("agilerl")
    from agilerl.algorithms.dqn import DQN

    envs = gymnasium.make_vec(NAME, num_envs=2, **{**TINY, "invalid": "raise"})
    agent = DQN(envs.single_observation_space, envs.single_action_space, net_config={"latent_dim": 8})
    obs, info = envs.reset(seed=0)
    for _ in range(60):
        action = agent.get_action(obs, epsilon=0.5, action_mask=info["action_mask"])
        obs, _, _, _, info = envs.step(action)
