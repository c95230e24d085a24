"""What clients may rely on: masks, refusals, the keys of info, autoreset, episodes without a decision."""

from __future__ import annotations

import json
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from rare import GreenClusterEnv, GreenClusterVectorEnv, Layout, Randomise
from rare.dataset.play_episode import NO_DECISION, Player, Policy
from rare.env.batch import Batch
from rare.env.policies.play import play
from rare.episodes import Episode, Episodes
from rare.model import UNLIMITED_MW, Case, Cluster, Options, Partition
from rare.state.arrays import SHEDDING
from schedulers import make_scheduler
from tests.builders import make_inputs, make_workload
from traces.errors import InputError

SMALL = {"queue_slots": 6, "running_slots": 4, "forecast_hours": 2}
WAIT, START, NO_JOB = 0, 1, 6  # of SMALL's actions: NO_JOB is a slot that is empty at the beginning


def sb3_env(*args, **options):
    pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
    from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

    return GreenClusterSB3VecEnv(*args, **options)


def dark_and_bright():
    """Jobs from 0 s on meet no power at all, those from 20,000 s on as much as they like: two windows.

    In `dark` nobody can ever start, so there is no decision; its two jobs wait until its end, one in vain.
    """
    jobs = make_workload(
        [
            {"submit_s": submit, "work_s": 100, "value_u": 10**6, "deadline_s": submit + 300}
            for submit in (0, 900, 20_000, 20_010, 20_020)
        ]
    )
    cluster = Cluster((Partition(nodes=1, core_mw=1000),))
    inputs = make_inputs([{"t": 0, "supply": 0, "grid": 0}, {"t": 20_000, "grid": UNLIMITED_MW}])
    case = Case(jobs, cluster, inputs, options=Options(violation_penalty_u=10**5))
    dark = Episode("dark", "train", 0, 2, 0, 1000, 2 * 10**6, 2)
    bright = Episode("bright", "train", 2, 5, 20_000, 22_000, 3 * 10**6, 3)
    return Episodes("dark-and-bright", (case,), (dark, bright))


def some_action(mask, generator):
    return int(generator.choice(np.flatnonzero(mask)))


