"""Readers of weather files, one module a format; the format is told by the content."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from energy.weather import Weather
from energy.weather_files import epw, feedinlib, nsrdb, openmeteo, tmy2, tmy3
from energy.weather_files.assemble import assemble
from energy.weather_files.content import Content, read_content
from energy.weather_files.record import Options, Record
from traces.documents import reads_file
from traces.errors import InputError
from traces.workload import shown

READERS: dict[str, Callable[[Content, Options], Record]] = {
    "tmy3": tmy3.read,
    "tmy2": tmy2.read,
    "epw": epw.read,
    "nsrdb": nsrdb.read,
    "openmeteo": openmeteo.read,
    "feedinlib": feedinlib.read,
}

__all__ = ["READERS", "Options", "read_file", "tell_format"]


@reads_file
def read_file(path: Path, format: str | None, options: Options) -> Weather:
    """The weather of one file. InputError for whatever keeps it from being read."""
    if format is not None and format not in READERS:
        raise InputError(f"unknown weather format {shown(format)}: use one of {', '.join(READERS)}")
    options.check()
    content = read_content(path, options.max_bytes)
    record = READERS[format or tell_format(content)](content, options)
    return assemble(record, options)


def tell_format(content: Content) -> str:
    """The format's name, by the first lines. InputError where none fits."""
    first = content.lines[0] if content.lines else ""
    second = content.lines[1] if len(content.lines) > 1 else ""
    names = {cell.strip().strip('"').lower() for cell in first.split(",")}
    if first.lstrip().startswith("{"):
        return "openmeteo"
    if re.match(r"LOCATION\s*,", first, re.IGNORECASE):
        return "epw"
    if second.lower().startswith(tmy3.FIRST_COLUMN.lower()):
        return "tmy3"
    if tmy2.HEADER.match(first):
        return "tmy2"
    if first.startswith("Source,") or nsrdb.STAMP_NAMES.issubset(names):
        return "nsrdb"
    if feedinlib.NAMES.issubset(names):
        return "feedinlib"
    raise InputError(
        f"{content.where}: no weather format starts with {shown(first[:60])}: known are "
        f"{', '.join(READERS)}; if it is one of these, name it with format="
    )
