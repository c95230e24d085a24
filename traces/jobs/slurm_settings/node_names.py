"""Slurm's lists of node names, such as `n[1-8,10],gpu[01-04]`, one name at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from traces.errors import quoted

#: More nodes than any cluster has: a longer list is a mistake, or made to fill the memory.
MOST_NODES = 200_000
_PIECE = re.compile(r"[^,\[\]]+|\[[^\[\]]*\]|,", re.ASCII)
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)
_LONGEST = 2**20


def node_names(text: str) -> list[str]:
    """The names of a list. ValueError, with a reason in words, for what is none or names too many nodes."""
    names: list[str] = []
    parts: list[list[str]] = []
    if len(text) > _LONGEST:
        raise ValueError("is a list of nodes longer than any")
    if "".join(_PIECE.findall(text)) != text:
        raise ValueError(f"is {quoted(text)}, no list of nodes; expected such as n[1-8,10]")
    for piece in [*_PIECE.findall(text), ","]:
        if piece == ",":
            names += _joined(parts, MOST_NODES - len(names), text)
            parts = []
        elif piece.startswith("["):
            parts.append(list(_ranges(piece[1:-1], text)))
        else:
            parts.append([piece.strip()])
    return names


def _joined(parts: list[list[str]], most: int, text: str) -> list[str]:
    count = 1
    for part in parts:
        count *= len(part)
    if count > most:
        raise ValueError(f"is {quoted(text)}, more than {MOST_NODES} nodes")
    return ["".join(choice) for choice in product(*parts) if any(choice)] if parts else []


def _ranges(inside: str, text: str) -> Iterator[str]:
    """The numbers of a bracket, each as wide as the first of its range. ValueError."""
    for part in inside.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"is {quoted(text)}, no list of nodes; expected such as n[1-8,10]")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first >= MOST_NODES or last < first:
            raise ValueError(f"is {quoted(text)}, with a range from {first} to {last}")
        width = len(match[1])
        for number in range(first, last + 1):
            yield f"{number:0{width}}"