class TestEpisodesWithoutADecision:
    def test_one_wait_ends_it_and_brings_the_reward(self):
        env = GreenClusterEnv(dark_and_bright(), **SMALL)
        obs, info = env.reset(options={"window": "dark"})
        assert info["action_mask"].tolist() == [1] + [0] * 10 and env.observation_space.contains(obs)
        with pytest.raises(ValueError, match="action 1 of environment 0 is not valid"):
            env.step(START)
        after, reward, terminated, truncated, info = env.step(WAIT)
        # the first job is late and dropped at its expiry, the second not late yet at 1000 s
        assert (reward, terminated, truncated) == (pytest.approx(-0.05), True, False)
        assert np.array_equal(after, obs) and info["action_mask"].tolist() == [1] + [0] * 10
        assert info["episode_summary"]["objective"] == pytest.approx(-0.05)
        assert info["episode_summary"]["policy_decisions"] == 0
        with pytest.raises(gymnasium.error.ResetNeeded, match="the episode is over"):
            env.step(WAIT)
        saved = env.save_state()
        env.reset(options={"window": "dark"})
        waiting = env.save_state()
        env.restore_state(saved)
        with pytest.raises(gymnasium.error.ResetNeeded):
            env.step(WAIT)
        env.restore_state(waiting)
        assert env.step(WAIT)[1] == pytest.approx(-0.05)

    @pytest.mark.parametrize("mode", ["SAME_STEP", "NEXT_STEP"])
    def test_a_vector_plays_through_them(self, mode):
        env = GreenClusterVectorEnv(4, dark_and_bright(), autoreset_mode=mode, **SMALL)
        generator = np.random.default_rng(0)
        obs, info = env.reset(seed=0)
        total, names = np.zeros(4), []
        for _ in range(200):
            masks = info["action_mask"]
            assert masks[:, 0].all() and np.array_equal(obs[:, :11] > 0, masks)
            with np.errstate(all="raise"):
                logits = np.where(masks, 0.0, -np.inf)
                chances = np.exp(logits - logits.max(axis=1, keepdims=True))
                assert np.isfinite(chances / chances.sum(axis=1, keepdims=True)).all()
            obs, reward, terminated, _, info = env.step([some_action(mask, generator) for mask in masks])
            total += reward
            for e in np.flatnonzero(terminated):
                summary = info["episode_summary"][e]
                names.append(summary["window"])
                assert total[e] == pytest.approx(summary["score"], abs=1e-12)
                total[e] = 0
        assert names.count("dark") > 20 and names.count("bright") > 20

    def test_a_window_without_a_decision_alone(self):
        whole = dark_and_bright()
        alone = Episodes("dark", whole.cases, whole.episodes[:1])
        env = GreenClusterVectorEnv(2, alone, threads=1, **SMALL)
        env.reset(seed=0)
        for _ in range(3):
            _, reward, terminated, _, info = env.step([WAIT, WAIT])
            assert terminated.all() and reward.tolist() == pytest.approx([-0.05, -0.05])
            assert info["action_mask"][:, 0].all()

    def test_evaluations_of_windows_without_a_decision_come_to_an_end(self):
        sb3 = pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
        from stable_baselines3.common.callbacks import EvalCallback

        whole = dark_and_bright()
        alone = Episodes("dark", whole.cases, whole.episodes[:1])
        judge = EvalCallback(sb3_env(2, alone, **SMALL), n_eval_episodes=4, eval_freq=8, verbose=0)
        model = sb3.PPO("MlpPolicy", sb3_env(2, whole, invalid="wait", **SMALL), n_steps=8, batch_size=8,
                        n_epochs=1, device="cpu", seed=0)  # fmt: skip
        model.policy.predict = lambda obs, state=None, *_, **__: (np.zeros(len(obs), int), state)
        model.learn(32, callback=judge)
        assert judge.last_mean_reward == pytest.approx(-0.05)

    @pytest.mark.parametrize("limit", [1, 3])
    def test_a_step_limit_does_not_hide_the_end(self, limit):
        env = TimeLimit(GreenClusterEnv(dark_and_bright(), **SMALL), limit)
        env.reset(options={"window": "dark"})
        _, reward, terminated, truncated, _ = env.step(WAIT)
        assert (terminated, truncated) == (True, limit == 1) and reward == pytest.approx(-0.05)
        many = GreenClusterVectorEnv(2, dark_and_bright(), max_episode_steps=limit, **SMALL)
        many.reset(options={"window": "dark"})
        _, _, terminated, truncated, _ = many.step([WAIT, WAIT])
        assert terminated.all() and not truncated.any()

    def test_stable_baselines_trains_on_them(self):
        sb3 = pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
        env = sb3_env(2, dark_and_bright(), invalid="wait", **SMALL)
        env.seed(0)
        env.reset()
        lengths = [info["episode"] for _ in range(60) for info in env.step([0, 0])[3] if "episode" in info]
        assert min(episode["l"] for episode in lengths) == 1
        sb3.PPO("MlpPolicy", env, n_steps=16, batch_size=16, n_epochs=1, device="cpu").learn(64)

    def test_a_scheduler_that_drives_it_and_a_dataset(self):
        episodes = dark_and_bright()
        played = play(episodes, make_scheduler("fcfs"), "dark", layout=Layout(**SMALL))
        assert played["return"] == pytest.approx(played["objective"]) == pytest.approx(-0.05)
        player = Player(episodes, Layout(**SMALL))
        dark, bright = episodes.episodes
        policy = Policy("fcfs", lambda: make_scheduler("fcfs"))
        assert player.play(dark, policy, 0).why_not == NO_DECISION
        assert player.play(bright, policy, 0).why_not is None
        assert player.log.mask[: player.log.steps + 1, 0].all()


class TestMasks:
    def test_wait_is_valid_before_the_first_reset_and_after_the_end(self):
        env = GreenClusterEnv("tiny", **SMALL)
        assert env.action_masks().tolist() == [True] + [False] * 10
        assert GreenClusterVectorEnv(2, "tiny", **SMALL).action_masks()[:, 0].all()
        _, info = env.reset(seed=0)
        terminated, generator = False, np.random.default_rng(0)
        while not terminated:
            obs, _, terminated, _, info = env.step(some_action(info["action_mask"], generator))
        assert info["action_mask"].tolist() == [1] + [0] * 10 and obs[:11].tolist() == [1.0] + [0.0] * 10

    def test_spaces_sample_with_them(self):
        env = GreenClusterEnv("tiny", **SMALL)
        _, info = env.reset(seed=0)
        for _ in range(200):
            action = env.action_space.sample(info["action_mask"])
            assert info["action_mask"][action] == 1 and env.action_masks()[action]
            _, _, terminated, _, info = env.step(action)
            if terminated:
                _, info = env.reset()
        assert info["action_mask"].dtype == np.int8 and env.action_masks().dtype == np.bool_
        many = GreenClusterVectorEnv(3, "tiny", **SMALL)
        _, info = many.reset(seed=0)
        for _ in range(50):
            _, _, _, _, info = many.step(many.action_space.sample(tuple(info["action_mask"])))
        assert info["action_mask"].dtype == np.int8

    def test_the_buffers_themselves_are_views(self):
        env = GreenClusterVectorEnv(2, "tiny", copy=False, **SMALL)
        _, info = env.reset(seed=0)
        assert np.shares_memory(info["action_mask"], env.batch.mask)


