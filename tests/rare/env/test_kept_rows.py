"""Rows of waiting jobs that are kept up to date show what rows written anew would show, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rare import GreenClusterEnv, GreenClusterVectorEnv, Layout
from rare.env.batch import Batch
from rare.env.observation.observer import Observer
from rare.episodes import episodes_of_case
from rare.rules.orders import ATC, FCFS
from rare.scenario.scenario_episodes import load_episodes
from tests.rare.env.level_cases import drawn_case

ENVIRONMENTS = 3
VOLUNTARY = ("rules.voluntary_suspension=true",)


def assert_as_if_new(batch, e):
    """The observation and mask of an environment are those of an observer that has never looked before."""
    observer = Observer(batch.episodes.cases[batch.playing[e].case_index], batch.layout, batch._tables_of(e))
    valid = observer.look(batch.world_of(e), e)
    assert valid > 1 and valid == batch.mask[e].sum()
    assert np.array_equal(observer.mask, batch.mask[e])
    assert np.array_equal(observer.obs.view(np.uint32), batch.obs[e].view(np.uint32))
    shown = int(batch._views["shown_queue"][e])
    assert np.array_equal(observer._slots["slot"][:shown], batch._slots["slot"][e, :shown])


def check(episodes, layout, steps, order=FCFS):
    """Random play with resets and restored states on the way; how many jobs were seen suspended, how long
    the longest queue was."""
    batch = Batch(episodes, layout, ENVIRONMENTS, live=4, order=order)  # room grows on the way
    draws = np.random.default_rng(1)
    saved, suspended, longest = None, 0, 0

    def begin(e):
        batch.set_up(e, episodes.episodes[int(draws.integers(len(episodes.episodes)))])
        batch.begin(e)

    for e in range(ENVIRONMENTS):
        begin(e)
    for step in range(steps):
        for e in range(ENVIRONMENTS):
            if batch.is_over(e) or draws.random() < 0.01:
                begin(e)
            if not batch.is_over(e):
                assert_as_if_new(batch, e)
            suspended += int(batch.world.env["suspended"][e])
            longest = max(longest, int(batch.world.ends["last"][e, 0] - batch.world.ends["first"][e, 0]))
        if step % 50 == 10:
            saved = batch.save(int(draws.integers(ENVIRONMENTS)))
        if saved is not None and draws.random() < 0.03:
            batch.restore(int(draws.integers(ENVIRONMENTS)), saved)
        actions = [int(draws.choice(np.flatnonzero(batch.mask[e]))) for e in range(ENVIRONMENTS)]
        batch.step(np.array(actions, np.int64))
    return suspended, longest


@pytest.mark.parametrize("order", [FCFS, ATC])
def test_jobs_that_are_suspended_and_come_back(order):
    suspended, _ = check(load_episodes("tiny", VOLUNTARY, 0, None), Layout(6, 4, 2), 150, order)
    assert suspended > 20


def test_a_queue_that_is_longer_than_the_slots():
    _, longest = check(load_episodes("islanded", (), 0, None), Layout(5, 3, 2, reservations=True), 150)
    assert longest > 10


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["islanded", "grid-tied", "solar-night", "gpu-cluster"])
def test_scenarios_of_usual_size(scenario):
    suspended, _ = check(load_episodes(scenario, VOLUNTARY, 0, None), Layout(), 3000)
    assert suspended > 0


@pytest.mark.parametrize("seed", range(3))
def test_levels_events_and_outages(seed):
    """Jobs lose their nodes and come back without anybody having been asked in between."""
    case = drawn_case(seed=seed, voluntary=True)
    check(episodes_of_case(case), Layout(8, 6, 2, levels=True, events=True), 80)
    lost = replace(drawn_case(speeds=(), seed=seed), options=replace(case.options, restart_s=30))
    check(episodes_of_case(lost), Layout(8, 6, 2, events=True), 80)


@pytest.mark.parametrize("many", [False, True])
def test_what_a_user_writes_into_an_observation_is_not_seen_again(many):
    options = {"queue_slots": 6, "running_slots": 4, "forecast_hours": 2}
    envs = [
        GreenClusterVectorEnv(2, "tiny", **options) if many else GreenClusterEnv("tiny", **options)
        for _ in range(2)
    ]
    infos = [env.reset(seed=2)[1] for env in envs]
    draws = np.random.default_rng(0)
    for _ in range(60):
        masks = np.atleast_2d(infos[0]["action_mask"])
        actions = np.array([draws.choice(np.flatnonzero(mask)) for mask in masks])
        results = [env.step(actions if many else int(actions[0])) for env in envs]
        assert np.array_equal(results[0][0], results[1][0])
        results[0][0][...] = 7.0
        infos = [result[-1] for result in results]
        infos[1]["action_mask"][...] = 0
        if np.any(results[0][2]) and not many:
            infos = [env.reset()[1] for env in envs]
