"""Datasets: what is logged is what the environment gives, whoever decided; files survive a kill."""

from __future__ import annotations

import json
import multiprocessing
import time

import h5py
import numpy as np
import pytest

from experiments.data.dataset_task import policy_of
from rare import GreenClusterEnv, Layout, simulate
from rare.dataset import load, to_d3rlpy
from rare.dataset.episode_draws import draw
from rare.dataset.logging_task import Task
from rare.dataset.play_episode import OUT_OF_SLOTS, Player, Policy
from rare.dataset.write_dataset import log_dataset
from rare.env.policies.play import play
from rare.episodes import window_case
from rare.scenario.scenario_episodes import episodes_of
from rare.scheduler import BaseScheduler
from schedulers import make_scheduler
from tests.rare.twins import Unfused
from traces.errors import InputError

LAYOUT = Layout(queue_slots=20, running_slots=6, forecast_hours=4)
SIZES = {"queue_slots": 20, "running_slots": 6, "forecast_hours": 4}
MIXED = ("atc+greedy", "sjf+easy+lowvalue", "random")


class Python(BaseScheduler):
    """A scheduler that is asked one decision at a time, like a user's own."""

    def __init__(self, name):
        self.name, self._inner = name, make_scheduler(name)

    def for_case(self, case):
        return Unfused(self._inner.for_case(case))


def task(names=MIXED, epsilon=0.2, scenario="tiny", layout=LAYOUT, **more):
    policies = [policy_of(name, epsilon) for name in names]
    return Task(episodes_of(scenario), layout, policies, about={"scenario": scenario}, **more)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """90 episodes of three policies, half of the decisions of long ones cut off."""
    folder = tmp_path_factory.mktemp("data") / "mixed-v0"
    log_dataset(task(most_decisions=40), 90, folder, shard_decisions=500)
    return folder


def replayed(env, episode):
    """Whether the environment gives an episode's observations, masks and rewards for its actions."""
    obs, info = env.reset(options={"window": episode.facts["window"]})
    ended = False
    for step, action in enumerate(episode.actions):
        assert np.array_equal(obs, episode.observations[step])
        assert np.array_equal(info["action_mask"], episode.action_mask[step])
        assert episode.action_mask[step, action] and not ended
        obs, reward, ended, _, info = env.step(int(action))
        assert reward == episode.rewards[step]
        assert ended == episode.terminations[step]
    assert np.array_equal(obs, episode.observations[-1])
    assert np.array_equal(info["action_mask"], episode.action_mask[-1])
    return ended


def test_replaying_the_actions_gives_the_same_observations_and_rewards(mixed):
    env, cut = GreenClusterEnv("tiny", **SIZES), 0
    for episode in load(mixed):
        ended = replayed(env, episode)
        assert ended != episode.truncations[-1] and not episode.truncations[:-1].any()
        assert episode.facts["terminated"] == ended
        cut += not ended
        if ended:
            assert episode.rewards.sum() == pytest.approx(episode.facts["objective"], abs=1e-9)
            assert episode.time_s[-1] == episode.facts["simulated_s"]
        assert len(episode) <= 40 and (np.diff(episode.time_s) >= 0).all()
    assert cut > 5


@pytest.mark.parametrize("name", ["atc+greedy", "hvd+easy+lowvalue", "f1+conservative"])
def test_a_long_queue_in_another_order_is_seen_as_if_it_were_first_come_first_served(name):
    # So many live jobs that the world grows while it logs, and more queued than there are slots.
    layout = Layout(queue_slots=24, running_slots=16, forecast_hours=2)
    env = GreenClusterEnv("islanded", queue_slots=24, running_slots=16, forecast_hours=2)
    player = Player(env.episodes, layout)
    overfull = 0
    queued = layout.index("cluster", "queued")
    for window in env.episodes.of("train")[:6]:
        player.play(window, policy_of(name, 0.3), seed=3)
        log = player.log
        obs, info = env.reset(options={"window": window.name})
        for step in range(log.steps):
            assert np.array_equal(obs, log.obs[step]) and np.array_equal(info["action_mask"], log.mask[step])
            overfull += obs[queued] > 24 / (
                24 + 64
            )  # more than 24 waiting jobs (rare.env.observation.layout)
            obs, reward, *_, info = env.step(log.action[step])
            assert reward == log.reward[step]
    assert overfull > 20