class TestInvalidActions:
    def test_the_single_environment_waits_and_counts(self):
        waits, forgives = GreenClusterEnv("tiny", **SMALL), GreenClusterEnv("tiny", invalid="wait", **SMALL)
        waits.reset(seed=3)
        _, info = forgives.reset(seed=3)
        for count in range(1, 60):
            wrong = np.flatnonzero(info["action_mask"] == 0)[-1]
            expected, (*seen, info) = waits.step(WAIT), forgives.step(wrong)
            assert np.array_equal(seen[0], expected[0]) and seen[1:] == list(expected[1:4])
            assert info["episode_summary"]["invalid_actions"] == count
            if seen[2]:
                break
        assert expected[4]["episode_summary"]["invalid_actions"] == 0

    def test_the_vector_waits_and_counts(self):
        env = GreenClusterVectorEnv(3, "tiny", invalid="wait", **SMALL)
        env.reset(seed=0)
        counts, ended = np.zeros(3, int), 0
        for _ in range(200):
            wrong = [np.flatnonzero(~mask)[-1] for mask in env.action_masks()]
            _, _, terminated, _, info = env.step(wrong)
            counts += 1
            for e in np.flatnonzero(terminated):
                assert info["episode_summary"][e]["invalid_actions"] == counts[e]
                assert info["final_info"]["episode_summary"]["invalid_actions"][e] == counts[e]
                counts[e], ended = 0, ended + 1
        assert ended

    def test_a_shortage_is_left_to_the_rules(self):
        """While running jobs have to be given up WAIT means: as the rules choose (RULES §4.1)."""
        waits, forgives = (GreenClusterEnv("islanded", invalid=word, **SMALL) for word in ("raise", "wait"))
        _, info = waits.reset(seed=0)
        forgives.reset(seed=0)
        shed = wrongs = 0
        while shed < 5:
            short = waits._batch.scalars["phase"][0] == SHEDDING
            mask = info["action_mask"]
            action = WAIT if short else int(np.flatnonzero(mask)[-1])
            wrong = int(np.flatnonzero(mask == 0)[0]) if short else action
            shed, wrongs = shed + short, wrongs + short
            (*expected, info), (*seen, told) = waits.step(action), forgives.step(wrong)
            assert np.array_equal(seen[0], expected[0]) and seen[1:] == expected[1:]
            assert told["episode_summary"]["invalid_actions"] == wrongs
            if expected[2]:
                wrongs, (_, info) = 0, waits.reset()
                forgives.reset()

    def test_the_one_of_stable_baselines_waits_and_counts(self):
        env = sb3_env(2, "tiny", invalid="wait", **SMALL)
        env.seed(0)
        env.reset()
        ended = []
        while not ended:
            *_, infos = env.step([np.flatnonzero(~mask)[-1] for mask in env.action_masks()])
            ended += [info for info in infos if "episode" in info]
        assert all(info["episode_summary"]["invalid_actions"] == info["episode"]["l"] for info in ended)

    @pytest.mark.parametrize("threads", [1, 2])
    def test_a_refusal_moves_nobody(self, threads):
        env = GreenClusterVectorEnv(3, "tiny", threads=threads, **SMALL)
        env.reset(seed=0)
        before = env.save()
        with pytest.raises(ValueError, match=r"action 6 of environment 2 is not valid.*invalid='wait'"):
            env.step([WAIT, START, NO_JOB])
        assert env.save() == before
        env.step([WAIT, START, WAIT])

    @pytest.mark.parametrize("invalid", ["raise", "wait"])
    @pytest.mark.parametrize("action", [-1, 11, 10**6, 2**63, 10**30])
    def test_a_number_that_is_no_action_is_always_refused(self, invalid, action):
        message = f"there is no action {action} .*actions are 0 to 10"
        env = GreenClusterEnv("tiny", invalid=invalid, **SMALL)
        env.reset(seed=0)
        with pytest.raises(ValueError, match=message):
            env.step(action)
        many = GreenClusterVectorEnv(2, "tiny", invalid=invalid, **SMALL)
        many.reset(seed=0)
        if action < 2**63:  # else no array of whole numbers
            with pytest.raises(ValueError, match=message):
                many.step([WAIT, action])

    def test_an_unknown_way_is_refused(self):
        for make in (GreenClusterEnv, lambda *a, **k: GreenClusterVectorEnv(2, *a, **k)):
            with pytest.raises(InputError, match="invalid='ignore' is unknown; known are raise, wait"):
                make("tiny", invalid="ignore")


