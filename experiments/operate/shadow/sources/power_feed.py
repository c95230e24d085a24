"""The power that there is: from a file that is read again, a command, or an HTTP endpoint.

A feed gives a number with a unit, or a table of times and power. A table may go on after now: that part is
its forecast.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from experiments.operate.shadow.acting.slurm_answers import ControllerLost, Refused, answer
from experiments.operate.shadow.sources.http_fetch import HttpRequest, checked_url, fetch, shown
from experiments.operate.shadow.sources.slurm_source import command_words
from traces.errors import InputError, quoted
from traces.files.documents import parse_json, read_bytes, user_path
from traces.numbers.units import POWER_UNITS
from traces.series.power_csv import read_power

MOST_BYTES, COMMAND_WITHIN_S = 2**20, 20.0
PERCENT = "%"
UNITS = (*POWER_UNITS, PERCENT)
MOST_W = 1e12
COMMAND = "command:"
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([A-Za-z%]{0,20})\s*")


@dataclass(frozen=True)
class PowerReading:
    """What a feed said.

    power_w : what the cluster may draw; None where the feed gives a share
    share   : of the cluster's peak draw, 0 to 1 or more; None where it gives power
    of_s    : the instant that the reading is of, seconds since 1970
    read_s  : when it was read
    ahead   : the feed's forecast: (seconds since 1970, watts) at which power changes, later than now
    """

    power_w: float | None
    share: float | None
    of_s: float
    read_s: float
    ahead: tuple[tuple[int, float], ...] = ()

    @property
    def age_s(self) -> float:
        """How old it was when it was read."""
        return max(self.read_s - self.of_s, 0.0)


@dataclass(frozen=True)
class FeedOptions:
    """How a feed's answer is to be read.

    unit      : of a bare number; '' where the text says it
    path      : of the number in JSON, such as `breakdown.wind+breakdown.solar`
    time_path : of the instant in JSON that the number is of; '': it is of now (of a file: of its last change)
    scale     : the number is multiplied by this
    headers   : name of a header and name of the environment variable with its value
    """

    unit: str = ""
    path: str = ""
    time_path: str = ""
    scale: float = 1.0
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PowerFeed:
    """A feed by its name on the command line: a file, `command: WORDS`, or a URL."""

    name: str
    options: FeedOptions
    fetched: Callable[[], tuple[bytes, float]]
    table: Path | None = None

    def read(self, now_s: float | None = None) -> PowerReading:
        """The power at `now_s` (None: the clock's). InputError where the feed is not there or lies."""
        read_s = time.time() if now_s is None else now_s
        if self.table is not None:
            return _of_table(self.table, self.options, read_s)
        data, of_s = self.fetched()
        text = data.decode("utf-8-sig", "replace")
        if self.options.path or text.lstrip()[:1] in ("{", "["):
            return _of_json(text, self.options, self.name, of_s, read_s)
        return _of_text(text, self.options, self.name, of_s, read_s)


def power_feed(name: str, options: FeedOptions) -> PowerFeed:
    """The feed of that name. InputError for options that cannot be right."""
    if options.unit and options.unit not in UNITS:
        raise InputError(f"--power-unit: {quoted(options.unit)} is unknown", remedy=f"use {', '.join(UNITS)}")
    if not (math.isfinite(options.scale) and options.scale > 0):
        raise InputError(f"--power-scale must be above 0, got {options.scale}")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", name):
        checked_url(name, _headers(options), "--power-feed")
        return PowerFeed(
            shown(name),
            options,
            lambda: (fetch(HttpRequest(name, _headers(options), most_bytes=MOST_BYTES)), time.time()),
        )
    if options.headers:
        raise InputError("--power-header is for a feed by HTTP")
    if name.startswith(COMMAND):
        words = command_words(name.removeprefix(COMMAND), "--power-feed")
        return PowerFeed(name, options, lambda: _run(words))
    path = user_path(name)
    if path.suffix.lower() in (".csv", ".tsv", ".gz"):
        return PowerFeed(name, options, lambda: (b"", 0.0), table=path)
    return PowerFeed(name, options, lambda: _of_file(path))


def _headers(options: FeedOptions) -> dict[str, str]:
    """The headers with their secrets, which stand in environment variables only."""
    headers = {}
    for header, variable in options.headers:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", header):
            raise InputError(f"--power-header: {quoted(header)} is no name of a header")
        value = os.environ.get(variable, "")
        if not value or any(not " " <= char <= "~" for char in value):
            raise InputError(
                f"--power-header: the environment variable {quoted(variable)} is empty or no text"
            )
        headers[header] = value
    return headers


def _run(words: tuple[str, ...]) -> tuple[bytes, float]:
    try:
        return answer(words, COMMAND_WITHIN_S, MOST_BYTES), time.time()
    except (ControllerLost, Refused) as error:
        raise InputError(str(error), where="the feed's command") from None


def _of_file(path: Path) -> tuple[bytes, float]:
    data = read_bytes(path, MOST_BYTES, "write the power there")
    try:
        return data, path.stat().st_mtime
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None


# --- what a feed says -------------------------------------------------------------------------------------


def _of_text(text: str, options: FeedOptions, name: str, of_s: float, read_s: float) -> PowerReading:
    """A number with a unit, such as `12.5 kW`."""
    match = _NUMBER.fullmatch(text) if len(text) < 200 else None
    if match is None:
        raise InputError(
            f"holds {quoted(text)}, not a number with a unit such as 12.5 kW",
            where=name,
            remedy=f"units are {', '.join(UNITS)}",
        )
    return _reading(float(match[1]), match[2] or options.unit, options, name, (of_s, read_s))


def _of_json(text: str, options: FeedOptions, name: str, of_s: float, read_s: float) -> PowerReading:
    """A number at a place in JSON, and the instant that it is of."""
    try:
        value = parse_json(text)
    except ValueError as error:
        raise InputError(f"is no whole JSON ({quoted(str(error), 80)})", where=name) from None
    paths = (options.path or "power").split("+")
    total, unit = 0.0, options.unit
    for path in paths:
        found = at_path(value, path, name)
        if isinstance(found, str) and len(found) < 200 and (match := _NUMBER.fullmatch(found)):
            found, unit = float(match[1]), match[2] or unit
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise InputError(f"{quoted(path)} is {quoted(found)}, not a number", where=name)
        total += float(found)
    if options.time_path:
        of_s = instant(at_path(value, options.time_path, name), options.time_path, name)
    if not unit and isinstance(value, dict) and isinstance(value.get("unit"), str):
        unit = value["unit"]
    return _reading(total, unit, options, name, (of_s, read_s))


def at_path(value: Any, path: str, name: str) -> Any:
    """What stands at `a.b.0.c`. InputError where nothing does."""
    for key in path.strip().split("."):
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key[:6]) < len(value):
            value = value[int(key[:6])]
        else:
            raise InputError(f"has nothing at {quoted(path)}", where=name, remedy="give --power-path")
    return value


