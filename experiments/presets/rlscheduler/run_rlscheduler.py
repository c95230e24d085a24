"""`rare compare --preset rlscheduler`: RLScheduler's case on fixed windows, with and without backfill.

docs/preset-rlscheduler.md describes the case and its differences from the paper.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import rare
from experiments.presets.preset_files import Record, made_folder, write_results
from experiments.presets.rlscheduler.rlscheduler_agents import Rule, in_order
from experiments.presets.rlscheduler.rlscheduler_case import (
    FILE,
    FIRST_JOBS,
    WINDOW_SEED,
    find_trace,
    read_trace,
    test_episodes,
)
from experiments.presets.rlscheduler.rlscheduler_table import summary_of, text
from experiments.presets.rlscheduler.rlscheduler_training import AGENT, ORDER, ROUNDS, TRACES, train_seed
from experiments.process.progress import QUIET, ProgressDisplay, Task
from experiments.runs.provenance import provenance
from experiments.training.train_folder import check_extra, read_json
from rare.env.policies.policy import AnyScheduler
from rare.episodes import Episodes, window_case
from schedulers import Heuristic, make_scheduler
from traces.errors import InputError
from traces.files.atomic import write_json

__all__ = ["run", "text"]

SEED_FACTS = "seed.json"
SEEDS, STEPS = 3, 40_000
ORDERS = ("fcfs", "sjf", "f1", "f2", "f3", "f4", "wfp3", "unicef")
STRICT, BACKFILL = "no backfill", "backfill"
HEURISTICS = tuple(order + backfill for backfill in ("", "+easy", "+greedy") for order in ORDERS)
RULE, RULE_IN_ORDER, RULE_MAY_WAIT = "rule", "rule, in order", "rule, in order, may wait"
FREE, RANKED, HELD = "agent", "agent, in order", "agent, in order, may wait"
AGENT_FORMS = len((FREE, RANKED, HELD))


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
    display: ProgressDisplay = QUIET,
) -> Record:
    """Train missing agents in `out`/train, evaluate all on the windows, write results.json and table.txt.

    data: folders, one of which holds lublin_256.swf. schedulers: names of further ones. seeds: number of
    agents, from `seed` on. steps: decisions of PPO for each; 0: imitation alone. Returns the content of
    results.json. InputError for missing files, unknown names and impossible numbers.
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
    return carry_out(plan, data, out, display=display)


def carry_out(
    plan: Plan, data: Sequence[str | Path], out: str | Path, *, display: ProgressDisplay = QUIET
) -> Record:
    """`run` with every number of a plan."""
    check_extra()
    trace = find_trace(data)
    episodes = test_episodes(read_trace(trace), plan.first_jobs)
    named = {name: make_scheduler(name) for name in plan.schedulers}  # a wrong name fails before training
    folder = made_folder(out)
    trained = _train(plan, folder, display)
    rules = (
        Rule(RULE),
        Rule(RULE_IN_ORDER, in_order=True),
        Rule(RULE_MAY_WAIT, in_order=True, may_wait=True),
    )
    judged = len(named) + len(rules) + AGENT_FORMS * len(plan.seeds)
    with display.task("judging", "windows") as task:
        task.update(0, judged * len(episodes.episodes))
        rows = [
            row
            for name, scheduler in named.items()
            for row in _judge(name, scheduler, episodes, display, task)
        ]
        rows += [row for rule in rules for row in _judge(rule.name, rule, episodes, display, task)]
        for number in plan.seeds:
            rows += _judge_seed(_seed_folder(folder, number), number, episodes, display, task)
    results = {
        "preset": "rlscheduler",
        "metric": "mean bounded slowdown (tau 10 s), lower is better",
        "windows": {str(length): list(first) for length, first in plan.first_jobs.items()},
        "window_seed": WINDOW_SEED,
        "seeds": list(plan.seeds),
        "steps": plan.steps,
        "training": trained,
        "rows": rows,
        "summary": summary_of(rows, plan.first_jobs),
        "provenance": provenance(seed=plan.seeds[0], files={FILE: trace}),
    }
    write_results(folder, results, text(results))
    return results


def setting_of(name: str) -> str:
    """STRICT for a scheduler without backfill, else BACKFILL; by its name."""
    if name in (RANKED, HELD, RULE_IN_ORDER, RULE_MAY_WAIT):
        return STRICT
    if name in (FREE, RULE):
        return BACKFILL
    scheduler = make_scheduler(name)
    return STRICT if isinstance(scheduler, Heuristic) and scheduler.backfill == "none" else BACKFILL


def _seed_folder(folder: Path, seed: int) -> Path:
    return folder / "train" / f"seed-{seed}"


def _train(plan: Plan, folder: Path, display: ProgressDisplay) -> list[Record]:
    """The report of each seed (`train_seed`); seeds trained with the same plan are not trained again."""
    settings = {"steps": plan.steps, "rounds": plan.rounds, "traces": plan.traces}
    for seed in plan.seeds:
        facts = _seed_folder(folder, seed) / SEED_FACTS
        if facts.is_file() and read_json(facts)["wanted"] == settings:
            continue
        report = train_seed(_seed_folder(folder, seed), seed, plan.steps, plan.rounds, plan.traces, display)
        write_json(facts, {"wanted": settings, **report})
    return [dict(read_json(_seed_folder(folder, seed) / SEED_FACTS)) for seed in plan.seeds]


def _judge_seed(
    folder: Path, seed: int, episodes: Episodes, display: ProgressDisplay, task: Task
) -> list[Record]:
    """Rows of the agent of one seed: free, in order, and in order with waiting."""
    agent, order = folder / AGENT, folder / ORDER
    return [
        *_judge(FREE, make_scheduler(str(agent)), episodes, display, task, seed),
        *_judge(RANKED, in_order(RANKED, order), episodes, display, task, seed),
        *_judge(HELD, in_order(HELD, order, agent), episodes, display, task, seed),
    ]


def _judge(
    name: str,
    scheduler: AnyScheduler,
    episodes: Episodes,
    display: ProgressDisplay,
    task: Task,
    seed: int | None = None,
) -> list[Record]:
    """A row for each window. InputError if jobs are left undone."""
    began_s, rows = time.monotonic(), []
    for window in episodes.episodes:
        result = rare.simulate(window_case(episodes.case, window), scheduler)
        if result.metrics["jobs_completed"] != window.placed_jobs:
            remedy = "leave it out" if seed is None else f"seed {seed} learned too little; give more --steps"
            raise InputError(
                f"scheduler {name!r}: left jobs of the window from job {window.first_job} undone "
                f"({result.ended}); {remedy}"
            )
        rows.append(
            {
                "scheduler": name,
                "setting": setting_of(name),
                "seed": seed,
                "jobs": window.placed_jobs,
                "first_job": window.first_job,
                "slowdown": float(result.metrics["mean_bounded_slowdown"]),
            }
        )  # fmt: skip
        task.advance()
    label = name if seed is None else f"{name}, seed {seed}"
    display.note(f"{label}: judged in {time.monotonic() - began_s:.1f} s")
    return rows
