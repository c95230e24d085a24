"""Means and intervals over strata, seeds and windows, by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from experiments.results.statistics import Estimate, estimate, interquartile_mean, paired, stratified


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


class TestOverWindows:
    def test_a_large_sample_agrees_with_the_normal_approximation(self):
        sample = np.random.default_rng(1).normal(3.0, 2.0, 900)
        spread = estimate(sample)
        half = 1.96 * sample.std(ddof=0) / np.sqrt(900)
        assert spread.mean == pytest.approx(sample.mean())
        assert spread.high - spread.low == pytest.approx(2 * half, rel=0.05)
        assert spread.low == pytest.approx(sample.mean() - half, abs=0.1 * half)

    def test_the_interval_covers_as_often_as_it_says(self):
        """BCa intervals of 40 draws: some 95 of 100 hold the mean, a little fewer as is known."""
        rng = np.random.default_rng(2)
        held = sum(e.low <= 0 <= e.high for e in (estimate(rng.normal(size=40), seed=s) for s in range(200)))
        assert 180 <= held <= 199

    def test_the_interval_leans_to_the_long_tail(self):
        """Of skewed numbers the percentile interval is too low; BCa moves both ends up."""
        sample = np.random.default_rng(5).exponential(size=13)
        bca, rng = estimate(sample), np.random.default_rng(0)
        plain = np.percentile(rng.choice(sample, (10_000, 13)).mean(axis=1), [2.5, 97.5])
        assert bca.low > plain[0] and bca.high > plain[1]
        assert bca.low < bca.mean < bca.high

    def test_two_numbers_have_an_interval_between_them(self):
        assert (estimate(np.array([0.0, 1.0])).low, estimate(np.array([0.0, 1.0])).high) == (0.0, 1.0)

    def test_numbers_that_differ_by_rounding_alone_give_no_warning_and_no_nan(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for sample in ([0.1 + 0.2, 0.3, 0.3], [0.0, 0.0, 1e-17], [0.0] * 12 + [1.0], [1e-200, 0.0]):
                spread = estimate(np.array(sample))
                assert spread.low <= spread.mean <= spread.high

    def test_a_constant_has_no_spread(self):
        spread = estimate(np.full(7, 0.25))
        assert (spread.mean, spread.iqm, spread.low, spread.high, spread.windows) == (
            0.25,
            0.25,
            0.25,
            0.25,
            7,
        )

    def test_the_interquartile_mean_is_that_of_the_middle_half(self):
        assert interquartile_mean(np.array([-100, 1, 2, 3, 4, 5, 6, 900.0])) == 3.5  # 2, 3, 4, 5

    def test_windows_without_a_value_are_left_out(self):
        assert estimate(np.array([1.0, np.nan, 3.0])).mean == 2
        assert paired(np.array([1.0, 5, np.nan]), np.array([0.0, np.nan, 2])).windows == 1

    def test_one_window_has_a_mean_and_no_interval_and_none_has_nothing(self):
        assert estimate(np.array([0.5, np.nan])) == Estimate(0.5, 0.5, None, None, 1)
        assert estimate(np.array([np.nan])) == estimate(np.array([])) == Estimate(None, None, None, None, 0)

    def test_the_same_seed_gives_the_same_interval(self):
        sample = np.random.default_rng(3).normal(size=30)
        assert estimate(sample, 4) == estimate(sample, 4) != estimate(sample, 5)
