"""Measures what docs/results/oracle.md says: `python -m docs.scripts.oracle_page tiny|levels|windows|steps [ARG]`.

tiny FIRST LAST: oracle, exact optimum and bound on tests.tiny_cases of these seeds.
levels FIRST LAST: the same with and without speed levels.
windows SCENARIO SPLIT [N]: bound, oracle and best heuristic on the first N windows of a split.
steps SCENARIO WINDOW: the bound with coarser and finer steps.
"""

from __future__ import annotations

import dataclasses
import sys
import time

import numpy as np

from rare.machine_events import Speed
from rare.model import Case
from rare.scenario.case_builder import build
from rare.scenario.load import load_scenario
from rare.scenario.windows import windows_of
from schedulers.oracle.bound import upper_bound
from schedulers.oracle.exact_search import exact_optimum
from schedulers.oracle.oracle_scheduler import Oracle
from tests.tiny_cases import tiny_case

SPEEDS = (Speed(745, 680), Speed(575, 510))
FINENESS = ((14_400, 2), (7200, 2), (3600, 2), (3600, 4), (3600, 8), (1800, 8), (900, 8))


def tiny(first: int, last: int) -> None:
    """Gaps as shares of the exact optimum, over the seeds that could be searched to the end."""
    oracle_gap, bound_gap, states, exact_s = [], [], [], []
    below = skipped = 0
    for seed in range(first, last):
        case = tiny_case(seed)
        began_s = time.perf_counter()
        exact = exact_optimum(case, most_states=30_000)
        exact_s.append(time.perf_counter() - began_s)
        if exact is None or exact.objective <= 0:
            skipped += 1
            continue
        oracle = Oracle(trials=400).for_case(case)
        bound = upper_bound(case, step_s=1800, late_spans=8, grant_share=0.0).bound
        assert oracle.planned is not None and bound is not None
        below += bound < exact.objective
        oracle_gap.append(1 - oracle.planned.objective / exact.objective)
        bound_gap.append(bound / exact.objective - 1)
        states.append(exact.states)
    for name, gaps in (("oracle below exact", oracle_gap), ("bound above exact", bound_gap)):
        low, middle, high = np.percentile(gaps, [25, 50, 75])
        print(f"{name}: median {middle:.2%}, quartiles {low:.2%} to {high:.2%}, mean {np.mean(gaps):.2%}")
    print(f"{len(oracle_gap)} cases, {skipped} left out, bound below exact: {below}")
    print(
        f"least oracle gap {min(oracle_gap):.2e}; states: median {np.median(states):.0f}, most {max(states)}"
    )
    print(f"exact: median {np.median(exact_s):.2f} s, most {max(exact_s):.1f} s")


def at_levels(case: Case) -> Case:
    """The case with the speed levels of `shaped`, and jobs of sensitivity 0.7."""
    part = dataclasses.replace(case.cluster.partitions[0], speeds=SPEEDS)
    cluster = dataclasses.replace(case.cluster, partitions=(part,))
    sensitivity = np.full(len(case.workload), 700)
    workload = dataclasses.replace(case.workload, sensitivity_milli=sensitivity)
    return dataclasses.replace(case, cluster=cluster, workload=workload)


def levels(first: int, last: int) -> None:
    """Means with and without levels over the seeds where anything can be earned."""
    rows = []
    for seed in range(first, last):
        case = tiny_case(seed)
        planned = Oracle(trials=200).for_case(at_levels(case)).planned
        assert planned is not None
        if planned.objective <= 0:
            continue
        row = [planned.full_speed, planned.objective]
        for one in (case, at_levels(case)):
            row.append(upper_bound(one, step_s=1800, late_spans=8, grant_share=0.0).bound or np.nan)
        for one in (case, at_levels(case)):
            exact = exact_optimum(one, most_states=10_000)
            row.append(np.nan if exact is None else exact.objective)
        rows.append(row)
    table = np.array(rows)
    both = table[np.isfinite(table).all(axis=1)]
    for name, some in (("cases", table[:, :4]), ("cases with both optima known", both)):
        means = some.mean(axis=0)
        print(f"{len(some)} {name}: oracle {means[0]:.4f} without levels, {means[1]:.4f} with; ", end="")
        print(f"bound {means[2]:.4f} and {means[3]:.4f}", end="")
        print(f"; optimum {means[4]:.4f} and {means[5]:.4f}" if len(means) > 4 else "")
    print(f"levels add more than 0.001 in {int((table[:, 1] > table[:, 0] + 0.001).sum())} cases")


def window_case(scenario: str, window: str) -> Case:
    """The case of a window."""
    loaded = load_scenario(scenario)
    return build(
        dataclasses.replace(loaded, scenario=loaded.scenario.model_copy(update={"window": window}))
    ).case


def windows(scenario: str, split: str, most: int) -> None:
    """One line a window, then medians and means."""
    rows = []
    for window in windows_of(load_scenario(scenario), split)[:most]:
        case = window_case(scenario, window.name)
        began_s = time.perf_counter()
        oracle = Oracle().for_case(case)
        plan_s = time.perf_counter() - began_s
        planned = oracle.planned
        assert planned is not None and planned.bound is not None
        bound, name = planned.bound.bound or np.nan, planned.started_with[0]
        rows.append((bound, planned.objective, planned.started_with[1], planned.bound.solve_s, plan_s))
        print(
            f"{window.name:<14} {len(case.workload):>5} jobs  best heuristic {rows[-1][2]:.4f} ({name})  "
            f"oracle {planned.objective:.4f}  bound {bound:.4f}  program {planned.bound.solve_s:.0f} s  "
            f"all {plan_s:.0f} s",
            flush=True,
        )
    table = np.array(rows)
    gap = 1 - table[:, 1] / table[:, 0]
    print(f"oracle below bound: median {np.median(gap):.1%}, mean {gap.mean():.1%}, most {gap.max():.1%}")
    gain = 100 * (table[:, 1] - table[:, 2])
    print(f"oracle less best heuristic of each window: mean {gain.mean():.1f} points, least {gain.min():.1f}")
    means = table.mean(axis=0)
    print(f"means: bound {means[0]:.4f} oracle {means[1]:.4f} heuristic {means[2]:.4f}")
    print(f"program: median {np.median(table[:, 3]):.0f} s, most {table[:, 3].max():.0f} s")


def steps(scenario: str, window: str) -> None:
    """The bound by length of steps and number of late spans."""
    case = window_case(scenario, window)
    for step_s, late_spans in FINENESS:
        bound = upper_bound(case, step_s=step_s, late_spans=late_spans)
        print(
            f"steps of {step_s:>6} s, {late_spans} late spans: bound {bound.bound or np.nan:.4f}, "
            f"{bound.rows:>7} rows, {bound.columns:>7} columns, {bound.solve_s:.0f} s, {bound.status}",
            flush=True,
        )


if __name__ == "__main__":
    command, *given = sys.argv[1:]
    if command in ("tiny", "levels"):
        {"tiny": tiny, "levels": levels}[command](int(given[0]), int(given[1]))
    elif command == "windows":
        windows(given[0], given[1], int(given[2]) if len(given) > 2 else 1000)
    else:
        steps(given[0], given[1])
