"""The case of GAS-MARL: jobs of lublin_256.swf on 32 machines under wind and sun, the grid without limit.

GAS-MARL (Future Generation Computer Systems, 2025) schedules 1,024 jobs at a time and is evaluated by
share of renewable energy - 0.002 x mean bounded slowdown. This case reproduces its public evaluation: the
same ten windows, power curves and weather; jobs cannot be suspended, and any may be delayed.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.presets.preset_files import find_files
from rare.model import UNLIMITED_MW, Case, Cluster, Forecast, Inputs, Partition
from traces import read_workload
from traces.errors import InputError, quoted
from traces.files.documents import read_text, reads_file
from traces.jobs.workload import Workload

JOBS_PER_WINDOW = 1024
FIRST_JOBS = (6567, 7146, 919, 4498, 8632, 8217, 6890, 5225, 8064, 6122)
"""First job of each test window (0-based): as GAS-MARL's public code draws them for its ten test runs."""
ETA = 0.002  # score = renewable share - ETA x mean bounded slowdown
FIRST_SUBMIT_S = 5094  # of lublin_256.swf: hour 0 of the weather
HOUR_S = 3600
MOST_BYTES = 64 * 2**20
TEST_YEARS, TRAIN_YEARS = ("2016", "2017", "2018"), ("2019", "2020", "2021")
FORECAST_HOURS = 24

TURBINE_W, CUT_IN_M_S, RATED_M_S, CUT_OUT_M_S = 7200, 2.5, 15.0, 30.0
PANEL_EFFICIENCY, PANEL_M2 = 0.2, 200
USUAL_CORE_MW = 27_600
"""Mean of watts_per_processor.csv. Jobs have their own power: this only scales an agent's observations."""
MACHINES = Partition(
    nodes=32, cores_per_node=8, idle_mw=50_000, idle_nodes="on", core_mw=USUAL_CORE_MW
)  # 1,600 W in total, idle or not

_GAS_MARL = "the data of GAS-MARL's public code"
SOURCES = {
    "lublin_256.swf": "data/ of github.com/DIR-LAB/deep-batch-scheduler",
    "windspeed.csv": _GAS_MARL,
    "irradiance.csv": _GAS_MARL,
    "watts_per_processor.csv": _GAS_MARL,
}


@dataclass(frozen=True)
class Data:
    """The contents of the user's files. jobs: with their power. wind_m_s, sun_w_m2: (hours,) by year."""

    files: dict[str, Path]
    jobs: Workload
    watts: np.ndarray  # (jobs,) W per processor
    wind_m_s: dict[str, np.ndarray]
    sun_w_m2: dict[str, np.ndarray]


def read_data(folders: Sequence[str | Path]) -> Data:
    """Read the four files. InputError if one is missing or does not fit the case."""
    files = find_files(folders, SOURCES)
    jobs = read_workload(files["lublin_256.swf"])
    watts = _read_watts(files["watts_per_processor.csv"])
    if len(watts) != len(jobs):
        raise InputError(
            f"{files['watts_per_processor.csv']}: has {len(watts)} rows, {files['lublin_256.swf']} has "
            f"{len(jobs)} jobs; get both from the sources of this case"
        )
    years = TEST_YEARS + TRAIN_YEARS
    wind = _read_years(files["windspeed.csv"], years)
    sun = _read_years(files["irradiance.csv"], years)
    for year in years:
        if len(wind[year]) != len(sun[year]):
            raise InputError(
                f"{files['irradiance.csv']}: has {len(sun[year])} hours, windspeed.csv has {len(wind[year])}"
            )
    return Data(files, powered(jobs, watts), watts, wind, sun)


def powered(jobs: Workload, watts: np.ndarray) -> Workload:
    """The jobs with their power, of watts (jobs,) per processor."""
    return dataclasses.replace(jobs, power_mw=watts.astype(np.int64) * jobs.cores * 1000)


def wind_mw(speed_m_s: np.ndarray) -> np.ndarray:
    """Power of the turbine [mW] at wind speeds [m/s], from its curve rounded to 0.01 W."""
    share = np.minimum(speed_m_s - CUT_IN_M_S, RATED_M_S - CUT_IN_M_S) / (RATED_M_S - CUT_IN_M_S)
    turning = (speed_m_s > CUT_IN_M_S) & (speed_m_s < CUT_OUT_M_S)
    return _rounded_mw(np.where(turning, TURBINE_W * share, 0.0))


