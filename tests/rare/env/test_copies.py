"""Copies and pickles: exact, independent, and alive in another process without the original."""

from __future__ import annotations

import concurrent.futures
import contextlib
import copy
import gc
import multiprocessing
import os
import pickle
import subprocess
import sys

import gymnasium
import numpy as np
import pytest

import rare
from rare import GreenClusterEnv, GreenClusterVectorEnv, Layout, Randomise, SimpyClock
from rare.clocks.compiled_clock import CompiledClock
from rare.env.batch import Batch
from rare.env.observation.observer import Observer
from rare.env.policies.play import play
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from rare.scheduler import Decider
from rare.state.arrays import DECIDE_SHED, DECIDE_START, SHEDDING
from rare.view import ClusterView
from rare.world import build_world, more_live_slots
from schedulers import make_scheduler
from schedulers.heuristics.deferral import Deferral, Prices
from schedulers.heuristics.fused_record import RandomActions
from schedulers.network.learned_scheduler import LearnedScheduler
from schedulers.registry import SHIPPED_FOLDER

SMALL = {"queue_slots": 12, "running_slots": 6, "forecast_hours": 6}


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


def cloudpickled(thing):
    """As the workers of joblib, gymnasium and Dask get it."""
    cloudpickle = pytest.importorskip("cloudpickle")
    return pickle.loads(cloudpickle.dumps(thing))


WAYS = [copy.deepcopy, copy.copy, pickled, cloudpickled]


def choose(mask, generator):
    return int(generator.choice(np.flatnonzero(mask)))


def future(env, steps=60, seed=3):
    """What an environment shows and pays from now on, over the ends of episodes, as bytes."""
    generator = np.random.default_rng(seed)
    seen, mask = [], env.unwrapped.action_masks()
    for _ in range(steps):
        obs, reward, terminated, _, info = env.step(choose(mask, generator))
        seen += [obs.tobytes(), info["action_mask"].tobytes(), repr((reward, terminated, info["window"]))]
        mask = info["action_mask"]
        if terminated:
            obs, info = env.reset()
            seen += [obs.tobytes(), info["window"]]
            mask = info["action_mask"]
    return seen


def many_future(env, steps=60, seed=3):
    """The same of a vector environment."""
    generator = np.random.default_rng(seed)
    seen, masks = [], env.action_masks()
    for _ in range(steps):
        obs, reward, terminated, truncated, info = env.step([choose(mask, generator) for mask in masks])
        seen += [obs.tobytes(), reward.tobytes(), terminated.tobytes(), truncated.tobytes()]
        seen += [repr(info["window"]), env.elapsed_s.tobytes(), repr(env.costs)]
        masks = info["action_mask"]
    return seen


def begun(scenario="tiny", steps=40, **options):
    env = GreenClusterEnv(scenario, **{**SMALL, **options})
    env.reset(seed=5)
    future(env, steps, seed=1)
    return env


