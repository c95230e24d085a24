"""Price, carbon and power files of publishers: clock changes, steps, units, missing cells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from energy.grid.grid_series import read_carbon
from tests.public_cases.files import write, write_lines
from tests.public_cases.registry import case, refusal
from traces import read_power
from traces.series.rate_csv import read_rate

AREA = "power, price and carbon files"
ELEXON = "Elexon's page on the long day; ElexonDataPortal #29"


def at(series: Any, instant: str) -> int:
    """The value at an instant in UTC."""
    values = series.power_mw if hasattr(series, "power_mw") else series.value_u
    when = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    second = int((when - series.start_utc).total_seconds())
    place = int((series.change_s <= second).sum()) - 1
    return int(values[place]) if 0 <= second < series.end_s else -1


def span(series: Any) -> list[Any]:
    """Its first instant and its hours."""
    return [f"{series.start_utc:%Y-%m-%d %H:%M}", series.end_s / 3600]


def price(text: str, **options: Any) -> Any:
    return read_rate(write(text), **options)


def values(series: Any) -> list[int]:
    return [int(value) for value in series.value_u]


def periods(*days: tuple[str, int]) -> list[str]:
    """Rows of numbered half-hours, the value counting them from 1 in each day."""
    return ["settlementDate,settlementPeriod,price (GBP/MWh)"] + [
        f"{day},{n},{n}" for day, count in days for n in range(1, count + 1)
    ]


@case(
    AREA,
    [["2023-10-28 23:00", 25.0], 5000, 50_000],
    "period 5 begins at 01:00 GMT, the 50th at 23:30",
    ELEXON,
)
def fifty_periods_of_the_long_day() -> Any:
    series = read_rate(write_lines(periods(("2023-10-29", 50))), zone="Europe/London")
    return [span(series), at(series, "2023-10-29 01:00"), at(series, "2023-10-29 23:30")]


@case(AREA, [["2024-03-31 00:00", 23.0], 3000], "46 half-hours; period 3 is 02:00 BST", "Elexon's glossary")
def forty_six_periods_of_the_short_day() -> Any:
    series = read_rate(write_lines(periods(("2024-03-31", 46))), zone="Europe/London")
    return [span(series), at(series, "2024-03-31 01:00")]


@case(AREA, [["2024-03-30 00:00", 71.0], 48_000, 1000, 1000], "48 + 46 + 48 half-hours", "NGDataPortal #6")
def periods_of_three_days_around_the_change() -> Any:
    days = (("2024-03-30", 48), ("2024-03-31", 46), ("2024-04-01", 48))
    series = read_rate(write_lines(periods(*days)), zone="Europe/London")
    return [
        span(series),
        at(series, "2024-03-30 23:30"),
        at(series, "2024-03-31 00:00"),
        at(series, "2024-03-31 23:00"),
    ]


@case(AREA, "refused", "an ordinary day has 48 half-hours", "ElexonDataPortal #29")
def a_fiftieth_period_of_an_ordinary_day_is_refused() -> Any:
    lines = periods(("2024-04-02", 48), ("2024-04-03", 50))
    return refusal(lambda: read_rate(write_lines(lines), zone="Europe/London"), "49")


@case(
    AREA, [["2024-11-03 05:00", 25.0], 2000, 3000], "hour 3 is the second 01:00, in CST", "gridstatus PR 473"
)
def hours_ending_one_to_twenty_five() -> Any:
    rows = [f"2024-11-03,{n},{n}" for n in range(1, 26)]
    series = read_rate(
        write_lines(["Delivery Date,Hour Ending,price (USD/MWh)", *rows]), zone="America/Chicago"
    )
    return [span(series), at(series, "2024-11-03 06:00"), at(series, "2024-11-03 07:00")]


@case(
    AREA,
    [["2024-11-03 05:00", 25.0], 25_000],
    "hour 2 comes twice, by the clock",
    "gridstatus PR 467 and #473",
)
def hours_ending_with_a_repeated_hour() -> Any:
    numbers = [1, 2, 2, *range(3, 25)]
    rows = [f"2024-11-03,{n},{k}" for k, n in enumerate(numbers, 1)]
    path = write_lines(["Delivery Date,Hour Ending,price (USD/MWh)", *rows])
    series = read_rate(path, zone="America/Chicago", gaps="hold")
    return [span(series), at(series, "2024-11-04 05:00")]


def clock(first: datetime, steps: int, step_s: int, zone: str, written: str) -> list[str]:
    """Rows of stamps of a zone's clock, the value counting them from 1."""
    begin = first.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    stamps = [(begin + timedelta(seconds=k * step_s)).astimezone(ZoneInfo(zone)) for k in range(steps)]
    return ["time,price (EUR/MWh)", *(f"{stamp.strftime(written)},{k}" for k, stamp in enumerate(stamps, 1))]