def sun_mw(irradiance_w_m2: np.ndarray) -> np.ndarray:
    """Power of the panels [mW] at irradiances [W/m2], rounded to 0.01 W."""
    return _rounded_mw(PANEL_EFFICIENCY * PANEL_M2 * irradiance_w_m2)


def _rounded_mw(power_w: np.ndarray) -> np.ndarray:
    return np.rint(np.round(power_w, 2) * 1000).astype(np.int64)


def supply_mw(data: Data, years: Sequence[str]) -> np.ndarray:
    """(hours,) power of wind and sun [mW] in these years, one after the other."""
    return np.concatenate([wind_mw(data.wind_m_s[year]) + sun_mw(data.sun_w_m2[year]) for year in years])


def hourly_inputs(supply: np.ndarray, first_s: int) -> Inputs:
    """Inputs of a supply by the hour (mW), its first hour at `first_s` of the jobs' clock."""
    hours = len(supply)
    zeros = np.zeros(hours, dtype=np.int64)
    return Inputs(
        change_s=first_s + HOUR_S * np.arange(hours),
        supply_mw=supply,
        import_limit_mw=np.full(hours, UNLIMITED_MW),
        price_u_per_kwh=zeros,
        carbon_ukg_per_kwh=zeros,
        end_s=first_s + HOUR_S * hours,
    )


def perfect_forecast(inputs: Inputs, hours: int = FORECAST_HOURS) -> Forecast:
    """The true supply of the present hour and those after it, issued each hour; 0 past the weather's end."""
    supply = np.append(inputs.supply_mw, np.zeros(hours - 1, np.int64))
    ahead = np.lib.stride_tricks.sliding_window_view(supply, hours)
    return forecast_of("perfect", int(inputs.change_s[0]), ahead, ahead, ahead)


def forecast_of(name: str, begin_s: int, median: np.ndarray, low: np.ndarray, high: np.ndarray) -> Forecast:
    """A forecast of the supply alone, (issues, hours) mW each, issued every hour from `begin_s` on."""
    zeros = np.zeros(median.shape, np.int64)
    return Forecast(name, begin_s, HOUR_S, HOUR_S, median, low, high, zeros, zeros)


def judged_cases(data: Data, first_jobs: Sequence[int] = FIRST_JOBS) -> list[Case]:
    """A case for each window, with an empty cluster and no other jobs. InputError if the trace is too short.

    They have no forecast: add one by `dataclasses.replace(case, forecast=...)`.
    """
    if max(first_jobs) + JOBS_PER_WINDOW > len(data.jobs):
        raise InputError(
            f"{data.files['lublin_256.swf']}: has {len(data.jobs)} jobs, the windows need "
            f"{max(first_jobs) + JOBS_PER_WINDOW}; get it from {SOURCES['lublin_256.swf']}"
        )
    inputs = hourly_inputs(supply_mw(data, TEST_YEARS), int(data.jobs.submit_s[0]))
    return [
        Case(data.jobs.select(first, first + JOBS_PER_WINDOW), Cluster((MACHINES,)), inputs)
        for first in first_jobs
    ]


@reads_file
def _read_watts(path: Path) -> np.ndarray:
    text = read_text(path, MOST_BYTES, f"get it from {_GAS_MARL}")
    try:
        watts = np.loadtxt(io.StringIO(text), dtype=np.int64, ndmin=1)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{path}: must hold one whole number a line, watts a processor ({quoted(error, 80)})"
        ) from None
    if len(watts) == 0 or watts.min() < 0 or watts.max() > 10_000:
        raise InputError(f"{path}: watts a processor must be from 0 to 10,000")
    return watts


@reads_file
def _read_years(path: Path, years: Sequence[str]) -> dict[str, np.ndarray]:
    """The columns of the years, (hours,) each. InputError for a missing column or a number below 0."""
    text = read_text(path, MOST_BYTES, f"get it from {_GAS_MARL}")
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        columns = {year: np.array([float(row[year]) for row in rows]) for year in years}
    except KeyError as error:
        raise InputError(f"{path}: has no column {error}; it needs the years {', '.join(years)}") from None
    except (TypeError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: an hour of it is not a number ({quoted(error, 80)})") from None
    if not rows or not all(np.isfinite(values).all() and (values >= 0).all() for values in columns.values()):
        raise InputError(f"{path}: every hour must be a number, 0 or more")
    return columns
