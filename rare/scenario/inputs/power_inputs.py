"""Power, prices and forecasts of a scenario, put on the workload's clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from energy.datacenter.pue import constant_pue
from energy.grid.grid_series import join_changes
from energy.weather.site_weather import Weather
from rare.model import NEVER_S, UNLIMITED_MW, Cluster, Forecast, Inputs
from rare.scenario.calendar import DAY_S, TimeJoin
from rare.scenario.config.scenario_config import Scenario
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.forecast_inputs import Quantity, Timeline, hourly_means, make_forecast
from rare.scenario.inputs.grid_inputs import covering, read_import_limit, read_rates
from rare.scenario.inputs.job_inputs import uncut
from rare.scenario.inputs.run_clock import (
    AFTER_LAST_S,
    RunClock,
    midnight_after_s,
    run_clock,
    site_zone,
    standard_offset_s,
)
from rare.scenario.inputs.site_inputs import outside_air_pue, site_weather, weather_notes, weather_zone
from rare.scenario.inputs.supply_inputs import MICRO, MW_PER_KW, Supply, of_peak, read_day_ahead, read_supply
from rare.scenario.load import Loaded
from rare.scenario.windows import Window, chosen_window, windows_of
from traces.errors import InputError
from traces.jobs.workload import NO_DEADLINE_S, Workload
from traces.series.held import EPOCH, HeldSeries

Series = TypeVar("Series", bound=HeldSeries)


@dataclass(frozen=True, slots=True)
class PowerInputs:
    """Inputs of the simulation besides cluster and battery, with their origin."""

    jobs: Workload  # those of the window
    inputs: Inputs
    forecast: Forecast | None
    join: TimeJoin | None
    begin_s: int | None  # of the window
    end_s: int | None


@dataclass(frozen=True, slots=True)
class _Series:
    """The series of a scenario. `by_name`: supply, pue, import, price, carbon, as far as there are any."""

    supply: Supply | None
    by_name: dict[str, HeldSeries]

    @property
    def base(self) -> HeldSeries:
        """The series whose calendar is the run's."""
        return next(iter(self.by_name.values()))


def _import_limit_mw(scenario: Scenario, cluster: Cluster, record: BuildRecord) -> int:
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
        record.note(
            "no import limit is given, so there is no grid beside the supply (islanded); "
            "--set grid.unlimited=true or --set grid.import_ratio=R adds one"
        )
    return 0


