"""What every forecaster promises: purity, honesty about the future, order of quantiles, bounds."""

import numpy as np
import pytest

from energy.forecasts import QUANTITIES, Climate, Climatology, DayAhead, Persistence
from tests.energy.forecasts.forecast_series import (
    CAPACITY,
    HOURS,
    MAKERS,
    SERIES,
    STEPS,
    TRAIN,
    synthetic,
    wind,
)
from traces.errors import InputError


@pytest.fixture(params=MAKERS)
def maker(request):
    return MAKERS[request.param]


class TestContract:
    def test_same_arguments_give_the_same_forecast_in_any_order(self, maker):
        one, other = maker(SERIES["wind"]), maker(SERIES["wind"])
        issues = [900, 30, 500]
        backwards = {i: other.at(i) for i in reversed(issues)}
        for issue in issues:
            np.testing.assert_array_equal(one.at(issue), backwards[issue])

    def test_a_row_of_a_table_is_the_forecast_of_its_issue(self, maker):
        forecaster = maker(SERIES["wind"])
        table = forecaster.table(40, 140)
        assert table.shape == (100, 3, STEPS)
        np.testing.assert_array_equal(table[17], forecaster.at(57))
        np.testing.assert_array_equal(table[20:30], forecaster.table(60, 70))

    def test_quantiles_do_not_cross_and_stay_within_bounds(self, maker):
        table = maker(SERIES["wind"]).table(24, HOURS - STEPS)
        assert (np.diff(table, axis=1) >= 0).all()
        assert table.min() >= 0 and table.max() <= CAPACITY

    def test_targets_past_the_end_are_nan_and_no_others(self, maker):
        values = maker(SERIES["wind"]).at(HOURS - 5)
        assert np.isfinite(values[:, :5]).all() and np.isnan(values[:, 5:]).all()

    def test_paths_agree_with_the_quantiles(self, maker):
        forecaster = maker(SERIES["wind"])
        paths = forecaster.sample(100, 4000, seed=3)
        assert paths.shape == (4000, STEPS)
        quantiles = forecaster.at(100)[None]
        if forecaster.name == "perfect":
            assert (paths[:, None, :] == quantiles).all()
            return
        # Bounds hold part of the probability, so a quantile there has less below it and more up to it.
        below, up_to = ((op(paths[:, None, :], quantiles)).mean(axis=0) for op in (np.less, np.less_equal))
        levels = np.array([0.1, 0.5, 0.9])[:, None]
        assert (below <= levels + 0.03).all() and (up_to >= levels - 0.03).all()

    def test_paths_depend_on_seed_and_number_only(self, maker):
        forecaster = maker(SERIES["wind"])
        few, many = forecaster.sample(100, 3, seed=3), forecaster.sample(100, 9, seed=3)
        np.testing.assert_array_equal(few, many[:3])
        if forecaster.name != "perfect":
            assert not np.array_equal(few, forecaster.sample(100, 3, seed=4))

    def test_nothing_beyond_the_horizon_is_read(self, maker):
        issue = 21 * 24 - STEPS - 3  # in a stretch that does not train, and so is what follows
        changed = SERIES["wind"].copy()
        free = ~TRAIN & (np.arange(HOURS) >= issue + STEPS)
        changed[free] = CAPACITY - changed[free]
        before, after = maker(SERIES["wind"]), maker(changed)
        np.testing.assert_array_equal(before.table(30, issue + 1), after.table(30, issue + 1))
        np.testing.assert_array_equal(before.sample(issue, 5, 1), after.sample(issue, 5, 1))

    @pytest.mark.parametrize("issues", [(-1, 3), (5, 5), (7, 6), (0, HOURS + 1)])
    def test_issues_outside_the_series_are_refused(self, maker, issues):
        with pytest.raises(InputError, match="outside the series"):
            maker(SERIES["wind"]).table(*issues)


