"""From a reader's record to Weather: order, gaps and ranges checked, irradiance completed."""

from __future__ import annotations

import calendar
import dataclasses
from datetime import timedelta
from typing import Any

import numpy as np

from energy.weather.closure import Closure
from energy.weather.formats.leap_day import add_leap_days
from energy.weather.formats.weather_content import MAX_ROWS
from energy.weather.formats.weather_record import Options, Record
from energy.weather.site_weather import (
    IRRADIANCE,
    NOMINAL_YEAR,
    OPTIONAL,
    REQUIRED,
    SITE_RANGES,
    Weather,
    check_ranges,
    check_site_value,
)
from energy.weather.sky import beam_normal, split, under_clouds
from traces.errors import InputError, Parameter, Phrase, quoted
from traces.numbers.constants import DAY_S
from traces.read_report import Finding, ReadReport
from traces.series.regular import check_order, check_steps, usual_step_s
from traces.times.stamps import show
from traces.times.timezones import EPOCH, find_zone, fixed_zone_name

#: Longer gaps hide a front or a night; a straight line over them is invention.
LONGEST_GAP_S = 6 * 3600
LIGHT = (*IRRADIANCE, "direct_w_m2")
#: Rows closer than this are counted or in hours, not stamped.
SHORTEST_STEP_S = 60


def assemble(record: Record, options: Options) -> Weather:
    """Checked, complete weather. InputError names the file, the line and the remedy."""
    site = _site(record, options)
    clock_s = site["utc_offset_s"] if record.clock_offset_s is None else record.clock_offset_s
    record.start_s = record.start_s - clock_s
    step_s = _step(record)
    repairs: dict[str, Finding] = {}
    _raise_negatives(record, options, repairs)
    check_ranges(
        {name: values for name, values in record.columns.items() if name != "direct_w_m2"}, record.at
    )
    add_leap_days(record, step_s, (clock_s, site["utc_offset_s"]), repairs)
    _spread(record, step_s, options, repairs)
    _fill(record, step_s, options, repairs)
    closure = Closure.of(record, site, step_s)
    if record.stamp_unknown:
        record.start_s = record.start_s + _settled_stamp(record, closure, step_s)
        closure = Closure.of(record, site, step_s)
    if record.typical_year:
        placed = options.year or NOMINAL_YEAR
        _check_whole_year(record, step_s, placed)
        record.note("typical_year", str(placed), "months of different years, placed in this one")
    if closure is not None:
        closure.note(record, clock_s, moves=record.clock_offset_s is None)
    weather = Weather(
        name=record.content.path.name,
        start_utc=EPOCH + timedelta(seconds=int(record.start_s[0])),
        step_s=step_s,
        instants=record.instants,
        typical_year=record.typical_year,
        roughness_m=record.roughness_m,
        temp_air_c=record.columns["temp_air_c"],
        wind_speed_m_s=record.columns["wind_speed_m_s"],
        pressure_pa=record.columns.get("pressure_pa"),
        cloud_cover=record.columns.get("cloud_cover"),
        **site,
    )
    weather = _with_irradiance(weather, record, options)
    report = ReadReport(records=len(record.lines), repairs=repairs, notes=record.notes)
    return dataclasses.replace(weather, report=report)


def _site(record: Record, options: Options) -> dict[str, Any]:
    """The site of the file, overridden by `options.stated`. InputError for missing or impossible values."""
    where = record.content.where
    site = record.site | options.stated
    if site.get("utc_offset_s") is None and record.clock_offset_s is not None:
        site["utc_offset_s"] = 0
        if site.get("zone") is None:
            record.note(
                "utc_assumed", "UTC", "the file does not say the site's time zone: its midnight is UTC's"
            )
    elif site.get("utc_offset_s") is not None:
        _check_offset(site["utc_offset_s"], where)
        site["zone"] = site.get("zone") or fixed_zone_name(site["utc_offset_s"])
    required = {
        "latitude_deg": Parameter("latitude_deg"),
        "longitude_deg": Parameter("longitude_deg"),
        "utc_offset_s": Parameter("utc_offset_h"),
    }
    missing = [parameter for name, parameter in required.items() if site.get(name) is None]
    if missing:
        parts = [part for parameter in missing for part in (", ", parameter)]
        remedy = Phrase("give ", *parts[1:])
        raise InputError("the file does not say where it was", where=where, remedy=remedy)
    if site.get("altitude_m") is None:
        site["altitude_m"] = 0.0
        record.note(
            "altitude",
            "0",
            Phrase(
                "the file states no altitude: taken as sea level; ", Parameter("altitude_m"), " states it"
            ),
        )
    site.setdefault("wind_height_m", 10.0)
    for name in ("latitude_deg", "longitude_deg", "altitude_m", "wind_height_m"):
        check_site_value(name, site[name], where)
    _check_zone(site.get("zone"), where)
    return site


