"""Learning libraries of the extra `learn`, unmodified, on an environment with invalid="wait"."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest

from rare import GreenClusterEnv

TINY = {"scenario": "tiny", "invalid": "wait", "queue_slots": 6, "running_slots": 4, "forecast_hours": 2}
ON_POLICY = {"n_steps": 16, "batch_size": 16, "n_epochs": 1}
OFF_POLICY = {"learning_starts": 16, "buffer_size": 500, "train_freq": 8}
LEARNERS = {
    "stable_baselines3.PPO": ON_POLICY,
    "stable_baselines3.A2C": {},
    "stable_baselines3.DQN": OFF_POLICY,
    "sb3_contrib.QRDQN": OFF_POLICY,
    "sb3_contrib.RecurrentPPO": ON_POLICY,
    "sb3_contrib.MaskablePPO": ON_POLICY,
}


@pytest.mark.parametrize("vector", [False, True])
@pytest.mark.parametrize("name", LEARNERS)
def test_stable_baselines_learns_and_evaluates(name, vector):
    library, _, algorithm = name.partition(".")
    learner = getattr(pytest.importorskip(library, reason="needs the extra 'learn'"), algorithm)
    import torch
    from sb3_contrib.common.maskable.callbacks import MaskableEvalCallback
    from stable_baselines3.common.callbacks import EvalCallback
    from stable_baselines3.common.monitor import Monitor

    from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

    torch.set_num_threads(1)
    if vector:
        env, judge = GreenClusterSB3VecEnv(2, **TINY), GreenClusterSB3VecEnv(1, split="validation", **TINY)
    else:
        env, judge = GreenClusterEnv(**TINY), Monitor(GreenClusterEnv(split="validation", **TINY))
    policy = "MlpLstmPolicy" if algorithm == "RecurrentPPO" else "MlpPolicy"
    evaluate = MaskableEvalCallback if algorithm == "MaskablePPO" else EvalCallback
    callback = evaluate(judge, n_eval_episodes=1, eval_freq=24, verbose=0)
    settings = {**LEARNERS[name], "policy_kwargs": {"net_arch": [8]}}
    learner(policy, env, device="cpu", seed=0, **settings).learn(64, callback=callback)
    assert np.isfinite(callback.last_mean_reward) and callback.last_mean_reward <= 1


def test_the_checker_of_stable_baselines_has_nothing_to_say():
    pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
    from stable_baselines3.common.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(GreenClusterEnv(render_mode="rgb_array", **TINY))


def test_d3rlpy_learns_online_and_evaluates():
    pytest.importorskip("d3rlpy", reason="needs the extra 'learn'")
    import d3rlpy

    env, judge = GreenClusterEnv(**TINY), GreenClusterEnv(split="validation", **TINY)
    seen = d3rlpy.dataset.create_fifo_replay_buffer(limit=1000, env=env)
    learner = d3rlpy.algos.DoubleDQNConfig(batch_size=8).create(device="cpu:0")
    learner.fit_online(
        env, seen, d3rlpy.algos.ConstantEpsilonGreedy(0.3), n_steps=40, n_steps_per_epoch=40,
        update_interval=8, update_start_step=16, show_progress=False,
        logger_adapter=d3rlpy.logging.NoopAdapterFactory(),
    )  # fmt: skip
    assert d3rlpy.metrics.EnvironmentEvaluator(judge, n_trials=1)(learner, seen) <= 1


def test_a_loop_over_a_vector_in_the_manner_of_cleanrl():
    """Its single-file agents: make_vec, RecordEpisodeStatistics, autoreset at the next step."""
    from gymnasium.wrappers.vector import RecordEpisodeStatistics

    envs = RecordEpisodeStatistics(
        gymnasium.make_vec("rare/GreenCluster-v0", num_envs=4, autoreset_mode="NEXT_STEP", **TINY)
    )
    assert isinstance(envs.single_action_space, gymnasium.spaces.Discrete)
    generator, returns = np.random.default_rng(1), []
    obs, _ = envs.reset(seed=1)
    before = np.zeros(4, bool)
    for _ in range(200):
        obs, rewards, terminations, truncations, infos = envs.step(generator.integers(0, 11, 4))
        assert obs.shape == (4, envs.single_observation_space.shape[0]) and not rewards[before].any()
        before = terminations | truncations
        for e in np.flatnonzero(infos.get("_episode", ())):
            returns.append(float(infos["episode"]["r"][e]))
            assert returns[-1] == pytest.approx(infos["episode_summary"][e]["objective"], abs=1e-5)
    assert returns
