"""Power, prices and forecasts of a scenario, put on the workload's clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np

from energy.datacenter.pue import constant_pue
from energy.grid.grid_series import join_changes
from energy.weather.site_weather import Weather
from rare.model import NEVER_S, UNLIMITED_MW, Cluster, Forecast, Inputs
from rare.scenario.calendar import DAY_S, TimeJoin, join
from rare.scenario.config.scenario_config import Scenario
from rare.scenario.inputs.forecast_inputs import Quantity, Timeline, hourly_means, make_forecast
from rare.scenario.inputs.grid_inputs import covering, read_import_limit, read_rates
from rare.scenario.inputs.site_inputs import outside_air_pue, site_weather, weather_notes
from rare.scenario.inputs.supply_inputs import MICRO, MW_PER_KW, Supply, of_peak, read_day_ahead, read_supply
from rare.scenario.load import Loaded
from rare.scenario.windows import Window, chosen_window, windows_of
from traces.errors import InputError
from traces.jobs.workload import NO_DEADLINE_S, Workload
from traces.series.held import EPOCH, HeldSeries
from traces.times.timezones import find_zone

Held = TypeVar("Held", bound=HeldSeries)


FORECAST_AFTER_S = 60 * DAY_S
"""How long after the last submit forecasts are made; later on the present persists (RULES §10.2)."""


@dataclass(frozen=True, slots=True)
class Powered:
    """What the simulation is given beside jobs, cluster and battery, and how it came about."""

    jobs: Workload  # those of the window
    inputs: Inputs
    forecast: Forecast | None
    join: TimeJoin | None
    begin_s: int | None  # of the window
    end_s: int | None


@dataclass(frozen=True, slots=True)
class _Clock:
    """Where a series' second 0 is on the workload's clock, and which part of it the run needs."""

    join: TimeJoin
    begin_s: int
    end_s: int
    window: Window | None


def _import_limit_mw(scenario: Scenario, cluster: Cluster, notes: list[str]) -> int:
    grid, kind = scenario.grid, scenario.supply.resolved_kind
    if kind == "unlimited" or grid.unlimited:
        return UNLIMITED_MW
    if grid.import_ratio is not None:
        return of_peak(grid.import_ratio, cluster, "grid.import_ratio")
    if grid.import_kw is not None:
        return round(grid.import_kw * MW_PER_KW)
    if kind == "none" and grid.unlimited is None:
        return UNLIMITED_MW
    if grid.unlimited is None and grid.import_series is None:
        notes.append(
            "no import limit is given, so there is no grid beside the supply (islanded); "
            "--set grid.unlimited=true or --set grid.import_ratio=R adds one"
        )
    return 0


def power_up(
    loaded: Loaded, jobs: Workload, cluster: Cluster, files: dict[str, Path], notes: list[str]
) -> Powered:
    """Read everything that changes from outside, join the calendars, choose the window's jobs."""
    scenario = loaded.scenario
    limit_mw = _import_limit_mw(scenario, cluster, notes)
    window = chosen_window(loaded)
    supply = read_supply(loaded, cluster, files, notes)
    tracks = _tracks(loaded, cluster, supply, files, notes)
    if not tracks:
        if window is not None:
            raise InputError(
                f"window {window.name!r}: is a span of the supply's year, but nothing goes by the calendar",
                remedy="give a supply, or leave windows out",
            )
        _note_no_forecast(scenario, notes)
        return Powered(jobs, _constant(scenario, cluster, jobs, limit_mw), None, None, None, None)
    first, base = next(iter(tracks.items()))
    repeats = scenario.supply.repeat or first == "pue"  # outside air comes back every year
    clock = _clock(loaded, jobs, cluster, base, window, repeats, notes)
    if window is not None:
        most = scenario.windows.jobs if scenario.windows is not None else None
        jobs = _jobs_of(window, jobs, clock, most)
    if window is None and scenario.workload.model is not None:  # windows of the year begin at midnight
        clock = replace(clock, begin_s=max(clock.begin_s // DAY_S * DAY_S, clock.join.shift_s))
    start_s = clock.join.shift_s
    begin_utc = base.start_utc + timedelta(seconds=clock.begin_s - start_s)
    end_utc = base.start_utc + timedelta(seconds=clock.end_s - start_s)
    held = {
        name: _until(repeats, name, one, base, end_utc, notes)
        if one is not base
        else _again(repeats, one, end_utc)
        for name, one in tracks.items()
    }
    joined = join_changes(held, begin_utc, end_utc)
    inputs = _inputs(
        scenario, cluster, joined.change_s + clock.begin_s, joined.columns, limit_mw, clock.end_s
    )
    forecast = None
    if not {"supply", "price", "carbon"} & set(tracks):
        _note_no_forecast(scenario, notes)
    elif scenario.forecast.kind != "none":
        forecast = _forecast(
            loaded, supply, tracks, base, clock, files, end_utc, int(jobs.submit_s[-1]), notes
        )
    if window is None:
        _note_short_supply(jobs, clock.end_s, repeats, notes)
        return Powered(jobs, inputs, forecast, clock.join, None, None)
    return Powered(jobs, inputs, forecast, clock.join, clock.begin_s, _last_expiry_s(jobs, clock))


def _again(repeats: bool, series: Held, end_utc: datetime) -> Held:
    """The supply's own series to the end, again and again where the scenario says so."""
    end_s = series.second_at(end_utc)
    if not repeats:
        return series.slice(0, end_s)
    whole_days_s = series.end_s // DAY_S * DAY_S
    if whole_days_s:  # else the hours of the day would drift from one round to the next
        series = series.slice(0, whole_days_s)
    return series.repeat(end_s)


def _until(
    repeats: bool, name: str, series: Held, base: HeldSeries, end_utc: datetime, notes: list[str]
) -> Held:
    """A series beside the supply, over the supply's time."""
    if name == "pue" and series.start_utc == base.start_utc and series.end_s >= base.end_s:
        return _again(repeats, series, end_utc)
    what = {"import": "grid.import_series", "pue": "site"}.get(name, f"grid.{name}")
    return covering(series, base.start_utc, end_utc, what, notes)


def _tracks(
    loaded: Loaded, cluster: Cluster, supply: Supply | None, files: dict[str, Path], notes: list[str]
) -> dict[str, HeldSeries]:
    """Every series of the scenario by name; the first one's calendar is the run's."""
    scenario = loaded.scenario
    weather = site_weather(loaded, files) if scenario.site.present else None
    if weather is not None:
        notes += weather_notes(weather)
    tracks: dict[str, HeldSeries] = {} if supply is None else {"supply": supply.total}
    if weather is not None and scenario.cluster.pue_model is not None:
        tracks["pue"] = outside_air_pue(weather, scenario.cluster.pue - 1)
    elif weather is not None and supply is None:
        # Without a supply (--power unlimited) the site's year is still the one that windows count in.
        tracks["pue"] = constant_pue(scenario.cluster.pue, weather.duration_s, weather.start_utc)
    if scenario.grid.import_series is not None and scenario.supply.resolved_kind == "unlimited":
        notes.append(
            "grid.import_series: power is unlimited, so it is left out; --set supply.kind=none limits it"
        )
    else:
        limit = read_import_limit(loaded, cluster, files, notes)
        if limit is not None:
            tracks["import"] = limit
    rates = [name for name in ("price", "carbon") if getattr(scenario.grid, name) is not None]
    if rates:
        first = next(iter(tracks.values()), None)
        made = [getattr(scenario.grid, name).model is not None for name in rates]
        if first is None and any(made):
            raise InputError(
                "grid: a model of price or carbon takes the supply's calendar",
                remedy="give a supply, or [site]",
            )
        start_utc = EPOCH if first is None else first.start_utc
        tracks.update(read_rates(loaded, start_utc, site_zone(scenario, weather), files, notes))
    return tracks


def site_zone(scenario: Scenario, weather: Weather | None) -> str:
    """The zone of the site: as stated, else of its weather, else of the first source, else UTC."""
    return _stated_zone(scenario, weather) or "UTC"


def _stated_zone(scenario: Scenario, weather: Weather | None) -> str | None:
    """The zone of the site as far as scenario and weather state it. A weather file may state an offset."""
    supply = scenario.supply
    stated = supply.site_zone or (weather.zone if weather is not None else None)
    return stated or (supply.source[0].zone if supply.source else None)


def _clock(
    loaded: Loaded,
    jobs: Workload,
    cluster: Cluster,
    base: HeldSeries,
    window: Window | None,
    repeats: bool,
    notes: list[str],
) -> _Clock:
    scenario = loaded.scenario
    time = scenario.time
    begin_s = int(jobs.submit_s[0])
    weather = site_weather(loaded, {}) if scenario.site.present else None
    zone = site_zone(scenario, weather)
    if _stated_zone(scenario, weather) is None:
        notes.append(
            "supply.site_zone: nothing states the site's time zone, so its hours and midnight are UTC's"
        )
    if jobs.origin_utc is not None and jobs.zone is None and time.calendar != "none":
        notes.append(
            f"{jobs.name}: names no time zone, so its clock is read as the site's; give workload.zone"
        )
    made = scenario.workload.model is not None
    joined = join(
        begin_s=begin_s // DAY_S * DAY_S if made else begin_s,
        origin_utc=jobs.origin_utc,
        trace_zone=jobs.zone,
        supply_start_utc=base.start_utc,
        supply_span_s=base.end_s,
        site_zone=zone,
        calendar=time.calendar,
        supply_start_s=time.supply_start_s,
        repeats=repeats,
    )
    if window is not None:
        midnight_s = joined.shift_s + midnight_after_s(base.start_utc, zone)
        begin_s = midnight_s + window.span_s[0]
        end_s = midnight_s + window.span_s[1] + _longest_allowance_s(jobs)
    else:
        end_s = joined.shift_s + base.end_s
        if repeats:
            end_s = begin_s + _horizon_s(jobs, cluster)
    _check_begin(begin_s - joined.shift_s, base.end_s, repeats, window)
    end_s = end_s if repeats else min(end_s, joined.shift_s + base.end_s)
    return _Clock(joined.beginning(begin_s, base.start_utc), begin_s, end_s, window)


def _check_begin(after_s: int, span_s: int, repeats: bool, window: Window | None) -> None:
    if window is not None and after_s >= span_s and not repeats:
        raise InputError(
            f"window {window.name!r}: its first day {window.first_day} lies behind the end of the supply, "
            f"which has {span_s / DAY_S:g} days",
            remedy="correct it, or set supply.repeat = true",
        )
    if after_s < 0 or (after_s >= span_s and not repeats):
        raise InputError(
            f"the run begins {abs(after_s)} s {'before' if after_s < 0 else 'after'} the supply's start, "
            f"which covers {span_s} s",
            remedy="change time.calendar or time.supply_start_s",
        )


def midnight_after_s(start_utc: datetime, zone: str) -> int:
    """Seconds from an instant to the next midnight of the site's standard time."""
    into_day_s = (int(start_utc.timestamp()) + standard_offset_s(start_utc, zone)) % DAY_S
    return (-into_day_s) % DAY_S


def standard_offset_s(start_utc: datetime, zone: str) -> int:
    """The site's offset from UTC without summer time, in seconds."""
    local = start_utc.astimezone(find_zone(zone))
    offset, summer = local.utcoffset() or timedelta(0), local.dst() or timedelta(0)
    return int((offset - summer).total_seconds())


def _longest_allowance_s(jobs: Workload) -> int:
    """Twice the longest time from submit to deadline: when the last job of a window is over.

    Where some job has no deadline, 30 days more for it to end.
    """
    dated = jobs.deadline_s < NO_DEADLINE_S
    allowance_s = int((jobs.deadline_s - jobs.submit_s)[dated].max(initial=0))
    return 2 * max(allowance_s, 600) + (0 if dated.all() else 30 * DAY_S)


def _jobs_of(window: Window, jobs: Workload, clock: _Clock, most: int | None) -> Workload:
    """The jobs submitted in the window, or the first so many of them."""
    last_s = clock.begin_s + window.days * DAY_S
    first, last = np.searchsorted(jobs.submit_s, [clock.begin_s, last_s])
    if first == last:
        raise InputError(
            f"window {window.name!r}: no job of {jobs.name} is submitted in it", remedy="choose another"
        )
    return jobs.select(int(first), int(last if most is None else min(last, first + most)))


def _last_expiry_s(jobs: Workload, clock: _Clock) -> int | None:
    """When every submit and two allowances have passed (DESIGN §4); None where jobs have no deadlines."""
    if (jobs.deadline_s >= NO_DEADLINE_S).any():
        return None
    allowance_s = np.maximum(jobs.deadline_s - jobs.submit_s, 600)
    return min(int((jobs.deadline_s + allowance_s).max()), clock.end_s)


def _constant(scenario: Scenario, cluster: Cluster, jobs: Workload, limit_mw: int) -> Inputs:
    change_s = np.array([int(jobs.submit_s[0])], dtype=np.int64)
    return _inputs(scenario, cluster, change_s, {}, limit_mw, NEVER_S)


def _inputs(
    scenario: Scenario,
    cluster: Cluster,
    change_s: np.ndarray,
    columns: dict[str, np.ndarray],
    limit_mw: int,
    end_s: int,
) -> Inputs:
    grid = scenario.grid

    def column(name: str, constant: float) -> np.ndarray:
        return columns.get(name, np.full(len(change_s), round(constant), dtype=np.int64))

    return Inputs(
        change_s.astype(np.int64),
        column("supply", 0),
        column("import", limit_mw),
        column("price", (grid.price_per_kwh or 0.0) * MICRO),
        column("carbon", (grid.carbon_g_per_kwh or 0.0) * 1000),
        column("pue", cluster.pue_per_mille),
        end_s=end_s,
        renewable="supply" in columns,
        priced="price" in columns or grid.price_per_kwh is not None,
        carbon_known="carbon" in columns or grid.carbon_g_per_kwh is not None,
    )


def _known(series: HeldSeries, start_utc: datetime, end_utc: datetime, whole_utc: datetime) -> HeldSeries:
    """A rate over the year, or as much of it beyond the run as its file has."""
    if series.start_utc <= start_utc and end_utc <= series.end_utc:
        whole_utc = min(whole_utc, series.end_utc)
    return covering(series, start_utc, whole_utc, "forecast", [])


def _forecast(
    loaded: Loaded,
    supply: Supply | None,
    tracks: dict[str, HeldSeries],
    base: HeldSeries,
    clock: _Clock,
    files: dict[str, Path],
    end_utc: datetime,
    last_s: int,
    notes: list[str],
) -> Forecast:
    scenario = loaded.scenario
    weather = site_weather(loaded, {}) if scenario.site.present else None
    # Climatology is of the whole year, whichever part is run: a forecast depends on its issue time alone.
    whole_utc = end_utc if scenario.forecast.kind == "day-ahead" else max(end_utc, base.end_utc)
    ahead_utc = whole_utc + timedelta(hours=scenario.forecast.hours) if scenario.supply.repeat else whole_utc
    parts: list[Quantity] = []
    if supply is not None:
        for name, series in supply.by_quantity.items():
            parts.append(Quantity(name, hourly_means(_again(scenario.supply.repeat, series, ahead_utc))))
    for name in ("price", "carbon"):
        if name in tracks:
            parts.append(
                Quantity(name, hourly_means(_known(tracks[name], base.start_utc, end_utc, whole_utc)))
            )
    given = None
    if scenario.forecast.kind == "day-ahead":
        if supply is None:
            raise InputError(
                'forecast.kind is "day-ahead", a forecast of the supply, but there is none',
                remedy="change it",
            )
        series = read_day_ahead(loaded, supply, files, notes)
        ahead = covering(series, base.start_utc, ahead_utc, "forecast", notes)
        given = Quantity("supply", hourly_means(ahead))
    length = max(len(part.means) for part in parts)
    if length == 0:
        raise InputError("forecast: the supply does not last for an hour, so there is nothing to forecast")
    padded = [Quantity(p.kind, np.pad(p.means, (0, length - len(p.means)), mode="wrap")) for p in parts]
    zone = site_zone(scenario, weather)
    start_s, begin_s, end_s = clock.join.shift_s, clock.begin_s, min(clock.end_s, last_s + FORECAST_AFTER_S)
    time = Timeline(
        start_s, begin_s, end_s,
        origin_s=int(base.start_utc.timestamp()) + standard_offset_s(base.start_utc, zone),
        site=scenario.site.name or scenario.name,
        train=_train_hours(loaded, base, zone),
    )  # fmt: skip
    grid = scenario.grid
    constant = {  # where there is a series, its constant twin is not given
        "price": round((grid.price_per_kwh or 0.0) * MICRO),
        "carbon": round((grid.carbon_g_per_kwh or 0.0) * 1000),
    }
    return make_forecast(scenario.forecast, padded, time, given, constant)


def _train_hours(loaded: Loaded, base: HeldSeries, zone: str) -> np.ndarray | None:
    """Which hours climatologies may see: those of the training and validation windows; None: all."""
    if loaded.scenario.windows is None:
        return None
    seen = np.zeros(base.end_s // 3600, dtype=bool)
    # Whole hours of the series; where midnight is not on one, the hour around it belongs to the day before.
    midnight_h = -(-midnight_after_s(base.start_utc, zone) // 3600)
    windows = windows_of(loaded)
    for known in (True, False):  # where windows overlap, what is tested on is not trained on
        for window in windows:
            if (window.split in ("train", "validation")) == known:
                first_s, last_s = window.span_s
                seen[midnight_h + first_s // 3600 : midnight_h + last_s // 3600] = known
    if not seen.any():
        raise InputError(
            "no training or validation window lies within the "
            "supply, so forecasts have nothing to learn from",
            where=loaded.path(loaded.scenario.windows.file),
            remedy="add one, or set forecast.kind to none",
        )
    return seen


def _note_no_forecast(scenario: Scenario, notes: list[str]) -> None:
    if scenario.forecast.kind != "none":
        notes.append("forecast: there is no supply, price or carbon series to forecast, so it is left out")


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
            "(supply_end). --set supply.repeat=true starts it again; --set time.calendar=start begins it "
            "with the first job"
        )
    elif not repeat and int((jobs.submit_s + jobs.work_s).max()) > end_s:
        notes.append(
            "the supply ends before the last jobs can end; the run ends with it (supply_end). "
            "--set supply.repeat=true starts it again"
        )
