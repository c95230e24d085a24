"""Queries of results.json: runs as arrays over seeds and windows, paired differences, groups of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.results.statistics import Spread, stratified

Case = Mapping[str, Any]
Seeded = dict[int, np.ndarray]
"""seed -> (W,) objectives on the test windows, or (1,) a number without windows."""
Pair = Callable[[Case], tuple[Seeded, Seeded] | None]


class Facts:
    """Queries of the object of results.json."""

    def __init__(self, results: Mapping[str, Any]) -> None:
        self.results = results
        self.experiment: Mapping[str, Any] = results["experiment"]
        self.hand: Mapping[str, Any] = self.experiment["handover"]
        self.cases: Sequence[Case] = [
            case for case in results["cases"] if {"reference", "best"} <= set(case)
        ]  # fmt: skip
        self.first = [case for case in self.cases if case["first"]]
        self.data = {dataset["label"]: dataset for dataset in results["data"]}

    def runs(self, case: Case, role: str, **fields: Any) -> list[Mapping[str, Any]]:
        """Runs of a case with these fields, sorted by seed.

        role: offline, scratch, handover or trial. variant: default "".
        """
        fields = {"variant": "", **fields}
        runs = [
            run for run in self.results["runs"]
            if run["case"] == case["name"] and run["role"] == role
            and all(run.get(key) == value for key, value in fields.items())
        ]  # fmt: skip
        return sorted(runs, key=lambda run: run["seed"])

    def seeded(self, case: Case, role: str, **fields: Any) -> Seeded:
        """Objectives of the runs of `runs` on the test windows, by seed."""
        return {run["seed"]: numbers(run["test"]) for run in self.runs(case, role, **fields)}

    def offline(self, case: Case, algorithm: str, tier: str, epsilon: float) -> Seeded:
        """Objectives of offline policies on the test windows, by seed."""
        return self.seeded(case, "offline", algorithm=algorithm, tier=tier, epsilon=epsilon)

    def hand_offline(self, case: Case, algorithm: str | None = None) -> Seeded:
        """Objectives of the policies from the data of the hand-over, by default of its algorithm."""
        return self.offline(case, algorithm or self.hand["algorithm"], self.hand["tier"], self.hand_epsilon)

    @property
    def ablated(self) -> str:
        """The role of the runs of the ablation; older results do not state it."""
        return str(self.experiment["ablation"].get("of", "handover"))

    @property
    def hand_epsilon(self) -> float:
        """Share of random actions in the data of the hand-over."""
        return 1.0 if self.hand["tier"] == "random" else float(self.hand["epsilon"])

    def reference(self, case: Case, name: str) -> np.ndarray | None:
        """(W,) objectives of a heuristic, the oracle or the bound; None if it was not run."""
        objectives = case["reference"].get(name)
        return None if objectives is None else numbers(objectives)

    def best(self, case: Case, seeds: Iterable[int]) -> Seeded:
        """Objectives of the best heuristic of the validation windows, the same for every seed."""
        objectives = numbers(case["reference"][case["best"]])
        return dict.fromkeys(seeds, objectives)

    def by_workload(self, cases: Sequence[Case]) -> dict[str, list[Case]]:
        """Cases of each workload, in order."""
        cases_of: dict[str, list[Case]] = {}
        for case in cases:
            cases_of.setdefault(case["workload"], []).append(case)
        return cases_of

    def groups(self, cases: Sequence[Case], pair: Pair) -> list[np.ndarray]:
        """(C, S, W) differences of the cases of each workload, stacked by equal shape."""
        groups = []
        for same in self.by_workload(cases).values():
            shaped: dict[tuple[int, ...], list[np.ndarray]] = {}
            for case in same:
                differences = paired_by_seed(pair(case))
                if differences is not None:
                    shaped.setdefault(differences.shape, []).append(differences)
            groups += [np.stack(stackable) for stackable in shaped.values()]
        return groups

    def spread(self, cases: Sequence[Case], pair: Pair, level: float = 0.95) -> Spread | None:
        """Mean difference over cases, with its interval; None without measurements."""
        groups = self.groups(cases, pair)
        return spread_of(groups, level)

    def less_best(self, runs_of: Callable[[Case], Seeded]) -> Pair:
        """A function of a case: its runs and its best heuristic."""

        def pair(case: Case) -> tuple[Seeded, Seeded]:
            learned = runs_of(case)
            return learned, self.best(case, learned)

        return pair

    def hand_less_best(self, case: Case) -> tuple[Seeded, Seeded]:
        """Objectives of the hand-over's runs and of the best heuristic."""
        learned = self.seeded(case, "handover")
        return learned, self.best(case, learned)


def spread_of(groups: Sequence[np.ndarray], level: float = 0.95) -> Spread | None:
    """`stratified`, or None if all numbers are NaN."""
    if not any((~np.isnan(group)).any() for group in groups):
        return None
    return stratified(groups, level)


def paired_by_seed(pair: tuple[Seeded, Seeded] | None) -> np.ndarray | None:
    """(S, W) differences for the common seeds; None without any."""
    if pair is None:
        return None
    values, baseline = pair
    seeds = sorted(set(values) & set(baseline))
    return np.stack([values[seed] - baseline[seed] for seed in seeds]) if seeds else None


def mean_over(parts: Sequence[Seeded]) -> Seeded:
    """The mean of several, for the common seeds."""
    if not parts:
        return {}
    seeds = set.intersection(*(set(part) for part in parts))
    return {seed: np.mean([part[seed] for part in parts], axis=0) for seed in seeds}


def numbers(values: Sequence[float | None]) -> np.ndarray:
    """(W,) values, with NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)
