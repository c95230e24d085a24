"""Training grounds: drawn once by their number, under training weather alone, with rewards by job."""

from __future__ import annotations

import numpy as np
import pytest

from energy.weather import read_weather
from experiments.training.recipes.grounds.drawn_grounds import (
    MOST_JOBS,
    USUAL_JOBS,
    by_job,
    drawn_ground,
    stakes,
)
from experiments.training.recipes.grounds.training_episodes import (
    GroundsPlan,
    side_by_side,
    training_episodes,
)
from experiments.training.recipes.grounds.training_weather import SITES, training_days, write_training_year
from rare.scenario.load import SHIPPED
from rare.scenario.scenario_episodes import episodes_of
from rare.scenario.windows import read_windows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("grounds")
    for site in SITES:
        write_training_year(site, made)
    return made


@pytest.mark.parametrize("site", SITES)
def test_every_day_of_a_training_year_is_a_training_day(site, folder):
    windows = [each for each in read_windows(SHIPPED / f"windows-{site}.csv") if each.site is None]
    of_split = {
        split: {
            day
            for each in windows
            if each.split == split
            for day in range(each.first_day, each.first_day + each.days)
        }
        for split in ("train", "validation", "test")
    }
    days = training_days(site)
    assert len(days) == 365 and set(days) <= of_split["train"]
    assert all(days[day] == day for day in of_split["train"])
    own = read_weather(f"site:{site}").ghi_w_m2.reshape(365, 24)
    made = read_weather(next(folder.glob(f"{site}-training.*"))).ghi_w_m2.reshape(365, 24)
    assert np.array_equal(made, own[days])


def test_a_ground_is_a_function_of_its_number(folder):
    one, again, other = (drawn_ground(folder, 1, number, "train") for number in (3, 3, 4))
    assert one.episodes == again.episodes and one.case.cluster == again.case.cluster
    assert one.case.options == again.case.options
    assert one.case.cluster != other.case.cluster
    assert all(each.placed_jobs <= 2 * MOST_JOBS and each.split == "train" for each in one.episodes)


def test_rewards_are_by_job_and_stake():
    episodes = episodes_of("islanded-served")
    stake = stakes(episodes.case)
    assert (
        stake == pytest.approx(1 + (50 + 10) / 23 + 0.25, abs=1.5)
        and stakes(episodes_of("islanded").case) == 1
    )
    window = episodes.episodes[0]
    assert by_job(window, 2.0).offered_u == round(2 * window.offered_u * USUAL_JOBS / window.placed_jobs)


def test_all_windows_lie_side_by_side(tmp_path):
    plan = GroundsPlan(scenarios=("tiny",), varied=("tiny",), new_jobs=1, priced=1, grounds=1, judged=1)
    found = training_episodes(tmp_path, plan)
    assert len({each.name for each in found.episodes}) == len(found.episodes)
    assert {each.case_index for each in found.episodes} <= set(range(len(found.cases)))
    assert {each.split for each in found.episodes} == {"train", "validation"}
    one = episodes_of("tiny")
    joined = side_by_side([one, one])
    assert [each.case_index for each in joined.episodes] == [0] * len(one.episodes) + [1] * len(one.episodes)
