"""Grid events come at hours, on days or as often as nobody asked for."""

import dataclasses

import numpy as np
import pytest

from energy.grid.random_grid_events import DAY_S, HOUR_S, EventTerms, random_events

TERMS = EventTerms(per_year=100, hours=(16, 21), duration_h=(1, 5), depth=(0.1, 0.3), seed=2)
FIRST_S = 17_897 * DAY_S  # 2019-01-01
YEARS = 20 * 365 * DAY_S


def year(terms=TERMS, first_s=FIRST_S, span_s=YEARS):
    return random_events(terms, first_s, first_s + span_s - 1)


def test_as_many_as_asked_for_within_the_hours():
    events = year()
    assert len(events.start_s) / 20 == pytest.approx(100, rel=0.06)
    into_s = events.start_s % DAY_S
    assert (into_s >= 16 * HOUR_S).all() and (into_s + events.duration_s <= 21 * HOUR_S).all()
    assert (events.start_s % 60 == 0).all() and (events.duration_s % 60 == 0).all()
    assert events.duration_s.min() >= HOUR_S and events.duration_s.mean() == pytest.approx(
        3 * HOUR_S, rel=0.05
    )
    assert (events.depth_per_mille >= 100).all() and (events.depth_per_mille <= 300).all()
    assert len(np.unique(events.start_s // DAY_S)) == len(events.start_s)


def test_months_and_weekdays_keep_the_number_of_a_year():
    events = year(dataclasses.replace(TERMS, months=(5, 6, 7, 8, 9, 10), weekdays=True))
    days = events.start_s // DAY_S
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    assert set(months.tolist()) <= {5, 6, 7, 8, 9, 10}
    assert set(((days + 3) % 7).tolist()) == {0, 1, 2, 3, 4}
    assert len(days) / 20 == pytest.approx(100, rel=0.06)


def test_a_longer_run_keeps_the_earlier_events_and_a_later_one_the_later():
    whole, half = year(), year(span_s=YEARS // 2)
    known = len(half.start_s)
    assert np.array_equal(whole.start_s[:known], half.start_s)
    late = year(first_s=FIRST_S + 100 * DAY_S, span_s=200 * DAY_S)
    same = (whole.start_s >= FIRST_S + 100 * DAY_S) & (whole.start_s < FIRST_S + 300 * DAY_S)
    assert np.array_equal(whole.start_s[same], late.start_s)


def test_the_seed_changes_the_days():
    assert not np.array_equal(year().start_s, year(dataclasses.replace(TERMS, seed=3)).start_s)


def test_more_than_one_a_day_is_told():
    assert dataclasses.replace(TERMS, per_year=100, months=(1,)).daily_chance > 1
    assert TERMS.daily_chance == pytest.approx(100 / 365.25)


def test_each_day_by_itself_has_the_events_of_the_whole():
    """The day of the last second is in it, whether the second is its first or its last."""
    whole = year(span_s=60 * DAY_S)
    for length_s in (1, DAY_S):
        days = [year(first_s=FIRST_S + day * DAY_S, span_s=length_s).start_s for day in range(60)]
        assert np.array_equal(np.concatenate(days), whole.start_s)
