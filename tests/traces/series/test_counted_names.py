"""A column of small numbers with the name of a unit needs its unit declared; any of three things declares it."""

import pytest

from traces.errors import InputError
from traces.series.counted_times import EARLY_S, check_name
from traces.series.text_layout import Layout

START = "2022-01-01T00:00Z"


@pytest.mark.parametrize(
    ("first", "name", "layout"),
    [
        ("5", "hour", Layout(time_unit="h")),
        ("5", "hour", Layout(time_start=START)),
        ("5", "hour", Layout(time_unit="h", time_start=START)),
        ("5", "hour in seconds", Layout()),
        (str(EARLY_S), "hour", Layout()),
        (str(-EARLY_S), "hour", Layout()),
        ("5", "t", Layout()),
    ],
)
def test_declared_or_clear(first, name, layout):
    check_name([first], name, layout, "f")


@pytest.mark.parametrize("first", ["0", "5", str(EARLY_S - 1), str(1 - EARLY_S)])
def test_undeclared(first):
    with pytest.raises(InputError, match="^f: column 'hour' counts and names no date"):
        check_name([first], "hour", Layout(), "f")
