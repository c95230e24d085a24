"""Readers of weather files, one module a format; the format follows from the content."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from energy.weather.assemble_weather import assemble
from energy.weather.formats import epw, feedinlib, nsrdb, openmeteo, pvgis, tmy2, tmy3
from energy.weather.formats.weather_content import MAX_COLUMNS, Content, is_number, read_content
from energy.weather.formats.weather_record import Options, Record
from energy.weather.site_weather import Weather
from traces.documents import reads_file
from traces.errors import InputError, quoted
from traces.text import begins_as_json, numbered_lines, place

READERS: dict[str, Callable[[Content, Options], Record]] = {
    "tmy3": tmy3.read,
    "tmy2": tmy2.read,
    "epw": epw.read,
    "nsrdb": nsrdb.read,
    "openmeteo": openmeteo.read,
    "pvgis": pvgis.read,
    "feedinlib": feedinlib.read,
}

__all__ = ["READERS", "Options", "format_of", "read_file", "tell_format"]


@reads_file
def read_file(path: Path, format: str | None, options: Options) -> Weather:
    """The weather of one file. InputError for whatever keeps it from being read."""
    if format is not None and (not isinstance(format, str) or format not in READERS):
        raise InputError(f"unknown weather format {quoted(format)}: use one of {', '.join(READERS)}")
    options.check()
    content = read_content(path, options.max_bytes)
    record = READERS[format or tell_format(content)](content, options)
    return assemble(record, options)


def format_of(path: Path | str) -> str | None:
    """The format of a weather file by its first lines, None where they are of none, or cannot be read."""
    try:
        if begins_as_json(path):
            return "openmeteo"
        _, lines = next(numbered_lines(path))
        texts = [line.decode("utf-8", "replace") for line in lines[:2]]
        return tell_format(Content(Path(path), place(path), texts)) if texts else None
    except (InputError, StopIteration):
        return None


def tell_format(content: Content) -> str:
    """The format's name, by the first lines. InputError where none fits."""
    first = content.lines[0]
    second = content.lines[1] if len(content.lines) > 1 else ""
    cells = [cell.strip().strip('"').lower() for cell in first.split(",", MAX_COLUMNS)]
    names = set(cells)
    fits_format = {
        "openmeteo": first.lstrip().startswith(("{", "["))
        or {"latitude", "utc_offset_seconds"} <= names
        or (cells[0] == "time" and any(name.startswith("temperature_2m") for name in cells)),
        "epw": re.match(r"LOCATION\s*,", first, re.IGNORECASE) is not None,
        "tmy3": second.lower().startswith(tmy3.FIRST_COLUMN.lower()),
        "tmy2": tmy2.HEADER.match(first) is not None,
        "nsrdb": first.startswith("Source,") or names >= nsrdb.STAMP_NAMES,
        "pvgis": first.lower().startswith(pvgis.FIRST) or (cells[0] == "time(utc)" and "t2m" in names),
        "feedinlib": names >= feedinlib.NAMES,
    }
    for name, fits in fits_format.items():
        if fits:
            return name
    raise InputError(f"{content.where}: {_no_format(first, cells)}")


def _names_columns(cells: list[str]) -> bool:
    """Whether a comment holds the column names of a format that begins with them."""
    names = {cell.lstrip("# ") for cell in cells}
    return any(
        names >= known
        for known in (nsrdb.STAMP_NAMES, feedinlib.NAMES, {"time", "t2m"}, {"time(utc)", "t2m"})
    )


def _no_format(first: str, cells: list[str]) -> str:
    """Why this first line fits no format, and what to do."""
    if first.startswith("#") and _names_columns(cells):
        return f"line 1 is {quoted(first[:60])}: take the # off the names of the columns"
    filled = [cell for cell in cells if cell]
    if len(filled) > 2 and sum(is_number(cell) for cell in filled) >= len(filled) - 1:
        return (
            f"line 1 is {quoted(first[:60])}, a row of numbers: the header is missing, put the names of the "
            "columns in"
        )
    return (
        f"no weather format starts with {quoted(first[:60])}: known are {', '.join(READERS)}; "
        "if it is one of these, name it with format="
    )
