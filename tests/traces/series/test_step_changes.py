"""Series whose step changes within the file: held exactly where rows are contiguous, never across a gap."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.errors import InputError
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate

START = datetime(2025, 9, 30, tzinfo=UTC)
HOUR, QUARTER = 3600, 900


@pytest.fixture
def write(tmp_path):
    """Writes (seconds from START, value) rows under a header and returns the path."""

    def write_rows(rows, header="time,price (EUR/MWh)"):
        path = tmp_path / "series.csv"
        lines = [f"{START + timedelta(seconds=at):%Y-%m-%dT%H:%M}Z,{value}" for at, value in rows]
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write_rows


def rows_of(*parts, stamp="start"):
    """Rows of (step, count) one after the other, the value counting from 0; and the end in seconds."""
    rows, at_s = [], 0
    for step_s, count in parts:
        for _ in range(count):
            rows.append((at_s if stamp == "start" else at_s + step_s, len(rows)))
            at_s += step_s
    return rows, at_s


@pytest.mark.parametrize("stamp", ["start", "end"])
@pytest.mark.parametrize(
    "parts",
    [
        ((HOUR, 24), (QUARTER, 96)),  # the European day-ahead market, 2025-10-01
        ((HOUR, 4), (QUARTER, 4)),
        ((QUARTER, 96), (HOUR, 24)),
        ((HOUR, 24), (1800, 48), (QUARTER, 96)),
        ((QUARTER, 30), (HOUR, 30), (QUARTER, 30)),
        ((86400, 5), (HOUR, 48)),
    ],
)
def test_each_value_holds_for_its_own_step(write, parts, stamp):
    rows, end_s = rows_of(*parts, stamp=stamp)
    series = read_rate(write(rows), stamp=stamp)
    assert (series.start_utc, series.end_s) == (START, end_s)
    starts, _ = rows_of(*parts)
    assert series.change_s.tolist() == [at for at, _ in starts]
    assert series.value_u.tolist() == [1000 * value for _, value in starts]
    change = series.report.notes["step_changes"]
    assert (change.count, change.line) == (len(parts) - 1, parts[0][1] + 2)
    assert series.report.repairs == {}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([300, QUARTER, HOUR]), st.integers(25, 40)), min_size=1, max_size=4),
    st.sampled_from(["start", "end"]),
)
def test_any_steps_longer_than_a_day_of_rows(tmp_path_factory, parts, stamp):
    rows, end_s = rows_of(*parts, stamp=stamp)
    path = tmp_path_factory.mktemp("steps") / "s.csv"
    lines = [f"{START + timedelta(seconds=at):%Y-%m-%dT%H:%M}Z,{value}" for at, value in rows]
    path.write_text("\n".join(["time,p_w", *lines]) + "\n", encoding="utf-8")
    series = read_power(path, stamp=stamp)
    assert series.end_s == end_s
    assert series.change_s.tolist() == [at for at, _ in rows_of(*parts)[0]]


def test_energy_is_spread_over_each_row_s_own_step(write):
    rows, end_s = rows_of((HOUR, 24), (QUARTER, 96))
    series = read_power(write([(at, 1) for at, _ in rows], header="time,energy_kwh"))
    assert (series.at(0), series.at(24 * HOUR)) == (1_000_000, 4_000_000)
    assert series.energy_mj(0, end_s) == 120 * 3_600_000_000


@pytest.mark.parametrize("stamp", ["start", "end"])
def test_a_gap_at_the_change_is_an_error_and_filled_by_a_policy(write, stamp):
    rows, end_s = rows_of((HOUR, 24), (QUARTER, 96), stamp=stamp)
    del rows[22:26]  # two hours and two quarters
    with pytest.raises(InputError, match="no value from 2025-09-30 22:00:00 UTC"):
        read_rate(write(rows), stamp=stamp)
    series = read_rate(write(rows), stamp=stamp, gaps="hold")
    assert series.end_s == end_s
    assert [series.at(t) for t in (21 * HOUR, 24 * HOUR + QUARTER, 24 * HOUR + 2 * QUARTER)] == [
        21_000, 21_000, 26_000,
    ]  # fmt: skip
    assert series.report.repairs["missing_rows"].count == 10  # by the finer step


def test_interpolation_follows_the_time_where_steps_differ(write):
    rows, _ = rows_of((HOUR, 24), (QUARTER, 96))
    rows = [(at, at) for at, _ in rows]
    del rows[24:26]  # the first two quarters
    series = read_power(write(rows, header="time,p_w"), gaps="interpolate")
    assert series.at(24 * HOUR + QUARTER) == 1000 * (24 * HOUR + QUARTER)


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        ([0, 1, 2, 3, 3.5], 6),  # one short step at the end
        ([0, 1, 2, 3, 4.5, 5.5, 6.5], 6),  # an hour and a half between hours
        ([0, 1, 2, 3, 4, 5, 6, 8, 10, 12], 9),  # every other row lost, or steps of two hours
        ([*(q / 4 for q in range(40)), 10, 11, 12, 13, *(14 + q / 4 for q in range(40))], 43),
    ],
)
def test_what_may_as_well_be_lost_rows_stays_an_error(write, seconds, line):
    path = write([(int(at * HOUR), i) for i, at in enumerate(seconds)])
    for gaps in ("error", "hold"):
        with pytest.raises(InputError, match=rf"series\.csv:{line}: "):
            read_rate(path, gaps=gaps)


def test_berlin_clock_time_across_the_change_of_the_market(tmp_path):
    # September ends hourly, October begins in quarters, and the clock goes back on 26 October.
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime(2025, 9, 29, 22, tzinfo=UTC)
    at = [begin + timedelta(hours=h) for h in range(24)]
    at += [at[-1] + timedelta(hours=1) + timedelta(minutes=15 * q) for q in range(27 * 96)]
    lines = [f"{one.astimezone(berlin):%d.%m.%Y %H:%M};{i},5" for i, one in enumerate(at)]
    path = tmp_path / "prices.csv"
    path.write_text("Datum von;Preis [EUR/MWh]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    series = read_rate(path, zone="Europe/Berlin", gaps="hold")
    assert series.end_utc == at[-1] + timedelta(minutes=15)
    assert series.value_u.tolist() == [1000 * i + 500 for i in range(len(at))]
    assert set(series.report.repairs) == {"ambiguous_stamps"}


@pytest.mark.parametrize("stamp", ["start", "end"])
def test_two_hours_at_an_end_of_a_short_file(write, stamp):
    parts = ((HOUR, 2), (QUARTER, 8)) if stamp == "start" else ((QUARTER, 8), (HOUR, 2))
    rows, end_s = rows_of(*parts, stamp=stamp)
    series = read_power(
        write(
            [
                (at, 4 if step == HOUR else 1)
                for (at, _), step in zip(
                    rows, [step for step, count in parts for _ in range(count)], strict=True
                )
            ],
            "time,energy_kwh",
        ),
        stamp=stamp,
    )
    assert (series.start_utc, series.end_s) == (START, end_s)
    assert series.power_mw.tolist() == [4_000_000]  # 4 kW, by the hour and by the quarter


def test_one_long_distance_at_an_end_is_a_gap(write):
    rows = [(0, 4), (HOUR, 1), (HOUR + QUARTER, 1), (HOUR + 2 * QUARTER, 1)]
    with pytest.raises(InputError, match="no value from 2025-09-30 00:15:00 UTC to 2025-09-30 01:00:00 UTC"):
        read_power(write(rows, "time,energy_kwh"))
