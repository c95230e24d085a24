"""The tables of a launchpad's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.launchpad.claims import speed_facts
from experiments.launchpad.claims.judge_claims import of_coverages
from experiments.launchpad.claims.result_facts import Facts
from experiments.launchpad.pages.launchpad_figures import LEVELS, levels
from experiments.report.page_templates import Grid

MARKS = {  # with non-breaking spaces
    "holds": "✓\u00a0holds",
    "does not hold": "✗\u00a0does\u00a0not\u00a0hold",
    "undecided": "?\u00a0undecided",
}


@dataclass(frozen=True, slots=True)
class ClaimDetails:
    """The collapsed details of a claim: its rule and its parts."""

    title: str
    rule: str
    parts: Grid
    some_do_not_count: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the report with a note; omitted if it has no row."""

    title: str
    table: Grid
    note: str


def claims_table(claims: Mapping[str, Any]) -> Grid:
    """A row for each claim. claims: the object of claims.json."""
    rows = [
        (
            claim["id"], claim["claim"], MARKS[claim["verdict"]], claim["why"], claim["published"],
            claim["of"] or "",
            _number(claim["measured"], claim["unit"]), _interval(claim["interval"], claim["unit"]),
        )
        for claim in claims["claims"]
    ]  # fmt: skip
    head = ("", "claim", "verdict", "why undecided", "published", "number of", "measured", "95 % interval")
    return Grid(head, rows, words=6)


def details(claims: Mapping[str, Any]) -> list[ClaimDetails]:
    """Rule and parts of each claim. claims: the object of claims.json."""
    return [_details_of(claim) for claim in claims["claims"]]


def _details_of(claim: Mapping[str, Any]) -> ClaimDetails:
    rows = [
        (
            part["what"] + ("" if part["counts"] else " *"), MARKS[part["verdict"]], part["note"],
            _number(part["measured"], part["unit"]), _interval(part["interval"], part["unit"]),
            _number(part["iqm"], part["unit"]), _interval(part["iqm_interval"], part["unit"]),
            _count(part["seeds"]), _count(part["windows"]),
        )
        for part in claim["parts"]
    ]  # fmt: skip
    head = (
        "part",
        "verdict",
        "note",
        "mean",
        "interval",
        "interquartile mean",
        "interval",
        "seeds",
        "windows",
    )
    return ClaimDetails(
        title=f"{claim['id']} {MARKS[claim['verdict']]}: {claim['claim']}",
        rule=claim["rule"],
        parts=Grid(head, rows, words=3),
        some_do_not_count=any(not part["counts"] for part in claim["parts"]),
    )


def all_tables(facts: Facts) -> Iterator[Section]:
    """The tables of the report after the claims, in order."""
    yield Section(
        "Steps and seconds to the scratch level", speed_table(facts),
        "Geometric means over seeds. The level is a share of the objective on validation windows that the "
        "scratch runs end at. Seconds: training and validation in one process, and after offline learning "
        "also its training and the logging of its data, with what the teachers simulate. A run that never "
        "comes to the level counts with all its steps (in brackets: how many do). Steps below those "
        "between two validations are not told apart.",
    )  # fmt: skip
    for case in facts.first:
        if case["tiers"]:
            yield Section(
                f"Tier by coverage: {case['name']}", tier_table(facts, case),
                "Mean objective on test windows over seeds, with standard deviation over seeds; epsilon: "
                "how often a random action took the place of the teacher's; logged: the mean return of the "
                "data. Equal numbers of transitions, and of updates for each algorithm.",
            )  # fmt: skip
    yield Section(
        "Gap to oracle and bound", gap_table(facts),
        "Mean objective on test windows. Oracle and bound only where workload.ceiling asks for them.",
    )  # fmt: skip
    yield Section(
        "Ablation of design parameters", ablation_table(facts),
        "The hand-over with one parameter changed; mean objective on test windows over seeds, with "
        "standard deviation over seeds. Intervals of the differences: R3 above.",
    )  # fmt: skip
    yield Section(
        "Trials", trial_table(facts),
        "One run each of every learning rate, on a seed that is not judged; the best on validation windows "
        "was taken. Scratch and hand-over have as many.",
    )  # fmt: skip


def speed_table(facts: Facts) -> Grid:
    """A row for each case, share of the scratch level, and role."""
    rows = []
    for case in facts.cases:
        for share in speed_facts.SHARES:
            for role, name in (("scratch", "online from scratch"), ("handover", "offline, then online")):
                times = speed_facts.times(facts, case, role, share)
                if not times:
                    continue
                means = [
                    np.exp(np.mean([np.log(run[measure]) for run in times]))
                    for measure in speed_facts.MEASURES
                ]
                reached = f"{sum(run['reached'] for run in times)} of {len(times)}"
                rows.append((
                    case["name"], f"{100 * share:.0f} %", name, f"{means[0]:,.0f} ({reached})",
                    f"{means[1]:,.0f}", f"{means[2]:,.1f}",
                ))  # fmt: skip
    return Grid(("case", "level", "training", *speed_facts.MEASURES), rows, words=3)


