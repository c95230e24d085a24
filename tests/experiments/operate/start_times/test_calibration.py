"""The figures of a calibration, on rows whose coverage is known, and on a small sample of a real trace."""

import numpy as np
import pytest

from experiments.operate.start_times.calibrate_start_times import instants, replayed, sample
from experiments.operate.start_times.start_coverage import (
    GRID,
    Sample,
    coverage,
    coverage_lines,
    groups,
    joined,
    recalibrated_levels,
)
from experiments.operate.start_times.start_ranges import Effort
from tests.experiments.operate.start_times.synthetic_past import schedule


def known_rows(spread=1.0, count=4000):
    """True waits uniform over (0, 10^5) s; predicted quantiles `spread` times as wide around the middle."""
    wait_s = np.random.default_rng(1).uniform(0, 1e5, count)
    grid_s = np.tile(5e4 + (GRID - 0.5) * 1e5 * spread, (count, 1))
    number = np.arange(count)
    plain = np.ones(count, int)
    return Sample(number // 200, number // 20, wait_s, wait_s + 7200, plain, plain, plain, grid_s)


def test_right_quantiles_hold_four_fifths():
    found = coverage(known_rows())
    assert found.inside == pytest.approx(0.8, abs=0.02)
    assert found.low < found.inside < found.high and found.high - found.low < 0.06
    assert found.below == pytest.approx(0.1, abs=0.02) and found.above == pytest.approx(0.1, abs=0.02)
    assert found.width_s == pytest.approx(8e4) and found.by_limits_error_s == 7200
    assert (found.jobs, found.snapshots) == (4000, 200)


def test_narrow_quantiles_are_found_out_and_recalibrated():
    narrow = known_rows(spread=0.85)
    assert coverage(narrow).inside == pytest.approx(0.68, abs=0.02)
    low, high = recalibrated_levels([narrow, narrow])
    assert (low, high) == (pytest.approx(0.03, abs=0.015), pytest.approx(0.97, abs=0.015))
    assert coverage(narrow, low, high).inside == pytest.approx(0.8, abs=0.03)


def test_groups_and_lines():
    rows = joined([known_rows(), known_rows()])
    parts = groups(rows)
    assert sum(len(part) for name, part in parts.items() if name.startswith("wait")) == len(rows)
    lines = coverage_lines("x", rows, (0.1, 0.9))
    assert lines[0].startswith("| x | ") and all(line.count("|") == 12 for line in lines)


def test_a_sample_of_a_synthetic_cluster():
    made = schedule()
    found = sample(made, instants(made, range(2), 8, 0), Effort(20))
    assert len(found) > 10
    assert (found.wait_s > 0).all(), "whoever starts at the snapshot has started in it"
    assert (np.diff(found.grid_s, axis=1) >= 0).all()
    assert coverage(found).error_s < coverage(found).by_limits_error_s


@pytest.mark.slow
def test_ranges_hold_on_a_small_sample_of_kth(shared):
    made = replayed(str(shared / "data/workloads/KTH-SP2-1996-2.1-cln.swf.gz"))
    found = sample(made, instants(made, range(29, 48), 3, 7), Effort(100))
    assert len(found) > 100
    one = coverage(found)
    assert 0.6 < one.inside < 0.97 and one.ratio < 0.8
