"""Results of RLScheduler's case: means over windows, paired differences, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.presets.preset_files import Record
from experiments.presets.rlscheduler.rlscheduler_case import blocks
from experiments.results.statistics import stratified

AGENTS = ("agent", "agent, in order", "agent, in order, may wait")
NAMED = ("sjf", "f1", "wfp3")
"""The heuristics in the table of differences, each in the agent's setting."""


def summary_of(rows: Sequence[Record], first_jobs: Mapping[int, Sequence[int]]) -> list[Record]:
    """For each size of window: means by scheduler, and differences of agents to others of their setting."""
    return [
        _of_size([row for row in rows if row["jobs"] == length], length, first)
        for length, first in first_jobs.items()
    ]


def _of_size(rows: Sequence[Record], length: int, first: Sequence[int]) -> Record:
    settings = {str(row["scheduler"]): str(row["setting"]) for row in rows}
    values = {name: _blocked(rows, name, first, length) for name in settings}
    means = {
        name: {"setting": settings[name], **stratified([slowdown[None]]).as_dict()}
        for name, slowdown in values.items()
    }
    differences = [
        {
            "agent": agent,
            "other": other,
            **stratified([(values[agent] - values[other])[None]]).as_dict(),
        }
        for agent in AGENTS
        if agent in values
        for other in values
        if other not in AGENTS and settings[other] == settings[agent]
    ]
    return {
        "jobs": length,
        "windows": len(first),
        "blocks": len(blocks(first, length)),
        "schedulers": means,
        "differences": differences,
    }


def _blocked(rows: Sequence[Record], name: str, first: Sequence[int], length: int) -> np.ndarray:
    """(S, B) mean slowdown of a scheduler by seed and block of windows that share jobs."""
    matching = [row for row in rows if row["scheduler"] == name]
    seeds = sorted({row["seed"] for row in matching}, key=str)
    slowdown = {(row["seed"], row["first_job"]): row["slowdown"] for row in matching}
    return np.array(
        [
            [np.mean([slowdown[seed, first[window]] for window in block]) for block in blocks(first, length)]
            for seed in seeds
        ]
    )


def text(results: Record) -> str:
    """The table for the terminal with notes on its numbers, of the content of results.json."""
    lines = [f"RLScheduler's case on lublin_256: {results['metric']}", ""]
    sizes = results["summary"]
    for setting in ("no backfill", "backfill"):
        lines += _part(setting, sizes)
    lines += _differences(sizes)
    seeds, steps = len(results["seeds"]), results["steps"]
    lines += [
        "In brackets: 95 % intervals of the mean over windows (agents: and seeds), resampled; differences",
        "are paired by window. Windows that share jobs count as one. Estimates are the true run times.",
        "no backfill: nobody passes the first in order; a later arrival may come first in it. backfill:",
        "+easy or +greedy; the agent may start whoever fits, or wait. rule: what the agents imitate first.",
        f"agent: {seeds} seed{'s' * (seeds > 1)}, {steps:,} decisions of PPO after imitation, on synthetic",
        "Lublin-model jobs alone. docs/results/preset-rlscheduler.md tells more.",
    ]
    return "\n".join(lines)


def _part(setting: str, sizes: Sequence[Record]) -> list[str]:
    """Lines of the schedulers of a setting, the best at the largest windows first."""
    last = sizes[-1]["schedulers"]
    names = [name for name in last if last[name]["setting"] == setting]
    names.sort(key=lambda name: float(last[name]["mean"]))
    head = "".join(f"{size['windows']} windows of {size['jobs']:,} jobs".rjust(30) for size in sizes)
    lines = [f"{setting:26}{head}"]
    for name in names:
        cells = "".join(_cell(size["schedulers"][name]).rjust(30) for size in sizes)
        lines.append(f"  {name:24}{cells}")
    return [*lines, ""]


def _differences(sizes: Sequence[Record]) -> list[str]:
    """Lines of the differences of each agent to NAMED, F4 and the rules, in its setting."""
    lines = [
        f"{'difference (below 0: agent better)':41}" + "".join(f"{s['jobs']:,} jobs".rjust(30) for s in sizes)
    ]
    pairs = [(row["agent"], row["other"]) for row in sizes[0]["differences"]]
    for agent, other in pairs:
        if other.split("+")[0] not in (*NAMED, "f4") and not other.startswith("rule"):
            continue
        cells = [
            next(row for row in size["differences"] if (row["agent"], row["other"]) == (agent, other))
            for size in sizes
        ]
        lines.append(f"  {f'{agent} - {other}':39}" + "".join(_cell(cell).rjust(30) for cell in cells))
    return [*lines, ""]


def _cell(estimate: Record) -> str:
    interval = "-" if estimate["low"] is None else f"[{estimate['low']:.2f}, {estimate['high']:.2f}]"
    return f"{estimate['mean']:.2f} {interval}"
