"""Sets of cores as Batsim writes them: `0-3 8`, closed intervals of whole numbers between spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable

_INTERVAL = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?")


def parse_interval_set(text: str, count: int) -> list[int]:
    """The numbers in an interval set, each once, ascending. ValueError, in words, for any not below `count`.

    Intervals may overlap and stand in any order. Memory stays at `count` numbers whatever the text says.
    """
    numbers: set[int] = set()
    for word in text.split():
        match = _INTERVAL.fullmatch(word)
        if match is None:
            raise ValueError("is no interval set such as '0-3 8'")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"has the interval {word}, whose end is before its beginning")
        if last >= count:
            raise ValueError(f"names the resource {last}, and the last one is {count - 1}")
        numbers.update(range(first, last + 1))
    if not numbers:
        raise ValueError("names no resource")
    return sorted(numbers)


def format_interval_set(numbers: Iterable[int]) -> str:
    """Ascending numbers in Batsim's canonical form; '' for none."""
    words: list[str] = []
    first = last = -1
    for number in numbers:
        if words and number == last + 1:
            last = number
            words[-1] = f"{first}-{last}"
        else:
            first = last = number
            words.append(str(number))
    return " ".join(words)
