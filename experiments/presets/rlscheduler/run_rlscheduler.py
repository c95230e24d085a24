"""`rare compare --preset rlscheduler`: RLScheduler's case on windows of our own, with and without backfill.

docs/preset-rlscheduler.md tells what the case is, and what of it differs from the paper.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rare
from experiments.presets.preset_files import made_folder, write_results
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
    """What is compared and how long is trained. The command changes seeds, steps and schedulers alone."""

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
) -> dict[str, Any]:
    """Train what is missing in `out`/train, judge all on the windows, write results.json and table.txt there.

    data: folders, one of which holds lublin_256.swf. schedulers: further ones by name, beside the usual.
    seeds: how many agents are trained, from `seed` on. steps: decisions of PPO for each; 0: imitation alone.
    Returns what results.json holds. InputError for whatever cannot be done.
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
) -> dict[str, Any]:
    """`run` of a plan."""
    check_extra()
    trace = find_trace(data)
    episodes = test_episodes(read_trace(trace), plan.first_jobs)
    named = {name: make_scheduler(name) for name in plan.schedulers}  # a wrong name is told before training
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
        rows = [row for name, one in named.items() for row in _judge(name, one, episodes, display, task)]
        rows += [row for rule in rules for row in _judge(rule.name, rule, episodes, display, task)]
        for number in plan.seeds:
            rows += _judge_seed(_seed_folder(folder, number), number, episodes, display, task)
    found = {
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
    write_results(folder, found, text(found))
    return found


def setting_of(name: str) -> str:
    """Whether a scheduler lets anybody pass the first of its order."""
    if name in (RANKED, HELD, RULE_IN_ORDER, RULE_MAY_WAIT):
        return STRICT
    if name in (FREE, RULE):
        return BACKFILL
    scheduler = make_scheduler(name)
    return STRICT if isinstance(scheduler, Heuristic) and scheduler.backfill == "none" else BACKFILL


def _seed_folder(folder: Path, seed: int) -> Path:
    return folder / "train" / f"seed-{seed}"


def _train(plan: Plan, folder: Path, display: ProgressDisplay) -> list[dict[str, Any]]:
    """What came of each seed; those that are finished are not trained again."""
    wanted = {"steps": plan.steps, "rounds": plan.rounds, "traces": plan.traces}
    for seed in plan.seeds:
        facts = _seed_folder(folder, seed) / SEED_FACTS
        if facts.is_file() and read_json(facts)["wanted"] == wanted:
            continue
        told = train_seed(_seed_folder(folder, seed), seed, plan.steps, plan.rounds, plan.traces, display)
        write_json(facts, {"wanted": wanted, **told})
    return [dict(read_json(_seed_folder(folder, seed) / SEED_FACTS)) for seed in plan.seeds]


def _judge_seed(
    folder: Path, seed: int, episodes: Episodes, display: ProgressDisplay, task: Task
) -> list[dict[str, Any]]:
    """The three forms of the agent of one seed."""
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
) -> list[dict[str, Any]]:
    """A row for each window."""
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
                "scheduler": name, "setting": setting_of(name), "seed": seed, "jobs": window.placed_jobs,
                "first_job": window.first_job, "slowdown": float(result.metrics["mean_bounded_slowdown"]),
            }
        )  # fmt: skip
        task.advance()
    which = name if seed is None else f"{name}, seed {seed}"
    display.note(f"{which}: judged in {time.monotonic() - began_s:.1f} s")
    return rows
