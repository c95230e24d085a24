"""PowerSeries: values between changes, exact energy, the end, and what can be done with a series."""

import doctest
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import traces.series.power_series
from traces.errors import InputError
from traces.numbers.exact import divide_half_even, dot_exact, scale_half_even
from traces.series.power_series import EPOCH, PowerSeries, total

JAN = datetime(2022, 1, 1, tzinfo=UTC)


def make(change_s, power_mw, end_s, start=JAN):
    return PowerSeries(start, change_s, power_mw, end_s)


@st.composite
def series(draw, largest=10**15):
    change_s = [0, *sorted(draw(st.sets(st.integers(1, 500), max_size=8)))]
    power = draw(st.lists(st.integers(0, largest), min_size=len(change_s), max_size=len(change_s)))
    end_s = change_s[-1] + draw(st.integers(1, 100))
    return make(change_s, power, end_s, JAN + timedelta(seconds=draw(st.integers(-200, 200))))


class TestValues:
    def test_a_value_holds_until_the_next_change(self):
        a = make([0, 600], [5000, 7], 1200)
        assert [a.at(t) for t in (0, 599, 600, 1199)] == [5000, 5000, 7, 7]
        assert a.at(np.array([599, 600])).tolist() == [5000, 7]

    @pytest.mark.parametrize("t_s", [-1, 1200, 10**12])
    def test_asking_outside_is_an_error_and_never_the_last_value(self, t_s):
        a = make([0, 600], [5000, 7], 1200)
        with pytest.raises(InputError, match="before the start" if t_s < 0 else "past the end"):
            a.at(t_s)
        with pytest.raises(InputError, match=f"{t_s} s is"):
            a.at(np.array([0, t_s]))

    @pytest.mark.parametrize("span", [(-1, 5), (0, 1201), (1201, 1202)])
    def test_energy_outside_is_an_error(self, span):
        with pytest.raises(InputError, match="of the series"):
            make([0, 600], [5000, 7], 1200).energy_mj(*span)

    def test_a_fraction_of_a_second_is_refused(self):
        with pytest.raises(InputError, match="whole seconds"):
            make([0], [1], 10).at(0.5)

    def test_energy_by_hand(self):
        # 5000 mW for 600 s, then 7 mW: 100 s of the first and 50 s of the second.
        assert make([0, 600], [5000, 7], 1200).energy_mj(500, 650) == 500_000 + 350

    def test_energy_beyond_64_bits_is_exact(self):
        a = make([0, 3], [10**18 + 1, 10**18 - 1], 31_536_000)
        assert a.energy_mj(0, a.end_s) == 3 * (10**18 + 1) + (31_536_000 - 3) * (10**18 - 1)

    def test_an_empty_span_has_no_energy_and_a_backward_one_is_an_error(self):
        a = make([0], [5], 100)
        assert a.energy_mj(7, 7) == 0
        assert a.energy_mj(100, 100) == 0
        with pytest.raises(InputError, match="empty"):
            a.energy_mj(8, 7)

    @given(series(), st.data())
    def test_energy_is_the_sum_of_its_seconds(self, a, data):
        first = data.draw(st.integers(0, a.end_s))
        last = data.draw(st.integers(first, a.end_s))
        assert a.energy_mj(first, last) == sum(a.at(t) for t in range(first, last))


