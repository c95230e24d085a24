"""Files that list their rows newest first, as many services export them, are read from their end."""

from datetime import UTC, datetime

import pytest

from traces.errors import InputError
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate

HOUR = 3600


@pytest.fixture
def newest_first(tmp_path):
    """Writes rows, given oldest first, from the last to the first and returns the path."""

    def write(header, rows):
        path = tmp_path / "export.csv"
        path.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
        return path

    return write


class TestReadFromTheEnd:
    def test_a_price_by_the_half_hour(self, newest_first):
        rows = [f"2024-06-01T{half // 2:02}:{half % 2 * 30:02}:00Z,{half}" for half in range(8)]
        series = read_rate(newest_first("valid_from,Price (p/kWh)", rows))
        assert (series.start_utc, series.end_s) == (datetime(2024, 6, 1, tzinfo=UTC), 4 * HOUR)
        assert series.value_u.tolist() == [10_000 * half for half in range(8)]
        repair = series.report.repairs["newest_first"]
        assert (repair.count, repair.line, repair.value) == (8, 2, "2024-06-01T03:30:00Z")

    def test_several_columns_turn_together_and_negatives_keep_their_lines(self, newest_first):
        rows = ["2024-06-01T00:00Z,1,10", "2024-06-01T01:00Z,-2,20", "2024-06-01T02:00Z,3,30"]
        series = read_power(newest_first("time,wind_kw,sun_kw", rows), columns=["wind_kw", "sun_kw"],
                            negatives="zero")  # fmt: skip
        assert series.power_mw.tolist() == [11_000_000, 20_000_000, 33_000_000]
        assert series.report.repairs["negative_values"].line == 3

    @pytest.mark.parametrize("minutes", [(0,), (0, 30), (0, 15, 30, 45)])
    def test_hours_that_the_clock_shows_twice(self, newest_first, minutes):
        hours = (1, 2, 2, 3)
        stamps = [f"2024-10-27 {hour:02}:{minute:02}" for hour in hours for minute in minutes]
        rows = [f"{stamp},{at}" for at, stamp in enumerate(stamps)]
        series = read_rate(newest_first("time,Price (EUR/MWh)", rows), zone="Europe/Berlin", gaps="hold")
        assert series.start_utc == datetime(2024, 10, 26, 23, tzinfo=UTC)
        assert series.end_s == 4 * HOUR
        assert series.value_u.tolist() == [1000 * at for at in range(len(rows))]

    def test_settlement_periods_of_a_day_of_25_hours(self, newest_first):
        rows = [f"2024-10-27,{period},{period}" for period in range(1, 51)]
        series = read_rate(newest_first("SettlementDate,SettlementPeriod,Price (GBP/MWh)", rows),
                           zone="Europe/London")  # fmt: skip
        assert (series.start_utc, series.end_s) == (datetime(2024, 10, 26, 23, tzinfo=UTC), 25 * HOUR)
        assert series.value_u.tolist() == [1000 * period for period in range(1, 51)]

    def test_local_days_and_counted_hours(self, newest_first):
        days = [f"2024-03-{day},{day}" for day in (29, 30, 31)]
        assert read_power(newest_first("date,p_kw", days), zone="Europe/Berlin").end_s == 71 * HOUR
        counts = [f"{hour},{hour}" for hour in range(30)]
        series = read_power(newest_first("n,p_w", counts), time_unit="h", time_start="2024-01-01T00:00Z")
        assert series.power_mw.tolist() == [1000 * hour for hour in range(30)]

    def test_counted_rows_are_still_remarked_on(self, newest_first):
        counts = [f"{row},{row}" for row in range(30)]
        assert "counted_rows" in read_power(newest_first("n,p_w", counts)).report.notes


class TestRefused:
    def test_strict_allows_no_repair(self, newest_first):
        rows = [f"2024-06-01T{hour:02}:00Z,{hour}" for hour in range(4)]
        for read, name in ((read_power, "p_kw"), (read_rate, "Price (EUR/MWh)")):
            path = newest_first(f"time,{name}", rows)
            assert len(read(path)) == 4
            with pytest.raises(InputError, match=r"export\.csv:2: 4 x rows, newest first.*strict"):
                read(path, strict=True)

    @pytest.mark.parametrize(
        "hours",
        [
            (1, 0),  # two rows: a slip, or a step back
            (5, 4, 3, 4, 2, 1),
            (5, 4, 4, 3, 2),
            (2, 1, 0, 3, 4, 5),
        ],
    )
    def test_rows_that_do_not_go_down_throughout(self, tmp_path, hours):
        path = tmp_path / "export.csv"
        rows = "".join(f"2024-06-01T{hour:02}:00Z,{hour}\n" for hour in hours)
        path.write_text("time,p_kw\n" + rows, encoding="utf-8")
        with pytest.raises(InputError, match="sort the file by time|two rows are needed"):
            read_power(path)

    def test_an_hour_twice_that_the_clock_shows_once(self, newest_first):
        stamps = ["2024-06-01 01:00", "2024-06-01 02:00", "2024-06-01 02:00", "2024-06-01 03:00"]
        path = newest_first("time,p_kw", [f"{stamp},1" for stamp in stamps])
        with pytest.raises(InputError, match="sort the file by time"):
            read_power(path, zone="Europe/Berlin", gaps="hold")