def test_every_window_is_played_under_every_policy_before_any_comes_again():
    for seed in (0, 7):
        drawn = [draw(seed, number, 26, 3) for number in range(2 * 78)]
        for part in (drawn[:78], drawn[78:]):
            assert len({(each.window, each.policy) for each in part}) == 78
        assert len({each.seed for each in drawn}) == len(drawn)
        assert [each.window for each in drawn[:78]] != [each.window for each in drawn[78:]]
        assert draw(seed, 100, 26, 3) == drawn[100]


def test_only_training_windows_are_played(mixed):
    windows = {episode.facts["window"] for episode in load(mixed)}
    assert len(windows) == 26 and all(name.startswith("train") for name in windows)


def test_probabilities_are_those_of_the_behaviour_policy(mixed):
    for episode in load(mixed):
        valid = episode.action_mask[:-1].sum(axis=1)
        if episode.facts["scheduler"] == "random":
            assert np.array_equal(episode.probability, 1.0 / valid)
        else:
            explored, chosen = 0.2 / valid, 0.2 / valid + 0.8
            assert (np.isclose(episode.probability, explored) | np.isclose(episode.probability, chosen)).all()


def test_random_actions_come_as_often_as_said():
    # The scheduler's own action has probability 1 - epsilon + epsilon / n: compare with what was drawn.
    player, own, expected, spread = Player(episodes_of("tiny"), LAYOUT), 0, 0.0, 0.0
    for number in range(150):
        drawn = draw(1, number, 26, 1)
        window = player.batch.episodes.of("train")[drawn.window]
        player.play(window, policy_of("atc+greedy", 0.4), drawn.seed)
        log = player.log
        valid = log.mask[: log.steps].sum(axis=1)
        likely = 0.6 + 0.4 / valid
        own += int((log.probability[: log.steps] > 0.6).sum())
        expected += likely.sum()
        spread += (likely * (1 - likely)).sum()
    assert abs(own - expected) < 4 * np.sqrt(spread)


@pytest.mark.parametrize("name", ["atc+greedy", "easy+slackest"])
def test_a_scheduler_in_python_is_logged_as_the_same_heuristic(name):
    player = Player(episodes_of("tiny"), LAYOUT)
    for window in player.batch.episodes.of("train")[:5]:
        logs = []
        for policy in (policy_of(name, 0.25), Policy(name, lambda: Python(name), 0.25)):
            played = player.play(window, policy, seed=11)
            steps = player.log.steps
            logs.append((played, *(array[:steps].copy() for array in player.log.arrays(player.batch)[2:])))
        assert logs[0][0] == logs[1][0]
        for one, other in zip(logs[0][1:], logs[1][1:], strict=True):
            assert np.array_equal(one, other)


def test_without_epsilon_it_is_the_schedulers_own_schedule(tmp_path):
    from rare.env.policies.play import play

    log_dataset(task(["hvf+easy"], 0.0), 30, tmp_path / "data")
    data = load(tmp_path / "data")
    assert data.sheet["episodes_distinct"] == 26 and len(data) == 30
    for episode in data:
        assert (episode.probability == 1).all()
        own = play(data_episodes := episodes_of("tiny"), make_scheduler("hvf+easy"), episode.facts["window"])
        assert own["objective"] == episode.facts["objective"] and data_episodes.scenario == "tiny"


TEACHERS = ("oracle=15", "lookahead=atc+greedy+budget=150", "random")


def test_teachers_go_on_to_the_same_content(tmp_path):
    whole = log_dataset(task(TEACHERS, epsilon=0.1), 24, tmp_path / "whole")
    log_dataset(task(TEACHERS, epsilon=0.1), 11, tmp_path / "parts", shard_decisions=100)
    parts = log_dataset(task(TEACHERS, epsilon=0.1), 24, tmp_path / "parts")
    assert parts["content_sha256"] == whole["content_sha256"]
    assert {row["scheduler"] for row in whole["by_scheduler"]} == set(TEACHERS)


def test_the_oracle_earns_in_every_window_what_it_planned():
    """A plan is of the window's own jobs, counted from 0; the environment counts those of the year."""
    episodes = episodes_of("tiny")
    policy, player = policy_of("oracle=30", 0.0), Player(episodes, LAYOUT)
    planned = 0
    for episode in episodes.of("train")[3:8]:
        played = player.play(episode, policy, seed=0)
        oracle = policy.make().for_episode(episodes.case, episode)
        assert played.why_not is None and played.terminated
        assert played.summary["objective"] == pytest.approx(oracle.planned.objective, abs=1e-12)
        alone = simulate(window_case(episodes.case, episode), make_scheduler("oracle=30"), record=False)
        assert alone.metrics["objective"] == oracle.planned.objective
        planned += oracle.planned.plan_better
    assert planned >= 2


