"""ERCOT marks the second showing of an hour as clocks go back: the mark counts, not the order of rows."""

from datetime import UTC, datetime

import pytest

from traces.errors import InputError
from traces.series.rate_csv import read_rate

CHICAGO = {"unit": "USD/MWh", "zone": "America/Chicago", "date_order": "month-first"}
BY_HOUR = "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag"
BY_QUARTER = "Delivery Date,Delivery Hour,Delivery Interval,Repeated Hour Flag,Settlement Point Price"


@pytest.fixture
def write(tmp_path):
    """Writes lines to a file and returns its path."""

    def write_lines(*lines):
        path = tmp_path / "ercot.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines


def hours(*shown):
    return [f"11/03/2024,{hour:02}:00,HB_HUBAVG,{price},{flag}" for hour, flag, price in shown]


def read_hours(path):
    return read_rate(path, column="SettlementPointPrice", **CHICAGO)


def test_the_day_of_25_hours(write):
    shown = [(1, "N", 1), (2, "N", 2), (2, "Y", 99), *((hour, "N", hour) for hour in range(3, 25))]
    series = read_hours(write(BY_HOUR, *hours(*shown)))
    assert (series.start_utc, series.end_s) == (datetime(2024, 11, 3, 5, tzinfo=UTC), 25 * 3600)
    assert series.value_u.tolist()[:4] == [1000, 2000, 99_000, 3000]
    assert not series.report.repairs  # nothing was in doubt


def test_a_file_that_begins_with_the_second_showing(write):
    series = read_hours(write(BY_HOUR, *hours((2, "Y", 99), (3, "N", 3), (4, "N", 4))))
    assert series.start_utc == datetime(2024, 11, 3, 7, tzinfo=UTC)


def test_a_second_showing_that_is_missing_is_a_gap(write):
    with pytest.raises(InputError, match="no value from 2024-11-03 07:00:00 UTC to 2024-11-03 08:00"):
        read_hours(write(BY_HOUR, *hours((1, "N", 1), (2, "N", 2), (3, "N", 3), (4, "N", 4))))


def test_quarters_of_hours(write):
    rows = [
        f"11/03/2024,{hour},{quarter},{flag},{10 * hour + quarter + (100 if flag == 'Y' else 0)}"
        for hour, flag in ((1, "N"), (2, "N"), (2, "Y"), (3, "N"))
        for quarter in (1, 2, 3, 4)
    ]
    series = read_rate(write(BY_QUARTER, *rows), column="Settlement Point Price", **CHICAGO)
    assert (series.start_utc, series.end_s) == (datetime(2024, 11, 3, 5, tzinfo=UTC), 4 * 3600)
    assert series.value_u.tolist()[4:12] == [1000 * v for v in (21, 22, 23, 24, 121, 122, 123, 124)]


def test_whole_stamps_with_a_mark(write):
    rows = ["11/03/2024 01:30:00,N,1", "11/03/2024 01:30:00,Y,2", "11/03/2024 02:30:00,N,3"]
    series = read_rate(write("SCEDTimestamp,RepeatedHourFlag,Price (USD/MWh)", *rows),
                       zone="America/Chicago", date_order="month-first")  # fmt: skip
    assert (series.start_utc, series.end_s) == (datetime(2024, 11, 3, 6, 30, tzinfo=UTC), 3 * 3600)


def test_a_mark_that_the_zone_does_not_know(write):
    header = BY_HOUR.replace("DSTFlag", "Repeated Hour Flag")
    path = write(header, *hours((1, "N", 1), (2, "N", 2), (2, "Y", 99), (3, "N", 3)))
    with pytest.raises(InputError, match=r":4: .*'Repeated Hour Flag', but occurs once in America/Phoenix"):
        read_rate(path, column="SettlementPointPrice", **(CHICAGO | {"zone": "America/Phoenix"}))


def test_a_column_of_that_name_that_holds_something_else(write):
    path = write("time,dst_flag,Price (USD/MWh)", "2024-06-01 00:00,summer,1", "2024-06-01 01:00,summer,2")
    assert len(read_rate(path, zone="America/Chicago")) == 2


def test_a_flag_of_the_whole_summer_is_no_mark(write):
    rows = [f"2024-06-01 0{hour}:00,Y,{hour}" for hour in range(3)]
    series = read_rate(write("time,DSTFlag,Price (USD/MWh)", *rows), zone="America/Chicago")
    assert series.start_utc == datetime(2024, 6, 1, 5, tzinfo=UTC)
