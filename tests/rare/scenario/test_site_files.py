"""[site] with a weather file: its clock is the site's, its keys reach the reader, its notes the user."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pvlib
import pytest

from energy.weather.weather_reader import read_weather
from rare.scenario.inputs.key_words import keys_of
from rare.scenario.inputs.run_clock import midnight_after_s
from tests.energy.weather.weather_makers import (
    feedinlib_lines,
    nsrdb_lines,
    openmeteo_csv,
    pvgis_hourly,
    sunny_epw,
    sunny_nsrdb,
    sunny_tmy3,
    write,
)
from tests.rare.scenario.scenario_texts import BASE, CLOCK, SERIES, SOLAR, WIND
from traces.errors import InputError, Parameter

GREENSBORO_FILE = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
LUBLIN = (
    '[workload]\nmodel = "lublin"\nprocessors = 8\nload = 0.5\ndays = 20\n'
    "[cluster.node]\ncores_per_node = 4\nidle_w = 40\ncore_w = 10\n"
)
PLANT = SOLAR + "capacity = 1\n"
DUCK = '[grid.price]\nmodel = "duck"\nmean = 0.2\n'
UTC_NOTE = "supply.site_zone: nothing states the site's time zone"


class TestOneStationByNameAndByFile:
    @pytest.fixture
    def both(self, made):
        def build(more, base=LUBLIN):
            sites = ('name = "greensboro"', f'weather = "{GREENSBORO_FILE}"')
            return [made(f"[site]\n{site}\n{more}", base=base) for site in sites]

        return build

    def test_local_midnight_and_day_are_the_same(self, both):
        named, file = both(PLANT)
        assert (named.join.site_zone, file.join.site_zone) == ("America/New_York", "UTC-05:00")
        assert file.join.begin_local == named.join.begin_local
        assert file.join.shift_s == named.join.shift_s == 0
        assert file.case.local_offset_s == named.case.local_offset_s
        assert np.array_equal(file.case.inputs.supply_mw, named.case.inputs.supply_mw)

    def test_windows_begin_at_the_same_instants(self, both, here):
        (here / "windows.csv").write_text(
            "name,split,first_day,days\na,train,3,7\nb,test,12,3\n", encoding="utf-8"
        )
        windows = '[windows]\nfile = "windows.csv"\ndefault = "b"\n'
        service = '[[service_class]]\nname = "a"\nshare = 1\nvalue_per_core_hour = 1\n'
        named, file = both(PLANT + windows + service)
        assert file.case.begin_s == named.case.begin_s
        assert file.join.begin_utc == named.join.begin_utc == "2019-01-13T05:00:00+00:00"

    def test_made_prices_follow_the_same_hours(self, both):
        named, file = (built.case.inputs.price_u_per_kwh for built in both(PLANT + DUCK))
        winter = slice(0, 60 * 24)  # the file's clock knows no summer time
        # The mean is of all the year's hours, so that the scale differs by 3 parts in 100,000.
        assert file[winter] == pytest.approx(named[winter], rel=1e-4)
        zone = '[supply]\nsite_zone = "America/New_York"\n'
        named, file = (built.case.inputs.price_u_per_kwh for built in both(PLANT + DUCK + zone))
        assert np.array_equal(file, named)

    def test_midnights_of_a_fixed_offset(self):
        start = datetime.fromisoformat("2020-06-01T00:00:00+00:00")
        for zone, hours in (("UTC-05:00", 5), ("UTC+05:45", 18.25), ("UTC+00:00", 0)):
            assert midnight_after_s(start, zone) == hours * 3600


class TestZone:
    @pytest.mark.parametrize(
        ("lines", "keys", "zone"),
        [
            (sunny_tmy3(-7), "", "UTC-07:00"),
            (sunny_epw(5.75), "", "UTC+05:45"),
            (sunny_nsrdb("4.0.1", 0, clock_h=0), "", "UTC-07:00"),
            (feedinlib_lines("+01:00", 48), "latitude_deg = 52\nlongitude_deg = 13\n", "UTC+01:00"),
            (pvgis_hourly(), "utc_offset_h = -3.5\n", "UTC-03:30"),
        ],
    )
    def test_the_files_offset_is_used_without_a_note(self, made, here, lines, keys, zone):
        write(here, lines)
        built = made(f'[site]\nweather = "weather.csv"\n{keys}{CLOCK}{WIND}capacity = 1\n')
        assert built.join.site_zone == zone
        assert not [note for note in built.warnings if UTC_NOTE in note]

    def test_the_scenarios_zone_wins(self, made, here):
        write(here, sunny_tmy3(-7))
        zone = '[supply]\nsite_zone = "America/Denver"\n'
        built = made(f'[site]\nweather = "weather.csv"\n{CLOCK}{zone}{PLANT}')
        assert built.join.site_zone == "America/Denver"

    def test_a_fixed_offset_may_be_stated(self, made):
        assert made(SERIES + '[supply]\nsite_zone = "UTC+05:30"\n').join.site_zone == "UTC+05:30"

    @pytest.mark.parametrize("lines", [feedinlib_lines("Z", 48), openmeteo_csv(48, "GMT", 0), pvgis_hourly()])
    def test_utc_is_told_where_it_is_assumed(self, made, here, lines):
        write(here, lines)
        place = "latitude_deg = 52\nlongitude_deg = 13\n"
        built = made(f'[site]\nweather = "weather.csv"\n{place}{CLOCK}{WIND}capacity = 1\n')
        assert built.join.site_zone == "UTC"
        assert len([note for note in built.warnings if UTC_NOTE in note]) == 1

    def test_of_a_series_too(self, made):
        assert [note for note in made(SERIES).warnings if UTC_NOTE in note]
        stated = made(SERIES + '[supply]\nsite_zone = "UTC"\n')
        assert not [note for note in stated.warnings if UTC_NOTE in note]


class TestKeys:
    def test_headerless_nsrdb(self, made, here):
        lines = sunny_nsrdb(None, 0)
        write(here, lines)
        place = "latitude_deg = 40\nlongitude_deg = -105\naltitude_m = 1600\nutc_offset_h = -7\n"
        case = made(f'[site]\nweather = "weather.csv"\n{place}{CLOCK}{PLANT}').case
        weather = read_weather(
            here / "weather.csv", latitude_deg=40.0, longitude_deg=-105.0, altitude_m=1600.0, utc_offset_h=-7
        )
        assert case.inputs.end_s == weather.duration_s
        assert case.inputs.supply_mw.max() > 0

    def test_negatives(self, made, here):
        lines = nsrdb_lines([(hour, 30) for hour in range(24)], "-3,0,0,10,5,800")
        write(here, lines)
        site = '[site]\nweather = "weather.csv"\n'
        with pytest.raises(InputError, match=r"weather.csv:4: ghi_w_m2 is -3 .*site.negatives = 'zero'"):
            made(site + CLOCK + PLANT)
        built = made(f"{site}negatives = 'zero'\n{CLOCK}{PLANT}")
        assert any("24 x raised to zero" in note for note in built.warnings)

    def test_what_is_missing_is_asked_for_by_its_keys(self, made, here):
        write(here, sunny_nsrdb(None, 0))
        hint = r"give site.latitude_deg, site.longitude_deg, site.utc_offset_h$"
        with pytest.raises(InputError, match=hint):
            made(f'[site]\nweather = "weather.csv"\n{CLOCK}{PLANT}')

    @pytest.mark.parametrize(
        ("key", "hint"),
        [
            ("latitude_deg = 91", "site.latitude_deg"),
            ("longitude_deg = -181", "site.longitude_deg"),
            ("altitude_m = 1e9", "site.altitude_m"),
            ("utc_offset_h = 1e9", "site.utc_offset_h"),
            ('utc_offset_h = "-7"', "site.utc_offset_h"),
            ('negatives = "hold"', "site.negatives"),
        ],
    )
    def test_out_of_bounds(self, made, here, key, hint):
        write(here, sunny_tmy3(-7))
        with pytest.raises(InputError, match=hint):
            made(f'[site]\nweather = "weather.csv"\n{key}\n{CLOCK}{PLANT}')

    @pytest.mark.parametrize("key", ["latitude_deg = 10", "utc_offset_h = 0", 'negatives = "zero"'])
    def test_a_site_by_name_has_its_own(self, made, key):
        with pytest.raises(InputError, match="belongs to a weather file"):
            made(f'[site]\nname = "greensboro"\n{key}\n{CLOCK}{PLANT}')

    def test_a_name_that_no_file_can_have(self, made):
        for name in ("x" * 3000, "a\\u0000b"):
            with pytest.raises(InputError):
                made(f'[site]\nweather = "{name}"\n{CLOCK}{PLANT}')


class TestNotes:
    def test_rows_of_another_clock_are_told(self, made, here):
        write(here, sunny_epw(0, stated_h=1, delay_s=600))
        site = '[site]\nweather = "weather.csv"\n'
        built = made(site + CLOCK + PLANT)
        (note,) = [note for note in built.warnings if "cos(zenith)" in note]
        assert note.startswith("weather.csv: ") and "UTC+00:00" in note and "UTC+01:00" in note
        assert note.endswith("give site.utc_offset_h = 0")
        mended = made(f"{site}utc_offset_h = 0\n{CLOCK}{PLANT}")
        assert not [note for note in mended.warnings if "UTC+01:00" in note]

    def test_a_day_that_is_made_up_is_told(self, made, here):
        head, *rows = feedinlib_lines("+01:00")
        days = [datetime(2020, 2, 27) + timedelta(days=day) for day in (0, 1, 3)]
        table = [head, *(row.replace("2010-01-01", f"{day:%Y-%m-%d}") for day in days for row in rows)]
        write(here, table)
        site = '[site]\nweather = "weather.csv"\nlatitude_deg = 52\nlongitude_deg = 13\naltitude_m = 40\n'
        built = made(f"{site}{CLOCK}{WIND}capacity = 1\n")
        assert any("24 x steps of 29 February" in note for note in built.warnings)
        assert built.case.inputs.end_s == 4 * 86_400

    def test_of_a_site_by_name_there_is_nothing_to_tell(self, made):
        warnings = made('[site]\nname = "greensboro"\n' + CLOCK + PLANT, base=BASE).warnings
        assert not [note for note in warnings if "site:" in note or UTC_NOTE in note]


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Parameter("negatives", "zero"), "site.negatives = 'zero'"),
        (Parameter("latitude_deg"), "site.latitude_deg"),
        (Parameter("utc_offset_h", 5.5), "site.utc_offset_h = 5.5"),
        (Parameter("clear_sky", True, "read_weather"), "site.clear_sky = true"),
        (Parameter("gaps", ("hold", "zero")), "site.gaps = 'hold' or 'zero'"),
        (Parameter("zone"), "supply.site_zone"),
    ],
    ids=str,
)
def test_readers_parameters_become_keys_of_the_table(parameter, words):
    assert keys_of("site", {"zone": "supply.site_zone"})(parameter) == words


def test_a_workload_may_have_the_zone_of_a_fixed_offset(made):
    built = made(SERIES, base=BASE.replace('file = "jobs.csv"', 'file = "jobs.csv"\nzone = "UTC-05:00"'))
    assert built.case.workload.zone == "UTC-05:00"
