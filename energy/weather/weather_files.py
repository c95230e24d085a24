"""Readers of weather files, one module a format; the format follows from the content."""

from __future__ import annotations

from pathlib import Path

from energy.weather.assemble_weather import assemble
from energy.weather.formats import feedinlib, nsrdb
from energy.weather.formats.weather_content import Content, is_number, read_content
from energy.weather.formats.weather_record import Options
from energy.weather.site_weather import Weather
from energy.weather.weather_formats import WEATHER_FORMATS, first_lines, recognised
from traces.errors import InputError, Parameter, Phrase, quoted
from traces.files.documents import reads_file
from traces.files.text import begins_as_json, numbered_lines, place

__all__ = ["Options", "format_of", "read_file", "tell_format"]


@reads_file
def read_file(path: Path, format: str | None, options: Options) -> Weather:
    """The weather of one file; format None: by content. InputError where it cannot be read."""
    if format is not None and format not in WEATHER_FORMATS:
        raise InputError(WEATHER_FORMATS.unknown(format))
    options.check()
    content = read_content(path, options.max_bytes)
    record = WEATHER_FORMATS[format or tell_format(content)].value.read(content, options)
    return assemble(record, options)


def format_of(path: Path | str) -> str | None:
    """The format of a weather file by its first lines; None where unknown or unreadable."""
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
    head = first_lines(content)
    entry = recognised(head)
    if entry is None:
        raise _no_format(head.first, list(head.cells)).at(content.where)
    return entry.name


def _names_columns(cells: list[str]) -> bool:
    """Whether a comment holds the column names of a format that begins with them."""
    names = {cell.lstrip("# ") for cell in cells}
    return any(
        names >= known
        for known in (nsrdb.STAMP_NAMES, feedinlib.NAMES, {"time", "t2m"}, {"time(utc)", "t2m"})
    )


def _no_format(first: str, cells: list[str]) -> InputError:
    """The InputError for a first line that fits no format."""
    if first.startswith("#") and _names_columns(cells):
        return InputError(f"line 1 is {quoted(first[:60])}", remedy="take the # off the names of the columns")
    filled = [cell for cell in cells if cell]
    if len(filled) > 2 and sum(is_number(cell) for cell in filled) >= len(filled) - 1:
        return InputError(
            f"line 1 is {quoted(first[:60])}, a row of numbers: the header is missing",
            remedy="put the names of the columns in",
        )
    return InputError(
        f"no weather format starts with {quoted(first[:60])}: known are {', '.join(WEATHER_FORMATS.names())}",
        remedy=Phrase("if it is one of these, name it with ", Parameter("format")),
    )
