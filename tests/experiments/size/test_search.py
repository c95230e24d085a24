"""The search without a simulator: spread, seeds, refinement near the front, and stopping in between."""

import sys

import numpy as np
import pytest

from experiments.size.search_plants import REFINED, SAMPLE, Scores, search
from experiments.size.search_space import Candidate, Scale, SearchSpace, designed_sample
from experiments.size.size_file import SearchTable
from traces.errors import InputError

pytest.importorskip("optuna", reason="the extra size is not installed")


def space(schedulers=("easy",)):
    scales = (
        Scale("solar_kw", 0, 10, 20),
        Scale("wind_kw", 2, 6, 8),
        Scale("battery_kwh", 0, 4, 10, per_unit=2.5),
        Scale("battery_kw", 1, 1, 0),
        Scale("grid_kw", 3, 3, 0),
    )
    return SearchSpace(scales, schedulers, None)


def bowl(space):
    """Cost grows with capacity, carbon and delay fall with it; little sun serves too few."""
    calls = []

    def evaluate(candidates, batch):
        calls.append((batch, list(candidates)))
        scores = []
        for candidate in candidates:
            plant = space.plant(candidate)
            capacity = plant.solar_kw + 2 * plant.wind_kw + 0.5 * plant.battery_kwh
            carbon = (plant.solar_kw - 8) ** 2 + (plant.wind_kw - 4) ** 2
            late = np.exp(-plant.battery_kwh / 3) + (candidate.scheduler == "fcfs")
            scores.append(Scores((capacity, carbon, late), 2 - plant.solar_kw))
        return scores

    return evaluate, calls


def test_a_scale_has_its_ends_and_equal_steps():
    scale = Scale("battery_kwh", 1, 2, 3, per_unit=3.6)
    assert [scale.value(step) / 3.6 for step in range(4)] == pytest.approx([1, 1.33333, 1.66667, 2], abs=1e-9)
    assert Scale("grid_kw", 7, 7, 0).value(0) == 7


def test_the_sample_begins_with_the_largest_plant_and_covers_every_range():
    sample = designed_sample(space(("easy", "fcfs")), 64, seed=3)
    assert len(sample) == 64 and sample[0] == Candidate((20, 8, 10, 0, 0), "easy")
    steps = np.array([candidate.steps for candidate in sample])
    for column, most in ((0, 20), (1, 8), (2, 10)):
        assert set(np.histogram(steps[:, column], bins=4, range=(0, most))[0] >= 8) == {True}
    assert not steps[:, 3:].any()
    assert {candidate.scheduler for candidate in sample} == {"easy", "fcfs"}
    assert sample == designed_sample(space(("easy", "fcfs")), 64, seed=3)
    assert sample != designed_sample(space(("easy", "fcfs")), 64, seed=4)


def test_the_same_seed_gives_the_same_trials_and_another_others():
    table = SearchTable(trials=60, sample=20, batch=8, seed=5)
    first, second = (search(space(), table, bowl(space())[0]) for _ in range(2))
    assert first == second and len(first) == 60
    assert [origin for _, origin in first] == [SAMPLE] * 20 + [REFINED] * 40
    other = search(space(), table.model_copy(update={"seed": 6}), bowl(space())[0])
    assert other[:20] != first[:20] and other[20:] != first[20:]


def test_refined_plants_are_nearer_to_the_front_than_the_sample():
    here = space(("easy", "fcfs"))
    trials = search(here, SearchTable(trials=160, sample=40, batch=12), bowl(here)[0])

    def share(origin, good):
        return np.mean([good(candidate) for candidate, each in trials if each == origin])

    def serves(candidate):
        return here.plant(candidate).solar_kw >= 2

    def is_easy(candidate):
        return candidate.scheduler == "easy"

    assert share(REFINED, serves) > share(SAMPLE, serves)
    assert share(REFINED, is_easy) > share(SAMPLE, is_easy) + 0.1


def test_batches_are_as_large_as_the_file_says_and_end_with_the_trials():
    evaluate, calls = bowl(space())
    search(space(), SearchTable(trials=50, sample=20, batch=12), evaluate)
    assert [len(candidates) for _, candidates in calls] == [20, 12, 12, 6]
    assert calls[1][0] == "batch 1 of 3 near the front"


def test_a_longer_search_begins_with_the_trials_of_the_shorter_one():
    """So that more trials in the file go on, and what was simulated is used."""
    short = search(space(), SearchTable(trials=44, sample=20, batch=8), bowl(space())[0])
    long = search(space(), SearchTable(trials=60, sample=20, batch=8), bowl(space())[0])
    assert long[: len(short)] == short


def test_nothing_to_choose_is_one_plant_a_scheduler():
    fixed = SearchSpace(tuple(Scale(name, 1, 1, 0) for name in "abcde"), ("easy", "fcfs"), None)
    asked = []

    def evaluate(candidates, batch):
        asked.extend(candidates)
        return [Scores((1, 1, 1), 0)] * len(candidates)

    trials = search(fixed, SearchTable(trials=50), evaluate)
    assert [candidate.scheduler for candidate, _ in trials] == ["easy", "fcfs"] and len(asked) == 2


def test_without_optuna_the_extra_is_named_before_anything_is_simulated(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    evaluate, calls = bowl(space())
    with pytest.raises(InputError, match=r"rare-datacenter\[size\]"):
        search(space(), SearchTable(trials=8, sample=4, batch=4), evaluate)
    assert calls == []
    assert len(search(space(), SearchTable(trials=4, sample=4), evaluate)) == 4
