"""The case of GAS-MARL (validation/README.md, section 3), built from the shared files."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from rare.model import UNLIMITED_MW, Case, Cluster, Inputs, Partition
from traces import read_workload

FIRST_SUBMIT_S = 5094
YEARS = ("2016", "2017", "2018")
TURBINE_W, CUT_IN, RATED, CUT_OUT = 7200, 2.5, 15.0, 30.0
PANEL_EFFICIENCY, PANEL_M2 = 0.2, 200
MACHINES = Partition(nodes=32, cores_per_node=8, idle_mw=50_000, idle_nodes="on")


def windows(shared: Path) -> dict[str, Any]:
    """First job of each window, and the published figures per window."""
    found: dict[str, Any] = json.loads((shared / "validation/gas_marl_windows.json").read_text())
    return found


def cases(shared: Path) -> list[Case]:
    """One case a window: 1,024 jobs on 32 machines under wind and sun, the grid without limit."""
    jobs = read_workload(shared / "data/workloads/lublin_256.swf")
    per_core_w = np.loadtxt(shared / "data/gas_marl/watts_per_processor.csv", dtype=np.int64)
    assert len(per_core_w) == len(jobs) and int(jobs.submit_s[0]) == FIRST_SUBMIT_S
    jobs = dataclasses.replace(jobs, power_mw=per_core_w * jobs.cores * 1000)
    found = windows(shared)
    length, supply = found["jobs_per_window"], inputs(shared / "data/gas_marl")
    return [
        Case(jobs.select(first, first + length), Cluster((MACHINES,)), supply)
        for first in found["windows_first_job_index"]
    ]


def inputs(folder: Path) -> Inputs:
    """Supply by the hour, hour 0 at the first submit of the trace."""
    wind_w = [_wind_w(v) for v in _hours(folder / "windspeed.csv")]
    solar_w = [round(PANEL_EFFICIENCY * PANEL_M2 * g, 2) for g in _hours(folder / "irradiance.csv")]
    supply_mw = [round(1000 * (wind + sun)) for wind, sun in zip(wind_w, solar_w, strict=True)]
    hours = len(supply_mw)
    nothing = np.zeros(hours, dtype=np.int64)
    return Inputs(
        change_s=FIRST_SUBMIT_S + 3600 * np.arange(hours),
        supply_mw=np.array(supply_mw, dtype=np.int64),
        import_limit_mw=np.full(hours, UNLIMITED_MW),
        price_u_per_kwh=nothing,
        carbon_ukg_per_kwh=nothing,
        end_s=FIRST_SUBMIT_S + 3600 * hours,
    )


def _hours(path: Path) -> list[float]:
    """The columns of the years, one after the other."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [float(row[year]) for year in YEARS for row in rows]


def _wind_w(speed: float) -> float:
    """Power curve of the turbine, to 0.01 W."""
    if speed <= CUT_IN or speed >= CUT_OUT:
        return 0.0
    return round(TURBINE_W * min(speed - CUT_IN, RATED - CUT_IN) / (RATED - CUT_IN), 2)
