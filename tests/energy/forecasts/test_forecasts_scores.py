"""Scores against closed forms, so that reported skill means what it says."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from energy.forecasts import PerfectForecast
from energy.forecasts.fitting.forecast_scores import (
    coverage,
    crps_ensemble,
    crps_quantiles,
    fan,
    reliability,
    sample_crps,
    skill,
)
from traces.errors import InputError

NORMAL = NormalDist()


def crps_of_normal(mean: float, std: float, actual: float) -> float:
    """Gneiting and Raftery 2007, section 4.2, as a positive score."""
    z = (actual - mean) / std
    return std * (z * (2 * NORMAL.cdf(z) - 1) + 2 * NORMAL.pdf(z) - 1 / math.sqrt(math.pi))


@pytest.mark.parametrize("actual", [-3.0, 2.0, 2.7, 9.0])
def test_crps_meets_the_closed_form_of_a_normal_forecast(actual):
    levels = [(k + 0.5) / 2000 for k in range(2000)]
    values = np.array([NormalDist(2.0, 1.5).inv_cdf(p) for p in levels])
    expected = crps_of_normal(2.0, 1.5, actual)
    assert crps_quantiles(levels, values, np.float64(actual)) == pytest.approx(expected, rel=2e-3)
    assert crps_ensemble(values, np.float64(actual)) == pytest.approx(expected, rel=2e-3)


def test_crps_of_a_point_is_the_absolute_error():
    assert crps_ensemble(np.array([3.0]), np.float64(5.0)) == 2.0
    assert crps_quantiles([0.5], np.array([3.0]), np.float64(5.0)) == 2.0


def test_crps_ensemble_by_hand():
    # members 0, 2, outcome 1: mean |x - y| = 1, half the mean |x - x'| = (0 + 2 + 2 + 0) / 4 / 2 = 0.5
    assert crps_ensemble(np.array([2.0, 0.0]), np.float64(1.0)) == 0.5
    assert sample_crps(np.array([2.0, 0.0])) == 0.5


def test_coverage_counts_bounds_and_leaves_gaps_out():
    low, high = np.array([0.0, 0.0, 0.0, np.nan]), np.array([1.0, 1.0, 1.0, 1.0])
    assert coverage(low, high, np.array([1.0, 2.0, np.nan, 0.5])) == 0.5
    assert math.isnan(coverage(low, high, np.full(4, np.nan)))


def test_skill_is_one_for_perfect_and_negative_for_worse():
    assert skill(0.0, 2.0) == 1.0 and skill(2.0, 2.0) == 0.0 and skill(3.0, 2.0) == -0.5
    assert math.isnan(skill(1.0, 0.0))


def test_reliability_of_a_true_forecast_is_the_diagonal():
    levels = (0.1, 0.5, 0.9)
    actual = np.random.default_rng(0).standard_normal((200, 100))
    values = np.broadcast_to([NORMAL.inv_cdf(p) for p in levels], (*actual.shape, 3))
    np.testing.assert_allclose(reliability(levels, values, actual)[:, 1], levels, atol=0.01)
    # a forecast that is too sure shows at once
    assert reliability(levels, values / 2, actual)[0, 1] > 0.2


def test_quantiles_on_another_axis_are_refused():
    with pytest.raises(InputError, match="last axis"):
        reliability((0.1, 0.9), np.zeros((2, 5)), np.zeros(5))


def test_fan_has_the_truth_up_to_the_end_of_the_series():
    actual = np.arange(6.0)
    drawn = fan(PerfectForecast(actual, 4), actual, 4)
    np.testing.assert_array_equal(drawn["targets"], [4, 5, 6, 7])
    np.testing.assert_array_equal(drawn["actual"], [4, 5, np.nan, np.nan])
    np.testing.assert_array_equal(drawn["values"][1], drawn["actual"])