@pytest.mark.parametrize("name", ["persistence", "daily", "climatology", "day-ahead"])
def test_honest_forecasters_know_nothing_from_the_issue_on(name):
    issue = 15 * 24
    changed = SERIES["wind"].copy()
    free = ~TRAIN & (np.arange(HOURS) >= issue)
    changed[free] = CAPACITY - changed[free]
    before, after = MAKERS[name](SERIES["wind"]), MAKERS[name](changed)
    np.testing.assert_array_equal(before.table(30, issue + 1), after.table(30, issue + 1))


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_synthetic_is_blind_beyond_the_horizon_whatever_the_scale(quantity):
    actual, issue = SERIES[quantity], 1000
    climate = Climate.fit(actual, train=TRAIN, quantity=quantity)
    changed = actual.copy()
    changed[issue + STEPS :] = changed[issue + STEPS :][::-1]  # training steps too: the climate is frozen
    before, after = (synthetic(quantity, series, climate=climate) for series in (actual, changed))
    np.testing.assert_array_equal(before.table(900, issue + 1), after.table(900, issue + 1))
    # and the last target within the horizon is read, so the test can fail
    changed[issue + STEPS - 1 :] = actual.max() / 7
    at_the_horizon = synthetic(quantity, changed, climate=climate).at(issue)[:, -1]
    night = quantity == "solar" and actual[issue + STEPS - 1] == 0
    assert night or not np.array_equal(before.at(issue)[:, -1], at_the_horizon)


class TestPersistence:
    def test_repeats_the_last_whole_step(self):
        forecaster = Persistence([1.0, 5.0, 9.0, 2.0], 2, quantity="wind")
        np.testing.assert_array_equal(forecaster.at(2)[1], [5.0, 5.0])
        assert np.isnan(forecaster.at(0)).all()

    def test_daily_repeats_the_last_day_and_never_the_day_it_is_in(self):
        forecaster = Persistence(np.arange(96.0), 30, quantity="solar", daily=True)
        expected = [*range(26, 50), *range(26, 32)]  # issue 50: targets 50 to 79, known up to 49
        np.testing.assert_array_equal(forecaster.at(50)[1], expected)


class TestDayAhead:
    def test_before_the_issue_hour_tomorrow_is_climatology(self):
        forecaster = MAKERS["day-ahead"](SERIES["wind"])
        usual = MAKERS["climatology"](SERIES["wind"])
        day = 20 * 24
        morning, noon = forecaster.at(day + 11), forecaster.at(day + 12)
        np.testing.assert_allclose(morning[:, 13:], usual.at(day + 11)[:, 13:])
        assert not np.isclose(noon[:, 12:], usual.at(day + 12)[:, 12:]).all()
        # today's part is the same issue, seen an hour later
        np.testing.assert_array_equal(morning[:, 1:13], noon[:, :12])

    def test_a_useless_product_is_not_trusted(self):
        noise = wind(77)
        forecaster = DayAhead(SERIES["wind"], noise, STEPS, quantity="wind", train=TRAIN)
        assert forecaster.rho < 0.2


class TestClimatology:
    def test_each_season_and_hour_has_its_own(self):
        hour = np.arange(8760)
        actual = 50 + 40 * np.cos(2 * np.pi * hour / 8766) + 5 * (hour % 24 == 18)
        climate = Climate.fit(actual, train=np.ones(8760, bool), quantity="price")
        forecaster = Climatology(8760, 24, climate=climate)
        for day in (15, 105, 196, 288):
            median = forecaster.at(day * 24)[1]
            np.testing.assert_allclose(median, actual[day * 24 : day * 24 + 24], atol=6)
            assert median[18] - median[17] == pytest.approx(5, abs=0.5)


def test_a_series_shorter_than_the_horizon_is_forecast_to_its_end():
    actual, train = SERIES["wind"][:30], np.ones(30, bool)
    climate = Climate.fit(actual, train=train, quantity="wind")
    for forecaster in (
        Persistence(actual, 72, quantity="wind", train=train),
        Persistence(actual, 72, quantity="wind", train=train, daily=True),
        Climatology(30, 72, climate=climate),
        DayAhead(actual, actual, 72, quantity="wind", train=train),
        synthetic(actual=actual, steps=72, train=train),
    ):
        values = forecaster.at(26)
        assert np.isfinite(values[:, :4]).all() and np.isnan(values[:, 4:]).all()
