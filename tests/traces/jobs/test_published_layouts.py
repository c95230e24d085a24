"""Files as publishers and spreadsheets write them: stamps, decimal marks, units, missing values."""

import random
from datetime import UTC, datetime

import pytest

from traces.errors import InputError
from traces.numbers.rate_units import rate_unit, unit_in_name
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate

JAN = datetime(2024, 1, 1, tzinfo=UTC)
DEC = datetime(2023, 12, 31, 23, tzinfo=UTC)  # midnight in Berlin
HOUR = 3600


@pytest.fixture
def write(tmp_path):
    """Writes a text as UTF-8 and returns the path."""

    def write_text(text):
        path = tmp_path / "export.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


# name: (text, reader, options, first instant, seconds, values)
EXPORTS = {
    "ENTSO-E, day-ahead prices to 2024": (
        '"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]","Currency","BZN|DE-LU"\n'
        '"01.01.2024 00:00 - 01.01.2024 01:00","5.5","EUR",""\n'
        '"01.01.2024 01:00 - 01.01.2024 02:00","n/e","EUR",""\n'
        '"01.01.2024 02:00 - 01.01.2024 03:00","-1","EUR",""\n',
        read_rate, {"gaps": "hold"}, DEC, 3 * HOUR, [5500, -1000]),
    "ENTSO-E, day-ahead prices since": (
        '"MTU (UTC)","Area","Sequence","Day-ahead Price (EUR/MWh)"\n'
        '"31/12/2023 23:45:00 - 01/01/2024 00:00:00","BZN|NL","1","4"\n'
        '"01/01/2024 00:00:00 - 01/01/2024 00:15:00","BZN|NL","1","5"\n',
        read_rate, {}, datetime(2023, 12, 31, 23, 45, tzinfo=UTC), 1800, [4000, 5000]),
    "ENTSO-E, zone written behind each stamp": (
        '"MTU (CET/CEST)","Price (EUR/MWh)"\n'
        '"27/10/2024 02:45:00 (CEST) - 27/10/2024 02:00:00 (CET)","1"\n'
        '"27/10/2024 02:00:00 (CET) - 27/10/2024 02:15:00 (CET)","2"\n',
        read_rate, {}, datetime(2024, 10, 27, 0, 45, tzinfo=UTC), 1800, [1000, 2000]),
    "SMARD, prices": (
        "\ufeffDatum von;Datum bis;Deutschland/Luxemburg [€/MWh] Originalauflösungen\n"
        "01.01.2024 00:00;01.01.2024 01:00;1.034,56\n01.01.2024 01:00;01.01.2024 02:00;-\n"
        "01.01.2024 02:00;01.01.2024 03:00;-0,01\n",
        read_rate, {"zone": "Europe/Berlin", "gaps": "hold"}, DEC, 3 * HOUR, [1_034_560, -10]),
    "SMARD, generation": (
        "Datum;Anfang;Ende;Wind Onshore [MWh] Originalauflösungen\n"
        "01.01.2024;00:00;00:15;1.234,5\n01.01.2024;00:15;00:30;5,25\n",
        read_power, {"zone": "Europe/Berlin"}, DEC, 1800, [4_938_000_000_000, 21_000_000_000]),
    "SMARD, whole megawatt hours": (
        "Datum von;Datum bis;Wind Onshore [MWh]\n"
        "01.01.2024 00:00;01.01.2024 01:00;1.234\n01.01.2024 01:00;01.01.2024 02:00;987\n",
        read_power, {"zone": "Europe/Berlin", "decimal": ","}, DEC, 2 * HOUR,
        [1234 * 10**9, 987 * 10**9]),
    "Elexon": (
        "settlementDate,settlementPeriod,systemSellPrice,systemBuyPrice\n"
        "2024-01-01,1,50.5,51\n2024-01-01,2,-3,51\n" + "".join(f"2024-01-01,{n},0,0\n" for n in range(3, 49)),
        read_rate, {"column": "systemSellPrice", "unit": "GBP/MWh", "zone": "Europe/London"},
        JAN, 24 * HOUR, [50_500, -3000, 0]),
    "National Grid ESO": (
        "SETTLEMENT_DATE,SETTLEMENT_PERIOD,ND,EMBEDDED_WIND_GENERATION\n"
        + "".join(f"01-JAN-2024,{n},20000,{n}\n" for n in range(1, 49)),
        read_power, {"columns": "EMBEDDED_WIND_GENERATION", "unit": "MW", "zone": "Europe/London"},
        JAN, 24 * HOUR, [n * 10**9 for n in range(1, 49)]),
    "EIA": (
        "period,respondent,value\n2024-01-01T00,CISO,5\n2024-01-01T01,CISO,6\n",
        read_power, {"columns": "value", "unit": "MW", "zone": "UTC"}, JAN, 2 * HOUR, [5 * 10**9, 6 * 10**9]),
    "EIA, local": (
        "period,value\n2023-12-31T16-08,5\n2023-12-31T17-08,6\n",
        read_power, {"unit": "MW"}, JAN, 2 * HOUR, [5 * 10**9, 6 * 10**9]),
    "ERCOT": (
        "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag\n"
        + "".join(f"01/31/2024,{h:02}:00,HB_HUBAVG,{h},N\n" for h in range(1, 25)),
        read_rate, {"column": "SettlementPointPrice", "unit": "USD/MWh", "zone": "America/Chicago"},
        datetime(2024, 1, 31, 6, tzinfo=UTC), 24 * HOUR, [1000 * h for h in range(1, 25)]),
    "CAISO OASIS": (
        "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,LMP_PRC\n"
        "2024-01-01T00:00:00-00:00,2024-01-01T01:00:00-00:00,2023-12-31,17,5\n"
        "2024-01-01T01:00:00-00:00,2024-01-01T02:00:00-00:00,2023-12-31,18,6\n",
        read_rate, {"column": "LMP_PRC", "unit": "USD/MWh"}, JAN, 2 * HOUR, [5000, 6000]),
    "Octopus Agile": (
        "valid_from,valid_to,value_exc_vat,value_inc_vat\n"
        "2024-01-01T00:00:00Z,2024-01-01T00:30:00Z,10,10.5\n"
        "2024-01-01T00:30:00Z,2024-01-01T01:00:00Z,-2,-2.1\n",
        read_rate, {"column": "value_inc_vat", "unit": "p/kWh"}, JAN, HOUR, [105_000, -21_000]),
    "Electricity Maps": (
        "Datetime (UTC),Country,Carbon Intensity gCO₂eq/kWh (direct)\n"
        "2024-01-01 00:00:00,Germany,163.46\n2024-01-01 01:00:00,Germany,166.66\n",
        read_rate, {}, JAN, 2 * HOUR, [163_460, 166_660]),
    "Nord Pool": (
        "Delivery Start (CET);Delivery End (CET);DK1 EUR / MWh\n"
        "01.01.2024 00:00:00;01.01.2024 01:00:00;29,56\n01.01.2024 01:00:00;01.01.2024 02:00:00;28,05\n",
        read_rate, {"zone": "Europe/Oslo"}, DEC, 2 * HOUR, [29_560, 28_050]),
    "Excel, Germany": (
        "sep=;\r\nZeit;Leistung [kW];\r\n01.01.2024 01:00;1.000,5;\r\n01.01.2024 02:00;2;\r\n;;\r\n",
        read_power, {"zone": "Europe/Berlin"}, JAN, 2 * HOUR, [1_000_500_000, 2_000_000]),
    "Excel, America": (
        "Date,Time,kW\n1/31/2024,12:00 AM,5\n1/31/2024,1:00 AM,6\n1/31/2024,2:00 AM,7\n",
        read_power, {"unit": "kW", "zone": "Etc/GMT+5"}, datetime(2024, 1, 31, 5, tzinfo=UTC), 3 * HOUR,
        [5 * 10**6, 6 * 10**6, 7 * 10**6]),
    "a line of units": (
        "time,wind,price\n,MW,EUR/MWh\n2024-01-01T00:00Z,5,3\n2024-01-01T01:00Z,6,4\n",
        read_power, {}, JAN, 2 * HOUR, [5 * 10**9, 6 * 10**9]),
    "a line of units, the price": (
        "time,wind,price\nUTC,[MW],[EUR/MWh]\nstart,mean,mean\n2024-01-01T00:00Z,5,3\n2024-01-01T01:00Z,6,4\n",
        read_rate, {}, JAN, 2 * HOUR, [3000, 4000]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_as_it_comes(write, name):
    text, read, options, start_utc, span_s, values = EXPORTS[name]
    series = read(write(text), **options)
    assert (series.start_utc, series.end_s) == (start_utc, span_s)
    assert series.values.tolist() == values


class TestDecimalMarks:
    @pytest.mark.parametrize(
        ("cells", "decimal", "watts"),
        [
            (["1,5", "2"], None, [1.5, 2]),
            (["1.234,5", "2"], None, [1234.5, 2]),
            (["0.234", "1.234"], None, [0.234, 1.234]),
            (["1234.567", "1.234"], None, [1234.567, 1.234]),
            (["1.5", "2.25"], None, [1.5, 2.25]),
            (["1,234.5", "1,000"], None, [1234.5, 1000]),
            (["1.234", "2.345"], ",", [1234, 2345]),
            (["1.234", "2.345"], ".", [1.234, 2.345]),
            (["1,234", "2"], ".", [1234, 2]),
            (["1,234", "2"], ",", [1.234, 2]),
            (["1,5e3", "2"], None, [1500, 2]),
        ],
    )
    def test_between_semicolons(self, write, cells, decimal, watts):
        path = write("time;p_w\n" + "".join(f"2024-01-01T0{i}:00Z;{c}\n" for i, c in enumerate(cells)))
        assert read_power(path, decimal=decimal).power_mw.tolist() == [1000 * watt for watt in watts]

    @pytest.mark.parametrize("cells", [["1.234", "2.345"], ["1.234", "5"], ["1,234", "5"]])
    def test_what_may_be_either_is_asked_for(self, write, cells):
        path = write("time;p_w\n" + "".join(f"2024-01-01T0{i}:00Z;{c}\n" for i, c in enumerate(cells)))
        with pytest.raises(InputError, match=r":2: '1[.,]234' may be 1234 or 1\.234; declare decimal="):
            read_power(path)

    @pytest.mark.parametrize(
        ("cells", "line"), [(["1,5", "2.5"], 3), (["1.23,5", "2"], 2), (["1,5", "1,2,3"], 3)]
    )
    def test_numbers_of_two_kinds_are_refused(self, write, cells, line):
        path = write("time;p_w\n" + "".join(f"2024-01-01T0{i}:00Z;{c}\n" for i, c in enumerate(cells)))
        with pytest.raises(InputError, match=rf":{line}: .*not a number"):
            read_power(path)

    def test_between_commas_a_point_is_a_point(self, write):
        path = write('time,p_w\n2024-01-01T00:00Z,1.234\n2024-01-01T01:00Z,"2,5"\n')
        with pytest.raises(InputError, match=":3: .*'2,5', not a number; write digits with a decimal point"):
            read_power(path)


class TestDates:
    @pytest.mark.parametrize(
        ("first", "second", "order"),
        [
            ("31/01/2024 23:00", "01/02/2024 00:00", None),
            ("01/31/2024 23:00", "02/01/2024 00:00", None),
            ("1/31/2024 11:00 PM", "2/1/2024 12:00 AM", None),
            ("31-01-2024 23:00", "01-02-2024 00:00", None),
            ("31.01.2024 23:00", "01.02.2024 00:00", None),
            ("31-Jan-2024 23:00", "01-Feb-2024 00:00", None),
            ("31 January 2024 23:00", "1 February 2024 00:00", None),
            ("2024.01.31 23:00", "2024.02.01 00:00", None),
            ("2024-01-31T23", "2024-02-01T00", None),
        ],
    )
    def test_one_hour_in_many_spellings(self, write, first, second, order):
        series = read_power(write(f"time,p_w\n{first},1\n{second},2\n"), zone="UTC", date_order=order)
        assert (series.start_utc, series.end_s) == (datetime(2024, 1, 31, 23, tzinfo=UTC), 2 * HOUR)

    def test_the_proof_is_noted(self, write):
        path = write("time,p_w\n01/02/2024 00:00,1\n01/02/2024 01:00,2\n")
        with pytest.raises(InputError, match=r":2: .*declare date_order='day-first' or 'month-first'"):
            read_power(path, zone="UTC")
        assert read_power(path, zone="UTC", date_order="day-first").start_utc.month == 2
        assert read_power(path, zone="UTC", date_order="month-first").start_utc.month == 1
        days = "".join(f"{d:02}/02/2024,1\n" for d in range(11, 15))
        note = read_power(write("time,p_w\n" + days), zone="UTC").report.notes["date_order"]
        assert (note.line, note.value) == (4, "13/02/2024")

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            (["13/01/2024", "01/13/2024"], ":3: .*another order than '13/01/2024'"),
            (["2024-01-01", "02.01.2024"], ":3: .*not a time stamp like those above"),
            (["01.01.2024", "31.02.2024"], ":3: .*no such day"),
            (["01-Foo-2024", "02-Foo-2024"], ":2: .*no month 'Foo'"),
            (["13/13/2024", "14/13/2024"], ":2: "),
            (["01.01.2024 13:00 PM", "01.01.2024 02:00 PM"], ":2: .*no such time of day"),
            (["202401010000", "202401010100"], ":2: .*a date without separators"),
        ],
    )
    def test_dates_that_are_refused(self, write, rows, says):
        path = write("time,p_w\n" + "".join(f"{row},1\n" for row in rows))
        with pytest.raises(InputError, match=says):
            read_power(path, zone="UTC")


