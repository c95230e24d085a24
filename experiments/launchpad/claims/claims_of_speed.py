"""Claims about learning curves: L1, L2, L5, L6. Intervals are over seeds; curves are means over windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np

from experiments.launchpad.claims import speed_facts, verdicts
from experiments.launchpad.claims.curve_facts import deepest_fall, early_mean
from experiments.launchpad.claims.result_facts import Case, Facts, Seeded
from experiments.launchpad.claims.verdicts import UNDECIDED, Part, part_of

ABOUT_THREE = 2.5  # the least number that rounds to 3
TENS_OF_THOUSANDS = (10_000.0, 100_000.0)
COLLAPSE = 0.05
RULES = {
    "L1": f"Steps from scratch / online steps after offline learning, to "
    f"{100 * speed_facts.MAIN_SHARE:.0f} % of the objective that scratch ends at, on validation windows; "
    "geometric mean over workloads, supplies, "
    f"loads and seeds. Holds if the interval is above {ABOUT_THREE}; does not hold if it is below. Where "
    "scratch is there by its first validation there is nothing to save, and the case is left out. Parts "
    f"that do not count: to {100 * speed_facts.SHARES[0]:.0f} %; with the decisions of the log counted; "
    "seconds, with offline learning and logging counted.",
    "L2": f"Steps from scratch to {100 * speed_facts.MAIN_SHARE:.0f} % of the objective that it ends at, on "
    "validation windows; geometric mean. Holds if the interval lies from 10,000 to 100,000; does not hold "
    "if it lies outside.",
    "L5": "Mean height of the curve over the first 10 % of the online steps, after offline learning less "
    "from scratch, on validation windows. Holds if the interval is above 0; does not hold if it is below 0.",
    "L6": "How far the objective on validation windows ever falls below that of the offline policy it "
    f"began with. Holds if the interval of the mean fall is below {COLLAPSE}; does not hold if it is above.",
}
Judged = tuple[str, list[Part], str]


def _l1(facts: Facts) -> Judged:
    parts = []
    for share in sorted(speed_facts.SHARES, reverse=True):
        for measure in speed_facts.MEASURES:
            spread = facts.spread(
                facts.cases, partial(speed_facts.log_ratio, facts, share=share, measure=measure)
            )
            if spread is None:
                continue
            verdict = verdicts.above(spread.low, spread.high, float(np.log(ABOUT_THREE)))
            part = part_of(
                f"{measure}, to {100 * share:.0f} %", spread, verdict, unit="times",
                counts=share == speed_facts.MAIN_SHARE and measure == speed_facts.STEPS,
                note=_reached(facts, share),
            )  # fmt: skip
            parts.append(exponential(part))
    left_out = sum(speed_facts.at_once(facts, case, speed_facts.MAIN_SHARE) for case in facts.cases)
    why = f"in {left_out} of {len(facts.cases)} cases scratch is there by its first validation"
    spread = facts.spread(
        facts.cases, lambda case: (facts.seeded(case, "handover"), facts.seeded(case, "scratch"))
    )
    if spread is not None:
        what = "at the end, test windows: after offline less scratch"
        verdict = verdicts.above(spread.low, spread.high)
        parts.append(part_of(what, spread, verdict, counts=False))
    return verdicts.all_of(parts), parts, "" if parts and parts[0].counts else why


def _reached(facts: Facts, share: float) -> str:
    """Text: how many runs reach the level. The others count with all of their steps."""
    slower = [case for case in facts.cases if not speed_facts.at_once(facts, case, share)]
    phrases = []
    for role, name in (("scratch", "from scratch"), ("handover", "after offline")):
        reached = [run["reached"] for case in slower for run in speed_facts.times(facts, case, role, share)]
        phrases.append(f"{name} {sum(reached)} of {len(reached)} runs reach it")
    return ", ".join(phrases)


def _l2(facts: Facts) -> Judged:
    def logs(case: Case, share: float) -> tuple[Seeded, Seeded]:
        times = speed_facts.times(facts, case, "scratch", share)
        steps = {run["seed"]: np.array([np.log(run[speed_facts.STEPS])]) for run in times}
        return steps, dict.fromkeys(steps, np.zeros(1))

    parts = []
    for share in sorted(speed_facts.SHARES, reverse=True):
        spread = facts.spread(facts.cases, partial(logs, share=share))
        if spread is not None:
            low, high = (float(np.log(bound)) for bound in TENS_OF_THOUSANDS)
            verdict = verdicts.within(spread.low, spread.high, low, high)
            main = share == speed_facts.MAIN_SHARE
            part = part_of(f"to {100 * share:.0f} %", spread, verdict, unit="steps", counts=main)
            parts.append(exponential(part))
    return verdicts.all_of(parts), parts, ""


def _l5(facts: Facts) -> Judged:
    return _by_curve(facts, ("handover", "scratch"), early_mean, "first 10 % of the steps",
                     lambda low, high: verdicts.above(low, high))  # fmt: skip


def _l6(facts: Facts) -> Judged:
    verdict, parts, why = _by_curve(
        facts, ("handover", None), deepest_fall, "mean of the deepest falls",
        lambda low, high: verdicts.below(low, high, COLLAPSE),
    )  # fmt: skip
    falls = [deepest_fall(run["curve"]) for case in facts.cases for run in facts.runs(case, "handover")]
    if parts:
        worst = (
            f"of {len(falls)} runs {sum(fall > COLLAPSE for fall in falls)} fell by more than {COLLAPSE}, "
            f"the worst by {max(falls):.3f}"
        )
        note = "; ".join(text for text in (worst, parts[0].note) if text)
        parts[0] = dataclasses.replace(parts[0], note=note)
    return verdict, parts, why


def _by_curve(
    facts: Facts,
    roles: tuple[str, str | None],
    number: Callable[..., float],
    label: str,
    judge: Callable[[verdicts.Limit, verdicts.Limit], str],
) -> Judged:
    """One number per curve, of one role or as a difference of two; for all cases, then for each workload."""

    def pair(case: Case) -> tuple[Seeded, Seeded]:
        values, baseline = (
            {run["seed"]: np.array([number(run["curve"])]) for run in facts.runs(case, role)} if role else {}
            for role in roles
        )
        return values, baseline if roles[1] else dict.fromkeys(values, np.zeros(1))

    parts = []
    for name, cases in ({"": facts.cases} | facts.by_workload(facts.cases)).items():
        spread = facts.spread(cases, pair)
        if spread is not None:
            verdict = judge(spread.low, spread.high)
            parts.append(part_of(f"{name}: {label}" if name else label, spread, verdict, counts=not name))
    if not parts:
        return UNDECIDED, parts, ""
    return verdicts.all_of(parts), parts, ""


def exponential(part: Part) -> Part:
    """The part with the exponential of each number, for parts measured as logarithms."""
    changed = {
        name: None if (value := getattr(part, name)) is None else float(np.exp(value))
        for name in ("measured", "low", "high", "iqm", "iqm_low", "iqm_high")
    }
    return dataclasses.replace(part, **changed)  # type: ignore[arg-type]


JUDGES: dict[str, Callable[[Facts], Judged]] = {"L1": _l1, "L2": _l2, "L5": _l5, "L6": _l6}
