"""The forecast that a scenario asks for is what its scheduler is shown."""

from datetime import datetime

import numpy as np
import pytest

from tests.rare.scenario.scenario_texts import CLOCK, HOUR, hours_csv


class TestForecast:
    """The supply of a day and a half of steps, so that what is forecast can be read off."""

    KINDS = ("perfect", "persistence", "daily-persistence", "climatology", "synthetic")

    def supply(self, here, name, values):
        hours_csv(here / name, datetime(2022, 6, 13), values, "kw", stamp="{:%Y-%m-%dT%H:%M}Z")

    def text(self, name, kind, hours=6, more=""):
        return (
            CLOCK + f'[[supply.source]]\nfile = "{name}"\nunit = "kW"\nquantity = "wind"\nscale = 1\n'
            f'[forecast]\nkind = "{kind}"\nhours = {hours}\n' + more
        )

    @pytest.fixture
    def values(self):
        return np.random.default_rng(4).integers(1, 50, 30 * 24).tolist()

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_makes_a_table(self, here, made, values, kind):
        self.supply(here, "a.csv", values)
        forecast = made(self.text("a.csv", kind)).case.forecast
        assert forecast.name == kind
        assert forecast.supply_mw.shape == forecast.low_mw.shape == (30 * 24, 6)
        assert (forecast.begin_s, forecast.issue_step_s, forecast.step_s) == (0, HOUR, HOUR)
        assert (forecast.low_mw <= forecast.supply_mw).all() and (
            forecast.supply_mw <= forecast.high_mw
        ).all()

    def test_perfect_is_the_supply(self, here, made, values):
        self.supply(here, "a.csv", values)
        forecast = made(self.text("a.csv", "perfect")).case.forecast
        wanted = np.array(values) * 1_000_000
        assert forecast.supply_mw[:, 0].tolist() == wanted.tolist()
        assert forecast.supply_mw[:-5, 5].tolist() == wanted[5:].tolist()
        assert forecast.low_mw.tolist() == forecast.high_mw.tolist()

    def test_perfect_is_the_mean_of_a_finer_supply(self, here, made):
        rows = "".join(
            f"2022-06-13T{h:02d}:{m:02d}Z,{4 * (h + m)}\n" for h in range(24) for m in (0, 15, 30, 45)
        )
        (here / "a.csv").write_text("time,kw\n" + rows, encoding="utf-8")
        forecast = made(self.text("a.csv", "perfect"), "workload.jobs=0:1").case.forecast
        assert forecast.supply_mw[:3, 0].tolist() == [90_000_000, 94_000_000, 98_000_000]  # 4 (h + 22.5) kW

    def test_persistence_repeats_the_last_whole_hour(self, here, made, values):
        self.supply(here, "a.csv", values)
        text = self.text("a.csv", "persistence").replace('"persistence"', '"daily-persistence"')
        hour, day = (made(each).case.forecast for each in (self.text("a.csv", "persistence"), text))
        # Medians add the median of its own errors, which is the same at each issue.
        for forecast, back in ((hour, 1), (day, 24)):
            median = forecast.supply_mw[100:200, 0]
            last = np.array(values[100 - back : 200 - back]) * 1_000_000
            assert len(set((median - last).tolist()) - {0}) <= 2 and abs(median - last).max() < 5_000_000

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_comes_after_the_horizon_changes_nothing(self, here, made, values, kind):
        """Two supplies that differ from hour 600 on; what was issued 6 hours before is the same, bit for bit.

        Errors are fitted on the whole series without windows, so a training window fixes what they see.
        """
        (here / "w.csv").write_text("name,split,first_day,days\nlearn,train,0,20\n", encoding="utf-8")
        windows = '[windows]\nfile = "w.csv"\n'
        later = values[:600] + [49] * (len(values) - 600)
        self.supply(here, "a.csv", values)
        self.supply(here, "b.csv", later)
        one, other = (made(self.text(name, kind, more=windows)).case.forecast for name in ("a.csv", "b.csv"))
        for table in ("supply_mw", "low_mw", "high_mw"):
            before = [getattr(each, table)[: 600 - 6 + 1] for each in (one, other)]
            assert np.array_equal(*before)
        if kind in ("perfect", "synthetic"):
            assert not np.array_equal(one.supply_mw[600:], other.supply_mw[600:])

    @pytest.mark.parametrize("kind", ["persistence", "daily-persistence", "climatology"])
    def test_the_honest_kinds_do_not_know_the_hour_that_begins(self, here, made, values, kind):
        (here / "w.csv").write_text("name,split,first_day,days\nlearn,train,0,20\n", encoding="utf-8")
        windows = '[windows]\nfile = "w.csv"\n'
        self.supply(here, "a.csv", values)
        self.supply(here, "b.csv", values[:600] + [49] * (len(values) - 600))
        one, other = (made(self.text(name, kind, more=windows)).case.forecast for name in ("a.csv", "b.csv"))
        assert np.array_equal(one.supply_mw[:601], other.supply_mw[:601])

    def test_the_seed_draws_the_errors(self, here, made, values):
        self.supply(here, "a.csv", values)
        first, again, other = (
            made(self.text("a.csv", "synthetic", more=f"seed = {seed}\n")).case.forecast for seed in (1, 1, 2)
        )
        assert np.array_equal(first.supply_mw, again.supply_mw)
        assert not np.array_equal(first.supply_mw, other.supply_mw)

    def test_day_ahead_comes_from_a_file(self, here, made, values):
        self.supply(here, "a.csv", values)
        self.supply(here, "good.csv", values)
        self.supply(here, "noise.csv", np.random.default_rng(5).integers(1, 50, len(values)).tolist())
        errors = []
        for name in ("good.csv", "noise.csv"):
            more = f'file = "{name}"\nunit = "kW"\nissue_hour = 11\n'
            forecast = made(self.text("a.csv", "day-ahead", 24, more)).case.forecast
            assert forecast.supply_mw.shape == (30 * 24, 24)
            # Issued at 0 h of the day: all of the day is out since yesterday.
            midnights = forecast.supply_mw[48:-24:24]
            truth = np.array(values)[48:-24].reshape(-1, 24) * 1_000_000
            errors.append(np.abs(midnights - truth).mean())
        assert errors[0] < 0.1 * errors[1]

    def test_what_was_doubtful_in_the_forecast_file_is_told(self, here, made, values):
        self.supply(here, "a.csv", values)
        (here / "utc.csv").write_text(
            "time_utc" + (here / "a.csv").read_text(encoding="utf-8").removeprefix("time"), encoding="utf-8"
        )
        declared = 'file = "utc.csv"\nunit = "kW"\nzone = "Europe/London"\n'
        built = made(self.text("a.csv", "day-ahead", 24, declared))
        assert any(note.startswith("utc.csv:2: ") and "Europe/London" in note for note in built.warnings)

    def test_the_forecast_file_is_scaled_as_the_supply_is(self, here, made, values):
        self.supply(here, "a.csv", values)
        text = self.text("a.csv", "day-ahead", 24, 'file = "a.csv"\nunit = "kW"\n')
        small = made(text.replace("scale = 1", "peak = 1")).case
        midnights = small.forecast.supply_mw[48:-24:24]
        assert midnights.max() == pytest.approx(small.inputs.supply_mw.max(), rel=0.05)

    def test_sources_of_other_spans_are_forecast_on_their_common_time(self, here, made, values):
        """The wind's file begins a day before the sun's: hour 0 of both is the sum's."""
        hours_csv(here / "early.csv", datetime(2022, 6, 12), [9] * 24 + values, "kw", "{:%Y-%m-%dT%H:%M}Z")
        hours_csv(here / "late.csv", datetime(2022, 6, 13), [1] * len(values), "kw", "{:%Y-%m-%dT%H:%M}Z")
        text = CLOCK + "".join(
            f'[[supply.source]]\nfile = "{name}"\nunit = "kW"\nquantity = "{kind}"\nscale = 1\n'
            for name, kind in (("early.csv", "wind"), ("late.csv", "solar"))
        )
        case = made(text + '[forecast]\nkind = "perfect"\n').case
        assert case.forecast.supply_mw[:50, 0].tolist() == [(v + 1) * 1_000_000 for v in values[:50]]

    def test_price_and_carbon_are_forecast_beside_the_supply(self, here, made, values):
        self.supply(here, "a.csv", values)
        hours_csv(here / "p.csv", datetime(2022, 6, 13), range(720), "EUR/MWh")
        price = '[grid.price]\nfile = "p.csv"\nzone = "UTC"\n'
        forecast = made(self.text("a.csv", "perfect", more=price)).case.forecast
        assert forecast.price_u[:3, :2].tolist() == [[0, 1_000], [1_000, 2_000], [2_000, 3_000]]
        assert not forecast.carbon_u.any()

    def test_a_price_nobody_knows_yet_is_todays_not_zero(self, here, made, values):
        self.supply(here, "a.csv", values)
        hours_csv(here / "p.csv", datetime(2022, 6, 13), [80] * 720, "EUR/MWh")
        price = '[grid.price]\nfile = "p.csv"\nzone = "UTC"\n'
        forecast = made(self.text("a.csv", "daily-persistence", more=price)).case.forecast
        assert set(forecast.price_u.ravel().tolist()) == {80_000}

    def test_constant_rates_stay_in_the_forecast(self, here, made, values):
        self.supply(here, "a.csv", values)
        grid = "[grid]\nprice_per_kwh = 0.3\ncarbon_g_per_kwh = 400\n"
        forecast = made(self.text("a.csv", "synthetic", more=grid)).case.forecast
        assert set(forecast.price_u.ravel().tolist()) == {300_000}
        assert set(forecast.carbon_u.ravel().tolist()) == {400_000}

    def test_without_a_series_it_is_left_out_and_told(self, made):
        built = made('[forecast]\nkind = "synthetic"\n')
        assert built.case.forecast is None
        assert any(note.startswith("forecast:") for note in built.warnings)