OFFSET, NAIVE = "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M"


@case(AREA, [["2023-12-31 23:00", 8784.0], 0], "a leap year in Brussels has 8,784 hours", "entsoe-py #388")
def a_year_of_stamps_with_offsets_lacks_no_row() -> Any:
    series = read_rate(write_lines(clock(datetime(2024, 1, 1), 8784, 3600, "Europe/Brussels", OFFSET)))
    return [span(series), len(series.report.repairs)]


@case(
    AREA,
    [["2025-10-25 22:00", 25.0], 9000, 13_000],
    "02:00 comes twice: at 00:00 and 01:00 UTC",
    "entsoe-py #468",
)
def a_repeated_hour_in_quarters_is_read_in_file_order() -> Any:
    path = write_lines(clock(datetime(2025, 10, 26), 100, 900, "Europe/Brussels", NAIVE))
    series = read_rate(path, zone="Europe/Brussels", gaps="hold")
    return [span(series), at(series, "2025-10-26 00:00"), at(series, "2025-10-26 01:00")]


@case(AREA, "refused", "02:00 means two instants", "pun_sensor PR 102")
def a_repeated_hour_is_not_guessed() -> Any:
    path = write_lines(clock(datetime(2025, 10, 26), 25, 3600, "Europe/Rome", NAIVE))
    return refusal(lambda: read_rate(path, zone="Europe/Rome"), "gaps")


@case(
    AREA, [["2025-03-29 23:00", 23.0], 0], "the clock has no such hour: no gap", "aio_energy_management #29"
)
def a_skipped_hour_is_no_gap() -> Any:
    path = write_lines(clock(datetime(2025, 3, 30), 23, 3600, "Europe/Helsinki", NAIVE))
    series = read_rate(path, zone="Europe/Helsinki")
    return [
        [f"{series.start_utc + timedelta(hours=1):%Y-%m-%d %H:%M}", series.end_s / 3600],
        len(series.report.repairs),
    ]


@case(AREA, ["refused", 1], "02:00 does not exist on that day", "gridstatus PR 804")
def a_row_in_the_skipped_hour_is_refused_or_left_out() -> Any:
    rows = [f"2026-03-08 {hour:02}:00,{hour}" for hour in range(5)]
    path = write_lines(["time,price (USD/MWh)", *rows])
    repaired = read_rate(path, zone="America/Chicago", gaps="hold").report.repairs
    said = refusal(lambda: read_rate(path, zone="America/Chicago"), "2026-03-08")
    return [said, repaired["nonexistent_stamps"].count]


@case(
    AREA,
    [["2025-10-25 22:00", 25.0], 101_000],
    "stamps in UTC know no clock change",
    "home-assistant core #155210",
)
def stamps_in_utc_go_through_the_change() -> Any:
    rows = clock(datetime(2025, 10, 25, 22), 100, 900, "UTC", "%Y-%m-%dT%H:%M:%SZ")
    series = read_rate(write_lines([*rows, "2025-10-26T23:00:00Z,101"]))
    return [[span(series)[0], (series.end_s - 900) / 3600], at(series, "2025-10-26 23:00")]


def changing() -> list[str]:
    """Hours of 30 September 2025 in Brussels, then quarters."""
    hours = clock(datetime(2025, 9, 30), 24, 3600, "Europe/Brussels", OFFSET)
    quarters = clock(datetime(2025, 10, 1), 8, 900, "Europe/Brussels", OFFSET)[1:]
    return [*hours, *(f"{row.split(',')[0]},{100 + k}" for k, row in enumerate(quarters))]


@case(
    AREA,
    [["2025-09-29 22:00", 26.0], 24_000, 100_000, 107_000],
    "24 hours, then 8 quarters",
    "kipe/nordpool #63",
)
def hours_that_become_quarters() -> Any:
    series = read_rate(write_lines(changing()))
    instants = ("2025-09-30 21:59", "2025-09-30 22:14", "2025-09-30 23:59")
    return [span(series), *(at(series, instant) for instant in instants)]


@case(AREA, "refused", "hours and quarters of one day are two series", "entsoe-py #204")
def two_prices_of_one_hour_are_not_guessed() -> Any:
    path = write("time,price (EUR/MWh)\n2022-08-20T00:00Z,5\n2022-08-20T00:00Z,7\n2022-08-20T01:00Z,6\n")
    return refusal(lambda: read_rate(path), ":3:")


