"""Mutants are what they are said to be, and a sample of them is spread and repeatable."""

import csv

import pytest

pytest.importorskip("cosmic_ray", reason="installed by `make mutation`")

from tests.mutation.groups import GROUPS, ROOT
from tests.mutation.mutants import Mutant, mutants_of, mutated, outer_function, sample, what_changed

SOURCE = '''"""A module."""
from __future__ import annotations
LIMIT_S = 3

@rule
def late(now_s: int | float, jobs) -> int | None:
    """How late."""
    assert now_s >= 0
    if now_s > LIMIT_S:
        raise ValueError(f"{now_s - LIMIT_S} s too late")
    jobs.append(now_s + 1)
    return None
'''


@pytest.fixture
def found(tmp_path):
    (tmp_path / "m.py").write_text(SOURCE)
    return mutants_of(tmp_path, "m.py")


def test_what_cannot_matter_is_left_out(found):
    assert {mutant.line for mutant in found} == {3, 9, 11}


def test_each_mutant_changes_what_it_names(found):
    changes = {what_changed(SOURCE, mutated(SOURCE, mutant)) for mutant in found}
    assert "LIMIT_S = 3 -> LIMIT_S = 4" in changes
    assert "if now_s > LIMIT_S: -> if now_s >= LIMIT_S:" in changes
    assert "jobs.append(now_s + 1) -> jobs.append(now_s - 1)" in changes
    assert "jobs.append(now_s + 1) -> pass" in changes
    assert len(changes) == len(found)


def test_one_mutant_of_a_place_is_drawn_and_the_same_again(found):
    drawn = sample(found, 100, seed=1)
    assert len({mutant.place for mutant in drawn}) == len(drawn) < len(found)
    assert sample(found, 100, seed=1) == drawn
    assert len(sample(found, 1, seed=1)) == 1


def test_the_function_that_holds_a_spot():
    assert outer_function(SOURCE, 11, 8) == ("late", 5)
    assert outer_function(SOURCE, 3, 10) is None  # a constant of the module
    assert outer_function(SOURCE, 6, 12) is None  # the head of a function


def test_a_place_that_is_gone_is_told():
    with pytest.raises(LookupError, match="was the file edited"):
        mutated("x = 1\n", Mutant("m.py", 9, 0, "core/AddNot", 7))


@pytest.mark.parametrize("group", GROUPS)
def test_the_table_names_places_that_exist_and_explains_who_survived(group):
    with (ROOT / "tests" / "mutation" / "results" / f"{group}.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows and {row["file"] for row in rows} <= set(GROUPS[group].files())
    unexplained = [
        row for row in rows if row["verdict"] in ("survived", "not run") and not row["explanation"]
    ]
    assert not unexplained
