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
    """The final objective of learning from scratch on the validation windows; None without runs."""
    runs = facts.runs(case, "scratch")
    return level_of([run["curve"] for run in runs]) if runs else None


def times(facts: Facts, case: Case, role: str, share: float) -> list[dict[str, Any]]:
    """For each seed: every measure of the effort to this share of the scratch level; whether it is reached.

    `SECONDS` includes offline learning and the logging of its data, with the teachers' simulations;
    `STEPS_WITH_LOG` includes the logged decisions. The data are logged once for all seeds, but count in full
    for each run, because each run depends on them.
    """
    level = scratch_level(facts, case)
    return [] if level is None else [_time(facts, run, share * level) for run in facts.runs(case, role)]


def _time(facts: Facts, run: Mapping[str, Any], level: float) -> dict[str, Any]:
    steps, reached = steps_to(run["curve"], level)
    seconds, logged = run["training_s"] * steps / run["steps"], 0.0
    if run.get("start"):
        start = next(other for other in facts.results["runs"] if other["label"] == run["start"])
        data = facts.data[run["data"]]
        seconds += start["training_s"] + data["wall_s"]
        logged = data["decisions"]
    return {
        "seed": run["seed"], "reached": reached, STEPS: steps, STEPS_WITH_LOG: steps + logged,
        SECONDS: seconds,
    }  # fmt: skip


def log_ratio(facts: Facts, case: Case, share: float, measure: str) -> tuple[Seeded, Seeded] | None:
    """Logarithms of a measure for scratch and hand-over, by seed.

    None if scratch starts at the level (`at_once`). There is no training to save then.
    """
    scratch, hand = (times(facts, case, role, share) for role in ("scratch", "handover"))
    if not scratch or not hand or at_once(facts, case, share):
        return None
    first, second = ({run["seed"]: np.array([np.log(run[measure])]) for run in role_times}
                     for role_times in (scratch, hand))  # fmt: skip
    return first, second


def at_once(facts: Facts, case: Case, share: float) -> bool:
    """Whether at least half of the scratch runs reach the level by their first validation."""
    level = scratch_level(facts, case)
    if level is None:
        return False
    early = [steps_to(run["curve"], share * level)[0] <= run["curve"][1][0]
             for run in facts.runs(case, "scratch") if len(run["curve"]) > 1]  # fmt: skip
    return sum(early) * 2 >= len(early)