class TestEnvironments:
    @pytest.mark.parametrize("way", WAYS)
    def test_a_copy_has_the_same_future_and_moves_nothing(self, way):
        env = begun()
        twin = way(env)
        assert type(twin) is GreenClusterEnv
        before = env.save_state()
        expected = future(twin, 400)
        now = env.save_state()
        assert all(np.array_equal(before[name], now[name]) for name in ("env", "live", "obs", "mask"))
        assert future(env, 400) == expected

    @pytest.mark.parametrize("way", WAYS)
    def test_a_copy_before_the_first_reset_is_one_too(self, way):
        twin = way(GreenClusterEnv("tiny", **SMALL))
        obs, _ = twin.reset(seed=4)
        assert np.array_equal(obs, GreenClusterEnv("tiny", **SMALL).reset(seed=4)[0])

    @pytest.mark.parametrize("way", [copy.deepcopy, pickled, cloudpickled])  # its wrappers copy as they like
    def test_copies_of_what_gymnasium_makes(self, way):
        env = gymnasium.make("rare/GreenCluster-v0", scenario="tiny", max_episode_steps=50, **SMALL)
        env.reset(seed=2)
        twin = way(env)
        assert twin.spec.kwargs == env.spec.kwargs
        assert future(env, 30) == future(twin, 30)

    def test_a_copy_outlives_the_original(self):
        expected = future(begun(), 200)
        env = begun()
        data, twin = pickle.dumps(env), copy.deepcopy(env)
        del env
        gc.collect()
        littered = [np.full(2**16, 255, np.uint8) for _ in range(200)]  # on what was freed
        assert future(twin, 200) == expected
        assert future(pickle.loads(data), 200) == expected
        assert littered

    def test_what_was_chosen_goes_along(self):
        options = {"reward": "renewable", "reward_eta": 0.5, "reservations": True, "invalid": "wait"}
        env = begun("tiny", split="validation", **options)
        twin = pickled(env)
        assert future(env, 300) == future(twin, 300)
        summary = twin.step(SMALL["queue_slots"] + SMALL["running_slots"])[4]["episode_summary"]
        assert twin.layout.reservations and summary["invalid_actions"] == 1
        assert twin.split == "validation" and twin.reset()[1]["window"].startswith("validation")

    def test_randomised_cases_go_along(self):
        wide = Randomise(2, cluster=(0.5, 2.0), seed=1)
        env = begun("tiny", randomise=wide)
        assert future(pickled(env), 500) == future(env, 500)

    @pytest.mark.parametrize("way", WAYS)
    def test_masked_samples_go_along(self, way):
        """The action space has a generator of its own, and `info`'s mask is what its `sample` takes."""
        env = begun()
        env.action_space.seed(4)

        def sampled(each):
            mask, actions = each.action_masks().astype(np.int8), []
            for _ in range(60):
                actions.append(each.action_space.sample(mask))
                _, _, over, _, info = each.step(actions[-1])
                mask = (each.reset()[1] if over else info)["action_mask"]
            return actions

        twins = [way(env), way(env)]
        expected = sampled(env)
        assert len(set(expected)) > 2
        assert [sampled(twin) for twin in twins] == [expected] * 2

    def test_a_picture_is_no_part_of_a_copy(self):
        env = begun(render_mode="rgb_array")
        frame = env.render()
        assert np.array_equal(pickled(env).render(), frame)
        assert np.array_equal(copy.deepcopy(env).render(), frame)

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("mode", ["SAME_STEP", "NEXT_STEP"])
    def test_vector_environments(self, way, mode):
        env = GreenClusterVectorEnv(3, "tiny", autoreset_mode=mode, max_episode_steps=70, **SMALL)
        env.reset(seed=7)
        many_future(env, 50, seed=1)
        twin = way(env)
        assert twin.autoreset_mode is env.autoreset_mode
        expected = many_future(twin, 200)
        assert many_future(env, 200) == expected

    def test_each_grows_by_itself(self):
        env = GreenClusterEnv("islanded", settings=("workload.load=4",), **SMALL)
        env.reset(seed=0, options={"window": "validation-06"})
        twin, third = copy.deepcopy(env), pickled(env)
        expected = future(copy.deepcopy(env), 100)
        while env._batch.world.live.shape[1] == 256:
            env.step(0)
        assert future(twin, 100) == expected
        again = copy.deepcopy(third)
        while again._batch.world.live.shape[1] == 256:
            again.step(0)
        assert future(third, 100) == expected
        assert future(copy.deepcopy(again), 50) == future(again, 50)

    def test_wrappers_of_stable_baselines(self):
        pytest.importorskip("sb3_contrib", reason="needs the extra 'learn'")
        from sb3_contrib.common.maskable.utils import get_action_masks
        from sb3_contrib.common.wrappers import ActionMasker
        from stable_baselines3.common.monitor import Monitor
        from stable_baselines3.common.vec_env import VecNormalize

        from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

        many = VecNormalize(GreenClusterSB3VecEnv(2, "tiny", invalid="wait", **SMALL))
        many.seed(0)
        many.reset()
        single = ActionMasker(Monitor(begun()), lambda env: env.unwrapped.action_masks())
        single.reset(seed=0)
        for way in (copy.deepcopy, cloudpickled):
            twins = [way(many), way(many)]
            assert [type(twin) for twin in twins] == [VecNormalize] * 2
            for twin in twins:  # VecNormalize leaves out of a pickle what it wraps
                if twin.__dict__.get("venv") is None:
                    twin.set_venv(way(many.__dict__["venv"]))
            assert get_action_masks(twins[0]).shape == (2, 19)
            for _ in range(30):
                first, second = (twin.step(np.array([2, 1])) for twin in twins)
                assert all(np.array_equal(one, two) for one, two in zip(first[:3], second[:3], strict=True))
            assert many.__dict__["venv"].vector._steps.tolist() == [0, 0]
            twin, other = way(single), way(single)
            assert np.array_equal(get_action_masks(twin), get_action_masks(single))
            assert future(twin.unwrapped, 50) == future(other.unwrapped, 50)

    @pytest.mark.parametrize("way", WAYS)
    def test_the_one_of_stable_baselines(self, way):
        pytest.importorskip("stable_baselines3", reason="needs the extra 'learn'")
        from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

        env = GreenClusterSB3VecEnv(2, "tiny", **SMALL)
        env.seed(3)
        env.reset()
        twin = way(env)
        for _ in range(150):
            masks = env.env_method("action_masks")
            actions = np.array([np.flatnonzero(mask)[-1] for mask in masks])
            ours, theirs = env.step(actions), twin.step(actions)
            assert all(np.array_equal(mine, other) for mine, other in zip(ours[:3], theirs[:3], strict=True))
            lengths = [[info.get("episode", {}).get("l") for info in each[3]] for each in (ours, theirs)]
            assert lengths[0] == lengths[1]


