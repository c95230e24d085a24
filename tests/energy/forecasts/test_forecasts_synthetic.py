"""The synthetic forecaster: calibrated, growing with the lead, autocorrelated, within bounds, fast."""

import time

import numpy as np
import pytest

from energy.forecasts import Climate, Synthetic, shipped_fit
from energy.hash_noise import normals
from tests.energy.forecasts.forecast_series import HOURS, SERIES, STEPS, TRAIN, red_noise, synthetic, wind


class TestSynthetic:
    def test_seed_and_site_change_the_errors(self):
        first = synthetic().at(50)
        for other in ({"seed": 8}, {"site": "there"}):
            assert not np.array_equal(first, synthetic(**other).at(50))

    def test_errors_grow_with_the_lead_and_the_band_widens(self):
        forecaster = synthetic(steps=48, quantiles=(0.1, 0.5, 0.9))
        table = forecaster.table(0, HOURS - 48)
        targets = np.arange(HOURS - 48)[:, None] + np.arange(48)
        error = np.abs(table[:, 1] - SERIES["wind"][targets]).mean(axis=0)
        width = (table[:, 2] - table[:, 0]).mean(axis=0)
        for lead in (0, 2, 5, 11, 23):
            assert error[lead] < error[2 * lead + 1] and width[lead] < width[2 * lead + 1]
        assert (np.diff(forecaster.rho) <= 0).all()

    def test_forecasts_of_a_target_improve_as_a_martingale(self):
        forecaster = synthetic()
        mean, _ = forecaster.predicted_scores(np.arange(HOURS - STEPS))
        # a revision must not be foreseeable from the forecast it revises
        for lead in (3, 8, 20):
            older, newer = mean[:-1, lead], mean[1:, lead - 1]
            slope = np.cov(newer, older)[0, 1] / older.var()
            assert abs(slope - 1) < 0.1

    def test_errors_are_autocorrelated_along_targets_and_between_issues(self):
        forecaster = synthetic()
        noise = forecaster._noise(0, 1500)[:, 12:]
        along = np.corrcoef(noise[:, 3], noise[:, 4])[0, 1]
        between = np.corrcoef(noise[:-1, 5], noise[1:, 4])[0, 1]  # the same target, an hour later
        assert 0.65 < along < 0.9
        assert between > 0.9

    def test_a_horizon_only_cuts(self):
        np.testing.assert_array_equal(synthetic(steps=6).at(80), synthetic(steps=STEPS).at(80)[:, :6])

    def test_errors_belong_to_instants_not_to_row_numbers(self):
        actual = SERIES["wind"]
        climate = Climate.fit(actual, train=TRAIN, quantity="wind")
        later = Climate("wind", 3600, 100 * 3600, climate.table, None, climate.link, climate.persisting)
        whole, cut = synthetic(climate=climate), synthetic(actual=actual[100:], climate=later)
        np.testing.assert_array_equal(whole.at(150), cut.at(50))

    def test_nights_are_exactly_zero_and_days_are_not(self):
        table = synthetic("solar").table(0, HOURS - STEPS)
        dark = SERIES["solar"][np.arange(HOURS - STEPS)[:, None] + np.arange(STEPS)] == 0
        assert (table.transpose(0, 2, 1)[dark] == 0).all()
        assert (table[:, 1][~dark] > 0).mean() > 0.99

    def test_supply_is_zero_at_hours_that_were_always_dark(self):
        forecast = synthetic("supply", SERIES["solar"]).table(24, 48)
        hours = (np.arange(24, 48)[:, None] + np.arange(STEPS)) % 24
        assert (forecast.transpose(0, 2, 1)[(hours < 6) | (hours > 18)] == 0).all()

    def test_prices_may_be_negative_and_carbon_not(self):
        assert np.nanmin(synthetic("price").table(0, HOURS)) < 0
        assert np.nanmin(synthetic("carbon").table(0, HOURS)) >= 0

    def test_paths_are_as_rough_as_what_is_really_unknown(self):
        # what is unknown, outcome less belief on normal scores, against its own samples
        forecaster = synthetic()
        mean, spread = forecaster.predicted_scores(np.arange(HOURS - STEPS))
        targets = np.arange(HOURS - STEPS)[:, None] + np.arange(STEPS)
        unknown = (forecaster._scores[targets] - mean) / spread
        for lead in (2, 6, 12, 20):
            real = np.corrcoef(unknown[:, lead - 1], unknown[:, lead])[0, 1]
            assert abs(forecaster._path_link(0)[lead] - real) < 0.08

    def test_no_worse_than_persistence_where_a_series_is_smooth(self):
        smooth = 50 + 10 * np.sin(np.arange(HOURS) / 300) + red_noise(6, link=0.99)
        forecaster = synthetic("carbon", smooth)
        assert forecaster.rho[0] > shipped_fit("carbon").rho[0] + 0.05

    def test_a_year_of_two_days_ahead_takes_less_than_a_second(self):
        actual = wind(11, 8760)
        forecaster = synthetic(actual=actual, train=np.ones(8760, bool), steps=48)
        started = time.process_time()
        assert forecaster.table(0, 8760).shape == (8760, 3, 48)
        assert time.process_time() - started < 1.0


