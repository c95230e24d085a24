"""The energy side of a scenario means something else than its author wrote."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from energy.datacenter.pue import OUTSIDE_AIR
from energy.plants.solar import SolarPlant, solar_power
from energy.weather.weather_reader import read_weather
from rare.model import UNLIMITED_MW
from rare.scenario.case_builder import build
from rare.scenario.config.scenario_config import BatteryTable, SupplyTable
from rare.scenario.load import Wishes, load_scenario
from tests.rare.scenario.scenario_texts import (
    BASE,
    CLOCK,
    DAY,
    GREENSBORO,
    HOUR,
    SERIES,
    SOLAR,
    WIND,
    at,
    hours_csv,
)
from traces.errors import InputError


class TestPlants:
    def test_solar_never_exceeds_its_capacity_and_is_dark_at_night(self, made):
        case = made(GREENSBORO + CLOCK + SOLAR + "capacity = 1.5\n").case
        power_mw = case.inputs.supply_mw
        assert 0.8 < power_mw.max() / (1.5 * case.cluster.peak_draw_mw) <= 1
        # Time 0 is 1 January, 0 h at UTC-5: 1 h to 6 h are dark, and so is the next midnight.
        assert [at(case, "supply_mw", hour * HOUR) for hour in (1, 2, 3, 4, 5, 6, 23, 24)] == [0] * 8
        assert at(case, "supply_mw", 12 * HOUR) > 0

    def test_a_year_of_sun_is_that_of_the_energy_package(self, made):
        case = made(GREENSBORO + CLOCK + SOLAR + "capacity_kw = 40\ntilt_deg = 30\nlosses_percent = 5\n").case
        plant = solar_power(
            read_weather("site:greensboro"), SolarPlant(tilt_deg=30, losses_percent=5), capacity_kw=40
        )
        inputs = case.inputs
        edges = np.append(inputs.change_s, inputs.end_s)
        run_mj = int((inputs.supply_mw * np.diff(edges)).sum())
        assert run_mj == plant.energy_mj(int(inputs.change_s[0]), plant.end_s)

    def test_wind_is_sized_by_its_nameplate_and_higher_hubs_have_more(self, made):
        low, high = (
            made(GREENSBORO + CLOCK + WIND + f"capacity_kw = 100\nhub_height_m = {hub}\n").case.inputs
            for hub in (80, 150)
        )
        assert low.supply_mw.max() <= 85_000_000 and high.supply_mw.max() <= 85_000_000  # 15 % losses
        mean = [(i.supply_mw * np.diff(np.append(i.change_s, i.end_s))).sum() for i in (low, high)]
        assert mean[1] > 1.1 * mean[0]

    def test_sources_of_both_kinds_add_up(self, made):
        parts = [SOLAR + "capacity_kw = 2\n", WIND + "capacity_kw = 3\n"]
        sun, wind, both = (made(GREENSBORO + CLOCK + p).case for p in (*parts, "".join(parts)))
        for hour in range(0, 400, 7):
            second = hour * HOUR + 100
            total = at(sun, "supply_mw", second) + at(wind, "supply_mw", second)
            assert at(both, "supply_mw", second) == total

    def test_a_finer_step_keeps_the_light(self, made):
        coarse, fine = (
            made(GREENSBORO + CLOCK + SOLAR + "capacity_kw = 1000\n" + more).case.inputs
            for more in ("", 'step_s = 900\ninterpolation = "hold"\n')
        )
        energy = [(i.supply_mw * np.diff(np.append(i.change_s, i.end_s))).sum() for i in (coarse, fine)]
        # The sun moves within the hour, so that panels and inverter differ a little.
        assert energy[1] == pytest.approx(energy[0], rel=0.02)

    def test_the_site_may_come_from_a_file(self, here, made):
        weather = {"latitude": 52.0, "longitude": 13.0, "elevation": 30.0, "utc_offset_seconds": 0}
        times = [f"2022-06-13T{hour:02d}:00" for hour in range(24)]
        write_open_meteo(here / "site.json", weather, times, wind_kmh=[36.0] * 24)
        case = made('[site]\nweather = "site.json"\n' + CLOCK + WIND + "capacity_kw = 10\n").case
        # 36 km/h at 10 m is 10 m/s, more at the hub: a constant, and the last hour is the file's.
        assert len(set(case.inputs.supply_mw)) == 1 and case.inputs.supply_mw[0] > 4_000_000
        assert case.inputs.end_s == DAY

    def test_outside_air_sets_the_pue_of_every_hour(self, made):
        case = made(
            GREENSBORO + SERIES + '[cluster]\npue_model = "outside-air"\n', "time.supply_start_s=0",
            base=BASE,
        ).case  # fmt: skip
        temps = read_weather("site:greensboro").temp_air_c
        # Weather of 2019 meets a supply that starts on 2022-06-13: 3 x 52 weeks later.
        first = datetime(2022, 6, 13, tzinfo=UTC) - timedelta(weeks=156) - datetime(2019, 1, 1, 5, tzinfo=UTC)
        hour = int(first.total_seconds()) // HOUR
        wanted = OUTSIDE_AIR.per_mille(temps[hour : hour + 5])
        assert [at(case, "pue_per_mille", max(100, h * HOUR)) for h in range(5)] == wanted.tolist()

    def test_a_constant_overhead_is_added_to_outside_air(self, made):
        plain, more = (
            made(GREENSBORO + SERIES + f'[cluster]\npue = {pue}\npue_model = "outside-air"\n').case
            for pue in (1.0, 1.1)
        )
        assert (more.inputs.pue_per_mille - plain.inputs.pue_per_mille == 100).all()


def write_open_meteo(path, head, times, *, wind_kmh, temp_c=15.0):
    import json

    count = len(times)
    body = {
        **head,
        "hourly_units": {"time": "iso8601", "temperature_2m": "°C", "wind_speed_10m": "km/h"},
        "hourly": {"time": times, "temperature_2m": [temp_c] * count, "wind_speed_10m": wind_kmh},
    }
    path.write_text(json.dumps(body), encoding="utf-8")


class TestRates:
    """supply.csv begins on 2022-06-13 0 h UTC, which is second 0; jobs begin at 100 s."""

    START = datetime(2022, 6, 13)

    def test_start_stamps_in_utc(self, here, made):
        hours_csv(here / "em.csv", self.START, range(100, 340), "Carbon intensity gCO₂eq/kWh (LCA)",
                  time="Datetime (UTC)")  # fmt: skip
        case = made(SERIES + '[grid.carbon]\nfile = "em.csv"\n').case
        # 100 g/kWh from 0 h to 1 h: 100,000 micro-kilograms
        assert [at(case, "carbon_ukg_per_kwh", s) for s in (100, 3599, 3600)] == [100_000, 100_000, 101_000]
        assert case.inputs.carbon_known

    def test_end_stamps_are_an_hour_earlier(self, here, made):
        rows = "".join(
            f"{self.START + timedelta(hours=hour + 1):%Y-%m-%d %H:%M:%S},{100 + hour},0,0\n"
            for hour in range(240)
        )
        (here / "eia.csv").write_text("UTC time,avg_CI,WND,SUN\n" + rows, encoding="utf-8")
        case = made(
            SERIES + '[grid.carbon]\nfile = "eia.csv"\nsource = "eia"\ntime_column = "UTC time"\n'
        ).case
        # The row stamped 01:00 is the hour from 0 h to 1 h.
        assert [at(case, "carbon_ukg_per_kwh", s) for s in (100, 3600)] == [100_000, 101_000]

    def test_berlin_clock_is_two_hours_ahead_in_summer_and_prices_may_be_negative(self, here, made):
        prices = [50.05, -1.5, *range(1, 300)]
        hours_csv(
            here / "de.csv", datetime(2022, 6, 12, 22), [7, 8, *prices], "Price (EUR/MWh)", time="Datetime"
        )
        case = made(SERIES + '[grid.price]\nfile = "de.csv"\nsource = "de-lu"\n').case
        # 2022-06-13 0 h UTC is 2 h in Berlin. The file's hours from 22 h: 7, 8, 50.05, -1.5, 1, 2, ...
        seen = [at(case, "price_u_per_kwh", s) for s in (100, 3600, 7200)]
        assert seen == [1_000, 2_000, 3_000]  # 22 h: 7; 23 h: 8; 0 h: 50.05; 1 h: -1.5; 2 h: 1
        assert case.inputs.priced

    def test_negative_prices_stay_negative(self, here, made):
        hours_csv(here / "p.csv", self.START, [-12.5] * 240, "EUR/MWh")
        case = made(SERIES + '[grid.price]\nfile = "p.csv"\nzone = "UTC"\n').case
        assert set(case.inputs.price_u_per_kwh) == {-12_500}

    def test_clocks_set_back_in_the_night_of_the_run(self, here, made):
        """30 October 2022 in Berlin: 2 h comes twice, the file has it once; `hold` fills the second."""
        hours_csv(here / "power.csv", datetime(2022, 10, 29), [5] * 72, "kw", stamp="{:%Y-%m-%dT%H:%M}Z")
        clock = [datetime(2022, 10, 29) + timedelta(hours=h) for h in range(80)]
        (here / "de.csv").write_text(
            "Datetime,EUR/MWh\n" + "".join(f"{when:%Y-%m-%d %H:%M},{n}\n" for n, when in enumerate(clock)),
            encoding="utf-8",
        )
        text = CLOCK + '[[supply.source]]\nfile = "power.csv"\nunit = "kW"\nscale = 1\n'
        price = '[grid.price]\nfile = "de.csv"\nsource = "de-lu"\n'
        with pytest.raises(InputError, match="de.csv"):
            made(text + price)
        case = made(text + price + 'gaps = "hold"\n').case
        # 24 h UTC of the 29th is 2 h summer time (row 26); 1 h UTC is 2 h again (held); 2 h UTC is 3 h.
        seen = [at(case, "price_u_per_kwh", hour * HOUR) for hour in (23, 24, 25, 26)]
        assert seen == [25_000, 26_000, 26_000, 27_000]

    def test_currencies_are_never_mixed(self, here, made):
        hours_csv(here / "p.csv", self.START, [40] * 240, "EUR/MWh")
        price = '[grid.price]\nfile = "p.csv"\nzone = "UTC"\n'
        with pytest.raises(InputError, match=r"in EUR, grid.currency is USD; give grid.price.exchange_rate"):
            made(SERIES + '[grid]\ncurrency = "USD"\n' + price)
        built = made(SERIES + '[grid]\ncurrency = "USD"\n' + price + "exchange_rate = 1.08\n")
        assert set(built.case.inputs.price_u_per_kwh) == {43_200}  # 40 EUR/MWh = 0.04 EUR = 0.0432 USD/kWh
        assert any("p.csv" in note and "1.08 USD" in note for note in built.warnings)

    def test_an_exchange_rate_needs_another_currency(self, here, made):
        hours_csv(here / "p.csv", self.START, [40] * 240, "EUR/MWh")
        price = '[grid.price]\nfile = "p.csv"\nzone = "UTC"\nexchange_rate = 1.08\n'
        with pytest.raises(InputError, match="grid.currency"):
            made(SERIES + price)
        with pytest.raises(InputError, match="leave it out"):
            made(SERIES + '[grid]\ncurrency = "EUR"\n' + price)

    def test_models_have_the_mean_that_was_asked_for(self, made):
        text = GREENSBORO + CLOCK + SOLAR + "capacity = 1\n"
        rates = '[grid.price]\nmodel = "duck"\nmean = 0.2\n[grid.carbon]\nmodel = "duck"\nmean = 380\n'
        inputs = made(text + rates, "workload.jobs=0:1").case.inputs
        length = np.diff(np.append(inputs.change_s, inputs.end_s))
        price = (inputs.price_u_per_kwh * length).sum() / length.sum()
        carbon = (inputs.carbon_ukg_per_kwh * length).sum() / length.sum()
        assert price == pytest.approx(200_000, rel=0.01) and carbon == pytest.approx(380_000, rel=0.01)

    def test_a_series_of_another_year_is_shifted_by_whole_weeks(self, here, made):
        start = datetime(2020, 6, 15)  # a Monday, as 2022-06-13 is: 104 weeks earlier
        hours_csv(here / "p.csv", start, range(52 * 168), "EUR/MWh")
        built = made(SERIES + '[grid.price]\nfile = "p.csv"\nzone = "UTC"\n')
        assert [at(built.case, "price_u_per_kwh", s) for s in (100, 5 * HOUR)] == [0, 5_000]
        assert any("104 weeks" in note for note in built.warnings)

    def test_a_short_series_of_another_time_is_an_error(self, here, made):
        hours_csv(here / "p.csv", datetime(2021, 1, 1), [1] * 48, "EUR/MWh")
        with pytest.raises(InputError, match=r"grid.price: p.csv covers 2021-01-01.*52 weeks"):
            made(SERIES + '[grid.price]\nfile = "p.csv"\nzone = "UTC"\n')

    def test_a_series_that_begins_again_is_told_of(self, here, made):
        # 52 weeks that end within the run: their first hour follows their last.
        hours_csv(here / "p.csv", datetime(2022, 6, 16) - timedelta(weeks=52), range(52 * 168), "EUR/MWh")
        built = made(SERIES + '[grid.price]\nfile = "p.csv"\nzone = "UTC"\n')
        seen = [at(built.case, "price_u_per_kwh", h * HOUR) for h in (71, 72)]
        assert seen == [8_735_000, 0]
        assert any("begins again" in note for note in built.warnings)


class TestImportLimit:
    def test_it_may_be_a_series(self, here, made):
        hours_csv(here / "line.csv", datetime(2022, 6, 13), [0, 2, 4] * 80, "kw")
        series = '[grid.import_series]\nfile = "line.csv"\nunit = "kW"\nzone = "UTC"\n'
        case = made(SERIES + series).case
        assert [at(case, "import_limit_mw", s) for s in (100, HOUR, 2 * HOUR)] == [0, 2_000_000, 4_000_000]
        scaled = made(SERIES + series + "peak = 0.5\n").case
        assert scaled.inputs.import_limit_mw.max() == scaled.cluster.peak_draw_mw // 2

    def test_it_needs_no_supply(self, here, made):
        hours_csv(here / "line.csv", datetime(2022, 6, 13), [1, 2] * 120, "kw")
        series = '[grid.import_series]\nfile = "line.csv"\nunit = "kW"\nzone = "UTC"\n'
        inputs = made(CLOCK + '[supply]\nkind = "none"\n' + series).case.inputs
        assert (inputs.import_limit_mw.max(), inputs.renewable) == (2_000_000, False)

    def test_unlimited_power_leaves_it_out_and_says_so(self, here, made):
        hours_csv(here / "line.csv", datetime(2022, 6, 13), [1, 2] * 120, "kw")
        built = made(CLOCK + '[grid.import_series]\nfile = "line.csv"\nunit = "kW"\nzone = "UTC"\n')
        assert set(built.case.inputs.import_limit_mw) == {UNLIMITED_MW}
        assert any("grid.import_series" in note for note in built.warnings)


class TestMachines:
    def test_a_profile_gives_what_the_table_leaves_out(self, made):
        node = '[workload]\nfile = "jobs.csv"\n[cluster.node]\nprofile = "xeon-x5675-2s"\n'
        (partition,) = made(base=node).case.cluster.partitions
        assert (partition.idle_mw, partition.core_mw, partition.sleep_mw) == (58_400, 13_633, 10_000)
        assert (partition.cores_per_node, partition.nodes, partition.memory_mib_per_node) == (
            12,
            1,
            16 * 1024,
        )
        (own,) = made("idle_w = 0\ncores_per_node = 4\nwake_s = 90\n", base=node).case.cluster.partitions
        assert (own.idle_mw, own.core_mw, own.cores_per_node, own.nodes, own.wake_s) == (0, 13_633, 4, 2, 90)

    def test_gpus_of_a_profile_are_there_for_made_jobs(self, made):
        text = (
            '[workload]\nmodel = "gpu"\nload = 0.5\ndays = 1\n'
            '[[cluster.partition]]\nname = "a"\nnodes = 2\nprofile = "a100-8gpu"\n'
        )
        case = made(base=text).case
        assert case.cluster.partitions[0].gpus_per_node == 8
        assert case.workload.gpus_milli.max() <= 16_000


class TestBattery:
    NONE = '[supply]\nkind = "none"\n[grid]\nimport_kw = 1\n'

    def test_self_discharge_is_a_share_of_the_capacity_in_30_days(self, made):
        case = made(self.NONE + "[battery]\nkwh = 720\nself_discharge_percent_per_month = 5\n").case
        assert case.battery.self_discharge_mw == 50_000  # 36 kWh in 720 h

    @pytest.mark.parametrize("name, given, key, wanted", [
        ("price", "price_per_kwh = 0.3", "grid_charge_below_price_per_kwh = -0.01", ("price", -10_000)),
        ("carbon", "carbon_g_per_kwh = 300", "grid_charge_below_carbon_g_per_kwh = 99.5",
         ("carbon", 99_500)),
    ])  # fmt: skip
    def test_thresholds_reach_the_rules(self, made, name, given, key, wanted):
        case = made(self.NONE + f"{given}\n[battery]\nkwh = 1\n{key}\n").case
        assert (case.options.grid_charge, case.options.grid_charge_below_u) == wanted

    def test_without_one_nothing_is_bought(self, made):
        assert made(self.NONE + "[battery]\nkwh = 1\n").case.options.grid_charge == "never"


class TestMadeJobs:
    LUBLIN = '[workload]\nmodel = "lublin"\nprocessors = 32\nload = 0.6\ndays = 5\n'
    GPU = (
        '[workload]\nmodel = "gpu"\nload = 0.6\ndays = 5\n[[cluster.partition]]\nname = "a"\nnodes = 2\n'
        "cores_per_node = 96\ngpus_per_node = 8\nidle_w = 1\ncore_w = 1\n"
    )

    @pytest.mark.parametrize("text", [LUBLIN, GPU])
    def test_the_scenarios_seed_decides(self, made, text):
        first, again, other = (made("", f"workload.seed={s}", base=text).case.workload for s in (1, 1, 2))
        for column in ("submit_s", "cores", "gpus_milli", "work_s", "estimate_s"):
            assert np.array_equal(getattr(first, column), getattr(again, column))
        assert not np.array_equal(first.submit_s, other.submit_s)

    def test_the_load_and_the_days_are_met(self, made):
        jobs = made(base=self.LUBLIN).case.workload
        load = (jobs.cores * jobs.work_s).sum() / (32 * jobs.submit_s.max())
        assert load == pytest.approx(0.6, rel=0.02)
        assert 4 * DAY < jobs.submit_s.max() < 5 * DAY
        assert np.array_equal(jobs.estimate_s, jobs.work_s)

    def test_estimates_by_tsafrir_are_no_shorter_than_the_run(self, made):
        more = 'estimates = "tsafrir"\nmax_estimate_s = 36000\n'
        jobs = made(base=self.LUBLIN + more).case.workload
        assert (jobs.estimate_s >= jobs.work_s).all() and jobs.estimate_s.max() == 36000
        assert jobs.estimates == "model"

    def test_day_0_of_the_jobs_is_day_0_of_the_supply(self, made):
        built = made(GREENSBORO + SOLAR + "capacity = 1\n", base=self.LUBLIN)
        # The typical year starts at local midnight, and so does the model's clock.
        assert (built.join.rule, built.join.shift_s) == ("midnight", 0)


class TestWithoutASupply:
    """Unlimited power runs the same jobs in the same windows: the upper bound of every scenario."""

    @pytest.mark.parametrize("name", ["islanded", "grid-tied", "tiny"])
    def test_every_kind_of_scenario_runs_on_unlimited_power(self, name):
        loaded = load_scenario(name, Wishes(settings=["window=test-12"]))
        grid = loaded.scenario.grid.model_copy(update={"import_ratio": None, "unlimited": None})
        tables = {"supply": SupplyTable(kind="unlimited"), "battery": BatteryTable(), "grid": grid}
        unlimited = loaded.scenario.model_copy(update=tables)
        scarce, ample = (build(each).case for each in (loaded, replace(loaded, scenario=unlimited)))
        assert np.array_equal(scarce.workload.job_id, ample.workload.job_id)
        assert np.array_equal(scarce.workload.submit_s, ample.workload.submit_s)
        assert (scarce.begin_s, scarce.end_s) == (ample.begin_s, ample.end_s)
        assert set(ample.inputs.import_limit_mw) == {UNLIMITED_MW}
        assert ample.inputs.end_s >= ample.end_s > 362 * DAY


def test_a_repeated_supply_begins_again_in_whole_days(made):
    text = GREENSBORO + CLOCK + SOLAR + "capacity = 1\n[supply]\nrepeat = true\n"
    case = made(text).case
    for hour in range(0, 200, 3):
        assert at(case, "supply_mw", 100 + hour * HOUR) == at(
            case, "supply_mw", 100 + hour * HOUR + 365 * DAY
        )
