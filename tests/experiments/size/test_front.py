"""The front against a search of all pairs, the knee against a drawing, and the names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from experiments.size.pareto_front import CHOICES, knee, named_choices, non_dominated

SMALL = st.integers(0, 4).map(float)  # small numbers, so that ties occur


def dominates(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))


@given(arrays.arrays(float, st.tuples(st.integers(1, 25), st.integers(1, 4)), elements=SMALL))
def test_the_front_is_that_of_all_pairs(values):
    by_pairs = [not any(dominates(other, row) for other in values) for row in values]
    assert non_dominated(values).tolist() == by_pairs


@given(arrays.arrays(float, st.tuples(st.integers(1, 25), st.just(3)), elements=SMALL))
def test_every_point_off_the_front_is_beaten_by_one_on_it(values):
    front = non_dominated(values)
    assert front.any()
    for row in values[~front]:
        assert any(dominates(other, row) for other in values[front])


def test_equal_points_are_all_on_the_front():
    assert non_dominated(np.array([[1, 2], [1, 2], [2, 2]])).tolist() == [True, True, False]


def test_the_knee_is_where_the_curve_bends():
    """
    1 |o                   Scaled, the sums are 1, 0.3, 0.9 and 1: the second point lies farthest below
      |                    the line from (0, 1) to (1, 0).
      | o
      |         o
    0 |________________o
    """
    points = np.array([[0, 100], [10, 20], [80, 10], [100, 0]])
    assert knee(points) == 1
    assert knee(points * [1000, 0.001]) == 1, "units do not matter"


def test_a_knee_without_a_choice():
    assert knee(np.array([[3, 3, 3]])) == 0
    assert knee(np.array([[2, 5], [1, 5], [1, 5]])) == 1, "one objective is the same everywhere"


def test_names_go_to_eligible_points_alone():
    values = np.array([[0, 0, 9], [5, 9, 1], [6, 1, 2], [9, 0, 3], [5.5, 2, 1.5]])
    eligible = np.array([False, True, True, True, True])
    assert named_choices(values, eligible) == {"cheapest": 1, "cleanest": 3, "knee": 4}
    assert tuple(named_choices(values, eligible)) == CHOICES
    assert named_choices(values, ~eligible) == dict.fromkeys(CHOICES, 0)
    assert named_choices(values, np.zeros(5, bool)) == {}


def test_ties_of_names_go_to_the_better_in_the_next_objective():
    values = np.array([[1, 5, 0], [1, 4, 9], [2, 4, 0]])
    names = named_choices(values, np.ones(3, bool))
    assert (names["cheapest"], names["cleanest"]) == (1, 1)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_the_front_of_one_point(columns):
    assert non_dominated(np.zeros((1, columns))).tolist() == [True]
