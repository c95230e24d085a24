"""Check of a file's stamps by its irradiance and the sun's position: GHI = DHI + DNI cos(zenith).

Global irradiance is the sum of the diffuse and of the beam's vertical part. In files that state all three,
the equation holds to about 1 W/m2 with the sun at the instant that a row stands for. Half an hour off, the
error is 15 to 40 W/m2. So the rows show which instant they mean, whatever the header states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from energy.weather.formats.weather_record import Record
from energy.weather.site_weather import IRRADIANCE
from traces.errors import Parameter, Phrase
from traces.numbers.constants import DAY_S
from traces.times.timezones import fixed_zone_name

#: A weaker beam says too little of the sun's place [W/m2].
LEAST_DNI_W_M2 = 50
#: Fewer rows in the sun can agree by chance.
FEWEST_ROWS = 8
#: Evenly taken from all rows in the sun: enough for a mean, and solar positions of so many take 10 ms.
SAMPLE = 240
#: Real files with the right header close to 0.4 to 4.5 W/m2 (measured on 15); below this nothing is asked.
GOOD_W_M2 = 6.0
#: How much better another instant must be to be named.
CLEARLY_BETTER = 0.25
COARSE_S = np.arange(-24, 25) * 1800
FINE_S = np.arange(-6, 7) * 300
#: Closer to an edge of its step than this, an instant counts as the edge.
EDGE_S = 180


@dataclass(frozen=True, slots=True)
class Closure:
    """Rows in the sun, (M,) each: ghi, dni, dhi [W/m2] and the middle of the step [s since 1970, UTC]."""

    ghi: np.ndarray
    dni: np.ndarray
    dhi: np.ndarray
    middle_s: np.ndarray
    site: dict[str, Any]
    step_s: int

    @classmethod
    def of(cls, record: Record, site: dict[str, Any], step_s: int) -> Closure | None:
        """The sunny rows of a record whose start_s is in UTC; None where there are too few."""
        if "direct_w_m2" in record.columns or any(name not in record.columns for name in IRRADIANCE):
            return None
        ghi, dni, dhi = (record.columns[name] for name in IRRADIANCE)
        rows = np.flatnonzero(dni >= LEAST_DNI_W_M2)
        if len(rows) < FEWEST_ROWS:
            return None
        rows = rows[np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)]
        return cls(ghi[rows], dni[rows], dhi[rows], record.start_s[rows] + step_s // 2, site, step_s)

    def errors_w_m2(self, shifts_s: np.ndarray) -> np.ndarray:
        """Mean error [W/m2] with the sun where it is `shifts_s` (S,) after the middle of the steps: (S,)."""
        import pandas as pd
        from pvlib import solarposition

        instants = (self.middle_s[None, :] + np.asarray(shifts_s)[:, None]).ravel()
        place = solarposition.get_solarposition(
            pd.to_datetime(instants, unit="s", utc=True),
            self.site["latitude_deg"], self.site["longitude_deg"], self.site["altitude_m"],
        )  # fmt: skip
        height = np.clip(np.cos(np.radians(place["zenith"].to_numpy())), 0, None).reshape(len(shifts_s), -1)
        return np.abs(self.ghi - self.dhi - self.dni * height).mean(axis=1)

    def best(self) -> tuple[int, float]:
        """(seconds after the middle of the steps at which it closes best, its error there [W/m2])."""
        coarse_s = int(COARSE_S[np.argmin(self.errors_w_m2(COARSE_S))])
        fine = self.errors_w_m2(coarse_s + FINE_S)
        return int(coarse_s + FINE_S[np.argmin(fine)]), float(fine.min())

    def note(self, record: Record, clock_s: int, moves: bool) -> None:
        """Add a note to the record where its rows clearly fit another offset or stamp.

        clock_s : the offset by which they were read; moves : whether utc_offset_h would change it
        """
        read_w_m2 = float(self.errors_w_m2(np.zeros(1, np.int64))[0])
        if read_w_m2 <= GOOD_W_M2:
            return
        shift_s, best_w_m2 = self.best()
        if best_w_m2 > CLEARLY_BETTER * read_w_m2:
            return
        offset_s, within_s = fitting(shift_s, clock_s, self.step_s)
        if offset_s == clock_s:
            minutes = round((self.step_s // 2 - within_s) / 60)
            remedy = Phrase(f": the sun is taken {abs(minutes)} min {'late' if minutes > 0 else 'early'}")
        else:
            offset = Parameter("utc_offset_h", offset_s / 3600)
            remedy = Phrase(": ", Parameter("zone"), " may name the site's own clock; give ", offset)
            remedy = remedy if moves else Phrase()
        record.note(
            "clock", fixed_zone_name(offset_s),
            Phrase(f"by GHI = DHI + DNI cos(zenith) rows fit {_reading(offset_s, within_s, self.step_s)}"
            f"{self._or_utc(shift_s, offset_s, clock_s)} (off by {best_w_m2:.1f} W/m2), not "
            f"{_reading(clock_s, self.step_s // 2, self.step_s)} as read (off by {read_w_m2:.1f})", remedy),
        )  # fmt: skip

    def _or_utc(self, shift_s: int, offset_s: int, clock_s: int) -> str:
        """Words for the alternative reading in UTC of an instant between two steps; '' without one."""
        within_s = within(shift_s, clock_s, 0, self.step_s)
        if offset_s != clock_s or clock_s == 0 or not -EDGE_S <= within_s <= self.step_s + EDGE_S:
            return ""
        return f", or {_reading(0, within_s, self.step_s)},"


def within(shift_s: int, clock_s: int, offset_s: int, step_s: int) -> int:
    """Seconds from the start of a row's step, by the clock `offset_s`, to the instant of its values.

    shift_s : of that instant from the middle of the step as read with the clock `clock_s`
    """
    return shift_s - (clock_s - offset_s) + step_s // 2


def fitting(shift_s: int, clock_s: int, step_s: int) -> tuple[int, int]:
    """(offset from UTC of the rows' clock, instant within the step), both [s], that a shift stands for.

    The offset as read is kept where the instant then lies within the step; else UTC is tried, which files
    of satellite data keep; else the half-hour that brings the instant nearest to the middle. The sun of the
    day before or after is nearly the same, so a shift may stand for a whole day more or less.
    """
    clocks = (clock_s, 0, *range(-12 * 3600, 14 * 3600 + 1, 1800))
    readings = [
        (offset_s, within(shift_s + day_s, clock_s, offset_s, step_s))
        for offset_s in clocks
        for day_s in (0, -DAY_S, DAY_S)
    ]
    for offset_s, within_s in readings[:6]:
        if -EDGE_S <= within_s <= step_s + EDGE_S:
            return offset_s, min(max(within_s, 0), step_s)
    return min(readings, key=lambda reading: abs(reading[1] - step_s // 2))


def _reading(offset_s: int, within_s: int, step_s: int) -> str:
    """Words for a reading of the rows: the offset of their clock, and the instant within the step."""
    for place_s, name in ((0, "the start"), (step_s // 2, "the middle"), (step_s, "the end")):
        if abs(within_s - place_s) <= EDGE_S:
            return f"{fixed_zone_name(offset_s)} and {name} of the step"
    return f"{fixed_zone_name(offset_s)} and {within_s // 60} min after the start of the step"