def _check_offset(utc_offset_s: int, where: str) -> None:
    low, high = SITE_RANGES["utc_offset_h"]
    if not low * 3600 <= utc_offset_s <= high * 3600:
        raise InputError(
            f"its time zone is {quoted(utc_offset_s)} s from UTC, at most {high:g} hours can be",
            where=where,
            remedy=Phrase("mend the header, or give ", Parameter("utc_offset_h")),
        )


def _check_zone(zone: str | None, where: str) -> None:
    if zone is not None:
        try:
            find_zone(zone)
        except InputError as error:
            raise error.at(where) from None


def _step(record: Record) -> int:
    """The step [s] of rows that are in order, evenly spaced, and none of them twice."""
    check_order(record.start_s, record.lines, record.content.where)
    step_s = usual_step_s(record.start_s)
    if step_s is None:
        raise InputError("all rows have one time: the file is damaged", where=record.content.where)
    repeated = np.flatnonzero(np.diff(record.start_s) == 0)
    if len(repeated):
        row = int(repeated[0]) + 1
        raise InputError("the same time as the row before: delete one of them", where=record.at(row))
    if step_s < SHORTEST_STEP_S:
        raise InputError(
            f"{step_s} s after the row before it: a column that counts rows or hours is no time stamp",
            where=record.at(1),
            remedy="write each row's date and time",
        )
    if step_s > DAY_S:
        raise InputError(
            f"rows are {step_s / 3600:g} hours apart, weather needs a step of at most a day: "
            "give a finer file",
            where=record.at(1),
        )
    check_steps(record.start_s, record.lines, step_s, record.content.where)
    return step_s


