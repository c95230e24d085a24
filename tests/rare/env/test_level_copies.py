"""Batches of cases with and without levels, events and dependencies: each as if alone, copied whole."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest

from rare import GreenClusterVectorEnv, Layout
from rare.env.batch import Batch
from rare.episodes import Episodes, episodes_of_case
from tests.rare.env.level_cases import drawn_case, grid_events

LAYOUT = Layout(8, 6, 2, levels=True, events=True)


def with_followers(case):
    """Each third job waits for the one before it."""
    after = np.empty(len(case.workload), object)
    after[:] = [(int(case.workload.job_id[i - 1]),) if i % 3 == 2 else () for i in range(len(after))]
    return replace(case, workload=replace(case.workload, after=after, after_any=np.ones(len(after), bool)))


@pytest.fixture(scope="module")
def mixed():
    """Levels and two events; neither; dependencies, checkpoints and one event."""
    plain = drawn_case(speeds=(), events=False, seed=1, count=15)
    chained = with_followers(drawn_case(seed=2, speeds=(), events=False, count=15))
    chained = replace(
        chained,
        options=replace(chained.options, checkpoint_s=600, checkpoint_cost_s=20),
        events=grid_events((1000, 3000, 3000, 9000, 450, 0)),
    )
    parts = [episodes_of_case(case, name) for name, case in
             (("levels", drawn_case(count=15)), ("plain", plain), ("chained", chained))]  # fmt: skip
    episodes = [replace(part.episodes[0], case_index=place) for place, part in enumerate(parts)]
    return Episodes("mixed", tuple(part.case for part in parts), tuple(episodes))


def begun(episodes, playing):
    batch = Batch(episodes, LAYOUT, len(playing), live=4)  # room must grow on the way
    for e, episode in enumerate(playing):
        batch.set_up(e, episode)
        batch.begin(e)
    return batch


def future(batch, e, steps=1000):
    """What environment e shows and pays from now on, under actions drawn by a fixed seed."""
    draws, seen = np.random.default_rng(5), []
    while not batch.is_over(e) and steps:
        seen.append((batch.obs[e].tobytes(), float(batch.reward[e])))
        batch.step_single(e, int(draws.choice(np.flatnonzero(batch.mask[e]))))
        steps -= 1
    summary = {key: value for key, value in batch.summary(e).items() if key != "window"}
    return seen, summary


def test_each_case_of_a_batch_is_as_if_it_were_alone(mixed):
    batch = begun(mixed, mixed.episodes)
    for e, case in enumerate(mixed.cases):
        alone = episodes_of_case(case)
        assert future(batch, e) == future(begun(alone, alone.episodes), 0), mixed.episodes[e].name


def test_one_environment_plays_one_case_after_another(mixed):
    batch = begun(mixed, mixed.episodes[:1])
    wanted = [future(begun(mixed, [episode]), 0) for episode in mixed.episodes]
    for place in (0, 2, 1, 0, 1, 2):
        batch.set_up(0, mixed.episodes[place])
        batch.begin(0)
        assert future(batch, 0) == wanted[place]


@pytest.mark.parametrize("way", [copy.deepcopy, lambda batch: pickle.loads(pickle.dumps(batch))])
def test_copies_go_on_alike(mixed, way):
    batch = begun(mixed, mixed.episodes)
    for e in range(3):
        future(batch, e, steps=25)
    twin = way(batch)
    for e in range(3):
        assert future(twin, e) == future(batch, e)


def test_a_state_goes_back_into_any_place_of_a_batch(mixed):
    batch = begun(mixed, mixed.episodes)
    for e in range(3):
        future(batch, e, steps=25)
    saved = [batch.save(e) for e in range(3)]
    wanted = [future(batch, e) for e in range(3)]
    other = begun(mixed, mixed.episodes)
    for e in range(3):
        other.restore((e + 1) % 3, saved[e])
    assert [future(other, (e + 1) % 3) for e in range(3)] == wanted


def test_a_state_of_a_layout_without_levels_is_refused(mixed):
    batch = begun(mixed, mixed.episodes[:1])
    for changed in ({"levels": False}, {"events": False}):
        plain = Batch(mixed, replace(LAYOUT, **changed), 1)
        with pytest.raises(ValueError, match="saved with another layout"):
            plain.restore(0, batch.save(0))


def test_vectors_save_and_restore_bytes(mixed):
    options = {"queue_slots": 8, "running_slots": 6, "forecast_hours": 2}
    one, other = (GreenClusterVectorEnv(3, mixed, **options) for _ in range(2))
    assert one.layout == LAYOUT
    _, info = one.reset(seed=0)
    draws = np.random.default_rng(0)

    def step(env, actions):
        return [each.tobytes() for each in env.step(actions)[:3]]

    for _ in range(30):
        _, _, _, _, info = one.step([draws.choice(np.flatnonzero(mask)) for mask in info["action_mask"]])
    other.reset(seed=1)
    other.restore(one.save())
    for _ in range(60):
        actions = [draws.choice(np.flatnonzero(mask)) for mask in one.action_masks()]
        assert step(one, actions) == step(other, actions)