class TestRefusals:
    @pytest.mark.parametrize("action", [1.7, 1.0, np.float32(0), True, "1", None, [1], np.array([0.0])])
    def test_an_action_that_is_no_whole_number(self, action):
        env = GreenClusterEnv("tiny", invalid="wait", **SMALL)
        env.reset(seed=0)
        with pytest.raises(InputError, match="an action must be a whole number from 0 to 10, got"):
            env.step(action)

    def test_whole_numbers_of_any_kind_are_taken(self):
        for action in (0, np.int8(0), np.uint64(0), np.array(0)):
            env = GreenClusterEnv("tiny", **SMALL)
            env.reset(seed=0)
            env.step(action)

    @pytest.mark.parametrize(
        ("actions", "message"),
        [
            ([1.7, 0], "must be whole numbers from 0 to 10, got float64"),
            ([True, False], "must be whole numbers from 0 to 10, got bool"),
            ([[0], [0]], r"must have shape \(2,\), got \(2, 1\)"),
            ([0], r"must have shape \(2,\), got \(1,\)"),
            (0, r"must have shape \(2,\), got \(\)"),
            ([[0], 0], r"must have shape \(2,\), got \[\[0\], 0\]"),
        ],
    )
    def test_actions_of_many(self, actions, message):
        env = GreenClusterVectorEnv(2, "tiny", **SMALL)
        env.reset(seed=0)
        with pytest.raises(InputError, match=message):
            env.step(actions)
        theirs = sb3_env(2, "tiny", **SMALL)
        theirs.reset()
        with pytest.raises(InputError, match=message):
            theirs.step(actions)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"windw": "test-00"}, "reset option 'windw' is unknown; known are window"),
            ({"window": "tset-00"}, "has the splits test, train, validation"),
            ({"window": 3}, "must be the name of a window or split"),
            (["window"], "options must be a mapping, such as"),
        ],
    )
    def test_reset_options(self, options, message):
        env = GreenClusterEnv("tiny", **SMALL)
        many = GreenClusterVectorEnv(2, "tiny", **SMALL)
        with pytest.raises(InputError, match=message):
            env.reset(options=options)
        if options != {"window": 3}:
            with pytest.raises(InputError, match=message):
                many.reset(options=options)
        theirs = sb3_env(2, "tiny", **SMALL)
        if not isinstance(options, dict):
            return
        theirs.set_options(options)
        with pytest.raises(InputError, match=message):
            theirs.reset()

    def test_windows_of_many(self):
        env = GreenClusterVectorEnv(2, "tiny", **SMALL)
        for wrong in (["test-00"], ["test-00", 3], 3):
            with pytest.raises(InputError, match="each of the 2"):
                env.reset(options={"window": wrong})
        with pytest.raises(InputError, match="needs autoreset_mode='disabled'"):
            env.reset(options={"reset_mask": np.array([True, False])})
        with pytest.raises(InputError, match="seed must be one number or 2, got 3"):
            env.reset(seed=[1, 2, 3])
        for wrong in ("12", 1.5, [1, 2.5]):
            with pytest.raises(InputError, match="seed must be a whole number or 2 of them, got"):
                env.reset(seed=wrong)
        assert np.array_equal(env.reset(seed=[np.int64(1), None])[0][0], env.reset(seed=1)[0][0])

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"settings": "battery.hours=1"}, r"settings must be a list of texts, .* got 'battery.hours=1'"),
            ({"settings": [3]}, "settings must be a list of texts"),
            ({"reward_eta": "much"}, "reward_eta must be a finite number, got 'much'"),
            ({"reward": "renewable", "reward_eta": float("nan")}, "reward_eta must be a finite number"),
            ({"threads": "2"}, "threads must be from 1 to .*, got '2'"),
            ({"threads": 2.0}, "threads must be from 1 to .*, got 2.0"),
        ],
    )
    def test_options_of_the_constructor(self, options, message):
        with pytest.raises(InputError, match=message):
            GreenClusterVectorEnv(2, "tiny", **options, **SMALL)
        with pytest.raises(InputError, match="settings: need a scenario by name or file"):
            GreenClusterEnv(dark_and_bright(), settings=["battery.hours=1"], **SMALL)

    def test_a_step_before_the_first_reset(self):
        for env, action in (
            (GreenClusterEnv("tiny", **SMALL), 0),
            (GreenClusterVectorEnv(2, "tiny", **SMALL), [0, 0]),
            (sb3_env(2, "tiny", **SMALL), [0, 0]),
        ):
            with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
                env.step(action)

    def test_slots_of_a_layout(self):
        layout = Layout(20, 4, 2)
        assert layout.index("queue", "present", 19) == layout.slices["queue"].start + 19 * 13
        for block, feature, slot, there in (
            ("queue", "slack", 20, "0 to 19"),
            ("queue", "slack", -1, "0 to 19"),
            ("running", "left", 4, "0 to 3"),
            ("cluster", "supply", 1, "0 to 0"),
            ("forecast", "price", 2, "0 to 1"),
            ("queue", "slack", 1.5, "0 to 19"),
            ("queue", "slack", True, "0 to 19"),
        ):
            with pytest.raises(InputError, match=f"{block} has the slots {there}, got slot {slot}"):
                layout.index(block, feature, slot)
        with pytest.raises(InputError, match="running has no slots"):
            Layout(20, 0, 2).index("running", "left")