class TestWhatNamesSay:
    ROWS = "2024-01-01 01:00,1\n2024-01-01 02:00,2\n"

    @pytest.mark.parametrize(
        "name",
        ["period_end", "PeriodEnd", "Interval End", "INTERVALENDTIME", "Datum bis", "valid_to", "Ende"],
    )
    def test_ends_are_not_read_as_beginnings(self, write, name):
        path = write(f"{name},p_kw\n" + self.ROWS)
        with pytest.raises(InputError, match="names the end of each step by its name; declare stamp='end'"):
            read_power(path, zone="UTC")
        assert read_power(path, zone="UTC", stamp="end").start_utc == JAN

    @pytest.mark.parametrize("name", ["calendar day", "weekend", "Datum von", "attendance", "legend time"])
    def test_other_names_are_beginnings(self, write, name):
        assert read_power(write(f"{name},p_kw\n" + self.ROWS), zone="UTC").start_utc.hour == 1

    @pytest.mark.parametrize(
        "name", ["Datetime (UTC)", "time_utc", "utc", "INTERVALSTARTTIME_GMT", "MTU (UTC)"]
    )
    def test_utc_by_the_name(self, write, name):
        path = write(f"{name},p_kw\n" + self.ROWS)
        series = read_power(path)
        assert series.start_utc.hour == 1
        assert series.report.notes["zone_by_name"].value == "UTC"
        against = read_power(path, zone="Europe/Berlin")
        assert against.start_utc.hour == 0
        assert "says UTC" in against.report.notes["zone_against_name"].text
        assert "zone_against_name" not in read_power(path, zone="UTC").report.notes


