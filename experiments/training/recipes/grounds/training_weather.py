"""A typical year of a site in which every day is one of its training days, for windows of any length.

Windows for validation and test are weeks of the same year (docs/reference/scenarios.md). A window of a quarter would
contain some of them. So their days are replaced by the same weekday of the nearest training week.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from energy.weather.sites import SITES as KNOWN_SITES
from rare.scenario.load import SHIPPED
from rare.scenario.windows import read_windows
from traces.files.atomic import write_bytes

DAYS, HOURS, WEEK = 365, 24, 7
SITES = ("greensboro", "miami")
STAMP = {"tmy3": 16, "tmy2": 9}  # characters that say when a row is
HEADER = {"tmy3": 2, "tmy2": 1}  # lines before the rows


def training_days(site: str) -> list[int]:
    """(365,) for each day of the year the training day whose weather takes its place."""
    windows = [
        window
        for window in read_windows(SHIPPED / f"windows-{site}.csv")
        if window.site is None and window.split == "train"
    ]
    allowed = {day for window in windows for day in range(window.first_day, window.first_day + window.days)}
    days = []
    for day in range(DAYS):
        shifts = sorted(range(-DAYS // WEEK, DAYS // WEEK + 1), key=abs)
        near = [day + shift * WEEK for shift in shifts]
        days.append(
            next((each for each in near if each in allowed), None)
            or min(allowed, key=lambda each: abs(each - day))
        )
    return days


def write_training_year(site: str, folder: Path) -> Path:
    """Write the year of a site (energy.weather.sites) into a folder; returns the file."""
    form = KNOWN_SITES[site].format
    spec = find_spec("pvlib")
    assert spec is not None and spec.origin is not None  # a dependency of the package
    lines = (Path(spec.origin).parent / "data" / KNOWN_SITES[site].file).read_text("latin-1").splitlines()
    head, rows = lines[: HEADER[form]], lines[HEADER[form] :]
    width = STAMP[form]
    for day, source in enumerate(training_days(site)):
        if source != day:
            for hour in range(HOURS):
                at, origin = day * HOURS + hour, lines[HEADER[form] + source * HOURS + hour]
                rows[at] = rows[at][:width] + origin[width:]
    path = folder / f"{site}-training{Path(KNOWN_SITES[site].file).suffix}"
    write_bytes(path, ("\n".join([*head, *rows]) + "\n").encode("latin-1"))
    return path
