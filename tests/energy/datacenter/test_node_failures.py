"""Nodes fail more or less often than asked for, or a longer run tells another story."""

import numpy as np
import pytest

from energy.datacenter.node_failures import DRAW_BITS, HOUR_S, FailureModel, node_failures

MODEL = FailureModel(mtbf_h=1000, shape=0.7, repair_h=6, repair_spread=1.9, seed=3)
SPAN_S = 1000 * HOUR_S


def rows(failures):
    columns = (failures.from_s, failures.node, failures.to_s, failures.draw)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_failures_are_as_frequent_as_asked_for_and_early_as_late():
    failures = node_failures(MODEL, "main", 4000, SPAN_S)
    assert len(failures.node) == pytest.approx(4000 * 1000 / 1006, rel=0.06)
    early = (failures.from_s < SPAN_S // 4).sum()
    assert early == pytest.approx(len(failures.node) / 4, rel=0.12)


@pytest.mark.parametrize("shape", (0.7, 1.0))
def test_gaps_have_their_mean_and_shape(shape):
    model = FailureModel(mtbf_h=20, shape=shape, repair_h=1, repair_spread=0.0)
    failures = node_failures(model, "main", 1, 40_000 * HOUR_S)
    assert ((failures.to_s - failures.from_s) == HOUR_S).all()
    gaps_h = (failures.from_s[1:] - failures.to_s[:-1]) / HOUR_S
    assert gaps_h.mean() == pytest.approx(20, rel=0.1)
    spread = gaps_h.std() / gaps_h.mean()
    assert spread == pytest.approx({0.7: 1.46, 1.0: 1.0}[shape], rel=0.12)  # of the Weibull distribution


def test_repairs_have_their_mean():
    model = FailureModel(mtbf_h=20, shape=1.0, repair_h=6, repair_spread=0.5)
    failures = node_failures(model, "main", 1, 40_000 * HOUR_S)
    repair_h = (failures.to_s - failures.from_s) / HOUR_S
    assert repair_h.mean() == pytest.approx(6, rel=0.06)
    assert np.log(repair_h).std() == pytest.approx(0.5, rel=0.1)


def test_a_longer_run_keeps_the_earlier_failures():
    short, long = (rows(node_failures(MODEL, "main", 50, until)) for until in (SPAN_S, 3 * SPAN_S))
    assert 0 < len(short) < len(long)
    assert short == [row for row in long if row[0] < SPAN_S]


def test_more_nodes_leave_those_of_the_others_alone():
    few, many = (rows(node_failures(MODEL, "main", nodes, SPAN_S)) for nodes in (20, 60))
    assert few == [row for row in many if row[1] < 20]


def test_seed_and_partition_change_the_draws():
    base = rows(node_failures(MODEL, "main", 20, SPAN_S))
    assert base != rows(node_failures(MODEL, "other", 20, SPAN_S))
    assert base != rows(node_failures(FailureModel(1000, 0.7, 6, 1.9, seed=4), "main", 20, SPAN_S))


def test_a_node_is_repaired_before_it_breaks_again_and_draws_are_in_range():
    failures = node_failures(FailureModel(5, 0.7, 6, 1.9), "main", 30, SPAN_S)
    for node in range(30):
        own = failures.node == node
        assert (failures.from_s[own][1:] >= failures.to_s[own][:-1]).all()
    assert (failures.draw >= 0).all() and (failures.draw < 1 << DRAW_BITS).all()
    assert (np.diff(failures.from_s) >= 0).all()
