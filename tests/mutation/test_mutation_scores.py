"""The score counts what it says it counts."""

import pytest

from tests.mutation.mutation_scores import interval, line


def test_mutants_without_effect_count_in_one_score_and_not_in_the_other():
    found = [{"verdict": "killed", "explanation": ""}] * 7 + [{"verdict": "timed out", "explanation": ""}]
    found += [
        {"verdict": "survived", "explanation": "no effect: ties"},
        {"verdict": "not run", "explanation": ""},
    ]
    assert line("m", found) == "| m | 10 | 7 | 1 | 1 | 1 | 80 % | 89 % |"


def test_the_interval_of_a_share():
    # Newcombe 1998 (Statistics in Medicine 17, 857), table I, method 3: 81 of 263.
    assert interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
