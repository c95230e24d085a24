"""Results that no run gave, for the rules that judge them."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.launchpad.experiment_file import Experiment, TiersTable, WorkloadTable

SEEDS, WINDOWS = 5, 8
BEST, BOUND, ORACLE = 0.6, 0.9, 0.8
TIER_LEVELS = {"oracle": 0.70, "lookahead": 0.68, "heuristic": 0.65, "mixed": 0.60, "random": 0.50}
EXPERIMENT = Experiment(
    workload=(WorkloadTable(name="a", supplies=("both", "wind")), WorkloadTable(name="b")),
    tiers=TiersTable(),
)


def spread_out(mean: float, noise: float, seed: int) -> list[float]:
    """(W,) values of this mean, apart by the noise."""
    offsets = np.linspace(-noise, noise, WINDOWS)
    return (mean + np.roll(offsets, seed)).tolist()


def curve(first: float, last: float, reached: int, steps: int = 100_000) -> list[list[float]]:
    """Up in a straight line to `last`, reached at a step, and level from there."""
    return [[s, first + (last - first) * min(s / reached, 1.0)] for s in range(0, steps + 1, 1000)]


def results(
    *,
    learned: float = 0.66,
    offline: float = 0.65,
    tiers: dict[str, float] | None = None,
    noise: float = 0.0,
    scratch: list[list[float]] | None = None,
    hand: list[list[float]] | None = None,
    variants: dict[str, float] | None = None,
    ablated: str = "handover",
    seeds: int = SEEDS,
    bound: float = BOUND,
) -> dict[str, Any]:
    """results.json as if all runs of a role had these means on the test windows."""
    levels = tiers or TIER_LEVELS
    cases = [
        _case("a", "both", True, bound),
        _case("a", "wind", False, bound),
        _case("b", "both", True, bound),
    ]
    runs, data = [], []
    for case in cases:
        name = case["name"]
        data.append({
            "label": f"{name}/data", "case": name, "tier": "heuristic", "epsilon": 0.1, "wall_s": 10.0,
            "decisions": 1000, "schedulers": ["h"], "returns": {"mean": 0.5},
        })  # fmt: skip
        for seed in range(seeds):
            common = {"case": name, "seed": seed, "training_s": 100.0, "steps": 100_000}
            for algorithm in ("bc", "crr", "cql"):
                for tier, level in levels.items() if case["tiers"] else [("heuristic", offline)]:
                    for epsilon in (1.0,) if tier == "random" else (0.0, 0.1):
                        mean = offline if tier == "heuristic" and tiers is None else level
                        runs.append({
                            **common, "role": "offline",
                            "label": f"{name}/{algorithm}-{tier}-{epsilon}-{seed}",
                            "algorithm": algorithm, "tier": tier, "epsilon": epsilon,
                            "variant": "",
                            "test": spread_out(mean, noise, seed), "curve": [[0, 0.1], [10, 0.5]],
                        })  # fmt: skip
            for role, found in (("scratch", scratch), ("handover", hand)):
                runs.append({
                    **common, "label": f"{name}/{role}-{seed}", "role": role, "variant": "",
                    "test": spread_out(learned, noise, seed),
                    "curve": found or curve(0.3 if role == "scratch" else 0.6, 0.7, 40_000),
                    "start": f"{name}/crr-heuristic-0.1-{seed}" if role == "handover" else None,
                    "data": f"{name}/data" if role == "handover" else None,
                })  # fmt: skip
            for variant, mean in (variants or {}).items() if name == "a" else ():
                runs.append({
                    **common, "label": f"{name}/{variant}-{seed}", "role": ablated, "variant": variant,
                    "test": spread_out(mean, noise, seed), "curve": curve(0.6, 0.7, 40_000),
                    "start": f"{name}/crr-heuristic-0.1-{seed}", "data": f"{name}/data",
                })  # fmt: skip
    return {
        "experiment": EXPERIMENT.model_dump() | {"seeds": seeds, "ablation": {"of": ablated}},
        "cases": cases, "runs": runs, "data": data,
        "failed": {}, "stages": 9, "hours": 1.0, "workers": 1, "provenance": {},
    }  # fmt: skip


def _case(workload: str, supply: str, first: bool, bound: float) -> dict[str, Any]:
    return {
        "name": workload if first else f"{workload}-{supply}", "workload": workload, "supply": supply,
        "load": 1.0, "first": first, "tiers": first, "ceiling": first, "best": "h", "validation": {"h": BEST},
        "windows": [f"w{place}" for place in range(WINDOWS)],
        "reference": {"h": [BEST] * WINDOWS}
        | ({"oracle=1000": [ORACLE] * WINDOWS, "bound": [bound] * WINDOWS} if first else {}),
    }  # fmt: skip
