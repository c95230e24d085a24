"""Supply and battery of a scenario: sources read or computed, both sized by the cluster's peak draw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rare.model import NO_BATTERY, UNLIMITED_MW, Battery, Cluster
from rare.scenario.config.field_types import LAYOUT_KEYS
from rare.scenario.config.scenario_config import (
    BatteryTable,
    ForecastTable,
    ImportTable,
    Scenario,
    SourceTable,
)
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.key_words import keys_of
from rare.scenario.inputs.site_inputs import plant_power
from rare.scenario.load import Loaded
from traces.errors import InputError
from traces.series.held import HeldSeries
from traces.series.power_csv import read_power
from traces.series.power_series import PowerSeries, total
from traces.series.text_layout import LayoutOptions
from traces.times.timezones import find_zone

MW_PER_KW = 1_000_000
MICRO = 1_000_000
MJ_PER_KWH = 3_600_000_000
MONTH_S = 30 * 86400


@dataclass(frozen=True, slots=True)
class Supply:
    """The renewable power: its sum, and its parts by the kind of forecast error they have."""

    total: PowerSeries
    by_quantity: dict[str, PowerSeries]
    factor: tuple[int, int] = (1, 1)  # how the last file was scaled: numerator, denominator


def check_zone(name: str | None, key: str) -> None:
    """InputError, beginning with the key, for a name that is no time zone."""
    if name is not None:
        try:
            find_zone(name)
        except InputError as error:
            raise error.at(key) from None


def of_peak(ratio: float, cluster: Cluster, where: str) -> int:
    """A ratio to the cluster's peak draw in mW."""
    if cluster.peak_draw_mw == 0:
        raise InputError(
            "is a ratio to the peak draw, but no node draws any power",
            where=where,
            remedy="give idle_w and core_w",
        )
    return round(ratio * cluster.peak_draw_mw)


def read_supply(loaded: Loaded, cluster: Cluster, record: BuildRecord) -> Supply | None:
    """The sources at their sizes, or None without a renewable supply."""
    supply = loaded.scenario.supply
    if supply.resolved_kind != "series":
        return None
    check_zone(supply.site_zone, "supply.site_zone")
    groups: dict[str, list[PowerSeries]] = {}
    factor = (1, 1)
    for place, source in enumerate(supply.source):
        where = f"supply.source.{place}"
        if source.kind == "file":
            if source.file is None:
                raise InputError(
                    f"{where}.file is missing", where=loaded.label, remedy="give it, or --power FILE"
                )
            record.files[f"supply.{place}"] = path = loaded.path(source.file)
            raw = _read_source(path, source, where)
            note_reading(raw, where, record)
            series = _sized(raw, source, cluster, where)
            factor = (series.peak_mw, max(raw.peak_mw, 1))
        else:
            series = plant_power(loaded, source, _capacity_kw(source, cluster, where), where)
        quantity = source.quantity or ("supply" if source.kind == "file" else source.kind)
        groups.setdefault(quantity, []).append(series)
    summed = total([part for parts in groups.values() for part in parts])
    if summed.peak_mw > UNLIMITED_MW:
        raise InputError(
            f"supply: the sources reach {summed.peak_mw / MW_PER_KW:g} kW, more than a simulation can count",
            remedy="correct the unit or the size",
        )
    if all(_unsized(source) for source in supply.source):
        _note_size(summed, cluster, record)
    return Supply(summed, {name: _over(summed, total(parts)) for name, parts in groups.items()}, factor)


def _over(summed: PowerSeries, part: PowerSeries) -> PowerSeries:
    """The part of a sum over the sum's own time, which may be shorter."""
    return part.slice(part.second_at(summed.start_utc), part.second_at(summed.end_utc))


def _unsized(source: SourceTable) -> bool:
    return source.kind == "file" and source.peak is None and source.peak_kw is None


def _note_size(series: PowerSeries, cluster: Cluster, record: BuildRecord) -> None:
    """A supply far from the cluster's size is more often a forgotten scale than a wish."""
    ratio = series.peak_mw / max(1, cluster.peak_draw_mw)
    if not 0.01 <= ratio <= 100:
        record.note(
            f"the supply's maximum is {series.peak_mw / MW_PER_KW:g} kW and the cluster's peak draw "
            f"{cluster.peak_draw_mw / MW_PER_KW:g} kW; --set supply.source.0.peak=1 scales one to the other"
        )


