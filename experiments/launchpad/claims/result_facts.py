"""Questions to results.json: runs as arrays over seeds and windows, paired differences, groups of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.results.statistics import Spread, stratified

Case = Mapping[str, Any]
Seeded = dict[int, np.ndarray]
"""seed -> (W,) objectives on the test windows, or (1,) of something that has no windows."""
Pair = Callable[[Case], tuple[Seeded, Seeded] | None]


class Facts:
    """results.json, for those who ask what was measured."""

    def __init__(self, results: Mapping[str, Any]) -> None:
        self.results = results
        self.experiment: Mapping[str, Any] = results["experiment"]
        self.hand: Mapping[str, Any] = self.experiment["handover"]
        self.cases: Sequence[Case] = [
            case for case in results["cases"] if {"reference", "best"} <= set(case)
        ]  # fmt: skip
        self.first = [case for case in self.cases if case["first"]]
        self.data = {each["label"]: each for each in results["data"]}

    def runs(self, case: Case, role: str, **wanted: Any) -> list[Mapping[str, Any]]:
        """Runs of a case, by seed: role offline, scratch, handover or trial. Without variant: "" alone."""
        wanted = {"variant": "", **wanted}
        runs = [
            run for run in self.results["runs"]
            if run["case"] == case["name"] and run["role"] == role
            and all(run.get(key) == value for key, value in wanted.items())
        ]  # fmt: skip
        return sorted(runs, key=lambda run: run["seed"])

    def seeded(self, case: Case, role: str, **wanted: Any) -> Seeded:
        """Objectives of these runs on the test windows."""
        return {run["seed"]: numbers(run["test"]) for run in self.runs(case, role, **wanted)}

    def offline(self, case: Case, algorithm: str, tier: str, epsilon: float) -> Seeded:
        """The policies of an algorithm from a tier."""
        return self.seeded(case, "offline", algorithm=algorithm, tier=tier, epsilon=epsilon)

    def hand_offline(self, case: Case, algorithm: str | None = None) -> Seeded:
        """The policies from the data of the hand-over; algorithm: default that of the hand-over."""
        return self.offline(case, algorithm or self.hand["algorithm"], self.hand["tier"], self.hand_epsilon)

    @property
    def ablated(self) -> str:
        """The role of the runs of the ablation; results of before there was a choice do not name it."""
        return str(self.experiment["ablation"].get("of", "handover"))

    @property
    def hand_epsilon(self) -> float:
        """Coverage of the data of the hand-over."""
        return 1.0 if self.hand["tier"] == "random" else float(self.hand["epsilon"])

    def reference(self, case: Case, name: str) -> np.ndarray | None:
        """(W,) objectives of a scheduler, the oracle or the bound; None where it was not run."""
        objectives = case["reference"].get(name)
        return None if objectives is None else numbers(objectives)

    def best(self, case: Case, seeds: Iterable[int]) -> Seeded:
        """The heuristic that did best on the validation windows, alike for every seed."""
        objectives = numbers(case["reference"][case["best"]])
        return dict.fromkeys(seeds, objectives)

    def by_workload(self, cases: Sequence[Case]) -> dict[str, list[Case]]:
        """Cases of each workload, in order."""
        cases_of: dict[str, list[Case]] = {}
        for case in cases:
            cases_of.setdefault(case["workload"], []).append(case)
        return cases_of

    def groups(self, cases: Sequence[Case], pair: Pair) -> list[np.ndarray]:
        """(C, S, W) differences of the cases of each workload; those of other shapes stand by themselves."""
        groups = []
        for same in self.by_workload(cases).values():
            shaped: dict[tuple[int, ...], list[np.ndarray]] = {}
            for case in same:
                made = paired_by_seed(pair(case))
                if made is not None:
                    shaped.setdefault(made.shape, []).append(made)
            groups += [np.stack(each) for each in shaped.values()]
        return groups

    def spread(self, cases: Sequence[Case], pair: Pair, level: float = 0.95) -> Spread | None:
        """Mean difference over cases, with its interval; None where nothing was measured."""
        groups = self.groups(cases, pair)
        return spread_of(groups, level)

    def less_best(self, of: Callable[[Case], Seeded]) -> Pair:
        """What gives a case's runs and its best heuristic."""

        def pair(case: Case) -> tuple[Seeded, Seeded]:
            mine = of(case)
            return mine, self.best(case, mine)

        return pair

    def hand_less_best(self, case: Case) -> tuple[Seeded, Seeded]:
        """The hand-over's runs and the best heuristic."""
        mine = self.seeded(case, "handover")
        return mine, self.best(case, mine)


def spread_of(groups: Sequence[np.ndarray], level: float = 0.95) -> Spread | None:
    """`stratified`, or None without a number."""
    if not any((~np.isnan(group)).any() for group in groups):
        return None
    return stratified(groups, level)


def paired_by_seed(pair: tuple[Seeded, Seeded] | None) -> np.ndarray | None:
    """(S, W) differences for the seeds that both have; None without any."""
    if pair is None:
        return None
    mine, other = pair
    seeds = sorted(set(mine) & set(other))
    return np.stack([mine[seed] - other[seed] for seed in seeds]) if seeds else None


def mean_over(parts: Sequence[Seeded]) -> Seeded:
    """The mean of several, for the seeds that all have."""
    if not parts:
        return {}
    seeds = set.intersection(*(set(part) for part in parts))
    return {seed: np.mean([part[seed] for part in parts], axis=0) for seed in seeds}


def numbers(values: Sequence[float | None]) -> np.ndarray:
    """(W,) with NaN for null."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)