KEYS = {"action_mask", "window", "elapsed_s", "episode_summary"}


class TestInfo:
    def test_the_keys_and_types_are_always_the_same(self):
        env = TimeLimit(GreenClusterEnv("tiny", **SMALL), 60)
        generator, ends = np.random.default_rng(0), set()
        obs, info = env.reset(seed=0)
        like, elapsed_s = types_of(info), 0
        assert set(info) == KEYS and info["elapsed_s"] == 0
        began_s = info["episode_summary"]["simulated_s"]
        for _ in range(400):
            obs, _, terminated, truncated, info = env.step(some_action(info["action_mask"], generator))
            assert types_of(info) == like
            elapsed_s += info["elapsed_s"]
            assert info["episode_summary"]["simulated_s"] == began_s + elapsed_s
            assert info["episode_summary"]["window"] == info["window"]
            if terminated or truncated:
                ends.add((terminated, truncated))
                obs, info = env.reset()
                assert types_of(info) == like
                began_s, elapsed_s = info["episode_summary"]["simulated_s"], 0
        assert ends == {(True, False), (False, True)}

    def test_without_values_the_objective_is_a_number_too(self):
        case = dark_and_bright().case
        jobs = make_workload([{"work_s": 10}])
        env = GreenClusterEnv(Case(jobs, case.cluster), reward="slowdown", **SMALL)
        env.reset(seed=0)
        summary = env.step(START)[4]["episode_summary"]
        assert np.isnan(summary["objective"]) and summary["score"] == -1.0

    def test_of_many_they_are_always_the_same(self):
        env = GreenClusterVectorEnv(2, "tiny", max_episode_steps=50, **SMALL)
        _, info = env.reset(seed=0)
        keys = KEYS | {f"_{key}" for key in KEYS}
        for _ in range(120):
            assert keys <= set(info) <= keys | {"final_obs", "_final_obs", "final_info", "_final_info"}
            assert info["_window"].all() and info["window"].shape == (2,)
            _, _, terminated, truncated, info = env.step(
                [int(np.flatnonzero(m)[-1]) for m in info["action_mask"]]
            )
            over = terminated | truncated
            assert np.array_equal(info["_episode_summary"], over)
            assert np.array_equal(info["elapsed_s"], env.elapsed_s)
            assert all((info["episode_summary"][e] is not None) == over[e] for e in range(2))


def types_of(value):
    if isinstance(value, dict):
        return {key: types_of(each) for key, each in value.items()}
    return (type(value), value.dtype, value.shape) if isinstance(value, np.ndarray) else type(value)


