"""The form of a public case, and what one is judged by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from traces.errors import InputError

RIGHT, WRONG, CRASHED = "right", "wrong", "crashed"
AREAS = (
    "scheduling", "workload files", "power, price and carbon files", "weather files", "energy and battery",
    "environments", "datasets", "commands",
)  # fmt: skip


@dataclass(frozen=True)
class PublicCase:
    """One case: the smallest input is in `look`, which returns what this package makes of it.

    right  : the right value, by hand or by a plain formula; never by the code that is judged
    why    : the reason of the right value, in a few words
    source : project and number of the public report, or where the convention is written
    """

    area: str
    name: str
    right: Any
    why: str
    source: str
    look: Callable[[], Any]


CASES: list[PublicCase] = []


def case(area: str, right: Any, why: str, source: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Add the decorated function to CASES; its name, with spaces, is the case's."""
    if area not in AREAS:
        raise ValueError(f"unknown area {area!r}")

    def add(look: Callable[[], Any]) -> Callable[[], Any]:
        CASES.append(PublicCase(area, look.__name__.replace("_", " "), right, why, source, look))
        return look

    return add


def judge(one: PublicCase) -> tuple[str, str]:
    """(RIGHT, WRONG or CRASHED; what was seen).

    WRONG: another value, a refusal of what is valid, or something that does not exist. CRASHED: any other
    exception; a process that dies is for the caller to notice.
    """
    try:
        seen = one.look()
    except InputError as problem:
        return WRONG, f"refused: {problem}"
    except (ImportError, AttributeError) as absent:
        return WRONG, f"not there: {absent}"
    except TypeError as problem:
        absent = "unexpected keyword argument" in str(problem)
        return (WRONG if absent else CRASHED), f"{'not there' if absent else 'TypeError'}: {problem}"
    except Exception as problem:
        return CRASHED, f"{type(problem).__name__}: {problem}"
    return (RIGHT if same(seen, one.right) else WRONG), repr(seen)


def same(seen: Any, right: Any) -> bool:
    """Equal, floats to nine digits, lists and tuples item by item."""
    if isinstance(right, list | tuple):
        return (
            isinstance(seen, list | tuple)
            and len(seen) == len(right)
            and all(same(a, b) for a, b in zip(seen, right, strict=True))
        )
    if isinstance(right, float) and isinstance(seen, int | float) and not isinstance(seen, bool):
        return math.isclose(seen, right, rel_tol=1e-9, abs_tol=1e-12)
    return type(seen) is type(right) and bool(seen == right)


def refusal(call: Callable[[], Any], *words: str, kinds: tuple[type[Exception], ...] = (InputError,)) -> str:
    """'refused' if `call` raises one of `kinds` with one line that has all `words`, else what it did."""
    try:
        done = call()
    except kinds as problem:
        said = str(problem)
        lacking = [word for word in words if word not in said]
        return "refused" if not lacking and "\n" not in said else f"said {said!r}"
    return f"taken: {str(done)[:80]}"
