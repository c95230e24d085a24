"""Words of the command line such as KEY=VALUE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rare.episodes import Randomise
from traces.errors import InputError

_RANGES = ("cluster", "load", "supply")
_KNOWN = ("variants", *_RANGES, "mix", "seed")


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Keys and values of words KEY=VALUE. InputError, naming the option, for anything else."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise InputError(f"{option} {text!r}: write KEY=VALUE")
        values[name.strip()] = value.strip()
    return values


def parsed_randomise(text: str) -> Randomise:
    """Randomise from text such as variants=8,cluster=0.5:2,mix=1. InputError if it cannot be."""
    given = pairs(text.split(","), "--randomise")
    for name in given:
        if name not in _KNOWN:
            raise InputError(f"--randomise: {name!r} is unknown; known are {', '.join(_KNOWN)}")
    return Randomise(**{name: _value(name, value) for name, value in given.items()})


def _value(name: str, text: str) -> Any:
    """A range LOW:HIGH, or a whole number."""
    try:
        if name in _RANGES:
            low, _, high = text.partition(":")
            return float(low), float(high or low)
        return bool(int(text)) if name == "mix" else int(text)
    except ValueError:
        pass
    wanted = "LOW:HIGH of two numbers" if name in _RANGES else "a whole number"
    raise InputError(f"--randomise {name}={text}: give {wanted}, such as {_EXAMPLES[name]}")


_EXAMPLES = {
    "variants": "8",
    "cluster": "0.5:2",
    "load": "0.7:1.3",
    "supply": "0.5:2",
    "mix": "1",
    "seed": "3",
}