def test_lookahead_learns_nothing_from_the_episode_before():
    episodes = episodes_of("tiny")
    first, second = episodes.of("train")[3:5]
    policy = policy_of("lookahead=hvf+greedy+budget=300", 0.0)
    player = Player(episodes, LAYOUT)
    player.play(first, policy, seed=0)
    after = player.play(second, policy, seed=0)
    rewards = player.log.reward[: player.log.steps].copy()
    alone = Player(episodes, LAYOUT)
    assert alone.play(second, policy, seed=0).summary["objective"] == after.summary["objective"]
    assert np.array_equal(alone.log.reward[: alone.log.steps], rewards)
    by_hand = play(episodes, make_scheduler(policy.name), second.name, layout=LAYOUT)
    assert by_hand["objective"] == after.summary["objective"] and by_hand["outside"] == 0


def test_an_episode_that_leaves_the_slots_does_not_count(tmp_path):
    small = Layout(queue_slots=3, running_slots=2, forecast_hours=0)
    sheet = log_dataset(task(["ljf+greedy", "random"], 0.0, layout=small), 52, tmp_path / "data")
    assert sheet["episodes_left_out"][OUT_OF_SLOTS] + sheet["episodes"] == 52
    assert 0 < sheet["by_scheduler"][0]["left_out"] <= 26
    assert sheet["by_scheduler"][1]["left_out"] == 0  # it never wants what is not there
    env = GreenClusterEnv("tiny", queue_slots=3, running_slots=2, forecast_hours=0)
    for episode in load(tmp_path / "data")[::5]:
        assert replayed(env, episode)


def test_it_loads_with_minari(mixed, monkeypatch):
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(mixed.parent))
    mine, theirs = load(mixed), minari.load_dataset("mixed-v0")
    assert theirs.total_episodes == len(mine) == 90
    assert theirs.total_steps == mine.sheet["transitions"]
    assert theirs.observation_space.shape == (LAYOUT.size,) and theirs.action_space.n == LAYOUT.actions
    for one, other in zip(mine, theirs, strict=True):
        assert np.array_equal(one.observations, other.observations)
        assert np.array_equal(one.actions, other.actions) and np.array_equal(one.rewards, other.rewards)
        assert np.array_equal(one.terminations, other.terminations)
        assert np.array_equal(one.truncations, other.truncations)
        assert np.array_equal(one.action_mask, other.infos["action_mask"])
        assert np.array_equal(one.probability, other.infos["probability"])
        assert theirs.observation_space.contains(other.observations[-1])
    (facts,) = theirs.storage.get_episode_metadata([5])
    assert facts["options"]["window"] == mine[5].facts["window"] and facts["seed"] == mine[5].facts["seed"]


def test_minari_recovers_the_environment(tmp_path):
    minari = pytest.importorskip("minari")
    from experiments.data.log_dataset import dataset_run

    dataset_run(["atc+greedy"], tmp_path / "log-v0", scenario="tiny", episodes=3, epsilon=0.1, **SIZES)
    data = minari.MinariDataset(tmp_path / "log-v0" / "data")
    env = data.recover_environment()
    (facts,) = data.storage.get_episode_metadata([0])
    obs, _ = env.reset(seed=facts["seed"], options=facts["options"])
    assert np.array_equal(obs, data[0].observations[0])


def test_d3rlpy_gets_every_transition(mixed):
    d3rlpy = pytest.importorskip("d3rlpy")
    mine, theirs = load(mixed), to_d3rlpy(mixed)
    assert {episode.terminated for episode in theirs} == {True, False}
    picker = d3rlpy.dataset.BasicTransitionPicker()
    for one, other in zip(mine, theirs, strict=True):
        assert other.transition_count == len(one)
        last = picker(other, len(one) - 1)
        assert np.array_equal(last.observation, one.observations[-2])
        assert last.action[0] == one.actions[-1] and last.reward[0] == np.float32(one.rewards[-1])
        assert last.terminal == one.terminations[-1]
        if not last.terminal:
            assert np.array_equal(last.next_observation, one.observations[-1])


def test_d3rlpy_must_be_told_the_number_of_actions(mixed):
    """As docs/guides/datasets.md says: left to itself it counts by the largest one that was taken."""
    d3rlpy = pytest.importorskip("d3rlpy")
    episodes, buffer = to_d3rlpy(mixed), d3rlpy.dataset.InfiniteBuffer
    told = d3rlpy.dataset.ReplayBuffer(
        buffer(),
        episodes=episodes,
        action_space=d3rlpy.ActionSpace.DISCRETE,
        action_size=load(mixed).layout.actions,
    )
    assert told.dataset_info.action_size == LAYOUT.actions
    untold = d3rlpy.dataset.ReplayBuffer(buffer(), episodes=episodes)
    assert untold.dataset_info.action_size < LAYOUT.actions


