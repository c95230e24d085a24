"""What orders that change with time and power gates cost, beside EASY on the same jobs.

Orders are asked about synthetic jobs with values and deadlines on a grid without limit; gates about a
scenario with wind, sun and forecasts. Queues differ between schedulers, so their length stands beside the
cost. CPU time, the best of repeats in turns.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.benchmarks.replay_speed import case_of, synthetic
from experiments.benchmarks.speed_table import aligned, ratio
from experiments.process.progress import ProgressDisplay
from rare import Case, simulate
from rare.scenario import build, load_scenario
from schedulers import make_scheduler
from traces.jobs.workload import Workload

BASE = "easy"
ORDERS = (BASE, "wfp3+easy", "atc+easy", "unicef+easy")
GATES = (BASE, "easy+green", "easy+price", "easy+carbon")
SCENARIO = "grid-tied"


def valued(count: int) -> Workload:
    """Synthetic jobs at a load of 0.95, so that some tens wait, with values and deadlines for the orders."""
    jobs = synthetic(count, load=0.95)
    values_u = 1000 * np.random.default_rng(0).integers(1, 100, count)
    return replace(jobs, value_u=values_u, deadline_s=jobs.submit_s + 4 * jobs.estimate_s + 36_000)


def rows_of(case: Case, what: str, schedulers: tuple[str, ...], repeats: int) -> list[dict[str, Any]]:
    """A row for each scheduler: CPU time of a decision, its ratio to EASY's, and the mean queue."""
    took_s = dict.fromkeys(schedulers, float("inf"))
    metrics: dict[str, dict[str, Any]] = {}
    for _ in range(repeats + 1):  # the first one compiles
        for name in schedulers:
            decider = make_scheduler(name)
            began_s = time.process_time()
            metrics[name] = simulate(case, decider, record=False).metrics
            took_s[name] = min(took_s[name], time.process_time() - began_s)
    rows = []
    for name in schedulers:
        found = metrics[name]
        waited_s = (found["mean_wait_s"] or 0) * found["jobs_completed"]
        rows.append(
            {
                "what": what,
                "scheduler": name,
                "jobs": len(case.workload),
                "decisions": found["decisions"],
                "jobs_waiting": waited_s / max(found["makespan_s"] or 0, 1),
                "us_each": 1e6 * took_s[name] / max(found["decisions"], 1),
            }
        )
    base = next(row["us_each"] for row in rows if row["scheduler"] == BASE)
    return [{**row, "ratio": row["us_each"] / base} for row in rows]


def measure(quick: bool, display: ProgressDisplay) -> dict[str, Any]:
    """Rows of orders, then of gates."""
    repeats = 1 if quick else 7
    display.note("orders and gates ...")
    jobs = valued(1_000 if quick else 10_000)
    scenario = build(load_scenario(SCENARIO)).case
    orders = rows_of(case_of(jobs), "synthetic, load 0.95", ORDERS, repeats)
    return {"rows": orders + rows_of(scenario, SCENARIO, GATES, repeats)}


def text(found: dict[str, Any]) -> str:
    """The rows as a table."""
    lines = [["jobs of", "scheduler", "jobs", "decisions", "jobs waiting", "us a decision", "to EASY"]]
    for row in found["rows"]:
        figures = [f"{row['jobs']:,}", f"{row['decisions']:,}", f"{row['jobs_waiting']:.0f}"]
        lines.append([row["what"], row["scheduler"], *figures, f"{row['us_each']:.2f}", ratio(row["ratio"])])
    return "Orders that change with time, and power gates\n" + aligned(lines, 2)
