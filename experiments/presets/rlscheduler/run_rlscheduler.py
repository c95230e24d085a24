"""`rare compare --preset rlscheduler`: RLScheduler's case on fixed windows, with and without backfill.

docs/results/preset-rlscheduler.md describes the case and its differences from the paper.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.engine.run_all import HERE, run_all
from experiments.engine.where import Where
from experiments.presets.preset_files import Record, cell_results, made_folder, write_results
from experiments.presets.rlscheduler.rlscheduler_case import (
    FILE,
    FIRST_JOBS,
    WINDOW_SEED,
    find_trace,
    read_trace,
)
from experiments.presets.rlscheduler.rlscheduler_cells import SeedTraining, Trace, WindowJudging
from experiments.presets.rlscheduler.rlscheduler_table import summary_of, text
from experiments.presets.rlscheduler.rlscheduler_training import ROUNDS, TRACES
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.runs.provenance import provenance
from experiments.training.train_folder import check_extra
from schedulers import make_scheduler
from traces.errors import InputError

__all__ = ["run", "text"]

SEEDS, STEPS = 3, 40_000
ORDERS = ("fcfs", "sjf", "f1", "f2", "f3", "f4", "wfp3", "unicef")
HEURISTICS = tuple(order + backfill for backfill in ("", "+easy", "+greedy") for order in ORDERS)


@dataclass(frozen=True)
class Plan:
    """What is compared, and the length of training. The command sets seeds, steps and schedulers alone."""

    first_jobs: Mapping[int, Sequence[int]] = dataclasses.field(default_factory=lambda: FIRST_JOBS)
    schedulers: tuple[str, ...] = HEURISTICS
    seeds: tuple[int, ...] = tuple(range(SEEDS))
    steps: int = STEPS
    rounds: int = ROUNDS
    traces: int = TRACES


def run(
    data: Sequence[str | Path],
    out: str | Path,
    *,
    schedulers: Sequence[str] = (),
    seeds: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    where: Where = HERE,
    display: ProgressDisplay = QUIET,
) -> Record:
    """Train missing agents in `out`/train, evaluate all on the windows, write results.json and table.txt.

    data: folders, one of which holds lublin_256.swf. schedulers: names of further ones. seeds: number of
    agents, from `seed` on. steps: decisions of PPO for each; 0: imitation alone. where: what trains and
    evaluates; but for times the results do not depend on it. Returns the content of results.json. InputError
    for missing files, unknown names and impossible numbers.
    """
    for name, value, least in (("seeds", seeds, 1), ("steps", steps, 0)):
        if value is not None and value < least:
            raise InputError(f"--{name} must be at least {least}, got {value}")
    more = tuple(name for name in dict.fromkeys(schedulers) if name not in HEURISTICS)
    plan = Plan(
        schedulers=(*HEURISTICS, *more),
        seeds=tuple(range(seed, seed + (SEEDS if seeds is None else seeds))),
        steps=STEPS if steps is None else steps,
    )
    return carry_out(plan, data, out, where=where, display=display)


def carry_out(
    plan: Plan,
    data: Sequence[str | Path],
    out: str | Path,
    *,
    where: Where = HERE,
    display: ProgressDisplay = QUIET,
) -> Record:
    """`run` with every number of a plan."""
    check_extra()
    trace = find_trace(data)
    read_trace(trace)  # a wrong file or name fails before training
    for name in plan.schedulers:
        make_scheduler(name)
    folder = made_folder(out).absolute()
    kept = cell_results(folder)
    training = SeedTraining(folder, plan.steps, plan.rounds, plan.traces, display)
    seeds = [training.cell(seed) for seed in plan.seeds]
    run_all(training, seeds, where, kept.book, display=display, label="training", unit="seeds", alone_s=0)
    judging = WindowJudging(Trace.of(trace, plan.first_jobs), folder, kept)
    runs = judging.cells(plan.schedulers, plan.seeds)
    run_all(judging, runs, where, kept.book, display=display, label="judging", unit="windows")
    rows = judging.rows(runs)
    results = {
        "preset": "rlscheduler",
        "metric": "mean bounded slowdown (tau 10 s), lower is better",
        "windows": {str(length): list(first) for length, first in plan.first_jobs.items()},
        "window_seed": WINDOW_SEED,
        "seeds": list(plan.seeds),
        "steps": plan.steps,
        "training": [training.report(seed) for seed in plan.seeds],
        "rows": rows,
        "summary": summary_of(rows, plan.first_jobs),
        "provenance": provenance(seed=plan.seeds[0], files={FILE: trace}),
    }
    write_results(folder, results, text(results))
    return results