def same(ours, theirs):
    """Whether two infos of gymnasium are equal, NaN and None included."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, np.ndarray) and ours.dtype == object:
        return len(ours) == len(theirs) and all(same(a, b) for a, b in zip(ours, theirs, strict=True))
    return np.array_equal(ours, theirs)


class TestSpeedOfInfo:
    def test_the_summary_of_a_step_is_that_of_the_batch(self):
        """It is read by the step itself, in the order of the record that compiled code writes."""
        for scenario, live in (("tiny", 2), ("tiny", 256)):
            env = GreenClusterEnv(scenario, invalid="wait", **SMALL)
            env._batch = Batch(env.episodes, env.layout, 1, live=live, invalid="wait")
            generator, over = np.random.default_rng(0), False
            env.reset(seed=0, options={"window": "validation-06"})
            while not over:
                *_, over, _, info = env.step(int(generator.integers(0, 11)))
                told = info["episode_summary"]
                assert told == env._batch.summary_numbers(0)
                assert told["jobs_completed"] == env._batch.world.env.completed[0]
                assert told["energy_kwh"] == env._batch.world.env.draw_mj[0] / 3.6e9
                assert told["simulated_s"] == env._batch.world.env.now_s[0] - env._batch.world.env.begin_s[0]
                assert (info["action_mask"] == env.action_masks()).all()
            assert told["invalid_actions"] and told["jobs_completed"] and told["policy_decisions"]


class TestAutoreset:
    @pytest.mark.parametrize("limit", [None, 30])
    @pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
    def test_it_is_what_gymnasium_does_with_single_ones(self, mode, limit):
        def make():
            env = GreenClusterEnv("tiny", invalid="wait", **SMALL)
            return env if limit is None else TimeLimit(env, limit)

        ours = GreenClusterVectorEnv(
            3, "tiny", invalid="wait", autoreset_mode=mode, max_episode_steps=limit, **SMALL
        )
        theirs = SyncVectorEnv([make] * 3, autoreset_mode=mode)
        assert ours.metadata["autoreset_mode"] is ours.autoreset_mode is mode
        obs, info = ours.reset(seed=5)
        other, their_info = theirs.reset(seed=5)
        generator, ends = np.random.default_rng(0), 0
        assert np.array_equal(obs, other) and same(info["action_mask"], their_info["action_mask"])
        for _ in range(300):
            actions = generator.integers(0, 11, 3)
            obs, *results, info = ours.step(actions)
            other, *their_results, their_info = theirs.step(actions)
            assert np.array_equal(obs, other)
            assert all(np.array_equal(a, b) for a, b in zip(results, their_results, strict=True))
            assert same(info["action_mask"], their_info["action_mask"])
            assert same(info["window"], their_info["window"])
            over = results[1] | results[2]
            ends += over.sum()
            for key in ("final_obs", "_final_obs", "final_info", "_final_info"):
                assert (
                    (key in info) == (key in their_info) == (mode == AutoresetMode.SAME_STEP and over.any())
                )
                assert key not in info or same(info[key], their_info[key])
            still = ~over
            assert np.array_equal(info["elapsed_s"][still], their_info["elapsed_s"][still])
        assert ends > 3

    def test_disabled_it_is_left_to_the_user(self):
        env = GreenClusterVectorEnv(2, "tiny", invalid="wait", autoreset_mode="disabled", **SMALL)
        with pytest.raises(gymnasium.error.ResetNeeded, match="for all of them first"):
            env.reset(options={"reset_mask": np.array([True, False])})
        env.reset(seed=0, options={"window": ["test-00", "train-00"]})
        terminated = np.zeros(2, bool)
        while not terminated.any():
            obs, _, terminated, _, info = env.step([START, START])
        ended = int(np.flatnonzero(terminated)[0])
        with pytest.raises(gymnasium.error.ResetNeeded, match=f"environment {ended} is over"):
            env.step([0, 0])
        before = env.batch.obs.copy()
        obs, info = env.reset(options={"reset_mask": terminated, "window": "test-01"})
        assert info["window"][ended] == "test-01" and info["window"][1 - ended] != "test-01"
        assert np.array_equal(obs[1 - ended], before[1 - ended])
        assert not np.array_equal(obs[ended], before[ended])
        env.step([0, 0])
        for wrong in ([True], np.array([1, 0]), np.zeros(2, bool)):
            with pytest.raises(InputError, match="with at least one True"):
                env.reset(options={"reset_mask": wrong})

    @pytest.mark.parametrize("name", ["NEXT_STEP", "next_step", "NextStep", AutoresetMode.NEXT_STEP])
    def test_a_mode_goes_by_its_names(self, name):
        assert GreenClusterVectorEnv(1, "tiny", autoreset_mode=name).autoreset_mode is AutoresetMode.NEXT_STEP
        with pytest.raises(InputError, match="known are NEXT_STEP, SAME_STEP, DISABLED"):
            GreenClusterVectorEnv(1, "tiny", autoreset_mode="later")

    def test_saved_and_restored_between_end_and_reset(self):
        runs = []
        env = GreenClusterVectorEnv(2, "tiny", invalid="wait", autoreset_mode="NEXT_STEP", **SMALL)
        env.reset(seed=0)
        while not env.step([START, START])[2].any():
            pass
        saved = env.save()
        for _ in range(2):
            env.restore(saved)
            runs.append([env.step([0, 0])[:3] for _ in range(20)])
        assert all(
            np.array_equal(a, b)
            for one, two in zip(*runs, strict=True)
            for a, b in zip(one, two, strict=True)
        )


class TestStableBaselines:
    def test_options_hold_for_the_next_reset(self):
        env = sb3_env(2, "tiny", **SMALL)
        env.set_options({"window": "test-01"})
        env.reset()
        assert [info["window"] for info in env.reset_infos] == ["test-01", "test-01"]
        assert [episode.name for episode in env.vector.batch.playing] == ["test-01", "test-01"]
        env.set_options([{"window": "test-00"}, {}])
        env.reset()
        assert env.reset_infos[0]["window"] == "test-00"
        assert env.reset_infos[1]["window"].startswith("train")
        env.reset()
        assert env.reset_infos[0]["window"].startswith("train")
        env.set_options({"window": "test"})
        env.reset()
        assert all(info["window"].startswith("test") for info in env.reset_infos)

    def test_an_evaluation_on_a_test_window_plays_it(self):
        pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
        from stable_baselines3 import PPO
        from stable_baselines3.common.evaluation import evaluate_policy

        env = sb3_env(1, "tiny", invalid="wait", split="validation", **SMALL)
        model = PPO("MlpPolicy", env, n_steps=8, batch_size=8, device="cpu", seed=0)
        env.set_options({"window": "test-00"})
        windows = []
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # such as "not wrapped with a Monitor wrapper"
            score, _ = evaluate_policy(
                model, env, 1, callback=lambda seen, _: windows.append(seen["info"]["window"])
            )
        assert set(windows) == {"test-00"}
        single = GreenClusterEnv("tiny", invalid="wait", **SMALL)
        obs, _ = single.reset(options={"window": "test-00"})
        total, over = 0.0, False
        while not over:
            obs, reward, over, _, _ = single.step(int(model.predict(obs, deterministic=True)[0]))
            total += reward
        assert score == pytest.approx(total, abs=1e-5)

    def test_attributes_are_those_of_one_environment(self):
        env = sb3_env(2, "tiny", reward="slowdown", **SMALL)
        env.reset()
        assert env.get_attr("action_space") == [gymnasium.spaces.Discrete(11)] * 2
        assert env.get_attr("observation_space", 1) == [env.observation_space]
        assert env.get_attr("layout") == [env.layout] * 2 and env.get_attr("render_mode") == [None, None]
        assert env.get_attr("split", [0]) == ["train"]
        first, second = env.get_attr("np_random")
        assert first is not second
        env.step([0, 0])
        assert env.get_attr("elapsed_s") == env.elapsed_s.tolist()
        assert env.get_attr("costs")[1]["slowdown"] == env.costs["slowdown"][1]
        assert env.has_attr("action_masks") and not env.has_attr("wings")
        with pytest.raises(AttributeError, match="belongs to all environments"):
            env.get_attr("num_envs")
        assert np.array_equal(env.env_method("action_masks", indices=1)[0], env.action_masks()[1])

    def test_infos_have_the_same_keys_and_reset_infos_follow(self):
        env = sb3_env(2, "tiny", max_episode_steps=40, invalid="wait", **SMALL)
        env.seed(0)
        env.reset()
        cut = 0
        for _ in range(100):
            *_, dones, infos = env.step([1, 1])
            for e, info in enumerate(infos):
                assert {"action_mask", "window", "elapsed_s", "TimeLimit.truncated"} <= set(info)
                if dones[e]:
                    cut += info["TimeLimit.truncated"]
                    assert env.reset_infos[e]["window"] == env.vector.batch.playing[e].name
        assert cut

    def test_frames(self):
        env = sb3_env(2, "tiny", render_mode="rgb_array", **SMALL)
        env.seed(0)
        env.reset()
        images = env.get_images()
        assert [image.shape for image in images] == [(640, 960, 3)] * 2 and images[0].dtype == np.uint8
        single = GreenClusterEnv("tiny", render_mode="rgb_array", **SMALL)
        single.reset(seed=1)
        assert np.array_equal(images[1], single.render())
        assert env.render(mode="rgb_array").shape[2] == 3
        assert sb3_env(2, "tiny", **SMALL).get_images() == [None, None]

    def test_masks_of_a_wrong_shape(self):
        pytest.importorskip("sb3_contrib", reason="needs the extra 'learn'")
        from sb3_contrib import MaskablePPO

        from schedulers.training.sb3_policy import SchedulerPolicy
        from schedulers.training.scheduler_net import NetworkSize

        env = sb3_env(2, "tiny", **SMALL)
        model = MaskablePPO(
            SchedulerPolicy, env, n_steps=8, batch_size=8, device="cpu",
            policy_kwargs={"layout": env.layout, "size": NetworkSize(width=8)},
        )  # fmt: skip
        obs = env.reset()
        model.predict(obs, action_masks=env.action_masks())
        for wrong in (np.ones((2, 10)), np.ones(11), np.ones((3, 11)), np.ones((4, 11))):
            with pytest.raises(ValueError, match=r"masks must have shape \(2, 11\), got"):
                model.predict(obs, action_masks=wrong)


class TestGymnasium:
    def test_its_checker_has_nothing_to_say(self):
        env = gymnasium.make(
            "rare:rare/GreenCluster-v0", scenario="tiny", invalid="wait", render_mode="ansi", **SMALL
        )
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            check_env(env.unwrapped)
        assert [str(each.message) for each in said if each.category is UserWarning] == []

    def test_make_vec_gives_the_fast_one(self):
        for name in ("rare/GreenCluster-v0", "rare:rare/GreenCluster-v0"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                env = gymnasium.make_vec(name, num_envs=3, scenario="tiny", **SMALL)
            assert isinstance(env, GreenClusterVectorEnv) and env.num_envs == 3
        assert env.spec.id == "rare/GreenCluster-v0"
        later = gymnasium.make_vec(
            "rare/GreenCluster-v0",
            2,
            scenario="tiny",
            autoreset_mode="NEXT_STEP",
            max_episode_steps=9,
            **SMALL,
        )
        assert later.autoreset_mode is AutoresetMode.NEXT_STEP
        assert gymnasium.make_vec("rare/GreenCluster-v0", scenario="tiny").num_envs == 1

    def test_wrappers_of_vectors(self):
        env = DictInfoToList(
            RecordEpisodeStatistics(GreenClusterVectorEnv(2, "tiny", invalid="wait", **SMALL))
        )
        _, infos = env.reset(seed=0)
        episodes = 0
        for _ in range(200):
            *_, infos = env.step([1, 1])
            assert all(info["window"] and info["action_mask"].shape == (11,) for info in infos)
            episodes += sum("episode" in info for info in infos)
        assert episodes

    def test_a_spec_goes_to_json_and_back(self):
        wide = Randomise(2, cluster=(0.5, 2.0), load=(0.8, 1.2), mix=True, seed=3)
        made = gymnasium.make(
            "rare/GreenCluster-v0", scenario="tiny", randomise=wide, settings=("battery.hours=1",), **SMALL
        )
        text = made.spec.to_json()
        again = gymnasium.make(EnvSpec.from_json(text))
        assert again.spec.to_json() == text and json.loads(text)["kwargs"]["randomise"]["mix"] is True
        runs = []
        for env in (made, again):
            obs, info = env.reset(seed=7)
            seen = [obs]
            for _ in range(30):
                obs, _, over, _, info = env.step(int(np.flatnonzero(info["action_mask"])[-1]))
                seen.append(obs)
                if over:
                    obs, info = env.reset()
            runs.append(np.array(seen))
        assert np.array_equal(*runs)
        many = gymnasium.make_vec("rare/GreenCluster-v0", 2, scenario="tiny", randomise=wide, **SMALL)
        assert json.loads(many.spec.to_json())["kwargs"]["num_envs"] == 2

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"variant": 2}, "randomise: 'variant' is unknown; known are variants, cluster"),
            ({"cluster": 2}, r"cluster must be \(low, high\), 0 < low <= high, got 2"),
            ({"load": [1]}, r"load must be \(low, high\)"),
            (3, "must be a rare.Randomise or a mapping of its fields, got 3"),
        ],
    )
    def test_a_wrong_mapping_is_refused(self, given, message):
        with pytest.raises(InputError, match=message):
            GreenClusterEnv("tiny", randomise=given)
