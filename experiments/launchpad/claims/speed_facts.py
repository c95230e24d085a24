"""Steps and seconds to a share of the scratch level: from scratch, and after offline learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.launchpad.claims.curve_facts import level_of, steps_to
from experiments.launchpad.claims.result_facts import Case, Facts, Seeded

SHARES = (0.95, 0.99)
MAIN_SHARE = 0.99
STEPS, STEPS_WITH_LOG, SECONDS = "online steps", "steps, those of the log too", "seconds, offline too"
MEASURES = (STEPS, STEPS_WITH_LOG, SECONDS)


def scratch_level(facts: Facts, case: Case) -> float | None:
    """The objective on the validation windows that learning from scratch ends at; None without runs."""
    runs = facts.runs(case, "scratch")
    return level_of([run["curve"] for run in runs]) if runs else None


def times(facts: Facts, case: Case, role: str, share: float) -> list[dict[str, Any]]:
    """For each seed: steps to this share of the scratch level, in every measure, and whether reached.

    Offline learning, and the logging of its data with what its teachers simulate, is counted into `SECONDS`;
    decisions that were logged into `STEPS_WITH_LOG`. The data are logged once for all seeds, but each run has
    need of them, so they count in full.
    """
    level = scratch_level(facts, case)
    return [] if level is None else [_time(facts, run, share * level) for run in facts.runs(case, role)]


def _time(facts: Facts, run: Mapping[str, Any], level: float) -> dict[str, Any]:
    steps, reached = steps_to(run["curve"], level)
    seconds, logged = run["training_s"] * steps / run["steps"], 0.0
    if run.get("start"):
        start = next(each for each in facts.results["runs"] if each["label"] == run["start"])
        data = facts.data[run["data"]]
        seconds += start["training_s"] + data["wall_s"]
        logged = data["decisions"]
    return {
        "seed": run["seed"], "reached": reached, STEPS: steps, STEPS_WITH_LOG: steps + logged,
        SECONDS: seconds,
    }  # fmt: skip


def log_ratio(facts: Facts, case: Case, share: float, measure: str) -> tuple[Seeded, Seeded] | None:
    """Logarithms of what both roles take; None where scratch is there by its first validation.

    There is no training to save then: the policy that is drawn at first does as well.
    """
    scratch, hand = (times(facts, case, role, share) for role in ("scratch", "handover"))
    if not scratch or not hand or at_once(facts, case, share):
        return None
    first, second = ({each["seed"]: np.array([np.log(each[measure])]) for each in both}
                     for both in (scratch, hand))  # fmt: skip
    return first, second


def at_once(facts: Facts, case: Case, share: float) -> bool:
    """Whether half of the scratch runs or more are at the level by their first validation."""
    level = scratch_level(facts, case)
    if level is None:
        return False
    there = [steps_to(run["curve"], share * level)[0] <= run["curve"][1][0]
             for run in facts.runs(case, "scratch") if len(run["curve"]) > 1]  # fmt: skip
    return sum(there) * 2 >= len(there)
