"""The environments: checkers, exact returns, masks, single against vector, copies, layouts."""

from __future__ import annotations

import os
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import rare
from rare import GreenClusterEnv, GreenClusterVectorEnv, Layout
from rare.env.observation.layout import PLAIN_VERSION
from rare.env.policies.play import play
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from rare.state.compile import most_threads
from schedulers import make_scheduler
from traces.errors import InputError


def random_action(mask, generator, reluctant=0.1):
    """A valid action, WAIT seldom."""
    valid = np.flatnonzero(mask)
    if len(valid) > 1 and generator.random() > reluctant:
        valid = valid[1:]
    return int(generator.choice(valid))


def rollout(env, steps, seed):
    """Observations, masks and rewards of random valid actions, over as many episodes as it takes."""
    generator = np.random.default_rng(seed)
    obs, info = env.reset(seed=seed)
    seen = [(obs, info["action_mask"], 0.0)]
    for _ in range(steps):
        obs, reward, terminated, truncated, info = env.step(random_action(info["action_mask"], generator))
        seen.append((obs, info["action_mask"], reward))
        assert not truncated
        if terminated:
            obs, info = env.reset()
    return seen


def test_it_is_registered_and_passes_gymnasiums_checker():
    env = gymnasium.make("rare:rare/GreenCluster-v0", scenario="tiny", queue_slots=20, running_slots=4)
    assert env.observation_space.shape == (env.unwrapped.layout.size,)

    class Valid(GreenClusterEnv):
        """The checker samples actions without a mask: turn invalid ones into a valid one."""

        def step(self, action):
            mask = self.action_masks()
            return super().step(action if mask[action] else int(np.flatnonzero(mask)[-1]))

    for mode in ("ansi", "rgb_array"):
        check_env(Valid("tiny", queue_slots=20, running_slots=4, render_mode=mode))
    obs, info = env.reset(seed=1)
    assert env.observation_space.contains(obs) and info["action_mask"].sum() >= 2


@pytest.mark.parametrize("scenario", ["tiny", "islanded", "grid-tied"])
@pytest.mark.parametrize("name", ["fcfs+greedy", "hvf+easy+lowvalue", "atc+greedy"])
def test_the_return_is_the_objective_of_simulate_and_the_schedule_the_same(scenario, name):
    for window in ("train-03", "validation-06"):
        case = build(load_scenario(scenario, Wishes(window=window))).case
        expected = rare.simulate(case, make_scheduler(name)).metrics
        found = play(
            episodes_of(scenario),
            make_scheduler(name),
            window,
            layout=Layout(queue_slots=700, running_slots=300),
        )
        assert found["outside"] == 0
        assert found["return"] == pytest.approx(expected["objective"], abs=1e-9)
        assert found["energy_kwh"] == expected["energy_kwh"]
        for key in ("jobs_completed", "qos_violations", "suspensions"):
            assert found[key] == expected[key], key


def test_observations_stay_in_bounds_and_masks_hold_two_actions():
    for scenario in ("tiny", "gpu-cluster"):
        env = GreenClusterEnv(scenario, queue_slots=16, running_slots=6, forecast_hours=12)
        for obs, mask, reward in rollout(env, 600, 3):
            assert np.isfinite(obs).all() and (np.abs(obs) <= 1).all() and np.isfinite(reward)
            assert mask[0] and np.array_equal(obs[: len(mask)] > 0, mask)
            at_end = not obs[env.layout.slices["queue"]].any() and mask.sum() == 1
            assert at_end or mask.sum() >= 2


def test_the_mask_is_what_the_rules_allow():
    env = GreenClusterEnv("tiny", queue_slots=20, running_slots=8)
    generator = np.random.default_rng(0)
    _, info = env.reset(seed=0)
    for _ in range(150):
        saved = env.save_state()
        for action, valid in enumerate(info["action_mask"]):
            if valid:
                env.step(action)
            else:
                with pytest.raises(ValueError, match=f"action {action} of environment 0 is not valid"):
                    env.step(action)
            env.restore_state(saved)
        _, _, terminated, _, info = env.step(random_action(info["action_mask"], generator))
        if terminated:
            _, info = env.reset()