def read_power_inputs(loaded: Loaded, jobs: Workload, cluster: Cluster, record: BuildRecord) -> PowerInputs:
    """Read all external series, join the calendars, and select the window's jobs."""
    scenario = loaded.scenario
    limit_mw = _import_limit_mw(scenario, cluster, record)
    window = chosen_window(loaded)
    supply = read_supply(loaded, cluster, record)
    series = _Series(supply, _series_by_name(loaded, cluster, supply, record))
    if not series.by_name:
        if window is not None:
            raise InputError(
                f"window {window.name!r}: is a span of the supply's year, but nothing goes by the calendar",
                remedy="give a supply, or leave windows out",
            )
        _note_no_forecast(scenario, record)
        return PowerInputs(jobs, _constant(scenario, cluster, jobs, limit_mw), None, None, None, None)
    first, base = next(iter(series.by_name.items()))
    repeats = scenario.supply.repeat or first == "pue"  # outside air comes back every year
    clock = run_clock(loaded, jobs, cluster, base, window, repeats, record)
    if window is not None:
        most = scenario.windows.jobs if scenario.windows is not None else None
        jobs = uncut(_jobs_of(window, jobs, clock, most), record)
    if window is None and scenario.workload.model is not None:  # windows of the year begin at midnight
        clock = replace(clock, begin_s=max(clock.begin_s // DAY_S * DAY_S, clock.join.shift_s))
    start_s = clock.join.shift_s
    begin_utc = base.start_utc + timedelta(seconds=clock.begin_s - start_s)
    end_utc = base.start_utc + timedelta(seconds=clock.end_s - start_s)
    series_of = {
        name: _until(repeats, name, one, base, end_utc, record)
        if one is not base
        else _again(repeats, one, end_utc)
        for name, one in series.by_name.items()
    }
    joined = join_changes(series_of, begin_utc, end_utc)
    inputs = _inputs(
        scenario, cluster, joined.change_s + clock.begin_s, joined.columns, limit_mw, clock.end_s
    )
    forecast = None
    if not {"supply", "price", "carbon"} & set(series.by_name):
        _note_no_forecast(scenario, record)
    elif scenario.forecast.kind != "none":
        forecast = _forecast(loaded, series, clock, end_utc, int(jobs.submit_s[-1]), record)
    if window is None:
        _note_short_supply(jobs, clock.end_s, repeats, record)
        return PowerInputs(jobs, inputs, forecast, clock.join, None, None)
    return PowerInputs(jobs, inputs, forecast, clock.join, clock.begin_s, _last_expiry_s(jobs, clock))


def _again(repeats: bool, series: Series, end_utc: datetime) -> Series:
    """The supply's series to the end, repeated if the scenario says so."""
    end_s = series.second_at(end_utc)
    if not repeats:
        return series.slice(0, end_s)
    whole_days_s = series.end_s // DAY_S * DAY_S
    if whole_days_s:  # else the hours of the day would drift from one round to the next
        series = series.slice(0, whole_days_s)
    return series.repeat(end_s)


def _until(
    repeats: bool, name: str, series: Series, base: HeldSeries, end_utc: datetime, record: BuildRecord
) -> Series:
    """A series other than the supply, over the supply's time."""
    if name == "pue" and series.start_utc == base.start_utc and series.end_s >= base.end_s:
        return _again(repeats, series, end_utc)
    key = {"import": "grid.import_series", "pue": "site"}.get(name, f"grid.{name}")
    return covering(series, base.start_utc, end_utc, key, record)


def _series_by_name(
    loaded: Loaded, cluster: Cluster, supply: Supply | None, record: BuildRecord
) -> dict[str, HeldSeries]:
    """Every series of the scenario by name; the first one's calendar is the run's."""
    scenario = loaded.scenario
    weather = _read_weather(loaded, supply, record)
    by_name: dict[str, HeldSeries] = {} if supply is None else {"supply": supply.total}
    if weather is not None and scenario.cluster.pue_model is not None:
        by_name["pue"] = outside_air_pue(weather, scenario.cluster.pue - 1)
    elif weather is not None and supply is None:
        # Without a supply (--power unlimited) the site's year is still the one that windows count in.
        by_name["pue"] = constant_pue(scenario.cluster.pue, weather.duration_s, weather.start_utc)
    if scenario.grid.import_series is not None and scenario.supply.resolved_kind == "unlimited":
        record.note(
            "grid.import_series: power is unlimited, so it is left out; --set supply.kind=none limits it"
        )
    else:
        limit = read_import_limit(loaded, cluster, record)
        if limit is not None:
            by_name["import"] = limit
    rates = [name for name in ("price", "carbon") if getattr(scenario.grid, name) is not None]
    if rates:
        first = next(iter(by_name.values()), None)
        is_modelled = [getattr(scenario.grid, name).model is not None for name in rates]
        if first is None and any(is_modelled):
            raise InputError(
                "grid: a model of price or carbon takes the supply's calendar",
                remedy="give a supply, or [site]",
            )
        start_utc = EPOCH if first is None else first.start_utc
        by_name.update(read_rates(loaded, start_utc, site_zone(scenario, weather_zone(loaded)), record))
    return by_name


def _read_weather(loaded: Loaded, supply: Supply | None, record: BuildRecord) -> Weather | None:
    """The site's weather, with its notes in the record; None without a site, or where nothing here needs it.

    Plants have read what they need, or their power was kept (rare.scenario.kept_arrays). To read a year takes
    longer than all the rest.
    """
    scenario = loaded.scenario
    is_needed = supply is None or scenario.cluster.pue_model is not None
    if not scenario.site.present or (scenario.site.weather is None and not is_needed):
        return None
    weather = site_weather(loaded, record)
    record.notes += weather_notes(weather)
    return weather


def _jobs_of(window: Window, jobs: Workload, clock: RunClock, most: int | None) -> Workload:
    """The jobs submitted in the window, or the first `windows.jobs` of them."""
    last_s = clock.begin_s + window.days * DAY_S
    first, last = np.searchsorted(jobs.submit_s, [clock.begin_s, last_s])
    if first == last:
        raise InputError(
            f"window {window.name!r}: no job of {jobs.name} is submitted in it", remedy="choose another"
        )
    return jobs.select(int(first), int(last if most is None else min(last, first + most)))


def _last_expiry_s(jobs: Workload, clock: RunClock) -> int | None:
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


def _rate_over_year(
    series: HeldSeries, start_utc: datetime, end_utc: datetime, whole_utc: datetime
) -> HeldSeries:
    """A rate over the year, or as much of it beyond the run as its file has."""
    if series.start_utc <= start_utc and end_utc <= series.end_utc:
        whole_utc = min(whole_utc, series.end_utc)
    return covering(series, start_utc, whole_utc, "forecast", BuildRecord())


def _forecast(
    loaded: Loaded, series: _Series, clock: RunClock, end_utc: datetime, last_s: int, record: BuildRecord
) -> Forecast:
    """The forecasts of a run whose last job is submitted at `last_s`. InputError where there is no hour."""
    supply, base = series.supply, series.base
    scenario = loaded.scenario
    # Climatology is of the whole year, whichever part is run: a forecast depends on its issue time alone.
    whole_utc = end_utc if scenario.forecast.kind == "day-ahead" else max(end_utc, base.end_utc)
    ahead_utc = whole_utc + timedelta(hours=scenario.forecast.hours) if scenario.supply.repeat else whole_utc
    parts: list[Quantity] = []
    if supply is not None:
        for name, part in supply.by_quantity.items():
            parts.append(Quantity(name, hourly_means(_again(scenario.supply.repeat, part, ahead_utc))))
    for name in ("price", "carbon"):
        if name in series.by_name:
            parts.append(
                Quantity(
                    name,
                    hourly_means(_rate_over_year(series.by_name[name], base.start_utc, end_utc, whole_utc)),
                )
            )
    given = None
    if scenario.forecast.kind == "day-ahead":
        if supply is None:
            raise InputError(
                'forecast.kind is "day-ahead", a forecast of the supply, but there is none',
                remedy="change it",
            )
        day_ahead = read_day_ahead(loaded, supply, record)
        ahead = covering(day_ahead, base.start_utc, ahead_utc, "forecast", record)
        given = Quantity("supply", hourly_means(ahead))
    length = max(len(part.means) for part in parts)
    if length == 0:
        raise InputError("forecast: the supply does not last for an hour, so there is nothing to forecast")
    padded = [Quantity(p.kind, np.pad(p.means, (0, length - len(p.means)), mode="wrap")) for p in parts]
    zone = site_zone(scenario, weather_zone(loaded))
    start_s, begin_s, end_s = clock.join.shift_s, clock.begin_s, min(clock.end_s, last_s + AFTER_LAST_S)
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
    """(hours,) bool: hours for climatologies, those of training and validation windows; None: all."""
    if loaded.scenario.windows is None:
        return None
    training_h = np.zeros(base.end_s // 3600, dtype=bool)
    # Whole hours of the series; where midnight is not on one, the hour around it belongs to the day before.
    midnight_h = -(-midnight_after_s(base.start_utc, zone) // 3600)
    windows = windows_of(loaded)
    for is_training in (True, False):  # test windows win where windows overlap
        for window in windows:
            if (window.split in ("train", "validation")) == is_training:
                first_s, last_s = window.span_s
                training_h[midnight_h + first_s // 3600 : midnight_h + last_s // 3600] = is_training
    if not training_h.any():
        raise InputError(
            "no training or validation window lies within the "
            "supply, so forecasts have nothing to learn from",
            where=loaded.path(loaded.scenario.windows.file),
            remedy="add one, or set forecast.kind to none",
        )
    return training_h


def _note_no_forecast(scenario: Scenario, record: BuildRecord) -> None:
    if scenario.forecast.kind != "none":
        record.note("forecast: there is no supply, price or carbon series to forecast, so it is left out")


def _note_short_supply(jobs: Workload, end_s: int, repeat: bool, record: BuildRecord) -> None:
    late = int((jobs.submit_s >= end_s).sum())
    if late:
        record.note(
            f"the supply ends before {late} of {len(jobs)} jobs are submitted; the run ends with it "
            "(supply_end). --set supply.repeat=true starts it again; --set time.calendar=start begins it "
            "with the first job"
        )
    elif not repeat and int((jobs.submit_s + jobs.work_s).max()) > end_s:
        record.note(
            "the supply ends before the last jobs can end; the run ends with it (supply_end). "
            "--set supply.repeat=true starts it again"
        )