class TestConstructor:
    @pytest.mark.parametrize(
        ("change_s", "power_mw", "end_s", "message"),
        [
            ([], [], 1, "at least one"),
            ([1], [5], 10, "must be at 0"),
            ([0, 5, 5], [1, 2, 3], 10, "sort"),
            ([0, 5], [1], 10, "one each"),
            ([0, 5], [1, -2], 10, "never negative"),
            ([0, 5], [1, 2], 5, "after the last change"),
            ([0], [1.5], 10, "whole numbers"),
            ([[0]], [[1]], 10, "flat list"),
        ],
    )
    def test_refuses_what_is_no_series(self, change_s, power_mw, end_s, message):
        with pytest.raises(InputError, match=message):
            make(change_s, power_mw, end_s)

    def test_refuses_a_start_without_a_zone_or_with_a_fraction(self):
        with pytest.raises(InputError, match="aware"):
            make([0], [1], 10, datetime(2022, 1, 1))
        with pytest.raises(InputError, match="whole seconds"):
            make([0], [1], 10, JAN.replace(microsecond=1))

    def test_the_start_is_kept_in_utc(self):
        berlin = datetime(2022, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
        assert make([0], [1], 10, berlin).start_utc.isoformat() == "2022-01-01T00:00:00+00:00"

    def test_arrays_cannot_be_changed_from_outside(self):
        power = np.array([1, 2])
        a = make(np.array([0, 5]), power, 10)
        power[0] = 99
        assert a.at(0) == 1
        with pytest.raises(ValueError, match="read-only"):
            a.power_mw[0] = 3

    def test_constant(self):
        a = PowerSeries.constant(42, 100)
        assert (a.start_utc, a.at(99), a.energy_mj(0, 100)) == (EPOCH, 42, 4200)


class TestSlice:
    def test_starts_inside_a_value(self):
        a = make([0, 600, 900], [1, 2, 3], 1200).slice(700, 1000)
        assert a == make([0, 200], [2, 3], 300, JAN + timedelta(seconds=700))

    def test_ends_on_a_change_without_an_empty_value(self):
        assert make([0, 600], [1, 2], 1200).slice(0, 600) == make([0], [1], 600)

    @pytest.mark.parametrize("span", [(-1, 5), (0, 1201), (5, 5), (6, 5), (1200, 1200)])
    def test_refuses_what_it_does_not_hold(self, span):
        with pytest.raises(InputError):
            make([0, 600], [1, 2], 1200).slice(*span)

    @given(series(), st.data())
    def test_keeps_values_and_calendar(self, a, data):
        first = data.draw(st.integers(0, a.end_s - 1))
        last = data.draw(st.integers(first + 1, a.end_s))
        part = a.slice(first, last)
        assert part.end_s == last - first
        assert part.second_at(a.start_utc) == -first
        assert [part.at(t) for t in range(part.end_s)] == [a.at(t) for t in range(first, last)]


class TestScale:
    def test_to_a_peak_hits_it_exactly(self):
        a = make([0, 1, 2], [3, 7, 0], 3).scaled_to_peak(100)
        assert a.power_mw.tolist() == [43, 100, 0]  # 300 / 7 = 42.86

    def test_halves_go_to_the_even_number(self):
        assert make([0, 1, 2, 3], [1, 3, 5, 7], 4).scaled(1, 2).power_mw.tolist() == [0, 2, 2, 4]

    def test_a_series_of_zeros_has_no_peak(self):
        with pytest.raises(InputError, match="no peak"):
            make([0], [0], 5).scaled_to_peak(100)

    def test_large_values_do_not_overflow_on_the_way(self):
        a = make([0, 1], [36 * 10**12, 17], 2).scaled_to_peak(123_456_789_012)
        assert a.power_mw.tolist() == [123_456_789_012, round(Fraction(17 * 123_456_789_012, 36 * 10**12))]

    def test_a_result_beyond_63_bits_is_refused(self):
        with pytest.raises(InputError, match="63 bits"):
            make([0], [10**18], 1).scaled(100)

    @pytest.mark.parametrize(("numerator", "denominator"), [(-1, 1), (1, 0), (1.5, 1), (True, 1)])
    def test_refuses_what_is_no_whole_ratio(self, numerator, denominator):
        with pytest.raises(InputError, match="whole number"):
            make([0], [1], 1).scaled(numerator, denominator)

    @given(
        st.lists(st.integers(0, 2**62), min_size=1, max_size=5),
        st.integers(0, 2**40),
        st.integers(2**40, 2**63),
    )
    def test_agrees_with_exact_fractions(self, values, numerator, denominator):
        got = scale_half_even(np.array(values), numerator, denominator).tolist()
        assert got == [round(Fraction(value * numerator, denominator)) for value in values]

    @given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
    def test_division_agrees_with_exact_fractions(self, numerator, denominator):
        assert divide_half_even(np.array([numerator]), denominator).tolist() == [
            round(Fraction(numerator, denominator))
        ]

    def test_dot_beyond_64_bits(self):
        assert dot_exact(np.array([2**62, 1]), np.array([4, 1])) == 2**64 + 1


class TestSum:
    def test_on_the_common_span_with_both_changes(self):
        # a:  0---10--------30        b:      5------20-------40 (calendar seconds)
        a = make([0, 10], [1, 2], 30)
        b = make([0, 15], [100, 200], 35, JAN + timedelta(seconds=5))
        assert a + b == make([0, 5, 15], [101, 102, 202], 25, JAN + timedelta(seconds=5))

    def test_series_that_never_meet_are_refused(self):
        with pytest.raises(InputError, match="share no time"):
            make([0], [1], 10) + make([0], [1], 10, JAN + timedelta(seconds=10))

    def test_overflow_is_refused(self):
        big = make([0], [2**62], 10)
        with pytest.raises(InputError, match="63 bits"):
            big + big

    def test_total_merges_equal_neighbours(self):
        a, b = make([0, 5], [1, 2], 10), make([0, 5], [2, 1], 10)
        assert total([a, b]) == make([0], [3], 10)
        with pytest.raises(InputError):
            total([])

    @given(series(), series())
    def test_energy_adds_up(self, a, b):
        try:
            both = a + b
        except InputError:
            assert a.end_utc <= b.start_utc or b.end_utc <= a.start_utc
            return
        parts = [
            part.energy_mj(part.second_at(both.start_utc), part.second_at(both.end_utc)) for part in (a, b)
        ]
        assert both.energy_mj(0, both.end_s) == sum(parts)
        assert both == b + a


class TestShiftRepeatCompress:
    def test_shift_moves_the_calendar_only(self):
        a = make([0, 5], [1, 2], 10)
        assert a.shift(-86400 * 7).start_utc == JAN - timedelta(days=7)
        assert a.shift(60).shift(-60) == a
        with pytest.raises(InputError, match="calendar"):
            a.shift(10**15)

    def test_repeat_goes_on_from_the_start_and_stops_where_told(self):
        a = make([0, 5], [1, 2], 10).repeat(17)
        assert a == make([0, 5, 10, 15], [1, 2, 1, 2], 17)
        assert make([0, 5], [1, 2], 10).repeat(3) == make([0], [1], 3)

    def test_repeat_has_limits(self):
        with pytest.raises(InputError, match="above 0"):
            make([0], [1], 10).repeat(0)
        with pytest.raises(InputError, match="more than"):
            make([0], [1], 1).repeat(10**12)

    @given(series(largest=2))
    def test_compressing_changes_no_value(self, a):
        b = a.compressed()
        assert [b.at(t) for t in range(a.end_s)] == [a.at(t) for t in range(a.end_s)]
        assert (np.diff(b.power_mw) != 0).all()
        assert b.end_s == a.end_s


def test_the_documented_example():
    assert doctest.testmod(traces.series.power_series).failed == 0
    assert doctest.testmod(traces.series.power_series).attempted == 2


def test_equality_ignores_the_name_but_nothing_else():
    a = make([0, 5], [1, 2], 10)
    assert a == PowerSeries(JAN, [0, 5], [1, 2], 10, name="other")
    assert a != make([0, 5], [1, 2], 11)
    assert a != make([0, 5], [1, 3], 10)
    assert a != a.shift(1)
    assert a != "a"
