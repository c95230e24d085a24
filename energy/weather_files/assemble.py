"""From a reader's record to Weather: order, gaps and ranges checked, irradiance completed."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import numpy as np

from energy.sky import beam_normal, split, under_clouds
from energy.weather import IRRADIANCE, NOMINAL_YEAR, OPTIONAL, REQUIRED, Weather, check_ranges
from energy.weather_files.record import DAY_S, Options, Record
from traces.errors import InputError
from traces.regular import check_steps, usual_step_s
from traces.stamps import show
from traces.timezones import EPOCH
from traces.workload import Finding, ReadReport

#: Longer gaps hide a front or a night; a straight line over them is invention.
LONGEST_GAP_S = 6 * 3600
LIGHT = (*IRRADIANCE, "direct_w_m2")
NEEDED = {
    "latitude_deg": "latitude_deg=",
    "longitude_deg": "longitude_deg=",
    "utc_offset_s": "utc_offset_h=",
}


def assemble(record: Record, options: Options) -> Weather:
    """Checked, complete weather. InputError names the file, the line and the remedy."""
    site = _site(record, options)
    record.start_s = record.start_s - site["utc_offset_s"]
    step_s = _step(record)
    repairs: dict[str, Finding] = {}
    _raise_negatives(record, options, repairs)
    check_ranges(
        {name: values for name, values in record.columns.items() if name != "direct_w_m2"}, record.at
    )
    _spread(record, step_s, options, repairs)
    _fill(record, step_s, options, repairs)
    if record.typical_year:
        _check_whole_year(record, step_s)
        placed = options.year or NOMINAL_YEAR
        record.note("typical_year", str(placed), "months of different years, placed in this one")
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
    site = record.site | options.stated
    lacking = [text for name, text in NEEDED.items() if site.get(name) is None]
    if lacking:
        raise InputError(
            f"{record.content.where}: the file does not say where it was: give {', '.join(lacking)}"
        )
    if site.get("altitude_m") is None:
        site["altitude_m"] = 0.0
        record.note(
            "altitude", "0", "the file states no altitude: taken as sea level; altitude_m= says otherwise"
        )
    return site


def _step(record: Record) -> int:
    """The step [s] of rows that are in order, evenly spaced, and none of them twice."""
    step_s = usual_step_s(record.start_s)
    if step_s is None:
        raise InputError(f"{record.content.where}: all rows have one time: the file is damaged")
    twice = np.flatnonzero(np.diff(record.start_s) == 0)
    if len(twice):
        row = int(twice[0]) + 1
        raise InputError(f"{record.at(row)}: the same time as the row before: delete one of them")
    check_steps(record.start_s, record.lines, step_s, record.content.where)
    return step_s


def _raise_negatives(record: Record, options: Options, repairs: dict[str, Finding]) -> None:
    for name in LIGHT:
        values = record.columns.get(name)
        if values is None or not (values < 0).any():
            continue
        rows = np.flatnonzero(values < 0)
        row, value = int(rows[0]), float(values[rows[0]])
        if options.negatives == "error":
            raise InputError(
                f"{record.at(row)}: {name} is {value:g} ({len(rows)} below zero): "
                "correct it, or use negatives='zero'"
            )
        repairs[f"negative_{name}"] = Finding(
            len(rows), int(record.lines[row]), f"{value:g}", "raised to zero"
        )
        record.columns[name] = np.where(values < 0, 0, values)


def _spread(record: Record, step_s: int, options: Options, repairs: dict[str, Finding]) -> None:
    """Gives every step a row; those that the file lacks become NaN, or an error."""
    distances = np.diff(record.start_s)
    gaps = np.flatnonzero(distances > step_s)
    if not len(gaps):
        return
    row = int(gaps[0]) + 1
    lacking = int(distances[gaps].sum() // step_s) - len(gaps)
    missing = show(int(record.start_s[row - 1]) + step_s)
    if options.gaps == "error":
        raise InputError(
            f"{record.at(row)}: the step that starts {missing} is missing before it, "
            f"{lacking} in all: complete the file, or use gaps='interpolate'"
        )
    longest_s = int(distances.max())
    if longest_s - step_s > LONGEST_GAP_S:
        row = int(np.argmax(distances)) + 1
        raise InputError(
            f"{record.at(row)}: {(longest_s - step_s) / 3600:g} hours are missing before it: "
            f"gaps='interpolate' fills at most {LONGEST_GAP_S // 3600}; complete the file, "
            "or give a year= without 29 February if that is what is missing"
        )
    repairs["missing_rows"] = Finding(lacking, int(record.lines[row]), missing, "interpolated")
    index = (record.start_s - record.start_s[0]) // step_s
    count = int(index[-1]) + 1
    for name, values in record.columns.items():
        record.columns[name] = np.full(count, np.nan)
        record.columns[name][index] = values
    whole = np.zeros(count, np.int64)
    whole[index] = record.lines
    record.lines = np.maximum.accumulate(whole)
    record.start_s = record.start_s[0] + np.arange(count, dtype=np.int64) * step_s


def _fill(record: Record, step_s: int, options: Options, repairs: dict[str, Finding]) -> None:
    """Fills missing values. What only some plants use is dropped instead where it cannot be filled."""
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
            raise InputError(
                f"{record.at(row)}: {name} is missing ({int(holes.sum())} in the file): complete the file, "
                "or use gaps='interpolate'"
            )
        if not fillable:
            raise InputError(
                f"{record.at(row)}: {name} is missing {longest} times in a row or at an end of the file: "
                f"gaps='interpolate' fills at most {LONGEST_GAP_S // 3600} hours; complete the file"
            )
        steps = np.arange(len(values))
        record.columns[name] = np.interp(steps, steps[~holes], values[~holes])
        repairs[f"missing_{name}"] = Finding(int(holes.sum()), int(record.lines[row]), "", "interpolated")


def _longest_run(mask: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max())


def _check_whole_year(record: Record, step_s: int) -> None:
    expected = 365 * DAY_S // step_s
    if len(record.start_s) != expected:
        raise InputError(
            f"{record.content.where}: a typical year of {len(record.start_s)} steps of {step_s} s, "
            f"{expected} make a year: the file is cut off or has a 29 February; complete it"
        )


def _with_irradiance(weather: Weather, record: Record, options: Options) -> Weather:
    """The weather with global, normal and diffuse irradiance, as far as the file or a model gives them."""
    have = record.columns
    if "direct_w_m2" in have:
        have["dni_w_m2"] = beam_normal(have["direct_w_m2"], weather)
    if all(name in have for name in IRRADIANCE):
        return weather.with_irradiance((have["ghi_w_m2"], have["dni_w_m2"], have["dhi_w_m2"]), "modelled")
    if "ghi_w_m2" in have:
        record.note(
            "split", "Erbs 1982", "the file has global irradiance only: beam and diffuse are modelled"
        )
        parts, source = split(have["ghi_w_m2"], weather), "modelled"
    elif options.clear_sky:
        record.note(
            "clear_sky", "Kasten-Czeplak 1980", "irradiance is modelled from clear sky and cloud cover"
        )
        parts, source = under_clouds(weather), "clear sky and cloud cover"
    else:
        record.note(
            "no_irradiance", "", "no irradiance in the file: wind only, unless clear_sky=True models it"
        )
        return weather
    return weather.with_irradiance(parts, source)
