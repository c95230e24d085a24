"""The table of GAS-MARL's case for a terminal, and what its numbers mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.presets.gas_marl.gas_marl_forecast import PERFECT
from experiments.presets.gas_marl.gas_marl_schedulers import AGENT, PUBLISHED

COLUMNS = (
    "scheduler", "forecast", "slowdown", "renewable", "score", "95 %", "wait", "makespan", "energy", "grid",
)  # fmt: skip
MARK = "†"


def table(found: dict[str, Any]) -> str:
    """Rows best first, the published ones below, and notes."""
    rows = [_row(each) for each in sorted(found["summary"], key=lambda each: -each["score"])]
    rows += [
        [f"{name} (published)", f"{PERFECT} {MARK}", f"{slowdown:.2f}", f"{share:.4f}", f"{score:.3f}",
         *["-"] * 5]
        for name, slowdown, share, score in sorted(PUBLISHED, key=lambda each: -each[3])
    ]  # fmt: skip
    return "\n".join([_heading(found), *_aligned([list(COLUMNS), *rows]), "", *_notes(found)])


def _heading(found: dict[str, Any]) -> str:
    return (
        f"gas-marl: {found['windows']} windows of {found['jobs_per_window']} jobs, score = renewable share - "
        f"{found['eta']} x mean bounded slowdown"
    )


def _row(each: dict[str, Any]) -> list[str]:
    name = each["scheduler"]
    if name == AGENT:
        name += f" ({each['seeds']} seed{'s' * (each['seeds'] != 1)})"
    forecast = each["forecast"] or "-"
    return [
        name,
        f"{forecast} {MARK}" if forecast == PERFECT else forecast,
        f"{each['mean_bounded_slowdown']:.2f}",
        f"{each['renewable_share']:.4f}",
        f"{each['score']:.3f}",
        "-" if each["score_low"] is None else f"{each['score_low']:.3f} to {each['score_high']:.3f}",
        f"{each['mean_wait_s'] / 3600:.1f} h",
        f"{each['makespan_s'] / 86400:.1f} d",
        f"{each['energy_kwh']:,.0f} kWh",
        f"{each['grid_kwh']:,.0f} kWh",
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _notes(found: dict[str, Any]) -> list[str]:
    return [
        f"{MARK} clairvoyant: sees the true supply of the next 24 hours. In all rows run times stand in for",
        "  estimates: the trace has none. published: the paper's public code on these windows, which",
        "  backfills by a rule of its own.",
        "realistic: forecasts with the errors of real ones (docs/forecasts.md); all else is the same.",
        "Any job may be delayed without limit, and is: see makespan. Static power is drawn until the last",
        "  job ends, so delay also raises the energy that the share is of; grid is what it comes to.",
        f"95 %: over seeds and {found['blocks']} blocks of windows that share no job; so few say little.",
    ]
