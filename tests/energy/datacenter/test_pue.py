"""PUE by temperature: the published figures, the lines between them, and what is no PUE."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.datacenter.pue import OUTSIDE_AIR, PueCurve, check_pue, constant_pue, pue_series
from traces.errors import InputError
from traces.series.rate_series import RateSeries

JAN = datetime(2022, 1, 1, tzinfo=UTC)


def published(temp_c):
    """The fit of Xu, Feng and Li (ICAC 2013)."""
    return 7.1705e-5 * temp_c**2 + 0.0041 * temp_c + 1.0743


def test_the_published_ends():
    # The maker's 1.05 at -3.9 degC and 1.30 at 35 degC; the paper's fit is within 0.01 of both.
    low, high = OUTSIDE_AIR.per_mille(np.array([-3.9, 35.0]))
    assert abs(low - 1050) <= 10 and abs(high - 1300) <= 10


def test_the_lines_stay_on_the_published_fit():
    temps = np.linspace(-3.9, 35, 1000)
    assert np.abs(OUTSIDE_AIR.per_mille(temps) - 1000 * published(temps)).max() <= 1.0


def test_by_hand():
    # Half way between 1.1 at 10 degC and 1.2 at 20 degC is 1.15; beyond the points the ends hold.
    curve = PueCurve((10, 20), (1.1, 1.2))
    series = pue_series([15.0, 15.0, -40.0, 45.0], JAN, 3600, curve)
    assert (series.value_u.tolist(), series.change_s.tolist()) == ([1150, 1100, 1200], [0, 7200, 10800])
    assert (series.end_s, series.unit, series.start_utc) == (4 * 3600, "1", JAN)


def test_constant():
    assert constant_pue(1.25, 100, JAN) == RateSeries.constant(1250, 100, "1", JAN)


def test_an_overhead_is_added():
    assert OUTSIDE_AIR.plus(0.06).per_mille(np.array([10.0])) - OUTSIDE_AIR.per_mille(np.array([10.0])) == 60


@given(st.lists(st.floats(-80, 55), min_size=1, max_size=30))
def test_always_a_pue_and_never_lower_when_warmer(temps):
    series = check_pue(pue_series(sorted(temps), JAN, 60))
    assert (np.diff(series.value_u) > 0).all()


@pytest.mark.parametrize(
    ("temps", "message"),
    [
        ([], "at least one"),
        ([[1.0]], "flat list"),
        ([1.0, np.nan], "nan in step 1 is missing"),
        ([283.15], "not in degrees Celsius"),
        (["warm"], "must be numbers"),
    ],
)
def test_temperatures_that_are_none(temps, message):
    with pytest.raises(InputError, match=message):
        pue_series(temps, JAN, 3600)


@pytest.mark.parametrize("step_s", [0, -1, 0.5, True])
def test_a_step_that_is_none(step_s):
    with pytest.raises(InputError, match="step_s"):
        pue_series([1.0], JAN, step_s)


@pytest.mark.parametrize(
    ("temps", "pue", "message"),
    [
        ((), (), "give one each"),
        ((1, 2), (1.1,), "give one each"),
        ((2, 1), (1.1, 1.2), "sort them"),
        ((1, 1), (1.1, 1.2), "sort them"),
        ((1,), (0.9,), "0.9 is no PUE"),
        ((1,), (1250,), "1250 is no PUE"),
        ((1,), (float("nan"),), "no PUE"),
    ],
)
def test_curves_that_are_none(temps, pue, message):
    with pytest.raises(InputError, match=message):
        PueCurve(temps, pue)


def test_a_series_that_is_no_pue():
    with pytest.raises(InputError, match="declare unit='1'"):
        check_pue(RateSeries.constant(1250, 10, "kg/kWh", JAN))
    with pytest.raises(InputError, match=r"PUE 0\.9 at 0 s"):
        check_pue(RateSeries.constant(900, 10, "1", JAN))