def played(env):
    """For workers: a future of an environment, and the process it was in."""
    return future(env, 50), os.getpid()


UNCOMPILED = """
import copy, pickle
import numpy as np
from rare import GreenClusterEnv, GreenClusterVectorEnv

small = {"queue_slots": 4, "running_slots": 2, "forecast_hours": 2}
env = GreenClusterEnv("tiny", **small)
env.reset(seed=5)
for _ in range(10):
    env.step(int(np.flatnonzero(env.action_masks())[-1]))
twins = copy.deepcopy(env), pickle.loads(pickle.dumps(env))
for _ in range(15):
    action = int(np.flatnonzero(env.action_masks())[-1])
    obs, reward, over, _, info = env.step(action)
    for twin in twins:
        assert twin.action_masks()[0] and not np.shares_memory(twin._batch.obs, env._batch.obs)
        there, paid, ended, _, told = twin.step(action)
        assert np.array_equal(there, obs) and (paid, ended) == (reward, over), (paid, reward)
        assert told["elapsed_s"] == info["elapsed_s"]
many = GreenClusterVectorEnv(2, "tiny", **small)
many.reset(seed=1)
other = copy.deepcopy(many)
for _ in range(5):
    seen, expected = (each.step([0, 0]) for each in (other, many))
    assert np.array_equal(seen[0], expected[0]) and np.array_equal(seen[1], expected[1])
print("alike")
"""