def hit_rate(quantity: str, actual: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Coverage of the 10 to 90 % band by lead on steps that do not train."""
    inside = []
    for seed in range(3):
        forecaster = Synthetic(actual, 24, quantity=quantity, seed=seed, site="x", train=train)
        table = forecaster.table(0, len(actual) - 24)
        targets = np.arange(len(table))[:, None] + np.arange(24)
        hit = (table[:, 0] <= actual[targets]) & (actual[targets] <= table[:, 2])
        inside.append(np.where(train[targets], np.nan, hit))
    return np.nanmean(inside, axis=(0, 1))


@pytest.mark.parametrize("quantity", ["wind", "price"])
def test_band_holds_what_it_says_on_steps_it_did_not_see(quantity):
    length = 3 * 8760
    train = np.arange(length) // 168 % 4 < 2
    actual = wind(21, length) if quantity == "wind" else 50 + 40 * red_noise(22, length)
    rates = hit_rate(quantity, actual, train)
    assert np.abs(rates - 0.8).max() < 0.03


def test_still_air_and_curtailed_hours_do_not_break_calibration():
    # a third of all hours at exactly 0: an outcome at the bound must be drawn from all scores it may have
    length = 3 * 8760
    actual = np.maximum(red_noise(31, length) + 0.4, 0.0)
    train = np.arange(length) // 168 % 4 < 2
    forecaster = Synthetic(
        actual, 12, quantity="carbon", seed=1, site="x", train=train, quantiles=(0.5, 0.75, 0.9)
    )
    table = forecaster.table(0, length - 12)
    targets = np.arange(len(table))[:, None] + np.arange(12)
    above = (actual[targets][:, None] > table)[~train[: len(table)]].mean(axis=(0, 2))
    assert above[0] <= 0.52  # a median of 0 has fewer above it
    np.testing.assert_allclose(above[1:], [0.25, 0.1], atol=0.025)


def test_an_outcome_at_a_bound_gets_any_score_it_may_have():
    actual = np.maximum(red_noise(31) + 0.4, 0.0)
    climate = Climate.fit(actual, train=np.ones(HOURS, bool), quantity="carbon")
    scores = climate.scores(actual, key=1)
    assert abs(scores.mean()) < 0.05 and abs(scores.std() - 1) < 0.05
    assert scores[actual == 0].std() > 0.3


def test_climatology_sees_training_steps_only():
    changed = np.where(TRAIN, SERIES["wind"], 50.0)
    one, other = (Climate.fit(series, train=TRAIN, quantity="wind") for series in (SERIES["wind"], changed))
    np.testing.assert_array_equal(one.table.values, other.table.values)
    np.testing.assert_array_equal(one.persisting, other.persisting)
    assert one.link == other.link


def test_counter_based_normals_are_normal_and_unrelated():
    draws = normals(5, np.arange(400)[:, None], np.arange(400))
    assert abs(draws.mean()) < 0.01 and abs(draws.std() - 1) < 0.01
    assert abs(np.corrcoef(draws[:, :-1].ravel(), draws[:, 1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(draws[:-1].ravel(), draws[1:].ravel())[0, 1]) < 0.01