def _settled_stamp(record: Record, closure: Closure | None, step_s: int) -> int:
    """Seconds from the stamps to the starts of their steps: 0, or minus half a step. Adds a note."""
    errors = None if closure is None else closure.errors_w_m2(np.array([0, -step_s // 2]))
    if errors is None or min(errors) > 0.5 * max(errors):
        record.note(
            "stamps", "start", "the file has no version, so its full-hour stamps count as the hours' starts"
        )
        return 0
    middle = errors[1] < errors[0]
    name, other = ("middle", "start") if middle else ("start", "middle")
    record.note(
        "stamps", name,
        f"the file has no version; by GHI = DHI + DNI cos(zenith) its full-hour stamps are the {name} of the "
        f"step (off by {min(errors):.1f} W/m2, as its {other} by {max(errors):.1f})",
    )  # fmt: skip
    return -step_s // 2 if middle else 0


def _raise_negatives(record: Record, options: Options, repairs: dict[str, Finding]) -> None:
    """Raise negative irradiance to zero in place, counted; InputError if not allowed."""
    for name in LIGHT:
        values = record.columns.get(name)
        if values is None or not (values < 0).any():
            continue
        rows = np.flatnonzero(values < 0)
        row, value = int(rows[0]), float(values[rows[0]])
        if options.negatives == "error":
            raise InputError(
                f"{name} is {value:g} ({len(rows)} below zero)",
                where=record.at(row),
                remedy=Phrase("correct it, or use ", Parameter("negatives", "zero")),
            )
        repairs[f"negative_{name}"] = Finding(
            len(rows), int(record.lines[row]), f"{value:g}", "raised to zero"
        )
        record.columns[name] = np.where(values < 0, 0, values)


def _spread(record: Record, step_s: int, options: Options, repairs: dict[str, Finding]) -> None:
    """Insert rows of NaN for missing steps. InputError where gaps are not allowed or too long."""
    distances = np.diff(record.start_s)
    gaps = np.flatnonzero(distances > step_s)
    if not len(gaps):
        return
    row = int(gaps[0]) + 1
    missing_steps = int(distances[gaps].sum() // step_s) - len(gaps)
    first_missing = show(int(record.start_s[row - 1]) + step_s)
    longest_s = int(distances.max())
    if longest_s - step_s > LONGEST_GAP_S:
        row = int(np.argmax(distances)) + 1
        raise InputError(
            f"{(longest_s - step_s) / 3600:g} hours are missing before it, from "
            f"{show(int(record.start_s[row - 1]) + step_s)} on ({missing_steps} steps in the file)",
            where=record.at(row),
            remedy=Phrase(
                "complete it (",
                Parameter("gaps", "interpolate"),
                f" fills at most {LONGEST_GAP_S // 3600} hours)",
            ),
        )
    if options.gaps == "error":
        raise InputError(
            f"the step that starts {first_missing} is missing before it, {missing_steps} in all",
            where=record.at(row),
            remedy=Phrase("complete the file, or use ", Parameter("gaps", "interpolate")),
        )
    repairs["missing_rows"] = Finding(missing_steps, int(record.lines[row]), first_missing, "interpolated")
    index = (record.start_s - record.start_s[0]) // step_s
    count = int(index[-1]) + 1
    if count > MAX_ROWS:
        raise InputError(f"{count} steps, more than {MAX_ROWS}: split the file", where=record.content.where)
    for name, values in record.columns.items():
        record.columns[name] = np.full(count, np.nan)
        record.columns[name][index] = values
    lines = np.zeros(count, np.int64)
    lines[index] = record.lines
    record.lines = np.maximum.accumulate(lines)
    record.start_s = record.start_s[0] + np.arange(count, dtype=np.int64) * step_s


def _fill(record: Record, step_s: int, options: Options, repairs: dict[str, Finding]) -> None:
    """Fill missing values in place; optional columns that cannot be filled are dropped instead."""
    for name in list(record.columns):
        values = record.columns[name]
        holes = np.isnan(values)
        if not holes.any():
            continue
        row = int(np.argmax(holes))
        if holes.all() and name not in REQUIRED:
            del record.columns[name]
            continue
        longest = _longest_run(holes)
        fillable = longest * step_s <= LONGEST_GAP_S and not (holes[0] or holes[-1])
        if name in OPTIONAL and not fillable:
            del record.columns[name]
            record.note(
                f"{name}_dropped", str(int(holes.sum())), "values are missing, so the column is not used"
            )
            continue
        if name not in OPTIONAL and options.gaps == "error":
            fill = Phrase(", or use ", Parameter("gaps", "interpolate")) if fillable else Phrase()
            raise InputError(
                f"{name} is missing ({int(holes.sum())} in the file)",
                where=record.at(row),
                remedy=Phrase("complete the file", fill),
            )
        if not fillable:
            raise InputError(
                Phrase(
                    f"{name} is missing {longest} times in a row or at an end of the file: ",
                    Parameter("gaps", "interpolate"),
                    f" fills at most {LONGEST_GAP_S // 3600} hours",
                ),
                where=record.at(row),
                remedy="complete the file",
            )
        steps = np.arange(len(values))
        record.columns[name] = np.interp(steps, steps[~holes], values[~holes])
        repairs[f"missing_{name}"] = Finding(int(holes.sum()), int(record.lines[row]), "", "interpolated")


def _longest_run(mask: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max())


def _check_whole_year(record: Record, step_s: int, year: int) -> None:
    expected = (365 + calendar.isleap(year)) * DAY_S // step_s
    if len(record.start_s) != expected:
        raise InputError(
            f"a typical year of {len(record.start_s)} steps of {step_s} s, "
            f"{expected} make a year: the file is cut off",
            where=record.content.where,
            remedy="complete it",
        )


def _with_irradiance(weather: Weather, record: Record, options: Options) -> Weather:
    """The weather with global, normal and diffuse irradiance, as far as the file or a model gives them."""
    columns = record.columns
    if "direct_w_m2" in columns:
        columns["dni_w_m2"] = beam_normal(columns["direct_w_m2"], weather)
    if all(name in columns for name in IRRADIANCE):
        return weather.with_irradiance(
            (columns["ghi_w_m2"], columns["dni_w_m2"], columns["dhi_w_m2"]), "modelled"
        )
    if "ghi_w_m2" in columns:
        record.note(
            "split", "Erbs 1982", "the file has global irradiance only: beam and diffuse are modelled"
        )
        parts, source = split(columns["ghi_w_m2"], weather), "modelled"
    elif options.clear_sky:
        record.note(
            "clear_sky", "Kasten-Czeplak 1980", "irradiance is modelled from clear sky and cloud cover"
        )
        parts, source = under_clouds(weather), "clear sky and cloud cover"
    else:
        record.note(
            "no_irradiance",
            "",
            Phrase(
                "no irradiance in the file: wind only, unless ", Parameter("clear_sky", True), " models it"
            ),
        )
        return weather
    return weather.with_irradiance(parts, source)
