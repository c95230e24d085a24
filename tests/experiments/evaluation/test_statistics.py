"""Means and intervals over strata, seeds and windows, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.results.statistics import stratified


def test_mean_of_strata_and_interquartile_mean_of_all():
    # two strata of one window and two seeds: means 1.5 and 15; of 1, 2, 10, 20 the middle half is 2 and 10
    found = stratified([np.array([[[1.0], [2.0]]]), np.array([[[10.0], [20.0]]])])
    assert found.mean == pytest.approx((1.5 + 15) / 2)
    assert found.iqm == pytest.approx(6.0)
    assert (found.strata, found.seeds, found.windows) == (2, 2, 2)


def test_a_constant_has_an_interval_of_no_width():
    found = stratified([np.full((2, 3, 4), 0.7)])
    assert (found.low, found.mean, found.high) == pytest.approx((0.7, 0.7, 0.7))
    assert (found.iqm_low, found.iqm_high) == pytest.approx((0.7, 0.7))


def test_seeds_and_windows_both_widen_the_interval():
    """Two seeds at 0 and 1: a resample is 0, 1/2 or 1, at odds 1:2:1, so the interval is all of [0, 1]."""
    by_seed = np.array([[[0.0, 0.0], [1.0, 1.0]]])
    by_window = np.swapaxes(by_seed, 1, 2)
    for group in (by_seed, by_window):
        found = stratified([group])
        assert (found.low, found.mean, found.high) == pytest.approx((0.0, 0.5, 1.0))


def test_strata_of_one_group_are_drawn_alike_and_those_of_two_apart():
    """Opposite strata: drawn alike they cancel out in every resample, drawn apart they do not."""
    values = np.arange(8.0).reshape(1, 1, 8)
    together = stratified([np.concatenate([values, -values])])
    assert (together.low, together.high) == pytest.approx((0.0, 0.0))
    apart = stratified([values, -values])
    assert apart.low < -0.5 and apart.high > 0.5


def test_about_as_wide_as_theory_has_it():
    """One seed, many windows: the interval of a mean is about 1.96 standard errors to both sides."""
    values = np.random.default_rng(1).normal(0.0, 1.0, (1, 1, 400))
    found = stratified([values])
    error = values.std() / 20
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.06)
    wider = stratified([values], level=0.99)
    assert wider.high - wider.low == pytest.approx(2 * 2.576 * error, rel=0.08)


def test_windows_without_a_value_are_left_out_of_all_their_strata():
    group = np.array([[[1.0, np.nan]], [[3.0, 100.0]]])
    found = stratified([group])
    assert (found.mean, found.windows) == (2.0, 1)
    with pytest.raises(ValueError, match="no stratum has a value"):
        stratified([np.full((1, 1, 2), np.nan)])


def test_a_single_number_has_no_interval():
    """Resampling it would give the width 0, which looks like certainty."""
    alone = stratified([np.full((1, 1, 1), 0.25)])
    assert (alone.mean, alone.low, alone.high, alone.iqm_low, alone.iqm_high) == (0.25, *[None] * 4)
    assert alone.interval is None
    beside = stratified([np.full((1, 1, 1), 0.25), np.arange(8.0).reshape(1, 2, 4)])
    assert beside.low is None
    seeds = stratified([np.array([[[0.0], [1.0]]])])  # two seeds have a spread between them
    assert seeds.low == 0 and seeds.high == 1


def test_without_an_interval_nothing_is_decided():
    from experiments.launchpad.claims import verdicts

    for verdict in (verdicts.above(None, None), verdicts.below(None, None, 0.1),
                    verdicts.within(None, None, 0, 1), verdicts.differs(None, None, 0.1)):  # fmt: skip
        assert verdict == verdicts.UNDECIDED
    part = verdicts.part_of("a", stratified([np.full((1, 1, 1), 0.25)]), verdicts.UNDECIDED).as_dict()
    assert part["interval"] is None and part["iqm_interval"] is None
