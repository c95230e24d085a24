"""Time columns that count rows, hours or minutes instead of naming instants."""

from datetime import UTC, datetime

import pytest

from experiments.cli.root import main
from traces.errors import InputError
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate

JAN = datetime(2022, 1, 1, tzinfo=UTC)
HOUR = 3600


@pytest.fixture
def write(tmp_path):
    """Writes counts and values under a header and returns the path."""

    def write_rows(counts, head="time,p_kw", name="series.csv"):
        path = tmp_path / name
        path.write_text("\n".join([head, *(f"{n},{i}" for i, n in enumerate(counts))]) + "\n")
        return path

    return write_rows


def test_rows_counted_one_by_one_are_remarked_on(write):
    series = read_power(write(range(8760)))
    assert series.end_s == 8760
    remark = series.report.notes["counted_rows"]
    assert "2.433 h" in remark.text and "time_unit='h'" in remark.text
    assert "counted_rows" not in read_power(write(range(0, 86400, 3600))).report.notes
    assert "counted_rows" not in read_power(write(range(1640995200, 1640995300))).report.notes
    assert "counted_rows" not in read_power(write(range(20))).report.notes


@pytest.mark.parametrize(
    ("counts", "options", "end_s"),
    [
        (range(8760), {"time_unit": "h"}, 8760 * HOUR),
        (range(1, 8761), {"time_unit": "h", "stamp": "end"}, 8760 * HOUR),
        (range(35040), {"time_unit": "15min"}, 35040 * 900),
        (range(365), {"time_unit": "d"}, 365 * 24 * HOUR),
        ([n / 4 for n in range(96)], {"time_unit": "h"}, 24 * HOUR),
        (range(0, 86_400_000, 3_600_000), {"time_unit": "ms"}, 24 * HOUR),
        (range(0, 86_400, 3_600), {}, 24 * HOUR),
    ],
)
def test_a_declared_unit_and_start(write, counts, options, end_s):
    for start, zone in (("2022-01-01T00:00Z", None), ("2022-01-01 01:00", "Europe/Berlin")):
        series = read_power(write(counts), time_start=start, zone=zone, **options)
        assert (series.start_utc, series.end_s) == (JAN, end_s)
        assert "counted_rows" not in series.report.notes


@pytest.mark.parametrize(
    ("name", "head", "count", "options"),
    [
        ("wind_2022.csv", "time,p_kw", 8760, {}),
        ("wind.csv", "time,p_kw of 2022", 8760, {}),
        ("wind.csv", "# made for 2024\ntime,p_kw", 8784, {}),
        ("wind_2022.csv", "time_s,p_kw", 8760, {}),  # the unit that is declared contradicts
        ("wind_2022.csv", "time,p_kw", 35040, {}),
        ("wind_2022.csv", "time,p_kw", 8760, {"time_unit": "min", "time_start": "2022-01-01T00:00Z"}),
    ],
)
def test_a_stated_year_that_the_unit_contradicts(write, name, head, count, options):
    path = write(range(count), head, name)
    column = head.split(",")[-1]
    for read, unit in (
        (read_power, {"columns": column, "unit": "kW"}),
        (read_rate, {"column": column, "unit": "g/kWh"}),
    ):
        with pytest.raises(InputError, match=rf"{count} rows counted one by one .* (2022|2024) is stated"):
            read(path, **unit, **options)


@pytest.mark.parametrize(
    ("column", "unit"),
    [("hour", "h"), ("Hour of year", "h"), ("HoY", "h"), ("time_h", "h"), ("t [min]", "min"), ("day", "d")],
)
def test_a_name_that_is_no_second(write, column, unit):
    path = write(range(100), f"{column},p_kw")
    with pytest.raises(InputError, match=f"declare time_unit='{unit}' and time_start="):
        read_power(path, time_column=column)
    series = read_power(path, time_column=column, time_unit=unit, time_start="2022-01-01T00:00Z")
    assert series.start_utc == JAN


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"time_unit": "week"}, "use s, min, h, d or ms"),
        ({"time_unit": "0h"}, "use s, min, h, d or ms"),
        ({"time_unit": "h"}, "counts from where"),
        ({"time_unit": "h", "time_start": "new year"}, "time_start.*'new year' is not a time stamp"),
        ({"time_unit": "h", "time_start": "2022-01-01"}, "has no offset; write 2022-01-01T00:00Z"),
        ({"time_unit": "9999d", "time_start": "2022-01-01T00:00Z"}, "outside 1900 to 2199"),
    ],
)
def test_declarations_that_make_no_sense(write, options, says):
    with pytest.raises(InputError, match=says):
        read_power(write(range(100)), **options)


def test_a_run_says_so(write, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(range(8760))
    (tmp_path / "jobs.csv").write_text("job_id,submit_s,cores,work_s\n1,0,1,60\n")
    (tmp_path / "s.toml").write_text(
        '[workload]\nfile = "jobs.csv"\nprocessors = 4\n[[supply.source]]\nfile = "series.csv"\n'
    )
    assert main(["simulate", "--scenario", "s.toml"]) == 0
    assert "counts rows one by one" in "".join(capsys.readouterr())
    assert main(["traces", "show", "series.csv"]) == 0
    assert "counts rows one by one" in capsys.readouterr().out
