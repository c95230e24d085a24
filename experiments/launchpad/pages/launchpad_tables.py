"""The tables of a launchpad's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from experiments.launchpad.claims import speed_facts
from experiments.launchpad.claims.judge_claims import of_coverages
from experiments.launchpad.claims.result_facts import Facts
from experiments.launchpad.pages.launchpad_figures import LEVELS, levels

Row = Sequence[str]
MARKS = {  # with spaces that do not break
    "holds": "✓\u00a0holds",
    "does not hold": "✗\u00a0does\u00a0not\u00a0hold",
    "undecided": "?\u00a0undecided",
}


def table(head: Row, rows: Sequence[Row], words: int = 1) -> str:
    """An HTML table; the first `words` columns are text, the others numbers. Cells are plain text."""
    if not rows:
        return ""
    top = "".join(f'<th scope="col" style="padding:.4rem .5rem">{escape(each)}</th>' for each in head)
    body = "".join(f"<tr>{_cells(row, words)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(row: Row, words: int) -> str:
    found = f'<th scope="row">{escape(row[0])}</th>'
    for place, cell in enumerate(row[1:], 1):
        kind = "" if place < words else ' class="num"'
        found += f"<td{kind}>{escape(cell)}</td>"
    return found


def claims_table(found: Mapping[str, Any]) -> str:
    """A line a claim."""
    rows = [
        (
            each["id"], each["claim"], MARKS[each["verdict"]], each["why"], each["published"],
            each["of"] or "",
            _number(each["measured"], each["unit"]), _interval(each["interval"], each["unit"]),
        )
        for each in found["claims"]
    ]  # fmt: skip
    head = ("", "claim", "verdict", "why undecided", "published", "number of", "measured", "95 % interval")
    return table(head, rows, words=6)


def details(found: Mapping[str, Any]) -> str:
    """Rule and parts of each claim, folded."""
    return "".join(_detail(each) for each in found["claims"])


def _detail(claim: Mapping[str, Any]) -> str:
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
    below = (
        '<p class="note">* no part of the verdict.</p>'
        if any(not p["counts"] for p in claim["parts"])
        else ""
    )
    return (
        f"<details><summary>{escape(claim['id'])} {escape(MARKS[claim['verdict']])}: "
        f"{escape(claim['claim'])}</summary>"
        f'<p class="note">{escape(claim["rule"])}</p>{table(head, rows, words=3)}{below}</details>'
    )


def all_tables(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """(title, table, note) of what stands below the claims."""
    yield (
        "Steps and seconds to the scratch level", speed_table(facts),
        "Geometric means over seeds. The level is a share of the objective on validation windows that the "
        "scratch runs end at. Seconds: training and validation in one process, and after offline learning "
        "also its training and the logging of its data, with what the teachers simulate. A run that never "
        "comes to the level counts with all its steps (in brackets: how many do). Steps below those "
        "between two validations are not told apart.",
    )  # fmt: skip
    for case in facts.first:
        if case["tiers"]:
            yield (
                f"Tier by coverage: {case['name']}", tier_table(facts, case),
                "Mean objective on test windows over seeds, with standard deviation over seeds; epsilon: "
                "how often a random action took the place of the teacher's; logged: the mean return of the "
                "data. Equal numbers of transitions, and of updates for each algorithm.",
            )  # fmt: skip
    yield (
        "Gap to oracle and bound", gap_table(facts),
        "Mean objective on test windows. Oracle and bound only where workload.ceiling asks for them.",
    )  # fmt: skip
    yield (
        "Ablation of design parameters", ablation_table(facts),
        "The hand-over with one parameter changed; mean objective on test windows over seeds, with "
        "standard deviation over seeds. Intervals of the differences: R3 above.",
    )  # fmt: skip
    yield (
        "Trials", trial_table(facts),
        "One run each of every learning rate, on a seed that is not judged; the best on validation windows "
        "was taken. Scratch and hand-over have as many.",
    )  # fmt: skip


def speed_table(facts: Facts) -> str:
    """A line a case, share and role."""
    rows = []
    for case in facts.cases:
        for share in speed_facts.SHARES:
            for role, name in (("scratch", "online from scratch"), ("handover", "offline, then online")):
                found = speed_facts.times(facts, case, role, share)
                if not found:
                    continue
                means = [
                    np.exp(np.mean([np.log(each[measure]) for each in found]))
                    for measure in speed_facts.MEASURES
                ]
                reached = f"{sum(each['reached'] for each in found)} of {len(found)}"
                rows.append((
                    case["name"], f"{100 * share:.0f} %", name, f"{means[0]:,.0f} ({reached})",
                    f"{means[1]:,.0f}", f"{means[2]:,.1f}",
                ))  # fmt: skip
    return table(("case", "level", "training", *speed_facts.MEASURES), rows, words=3)


def tier_table(facts: Facts, case: Mapping[str, Any]) -> str:
    """A line a tier and coverage, a column an algorithm."""
    algorithms = facts.experiment["offline"]["algorithms"]
    data = {(each["tier"], each["epsilon"]): each for each in facts.results["data"]
            if each["case"] == case["name"] and "layout" not in each}  # fmt: skip
    rows = []
    for tier in facts.experiment["tiers"]["names"]:
        found = {algorithm: of_coverages(facts, case, algorithm, tier) for algorithm in algorithms}
        for epsilon in sorted({epsilon for each in found.values() for epsilon in each}):
            logged = data.get((tier, epsilon))
            cells = [_over_seeds(list(found[name].get(epsilon, {}).values())) for name in algorithms]
            by = ", ".join(logged["schedulers"]) if logged else ""
            rows.append(
                (tier, f"{epsilon:g}", by, f"{logged['returns']['mean']:.3f}" if logged else "", *cells)
            )
    return table(("tier", "epsilon", "logged from", "logged", *algorithms), rows, words=3)


def gap_table(facts: Facts) -> str:
    """A line a case, a column a kind."""
    rows = []
    for case in facts.cases:
        found = levels(facts, case)
        cells = [f"{found[kind]:.3f}" if kind in found else "" for kind in LEVELS]
        gaps = []
        for ceiling in ("oracle", "bound"):
            there = ceiling in found and "offline, then online" in found
            gaps.append(f"{1 - found['offline, then online'] / found[ceiling]:.1%}" if there else "")
        rows.append((case["name"], case["best"], *cells, *gaps))
    head = ("case", "best heuristic is", *LEVELS, "gap to oracle", "gap to bound")
    return table(head, rows, words=2)


def ablation_table(facts: Facts) -> str:
    """A line a design."""
    if not facts.first:
        return ""
    case = facts.first[0]
    variants = dict.fromkeys(
        run["variant"] for run in facts.results["runs"]
        if run["role"] == facts.ablated and run["case"] == case["name"]
    )  # fmt: skip
    if set(variants) <= {""}:
        return ""
    own = facts.experiment["network"]
    base = f"as it is: window {own['queue_slots']}, horizon {own['forecast_hours']}, {own['kind']}, " \
           f"discount {own['gamma']:g}"  # fmt: skip
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
        return table(
            (f"{case['name']}: design", "from scratch"), [(name, online) for name, _, online in rows]
        )
    return table((f"{case['name']}: design", "offline", "offline, then online"), rows)


def trial_table(facts: Facts) -> str:
    """A line a trial."""
    rows = [
        (run["case"], run["trial"], f"{run['learning_rate']:g}", f"{run['validation']:.3f}")
        for run in facts.results["runs"] if run["role"] == "trial"
    ]  # fmt: skip
    return table(("case", "training", "learning rate", "best on validation windows"), rows, words=2)


def _over_seeds(values: Sequence[np.ndarray]) -> str:
    if not values:
        return ""
    means = [float(np.nanmean(each)) for each in values]
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
