"""Scores of schedulers on GAS-MARL's ten windows, with intervals that know that the windows overlap."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.presets.gas_marl.gas_marl_case import ETA, FIRST_JOBS, JOBS_PER_WINDOW
from experiments.presets.gas_marl.gas_marl_schedulers import Entrant
from rare import simulate
from rare.model import Case, Forecast
from traces.errors import InputError

RESAMPLES = 10_000
MEASURES = (
    "score", "mean_bounded_slowdown", "renewable_share", "mean_wait_s", "makespan_s", "energy_kwh",
    "grid_kwh",
)  # fmt: skip


def judge(
    entrants: Sequence[Entrant],
    cases: Sequence[Case],
    forecasts: dict[str, Forecast],
    first_jobs: Sequence[int] = FIRST_JOBS,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """One row for each scheduler and window. InputError if a run leaves jobs undone."""
    rows: list[dict[str, Any]] = []
    for entrant in entrants:
        for window, case in enumerate(cases):
            ahead = None if entrant.forecast is None else forecasts[entrant.forecast]
            rows.append(
                {
                    "scheduler": entrant.name,
                    "forecast": entrant.forecast,
                    "seed": entrant.seed,
                    "window": window,
                    "first_job": first_jobs[window],
                    **measured(dataclasses.replace(case, forecast=ahead), entrant.scheduler),
                }
            )
            tell(len(rows), len(entrants) * len(cases))
    return rows


def measured(case: Case, scheduler: Any) -> dict[str, float]:
    """What a window is judged by, and what makes it understood."""
    found = simulate(case, scheduler, record=False)
    numbers = found.metrics
    if numbers["jobs_completed"] != numbers["jobs_submitted"]:
        raise InputError(
            f"scheduler {found.scheduler!r}: left {numbers['jobs_unfinished']} jobs of a window undone when "
            f"the weather ended ({found.ended}), so it has no score"
        )
    kept = {name: float(numbers[name]) for name in MEASURES if name != "score"}
    return {"score": kept["renewable_share"] - ETA * kept["mean_bounded_slowdown"], **kept}


def blocks(first_jobs: Sequence[int] = FIRST_JOBS) -> list[list[int]]:
    """The windows that share jobs, directly or through others, together."""
    found: list[list[int]] = []
    end = -1
    for window in sorted(range(len(first_jobs)), key=lambda each: first_jobs[each]):
        if first_jobs[window] >= end:
            found.append([])
        found[-1].append(window)
        end = max(end, first_jobs[window] + JOBS_PER_WINDOW)
    return found


def summary(rows: Sequence[dict[str, Any]], first_jobs: Sequence[int] = FIRST_JOBS) -> list[dict[str, Any]]:
    """Means over windows and seeds of each scheduler and forecast, in the order of the rows.

    interval: 95 %, of the score, by resampling seeds and blocks of windows (`blocks`).
    """
    found = []
    together = blocks(first_jobs)
    for key in dict.fromkeys((row["scheduler"], row["forecast"]) for row in rows):
        own = [row for row in rows if (row["scheduler"], row["forecast"]) == key]
        seeds = list(dict.fromkeys(row["seed"] for row in own))
        scores = np.array([[row["score"] for row in own if row["seed"] == seed] for seed in seeds])
        low, high = interval(scores, together)
        found.append(
            {
                "scheduler": key[0],
                "forecast": key[1],
                **{name: float(np.mean([row[name] for row in own])) for name in MEASURES},
                "score_low": low,
                "score_high": high,
                "score_of_seeds": scores.mean(axis=1).tolist(),
                "lowest_window": float(scores.min()),
                "seeds": len(seeds),
                "windows": scores.shape[1],
            }
        )
    return found


def interval(
    scores: np.ndarray, together: Sequence[Sequence[int]], seed: int = 0
) -> tuple[float, float] | tuple[None, None]:
    """95 % percentile interval of the mean of (S, W) scores, seeds and blocks drawn with replacement.

    (None, None) for a single seed on a single block: there is nothing to resample.
    """
    if len(scores) * len(together) < 2:
        return None, None
    rng = np.random.Generator(np.random.PCG64(seed))
    sums = np.stack([scores[:, list(block)].sum(axis=1) for block in together], axis=1)  # (S, B)
    sizes = np.array([len(block) for block in together])
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        drawn = rng.integers(0, len(sizes), len(sizes))
        seeds = rng.integers(0, len(scores), len(scores))
        means[i] = sums[np.ix_(seeds, drawn)].sum() / (len(scores) * sizes[drawn].sum())
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