def tier_table(facts: Facts, case: Mapping[str, Any]) -> Grid:
    """A row for each tier and epsilon, a column for each algorithm."""
    algorithms = facts.experiment["offline"]["algorithms"]
    data = {
        (dataset["tier"], dataset["epsilon"]): dataset
        for dataset in facts.results["data"]
        if dataset["case"] == case["name"] and "layout" not in dataset
    }
    rows = []
    for tier in facts.experiment["tiers"]["names"]:
        coverages = {algorithm: of_coverages(facts, case, algorithm, tier) for algorithm in algorithms}
        for epsilon in sorted({epsilon for seeded in coverages.values() for epsilon in seeded}):
            logged = data.get((tier, epsilon))
            cells = [_over_seeds(list(coverages[name].get(epsilon, {}).values())) for name in algorithms]
            by = ", ".join(logged["schedulers"]) if logged else ""
            rows.append(
                (tier, f"{epsilon:g}", by, f"{logged['returns']['mean']:.3f}" if logged else "", *cells)
            )
    return Grid(("tier", "epsilon", "logged from", "logged", *algorithms), rows, words=3)


def gap_table(facts: Facts) -> Grid:
    """A row for each case, a column for each kind of LEVELS."""
    rows = []
    for case in facts.cases:
        means = levels(facts, case)
        cells = [f"{means[kind]:.3f}" if kind in means else "" for kind in LEVELS]
        gaps = []
        for ceiling in ("oracle", "bound"):
            has_both = ceiling in means and "offline, then online" in means
            gaps.append(f"{1 - means['offline, then online'] / means[ceiling]:.1%}" if has_both else "")
        rows.append((case["name"], case["best"], *cells, *gaps))
    head = ("case", "best heuristic is", *LEVELS, "gap to oracle", "gap to bound")
    return Grid(head, rows, words=2)


def ablation_table(facts: Facts) -> Grid:
    """A row for each design."""
    if not facts.first:
        return Grid(())
    case = facts.first[0]
    variants = dict.fromkeys(
        run["variant"] for run in facts.results["runs"]
        if run["role"] == facts.ablated and run["case"] == case["name"]
    )  # fmt: skip
    if set(variants) <= {""}:
        return Grid(())
    network = facts.experiment["network"]
    base = (
        f"as it is: window {network['queue_slots']}, horizon {network['forecast_hours']}, "
        f"{network['kind']}, discount {network['gamma']:g}"
    )
    rows = []
    for variant in variants:
        seeded = facts.seeded(case, facts.ablated, variant=variant)
        offline = facts.seeded(
            case, "offline", variant=variant, algorithm=facts.hand["algorithm"], tier=facts.hand["tier"],
            epsilon=facts.hand_epsilon,
        )  # fmt: skip
        rows.append(
            (variant or base, _over_seeds(list(offline.values())), _over_seeds(list(seeded.values())))
        )
    if facts.ablated == "scratch":
        return Grid((f"{case['name']}: design", "from scratch"), [(name, online) for name, _, online in rows])
    return Grid((f"{case['name']}: design", "offline", "offline, then online"), rows)


def trial_table(facts: Facts) -> Grid:
    """A row for each trial of a learning rate."""
    rows = [
        (run["case"], run["trial"], f"{run['learning_rate']:g}", f"{run['validation']:.3f}")
        for run in facts.results["runs"] if run["role"] == "trial"
    ]  # fmt: skip
    return Grid(("case", "training", "learning rate", "best on validation windows"), rows, words=2)


def _over_seeds(values: Sequence[np.ndarray]) -> str:
    if not values:
        return ""
    means = [float(np.nanmean(of_seed)) for of_seed in values]
    return f"{np.mean(means):.3f}" + (f" ± {np.std(means, ddof=1):.3f}" if len(means) > 1 else "")


def _number(value: float | None, unit: str | None) -> str:
    if value is None:
        return ""
    return {"steps": f"{value:,.0f}", "times": f"{value:.2f} x"}.get(
        unit or "", f"{round(value, 4) + 0.0:+.4f}"
    )


def _interval(pair: Sequence[float] | None, unit: str | None) -> str:
    return f"{_number(pair[0], unit)} to {_number(pair[1], unit)}" if pair else ""


def _count(value: int | None) -> str:
    return "" if value is None else f"{value}"
