"""Price, carbon intensity, import limit and PUE of a scenario, as series on the supply's calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from energy.grid.grid_series import read_carbon, read_price
from energy.grid.synthetic_grid import duck_carbon, duck_price
from rare.model import Cluster
from rare.scenario.config.field_types import LAYOUT_KEYS
from rare.scenario.config.scenario_config import RateTable
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.key_words import keys_of
from rare.scenario.inputs.supply_inputs import layout_of, note_reading
from rare.scenario.load import Loaded
from traces.errors import InputError
from traces.series.held import HeldSeries
from traces.series.power_csv import read_power
from traces.series.power_series import PowerSeries
from traces.series.rate_series import RateSeries

Series = TypeVar("Series", bound=HeldSeries)
YEAR = timedelta(weeks=52)
"""What series of one year are shifted by to meet another: it keeps the weekday, the hour and the season."""


def read_rates(loaded: Loaded, start_utc: datetime, zone: str, record: BuildRecord) -> dict[str, RateSeries]:
    """The hourly price and carbon intensity that the scenario names; models begin at `start_utc`."""
    rates: dict[str, RateSeries] = {}
    grid = loaded.scenario.grid
    if grid.price is not None:
        rates["price"] = _price(loaded, grid.price, start_utc, zone, record)
    if grid.carbon is not None:
        table = grid.carbon
        if table.model is not None:
            rates["carbon"] = duck_carbon((table.mean or 0.0) / 1000, start_utc, zone)
        else:
            record.files["grid.carbon"] = path = loaded.path(table.file or "")
            rates["carbon"] = _with_place(
                "grid.carbon", lambda: read_carbon(path, table.source, **_how(table))
            )
            note_reading(rates["carbon"], "grid.carbon", record)
    return rates


def _price(
    loaded: Loaded, table: RateTable, start_utc: datetime, zone: str, record: BuildRecord
) -> RateSeries:
    currency = loaded.scenario.grid.currency
    if table.model is not None:
        return duck_price(table.mean or 0.0, start_utc, zone, currency or "USD")
    record.files["grid.price"] = path = loaded.path(table.file or "")
    if table.exchange_rate is not None and currency is None:
        raise InputError("grid.price.exchange_rate: into which currency? give grid.currency, such as EUR")
    series = _with_place("grid.price", lambda: read_price(path, table.source, **_how(table)))
    note_reading(series, "grid.price", record)
    file_currency = series.unit.removesuffix("/kWh")
    if table.exchange_rate is None:
        if currency not in (None, file_currency):
            raise InputError(
                f"prices are in {file_currency}, grid.currency is {currency}",
                where=path,
                remedy="give grid.price.exchange_rate "
                f"({currency} for one {file_currency}), or set grid.currency to {file_currency}",
            )
        return series
    if currency == file_currency:
        raise InputError(
            f"grid.price.exchange_rate is {table.exchange_rate:g}, but {path.name} is in {file_currency} as "
            "grid.currency is",
            remedy="leave it out",
        )
    record.note(
        f"prices of {path.name}, in {series.unit}, are taken times {table.exchange_rate:g} {currency}"
    )
    return series.converted(table.exchange_rate, f"{currency}/kWh")


def _how(table: RateTable) -> dict[str, Any]:
    names = ("column", "unit", "stamp", "zone", "gaps", "negatives", "time_column", *LAYOUT_KEYS)
    return {name: getattr(table, name) for name in names}


def _with_place(where: str, read: Callable[[], Series]) -> Series:
    """Call a reader. An InputError without a place gets the table `where` as place."""
    try:
        return read()
    except InputError as error:
        raise error.worded(keys_of(where)).at(where) from None


def read_import_limit(loaded: Loaded, cluster: Cluster, record: BuildRecord) -> PowerSeries | None:
    """The import limit as a series, scaled to the cluster where the scenario says so."""
    table = loaded.scenario.grid.import_series
    if table is None:
        return None
    record.files["grid.import"] = path = loaded.path(table.file)
    columns = (
        None if table.columns is None else table.columns[0] if len(table.columns) == 1 else table.columns
    )
    series = _with_place(
        "grid.import_series",
        lambda: read_power(
            path, columns=columns, unit=table.unit, stamp=table.stamp, zone=table.zone, gaps=table.gaps,
            negatives=table.negatives, time_column=table.time_column, **layout_of(table),
        ),
    )  # fmt: skip
    note_reading(series, "grid.import_series", record)
    if table.peak is None:
        return series
    if cluster.peak_draw_mw == 0:
        raise InputError("grid.import_series.peak: is a ratio to the peak draw, but no node draws any power")
    return series.scaled_to_peak(round(table.peak * cluster.peak_draw_mw))


def covering(series: Series, begin_utc: datetime, end_utc: datetime, key: str, record: BuildRecord) -> Series:
    """The series from `begin_utc` to `end_utc`; one of another year is shifted by whole years of 52 weeks.

    Where it has 52 weeks and more is asked for, it begins again. InputError if it is too short for that.
    """
    if series.start_utc <= begin_utc and end_utc <= series.end_utc:
        return series.slice(series.second_at(begin_utc), series.second_at(end_utc))
    if series.end_s < YEAR.total_seconds():
        raise InputError(
            f"{series.name} covers {series.span}, the run {begin_utc:%Y-%m-%d %H:%M} to "
            f"{end_utc:%Y-%m-%d %H:%M} UTC",
            where=key,
            remedy="give a series of that time, or of 52 weeks to be shifted",
        )
    year = series.slice(0, int(YEAR.total_seconds()))
    years = (begin_utc - series.start_utc) // YEAR
    shifted = year.shift(int(years * YEAR.total_seconds()))
    after_s = shifted.second_at(begin_utc)
    span_s = int((end_utc - begin_utc).total_seconds())
    if years:
        record.note(f"{key}: {series.name} is shifted by {years * 52} weeks to the calendar of the supply")
    if after_s + span_s > shifted.end_s:
        record.note(f"{key}: {series.name} begins again where its 52 weeks end within the run")
    return shifted.repeat(after_s + span_s).slice(after_s, after_s + span_s)