def _capacity_kw(source: SourceTable, cluster: Cluster, where: str) -> float:
    if source.capacity_kw is not None:
        return source.capacity_kw
    return of_peak(source.capacity or 0.0, cluster, f"{where}.capacity") / MW_PER_KW


def layout_of(table: SourceTable | ImportTable | ForecastTable) -> LayoutOptions:
    """Arguments of a table for the text format of its file."""
    return cast(LayoutOptions, {key: getattr(table, key) for key in LAYOUT_KEYS})


#: What a reader noted that a user must see even where the run goes on.
_REMARKS = ("counted_rows", "step_changes", "zone_against_name")


def note_reading(series: HeldSeries, table: str, record: BuildRecord) -> None:
    """Add the repairs of a table's file to the record."""
    for code, finding in (series.report.notes if series.report else {}).items():
        if code in _REMARKS:
            where = f"{series.name}:{finding.line}" if finding.line is not None else series.name
            value = f" ({finding.value})" if code != "counted_rows" else ""
            record.note(f"{where}: {finding.worded(keys_of(table))}{value}")


def _read_source(path: Path, source: SourceTable | ForecastTable, where: str) -> PowerSeries:
    columns = source.columns
    try:
        return read_power(
            path,
            columns=columns[0] if columns is not None and len(columns) == 1 else columns,
            unit=source.unit,
            stamp=source.stamp,
            zone=source.zone,
            gaps=source.gaps,
            negatives=source.negatives,
            time_column=source.time_column,
            **layout_of(source),
        )
    except InputError as error:
        raise error.worded(keys_of(where)).at(where) from None


def read_day_ahead(loaded: Loaded, supply: Supply, record: BuildRecord) -> PowerSeries:
    """The day-ahead forecast of the supply, scaled as the supply's only file is."""
    # Several files would need a forecast each, and a plant has no file to be forecast.
    if len(loaded.scenario.supply.source) != 1 or loaded.scenario.supply.source[0].kind != "file":
        raise InputError(
            'forecast.kind "day-ahead" needs exactly one [[supply.source]], of kind "file"',
            remedy="give that, or choose another kind of forecast",
        )
    table = loaded.scenario.forecast
    record.files["forecast"] = path = loaded.path(table.file or "")
    series = _read_source(path, table, "forecast")
    note_reading(series, "forecast", record)
    return series.scaled(*supply.factor)


def _sized(series: PowerSeries, source: SourceTable, cluster: Cluster, where: str) -> PowerSeries:
    if source.peak is not None:
        return series.scaled_to_peak(of_peak(source.peak, cluster, f"{where}.peak"))
    if source.peak_kw is not None:
        return series.scaled_to_peak(round(source.peak_kw * MW_PER_KW))
    if source.scale is not None:
        return series.scaled(round(source.scale * MICRO), MICRO)
    return series


def make_battery(scenario: Scenario, cluster: Cluster, record: BuildRecord) -> Battery:
    """The battery at its size; None without one, or with unlimited power."""
    table: BatteryTable = scenario.battery
    if not table.present:
        return NO_BATTERY
    if scenario.supply.resolved_kind == "unlimited":
        record.note("battery: power is unlimited, so the battery is left out")
        return NO_BATTERY
    if table.kwh is not None:
        capacity_mj = round(table.kwh * MJ_PER_KWH)
    else:
        capacity_mj = round((table.hours or 0.0) * 3600 * of_peak(1.0, cluster, "battery.hours"))

    def limit(kw: float | None, ratio: float | None, key: str) -> int:
        if kw is not None:
            return round(kw * MW_PER_KW)
        return of_peak(1.0 if ratio is None else ratio, cluster, f"battery.{key}")

    return Battery(
        capacity_mj,
        limit(table.charge_kw, table.charge_ratio, "charge_ratio"),
        limit(table.discharge_kw, table.discharge_ratio, "discharge_ratio"),
        table.charge_efficiency,
        table.discharge_efficiency,
        table.initial_share,
        round(capacity_mj * table.self_discharge_percent_per_month / 100 / MONTH_S),
    )
