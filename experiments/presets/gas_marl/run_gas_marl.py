"""`rare compare --preset gas-marl`: train for GAS-MARL's case, and evaluate on its ten windows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from experiments.engine.run_all import HERE, run_all
from experiments.engine.where import Where
from experiments.presets.gas_marl.gas_marl_agent import STEPS
from experiments.presets.gas_marl.gas_marl_case import (
    ETA,
    FIRST_JOBS,
    JOBS_PER_WINDOW,
    judged_cases,
    read_data,
)
from experiments.presets.gas_marl.gas_marl_cells import Files, SeedTraining, WindowJudging
from experiments.presets.gas_marl.gas_marl_judge import blocks, summary
from experiments.presets.gas_marl.gas_marl_schedulers import (
    AGENT,
    DEFAULT,
    DEFERRAL,
    PUBLISHED,
    heuristic,
)
from experiments.presets.gas_marl.gas_marl_text import table
from experiments.presets.preset_files import Record, cell_results, made_folder, write_results
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.runs.provenance import provenance
from traces.errors import InputError

SEEDS = 3


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
    """Train missing agents in out/train/seed-K, evaluate all, write out/results.json and out/table.txt.

    data: folders with the four files. schedulers: names of heuristics, `deferral`, `agent`; default: all of
    the table. seeds: number of agents, `seed` the first. steps: decisions of PPO after imitation. where: what
    trains and evaluates; but for times the results do not depend on it. Returns the content of results.json.
    InputError for missing files, unknown names and impossible numbers.
    """
    began_s = time.monotonic()
    names, count = list(schedulers or DEFAULT), SEEDS if seeds is None else seeds
    ppo_steps = STEPS if steps is None else steps
    _check(names, count, ppo_steps)
    inputs = read_data(data)
    cases = judged_cases(inputs)
    folder = made_folder(out).absolute()
    files, kept = Files.of(data, inputs), cell_results(folder)
    training = SeedTraining(files, folder, ppo_steps, display)
    seeds_of_agents = range(seed, seed + count) if AGENT in names else ()
    trainings = {number: training.cell(number) for number in seeds_of_agents}
    book, cells = kept.book, list(trainings.values())
    run_all(training, cells, where, book, display=display, label="training", unit="seeds", alone_s=0)
    trained_s = time.monotonic() - began_s
    agents = tuple((number, training.checkpoint(cell)) for number, cell in trainings.items())
    judging = WindowJudging(files, kept, seed, agents)
    runs = judging.cells(names, len(cases))
    run_all(judging, runs, where, book, display=display, label="judging", unit="windows")
    rows = judging.rows(runs)
    published_columns = ("scheduler", "mean_bounded_slowdown", "renewable_share", "score")
    results = {
        "preset": "gas-marl",
        "windows": len(cases),
        "jobs_per_window": JOBS_PER_WINDOW,
        "eta": ETA,
        "blocks": len(blocks(FIRST_JOBS)),
        "seeds": count if agents else 0,
        "steps": ppo_steps,
        "summary": summary(rows),
        "rows": rows,
        "published": [dict(zip(published_columns, row, strict=True)) for row in PUBLISHED],
        "train_s": trained_s,
        "judge_s": time.monotonic() - began_s - trained_s,
        "provenance": provenance(seed=seed, files=inputs.files),
    }
    write_results(folder, results, text(results))
    return results


def text(results: Record) -> str:
    """The table for the terminal, of the content of results.json."""
    return table(results)


def _check(names: Sequence[str], seeds: int, steps: int) -> None:
    """InputError for wrong names and numbers, before anything is read or trained."""
    if seeds < 1:
        raise InputError(f"--seeds must be at least 1, got {seeds}")
    if steps < 0:
        raise InputError(f"--steps must not be negative, got {steps}")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"scheduler {name!r} is given twice; name each once")
        if name not in (DEFERRAL, AGENT):
            heuristic(name)
