"""The synthetic grid has the shape that its docstring promises, on the local clock, whatever its mean."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from energy.grid.synthetic_grid import HOURS, duck_carbon, duck_price

ZONE = "America/Phoenix"  # no summer time: an hour of the day is the same hour of UTC all year
START = datetime(2022, 1, 1, 7, tzinfo=UTC)  # midnight there


def hourly(series, zone=ZONE):
    """Values as shares of their mean, by the local time at which they begin."""
    assert np.array_equal(series.change_s, 3600 * np.arange(HOURS)) and series.end_s == 52 * 7 * 86400
    index = pd.date_range(series.start_utc, periods=HOURS, freq="h").tz_convert(zone)
    return pd.Series(series.value_u / series.value_u.mean(), index)


@pytest.fixture(scope="module")
def price():
    return hourly(duck_price(0.08, START, ZONE, "USD"))


@pytest.fixture(scope="module")
def carbon():
    return hourly(duck_carbon(0.4, START, ZONE))


def test_the_mean_and_the_unit_are_those_asked_for():
    price, carbon = duck_price(0.08, START, ZONE, "EUR"), duck_carbon(0.4, START, ZONE)
    assert (price.unit, carbon.unit) == ("EUR/kWh", "kg/kWh")
    assert price.value_u.mean() == pytest.approx(80_000, abs=1)
    assert carbon.value_u.mean() == pytest.approx(400_000, abs=1)


def test_dear_and_dirty_in_the_evening_cheap_and_clean_at_noon(price, carbon):
    for values, top, bottom in ((price, (1.7, 2.0), (0.5, 0.7)), (carbon, (1.2, 1.35), (0.55, 0.7))):
        day = values.groupby(values.index.hour).mean()
        assert day.idxmax() in (18, 19) and day.idxmin() in (12, 13)
        assert top[0] < day.max() < top[1] and bottom[0] < day.min() < bottom[1]


def test_no_hour_jumps_from_the_next(price, carbon):
    for values, step in ((price, 0.45), (carbon, 0.23)):
        day = values.groupby(values.index.hour).mean().to_numpy()
        assert np.abs(np.diff(day, append=day[0])).max() < step


def test_weekends_are_cheaper_and_cleaner_by_the_share_that_is_assumed(price, carbon):
    for values, saved in ((price, 0.15), (carbon, 0.06)):
        days = values.groupby(values.index.day_of_week).mean()
        assert days[:5].mean() - days[5:].mean() == pytest.approx(saved, abs=0.08)
        # Friday and Monday are working days: nearer to Wednesday than to Sunday.
    days = price.groupby(price.index.day_of_week).mean()
    assert min(days[0], days[4]) > max(days[5], days[6])


def test_dearer_in_winter_and_summer_than_between(price, carbon):
    for values, swing in ((price, 0.18), (carbon, 0.08)):
        month = values.groupby(values.index.month).mean()
        between = month[[4, 10]].mean()
        for season in ([1], [7]):
            assert month[season].mean() - between == pytest.approx(2 * swing, abs=1.2 * swing)


def test_weather_lasts_for_days_and_is_not_the_same_for_price_and_carbon(price, carbon):
    rest = []
    for values in (price, carbon):
        groups = [values.index.hour, values.index.day_of_week >= 5]
        left = values - values.groupby(groups).transform("mean")
        left -= left.rolling(24 * 28, center=True, min_periods=1).mean()
        rest.append(left)
        assert left.autocorr(24) > 0.25 and abs(left.autocorr(24 * 10)) < 0.25
        assert left.autocorr(1) > 0.9
    assert abs(rest[0].corr(rest[1])) < 0.3
    assert rest[0].std() == pytest.approx(0.3, abs=0.1) and rest[1].std() == pytest.approx(0.15, abs=0.06)


def test_some_prices_are_negative_and_no_carbon_is(price, carbon):
    assert 0.001 < (price < 0).mean() < 0.1
    assert 0.15 < carbon.min() < 0.3


def test_the_day_follows_the_local_clock():
    there, here = duck_price(0.1, START, ZONE, "USD"), duck_price(0.1, START, "UTC", "USD")
    for series, evening_utc in ((there, 18 + 7 - 24), (here, 18)):
        values = hourly(series, "UTC")
        assert values.groupby(values.index.hour).mean().idxmax() == evening_utc
