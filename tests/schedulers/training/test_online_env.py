"""What training needs of the environments beside rewards: elapsed time, costs, saved states."""

import numpy as np
import pytest

from rare.env.vector_env import GreenClusterVectorEnv


def valid(env, generator):
    return np.array([generator.choice(np.flatnonzero(mask)) for mask in env.action_masks()])


def test_elapsed_time_adds_up_to_the_episode_and_costs_to_its_summary():
    env, generator = GreenClusterVectorEnv(3, "tiny"), np.random.default_rng(0)
    env.reset(seed=0)
    begun_s = np.array(
        [env.batch.world.env["now_s"][e] - env.batch.world.env["begin_s"][e] for e in range(3)]
    )
    passed_s, violations, jobs = (
        np.zeros(3),
        np.zeros(3),
        [episode.placed_jobs for episode in env.batch.playing],
    )
    ended_once, finished = [False] * 3, []
    while not all(ended_once):
        _, _, terminated, _, info = env.step(valid(env, generator))
        assert (env.elapsed_s >= 0).all()
        passed_s += env.elapsed_s
        violations += env.costs["violations"]
        for e in np.flatnonzero(terminated):
            if not ended_once[e]:
                summary = info["episode_summary"][e]
                assert passed_s[e] + begun_s[e] == summary["simulated_s"]
                assert violations[e] * jobs[e] == pytest.approx(summary["qos_violations"])
                finished.append(summary["qos_violations"])
            ended_once[e] = True
    assert sum(finished) > 0  # else nothing was tested


def test_a_restored_environment_goes_on_as_the_saved_one_did():
    env, generator = GreenClusterVectorEnv(4, "tiny"), np.random.default_rng(0)
    env.reset(seed=3)
    for _ in range(300):
        env.step(valid(env, generator))
    saved = env.save()
    other = GreenClusterVectorEnv(4, "tiny")
    other.restore(saved)
    ended = 0
    for _ in range(1500):
        assert np.array_equal(env.action_masks(), other.action_masks())
        actions = valid(env, generator)
        one, two = env.step(actions), other.step(actions)
        for mine, theirs in zip(one[:3], two[:3], strict=True):
            assert np.array_equal(mine, theirs)
        assert np.array_equal(env.elapsed_s, other.elapsed_s)
        assert all(np.array_equal(env.costs[name], other.costs[name]) for name in env.costs)
        ended += one[2].sum()
    assert ended > 3  # episodes drawn anew, by the restored generators
