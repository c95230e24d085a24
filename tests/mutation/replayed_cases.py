"""Random cases for mutants of the rules: the second simulator plays each once, before the forks, and a mutant once.

`tests/rare/rules/test_differential.py` compares four plays of each case; in the interpreter that is too slow to be
done for each mutant. Not collected by default: the name of the file says so.
"""

from __future__ import annotations

import pytest

from tests.rare.rules.test_differential import any_case, assert_same, heuristic_for, play_reference
from tests.rare.rules.test_event_differential import event_case, slow_heuristic_for
from tests.rare.twins import history


def _drawn():
    """(name, case, scheduler): each backfill and gate family comes up, the shorter cases of them."""
    for first, count, case_of, scheduler_for in (
        (1_000_000, 30, any_case, heuristic_for),
        (1_100_000, 12, event_case, slow_heuristic_for),
    ):
        for seed in range(first, first + count):
            case = case_of(seed)
            if len(case.workload) <= 14:
                yield f"{seed}", case, scheduler_for(seed, case)


DRAWN = [(name, case, scheduler, play_reference(case, scheduler)) for name, case, scheduler in _drawn()]


@pytest.mark.parametrize(
    ("case", "scheduler", "expected"), [row[1:] for row in DRAWN], ids=[row[0] for row in DRAWN]
)
def test_the_second_simulators_story(case, scheduler, expected):
    assert_same(history(case, scheduler, "compiled"), expected, scheduler.name)
