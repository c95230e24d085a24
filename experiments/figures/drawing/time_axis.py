"""The time axis: elapsed seconds to days, or real dates where the run has a calendar."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, MultipleLocator

from experiments.results.run_folder import Compare, Run
from traces.errors import InputError
from traces.times.timezones import find_zone

# (longest span in seconds, unit in seconds, its name)
UNITS = ((180, 1, "seconds"), (3 * 3600, 60, "minutes"), (4 * 86400, 3600, "hours"))


@dataclass(frozen=True)
class TimeAxis:
    """Turns seconds into positions on the x axis, which shows start_s to end_s.

    `origin` is the instant of second 0, or None: then time counts from `zero_s`.
    """

    start_s: float
    end_s: float
    origin: datetime | None
    zone: tzinfo
    zero_s: float

    def x(self, time_s: np.ndarray | float) -> np.ndarray:
        """Positions of `time_s`: days since matplotlib's epoch, or elapsed time in the axis' unit."""
        if self.origin is not None:
            return dates.date2num(self.origin) + np.asarray(time_s, dtype=float) / 86400
        return (np.asarray(time_s, dtype=float) - self.zero_s) / self._unit()[0]

    def dress(self, axes: Axes) -> None:
        """Set limits, ticks and label of the x axis."""
        axes.set_xlim(float(self.x(self.start_s)), float(self.x(max(self.end_s, self.start_s + 1))))
        if self.origin is not None:
            locator = dates.AutoDateLocator(tz=self.zone, minticks=4, maxticks=10)
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=self.zone))
            axes.set_xlabel(f"date ({self.zone})")
            return
        unit_s, name = self._unit()
        span = (self.end_s - self.start_s) / unit_s
        if name == "hours" and span > 5:
            step = next((hours for hours in (1, 2, 3, 6, 12) if span / hours <= 12), 12)
            axes.xaxis.set_major_locator(MultipleLocator(step))
        else:
            axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
        axes.set_xlabel(f"time since the run's start ({name})")

    def _unit(self) -> tuple[float, str]:
        span_s = self.end_s - self.start_s
        for most_s, unit_s, name in UNITS:
            if span_s <= most_s:
                return unit_s, name
        return 86400, "days"


def time_axis(run: Run | Compare, start_s: float, end_s: float) -> TimeAxis:
    """The axis for a run between two of its seconds, with dates if the configuration has a calendar.

    Either time.origin_utc is the instant of second 0, or resolved.time.begin_utc that of second
    resolved.begin_s. Invalid entries are ignored: the axis then shows elapsed time or UTC.
    """
    origin, zone = _calendar(run.config)
    if origin is not None and not all(_in_calendar(origin, time_s) for time_s in (start_s, end_s)):
        origin = None
    return TimeAxis(start_s, end_s, origin, zone, start_s)


def _calendar(config: dict[str, Any]) -> tuple[datetime | None, tzinfo]:
    """The instant of second 0 and the zone to show it in."""
    table = _table(config, "time")
    if "origin_utc" in table:
        return _origin(table["origin_utc"]), _zone(table.get("zone"))
    resolved = _table(config, "resolved")
    table, begin_s = _table(resolved, "time"), resolved.get("begin_s")
    begin, zone = _origin(table.get("begin_utc")), _zone(table.get("site_zone"))
    if begin is None or not isinstance(begin_s, int) or not _in_calendar(begin, -begin_s):
        return None, zone
    return begin - timedelta(seconds=begin_s), zone


def _table(config: dict[str, Any], key: str) -> dict[str, Any]:
    table = config.get(key)
    return table if isinstance(table, dict) else {}


def _in_calendar(origin: datetime, time_s: float) -> bool:
    try:
        return 1900 <= (origin + timedelta(seconds=time_s)).year <= 2200
    except OverflowError:
        return False


def _origin(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        origin = datetime.fromisoformat(text)
    except ValueError:
        return None
    return origin if origin.tzinfo else origin.replace(tzinfo=UTC)


def _zone(name: object) -> tzinfo:
    try:
        return find_zone(name) if isinstance(name, str) else UTC
    except InputError:
        return UTC
