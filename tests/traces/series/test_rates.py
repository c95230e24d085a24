"""Prices and carbon intensities: exact conversion, units that never mix, stamps, gaps and negative values."""

import doctest
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import traces.series.rate_series
from traces.errors import InputError
from traces.series.power_series import PowerSeries
from traces.series.rate_csv import read_rate
from traces.series.rate_series import RateSeries

JAN = datetime(2022, 1, 1, tzinfo=UTC)
HOUR = 3600


def make(change_s, value_u, end_s, unit="EUR/kWh", start=JAN):
    return RateSeries(start, change_s, value_u, end_s, unit)


@st.composite
def rates(draw):
    change_s = [0, *sorted(draw(st.sets(st.integers(1, 500), max_size=8)))]
    values = draw(st.lists(st.integers(-(2**61), 2**61), min_size=len(change_s), max_size=len(change_s)))
    return make(change_s, values, change_s[-1] + draw(st.integers(1, 100)))


@pytest.fixture
def write(tmp_path):
    """Writes two hourly rows (or the given lines) under a header and returns the path."""

    def write_lines(header, *lines, name="price.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write_lines


def hours(*values, start="2022-01-01"):
    first = datetime.fromisoformat(start)
    return [f"{first + timedelta(hours=i)}Z,{value}" for i, value in enumerate(values)]


class TestSeries:
    def test_values_hold_and_may_be_negative(self):
        a = make([0, 600], [50, -7], 1200)
        assert [a.at(t) for t in (0, 599, 600, 1199)] == [50, 50, -7, -7]
        assert a.slice(500, 700).value_u.tolist() == [50, -7]
        assert a.shift(-60).start_utc == JAN - timedelta(seconds=60)
        assert a.repeat(1300).at(1250) == 50
        with pytest.raises(InputError, match="past the end"):
            a.at(1200)

    def test_the_mean_is_weighted_by_time_and_exact(self):
        # 100 s at 50, 200 s at -10: (5000 - 2000) / 300 = 10; from 50 s: (2500 - 2000) / 250 = 2.
        a = make([0, 100], [50, -10], 300)
        assert (a.mean_u(0, 300), a.mean_u(50, 300)) == (10, 2)
        assert make([0, 1], [1, 0], 3).mean_u(0, 3) == Fraction(1, 3)
        with pytest.raises(InputError, match="empty"):
            a.mean_u(7, 7)

    @given(rates(), st.data())
    def test_the_mean_is_the_mean_of_its_seconds(self, a, data):
        first = data.draw(st.integers(0, a.end_s - 1))
        last = data.draw(st.integers(first + 1, a.end_s))
        assert a.mean_u(first, last) == Fraction(sum(a.at(t) for t in range(first, last)), last - first)

    @given(rates())
    def test_compressing_changes_no_value(self, a):
        b = a.compressed()
        assert [b.at(t) for t in range(a.end_s)] == [a.at(t) for t in range(a.end_s)]

    def test_scaling_rounds_half_to_even_below_zero_too(self):
        assert make([0, 1, 2, 3], [-1, -3, 5, -7], 4).scaled(1, 2).value_u.tolist() == [0, -2, 2, -4]

    @given(st.integers(-(2**50), 2**50), st.integers(1, 10**6), st.integers(1, 10**6))
    def test_exchange_agrees_with_exact_fractions(self, value, numerator, denominator):
        assume(abs(value) * numerator < 2**63 * denominator)  # beyond is refused
        got = make([0], [value], 1).converted(Fraction(numerator, denominator), "USD/kWh")
        assert got.at(0) == round(Fraction(value * numerator, denominator))

    def test_exchange_by_hand(self):
        # 0.05 EUR/kWh at 1.08 USD for a euro is 0.054 USD/kWh; 1.08 is taken as written, not as a float.
        usd = make([0], [50_000], HOUR).converted(1.08, "USD/kWh")
        assert (usd.at(0), usd.unit) == (54_000, "USD/kWh")
        assert make([0], [10**15], 1).converted(1.08, "USD/kWh").at(0) == 108 * 10**13

    @pytest.mark.parametrize(
        ("rate", "unit", "message"),
        [
            (0, "USD/kWh", "above 0"),
            (-1.1, "USD/kWh", "above 0"),
            ("dear", "USD/kWh", "not a number"),
            (float("nan"), "USD/kWh", "not a number"),
            (1.1, "kg/kWh", "no price"),
            (1.1, "USD/MWh", "is not one that a series is kept in"),
        ],
    )
    def test_exchange_that_makes_no_sense(self, rate, unit, message):
        with pytest.raises(InputError, match=message):
            make([0], [1], 1).converted(rate, unit)

    def test_carbon_has_no_exchange_rate(self):
        with pytest.raises(InputError, match="no price"):
            make([0], [1], 1, "kg/kWh").converted(2, "EUR/kWh")

    def test_units_never_mix(self):
        euro, dollar = make([0], [1], 10), make([0], [1], 10, "USD/kWh")
        with pytest.raises(InputError, match=r"EUR/kWh and rate in USD/kWh: units are never mixed"):
            euro + dollar
        with pytest.raises(InputError, match="never mixed"):
            assert euro == dollar
        assert euro + euro == make([0], [2], 10)
        assert (euro + euro).unit == "EUR/kWh"

    def test_a_price_is_no_power(self):
        with pytest.raises(TypeError):
            make([0], [1], 10) + PowerSeries(JAN, [0], [1], 10)
        assert make([0], [1], 10) != PowerSeries(JAN, [0], [1], 10)

    @pytest.mark.parametrize("unit", ["EUR", "EUR/MWh", "g/kWh", "", "XXX/kWh"])
    def test_a_series_is_kept_per_kwh_only(self, unit):
        with pytest.raises(InputError, match="is not one that a series is kept in"):
            make([0], [1], 10, unit)

    def test_the_documented_example(self):
        result = doctest.testmod(traces.series.rate_series)
        assert (result.failed, result.attempted) == (0, 2)


class TestUnits:
    @pytest.mark.parametrize(
        ("unit", "cell", "value_u", "base"),
        [
            ("EUR/MWh", "214.02", 214_020, "EUR/kWh"),  # 0.21402 EUR/kWh
            ("EUR/MWh", "-500", -500_000, "EUR/kWh"),
            ("USD/MWh", "2539.16", 2_539_160, "USD/kWh"),
            ("ct/kWh", "21.402", 214_020, "EUR/kWh"),
            ("EURct/kWh", "21.402", 214_020, "EUR/kWh"),
            ("USDct/kWh", "-1.5", -15_000, "USD/kWh"),
            ("EUR/kWh", "0.21402", 214_020, "EUR/kWh"),
            ("€/MWh", "1", 1000, "EUR/kWh"),
            ("g/kWh", "334.2055847568988", 334_206, "kg/kWh"),
            ("gCO₂eq/kWh", "163.46", 163_460, "kg/kWh"),
            ("gCO2/kWh", "163.46", 163_460, "kg/kWh"),
            ("kg/kWh", "0.192101497978084", 192_101, "kg/kWh"),
            ("kg/MWh", "334.2", 334_200, "kg/kWh"),
            ("g/MWh", "334200", 334_200, "kg/kWh"),
            ("t/MWh", "0.3342", 334_200, "kg/kWh"),
            # 1000 lb/MWh = 453.59237 kg/MWh = 0.45359237 kg/kWh
            ("lb/MWh", "1000", 453_592, "kg/kWh"),
            ("lb CO2/MWh", "1000", 453_592, "kg/kWh"),
            ("1", "1.3", 1300, "1"),
        ],
    )
    def test_by_hand(self, write, unit, cell, value_u, base):
        series = read_rate(write("time,value", *hours(cell, 1)), unit=unit)
        assert (series.at(0), series.unit) == (value_u, base)

    def test_halves_go_to_the_even_number(self, write):
        # One micro-euro per kWh is 0.001 EUR/MWh.
        series = read_rate(write("time,value", *hours("0.0005", "0.0015", "-0.0025")), unit="EUR/MWh")
        assert [series.at(h * HOUR) for h in range(3)] == [0, 2, -2]

    @pytest.mark.parametrize(
        ("name", "value_u", "unit"),
        [
            ("Price (EUR/MWh)", 2000, "EUR/kWh"),
            ("LMP [USD/MWh]", 2000, "USD/kWh"),
            ("Carbon Intensity gCO₂eq/kWh (LCA)", 2000, "kg/kWh"),
            ("price_eur_per_mwh", 2000, "EUR/kWh"),
            ("ci_g_per_kwh", 2000, "kg/kWh"),
            ("Preis ct/kWh", 20_000, "EUR/kWh"),
        ],
    )
    def test_the_name_of_the_column_declares_it(self, write, name, value_u, unit):
        series = read_rate(write(f"time,load km/h,{name}", *(f"{row},2" for row in hours(9, 9))))
        assert (series.at(0), series.unit) == (value_u, unit)
        assert series.report.notes["unit"].text == f"column: {name}"

    def test_another_scale_may_be_declared_but_not_another_currency(self, write):
        path = write("time,Price (EUR/MWh)", *hours(2, 3))
        assert read_rate(path, unit="ct/kWh").at(0) == 20_000
        for unit in ("USD/MWh", "g/kWh"):
            with pytest.raises(InputError, match=r"is in EUR/MWh, but unit=.* is declared"):
                read_rate(path, unit=unit)

    @given(st.decimals(-1000, 1000, allow_nan=False), st.sampled_from(["EUR/MWh", "ct/kWh", "EUR/kWh"]))
    def test_conversion_agrees_with_exact_arithmetic(self, tmp_path_factory, value, unit):
        text = f"{value:f}"[:40]
        path = tmp_path_factory.mktemp("rate") / "r.csv"
        path.write_text("time,v\n" + "\n".join(hours(text, 0)) + "\n", encoding="utf-8")
        scale = {"EUR/MWh": 1000, "ct/kWh": 10_000, "EUR/kWh": 1_000_000}[unit]
        assert read_rate(path, unit=unit).at(0) == round(Fraction(text) * scale)


class TestStampsAndGaps:
    def test_the_end_of_the_hour_is_moved_to_its_start(self, write):
        path = write("time,v", *hours(1, 2))
        assert read_rate(path, unit="g/kWh").start_utc == JAN
        assert read_rate(path, unit="g/kWh", stamp="end").start_utc == JAN - timedelta(hours=1)

    def test_gaps_need_a_policy_and_are_counted(self, write):
        path = write("time,v", *hours(10, "", -20))
        with pytest.raises(InputError, match=r"price\.csv:3: no value .*gaps='hold' or 'interpolate'$"):
            read_rate(path, unit="EUR/MWh")
        held = read_rate(path, unit="EUR/MWh", gaps="hold")
        assert held.at(HOUR) == 10_000
        assert read_rate(path, unit="EUR/MWh", gaps="interpolate").at(HOUR) == -5000
        assert held.report.repairs["missing_values"].count == 1

    def test_an_unknown_price_is_never_free(self, write):
        with pytest.raises(InputError, match="error, hold, interpolate$"):
            read_rate(write("time,v", *hours(1, 2)), unit="EUR/MWh", gaps="zero")

    def test_berlin_prices_with_an_hour_that_is_not_and_one_that_is_missing(self, write):
        # As in the shared files: 02:00 on 27 March is written, on 30 October it is written once.
        march = [f"2022-03-27 {h:02}:00,{h}" for h in range(5)]
        series = read_rate(write("Datetime,Price (EUR/MWh)", *march), zone="Europe/Berlin", gaps="hold")
        assert series.value_u.tolist() == [0, 1000, 3000, 4000]
        assert series.report.repairs["nonexistent_stamps"].count == 1
        october = [f"2022-10-30 {h:02}:00,{h}" for h in range(1, 5)]
        series = read_rate(write("Datetime,Price (EUR/MWh)", *october), zone="Europe/Berlin", gaps="hold")
        assert [series.at(h * HOUR) for h in range(5)] == [1000, 2000, 2000, 3000, 4000]
        assert series.report.repairs["missing_rows"].count == 1

    def test_negative_prices_pass_and_negative_carbon_does_not(self, write):
        path = write("time,v", *hours(5, -1))
        assert read_rate(path, unit="EUR/MWh").at(HOUR) == -1000
        with pytest.raises(InputError, match=r"price\.csv:3: negative carbon intensity -1 \(1 in the file\)"):
            read_rate(path, unit="g/kWh")
        raised = read_rate(path, unit="g/kWh", negatives="zero")
        assert raised.at(HOUR) == 0
        assert raised.report.repairs["negative_values"].count == 1
        assert read_rate(path, unit="g/kWh", negatives="allow").at(HOUR) == -1000
        with pytest.raises(InputError, match="negative value"):
            read_rate(path, unit="EUR/MWh", negatives="error")
