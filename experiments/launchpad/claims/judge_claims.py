"""The claims of the papers, each with its rule: from results.json to claims.json.

The rules and thresholds were set by us before any measurement; docs/guides/launchpad.md gives their reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from experiments.launchpad.claims import claims_of_speed, verdicts
from experiments.launchpad.claims.result_facts import Facts, Pair, Seeded, mean_over, spread_of
from experiments.launchpad.claims.verdicts import UNDECIDED, Finding, Part, part_of
from experiments.launchpad.experiment_file import TIERS

GOOD_MARGIN = 0.02
MATTERS_MARGIN = 0.01
TOLERANCE = 1e-6
FIELD_GAP = 0.021
INTERVALS = (
    "Intervals: 95 %, bootstrap over seeds and windows within each workload; differences are paired by "
    f"seed and window. Fewer than {verdicts.LEAST_SEEDS} seeds leave a claim undecided, whatever its "
    "interval."
)
RULES = {
    "R1": "Learned (offline, then online) less the heuristic that did best on the validation windows, on "
    "test windows. Holds if the interval over all workloads is above 0 and no workload's is below; does "
    "not hold if the interval of any is below 0; needs two workloads.",
    "R2": "The same difference for each supply of the workloads that have several. Holds if the interval "
    "of every supply is above 0; does not hold if that of any is below 0; needs two supplies.",
    "R3": "Each design parameter changed alone, less the unchanged run; intervals are widened for the "
    "number of changes. A change matters if its interval leaves out 0, and does not if it lies within "
    f"+-{MATTERS_MARGIN}. Holds if window, horizon, network and discount all matter; does not hold if all "
    "changes of one of them do not.",
    "R4": "Offline policy less the heuristic whose decisions it learned from, on test windows. Holds if "
    "the interval is above 0; does not hold if it is below 0.",
    "L3": f"Offline policies less the best heuristic. Good: at most {GOOD_MARGIN} below it. Holds if the "
    f"intervals of cloning and of offline RL are above -{GOOD_MARGIN}; does not hold if one of them is "
    "below.",
    "L4": "Policies from one tier less those from the next lower one (oracle, heuristic, mixed, random), "
    "means over algorithms and coverages, equal numbers of transitions. Holds if the interval of every "
    "step is above 0; does not hold if one of them is below 0.",
    "O1": "The highest objective less the bound of the same window, over all policies and test windows. "
    f"Holds if no policy exceeds the bound by more than {TOLERANCE}; does not hold if one does. Gaps "
    "beside it: no part of the verdict.",
} | claims_of_speed.RULES
CLAIMS = {
    "R1": ("the learned scheduler earns more total job value than the heuristics, on different workloads",
           "none"),
    "R2": ("it adapts to intermittent wind and solar supply", "none"),
    "R3": ("design parameters matter: queue window, forecast horizon, network, discount", "none"),
    "R4": ("offline learning improves on the very heuristic that logged the data", "none"),
    "L1": ("offline pre-training plus little online training matches online from scratch with about 3x less"
           " training",
           "about 3"),
    "L2": ("online from scratch needs tens of thousands of steps", "order of 10^4"),
    "L3": ("cloning and offline RL give good policies without any interaction", "none"),
    "L4": ("the quality of the data decides the result: oracle, heuristic, mixed, random", "none"),
    "L5": ("demonstrations short-cut random exploration: the first 10 % of online steps", "none"),
    "L6": ("no collapse at the hand-over from offline to online", "none"),
    "O1": ("no policy exceeds the upper bound; the field's best known gap to an oracle is 2.1 % (CarbonFlex)",
           "2.1 %"),
}  # fmt: skip
PARAMETERS = ("window", "horizon", "network", "discount")

Judged = tuple[str, list[Part], str]


def claims_of(results: Mapping[str, Any], only: Sequence[str] = tuple(CLAIMS)) -> list[Finding]:
    """The claims with their measured parts and verdicts. only: ids of claims."""
    facts = Facts(results)
    judges: dict[str, Callable[[Facts], Judged]] = {
        "R1": _r1, "R2": _r2, "R3": _r3, "R4": _r4, **claims_of_speed.JUDGES, "L3": _l3, "L4": _l4, "O1": _o1,
    }  # fmt: skip
    findings = []
    for name in only:
        claim, published = CLAIMS[name]
        verdict, parts, why = judges[name](facts)
        why = why or next((part.note for part in parts if part.counts and part.verdict == UNDECIDED), "")
        if not parts:
            verdict, why = UNDECIDED, why or "nothing was measured for it"
        why = why if verdict == UNDECIDED else ""
        findings.append(Finding(name, claim, published, RULES[name], verdict, tuple(parts), why))
    return findings


def claims_json(results: Mapping[str, Any]) -> dict[str, Any]:
    """The object of claims.json."""
    findings = claims_of(results)
    return {
        "experiment": results["experiment"]["name"],
        "seeds": results["experiment"]["seeds"],
        "intervals": INTERVALS,
        "verdicts": {finding.id: finding.verdict for finding in findings},
        "claims": [finding.as_dict() for finding in findings],
        "failed": results["failed"],
    }


# --- RARE -------------------------------------------------------------------------------------------------


def _r1(facts: Facts) -> Judged:
    parts = []
    cases = {"all workloads": facts.first} | {
        name: same for name, same in facts.by_workload(facts.first).items() if len(facts.first) > 1
    }
    for name, group in cases.items():
        spread = facts.spread(group, facts.hand_less_best)
        if spread is not None:
            parts.append(part_of(name, spread, verdicts.above(spread.low, spread.high)))
    for load in sorted({case["load"] for case in facts.cases}):
        same = [case for case in facts.cases if case["load"] == load]
        spread = facts.spread(same, facts.hand_less_best)
        if spread is not None and len(facts.first) < len(facts.cases):
            parts.append(
                part_of(f"load x {load:g}", spread, verdicts.above(spread.low, spread.high), counts=False)
            )
    if len(facts.first) < 2:
        return UNDECIDED, parts, "one workload; the claim is of different ones"
    return verdicts.first_unless_one_fails(parts), parts, ""


def _r2(facts: Facts) -> Judged:
    names = {case["workload"] for case in facts.cases if not case["first"]}
    main = {case["workload"]: case for case in facts.first}
    cases = [
        case for case in facts.cases
        if case["workload"] in names and case["load"] == main[case["workload"]]["load"]
    ]  # fmt: skip
    parts = []
    for supply in dict.fromkeys(case["supply"] for case in cases):
        same = [case for case in cases if case["supply"] == supply]
        spread = facts.spread(same, facts.hand_less_best)
        if spread is not None:
            parts.append(part_of(f"supply: {supply}", spread, verdicts.above(spread.low, spread.high)))
    if len(parts) < 2:
        return UNDECIDED, parts, "fewer than two supplies were tried"
    return verdicts.all_of(parts), parts, ""


def _r3(facts: Facts) -> Judged:
    if not facts.first:
        return UNDECIDED, [], ""
    case = facts.first[0]
    variants = list(dict.fromkeys(
        run["variant"] for run in facts.results["runs"] if run["role"] == facts.ablated and run["variant"]
    ))  # fmt: skip
    level = 1 - 0.05 / max(len(variants), 1)
    parts = []
    for variant in variants:
        changed_runs = facts.seeded(case, facts.ablated, variant=variant)
        base_runs = facts.seeded(case, facts.ablated)
        spread = facts.spread([case], _always(changed_runs, base_runs), level)
        if spread is not None:
            verdict = verdicts.differs(spread.low, spread.high, MATTERS_MARGIN)
            note = f"interval at {100 * level:.2f} %"
            parts.append(part_of(variant, spread, verdict, note=note))
    by_parameter = {}
    for parameter in PARAMETERS:
        of_parameter = [part.verdict for part in parts if part.what.startswith(f"{parameter}=")]
        by_parameter[parameter] = (
            verdicts.HOLDS if verdicts.HOLDS in of_parameter
            else verdicts.FAILS if of_parameter and set(of_parameter) == {verdicts.FAILS} else UNDECIDED
        )  # fmt: skip
    summary = ", ".join(f"{name}: {verdict}" for name, verdict in by_parameter.items())
    if verdicts.FAILS in by_parameter.values():
        return verdicts.FAILS, parts, ""
    return (verdicts.HOLDS if set(by_parameter.values()) == {verdicts.HOLDS} else UNDECIDED), parts, summary


def _always(values: Seeded, baseline: Seeded) -> Pair:
    return lambda case: (values, baseline)


def _r4(facts: Facts) -> Judged:
    parts = []
    if facts.hand["tier"] == "heuristic":
        algorithm = facts.hand["algorithm"]
        spread = facts.spread(facts.cases, facts.less_best(facts.hand_offline))
        if spread is not None:
            what = f"{algorithm}, epsilon {facts.hand_epsilon:g}, all supplies and loads"
            parts.append(part_of(what, spread, verdicts.above(spread.low, spread.high)))
    tiered = [case for case in facts.first if case["tiers"]]
    for epsilon in facts.experiment["tiers"]["epsilons"]:
        for algorithm in facts.experiment["offline"]["algorithms"]:
            spread = facts.spread(
                tiered,
                facts.less_best(
                    partial(facts.offline, algorithm=algorithm, tier="heuristic", epsilon=epsilon)
                ),
            )
            if spread is not None:
                verdict = verdicts.above(spread.low, spread.high)
                parts.append(part_of(f"{algorithm}, epsilon {epsilon:g}", spread, verdict, counts=not parts))
    return verdicts.all_of(parts), parts, ""


# --- Launchpad --------------------------------------------------------------------------------------------


def _l3(facts: Facts) -> Judged:
    parts = []
    for algorithm in dict.fromkeys(("bc", facts.hand["algorithm"])):
        spread = facts.spread(
            facts.cases,
            facts.less_best(partial(facts.hand_offline, algorithm=algorithm)),
        )
        if spread is not None:
            what = f"{algorithm} from {facts.hand['tier']}, epsilon {facts.hand_epsilon:g}"
            parts.append(part_of(what, spread, verdicts.above(spread.low, spread.high, -GOOD_MARGIN)))
    tiered = [case for case in facts.first if case["tiers"]]
    for tier in facts.experiment["tiers"]["names"]:
        for algorithm in facts.experiment["offline"]["algorithms"]:
            spread = facts.spread(
                tiered,
                facts.less_best(partial(coverage_mean, facts, algorithm=algorithm, tier=tier)),
            )
            if spread is not None:
                verdict = verdicts.above(spread.low, spread.high, -GOOD_MARGIN)
                parts.append(part_of(f"{algorithm} from {tier}", spread, verdict, counts=False))
    return verdicts.all_of(parts), parts, ""


def of_coverages(facts: Facts, case: Any, algorithm: str, tier: str) -> dict[float, Seeded]:
    """Objectives of the trained policies of an algorithm from a tier: epsilon -> seed -> (W,)."""
    epsilons = (1.0,) if tier == "random" else facts.experiment["tiers"]["epsilons"]
    seeded = {epsilon: facts.offline(case, algorithm, tier, epsilon) for epsilon in epsilons}
    return {epsilon: runs for epsilon, runs in seeded.items() if runs}


def coverage_mean(facts: Facts, case: Any, algorithm: str, tier: str) -> Seeded:
    """Objectives of an algorithm from a tier, mean over epsilons, by seed."""
    return mean_over(list(of_coverages(facts, case, algorithm, tier).values()))


def tier_mean(facts: Facts, case: Any, tier: str, epsilon: float | None = None) -> Seeded:
    """Objectives from a tier by seed, mean over algorithms, and over epsilons unless one is given."""
    parts = []
    for algorithm in facts.experiment["offline"]["algorithms"]:
        coverages = of_coverages(facts, case, algorithm, tier)
        parts += [runs for e, runs in coverages.items() if epsilon is None or e in (epsilon, 1.0)]
    return mean_over(parts)


def _l4(facts: Facts) -> Judged:
    tiered = [case for case in facts.first if case["tiers"]]
    tiers = facts.experiment["tiers"]
    ladder = [tier for tier in TIERS if tier in tiers["names"] and tier != "lookahead"]
    parts = []

    def add(label: str, high: tuple[str, Any], low: tuple[str, Any], counts: bool) -> None:
        spread = facts.spread(
            tiered, lambda case: (tier_mean(facts, case, *high), tier_mean(facts, case, *low))
        )
        if spread is not None:
            parts.append(part_of(label, spread, verdicts.above(spread.low, spread.high), counts=counts))

    for high, low in zip(ladder, ladder[1:], strict=False):
        add(f"{high} - {low}", (high, None), (low, None), True)
    if "lookahead" in tiers["names"] and "heuristic" in tiers["names"]:
        add("lookahead - heuristic", ("lookahead", None), ("heuristic", None), False)
    few, many = min(tiers["epsilons"]), max(tiers["epsilons"])
    for tier in tiers["names"]:
        if tier != "random" and few < many:
            add(f"{tier}: epsilon {many:g} - {few:g}", (tier, many), (tier, few), False)
    if {"random", "heuristic"} <= set(tiers["names"]):
        add(f"random - heuristic with epsilon {few:g}", ("random", None), ("heuristic", few), False)
    if len(ladder) < 2:
        return UNDECIDED, parts, "fewer than two tiers were tried"
    return verdicts.all_of(parts), parts, ""


# --- the bound --------------------------------------------------------------------------------------------


def _o1(facts: Facts) -> Judged:
    worst, rows, nearest = -np.inf, 0, ""
    gaps: dict[str, list[np.ndarray]] = {"oracle": [], "bound": []}
    for case in facts.first:
        bound = facts.reference(case, "bound")
        if bound is None:
            continue
        judged = {name: facts.reference(case, name) for name in case["reference"] if name != "bound"}
        judged |= {
            run["label"]: np.array(run["test"], float)
            for run in facts.results["runs"] if run["case"] == case["name"]
        }  # fmt: skip
        for name, values in judged.items():
            excess = values - bound
            rows += int((~np.isnan(excess)).sum())
            if np.nanmax(excess) > worst:
                worst, nearest = float(np.nanmax(excess)), name
        oracle = facts.reference(case, facts.experiment["judge"]["oracle"])
        learned = facts.seeded(case, "handover")
        for name, ceiling in (("oracle", oracle), ("bound", bound)):
            if ceiling is not None and learned:
                gaps[name].append(np.stack([ceiling - values for values in learned.values()])[None])
    if not rows:
        return UNDECIDED, [], "no bound was computed"
    verdict = verdicts.HOLDS if worst <= TOLERANCE else verdicts.FAILS
    note = f"{rows:,} policies on windows; nearest: {nearest}"
    parts = [Part("highest objective less bound", worst, None, None, verdict, note=note)]
    for name, differences in gaps.items():
        parts += _gap(facts, name, differences)
    return verdict, parts, ""


def _gap(facts: Facts, name: str, differences: list[np.ndarray]) -> list[Part]:
    spread = spread_of(differences)
    if spread is None:
        return []
    schedulers = ("oracle", facts.experiment["judge"]["oracle"])
    ceilings = [
        np.nanmean(values) for case in facts.first
        if (values := facts.reference(case, schedulers[1] if name == "oracle" else "bound")) is not None
        and facts.seeded(case, "handover")
    ]  # fmt: skip
    share = spread.mean / float(np.mean(ceilings))
    note = f"{100 * share:.1f} % of the {name}'s objective"
    if name == "oracle":
        note += f"; the field's best known gap is {100 * FIELD_GAP:.1f} %"
    return [part_of(f"{name} less learned", spread, UNDECIDED, counts=False, note=note)]