@case(AREA, ["refused", [211_000, 90_000]], "19:00 has two values", "carbon-intensity api-definitions #17")
def a_duplicate_record_is_refused_or_the_first_kept() -> Any:
    rows = "time,intensity (g/kWh)\n2021-04-19T19:00Z,211\n2021-04-19T19:00Z,166\n2021-04-19T19:30Z,90\n"
    path = write(rows)
    return [refusal(lambda: read_rate(path), ":3:"), values(read_rate(path, gaps="hold"))]


@case(AREA, ["refused", [355_000, 396_000]], "unknown is not 0 and not -1", "carbon-aware-sdk #571, PR 575")
def a_null_is_missing() -> Any:
    rows = "time,intensity (g/kWh)\n2024-09-30T06:00Z,355\n2024-09-30T07:00Z,null\n2024-09-30T08:00Z,396\n"
    path = write(rows)
    return [refusal(lambda: read_rate(path), ":3:"), values(read_rate(path, gaps="hold"))]


@case(AREA, "refused", "13:00 is not in the file", "entsoe-py #183")
def a_missing_hour_is_an_error() -> Any:
    rows = [f"2021-01-01T{hour:02}:00Z,{hour}" for hour in range(24) if hour != 13]
    return refusal(lambda: read_rate(write_lines(["time,price (EUR/MWh)", *rows])), "13:00")


@case(
    AREA, [["2022-06-06 21:00", 24.0]], "24 rows last 24 hours, whatever the last is called", "entsoe-py #187"
)
def the_last_row_lasts_its_step() -> Any:
    return [
        span(read_rate(write_lines(clock(datetime(2022, 6, 6, 23), 24, 3600, "Europe/Stockholm", OFFSET))))
    ]


@case(AREA, "refused", "nothing is known there", "vessim PR 232")
def beyond_the_end_there_is_no_value() -> Any:
    series = read_power(write("time,power_kw\n2024-01-01T00:00Z,1\n2024-01-01T01:00Z,2\n"))
    return refusal(lambda: series.at(7200), kinds=(ValueError, IndexError))


@case(AREA, [-20, 10, 0], "a price below zero stays below zero", "dynamic_energy_cost #225, gridlab-d #445")
def negative_prices_are_kept() -> Any:
    rows = "time,price (EUR/MWh)\n2025-10-05T01:00Z,-0.02\n2025-10-05T02:00Z,0.01\n2025-10-05T03:00Z,0\n"
    return values(price(rows))


@case(AREA, [50_050, 490], "a thousandth of EUR/MWh is EUR/kWh", "aio_energy_management #104, evcc PR 17702")
def euros_per_megawatt_hour() -> Any:
    return values(price("time,price (EUR/MWh)\n2025-10-05T01:00Z,50.05\n2025-10-05T02:00Z,0.49\n"))


@case(AREA, [155_000, -15_000], "15.5 p is 0.155 pounds", "Octopus' half-hourly tariffs are in p/kWh")
def pence_per_kilowatt_hour() -> Any:
    return values(price("time,price (p/kWh)\n2025-10-05T01:00Z,15.5\n2025-10-05T01:30Z,-1.5\n"))


@case(AREA, [15_500], "100 GBp are a pound", "own: GBp is the usual sign of pence")
def pence_per_megawatt_hour() -> Any:
    rows = "time,price (GBp/MWh)\n2025-10-05T01:00Z,1550\n2025-10-05T01:30Z,1550\n"
    return values(price(rows))


@case(AREA, [401_000], "401 kg/MWh are 0.401 kg/kWh", "AMO-Tools-Desktop #5219")
def kilograms_per_megawatt_hour() -> Any:
    return values(price("time,carbon (kg/MWh)\n2025-10-05T01:00Z,401\n2025-10-05T02:00Z,401\n"))


@case(AREA, "refused", "a dollar of which country", "electricitymaps PR 1591: units by assumption")
def a_price_without_a_unit_is_refused() -> Any:
    return refusal(lambda: price("time,price\n2025-10-05T01:00Z,1\n2025-10-05T02:00Z,1\n"), "unit")


SMARD = "Datum von;Datum bis;Deutschland [€/MWh]\n"


