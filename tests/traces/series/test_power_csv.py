"""Reading power from CSV: units, stamps, zones, gaps, and what the report says was done."""

import gzip
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.errors import InputError
from traces.numbers.units import to_milliwatts
from traces.series.power_csv import read_power

HOUR = 3600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def write(tmp_path):
    """Writes lines to a file and returns its path."""

    def write_lines(*lines, name="power.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines


def hourly(*values, header="time,power_w", start="2022-01-01"):
    """A file of hourly values from midnight UTC on; None leaves a cell empty, '-' leaves the row out."""
    first = datetime.fromisoformat(start)
    rows = [
        f"{first + timedelta(hours=i)}Z,{'' if value is None else value}"
        for i, value in enumerate(values)
        if value != "-"
    ]
    return [header, *rows]


class TestUnits:
    @pytest.mark.parametrize(
        ("column", "unit", "milliwatts"),
        [
            ("power_w", None, 1500),
            ("power_kw", None, 1_500_000),
            ("kW", None, 1_500_000),
            ("KW ", None, 1_500_000),
            ("power_mw", None, 1_500_000_000),  # megawatt, never milliwatt
            ("POWER_MW", None, 1_500_000_000),
            ("power_gw", None, 1_500_000_000_000),
            ("Wind [kW]", None, 1_500_000),
            ("Wind (MW)", None, 1_500_000_000),
            ("wind", "kW", 1_500_000),
            ("wind", "MW", 1_500_000_000),
            ("kWh", None, 6_000_000),
            ("energy_kwh", None, 6_000_000),  # 1.5 kWh in a quarter of an hour
            ("energy_mwh", None, 6_000_000_000),
            ("energy_wh", None, 6_000),
            ("energy", "kWh", 6_000_000),
            ("energy_kwh", "kW", 1_500_000),  # what is declared wins over the name
        ],
    )
    def test_each_unit(self, write, column, unit, milliwatts):
        path = write(f"time,{column}", "2022-01-01T00:00Z,1.5", "2022-01-01T00:15Z,1.5")
        assert read_power(path, columns=column, unit=unit).at(0) == milliwatts

    def test_energy_per_step_keeps_the_energy(self, write):
        # 1 Wh over 7 s is 514285.71 mW: the mean power is rounded to 1 mW.
        series = read_power(write("epoch_s,e_wh", "0,1", "7,1"))
        assert series.at(0) == round(Fraction(3_600_000, 7))

    def test_columns_are_summed_each_in_its_own_unit(self, write):
        path = write("time,wind_mw,solar_kw,load", "2022-01-01T00:00Z,1,2,x", "2022-01-01T01:00Z,3,4,x")
        series = read_power(path, columns=["wind_mw", "solar_kw"])
        assert series.power_mw.tolist() == [1_002_000_000, 3_004_000_000]
        assert read_power(path, columns="wind_mw+solar_kw") == series
        assert series.report.notes["unit"].value == "MW+kW"

    def test_a_column_may_have_a_plus_in_its_name(self, write):
        path = write("time,a+b", "2022-01-01T00:00Z,1", "2022-01-01T01:00Z,3")
        assert read_power(path, columns="a+b", unit="W").at(0) == 1000

    def test_the_only_column_with_a_unit_is_found(self, write):
        path = write("time,price,power_w", "2022-01-01T00:00Z,9,1", "2022-01-01T01:00Z,9,2")
        assert read_power(path).power_mw.tolist() == [1000, 2000]

    def test_the_only_column_is_found_when_the_unit_is_declared(self, write):
        path = write("time,wind", "2022-01-01T00:00Z,1", "2022-01-01T01:00Z,2")
        assert read_power(path, unit="W").power_mw.tolist() == [1000, 2000]

    @pytest.mark.parametrize(
        ("text", "milliwatts"),
        [
            ("0.0005", 0),  # a half goes to the even number
            ("0.0015", 2),
            ("0.0025", 2),
            ("0.5015", 502),  # as a float, a little below 501.5
            ("0.00250000000000000000001", 3),
            ("1e-3", 1),
            ("+1.", 1000),
            (".5", 500),
            ("-0", 0),
            ("-0.0001", 0),  # nothing left of it at 1 mW
            ("4503599627370.4975", 4503599627370498),  # beyond what a float tells apart
            ("9007199254740.9935", 9007199254740994),
            ("9007199254740.9925", 9007199254740992),
        ],
    )
    def test_decimals_are_exact_to_the_milliwatt(self, write, text, milliwatts):
        path = write("time,power_w", f"2022-01-01T00:00Z,{text}", "2022-01-01T01:00Z,0")
        assert read_power(path).at(0) == milliwatts

    @given(
        st.decimals(0, 10**10, allow_nan=False, places=None),
        st.sampled_from([1, 1000, 3_600_000]),
        st.integers(1, 9999),
    )
    def test_conversion_agrees_with_exact_arithmetic(self, value, scale, step_s):
        text = f"{value:f}"[:60]
        got, missing = to_milliwatts([text], [1], "c", "f", Fraction(scale, step_s))
        assert got[0] == round(Fraction(text) * scale / step_s)
        assert not missing[0]


class TestStamps:
    @pytest.mark.parametrize(
        "stamps",
        [
            ("2022-01-01 00:00:00+00:00", "2022-01-01 01:00:00+00:00"),
            ("2022-01-01T00:00Z", "2022-01-01T01:00Z"),
            ("2022/01/01 00:00 UTC", "2022/01/01 01:00 UTC"),
            ("2022-01-01T01:00:00.000+01:00", "2022-01-01T02:00:00.000+01:00"),
            ("2021-12-31T24:00Z", "2022-01-01T01:00Z"),
            ("2021-12-31T18:00-06", "2022-01-01T06:30+0530"),  # offsets may differ from line to line
            ("1640995200", "1640998800"),
            ("1640995200.0", "1640998800.0"),
        ],
    )
    def test_spellings_of_one_instant(self, write, stamps):
        series = read_power(write("time,power_w", f"{stamps[0]},1", f"{stamps[1]},2"))
        assert series.start_utc == datetime(2022, 1, 1, tzinfo=UTC)
        assert series.change_s.tolist() == [0, HOUR]

    def test_a_stamp_at_the_end_names_the_step_before_it(self, write):
        path = write(*hourly(1, 2, 3))
        at_start, at_end = read_power(path), read_power(path, stamp="end")
        assert at_end == at_start.shift(-HOUR)
        assert at_end.end_utc == datetime(2022, 1, 1, 2, tzinfo=UTC)

    def test_the_last_value_lasts_one_step(self, write):
        series = read_power(write(*hourly(1, 2, 3)))
        assert series.end_s == 3 * HOUR
        assert series.at(3 * HOUR - 1) == 3000
        with pytest.raises(InputError, match="past the end"):
            series.at(3 * HOUR)

    def test_naive_stamps_in_a_declared_zone(self, write):
        path = write("time,power_w", "2022-07-01 00:00,1", "2022-07-01 01:00,2")
        assert read_power(path, zone="UTC").start_utc == datetime(2022, 7, 1, tzinfo=UTC)
        assert read_power(path, zone="Europe/Berlin").start_utc == datetime(2022, 6, 30, 22, tzinfo=UTC)
        assert read_power(path, zone="Etc/GMT+7").start_utc == datetime(2022, 7, 1, 7, tzinfo=UTC)

    def test_a_zone_that_is_not_needed_is_noted(self, write):
        assert "zone_unused" in read_power(write(*hourly(1, 2)), zone="Asia/Tokyo").report.notes

    def test_days_alone_are_midnights(self, write):
        path = write("date,power_w", "2022-01-01,1", "2022-01-02,2")
        assert read_power(path, zone="UTC").end_s == 2 * 86400

    def test_parts_in_columns(self, write):
        lines = [f"2020,{m},{d},{p},{p}" for m, d in ((2, 29), (3, 1)) for p in range(1, 25)]
        path = write("Year,Month,Day,Period,power_w", *lines)
        series = read_power(path, time_column="Year,Month,Day,Period", zone="Etc/GMT+7")
        assert series.start_utc == datetime(2020, 2, 29, 7, tzinfo=UTC)
        assert series.end_s == 48 * HOUR
        assert series.at(25 * HOUR) == 2000

    def test_hours_and_minutes_in_columns(self, write):
        path = write("Year,Month,Day,Hour,Minute,p_w", "2020,1,1,0,30,1", "2020,1,1,1,0,2")
        series = read_power(path, time_column="Year,Month,Day,Hour,Minute", zone="UTC")
        assert (series.start_utc, series.end_s) == (datetime(2020, 1, 1, 0, 30, tzinfo=UTC), HOUR)


class TestFiles:
    def test_gzip_is_told_by_content(self, write, tmp_path):
        path = write(*hourly(1, 2))
        packed = tmp_path / "packed.csv"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert read_power(packed) == read_power(path)

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_delimiters_quotes_comments_and_windows_lines(self, tmp_path, delimiter):
        lines = ["# made by hand", "", '"time",power_w', "2022-01-01T00:00Z,1", "", '2022-01-01T01:00Z,"2"']
        path = tmp_path / "p.csv"
        text = "\r\n".join(line.replace(",", delimiter) for line in lines)
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
        assert read_power(path).power_mw.tolist() == [1000, 2000]

    def test_line_numbers_count_comments_and_blank_lines(self, write):
        path = write("# note", "", "time,power_w", "2022-01-01T00:00Z,1", "", "2022-01-01T01:00Z,x")
        with pytest.raises(InputError, match=r"power\.csv:6: "):
            read_power(path)

    def test_equal_neighbours_become_one_change(self, write):
        series = read_power(write(*hourly(1, 1, 2, 2)))
        assert series.change_s.tolist() == [0, 2 * HOUR]
        assert series.report.notes["step_s"].value == "3600"


class TestGaps:
    #  hour:  0   1   2   3   4   5
    #  value: 10  -   -   40  41  -(empty)  12
    FILE = hourly(10, "-", "-", 40, 41, None, 12)

    @pytest.mark.parametrize(
        ("policy", "watts"),
        [
            ("hold", [10, 10, 10, 40, 41, 41, 12]),
            ("interpolate", [10, 20, 30, 40, 41, 26.5, 12]),
            ("zero", [10, 0, 0, 40, 41, 0, 12]),
        ],
    )
    def test_policies_by_hand(self, write, policy, watts):
        series = read_power(write(*self.FILE), gaps=policy)
        assert [series.at(h * HOUR) / 1000 for h in range(7)] == watts
        repairs = series.report.repairs
        assert (repairs["missing_rows"].count, repairs["missing_rows"].line) == (2, 3)
        assert (repairs["missing_values"].count, repairs["missing_values"].line) == (1, 5)

    def test_the_error_names_the_first_gap(self, write):
        with pytest.raises(InputError) as caught:
            read_power(write(*self.FILE))
        message = str(caught.value)
        assert "power.csv:3: no value from 2022-01-01 01:00:00 UTC to 2022-01-01 03:00:00 UTC" in message
        assert "(2 steps of 3600 s; 3 in the whole file)" in message
        assert "gaps='hold', 'interpolate' or 'zero'" in message

    @pytest.mark.parametrize("word", ["", "NaN", "nan", "NA", "n/a", "null", "None"])
    def test_words_for_a_missing_value(self, write, word):
        series = read_power(write(*hourly(1, word, 3)), gaps="interpolate")
        assert series.at(HOUR) == 2000

    def test_a_row_that_lacks_one_of_the_columns_is_missing(self, write):
        path = write("time,a_w,b_w", "2022-01-01T00:00Z,1,1", "2022-01-01T01:00Z,,5", "2022-01-01T02:00Z,3,3")
        assert read_power(path, columns="a_w+b_w", gaps="interpolate").at(HOUR) == 4000
        assert read_power(path, columns="b_w").at(HOUR) == 5000

    @pytest.mark.parametrize(
        ("policy", "first", "watts"),
        [("hold", 1, [5, 6, 6]), ("interpolate", 1, [5, 6]), ("zero", 0, [0, 5, 6, 0])],
    )
    def test_steps_without_a_value_at_the_ends(self, write, policy, first, watts):
        series = read_power(write(*hourly(None, 5, 6, None)), gaps=policy)
        assert series.start_utc.hour == first
        assert [series.at(t) / 1000 for t in range(0, series.end_s, HOUR)] == watts
        dropped = series.report.repairs.get("edge_steps")
        assert (dropped.count if dropped else 0) == 4 - len(watts)

    def test_interpolation_is_exact_for_large_values(self, write):
        series = read_power(write(*hourly(10**15, "-", 10**15 - 1, 0)), gaps="interpolate")
        assert series.at(HOUR) == 10**18 - 500

    def test_clean_files_report_no_repair(self, write):
        assert read_power(write(*hourly(1, 2)), gaps="hold").report.repairs == {}


class TestDuplicates:
    EQUAL = ["time,power_w", *(f"2022-01-01T0{h}:00Z,{h}" for h in (0, 1, 1, 2))]
    CONFLICT = [
        "time,power_w",
        *(f"2022-01-01T0{h}:00Z,{v}" for h, v in ((0, 5), (1, 6), (1, 7), (1, 6), (2, 8))),
    ]

    def test_are_an_error_without_a_policy(self, write):
        with pytest.raises(InputError, match=r"power\.csv:4: 2022-01-01 01:00:00 UTC is there twice"):
            read_power(write(*self.EQUAL))

    @pytest.mark.parametrize("policy", ["hold", "interpolate", "zero"])
    def test_of_equal_value_collapse(self, write, policy):
        series = read_power(write(*self.EQUAL), gaps=policy)
        assert series.power_mw.tolist() == [0, 1000, 2000]
        assert series.report.repairs["duplicate_stamps"].count == 1

    def test_of_different_value_keep_the_first_under_hold_only(self, write):
        series = read_power(write(*self.CONFLICT), gaps="hold")
        assert series.power_mw.tolist() == [5000, 6000, 8000]
        assert series.report.repairs["duplicate_stamps"].count == 2
        for policy in ("interpolate", "zero"):
            with pytest.raises(InputError, match="different values"):
                read_power(write(*self.CONFLICT), gaps=policy)

    def test_a_value_beats_an_empty_cell(self, write):
        lines = ["time,power_w", "2022-01-01T00:00Z,", "2022-01-01T00:00Z,4", "2022-01-01T01:00Z,5",
                 "2022-01-01T01:00Z,", "2022-01-01T02:00Z,6"]  # fmt: skip
        assert read_power(write(*lines), gaps="zero").power_mw.tolist() == [4000, 5000, 6000]


class TestNegatives:
    def test_are_an_error_with_the_line(self, write):
        with pytest.raises(InputError, match=r"power\.csv:3: negative power -0\.2 \(2 in the file\)"):
            read_power(write(*hourly(1, -0.2, -3)))

    def test_can_be_raised_to_zero(self, write):
        series = read_power(write(*hourly(1, -0.2, 3)), negatives="zero")
        assert series.power_mw.tolist() == [1000, 0, 3000]
        assert series.report.repairs["negative_values"].value == "-0.2"

    def test_are_raised_before_the_sum(self, write):
        path = write("time,a_w,b_w", "2022-01-01T00:00Z,-1,5", "2022-01-01T01:00Z,0,6")
        assert read_power(path, columns="a_w+b_w", negatives="zero").at(0) == 5000


class TestRealFiles:
    def test_ercot_wind_and_sun(self, shared):
        path = shared / "data/grid/eia_ERCO_2022_generation_avgCI.csv.gz"
        series = read_power(path, columns="WND+SUN", unit="MW", stamp="end")
        assert series.start_utc == datetime(2021, 12, 31, 23, tzinfo=UTC)
        assert series.end_s == 8760 * HOUR
        assert series.at(0) == (16317 + 50) * 10**9
        assert series.energy_mj(0, series.end_s) == 131_015_605 * 3600 * 10**9
        assert series.report.repairs == {}

    def test_california_has_three_hours_without_values(self, shared):
        path = shared / "data/grid/eia_CISO_2022_generation_avgCI.csv.gz"
        with pytest.raises(
            InputError, match=r":108: no value from 2022-01-05 09:00:00 UTC .* 3 in the whole file"
        ):
            read_power(path, columns="WND+SUN", unit="MW", stamp="end")
        series = read_power(path, columns="WND+SUN", unit="MW", stamp="end", gaps="hold")
        assert series.report.repairs["missing_values"].count == 3

    def test_five_minute_wind_with_the_stamp_in_four_columns(self, shared):
        series = read_power(
            shared / "data/renewable/rts_gmlc_REAL_TIME_wind.csv.gz",
            columns="309_WIND_1+317_WIND_1+303_WIND_1+122_WIND_1",
            unit="MW",
            time_column="Year,Month,Day,Period",
            zone="Etc/GMT+7",
        )
        assert series.start_utc == datetime(2020, 1, 1, 7, tzinfo=UTC)
        assert series.end_s == 105_408 * 300
        assert series.at(0) == 2_453_300_000_000  # 146 + 782.7 + 826.2 + 698.4 MW

    def test_german_clock_time_with_its_flaws(self, shared):
        # Prices, read for their stamps: a spring hour too many, an autumn hour and a day too few.
        path = shared / "data/grid/price_DE-LU_2022.csv.gz"
        series = read_power(path, unit="MW", negatives="zero", gaps="hold", zone="Europe/Berlin")
        counts = {code: found.count for code, found in series.report.repairs.items()}
        assert counts == {
            "nonexistent_stamps": 1, "ambiguous_stamps": 1, "negative_values": 69, "missing_rows": 25,
        }  # fmt: skip
        assert series.end_s == 8760 * HOUR
