"""In every IANA zone, a year written by the local clock keeps its hours and its energy."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest

from traces.errors import InputError
from traces.series.power_csv import read_power
from traces.times.timezones import find_zone, offsets_between

HOUR = 3600
YEAR = 2025
FIRST = datetime(YEAR, 1, 1, tzinfo=UTC)
HOURS = int((datetime(YEAR + 1, 1, 1, tzinfo=UTC) - FIRST).total_seconds()) // HOUR
AROUND_H = 8


def watts(hour):
    """Power of each UTC hour of the year: never the same twice within a day, so a swap would show."""
    return 1 + hour * 7 % 97


def read_local(path, zone, hours):
    """The hours of the year written by the zone's clock, as a naive meter would, and read back."""
    lines = ["time,power_w"]
    for hour in hours:
        local = (FIRST + timedelta(hours=hour)).astimezone(zone)
        lines.append(f"{local:%Y-%m-%d %H:%M:%S},{watts(hour)}")
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return read_power(path, zone=zone.key, gaps="hold")


def check(series, hours):
    assert series.start_utc == FIRST + timedelta(hours=hours[0])
    assert series.end_s == len(hours) * HOUR
    assert series.energy_mj(0, series.end_s) == sum(watts(hour) for hour in hours) * 1000 * HOUR
    each = series.at(np.arange(len(hours)) * HOUR)
    assert each.tolist() == [1000 * watts(hour) for hour in hours]
    assert "missing_rows" not in series.report.repairs
    assert "nonexistent_stamps" not in series.report.repairs


def transitions(name):
    offsets = offsets_between(find_zone(name), int(FIRST.timestamp()), int(FIRST.timestamp()) + HOURS * HOUR)
    return offsets.first_s, tuple(offsets.change_s.tolist()), tuple(offsets.after_s.tolist())


@pytest.fixture(scope="module")
def zones():
    """Zone names by what their clocks do in the year: zones that do the same share one entry."""
    found = {}
    for name in sorted(available_timezones()):
        found.setdefault(transitions(name), []).append(name)
    return found


def test_hours_around_every_transition_of_every_zone(tmp_path, zones):
    seen = 0
    for (_, changes_s, _), names in zones.items():
        middles = [(change - int(FIRST.timestamp())) // HOUR for change in changes_s] or [HOURS // 2]
        for name in names:
            for middle in middles:
                hours = range(max(0, middle - AROUND_H), min(HOURS, middle + AROUND_H))
                check(read_local(tmp_path / "local.csv", ZoneInfo(name), hours), hours)
                seen += 1
    assert seen >= len(available_timezones()) > 300


def test_a_whole_year_of_every_kind_of_clock(tmp_path, zones):
    with_changes = [names[0] for (_, changes, _), names in zones.items() if changes]
    assert len(with_changes) > 10
    for name in with_changes:
        check(read_local(tmp_path / "local.csv", ZoneInfo(name), range(HOURS)), range(HOURS))


def test_a_name_of_any_length_is_refused_in_one_short_line():
    with pytest.raises(InputError) as caught:
        find_zone("E" + ".a" * 5000)
    assert len(str(caught.value)) < 200