@pytest.mark.parametrize("threads", [1, 2])
def test_the_vector_env_plays_what_single_envs_play(threads):
    if threads > most_threads():
        pytest.skip("this machine has one core")
    count, options = 5, {"queue_slots": 12, "running_slots": 4, "forecast_hours": 6}
    many = GreenClusterVectorEnv(count, "tiny", threads=threads, **options)
    singles = [GreenClusterEnv("tiny", **options) for _ in range(count)]
    obs, info = many.reset(seed=10)
    state = [env.reset(seed=10 + e) for e, env in enumerate(singles)]
    generators = [np.random.default_rng(e) for e in range(count)]
    ends = 0
    for _ in range(400):
        for e, (one, mine) in enumerate(state):
            assert np.array_equal(obs[e], one)
            assert np.array_equal(info["action_mask"][e], mine["action_mask"])
        actions = [
            random_action(mine["action_mask"], g) for (_, mine), g in zip(state, generators, strict=True)
        ]
        obs, rewards, terminated, _, info = many.step(np.array(actions))
        for e, env in enumerate(singles):
            one, reward, ended, _, mine = env.step(actions[e])
            assert rewards[e] == reward and terminated[e] == ended
            if ended:
                ends += 1
                assert np.array_equal(info["final_obs"][e], one)
                assert info["episode_summary"][e] == mine["episode_summary"]
                one, mine = env.reset()
            state[e] = (one, mine)
    assert ends > count
    many.close()


def test_a_saved_state_is_a_fork():
    env = GreenClusterEnv("islanded")
    generator = np.random.default_rng(5)
    _, info = env.reset(seed=5)
    for _ in range(60):
        _, _, _, _, info = env.step(random_action(info["action_mask"], generator))
    saved = env.save_state()
    futures = []
    for _ in range(2):
        obs = env.restore_state(saved)
        generator = np.random.default_rng(6)
        mask, trace = env.action_masks(), [obs]
        for _ in range(80):
            obs, reward, terminated, _, info = env.step(random_action(mask, generator))
            trace.append(np.append(obs, reward))
            mask = info["action_mask"]
            if terminated:
                break
        futures.append(np.concatenate(trace))
    assert np.array_equal(*futures)


def test_estimates_are_seen_and_true_run_times_are_not():
    """Two cases that differ in true run times only look the same until a job ends."""
    import dataclasses

    case = build(load_scenario("tiny")).case
    longer = dataclasses.replace(case.workload, work_s=case.workload.work_s + 500)
    first = [
        GreenClusterEnv(dataclasses.replace(case, workload=jobs)).reset(seed=0)[0]
        for jobs in (case.workload, longer)
    ]
    assert np.array_equal(*first)


def test_the_same_seed_gives_the_same_episode_in_every_process():
    code = (
        "import hashlib, numpy as np\n"
        "from tests.rare.env.test_environment import rollout\n"
        "from rare import GreenClusterEnv\n"
        "seen = rollout(GreenClusterEnv('tiny'), 500, 4)\n"
        "print(hashlib.sha256(b''.join(obs.tobytes() for obs, _, _ in seen)).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()},
        ).stdout
        for seed in ("0", "7")
    }  # fmt: skip
    assert len(digests) == 1


def test_render_is_one_screen():
    env = GreenClusterEnv("tiny", render_mode="ansi")
    env.reset(seed=0, options={"window": "test-01"})
    text = env.render()
    assert "tiny test-01" in text and "waiting" in text and "objective so far" in text
    assert len(text.splitlines()) < 40


class TestLayout:
    def test_it_names_every_number(self):
        layout = Layout(5, 3, 2)
        assert layout.slices["forecast"].stop == layout.size
        assert layout.index("queue", "slack", 2) == layout.slices["queue"].start + 2 * 13 + 10
        with pytest.raises(InputError, match="queue has no feature 'slak'; it has present"):
            layout.index("queue", "slak")

    def test_it_round_trips_and_refuses_others(self):
        layout = Layout(5, 3, 2)
        assert Layout.from_json(layout.to_json()) == layout
        with pytest.raises(InputError, match="is not one of ours"):
            Layout.from_json("{}")
        with pytest.raises(InputError, match="other features"):
            Layout.from_json(layout.to_json().replace("slack", "slack2"))
        former = layout.to_json().replace(f'"version": {PLAIN_VERSION}', '"version": 1')
        with pytest.raises(InputError, match=r"is of version 1, and this rare has version 4 \(.*; do that$"):
            Layout.from_json(former, "do that")

    @pytest.mark.parametrize("sizes", [(0, 1, 1), (True, 1, 1), (4, -1, 1), (4, 1, 999)])
    def test_bad_sizes_are_refused(self, sizes):
        with pytest.raises(InputError, match="must be a whole number from"):
            Layout(*sizes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "trian"}, "has the splits test, train, validation"),
        ({"scenario": "nowhere"}, "scenario 'nowhere' is unknown"),
        ({"render_mode": "human"}, "known are ansi, rgb_array"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(InputError, match=message):
        GreenClusterEnv(**{"scenario": "tiny", **options})
