"""Shares of a flow: sums are exact, parts near the exact fractions, equal in int64 and Python integers."""

from fractions import Fraction

import numpy as np
import pytest

from rare.accounts.flow_shares import FlowSplitter, Holdings, cumulative_floors, product


def holdings(rows, jobs):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Holdings(*columns, jobs)


def random_holdings(rng, largest_weight, span_s):
    times = np.sort(rng.integers(0, span_s, (30, 2)), axis=1)
    rows = np.column_stack((rng.integers(0, 12, 30), times, rng.integers(0, largest_weight, 30)))
    edges_s = np.unique(np.concatenate(([0], times.ravel(), rng.integers(0, span_s, 20), [span_s])))
    return holdings(rows, 12), edges_s


def exact_parts(held, edges_s, flow):
    """The parts as fractions, and what flowed while no job had a weight."""
    parts, unused = [Fraction(0)] * held.jobs, 0
    for k, (from_s, to_s) in enumerate(zip(edges_s, edges_s[1:], strict=False)):
        here = (held.start_s <= from_s) & (held.end_s >= to_s)
        whole = int(held.weight[here].sum())
        amount = int(flow[k]) * int(to_s - from_s)
        unused += 0 if whole else amount
        for job, weight in zip(held.job[here], held.weight[here], strict=True):
            parts[job] += Fraction(amount * int(weight), whole) if whole else 0
    return parts, unused


def test_two_jobs_share_by_weight_and_the_last_takes_what_is_left():
    held = holdings([(0, 0, 10, 2), (1, 0, 20, 1)], 3)
    split = FlowSplitter(np.array([0, 10, 20, 25]), held).split(np.array([10, 7, 3]))
    # 100 over three parts is 66.67 and 33.33; then 70 for the second alone, and 15 for nobody
    assert (split.by_job.tolist(), split.unused, split.total) == ([67, 103, 0], 15, 185)


def test_jobs_of_no_time_or_no_weight_get_nothing():
    held = holdings([(0, 5, 5, 9), (1, 0, 10, 0), (2, 5, 10, 1)], 3)
    split = FlowSplitter(np.array([0, 5, 10]), held).split(np.array([4, 4]))
    assert (split.by_job.tolist(), split.unused) == ([0, 0, 20], 20)


@pytest.mark.parametrize("largest_weight", [3, 10**7, 2**45])
@pytest.mark.parametrize("largest_flow", [5, 10**8, 2**52, 2**80])
def test_parts_are_the_exact_fractions_to_one_unit_and_add_up(largest_weight, largest_flow):
    rng = np.random.default_rng(largest_weight % 97 + largest_flow % 89)
    held, edges_s = random_holdings(rng, largest_weight, 10**4)  # weight x time below 2^62
    shares = rng.integers(-(2**31), 2**31, len(edges_s) - 1).astype(object)
    flow = shares * largest_flow >> 31  # negative ones too, as prices are
    if largest_flow <= 2**60:
        flow = flow.astype(np.int64)
    split = FlowSplitter(edges_s, held).split(flow)
    parts, unused = exact_parts(held, edges_s, flow)
    assert split.unused == unused and split.total == sum(parts) + unused
    assert all(abs(got - part) <= 1 for got, part in zip(split.by_job, parts, strict=True))


def test_python_integers_and_int64_give_the_same_parts():
    held, edges_s = random_holdings(np.random.default_rng(1), 10**6, 10**5)
    flow = np.random.default_rng(2).integers(0, 10**9, len(edges_s) - 1)
    splitter = FlowSplitter(edges_s, held)
    assert splitter.split(flow).by_job.tolist() == splitter.split(flow.astype(object)).by_job.tolist()


def test_cumulative_floors_add_up_to_the_floor_of_the_whole():
    assert cumulative_floors(np.array([1, 1, 1, -2]), 1, 2).tolist() == [0, 1, 0, -1]
    assert cumulative_floors(np.array([2**61, 2**61]), 3, 4).tolist() == [3 * 2**59, 3 * 2**59]


def test_products_leave_int64_where_they_must():
    assert product(np.array([3]), np.array([-5])).dtype == np.int64
    assert product(np.array([2**52]), np.array([2**30])).tolist() == [2**82]
