"""The table of GAS-MARL's case for a terminal, with notes on its numbers."""

from __future__ import annotations

from experiments.presets.gas_marl.gas_marl_forecast import PERFECT
from experiments.presets.gas_marl.gas_marl_schedulers import AGENT, PUBLISHED
from experiments.presets.preset_files import Record
from experiments.results.text_table import aligned_lines

COLUMNS = (
    "scheduler",
    "forecast",
    "slowdown",
    "renewable",
    "score",
    "95 %",
    "wait",
    "makespan",
    "energy",
    "grid",
)
MARK = "†"


def table(results: Record) -> str:
    """Our rows by score, best first, then the published ones, then notes."""
    rows = [_row(summary) for summary in sorted(results["summary"], key=lambda summary: -summary["score"])]
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


def _heading(results: Record) -> str:
    return (
        f"gas-marl: {results['windows']} windows of {results['jobs_per_window']} jobs, "
        f"score = renewable share - {results['eta']} x mean bounded slowdown"
    )


def _row(summary: Record) -> list[str]:
    name = summary["scheduler"]
    if name == AGENT:
        name += f" ({summary['seeds']} seed{'s' * (summary['seeds'] != 1)})"
    forecast = summary["forecast"] or "-"
    return [
        name,
        f"{forecast} {MARK}" if forecast == PERFECT else forecast,
        f"{summary['mean_bounded_slowdown']:.2f}",
        f"{summary['renewable_share']:.4f}",
        f"{summary['score']:.3f}",
        "-" if summary["score_low"] is None else f"{summary['score_low']:.3f} to {summary['score_high']:.3f}",
        f"{summary['mean_wait_s'] / 3600:.1f} h",
        f"{summary['makespan_s'] / 86400:.1f} d",
        f"{summary['energy_kwh']:,.0f} kWh",
        f"{summary['grid_kwh']:,.0f} kWh",
    ]


def _notes(results: Record) -> list[str]:
    return [
        f"{MARK} clairvoyant: sees the true supply of the next 24 hours. In all rows run times stand in for",
        "  estimates: the trace has none. published: the paper's public code on these windows, which",
        "  backfills by a rule of its own.",
        "realistic: forecasts with the errors of real ones (docs/reference/forecasts.md); all else is the same.",
        "Any job may be delayed without limit, and is: see makespan. Static power is drawn until the last",
        "  job ends, so delay also raises the energy that the share is of; grid is what it comes to.",
        f"95 %: over seeds and {results['blocks']} blocks of windows that share no job; so few say little.",
    ]
