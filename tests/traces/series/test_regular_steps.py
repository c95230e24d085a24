"""The step of a series: which it is, where rows leave it or go back, and which of two rows of one time stays."""

import numpy as np
import pytest

from traces.errors import InputError
from traces.series.regular import (
    Gaps,
    Rows,
    check_order,
    check_steps,
    drop_duplicates,
    make_grid,
    usual_step_s,
)
from traces.series.row_steps import row_steps

HOUR, QUARTER = 3600, 900


def times(*hours):
    return (np.array(hours, float) * HOUR).astype(np.int64), np.arange(len(hours)) + 2


@pytest.mark.parametrize(
    ("hours", "step_s"),
    [
        ((0, 1, 2, 4), HOUR),
        ((0, 1, 3), HOUR),  # of equals the smallest
        ((0, 2, 3), HOUR),
        ((0, 0, 0, 2), 2 * HOUR),  # a time that is there twice is no step
        ((5,), None),
        ((), None),
        ((0, 0), None),
    ],
)
def test_the_usual_step(hours, step_s):
    assert usual_step_s(times(*hours)[0]) == step_s


def test_rows_that_go_back_are_named_by_their_line():
    utc_s, lines = times(0, 1, 1, 0.5, 3, 2)
    with pytest.raises(InputError, match=r"^f\.csv:5: 1970-01-01 00:30:00.* comes after 1970-01-01 01:00:00"):
        check_order(utc_s, lines, "f.csv")
    check_order(*times(0, 1, 1, 2), "f.csv")


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        (
            (0, 1, 2, 2.5, 3),
            r"^f:5: 1970-01-01 02:30:00 \S* ?is 1800 s after the row before, the step is 3600 s",
        ),
        ((0, 1, 2, 4, 6, 8, 9), "^f:5: from here rows are 7200 s apart, elsewhere 3600 s"),
        ((0, 3, 6, 9, 10), "^f:3: from here rows are 10800 s apart"),
        ((0, 1, 1, 0.5), "^f:5: .* comes after"),
    ],
)
def test_rows_that_leave_the_step(hours, message):
    with pytest.raises(InputError, match=message):
        check_steps(*times(*hours), HOUR, "f")


@pytest.mark.parametrize(
    "hours",
    [
        (0, 1, 2, 3),
        (0, 2, 4, 5),  # two gaps of one length are gaps
        (0, 2, 4, 7, 9, 10),  # so are three of which one differs, wherever it stands
        (0, 3, 5, 7, 8),
        (0, 2, 4, 5, 7),
        (0, 1, 1, 2),
        (0, 1),
        (3,),
    ],
)
def test_lost_rows_are_no_other_step(hours):
    check_steps(*times(*hours), HOUR, "f")


def rows(hours, values, missing=()):
    utc_s, lines = times(*hours)
    lost = np.isin(np.arange(len(hours)), missing)
    return Rows(utc_s, lines, np.array(values, np.int64), lost, np.full(len(hours), HOUR))


def dropped(hours, values, policy, missing=()):
    told = []
    left = drop_duplicates(
        rows(hours, values, missing), Gaps(policy), "W", "f", lambda *what: told.append(what)
    )
    return left.values.tolist(), left.missing.tolist(), [what[:3] for what in told]


def test_the_first_of_two_rows_of_one_time_stays_under_hold():
    found = dropped((0, 1, 1, 1, 2), (10, 20, 30, 20, 40), "hold")
    assert found == ([10, 20, 40], [False] * 3, [("duplicate_stamps", 2, 4)])


def test_a_value_goes_before_none_of_the_same_time():
    for lost in (1, 2):
        values = [10, 20, 20, 40]
        values[lost] = 0
        assert dropped((0, 1, 1, 2), values, "zero", [lost])[:2] == ([10, 20, 40], [False] * 3)
    assert dropped((0, 1, 1, 2), (10, 0, 0, 40), "hold", [1, 2])[:2] == ([10, 0, 40], [False, True, False])


def test_two_values_at_one_time_need_hold():
    with pytest.raises(InputError, match=r"^f:4: .* is there twice with different values \(20 and 30 W\)"):
        dropped((0, 1, 1), (10, 20, 30), "zero")
    with pytest.raises(InputError, match=r"^f:4: .* is there twice \(1 rows repeat a time\).*hold"):
        dropped((0, 1, 1), (10, 20, 30), "error")


def test_a_gap_has_the_steps_of_the_row_before_it_or_else_of_the_one_behind():
    here = rows((0, 3, 4), (1, 2, 3))
    assert make_grid(here, "f").start_s.tolist() == [0, 3600, 7200, 10800, 14400]
    assert make_grid(here, "f").row.tolist() == [0, 3, 4]
    here.length_s[:] = (7200, 3600, 3600)  # one hour is missing: no whole step of two hours
    grid = make_grid(here, "f")
    assert (grid.start_s.tolist(), grid.length_s.tolist()) == (
        [0, 7200, 10800, 14400],
        [7200, 3600, 3600, 3600],
    )


@pytest.mark.parametrize("count", [23, 24])
def test_a_coarser_stretch_in_the_middle_is_a_step_from_a_day_of_hours_on(count):
    """Shorter, it could as well be lost rows."""
    distances = [QUARTER] * 96 + [HOUR] * count + [QUARTER] * 96
    utc_s = np.append(0, np.cumsum(distances))
    lines = np.arange(len(utc_s)) + 2
    if count == 24:
        assert row_steps(utc_s, lines, "start", "f").changes == [(96, QUARTER, HOUR), (120, HOUR, QUARTER)]
    else:
        with pytest.raises(InputError, match="^f:99: from here rows are 3600 s apart, elsewhere 900 s"):
            row_steps(utc_s, lines, "start", "f")
