"""Every public case has its right value, and the page of them is up to date."""

from __future__ import annotations

import pytest

from tests.public_cases.all_cases import CASES
from tests.public_cases.page import PAGE, page
from tests.public_cases.registry import RIGHT, PublicCase, judge, refusal, same
from traces.errors import InputError


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.area}: {one.name}")
def test_public_case(one: PublicCase) -> None:
    verdict, seen = judge(one)
    assert verdict == RIGHT, f"{seen}, right is {one.right!r}: {one.why} ({one.source})"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.public_cases.page"


def test_names_are_unique() -> None:
    assert len({one.name for one in CASES}) == len(CASES) >= 80


def test_what_counts_as_the_same() -> None:
    assert same([1, (2.0, "a")], [1, [2.0, "a"]]) and same(1, 1.0)
    assert not same(True, 1) and not same(1.0, 1) and not same([1], [1, 2]) and not same(None, 0)


def test_a_refusal_has_one_line_and_its_words() -> None:
    def fail(message: str) -> None:
        raise InputError(message)

    assert refusal(lambda: fail("x.csv:3: bad"), ":3:") == "refused"
    assert refusal(lambda: fail("bad"), ":3:") != "refused" != refusal(lambda: fail("a\n:3:"), ":3:")
    assert refusal(lambda: None) != "refused"
