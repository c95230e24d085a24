"""What stands for a scheduler in an evaluation: its name, its name under a perfect forecast, or the bound."""

from __future__ import annotations

BOUND = "bound"
"""Named beside schedulers, it gives the bound of the linear program on each window."""

PERFECT = "@perfect"
"""Behind a scheduler's name: it sees a perfect forecast in place of the scenario's."""


def plain_name(name: str) -> str:
    """The scheduler's name without the suffix."""
    return name.removesuffix(PERFECT)


def is_oracle(name: str) -> bool:
    """Whether this names the oracle, however many trials it makes."""
    return plain_name(name).strip().lower().partition("=")[0] == "oracle"


def is_unreal(name: str) -> bool:
    """Whether this is no scheduler that a real cluster could have: it knows the truth, or is the bound."""
    return name == BOUND or name.endswith(PERFECT) or is_oracle(name)
