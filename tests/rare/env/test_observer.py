"""An observer beside a running simulation sees what the environment shows, bit for bit."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest

import rare
from rare import Layout
from rare.env.batch import Batch
from rare.env.observation.observer import Observer
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from rare.state.arrays import WAIT
from rare.world import build_world
from schedulers import make_scheduler

LAYOUT = Layout(8, 4, 24)
WINDOWS = [
    ("tiny", "train-00"),
    ("tiny", "test-01"),
    ("islanded", "validation-02"),
    ("islanded", "test-00"),
    ("gpu-cluster", "validation-00"),
    ("grid-tied", "test-01"),
]
MOST = 4000  # decisions that are compared


class Random:
    """Any valid action, each as likely, and a note of everything seen."""

    name = "random with a notebook"
    order, order_param = 0, 2.0

    def __init__(self, seed, most=MOST):
        self.generator, self.most = np.random.default_rng(seed), most
        self.seen, self.actions = [], []

    def check(self, case):
        self.observer = Observer(case, LAYOUT)

    def decide(self, world, e, status):
        observer = self.observer
        if observer.look(world, e) <= 1 or len(self.actions) >= self.most:
            return WAIT
        self.seen.append(observer.obs.copy())
        assert (observer.obs[: LAYOUT.actions] == observer.mask).all()
        self.actions.append(int(self.generator.choice(np.flatnonzero(observer.mask))))
        return observer.decision_of(world, self.actions[-1], e)


def window_case(scenario, window):
    loaded = load_scenario(scenario, Wishes(window=window))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build(loaded).case


def played(scenario, window, actions):
    """What the environment shows for these actions."""
    episodes = episodes_of(scenario)
    batch = Batch(episodes, LAYOUT, 1)
    batch.set_up(0, episodes.of(window)[0])
    batch.begin(0)
    seen = []
    for action in actions:
        seen.append(batch.obs[0].copy())
        batch.step_single(0, action)
    return np.array(seen)


@pytest.mark.parametrize(("scenario", "window"), WINDOWS)
@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_simulate_shows_what_the_environment_shows(scenario, window, clock):
    if clock == "simpy" and scenario not in ("tiny", "gpu-cluster"):
        pytest.skip("one clock is enough for the long ones")
    scheduler = Random(seed=3)
    rare.simulate(window_case(scenario, window), scheduler, clock=clock, record=False)
    assert len(scheduler.actions) > 20
    assert (np.array(scheduler.seen) == played(scenario, window, scheduler.actions)).all()


def test_a_second_run_is_not_taken_for_the_first_going_on():
    """The same observer on a fresh world of the same case, and on it again after another got further."""
    case = window_case("tiny", "train-00")
    first, again = Random(0, most=300), Random(0, most=300)
    rare.simulate(case, first, record=False)
    again.check(case)
    kept = again.observer
    rare.simulate(case, again, record=False)
    again.observer = kept
    once = np.array(again.seen)
    again.seen, again.actions, again.generator = [], [], np.random.default_rng(0)
    again.check = lambda _case: None
    rare.simulate(case, again, record=False)
    assert (np.array(again.seen) == once).all()
    assert (once == np.array(first.seen)).all()


def test_it_looks_at_an_environment_of_a_batch_as_the_batch_does():
    episodes = episodes_of("tiny")
    batch = Batch(episodes, LAYOUT, 2, live=2)  # too few live slots: they grow on the way
    observer = Observer(episodes.case, LAYOUT)
    for e, episode in enumerate(episodes.of("train")[:2]):
        batch.set_up(e, episode)
        batch.begin(e)
    before = batch.world.live.shape[1]
    generator = np.random.default_rng(1)
    for _ in range(800):
        for e in range(2):
            if not batch.is_over(e):
                assert observer.look(batch.world_of(e), e) == batch.mask[e].sum()
                assert (observer.obs == batch.obs[e]).all()
                batch.step_single(e, generator.choice(np.flatnonzero(batch.mask[e])))
    assert batch.world.live.shape[1] > before


def test_a_world_of_another_case_is_refused():
    case = window_case("tiny", "train-00")
    fewer = dataclasses.replace(case, workload=case.workload.select(0, 5))
    with pytest.raises(ValueError, match="make an Observer of its own case"):
        Observer(case, LAYOUT).look(build_world(fewer))


def test_a_scale_by_hand_is_the_median_of_the_own_jobs():
    case = window_case("tiny", "train-00")
    own = dataclasses.replace(case, density_median=None)
    at = LAYOUT.index("queue", "density")

    def densities(case):
        scheduler = Random(0, most=200)
        rare.simulate(case, scheduler, record=False)
        return np.array(scheduler.seen)[:, at]

    assert case.density_median is not None
    assert (densities(own) != densities(case)).any()


def test_a_heuristic_that_keeps_another_order_changes_nothing_of_what_is_seen():
    case = window_case("tiny", "train-00")
    observer = Observer(case, LAYOUT)
    seen = {}
    for name in ("fcfs+greedy", "sjf+greedy"):
        scheduler = make_scheduler(name)
        world = build_world(case, order=scheduler.order, log_level=0)
        observer.look(world)
        seen[name] = observer.obs.copy()
    assert (seen["fcfs+greedy"] == seen["sjf+greedy"]).all()