def instant(value: Any, path: str, name: str) -> float:
    """An instant: seconds since 1970, or a stamp of ISO 8601 with its offset. InputError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11:
        return float(value)
    if isinstance(value, str):
        try:
            stamp = datetime.fromisoformat(value.strip())
        except ValueError:
            stamp = None
        if stamp is not None and stamp.tzinfo is not None:
            return stamp.timestamp()
    raise InputError(
        f"{quoted(path)} is {quoted(value)}, not an instant such as 2026-11-30T12:00:00Z", where=name
    )


def _reading(
    value: float, unit: str, options: FeedOptions, name: str, times: tuple[float, float]
) -> PowerReading:
    of_s, read_s = times
    if not unit:
        raise InputError("gives a number without a unit", where=name, remedy="give --power-unit kW")
    if unit not in UNITS:
        raise InputError(f"unit {quoted(unit)} is unknown", where=name, remedy=f"use {', '.join(UNITS)}")
    value *= options.scale
    if unit == PERCENT:
        if not 0 <= value <= 1000:
            raise InputError(f"gives {value:g} %", where=name, remedy="a share is 0 to 1000 %")
        return PowerReading(None, value / 100, of_s, read_s)
    watts = value * POWER_UNITS[unit] / 1000
    if not 0 <= watts <= MOST_W:
        raise InputError(f"gives {watts:g} W", where=name, remedy="power is 0 to 10^12 W")
    return PowerReading(watts, None, of_s, read_s)


def _of_table(path: Path, options: FeedOptions, read_s: float) -> PowerReading:
    """The row that holds now, and those after it as the feed's forecast."""
    series = read_power(path, unit=options.unit or None)
    start_s = series.start_utc.timestamp()
    now = int(read_s - start_s)
    if now < 0:
        raise InputError(f"begins {-now} s after now", where=path)
    at = int(np.searchsorted(series.change_s, now, side="right")) - 1
    scale = Fraction(options.scale) / 1000
    watts = [float(value * scale) for value in series.power_mw[at:].tolist()]
    ahead = tuple(
        (int(start_s) + change, watt)
        for change, watt in zip(series.change_s[at + 1 :].tolist(), watts[1:], strict=True)
    )
    of_s = min(read_s, start_s + series.end_s)  # the last row holds to its end; from then on it grows old
    return replace(PowerReading(watts[0], None, of_s, read_s), ahead=ahead[:10_000])