class TestOtherProcesses:
    def test_copies_without_the_compiler(self):
        """Every access to the state goes through a table of arrays by their addresses there."""
        done = subprocess.run(
            [sys.executable, "-c", UNCOMPILED], capture_output=True, text=True, timeout=300,
            env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
        assert done.stdout == "alike\n", done.stderr

    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_a_pool_plays_what_we_play(self, method):
        env = begun()
        with multiprocessing.get_context(method).Pool(1) as pool:
            results = pool.map(played, [env, env])
        expected = future(env, 50)
        for seen, process in results:
            assert seen == expected and process != os.getpid()

    def test_an_executor_plays_what_we_play(self):
        env = begun()
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            seen, _ = pool.submit(played, env).result()
        assert seen == future(env, 50)

    def test_joblib_plays_what_we_play(self):
        """joblib maps arrays above `max_nbytes` from a file, read-only."""
        joblib = pytest.importorskip("joblib")
        env = begun()
        jobs = [joblib.delayed(played)(env)] * 2
        results = joblib.Parallel(n_jobs=2, max_nbytes=1000)(jobs)
        expected = future(env, 50)
        assert all(seen == expected for seen, _ in results)

    def test_a_file_is_enough(self, tmp_path):
        env = begun()
        file = tmp_path / "env.pickle"
        file.write_bytes(pickle.dumps(env))
        code = (
            "import pathlib, pickle, sys\n"
            "from tests.rare.env.test_copies import future\n"
            "env = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
            "print(future(env, 50))\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
        assert ran.stdout.strip() == repr(future(env, 50))

    @pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
    def test_a_fork_of_a_process_with_threads_goes_on_without_them(self):
        """OpenMP ends a forked child that asks for its parent's threads; the parent waited for ever."""
        env = GreenClusterVectorEnv(4, "tiny", threads=2, **SMALL)
        env.reset(seed=1)
        env.step([0] * 4)
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        child = context.Process(target=lambda: there.send(many_future(env, 40)))
        child.start()
        assert here.poll(60)
        seen = here.recv()
        child.join(60)
        assert child.exitcode == 0 and seen == many_future(env, 40)

    def test_asynchronous_vectors_work(self):
        def make():
            return GreenClusterEnv("tiny", **SMALL)

        envs = gymnasium.vector.AsyncVectorEnv([make, make])
        obs, info = envs.reset(seed=1)
        assert np.array_equal(obs[1], make().reset(seed=2)[0]) and info["action_mask"].dtype == np.int8
        envs.close()


def case_of(scenario="tiny", window="validation-06"):
    return build(load_scenario(scenario, Wishes(window=window))).case


def decisions(decider, world, most=15):
    """The slots that a decider chooses from here on, on a copy of the world."""
    clock = CompiledClock(copy.deepcopy(world), Watched(decider, most), np.arange(len(world.jobs)))
    with contextlib.suppress(StopIteration):
        clock.run()
    return clock._decider.chosen


class Watched(Decider):
    """A decider that notes what it chooses, and stops after so many."""

    def __init__(self, decider, most):
        super().__init__(decider.name, order=decider.order, order_param=decider.order_param)
        self.decider, self.most, self.chosen = decider, most, []

    def decide(self, world, e, status):
        if len(self.chosen) == self.most:
            raise StopIteration
        self.chosen.append(self.decider.decide(world, e, status))
        return self.chosen[-1]


def half_way(case, decider, most=10):
    """The world after a part of a run, which the decider has seen."""
    world = build_world(case, order=decider.order, order_param=decider.order_param)
    clock = CompiledClock(world, Watched(decider, most), case.workload.job_id)
    with pytest.raises(StopIteration):
        clock.run()
    return clock.world


SCHEDULERS = [
    "fcfs", "hvf+conservative+lowvalue", "atc=3+easy+green", "lookahead=atc+greedy+budget=200", "oracle=40",
    "rare", "checkpoint", "deferral",
]  # fmt: skip


def scheduler_of(name):
    if name == "checkpoint":
        return LearnedScheduler(SHIPPED_FOLDER)
    if name == "deferral":
        return Deferral(Prices(wait=1.0, energy_kwh=2.0))
    return make_scheduler(name)


class TestSchedulers:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("name", SCHEDULERS)
    def test_a_copy_decides_alike_from_the_middle_of_a_run_on(self, name, way):
        case = case_of()
        decider = scheduler_of(name).for_case(case)
        world = half_way(case, decider)
        twin, there = (
            way((decider, world)) if way is not copy.copy else (copy.copy(decider), copy.copy(world))
        )
        alone = way(decider)
        expected = decisions(decider, world)
        assert len(expected) > 8
        if name.startswith("lookahead"):  # it learns while it decides: each of them once
            assert decisions(twin, there) == expected == decisions(alone, world)
            return
        assert decisions(twin, there) == expected
        assert decisions(twin, world) == expected
        assert decisions(alone, there) == expected

    @pytest.mark.parametrize("name", SCHEDULERS)
    def test_a_copy_runs_a_case_alike_on_both_clocks(self, name):
        case, scheduler = case_of(), scheduler_of(name)
        twin = pickled(scheduler)
        assert twin.name == scheduler.name
        results = [
            rare.simulate(case, each, clock=clock)
            for each in (scheduler, twin)
            for clock in ("compiled", "simpy")
        ]
        assert all(np.array_equal(results[0].jobs, other.jobs) for other in results[1:])

    def test_a_window_planned_once_is_found_again(self):
        """The oracle kept its plans by where a case was in memory."""
        episodes, oracle = episodes_of("tiny"), make_scheduler("oracle=40")
        expected = play(episodes, oracle, "validation-06")
        assert play(episodes, pickled(oracle), "validation-06") == expected
        there, twin = pickled((episodes, oracle))
        assert play(there, twin, "validation-06") == expected
        assert {place for place, _ in twin._windows} == {id(there.case)}

    def test_the_policy_of_random_actions(self):
        decider = pickled(RandomActions()).for_case(case_of())
        assert pickled(decider).order == decider.order and decider.records

    def test_a_network_of_torch(self, tmp_path):
        pytest.importorskip("torch", reason="needs the extra 'learn'")
        from schedulers.training.checkpoint import Checkpoint, save
        from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

        net = SchedulerNet(Layout(8, 4, 2), NetworkSize(kind="attention"))
        save(tmp_path / "net", Checkpoint(net))
        scheduler = make_scheduler(str(tmp_path / "net"))
        twin, case = pickled(scheduler), case_of()
        results = [rare.simulate(case, each).jobs for each in (scheduler, twin)]
        assert np.array_equal(*results)


class TestParts:
    def test_worlds(self):
        case = case_of()
        fcfs = make_scheduler("fcfs").for_case(case)
        world = half_way(case, fcfs)
        for way in WAYS:
            twin = way(world)
            assert type(twin) is type(world) and not np.shares_memory(twin.live, world.live)
            assert decisions(fcfs, twin) == decisions(fcfs, world)
            grown = more_live_slots(way(world))
            assert decisions(fcfs, grown) == decisions(fcfs, world)

    @pytest.mark.parametrize("way", WAYS)
    def test_batches_that_have_grown(self, way):
        batch = Batch(episodes_of("tiny"), Layout(8, 4, 2), 2, live=2)
        for e in range(2):
            batch.set_up(e, batch.episodes.of("train")[e])
            batch.begin(e)
        twin = way(batch)
        for _ in range(150):
            actions = np.array([np.flatnonzero(mask)[0] for mask in batch.mask])
            batch.step(actions)
            assert not np.array_equal(twin.obs, batch.obs)
            twin.step(actions)
            assert np.array_equal(twin.obs, batch.obs) and np.array_equal(twin.reward, batch.reward)
        assert batch.world.live.shape[1] > 2

    @pytest.mark.parametrize("way", WAYS)
    def test_observers_and_views(self, way):
        case = case_of()
        world = half_way(case, make_scheduler("fcfs").for_case(case))
        observer = Observer(case, Layout(**SMALL))
        observer.look(world)
        twin = way(observer)
        assert np.array_equal(twin.obs, observer.obs)
        assert twin.decision_of(world, 1) == observer.decision_of(world, 1)
        there = way(world)
        assert twin.look(there) == observer.look(world) and np.array_equal(twin.obs, observer.obs)
        observer.obs[:] = 7
        assert not (twin.obs == 7).any()
        view = ClusterView(world, 0, case.workload.job_id)
        other = way(view)
        assert other.queue == view.queue and other.running == view.running and other.outlook == view.outlook
        assert [other.can_start(job) for job in other.queue] == [view.can_start(job) for job in view.queue]
        assert (other.now_s, other.spare_w, other.shortage) == (view.now_s, view.spare_w, view.shortage)

    @pytest.mark.parametrize("way", WAYS)
    def test_what_goes_in_and_what_comes_out(self, way):
        case = case_of("islanded")
        layout, wide = Layout(**SMALL), Randomise(2, cluster=(0.5, 1.0))
        assert way(layout) == layout and way(wide) == wide
        result = rare.simulate(case, make_scheduler("easy"))
        twin = way(result)
        assert twin.metrics == result.metrics and np.array_equal(twin.events, result.events)
        assert twin.jobs_frame().equals(result.jobs_frame())
        again = rare.simulate(way(case), make_scheduler("easy"))
        assert np.array_equal(again.jobs, result.jobs)
        episodes = episodes_of("tiny")
        assert way(episodes).episodes == episodes.episodes
        assert play(way(episodes), make_scheduler("fcfs"), "test-01") == play(
            episodes, make_scheduler("fcfs"), "test-01"
        )
        scenario = load_scenario("tiny")
        assert repr(way(scenario)) == repr(scenario)

    def test_a_deep_copy_of_a_case_may_be_changed(self):
        case = case_of()
        twin = copy.deepcopy(case)
        twin.workload.work_s[:] = 1
        assert (case.workload.work_s > 1).any()

    def test_a_compiled_clock_half_way(self):
        case = case_of()
        decider = make_scheduler("sjf+easy").for_case(case)
        clock = CompiledClock(half_way(case, decider), decider, case.workload.job_id)
        twin = pickled(clock)
        clock.run()
        twin.run()
        assert np.array_equal(twin.world.outcome, clock.world.outcome)
        assert np.array_equal(twin.recorder.events, clock.recorder.events)

    @pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
    def test_a_simpy_clock_says_what_to_do(self, way):
        clock = SimpyClock.of(case_of(), make_scheduler("easy"))
        clock.step_until(clock.env.now + 3600)
        with pytest.raises(TypeError, match=r"running generators.*SimpyClock\.of.*step_until"):
            way(clock)


class TestGoingBack:
    """Live slots double when more jobs are here than there is room for; a state is of before or after."""

    def grown(self, **options):
        env = GreenClusterEnv("islanded", settings=("workload.load=4",), **{**SMALL, **options})
        env.reset(seed=0)
        return env

    def test_to_a_state_of_before_the_live_slots_grew(self):
        env = self.grown()
        saved, states = env.save_state(), []
        first = future(env, 30)
        for step in range(600):
            if step % 100 == 0:
                states.append((env.save_state(), env._batch.world.live.shape[1]))
            if env.step(0)[2]:
                break
        assert env._batch.world.live.shape[1] > len(saved["live"])
        env.restore_state(saved)
        assert future(env, 30) == first
        other = self.grown()
        for state, _ in reversed(states):
            futures = []
            for each in (env, other, env):
                each.restore_state(state)
                futures.append(future(each, 40))
            assert futures[0] == futures[1] == futures[2]

    def test_to_a_state_of_after_they_grew(self):
        env = self.grown()
        while env._batch.world.live.shape[1] == 256:
            assert not env.step(0)[2]
        saved = env.save_state()
        expected = future(env, 40)
        fresh = self.grown()
        fresh.restore_state(saved)
        assert future(fresh, 40) == expected

    def test_a_saved_vector_environment_after_growth(self):
        options = {"settings": ("workload.load=4",), **SMALL}
        env = GreenClusterVectorEnv(2, "islanded", **options)
        env.reset(seed=0)
        saved = env.save()
        expected = many_future(env, 20)
        while env.batch.world.live.shape[1] == 256:
            env.step([0, 0])
        env.restore(saved)
        assert many_future(env, 20) == expected

    def test_the_next_episode_is_drawn_as_it_was(self):
        env = begun()
        saved = env.save_state()
        windows = [env.reset()[1]["window"] for _ in range(5)]
        env.restore_state(saved)
        assert [env.reset()[1]["window"] for _ in range(5)] == windows

    def test_what_a_pass_remembers_goes_along(self):
        """A conservative plan lives beside the state; a fork in the middle of a pass goes on with it."""
        episodes = episodes_of("tiny")
        decider = make_scheduler("fcfs+conservative").for_case(episodes.case)
        batch = Batch(episodes, Layout(64, 32, 0), 1, order=decider.order, order_param=decider.order_param)
        batch.set_up(0, episodes.of("validation-06")[0])
        batch.begin(0)

        def choices(most):
            chosen = []
            while not batch.is_over(0) and len(chosen) < most:
                status = DECIDE_SHED if batch.world.env[0].phase == SHEDDING else DECIDE_START
                chosen.append(batch.action_of(0, decider.decide(batch.world_of(0), 0, status)) or 0)
                batch.step_single(0, chosen[-1])
            return chosen

        for _ in range(40):
            saved = batch.save(0)
            expected = choices(8)
            batch.restore(0, saved)
            assert choices(8) == expected
            batch.restore(0, saved)
            choices(1)

    @pytest.mark.parametrize("backfill", ["conservative", "conservative=kept"])
    def test_a_pass_goes_on_where_live_slots_have_grown(self, backfill):
        """The plan lies behind a cell for each live slot, so there it begins at another place."""
        episodes = episodes_of("islanded", settings=("workload.load=3",))
        decider = make_scheduler(f"fcfs+{backfill}").for_case(episodes.case)
        small, large = (
            Batch(episodes, Layout(128, 64, 0), 1, live=live, order=decider.order) for live in (256, 1024)
        )
        for batch in (small, large):
            batch.set_up(0, episodes.of("validation-00")[0])
            batch.begin(0)
        middles = 0
        for _ in range(400):
            large.restore(0, small.save(0))
            state = large.world.env[0]
            middles += state.pass_s == state.now_s and state.pass_decision + 1 == state.decisions
            status = DECIDE_SHED if state.phase == SHEDDING else DECIDE_START
            chosen = [decider.decide(each.world_of(0), 0, status) for each in (small, large)]
            assert chosen[0] == chosen[1]
            small.step_single(0, small.action_of(0, chosen[0]) or 0)
        assert middles > 20

    def test_states_of_others_are_refused(self):
        env = begun()
        other = begun("islanded")
        with pytest.raises(ValueError, match="same scenario"):
            env.restore_state(other.save_state())
        with pytest.raises(ValueError, match="another layout"):
            env.restore_state(begun("tiny", queue_slots=13).save_state())
        with pytest.raises(ValueError, match="another layout"):
            env.restore_state(begun("tiny", reservations=True).save_state())
        before = env.save_state()
        for wrong in (None, {}, [], {"playing": None}, env._batch.save(0)):
            with pytest.raises(ValueError, match="no state of an environment"):
                env.restore_state(wrong)
        for options, message in (
            ({"settings": ("battery.hours=1",)}, "other jobs, machines, power or settings"),
            ({"reward": "renewable"}, "reward='renewable', reward_eta=0.002; make the environment with the"),
        ):
            other = begun("tiny", **options)
            with pytest.raises(ValueError, match=message):
                env.restore_state(other.save_state())
            many, others = (GreenClusterVectorEnv(2, "tiny", **SMALL, **each) for each in ({}, options))
            for each in (many, others):
                each.reset(seed=0, options={"window": "test-00"})
            with pytest.raises(ValueError, match=message):
                many.restore(others.save())
        assert all(np.array_equal(before[name], env.save_state()[name]) for name in ("env", "obs"))
        with pytest.raises(ValueError, match="which tiny has not"):
            wide = GreenClusterVectorEnv(2, "tiny", randomise=Randomise(3, cluster=(0.5, 2.0)), **SMALL)
            wide.reset(seed=1)
            GreenClusterVectorEnv(2, "tiny", **SMALL).restore(wide.save())

    def test_what_is_done_with_invalid_actions_stays_that_of_the_environment(self):
        strict, kind = begun("tiny"), begun("tiny", invalid="wait")
        wrong = int(np.flatnonzero(~strict.action_masks())[0])
        kind.restore_state(strict.save_state())
        assert kind.step(wrong)[4]["episode_summary"]["invalid_actions"] == 1
        strict.restore_state(kind.save_state())
        with pytest.raises(ValueError, match="is not valid"):
            strict.step(int(np.flatnonzero(~strict.action_masks())[0]))

    def test_a_state_goes_to_another_process_with_the_case(self):
        env = begun()
        there = pickled(GreenClusterEnv("tiny", **SMALL))
        there.restore_state(pickled(env.save_state()))
        assert future(there, 100) == future(env, 100)


def addresses_in(thing, seen=None):
    """Every number under a field called at_... in what a pickle of a thing is made of."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return []
    seen.add(id(thing))
    found = []
    if isinstance(thing, np.ndarray | np.void) and thing.dtype.names:
        for name in thing.dtype.names:
            if name.startswith("at_") and np.any(thing[name]):
                found.append(name)
    elif isinstance(thing, dict):
        found = [name for each in thing.values() for name in addresses_in(each, seen)]
    elif isinstance(thing, list | tuple | set):
        found = [name for each in thing for name in addresses_in(each, seen)]
    return found


def test_no_address_is_in_what_is_saved_or_pickled():
    env = begun()
    assert addresses_in(env.save_state()) == []
    batch = env._batch
    assert addresses_in(batch.__getstate__()) == []
    assert addresses_in(batch.world.__reduce__()) == []
    observer = Observer(case_of(), Layout(**SMALL))
    assert addresses_in(observer.__getstate__()) == []
