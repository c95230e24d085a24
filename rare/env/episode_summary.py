"""What became of an episode so far, as `info` has it: the numbers that compiled code writes, by name."""

from __future__ import annotations

import struct
from typing import Any

from rare.env.stepping import SUMMARY
from rare.episodes import Episode

_FIELDS = SUMMARY.names or ()
summary_numbers = struct.Struct(
    "=" + "".join("d" if SUMMARY[name].kind == "f" else "q" for name in _FIELDS)
).unpack
"""The fields of a SUMMARY in their order, from its bytes."""


def summary_of(episode: Episode | None, numbers: tuple[Any, ...]) -> dict[str, Any]:
    """The summary of an episode, from the fields of a SUMMARY in their order.

    Written out: a dict of pairs takes three times as long, and there is one at every step.
    """
    (
        _, objective, score, jobs_completed, qos_violations, suspensions, energy_kwh, policy_decisions,
        hidden_decisions, invalid_actions, simulated_s,
    ) = numbers  # fmt: skip
    return {
        "window": "" if episode is None else episode.name,
        "objective": objective,
        "score": score,
        "jobs_completed": jobs_completed,
        "qos_violations": qos_violations,
        "suspensions": suspensions,
        "energy_kwh": energy_kwh,
        "policy_decisions": policy_decisions,
        "hidden_decisions": hidden_decisions,
        "invalid_actions": invalid_actions,
        "simulated_s": simulated_s,
    }


if list(summary_of(None, _FIELDS).items())[1:] != [(name, name) for name in _FIELDS[1:]]:
    raise RuntimeError(
        f"rare.env.episode_summary: what summarise writes is {', '.join(_FIELDS)}, which summary_of has not"
    )
