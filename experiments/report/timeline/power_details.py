"""The power, battery and queue of a run as steps of time, exact or as means over bins, for the timeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.figures.drawing.job_intervals import RUNNING
from experiments.figures.drawing.step_functions import mean_in
from experiments.figures.power_timeline import power_columns
from experiments.report.timeline.packed_columns import Packed, pack_numbers
from experiments.report.timeline.run_rows import RunRows

PARTS = ("renewable", "discharge", "grid", "charge", "curtailed", "grid_charge")  # W
COUNTS = ("queued", "running", "used", "asked")
DIGITS = 5  # of the largest power that are kept
SMALLEST_W = 0.001  # power.csv's own resolution


@dataclass(frozen=True)
class PowerSteps:
    """Columns constant between neighbouring edges. edges_s: (n+1,) s. columns: name -> (n,).

    W for PARTS, whose sums are the draw (first three) and the supply (renewable, charge, curtailed); Wh for
    `content`, at the beginning of each step; COUNTS are jobs and cores. width_s: of the bins, None where exact.
    """

    edges_s: np.ndarray
    columns: dict[str, np.ndarray]
    width_s: float | None = None


def power_steps(rows: RunRows) -> PowerSteps | None:
    """Every step of power.csv with the cores that waiting jobs ask for; None if no time passed."""
    if not len(rows.time_s) or rows.time_s[-1] <= rows.time_s[0]:
        return None
    last = np.append(np.diff(rows.time_s) > 0, True)
    table = rows.run.power[last]
    parts = power_columns(table)
    columns = {name: parts[name] for name in (*PARTS, "content")}
    columns |= {name: table[name].fillna(0).to_numpy(dtype=float) for name in ("queued", "running")}
    columns["used"] = table["used_cores"].fillna(0).to_numpy(dtype=float)
    columns["asked"] = rows.cores_over_time(rows.pieces["state"].to_numpy() != RUNNING)[last]
    return PowerSteps(rows.time_s[last], {name: values[:-1] for name, values in columns.items()})


def binned(steps: PowerSteps, bins: int) -> PowerSteps:
    """Means over `bins` bins of equal width, which keep the energy; the steps themselves if they are as few."""
    if len(steps.edges_s) - 1 <= bins:
        return steps
    edges_s = np.linspace(steps.edges_s[0], steps.edges_s[-1], bins + 1).round()
    edges_s = edges_s[np.append(True, np.diff(edges_s) > 0)]
    columns = {
        name: mean_in(edges_s, steps.edges_s, np.append(values, 0.0))
        for name, values in steps.columns.items()
    }
    return PowerSteps(edges_s, columns, float(np.diff(edges_s).max()))


def pack_steps(steps: PowerSteps) -> dict[str, Packed]:
    """The packed columns of steps by name, `edges` among them; columns that are zero throughout are left out."""
    packed = {"edges": pack_numbers(steps.edges_s, differences=True)}
    peak_w = max(float(steps.columns[name].max()) for name in PARTS)
    for name, values in steps.columns.items():
        if not values.any():
            continue
        if name in COUNTS:
            quantum = 1.0 if steps.width_s is None else 0.01
        else:
            quantum = _quantum(peak_w if name in PARTS else float(values.max()))
        packed[name] = pack_numbers(values, quantum=quantum, differences=name not in COUNTS)
    return packed


def _quantum(largest: float) -> float:
    """A power of ten, at most 10^-DIGITS of `largest`."""
    return max(SMALLEST_W, 10.0 ** (np.floor(np.log10(max(largest, SMALLEST_W))) - DIGITS))
