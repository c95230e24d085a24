"""Scores of schedulers on GAS-MARL's ten windows, with intervals that account for overlapping windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from experiments.presets.gas_marl.gas_marl_case import ETA, FIRST_JOBS, JOBS_PER_WINDOW
from experiments.presets.gas_marl.gas_marl_schedulers import Entrant
from experiments.presets.preset_files import Record
from rare import simulate
from rare.env.policies.policy import AnyScheduler
from rare.model import Case, Forecast
from traces.errors import InputError

RESAMPLES = 10_000
MEASURES = (
    "score",
    "mean_bounded_slowdown",
    "renewable_share",
    "mean_wait_s",
    "makespan_s",
    "energy_kwh",
    "grid_kwh",
)


def judge(
    entrants: Sequence[Entrant],
    cases: Sequence[Case],
    forecasts: dict[str, Forecast],
    first_jobs: Sequence[int] = FIRST_JOBS,
) -> list[Record]:
    """One row for each scheduler and window. InputError if a run leaves jobs undone.

    forecasts: by kind, as entrants name them. first_jobs: of the windows.
    """
    return [
        row_of(entrant, window, case, forecasts.get(entrant.forecast or ""), first_jobs)
        for entrant in entrants
        for window, case in enumerate(cases)
    ]


def row_of(
    entrant: Entrant,
    window: int,
    case: Case,
    forecast: Forecast | None,
    first_jobs: Sequence[int] = FIRST_JOBS,
) -> Record:
    """The row of a scheduler on a window. InputError if jobs are left undone."""
    return {
        "scheduler": entrant.name,
        "forecast": entrant.forecast,
        "seed": entrant.seed,
        "window": window,
        "first_job": first_jobs[window],
        **measured(dataclasses.replace(case, forecast=forecast), entrant.scheduler),
    }


def measured(case: Case, scheduler: AnyScheduler) -> dict[str, float]:
    """The MEASURES of a simulated case. InputError if jobs are left undone."""
    result = simulate(case, scheduler, record=False)
    numbers = result.metrics
    if numbers["jobs_completed"] != numbers["jobs_submitted"]:
        raise InputError(
            f"scheduler {result.scheduler!r}: left {numbers['jobs_unfinished']} jobs of a window undone when "
            f"the weather ended ({result.ended}), so it has no score"
        )
    measures = {name: float(numbers[name]) for name in MEASURES if name != "score"}
    return {"score": measures["renewable_share"] - ETA * measures["mean_bounded_slowdown"], **measures}


def blocks(first_jobs: Sequence[int] = FIRST_JOBS) -> list[list[int]]:
    """Groups of windows that share jobs, directly or through others, by window number."""
    groups: list[list[int]] = []
    end = -1
    for window in sorted(range(len(first_jobs)), key=lambda window: first_jobs[window]):
        if first_jobs[window] >= end:
            groups.append([])
        groups[-1].append(window)
        end = max(end, first_jobs[window] + JOBS_PER_WINDOW)
    return groups


def summary(rows: Sequence[Record], first_jobs: Sequence[int] = FIRST_JOBS) -> list[Record]:
    """Means over windows and seeds of each scheduler and forecast, in the order of the rows.

    score_low, score_high: 95 % interval, by resampling seeds and blocks of windows (`blocks`).
    """
    summaries = []
    window_blocks = blocks(first_jobs)
    for key in dict.fromkeys((row["scheduler"], row["forecast"]) for row in rows):
        matching = [row for row in rows if (row["scheduler"], row["forecast"]) == key]
        seeds = list(dict.fromkeys(row["seed"] for row in matching))
        scores = np.array([[row["score"] for row in matching if row["seed"] == seed] for seed in seeds])
        low, high = interval(scores, window_blocks)
        summaries.append(
            {
                "scheduler": key[0],
                "forecast": key[1],
                **{name: float(np.mean([row[name] for row in matching])) for name in MEASURES},
                "score_low": low,
                "score_high": high,
                "score_of_seeds": scores.mean(axis=1).tolist(),
                "lowest_window": float(scores.min()),
                "seeds": len(seeds),
                "windows": scores.shape[1],
            }
        )
    return summaries


def interval(
    scores: np.ndarray, window_blocks: Sequence[Sequence[int]], seed: int = 0
) -> tuple[float, float] | tuple[None, None]:
    """95 % percentile interval of the mean of (S, W) scores, seeds and blocks drawn with replacement.

    (None, None) for a single seed on a single block: there is nothing to resample.
    """
    if len(scores) * len(window_blocks) < 2:
        return None, None
    rng = np.random.Generator(np.random.PCG64(seed))
    sums = np.stack([scores[:, list(block)].sum(axis=1) for block in window_blocks], axis=1)  # (S, B)
    sizes = np.array([len(block) for block in window_blocks])
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        resampled = rng.integers(0, len(sizes), len(sizes))
        seeds = rng.integers(0, len(scores), len(scores))
        means[i] = sums[np.ix_(seeds, resampled)].sum() / (len(scores) * sizes[resampled].sum())
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
