"""The power of a scenario: sources read, sized by the peak draw, and put on the workload's clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.calendar import DAY_S, TimeJoin, join
from experiments.config import BatteryTable, Scenario, SourceTable
from experiments.scenario import Loaded
from rare.model import NEVER_S, NO_BATTERY, UNLIMITED_MW, Battery, Cluster, Inputs
from traces.errors import InputError
from traces.power_csv import read_power
from traces.series import PowerSeries, total
from traces.timezones import find_zone
from traces.workload import Workload

MJ_PER_KWH = 3_600_000_000
MW_PER_KW = 1_000_000
MICRO = 1_000_000


def check_zone(name: str | None, key: str) -> None:
    """InputError, beginning with the key, for a name that is no time zone."""
    if name is not None:
        try:
            find_zone(name)
        except InputError as error:
            raise InputError(f"{key}: {error}") from None


def read_supply(
    loaded: Loaded, cluster: Cluster, files: dict[str, Path], notes: list[str]
) -> PowerSeries | None:
    """The sum of the sources at their sizes, or None without a renewable supply."""
    supply = loaded.scenario.supply
    if supply.resolved_kind != "series":
        return None
    check_zone(supply.site_zone, "supply.site_zone")
    parts = []
    for place, source in enumerate(supply.source):
        if source.file is None:
            raise InputError(
                f"{loaded.label}: supply.source.{place}.file is missing; give it, or --power FILE"
            )
        files[f"supply.{place}"] = path = loaded.path(source.file)
        parts.append(_sized(_read_source(path, source, f"supply.source.{place}"), source, cluster, place))
    series = total(parts)
    raw = all(source.peak is None and source.peak_kw is None for source in supply.source)
    ratio = series.peak_mw / max(1, cluster.peak_draw_mw)
    if raw and not 0.01 <= ratio <= 100:
        notes.append(
            f"the supply's maximum is {series.peak_mw / MW_PER_KW:g} kW and the cluster's peak draw "
            f"{cluster.peak_draw_mw / MW_PER_KW:g} kW; --set supply.source.0.peak=1 scales one to the other"
        )
    return series


def _read_source(path: Path, source: SourceTable, where: str) -> PowerSeries:
    try:
        return read_power(
            path,
            columns=list(source.columns) if source.columns else None,
            unit=source.unit,
            stamp=source.stamp,
            zone=source.zone,
            gaps=source.gaps,
            negatives=source.negatives,
            time_column=source.time_column,
        )
    except InputError as error:
        # What the reader calls an argument is a key of this table.
        raise InputError(str(error) if str(path) in str(error) else f"{where}: {error}") from None


def _sized(series: PowerSeries, source: SourceTable, cluster: Cluster, place: int) -> PowerSeries:
    if source.peak is not None:
        return series.scaled_to_peak(_of_peak(source.peak, cluster, f"supply.source.{place}.peak"))
    if source.peak_kw is not None:
        return series.scaled_to_peak(round(source.peak_kw * MW_PER_KW))
    if source.scale is not None:
        return series.scaled(round(source.scale * MICRO), MICRO)
    return series


def _of_peak(ratio: float, cluster: Cluster, where: str) -> int:
    """A ratio to the cluster's peak draw in mW."""
    if cluster.peak_draw_mw == 0:
        raise InputError(
            f"{where}: is a ratio to the peak draw, but no node draws any power; give idle_w and core_w"
        )
    return round(ratio * cluster.peak_draw_mw)


def _import_limit_mw(scenario: Scenario, cluster: Cluster, notes: list[str]) -> int:
    grid, kind = scenario.grid, scenario.supply.resolved_kind
    if kind == "unlimited" or grid.unlimited:
        return UNLIMITED_MW
    if grid.import_ratio is not None:
        return _of_peak(grid.import_ratio, cluster, "grid.import_ratio")
    if grid.import_kw is not None:
        return round(grid.import_kw * MW_PER_KW)
    if kind == "none" and grid.unlimited is None:
        return UNLIMITED_MW
    if grid.unlimited is None:
        notes.append(
            "no import limit is given, so there is no grid beside the supply (islanded); "
            "--set grid.unlimited=true or --set grid.import_ratio=R adds one"
        )
    return 0


