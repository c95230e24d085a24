"""The table of GAS-MARL's case for a terminal, and what its numbers mean."""

from __future__ import annotations

from typing import Any

from experiments.presets.gas_marl.gas_marl_forecast import PERFECT
from experiments.presets.gas_marl.gas_marl_schedulers import AGENT, PUBLISHED
from experiments.results.text_table import aligned_lines

COLUMNS = (
    "scheduler", "forecast", "slowdown", "renewable", "score", "95 %", "wait", "makespan", "energy", "grid",
)  # fmt: skip
MARK = "†"


def table(results: dict[str, Any]) -> str:
    """Rows best first, the published ones below, and notes."""
    rows = [_row(row) for row in sorted(results["summary"], key=lambda row: -row["score"])]
    rows += [
        [
            f"{name} (published)",
            f"{PERFECT} {MARK}",
            f"{slowdown:.2f}",
            f"{share:.4f}",
            f"{score:.3f}",
            *["-"] * 5,
        ]
        for name, slowdown, share, score in sorted(PUBLISHED, key=lambda published: -published[3])
    ]
    return "\n".join(
        [_heading(results), *aligned_lines([list(COLUMNS), *rows], words=2), "", *_notes(results)]
    )


def _heading(results: dict[str, Any]) -> str:
    return (
        f"gas-marl: {results['windows']} windows of {results['jobs_per_window']} jobs, "
        f"score = renewable share - {results['eta']} x mean bounded slowdown"
    )


def _row(row: dict[str, Any]) -> list[str]:
    name = row["scheduler"]
    if name == AGENT:
        name += f" ({row['seeds']} seed{'s' * (row['seeds'] != 1)})"
    forecast = row["forecast"] or "-"
    return [
        name,
        f"{forecast} {MARK}" if forecast == PERFECT else forecast,
        f"{row['mean_bounded_slowdown']:.2f}",
        f"{row['renewable_share']:.4f}",
        f"{row['score']:.3f}",
        "-" if row["score_low"] is None else f"{row['score_low']:.3f} to {row['score_high']:.3f}",
        f"{row['mean_wait_s'] / 3600:.1f} h",
        f"{row['makespan_s'] / 86400:.1f} d",
        f"{row['energy_kwh']:,.0f} kWh",
        f"{row['grid_kwh']:,.0f} kWh",
    ]


def _notes(results: dict[str, Any]) -> list[str]:
    return [
        f"{MARK} clairvoyant: sees the true supply of the next 24 hours. In all rows run times stand in for",
        "  estimates: the trace has none. published: the paper's public code on these windows, which",
        "  backfills by a rule of its own.",
        "realistic: forecasts with the errors of real ones (docs/forecasts.md); all else is the same.",
        "Any job may be delayed without limit, and is: see makespan. Static power is drawn until the last",
        "  job ends, so delay also raises the energy that the share is of; grid is what it comes to.",
        f"95 %: over seeds and {results['blocks']} blocks of windows that share no job; so few say little.",
    ]
