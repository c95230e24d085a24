"""Rewards, randomised episodes, the stable-baselines3 adaptor, masks against the rules in plain Python."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import rare
from rare import GreenClusterEnv, GreenClusterVectorEnv, Layout, Randomise
from rare.env.batch import Batch
from rare.env.policies.play import play
from rare.episodes import Episodes
from rare.model import Case, Cluster, Partition, constant_inputs
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from schedulers import make_scheduler
from tests.builders import make_workload
from tests.rare.env.test_environment import random_action
from traces.errors import InputError
from traces.jobs.workload import NO_VALUE

SMALL = {"queue_slots": 12, "running_slots": 6, "forecast_hours": 6}


def random_actions(masks, generator):
    """A random valid action for each environment."""
    return np.array([random_action(mask, generator, 0.2) for mask in masks])


def mean_slowdown(result):
    """Bounded slowdown over all jobs, each up to when it left the cluster or the run ended."""
    work, events = result.case.workload, result.events_frame()
    gone = events[events.event.isin(["end", "expire", "fail"])].set_index("job_id").time_s
    left_s = np.array([gone.get(job, result.power["time_s"][-1]) for job in work.job_id])
    return np.maximum((left_s - work.submit_s) / np.maximum(work.work_s, 10), 1.0).mean()


class TestRewards:
    def test_the_return_is_what_simulate_measures(self):
        window, wide = "validation-06", Layout(64, 32, 0)
        case = build(load_scenario("tiny", Wishes(window=window))).case
        result = rare.simulate(case, make_scheduler("easy"))
        share, slowdown = result.metrics["renewable_share"], mean_slowdown(result)
        played = [
            play(
                episodes_of("tiny"), make_scheduler("easy"), window, layout=wide, reward=kind, reward_eta=eta
            )
            for kind, eta in (("slowdown", 0.0), ("renewable", 0.0), ("renewable", 0.01))
        ]
        returns = [found["return"] for found in played]
        assert all(found["outside"] == 0 for found in played)
        assert returns == pytest.approx([-slowdown, share, share - 0.01 * slowdown], abs=1e-9)
        assert [found["score"] for found in played] == pytest.approx(returns, abs=1e-12)

    def test_waiting_is_charged_as_it_passes(self):
        """Two jobs of 10 s wait from 1 s and 2 s on for one that ends at 100 s, the last for both."""
        rows = [(0, 100), (1, 10), (2, 10)]
        jobs = make_workload([{"submit_s": submit, "work_s": work} for submit, work in rows])
        env = GreenClusterEnv(
            Case(jobs, Cluster((Partition(nodes=1, core_mw=1),)), constant_inputs()), reward="slowdown"
        )
        env.reset()
        rewards, over = [], False
        while not over:
            _, reward, over, _, _ = env.step(1)
            rewards.append(3 * reward)
        # the long job itself and two waits until 100 s; 10 s more for the last; nothing is left to charge
        assert rewards == pytest.approx([-1 - (99 + 10) / 10 - (98 + 10) / 10, -10 / 10, 0])

    def test_a_reward_that_nothing_feeds_is_refused(self):
        case = build(load_scenario("tiny")).case
        none = np.full(len(case.workload), NO_VALUE)
        worthless = dataclasses.replace(case, workload=dataclasses.replace(case.workload, value_u=none))
        with pytest.raises(InputError, match="no job has a value.*reward='slowdown'"):
            GreenClusterEnv(worthless)
        with pytest.raises(InputError, match="reward 'profit' is unknown; known are objective, slowdown"):
            GreenClusterEnv("tiny", reward="profit")


class TestRandomise:
    def test_episodes_come_from_other_clusters_and_repeat_with_the_seed(self):
        wide = Randomise(3, cluster=(0.5, 3.0), load=(0.8, 1.2), supply=(0.5, 1.5), mix=True, seed=5)
        runs = []
        for _ in range(2):
            env = GreenClusterVectorEnv(6, "tiny", randomise=wide, **SMALL)
            generator = np.random.default_rng(0)
            obs, info = env.reset(seed=1)
            seen = [obs]
            for _ in range(60):
                obs, _, _, _, info = env.step(random_actions(info["action_mask"], generator))
                assert np.isfinite(obs).all() and (np.abs(obs) <= 1).all()
                seen.append(obs)
            runs.append(np.array(seen))
        assert np.array_equal(*runs)
        assert len({case.cluster.cores for case in env.episodes.cases}) > 1
        assert len({case.inputs.supply_mw.max() for case in env.episodes.cases}) == 3
        playing = {episode.case_index for episode in env.batch.playing}
        assert len(playing) > 1

    def test_a_variant_is_the_scenario_of_its_size(self):
        """A heuristic in a randomised episode gives what simulate gives for that case."""
        found = episodes_of("tiny", (), 0, Randomise(2, cluster=(2.0, 3.0), seed=1))
        for episode in [e for e in found.episodes if e.name == "train-03"]:
            alone = dataclasses.replace(episode, case_index=0)
            one = Episodes("tiny", (found.cases[episode.case_index],), (alone,))
            wide = Layout(400, 200, 4)
            played = play(one, make_scheduler("hvf+easy"), "train-03", layout=wide)
            assert played["outside"] == 0
            assert played["return"] == pytest.approx(played["objective"], abs=1e-9)
            many = Batch(found, wide, 3)
            many.set_up(1, episode)
            many.begin(1)
            single = Batch(one, wide, 1)
            single.set_up(0, alone)
            single.begin(0)
            assert np.array_equal(many.obs[1], single.obs[0])

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"variants": 0}, "variants must be a whole number above 0, got 0"),
            ({"cluster": (2.0, 1.0)}, "cluster must be .low, high., 0 < low <= high"),
            ({"load": (0.0, 1.0)}, "load must be"),
        ],
    )
    def test_bad_ranges_are_named(self, options, message):
        with pytest.raises(InputError, match=message):
            Randomise(**options)

    def test_a_ready_case_cannot_be_randomised(self):
        with pytest.raises(InputError, match="needs a scenario by name or file"):
            GreenClusterEnv(build(load_scenario("tiny")).case, randomise=Randomise())


def may_start(world, e, slot):
    """RULES §4.2a and §4.3 in plain Python integers."""
    state, live = world.env[e], world.live[e, slot]
    part = world.part[e, live.part]
    if live.changed_s == state.now_s:
        return False
    needs = ((live.cores, part.free_cores), (live.gpus_milli, part.free_gpus_milli),
             (live.memory_mib, part.free_memory_mib))  # fmt: skip
    if any(int(need) > int(free) for need, free in needs):
        return False
    nodes = 0
    for total, free, need, node in (
        (part.cores, part.free_cores, live.cores, part.node_cores),
        (part.gpus_milli, part.free_gpus_milli, live.gpus_milli, part.node_gpus_milli),
        (part.memory_mib, part.free_memory_mib, live.memory_mib, part.node_memory_mib),
    ):
        if node:
            nodes = max(nodes, -(-(int(total) - int(free) + int(need)) // int(node)))
    more_mw = (nodes - int(part.nodes_used)) * int(part.idle_mw)
    busy_mw = int(state.active_mw) + int(state.node_mw)
    return busy_mw + int(live.power_mw) + more_mw <= int(state.start_cap_mw)


def check_masks(scenario, environments, steps, layout=SMALL):
    """Masks of random states are what the rules say; returns how many were looked at."""
    env = GreenClusterVectorEnv(environments, scenario, **layout)
    generator = np.random.default_rng(3)
    _, info = env.reset(seed=0)
    looked = 0
    for _ in range(steps):
        batch, masks = env.batch, info["action_mask"]
        for e in range(environments):
            shedding = batch.world.env[e].phase == rare.state.arrays.SHEDDING
            shown = int(batch._views["shown_queue"][e])
            for place in range(env.layout.queue_slots):
                slot = int(batch._slots["slot"][e, place])
                expected = place < shown and not shedding and may_start(batch.world_of(e), e, slot)
                assert masks[e, 1 + place] == expected
            assert (masks[e, 1 + env.layout.queue_slots :].any()) == bool(
                shedding and env.layout.running_slots
            )
            looked += 1
        _, _, _, _, info = env.step(random_actions(masks, generator))
    return looked


def test_masks_are_what_the_rules_say_in_plain_python():
    for scenario in ("tiny", "gpu-cluster", "islanded"):
        assert check_masks(scenario, 8, 60) == 480


@pytest.mark.slow
def test_masks_are_what_the_rules_say_in_a_hundred_thousand_states():
    looked = sum(check_masks(name, 64, 320) for name in ("tiny", "gpu-cluster", "islanded", "grid-tied"))
    assert looked + check_masks("solar-night", 64, 320) >= 100_000


@pytest.mark.slow
def test_the_vector_env_plays_a_thousand_episodes_of_single_envs():
    """Bit for bit, over all seeds: environment e of the vector env is a single env seeded with seed + e."""
    count, seed = 50, 100
    many = GreenClusterVectorEnv(count, "tiny", **SMALL)
    episodes = [[] for _ in range(count)]
    obs, info = many.reset(seed=seed)
    trace = [[obs[e].copy()] for e in range(count)]
    actions_of = [[] for _ in range(count)]
    generators = [np.random.default_rng(e) for e in range(count)]
    while sum(map(len, episodes)) < 1000:
        actions = np.array([
            random_action(info["action_mask"][e], generators[e]) for e in range(count)
        ])  # fmt: skip
        obs, reward, ended, _, info = many.step(actions)
        for e in range(count):
            actions_of[e].append(int(actions[e]))
            last = info["final_obs"][e] if ended[e] else obs[e]
            trace[e].append(np.append(last, reward[e]))
            if ended[e]:
                episodes[e].append((actions_of[e], trace[e]))
                actions_of[e], trace[e] = [], [obs[e].copy()]
    for e in range(count):
        env = GreenClusterEnv("tiny", **SMALL)
        one, _ = env.reset(seed=seed + e)
        for played, seen in episodes[e]:
            assert np.array_equal(one, seen[0])
            for action, expected in zip(played, seen[1:], strict=True):
                one, reward, ended, _, _ = env.step(action)
                assert np.array_equal(np.append(one, reward), expected)
            assert ended
            one, _ = env.reset()


class TestStableBaselines:
    def test_it_steps_as_the_vector_env_does(self):
        pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
        from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

        ours, theirs = GreenClusterVectorEnv(3, "tiny", **SMALL), GreenClusterSB3VecEnv(3, "tiny", **SMALL)
        theirs.seed(7)
        first, info = ours.reset(seed=7)
        assert np.array_equal(first, theirs.reset())
        generator, ends, total = np.random.default_rng(0), 0, np.zeros(3)
        for _ in range(200):
            masks = theirs.env_method("action_masks")
            assert np.array_equal(masks, info["action_mask"])
            actions = random_actions(masks, generator)
            obs, reward, ended, _, info = ours.step(actions)
            their_obs, their_reward, dones, infos = theirs.step(actions)
            assert np.array_equal(obs, their_obs) and np.array_equal(ended, dones)
            assert np.allclose(reward, their_reward)
            total += reward
            for e in np.flatnonzero(dones):
                ends += 1
                assert infos[e]["episode"]["r"] == pytest.approx(total[e])
                assert infos[e]["episode"]["r"] == pytest.approx(infos[e]["episode_summary"]["objective"])
                assert np.array_equal(infos[e]["terminal_observation"], info["final_obs"][e])
                total[e] = 0
        assert ends > 0
        with pytest.raises(AttributeError, match="have no method 'fly'"):
            theirs.env_method("fly")

    def test_maskable_ppo_trains_on_it(self):
        sb3_contrib = pytest.importorskip("sb3_contrib", reason="needs the extra 'learn'")
        import torch

        from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

        torch.set_num_threads(1)
        env = GreenClusterSB3VecEnv(4, "tiny", **SMALL)
        model = sb3_contrib.MaskablePPO("MlpPolicy", env, n_steps=16, batch_size=32, n_epochs=1, seed=0)
        model.learn(128)
        masks = np.stack(env.env_method("action_masks"))
        action, _ = model.predict(env.reset(), action_masks=masks)
        assert masks[np.arange(4), action].all()

    def test_the_single_env_passes_their_checker(self):
        pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
        from stable_baselines3.common import env_checker

        class Valid(GreenClusterEnv):
            """The checker samples actions without a mask: turn invalid ones into a valid one."""

            def step(self, action):
                mask = self.action_masks()
                return super().step(action if mask[action] else int(np.flatnonzero(mask)[-1]))

        env_checker.check_env(Valid("tiny", **SMALL), skip_render_check=True)
