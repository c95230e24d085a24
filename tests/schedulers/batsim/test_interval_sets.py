import pytest

from schedulers.batsim.interval_sets import format_interval_set, parse_interval_set


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0", [0]), ("0-3 8", [0, 1, 2, 3, 8]), ("5 2-2 7 1-3", [1, 2, 3, 5, 7]), (" 9  1-2 ", [1, 2, 9])],
)
def test_a_set_in_any_form_reads_to_its_numbers(text, numbers):
    assert parse_interval_set(text, 10) == numbers
    assert parse_interval_set(format_interval_set(numbers), 10) == numbers


def test_the_canonical_form_has_the_longest_intervals():
    assert format_interval_set([1, 2, 3, 5, 7, 8]) == "1-3 5 7-8"
    assert format_interval_set([]) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "names no resource"),
        ("a", "no interval set"),
        ("1-", "no interval set"),
        ("-1", "no interval set"),
        ("1,2", "no interval set"),
        ("٣", "no interval set"),
        ("3-1", "end is before"),
        ("10", "the last one is 9"),
        ("0-999999999999", "the last one is 9"),
        ("9" * 5000, "no interval set"),
    ],
)
def test_anything_else_is_refused_in_words(text, problem):
    with pytest.raises(ValueError, match=problem):
        parse_interval_set(text, 10)
