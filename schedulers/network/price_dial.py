"""The dial of `rare`: prices set by hand in place of the scenario's, such as rare:served=2,carbon=0.5.

The network sees the prices of the objective and was trained on many of them. What the run is judged by, its
objective, stays the scenario's.
"""

from __future__ import annotations

from dataclasses import fields

from rare.env.observation.shown_prices import Dial
from traces.errors import InputError

MARK = ":"
MOST = {"late": 10.0, "served": 10.0, "carbon": 1e6, "energy": 1000.0}
"""The highest setting of each."""


def split_dial(name: str) -> tuple[str, str]:
    """A scheduler's name and its dial: 'rare:served=2' is ('rare', 'served=2')."""
    base, _, text = name.partition(MARK)
    return base, text


def parse_dial(name: str, text: str) -> Dial:
    """The dial of KEY=NUMBER[,KEY=NUMBER...]. InputError, naming the scheduler, for anything else."""
    values: dict[str, float] = {}
    known = [field.name for field in fields(Dial)]
    for part in text.split(","):
        key, _, number = (word.strip() for word in part.partition("="))
        if key not in known:
            raise InputError(f"scheduler {name!r}: {key or part!r} is no price; known are {', '.join(known)}")
        if key in values:
            raise InputError(f"scheduler {name!r}: {key} is there twice; keep one")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not 0 <= value <= MOST[key]:
            raise InputError(
                f"scheduler {name!r}: {key}={number} must be a number from 0 to {MOST[key]:g}, as in {key}=1"
            )
        values[key] = value
    return Dial(**values)