@case(
    AREA,
    [["2024-05-31 22:00", 3.0], [1_234_500, -10, 5000]],
    "1.234,5 is 1234.5",
    "SMARD's export; ExpenseOwl PR 102",
)
def a_german_file_is_read() -> Any:
    rows = (
        "01.06.2024 00:00;01.06.2024 01:00;1.234,5\n01.06.2024 01:00;01.06.2024 02:00;-0,01\n"
        "01.06.2024 02:00;01.06.2024 03:00;5,00\n"
    )
    series = price(SMARD + rows, zone="Europe/Berlin")
    return [span(series), values(series)]


@case(AREA, [1500, 2500], "Excel's line declares the delimiter", "pandas #47303, PapaParse #951")
def a_sep_line_of_excel_is_understood() -> Any:
    return values(price("sep=;\ntime;price (EUR/MWh)\n2025-10-05T01:00Z;1,5\n2025-10-05T02:00Z;2,5\n"))


@case(
    AREA,
    [5500, -1000],
    "n/e is missing, its hour has the value before",
    "ENTSO-E's export of day-ahead prices",
)
def an_export_of_entso_e_is_read() -> Any:
    rows = (
        '"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]","Currency"\n'
        '"01.01.2024 00:00 - 01.01.2024 01:00","5.5","EUR"\n'
        '"01.01.2024 01:00 - 01.01.2024 02:00","n/e","EUR"\n'
        '"01.01.2024 02:00 - 01.01.2024 03:00","-1","EUR"\n'
    )
    return values(price(rows, gaps="hold"))


@case(AREA, [1000, 2000], "the mark is no part of the first name", "goawk PR 126, javarosa #687")
def a_byte_order_mark_before_a_series() -> Any:
    return values(price("\ufefftime,price (EUR/MWh)\n2025-10-05T01:00Z,1\n2025-10-05T02:00Z,2\n"))


@case(AREA, "refused", "the first row would become the names", "tablite PR 9, the-deep PR 181")
def a_series_without_names_is_refused() -> Any:
    path = write("2025-10-05T01:00Z,1\n2025-10-05T02:00Z,2\n2025-10-05T03:00Z,3\n")
    return refusal(lambda: read_power(path, unit="kW"), ":1:", "header")


@case(AREA, "refused", "8,760 seconds are no year", "own; UltraLog #80 for a time column in another unit")
def a_year_of_counted_hours_is_not_read_as_seconds() -> Any:
    path = write_lines(["time,power_kw", *(f"{k},{k % 7}" for k in range(8760))], "wind_2022.csv")
    return refusal(lambda: read_power(path), "8760")


@case(AREA, [["2022-01-01 00:00", 3.0]], "hours counted from a stated beginning", "UltraLog #80")
def counted_hours_with_their_unit() -> Any:
    path = write("hour,power_kw\n0,1\n1,2\n2,3\n")
    return [span(read_power(path, time_unit="h", time_start="2022-01-01T00:00Z"))]


@case(
    AREA,
    [["2022-06-01 00:00", 2.0]],
    "1,654,041,600 s is 1 June 2022",
    "phoenix #269, logdata-anomaly-miner #1144",
)
def stamps_in_milliseconds_with_their_unit() -> Any:
    path = write("time,power_kw\n1654041600000,1\n1654045200000,2\n")
    return [span(read_power(path, time_unit="ms"))]


@case(AREA, "refused", "the year would be 54,000", "phoenix #269")
def stamps_in_milliseconds_are_not_seconds() -> Any:
    return refusal(lambda: read_power(write("time,power_kw\n1654041600000,1\n1654045200000,2\n")), ":2:")


@case(
    AREA,
    [4_000_000_000, 8_000_000_000],
    "1 MWh in a quarter of an hour is 4 MW",
    "evcc PR 17702: energy and power",
)
def energy_in_a_step_becomes_power() -> Any:
    path = write("time,wind_mwh\n2024-01-01T00:00Z,1\n2024-01-01T00:15Z,2\n")
    return [int(value) for value in read_power(path).power_mw]


@case(AREA, [["2021-12-31 23:00", 2.0]], "a stamp that names the end begins an hour before", "opendc PR 39")
def stamps_at_the_end_of_the_step() -> Any:
    path = write("time,power_kw\n2022-01-01T00:00Z,1\n2022-01-01T01:00Z,2\n")
    return [span(read_power(path, stamp="end"))]


@case(
    AREA,
    [490_000, 355_000],
    "life cycle unless asked; a stamp names the start",
    "zeus PR 148; Electricity Maps' portal",
)
def a_file_of_electricity_maps_is_read() -> Any:
    names = "Datetime (UTC),Country,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA)"
    series = read_carbon(write(f"{names}\n2022-01-01 00:00,US,400,490\n2022-01-01 01:00,US,300,355\n"))
    return values(series)
