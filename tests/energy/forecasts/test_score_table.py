"""Values to normal scores and back: exact on straight rows, extrapolated where a tail is open, calibrated at ties."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from energy.forecasts.score_table import SCORE_END, SCORES, ScoreTable, quantile_row

FAR = np.array([-6.0, -3.3, -3.2, -0.05, 0.0, 1.234, 3.2, 3.3, 6.0])
GROUPS = np.arange(len(FAR)) % 2
#: Group 0 is normal with mean 10 and deviation 2, group 1 with mean -5 and deviation 0.5.
MEAN, DEVIATION = np.array([10.0, -5.0]), np.array([2.0, 0.5])
ROWS = MEAN[:, None] + DEVIATION[:, None] * SCORES


@pytest.mark.parametrize("open_low", [True, False])
@pytest.mark.parametrize("open_high", [True, False])
def test_straight_rows_there_and_back(open_low, open_high):
    table = ScoreTable(ROWS, open_low, open_high)
    scores = np.clip(FAR, -np.inf if open_low else -SCORE_END, np.inf if open_high else SCORE_END)
    assert table.value(GROUPS, FAR) == pytest.approx(MEAN[GROUPS] + DEVIATION[GROUPS] * scores)
    values = MEAN[GROUPS] + DEVIATION[GROUPS] * FAR
    found = table.score(GROUPS, values, np.full(len(FAR), 0.5))
    # The ends of the grid stand for the whole closed tail, so they are exact on an open side alone.
    assert found == pytest.approx(scores, abs=1e-9)


def test_groups_come_in_any_order():
    table = ScoreTable(ROWS, True, True)
    order = np.array([7, 2, 0, 8, 1, 5, 3, 6, 4])
    values = (MEAN[GROUPS] + DEVIATION[GROUPS] * FAR)[order]
    assert table.score(GROUPS[order], values, np.full(9, 0.5)) == pytest.approx(FAR[order], abs=1e-9)


def test_a_flat_end_is_not_extrapolated():
    row = np.minimum(SCORES, 3.0)[None, :]
    table = ScoreTable(row, True, True)
    found = table.score(np.zeros(2, int), np.array([9.0, -9.0]), np.array([0.5, 0.5]))
    assert 3.0 <= found[0] <= SCORE_END and found[1] == pytest.approx(-9.0)


@pytest.mark.parametrize("sign", [1, -1])
def test_ties_get_scores_of_their_range_so_that_all_are_standard_normal(sign):
    # Four hours in ten are calm: all scores below ndtri(0.4) have the value 0.
    row = sign * np.maximum(SCORES[::sign] * sign, ndtri(0.4))[None, :]
    values = np.sort(row, axis=1)
    table = ScoreTable(values, False, False)
    uniform = (np.arange(4000) + 0.5) / 4000
    tied = np.full(4000, sign * ndtri(0.4))
    share = ndtr(sign * table.score(np.zeros(4000, int), tied, uniform))
    # The grid knows the edge to one spacing (0.1): 0.375 to 0.413 of the probability.
    low, high = share.min(), share.max()
    assert low < 0.001 and 0.37 < high < 0.42
    assert np.sort(share) == pytest.approx(low + (high - low) * uniform, abs=0.001)


def test_quantiles_of_a_sample_by_hand():
    # Hazen: the five values stand at 0.1, 0.3, 0.5, 0.7 and 0.9.
    sample = np.array([8.0, 0.0, 2.0, 4.0, 6.0])
    edge = ndtri(0.9)
    closed = quantile_row(sample, False, False)
    assert (
        closed[0] == 0
        and closed[-1] == 8
        and np.interp(ndtri(0.7), SCORES, closed) == pytest.approx(6, abs=0.01)
    )
    low, high = quantile_row(sample, True, False), quantile_row(sample, False, True)
    outer = SCORE_END - edge  # of a slope of 4 / edge from the median to the extreme
    assert low[0] == pytest.approx(-outer * 4 / edge) and low[-1] == 8
    assert high[-1] == pytest.approx(8 + outer * 4 / edge) and high[0] == 0
    inner = np.abs(SCORES) < edge
    assert np.array_equal(low[inner], closed[inner]) and np.array_equal(high[inner], closed[inner])
    assert (np.diff(quantile_row(sample, True, True)) > 0).all()
