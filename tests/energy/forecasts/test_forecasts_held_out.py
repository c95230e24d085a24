"""The shipped fits on real data they were not fitted to (skipped where the shared data is absent)."""

import numpy as np
import pytest

from energy.forecasts import shipped_fit
from energy.forecasts.fitting.forecast_fit import fit_all, main
from energy.forecasts.fitting.held_out import carbon_likeness, judge_carbon, judge_wind, wind_likeness


def test_shipped_fits_are_what_the_fit_command_makes(shared):
    for quantity, fit in fit_all(shared).items():
        assert fit == shipped_fit(quantity)


def test_wind_band_covers_80_percent_within_3_points_at_every_lead(shared):
    for plant, judged in judge_wind(shared, shipped_fit("wind")).items():
        assert np.abs(judged.coverage - 0.8).max() < 0.03, plant
        assert judged.over_persistence.min() > -0.02, plant
        assert judged.over_climatology.min() > 0.2, plant


def test_carbon_band_covers_80_percent_within_3_points(shared):
    both = list(judge_carbon(shared, shipped_fit("carbon")).values())
    assert abs(np.mean([judged.overall_coverage for judged in both]) - 0.8) < 0.03
    assert min(judged.over_persistence.min() for judged in both) > 0


def test_synthetic_wind_errors_are_like_real_day_ahead_errors(shared):
    for plant, like in wind_likeness(shared, shipped_fit("wind")):
        assert 0.85 < like.std_ratio < 1.15, plant
        assert 0.85 < like.link_ratio < 1.1, plant
        assert 0.9 < like.synthetic[2] / like.real[2] < 1.1, plant


def test_synthetic_carbon_errors_are_like_real_ones(shared):
    for synthetic, real, persistence in carbon_likeness(shared, shipped_fit("carbon")):
        assert 0.85 < synthetic / real < 1.15
        assert synthetic < persistence


def test_fit_command_says_what_is_missing(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "give the folder that holds data/" in message and message.count("\n") == 1


@pytest.mark.parametrize("quantity", ["wind", "carbon"])
def test_fit_of_a_quantity_says_where_it_comes_from(quantity):
    assert "assumption" in shipped_fit(quantity).source