def test_the_hash_does_not_depend_on_files_and_extending_is_as_making_at_once(mixed, tmp_path):
    whole = load(mixed).sheet["content_sha256"]
    part = tmp_path / "part-v0"
    log_dataset(task(most_decisions=40), 33, part, shard_decisions=1)
    assert len(list((part / "data").glob("episodes-*"))) == 33
    sheet = log_dataset(task(most_decisions=40), 90, part, shard_decisions=10**6)
    assert sheet["content_sha256"] == whole and len(load(part)) == 90
    other = log_dataset(task(most_decisions=40, seed=1), 90, tmp_path / "other")
    assert other["content_sha256"] != whole


# --- killed ---------------------------------------------------------------------------------------------


def _log(folder, count):
    log_dataset(task(most_decisions=40), count, folder, shard_decisions=150)


def _killed(folder, after_s, count=90):
    """Log in a process of its own, which is killed outright so long after it began."""
    process = multiprocessing.get_context("fork").Process(target=_log, args=(folder, count))
    process.start()
    process.join(after_s)
    process.kill()
    process.join()


def _survives(folder, fraction, takes_s, whole):
    _killed(folder, fraction * takes_s)
    files = list((folder / "data").glob("[!.]*.hdf5")) if folder.exists() else []
    for path in files:
        with h5py.File(path) as file:
            for name in file:
                if name != "table":
                    assert len(file[name]["rewards"]) == file[name].attrs["total_steps"]
    if (folder / "data" / "metadata.json").exists():
        published = json.loads((folder / "data" / "metadata.json").read_text("utf-8"))
        with h5py.File(folder / "data" / "main_data.hdf5") as main:
            assert len(main) >= published["total_episodes"] > 0
    sheet = log_dataset(task(most_decisions=40), 90, folder, shard_decisions=400)
    assert sheet["content_sha256"] == whole and len(load(folder)) == 90
    assert not list((folder / "data").glob(".*"))
    return len(files)


def _survive_kills(folder, whole, moments, seed):
    began_s = time.monotonic()
    _log(folder / "timed-v0", 90)
    takes_s = time.monotonic() - began_s
    generator = np.random.default_rng(seed)
    fractions = (np.arange(moments) + generator.random(moments)) / moments
    return [_survives(folder / f"{round(1e4 * at)}-v0", at, takes_s, whole) for at in fractions]


def test_a_killed_run_leaves_whole_files_and_goes_on_to_the_same_dataset(mixed, tmp_path):
    _survive_kills(tmp_path, load(mixed).sheet["content_sha256"], 3, 0)


@pytest.mark.slow
def test_kills_at_twenty_random_moments(mixed, tmp_path):
    _survive_kills(tmp_path, load(mixed).sheet["content_sha256"], 20, None)


def test_two_runs_do_not_write_into_the_same_folder(mixed):
    import fcntl
    import os

    holder = os.open(mixed, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(InputError, match="another run"):
            log_dataset(task(most_decisions=40), 90, mixed)
    finally:
        os.close(holder)


def test_what_is_there_already_is_respected(mixed, tmp_path):
    with pytest.raises(InputError, match="another epsilon"):
        log_dataset(task(epsilon=0.1, most_decisions=40), 90, mixed)
    with pytest.raises(InputError, match="holds 90 episodes"):
        log_dataset(task(most_decisions=40), 50, mixed)
    (tmp_path / "letter.txt").write_text("mine", "utf-8")
    with pytest.raises(InputError, match=r"letter\.txt"):
        log_dataset(task(), 5, tmp_path)
    with pytest.raises(InputError, match="is a file"):
        log_dataset(task(), 5, tmp_path / "letter.txt")
    with pytest.raises(InputError, match="no dataset"):
        load(tmp_path)


def test_a_damaged_shard_is_named(tmp_path):
    log_dataset(task(), 6, tmp_path / "log-v0", shard_decisions=50)
    shard = sorted((tmp_path / "log-v0" / "data").glob("episodes-*"))[1]
    shard.write_bytes(shard.read_bytes()[:1000])
    with pytest.raises(InputError, match=shard.name):
        log_dataset(task(), 12, tmp_path / "log-v0")