class TestUnits:
    @pytest.mark.parametrize(
        ("text", "base", "micro"),
        [
            ("p/kWh", "GBP/kWh", 10_000),
            ("pence/kWh", "GBP/kWh", 10_000),
            ("GBp/kWh", "GBP/kWh", 10_000),
            ("GBp/MWh", "GBP/kWh", 10),
            ("GBX/MWh", "GBP/kWh", 10),
            ("GBP/MWh", "GBP/kWh", 1000),
            ("£/MWh", "GBP/kWh", 1000),
            ("USDct/kWh", "USD/kWh", 10_000),
        ],
    )
    def test_pence_and_pounds(self, text, base, micro):
        unit = rate_unit(text)
        assert (unit.base, unit.micro) == (base, micro)
        assert unit_in_name(f"Price ({text})").micro == micro

    @pytest.mark.parametrize("text", ["c/kWh", "øre/kWh", "cents/kWh"])
    def test_hundredths_of_an_unknown_currency(self, text):
        with pytest.raises(InputError, match="hundredths of which currency.*USDct/kWh"):
            rate_unit(text)

    def test_a_slash_that_is_no_unit(self):
        assert unit_in_name("DE/LU price [EUR/MWh]").base == "EUR/kWh"
        assert unit_in_name("price_p_per_kwh").micro == 10_000
        assert unit_in_name("price_gbp_per_mwh").micro == 1000

    def test_a_line_of_units_that_contradicts_the_name(self, write):
        path = write("time,p_kw\nUTC,MW\n2024-01-01T00:00Z,5\n2024-01-01T01:00Z,6\n")
        with pytest.raises(InputError, match="is in kW and in MW .* declare unit="):
            read_power(path)
        assert read_power(path, unit="kW").at(0) == 5_000_000
        path = write("time,EUR/MWh\nUTC,GBP/MWh\n2024-01-01T00:00Z,5\n2024-01-01T01:00Z,6\n")
        with pytest.raises(InputError, match="EUR/MWh by its name and in GBP/MWh"):
            read_rate(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_encodings_of_spreadsheets(tmp_path, encoding):
    text = "Zeit\tLeistung [kW]\r\n" + "".join(
        f"{1 + i // 24:02}.01.2024 {i % 24:02}:00\t{i},5\r\n" for i in range(240)
    )
    data = text.encode(encoding)
    path = tmp_path / "export.txt"
    path.write_bytes(b"\xfe\xff" + data if encoding == "utf-16-be" else data)
    series = read_power(path, zone="UTC")
    assert series.power_mw.tolist() == [10**6 * i + 500_000 for i in range(240)]


def test_marks_of_missing_values(write):
    marks = ["n/e", "-", "N/A", "#NV", "--", "NaN", ""]
    rows = [f"2024-01-01T{i:02}:00Z,{mark}" for i, mark in enumerate(["1", *marks, "9"])]
    series = read_power(write("\n".join(["time,p_w", *rows])), gaps="interpolate")
    assert series.report.repairs["missing_values"].count == len(marks)
    assert [series.at(h * HOUR) for h in range(9)] == [1000 * h for h in range(1, 10)]


def test_damaged_exports_are_read_or_refused_in_one_line(tmp_path):
    generator = random.Random(11)
    path = tmp_path / "damaged.csv"
    marks = b"0123456789.,;:-+/ \t\n\r\"#'()[]TZ\xff\x00="
    exports = list(EXPORTS.values())
    for _ in range(600):
        text, read, options, *_ = generator.choice(exports)
        content = bytearray(text.encode())
        for _ in range(generator.randint(1, 3)):
            at = generator.randrange(len(content))
            content[at : at + generator.randint(0, 3)] = bytes(
                generator.choices(marks, k=generator.randint(0, 3))
            )
        path.write_bytes(bytes(content) or b"x")
        try:
            read(path, **{**options, "gaps": generator.choice(["error", "hold", "interpolate"])})
        except InputError as error:
            assert "\n" not in str(error) and len(str(error)) < 700


def test_several_series_one_below_the_other_are_not_mixed(write):
    rows = "".join(f"2024-01-01T{h:02}:00Z,P{p},{p}\n" for h in range(24) for p in range(6))
    path = write("time,point,price (EUR/MWh)\n" + rows)
    for gaps in ("error", "hold"):
        with pytest.raises(InputError, match="several series one below the other"):
            read_rate(path, gaps=gaps)


def test_titles_above_the_names_are_named(write):
    for title in ("Day-ahead prices", "Report;2024"):
        path = write(f"{title}\n\ntime;p_kw;x\n2024-01-01T00:00Z;1;2\n2024-01-01T01:00Z;1;2\n")
        with pytest.raises(InputError):
            read_power(path)
    with pytest.raises(InputError, match=r":1: 'Day-ahead prices' is one cell .*delete what stands above"):
        read_power(write("Day-ahead prices\n\ntime,p_kw\n2024-01-01T00:00Z,1\n"))


@pytest.mark.parametrize(
    ("text", "start", "options"),
    [
        # The API of Octopus, newest first: the first column holds prices that could pass for seconds.
        ("value_exc_vat,value_inc_vat,valid_from,valid_to\n20,21,2024-01-01T01:00:00Z,2024-01-01T01:30:00Z\n"
         "10,11,2024-01-01T00:30:00Z,2024-01-01T01:00:00Z\n9,8,2024-01-01T00:00:00Z,2024-01-01T00:30:00Z\n",
         JAN, {"column": "value_inc_vat", "unit": "p/kWh"}),
        # SMARD in English.
        ("Start date;End date;Germany/Luxembourg [€/MWh] Calculated resolutions\n"
         "Jan 1, 2024 12:00 AM;Jan 1, 2024 1:00 AM;39.91\nJan 1, 2024 1:00 AM;Jan 1, 2024 2:00 AM;-0.04\n",
         DEC, {"zone": "Europe/Berlin"}),
        # AEMO: a region before the stamp.
        ("REGION,SETTLEMENTDATE,RRP\nNSW1,2024/01/01 00:05:00,50\nNSW1,2024/01/01 00:10:00,51\n",
         datetime(2023, 12, 31, 14, tzinfo=UTC),
         {"column": "RRP", "unit": "AUD/MWh", "stamp": "end", "zone": "UTC+10:00"}),
        ("p,PeriodEnd,PeriodStart\n5,2024-01-01T00:30:00Z,2024-01-01T00:00:00Z\n"
         "6,2024-01-01T01:00:00Z,2024-01-01T00:30:00Z\n", JAN, {"column": "p", "unit": "EUR/MWh"}),
    ],
)  # fmt: skip
def test_the_column_of_times_is_the_one_that_holds_times(write, text, start, options):
    assert read_rate(write(text), **options).start_utc == start


def test_hours_ending_are_told_by_their_name(write):
    path = write("Date (HE),Price (CAD/MWh)\n2024-06-01 01:00,30\n2024-06-01 02:00,31\n")
    with pytest.raises(InputError, match="names the end of each step by its name; declare stamp='end'"):
        read_rate(path, zone="America/Edmonton")