def make_inputs(
    scenario: Scenario, jobs: Workload, cluster: Cluster, series: PowerSeries | None, notes: list[str]
) -> tuple[Inputs, TimeJoin | None]:
    """What changes from outside, on the workload's clock, and how the calendars were joined."""
    begin_s = int(jobs.submit_s[0])
    limit_mw = _import_limit_mw(scenario, cluster, notes)
    joined = None
    if series is None:
        change_s, supply_mw, end_s = np.array([begin_s]), np.array([0]), NEVER_S
    else:
        supply, time = scenario.supply, scenario.time
        if jobs.origin_utc is not None and jobs.zone is None and time.calendar != "none":
            notes.append(
                f"{jobs.name}: names no time zone, so its clock is read as the site's; give workload.zone"
            )
        joined = join(
            begin_s=begin_s,
            origin_utc=jobs.origin_utc,
            trace_zone=jobs.zone,
            supply_start_utc=series.start_utc,
            supply_span_s=series.end_s,
            site_zone=supply.site_zone or supply.source[0].zone or "UTC",
            calendar=time.calendar,
            supply_start_s=time.supply_start_s,
            repeats=supply.repeat,
        )
        change_s, supply_mw, end_s = _on_workload_clock(series, joined, jobs, cluster, supply.repeat)
        _note_short_supply(jobs, end_s, supply.repeat, notes)
    grid = scenario.grid

    def same(value: float) -> np.ndarray:
        return np.full(len(change_s), round(value), dtype=np.int64)

    inputs = Inputs(
        change_s.astype(np.int64),
        supply_mw.astype(np.int64),
        same(limit_mw),
        same((grid.price_per_kwh or 0.0) * MICRO),
        same((grid.carbon_g_per_kwh or 0.0) * 1000),
        same(cluster.pue_per_mille),
        end_s=end_s,
        renewable=series is not None,
        priced=grid.price_per_kwh is not None,
        carbon_known=grid.carbon_g_per_kwh is not None,
    )
    return inputs, joined


def _on_workload_clock(
    series: PowerSeries, joined: TimeJoin, jobs: Workload, cluster: Cluster, repeat: bool
) -> tuple[np.ndarray, np.ndarray, int]:
    """The series from the first job on, in seconds of the workload's clock."""
    begin_s = int(jobs.submit_s[0])
    begin = begin_s - joined.shift_s
    if begin < 0 or (begin >= series.end_s and not repeat):
        raise InputError(
            f"the first job is submitted {abs(begin)} s {'before' if begin < 0 else 'after'} the supply's "
            f"start, which covers {series.end_s} s; change time.calendar or time.supply_start_s"
        )
    if repeat:
        whole_days = series.end_s // DAY_S * DAY_S
        if whole_days:  # else the hours of the day would drift from one round to the next
            series = series.slice(0, whole_days)
        series = series.repeat(begin + _horizon_s(jobs, cluster))
    series = series.slice(begin, series.end_s)
    return series.change_s + begin_s, series.power_mw, series.end_s + begin_s


def _horizon_s(jobs: Workload, cluster: Cluster) -> int:
    """Room for a repeated supply: eight times what the jobs need on a busy cluster, and a year."""
    span_s = int(jobs.submit_s[-1] - jobs.submit_s[0])
    core_s = float((jobs.cores.astype(float) * jobs.work_s).sum())
    busy_s = int(core_s / max(1, cluster.cores))
    return 8 * max(span_s, busy_s, int(jobs.work_s.max(initial=0))) + 366 * DAY_S


def _note_short_supply(jobs: Workload, end_s: int, repeat: bool, notes: list[str]) -> None:
    late = int((jobs.submit_s >= end_s).sum())
    if late:
        notes.append(
            f"the supply ends before {late} of {len(jobs)} jobs are submitted; the run ends with it "
            "(supply_end). --set supply.repeat=true starts it again"
        )
    elif not repeat and int((jobs.submit_s + jobs.work_s).max()) > end_s:
        notes.append(
            "the supply ends before the last jobs can end; the run ends with it (supply_end). "
            "--set supply.repeat=true starts it again"
        )


def make_battery(scenario: Scenario, cluster: Cluster) -> Battery:
    """The scenario's battery at its size; none beside unlimited power, which would never need it."""
    table: BatteryTable = scenario.battery
    if not table.present or scenario.supply.resolved_kind == "unlimited":
        return NO_BATTERY
    if table.kwh is not None:
        capacity_mj = round(table.kwh * MJ_PER_KWH)
    else:
        capacity_mj = round((table.hours or 0.0) * 3600 * _of_peak(1.0, cluster, "battery.hours"))

    def limit(kw: float | None, ratio: float | None, key: str) -> int:
        if kw is not None:
            return round(kw * MW_PER_KW)
        return _of_peak(1.0 if ratio is None else ratio, cluster, f"battery.{key}")

    return Battery(
        capacity_mj,
        limit(table.charge_kw, table.charge_ratio, "charge_ratio"),
        limit(table.discharge_kw, table.discharge_ratio, "discharge_ratio"),
        table.charge_efficiency,
        table.discharge_efficiency,
        table.initial_share,
    )
