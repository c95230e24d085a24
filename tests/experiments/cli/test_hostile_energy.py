"""Wrong weather, prices, carbon, forecasts or windows: one helpful line, and nothing left behind."""

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from experiments.cli.root import main
from tests.experiments.cli.test_hostile_cli import listing

RUN = ("simulate", "--scenario", "bad.toml", "--scheduler", "fcfs", "--out", "run")
JOBS = '[workload]\nfile = "jobs.csv"\n'
NODE = "[cluster.node]\ncores_per_node = 4\nidle_w = 40\ncore_w = 10\n"
BASE = JOBS + NODE
SUPPLY = '[time]\ncalendar = "none"\n[[supply.source]]\nfile = "supply.csv"\npeak = 1\n'
SUN = '[[supply.source]]\nkind = "solar"\ncapacity = 1\n'
WIND = '[[supply.source]]\nkind = "wind"\ncapacity = 1\n'
SITE = '[site]\nname = "greensboro"\n'
FILE = '[site]\nweather = "{}"\n'
PRICE = '[grid.price]\nfile = "{}"\nzone = "UTC"\n'
CARBON = '[grid.carbon]\nfile = "{}"\nzone = "UTC"\n'
LUBLIN = '[workload]\nmodel = "lublin"\nload = 0.5\ndays = 3\nprocessors = 8\n'
GPU = '[workload]\nmodel = "gpu"\nload = 0.5\ndays = 3\n'
PARTITION = '[[cluster.partition]]\nname = "a"\nnodes = 1\ncores_per_node = 8\nidle_w = 1\ncore_w = 1\n'
BATTERY = "[battery]\nhours = 1\n"
WINDOWS = BASE + SUPPLY + '[windows]\nfile = "{}"\ndefault = "a"\n'
FORECAST = BASE + SUPPLY + '[forecast]\nkind = "{}"\n'
CLASS = '[[service_class]]\nname = "a"\nshare = 1\nvalue_per_core_hour = 1\n'
EVALUATED = BASE + SUPPLY + '[windows]\nfile = "good.csv"\n' + CLASS

# name: (scenario text, what the line must hold: the file or key, the value, the remedy)
WEATHER = {
    "truncated gzip": (BASE + FILE.format("cut.csv.gz") + WIND, ("cut.csv.gz",)),
    "noise": (BASE + FILE.format("noise.csv") + WIND, ("noise.csv",)),
    "empty": (BASE + FILE.format("empty.csv") + WIND, ("empty.csv",)),
    "missing": (BASE + FILE.format("gone.epw") + WIND, ("gone.epw",)),
    "a folder": (BASE + FILE.format("full") + WIND, ("full",)),
    "a job trace": (BASE + FILE.format("jobs.csv") + WIND, ("jobs.csv",)),
    "a column is missing": (BASE + FILE.format("no-ghi.csv") + SUN, ("no-ghi.csv", "GHI")),
    "a cell is not a number": (BASE + FILE.format("nan.csv") + SUN, ("nan.csv:9",)),
    "rows are missing": (BASE + FILE.format("short.csv") + SUN, ("short.csv", "gaps")),
    "cut in the middle of a row": (BASE + FILE.format("torn.csv") + SUN, ("torn.csv",)),
    "kelvin": (BASE + FILE.format("kelvin.json") + WIND, ("kelvin.json", "288")),
    "no irradiance for solar": (
        BASE + FILE.format("wind.json") + SUN,
        ("wind.json", "site.clear_sky = true"),
    ),
    "no cloud cover for clear sky": (
        BASE + FILE.format("wind.json") + "clear_sky = true\n" + SUN,
        ("wind.json", "no cloud cover"),
    ),
    "lists of two lengths": (BASE + FILE.format("uneven.json") + WIND, ("uneven.json",)),
    "broken JSON": (BASE + FILE.format("broken.json") + WIND, ("broken.json",)),
    "unknown format": (BASE + FILE.format("wind.json") + 'format = "grib"\n' + WIND, ("'grib'", "epw")),
    "the wrong format": (BASE + FILE.format("wind.json") + 'format = "epw"\n' + WIND, ("wind.json",)),
    "a year before weather": (
        BASE + FILE.format("wind.json") + "year = 1066\n" + WIND,
        ("site.year", "1066"),
    ),
    "a time zone of 1e9": (BASE + FILE.format("zone.csv") + SUN, ("zone.csv:1: time zone is 1e+09 hours",)),
    "a unit that is a list": (BASE + FILE.format("unit.json") + WIND, ("unit.json", "['km/h']", "m/s")),
    "a latitude of 400 digits": (BASE + FILE.format("far.json") + WIND, ("far.json", "latitude is 1000")),
    "a place that is not stated": (
        BASE + FILE.format("nowhere.csv") + SUN,
        ("nowhere.csv", "site.latitude_deg", "site.utc_offset_h"),
    ),
    "an offset beyond any clock": (
        BASE + FILE.format("nowhere.csv") + "utc_offset_h = 1e9\n" + SUN,
        ("site.utc_offset_h", "-14"),
    ),
    "a step that does not divide": (BASE + SITE + WIND + "step_s = 7000\n", ("7000", "3600")),
}
RATES = {
    "price in a unit of power": (
        BASE + SUPPLY + PRICE.format("p.csv") + 'unit = "kW"\n',
        ("'kW'", "EUR/MWh"),
    ),
    "price in dollars of nobody": (BASE + SUPPLY + PRICE.format("p.csv") + 'unit = "$/MWh"\n', ("USD/MWh",)),
    "price column that declares nothing": (BASE + SUPPLY + PRICE.format("bare.csv"), ("bare.csv", "unit")),
    "carbon in money": (BASE + SUPPLY + CARBON.format("p.csv"), ("p.csv", "EUR")),
    "price in grams": (BASE + SUPPLY + PRICE.format("c.csv"), ("c.csv", "kg/kWh")),
    "unknown currency": (
        BASE + SUPPLY + '[grid]\ncurrency = "EURO"\n' + PRICE.format("p.csv"),
        ("bad.toml", "grid.currency", "'EURO'", "EUR"),
    ),
    "another currency": (
        BASE + SUPPLY + '[grid]\ncurrency = "USD"\n' + PRICE.format("p.csv"),
        ("p.csv", "EUR", "USD", "exchange_rate"),
    ),
    "exchange without a currency": (
        BASE + SUPPLY + PRICE.format("p.csv") + "exchange_rate = 1.1\n",
        ("grid.price.exchange_rate", "grid.currency"),
    ),
    "an hour is missing": (BASE + SUPPLY + PRICE.format("hole.csv"), ("hole.csv:8", "gaps")),
    "an unmarked clock": (BASE + SUPPLY + '[grid.price]\nfile = "p.csv"\n', ("p.csv", "zone")),
    "the night that clocks change": (
        BASE + SUPPLY + '[grid.price]\nfile = "dst.csv"\nsource = "de-lu"\n',
        ("dst.csv:", "gaps"),
    ),
    "text for a price": (BASE + SUPPLY + PRICE.format("text.csv"), ("text.csv:4", "'cheap'")),
    "an empty price file": (BASE + SUPPLY + PRICE.format("empty.csv"), ("empty.csv",)),
    "a price file of noise": (BASE + SUPPLY + PRICE.format("noise.csv"), ("noise.csv",)),
    "a missing carbon file": (BASE + SUPPLY + CARBON.format("gone.csv"), ("gone.csv",)),
    "negative carbon": (BASE + SUPPLY + CARBON.format("below.csv"), ("below.csv:3", "-5", "correct it")),
    "a price beyond reason": (BASE + SUPPLY + PRICE.format("dear.csv"), ("dear.csv:2", "9999999")),
    "unknown source of prices": (
        BASE + SUPPLY + PRICE.format("p.csv") + 'source = "nordpool"\n',
        ("nordpool", "de-lu"),
    ),
    "a column that is not there": (
        BASE + SUPPLY + PRICE.format("p.csv") + 'column = "spot"\n',
        ("p.csv", "spot"),
    ),
    "forecasts for what happened": (
        BASE + SUPPLY + '[grid.carbon]\nfile = "c.csv"\nsource = "sgip"\ncolumn = "f12"\n',
        ("f12", "moer"),
    ),
    "prices of another time": (BASE + SUPPLY + PRICE.format("old.csv"), ("old.csv", "52 weeks")),
    "prices without a clock to be made on": (
        BASE + '[grid.price]\nmodel = "duck"\nmean = 0.1\n',
        ("model", "supply"),
    ),
    "import limit of another unit": (
        BASE + SUPPLY + '[grid.import_series]\nfile = "p.csv"\nunit = "EUR"\nzone = "UTC"\n',
        ("grid.import_series", "'EUR'", "kW"),
    ),
    "import limit without a peak": (
        BASE + SUPPLY + '[grid.import_series]\nfile = "zero.csv"\nzone = "UTC"\npeak = 1\n',
        ("zero.csv", "0 all the time"),
    ),
}
TABLES = {
    "unknown key of a site": (BASE + '[site]\nnmae = "miami"\n', ("bad.toml:8: site.nmae", "'name'")),
    "unknown site": (BASE + '[site]\nname = "atlantis"\n' + WIND, ("'atlantis'", "greensboro")),
    "two weathers": (BASE + SITE + 'weather = "x.epw"\n', ("site.weather", "keep one")),
    "the format of no file": (BASE + SITE + 'format = "epw"\n', ("site.format", "site.weather")),
    "a plant without a site": (BASE + SUN, ("site", "solar plant", "site.name")),
    "outside air without a site": (BASE + '[cluster]\npue_model = "outside-air"\n', ("site", "pue_model")),
    "unknown model of PUE": (BASE + '[cluster]\npue_model = "ice"\n', ("cluster.pue_model", "outside-air")),
    "unknown kind of source": (BASE + '[[supply.source]]\nkind = "tidal"\n', ("source.0.kind", "'tidal'")),
    "a plant without a size": (
        BASE + SITE + '[[supply.source]]\nkind = "wind"\n',
        ("capacity", "give exactly"),
    ),
    "a plant with two sizes": (BASE + SITE + SUN + "capacity_kw = 3\n", ("capacity", "one of them")),
    "a plant of capacity 0": (BASE + SITE + SUN.replace("= 1", "= 0"), ("capacity", "above 0, got 0")),
    "a plant with a peak": (BASE + SITE + SUN + "peak = 1\n", ("source.0.peak", "capacity_kw")),
    "a plant with a file": (BASE + SITE + SUN + 'file = "supply.csv"\n', ("source.0.file", "'solar'")),
    "a file with a capacity": (BASE + SUPPLY + "capacity = 1\n", ("source.0.capacity", "'file'")),
    "a wind plant with a tilt": (BASE + SITE + WIND + "tilt_deg = 30\n", ("source.0.tilt_deg", "'wind'")),
    "a tilt beyond the zenith": (BASE + SITE + SUN + "tilt_deg = 120\n", ("tilt_deg", "0 and 90, got 120")),
    "interpolation to nothing": (BASE + SITE + SUN + 'interpolation = "hold"\n', ("interpolation", "step_s")),
    "wind by the clear sky": (
        BASE + SITE + WIND + 'step_s = 900\ninterpolation = "clear_sky_index"\n',
        ("interpolation", "linear"),
    ),
    "unknown turbine": (BASE + SITE + WIND + 'turbine = "V112/300"\n', ("'V112/300'", "V112/3000")),
    "a hub below its blades": (
        BASE + SITE + WIND + "hub_height_m = 20\n",
        ("hub_height_m", "20", "raise it"),
    ),
    "unknown module": (BASE + SITE + SUN + 'module = "Canadian_Solar"\n', ("'Canadian_Solar'", "close are")),
    "unknown inverter": (BASE + SITE + SUN + 'inverter = "none"\n', ("'none'",)),
    "unknown profile": (
        JOBS + '[cluster.node]\nprofile = "cray-1"\n',
        ("cluster.node.profile", "'cray-1'", "xeon-x5675-2s"),
    ),
    "a negative wake": (BASE + "wake_s = -5\n", ("cluster.node.wake_s", "-5")),
    "two price sources": (
        BASE + SUPPLY + "[grid]\nprice_per_kwh = 0.1\n" + PRICE.format("p.csv"),
        ("grid.price_per_kwh", "keep one"),
    ),
    "a rate without a file": (BASE + SUPPLY + "[grid.carbon]\nmean = 300\n", ("grid.carbon.file", "model")),
    "a model without a mean": (
        BASE + SUPPLY + '[grid.carbon]\nmodel = "duck"\n',
        ("grid.carbon.mean", "missing"),
    ),
    "a mean for a file": (
        BASE + SUPPLY + PRICE.format("p.csv") + "mean = 3\n",
        ("grid.price.mean", "leave it out"),
    ),
    "a zone for a model": (
        BASE + SUPPLY + '[grid.price]\nmodel = "duck"\nmean = 1\nzone = "UTC"\n',
        ("grid.price.zone", "leave it out"),
    ),
    "an exchange rate for carbon": (
        BASE + SUPPLY + CARBON.format("c.csv") + "exchange_rate = 2\n",
        ("grid.carbon", "exchange_rate"),
    ),
    "zeros for unknown prices": (
        BASE + SUPPLY + PRICE.format("p.csv") + 'gaps = "zero"\n',
        ("gaps", "'zero'", "hold"),
    ),
    "two import limits": (
        BASE + SUPPLY + '[grid]\nimport_kw = 1\n[grid.import_series]\nfile = "zero.csv"\n',
        ("grid.import_series", "keep one"),
    ),
    "charging from the grid without a battery": (
        BASE + SUPPLY + "[grid]\nprice_per_kwh = 1\n[battery]\ngrid_charge_below_price_per_kwh = 0.1\n",
        ("battery.grid_charge_below_price_per_kwh", "battery.hours"),
    ),
    "charging by a price that nobody gives": (
        BASE + SUPPLY + BATTERY + "grid_charge_below_price_per_kwh = 0.1\n",
        ("battery", "grid.price_per_kwh"),
    ),
    "charging by two thresholds": (
        BASE
        + SUPPLY
        + BATTERY
        + "grid_charge_below_price_per_kwh = 0\ngrid_charge_below_carbon_g_per_kwh = 9\n",
        ("battery.grid_charge_below_carbon_g_per_kwh", "keep one"),
    ),
    "more self-discharge than there is": (
        BASE + SUPPLY + BATTERY + "self_discharge_percent_per_month = 101\n",
        ("self_discharge_percent_per_month", "101"),
    ),
    "jobs from two places": (
        BASE.replace('"jobs.csv"\n', '"jobs.csv"\nmodel = "lublin"\n'),
        ("workload.model", "keep one"),
    ),
    "a model without a load": (LUBLIN.replace("load = 0.5\n", "") + NODE, ("workload.load", "0.7")),
    "a load without a model": (JOBS + "load = 0.5\n" + NODE, ("workload.load", "workload.model")),
    "a zone for made jobs": (LUBLIN + 'zone = "UTC"\n' + NODE, ("workload.zone", "leave it out")),
    "a load of 0": (LUBLIN.replace("0.5", "0") + NODE, ("workload.load", "above 0")),
    "a model that nobody published": (
        LUBLIN.replace("lublin", "dublin"),
        ("workload.model", "'dublin'", "gpu"),
    ),
    "lublin on an unknown machine": (LUBLIN.replace("processors = 8\n", "") + NODE, ("workload.processors",)),
    "gpu jobs without GPUs": (GPU + PARTITION, ("workload.model", "gpus_per_node")),
    "estimates below the model's least": (
        LUBLIN + 'estimates = "tsafrir"\nmax_estimate_s = 600\n' + NODE,
        ("workload.max_estimate_s", "6000", "600"),
    ),
    "an estimate's limit without estimates": (LUBLIN + "max_estimate_s = 7200\n" + NODE, ("tsafrir",)),
}
FORECASTS = {
    "unknown kind": (FORECAST.format("oracle"), ("forecast.kind", "'oracle'", "synthetic")),
    "no horizon": (FORECAST.format("perfect") + "hours = 0\n", ("forecast.hours", "got 0")),
    "a horizon of text": (FORECAST.format("perfect") + 'hours = "two"\n', ("forecast.hours", "'two'")),
    "day-ahead without a file": (FORECAST.format("day-ahead"), ("forecast.file", "go together")),
    "a file for another kind": (
        FORECAST.format("synthetic") + 'file = "supply.csv"\n',
        ("forecast.file", "day-ahead"),
    ),
    "a zone for another kind": (
        FORECAST.format("synthetic") + 'zone = "UTC"\n',
        ("forecast.zone", "day-ahead"),
    ),
    "a seed without errors": (FORECAST.format("perfect") + "seed = 3\n", ("forecast.seed", "synthetic")),
    "day-ahead beside two sources": (
        FORECAST.format("day-ahead")
        + 'file = "supply.csv"\n[[supply.source]]\nfile = "supply.csv"\nscale = 1\n',
        ("day-ahead", "exactly one"),
    ),
    "day-ahead of a plant": (
        BASE + SITE + SUN + '[forecast]\nkind = "day-ahead"\nfile = "supply.csv"\n',
        ("day-ahead", '"file"'),
    ),
    "day-ahead of another time": (
        FORECAST.format("day-ahead") + 'file = "p.csv"\ncolumns = ["x_kw"]\nzone = "UTC"\n',
        ("p.csv", "x_kw"),
    ),
    "a missing day-ahead file": (FORECAST.format("day-ahead") + 'file = "gone.csv"\n', ("gone.csv",)),
}
WINDOW_FILES = {
    "missing": (None, ("gone.csv", "cannot be read")),
    "empty": ("", ("w.csv", "name,split,first_day,days")),
    "only a header": ("name,split,first_day,days\n", ("w.csv", "holds no windows")),
    "another header": ("window,start,end\n", ("w.csv", "first line", "'window'")),
    "too few fields": ("name,split,first_day,days\na,test,1\n", ("w.csv:2", "3 fields")),
    "too many fields": ("name,split,first_day,days,site\na,test,1,2,miami,x\n", ("w.csv:2", "6 fields")),
    "unknown split": ("name,split,first_day,days\na,tset,1,2\n", ("w.csv:2", "'tset'", "validation")),
    "fractional day": ("name,split,first_day,days\na,test,1.5,2\n", ("w.csv:2", "first_day", "'1.5'")),
    "negative day": ("name,split,first_day,days\na,test,-1,2\n", ("w.csv:2", "first_day", "'-1'")),
    "no days": ("name,split,first_day,days\n# b\na,test,1,0\n", ("w.csv:3", "days", "'0'")),
    "endless days": ("name,split,first_day,days\na,test,1,1" + "0" * 400 + "\n", ("w.csv:2", "366")),
    "a name twice": ("name,split,first_day,days\na,test,0,1\na,train,2,1\n", ("w.csv:3", "twice")),
    "no name": ("name,split,first_day,days\n ,test,0,1\n", ("w.csv:2", "name")),
    "a name that means all": ("name,split,first_day,days\nall,test,0,1\n", ("w.csv:2", "'all'")),
    "a name that is a split": ("name,split,first_day,days\ntest,test,0,1\n", ("w.csv:2", "'test'")),
    "a name that rings": ("name,split,first_day,days\n\x07,test,0,1\n", ("w.csv:2", "x07")),
    "not UTF-8": (b"name,split,first_day,days\n\xff,test,0,1\n", ("w.csv", "UTF-8")),
    "a field without end": ('name,split,first_day,days\n"' + "a" * 200_000 + "\n", ("w.csv", "CSV")),
    "a file of megabytes": ("#" * 2_000_000, ("w.csv", "larger than")),
    "the default is not in it": ("name,split,first_day,days\nb,test,0,1\n", ("'a'", "w.csv", "known are b")),
    "a window behind the supply": ("name,split,first_day,days\na,test,60,1\n", ("'a'", "60", "repeat")),
    "a window without jobs": ("name,split,first_day,days\na,test,5,1\n", ("'a'", "no job")),
    "a site for a file": ("name,split,first_day,days,site\na,test,0,1,miami\n", ("'a'", "'miami'", "leave")),
}
# name: (scenario text, arguments, hints)
COMMANDS = {
    "a window without windows": (
        BASE + SUPPLY,
        ("--set", "window=test-00"),
        ("window", "'test-00'", "[windows]"),
    ),
    "a window for constant power": (
        BASE + '[windows]\nfile = "good.csv"\n',
        ("--set", "window=a"),
        ("'a'", "calendar"),
    ),
    "a gate without deadlines": (
        BASE + SUPPLY,
        ("--scheduler", "fcfs+easy+green"),
        ("deadline", "service classes"),
    ),
    "a gate without prices": (BASE + SUPPLY + CLASS, ("--scheduler", "fcfs+easy+price=0.3"), ("price",)),
    "a gate without carbon": (BASE + SUPPLY + CLASS, ("--scheduler", "fcfs+easy+carbon=0.3"), ("carbon",)),
    "a gate that shares 2": (BASE + SUPPLY + CLASS, ("--scheduler", "fcfs+easy+price=2"), ("price", "2")),
    "a capacity of text": (
        BASE + SITE + SUN,
        ("--set", "supply.source.0.capacity=big"),
        ("capacity", "'big'"),
    ),
    "an unknown table by option": (BASE, ("--set", "forcast.kind=perfect"), ("--set", "forcast", "forecast")),
    "a forecast of NaN hours": (BASE, ("--set", "forecast.hours=nan"), ("forecast.hours", "nan")),
}


def _hours(path, start, rows, header):
    lines = [header]
    lines += [f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M},{value}" for hour, value in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _open_meteo(path, columns):
    units = {"time": "iso8601", "temperature_2m": "°C", "wind_speed_10m": "km/h"}
    head = {"latitude": 52.0, "longitude": 13.0, "elevation": 30.0, "utc_offset_seconds": 0}
    times = [f"2022-06-13T{hour:02d}:00" for hour in range(24)]
    path.write_text(
        json.dumps({**head, "hourly_units": units, "hourly": {"time": times, **columns}}), "utf-8"
    )


def _replace(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="session")
def damaged():
    """A typical year that comes with pvlib, damaged in several ways: bytes by file name."""
    import pvlib

    lines = (Path(pvlib.__file__).parent / "data" / "723170TYA.CSV").read_bytes().splitlines(keepends=True)
    whole = b"".join(lines)
    cells = lines[8].split(b",")
    cells[4] = b"bright"
    return {
        "whole": whole,
        "cut.csv.gz": gzip.compress(whole, 1)[:20_000],
        "no-ghi.csv": whole.replace(b"GHI (W/m^2)", b"XXX"),
        "nan.csv": b"".join([*lines[:8], b",".join(cells), *lines[9:]]),
        "short.csv": b"".join(lines[:100] + lines[200:]),
        "torn.csv": whole[:50_000],
        "noise.csv": bytes(range(256)) * 4,
        "empty.csv": b"",
    }


@pytest.fixture
def place(here, damaged):
    """Files to trip over."""
    (here / "full").mkdir()
    for name, data in damaged.items():
        (here / name).write_bytes(data)
    calm = {"temperature_2m": [15.0] * 24, "wind_speed_10m": [20.0] * 24}
    _open_meteo(here / "wind.json", calm)
    _open_meteo(here / "unit.json", calm)
    _replace(here / "unit.json", '"wind_speed_10m": "km/h"', '"wind_speed_10m": ["km/h"]')
    _open_meteo(here / "far.json", calm)
    _replace(here / "far.json", '"latitude": 52.0', f'"latitude": 1{"0" * 400}')
    (here / "zone.csv").write_bytes(damaged["whole"].replace(b",-5.0,", b",1e9,", 1))
    names = "Year,Month,Day,Hour,Minute,GHI,DNI,DHI,Temperature,Wind Speed"
    rows = [f"2020,6,1,{hour},0,0,0,0,10,5" for hour in range(24)]
    (here / "nowhere.csv").write_text("\n".join([names, *rows]), "utf-8")
    _open_meteo(here / "kelvin.json", {**calm, "temperature_2m": [288.0] * 24})
    _open_meteo(here / "uneven.json", {**calm, "temperature_2m": [15.0] * 23})
    (here / "broken.json").write_text('{"latitude": 52.0, "hourly": {', encoding="utf-8")
    start = datetime(2022, 6, 13)
    _hours(here / "p.csv", start, [40] * 240, "time,EUR/MWh")
    _hours(here / "bare.csv", start, [40] * 240, "time,spot")
    _hours(here / "c.csv", start, [300] * 240, "time,g/kWh")
    _hours(here / "text.csv", start, [1, 2, "cheap", *[3] * 237], "time,EUR/MWh")
    _hours(here / "below.csv", start, [5, -5, *[3] * 238], "time,g/kWh")
    _hours(here / "dear.csv", start, [9999999] * 240, "time,EUR/MWh")
    _hours(here / "old.csv", datetime(2020, 1, 1), [40] * 240, "time,EUR/MWh")
    _hours(here / "zero.csv", start, [0] * 240, "time,p_kw")
    _hours(here / "dst.csv", datetime(2022, 10, 29), [40] * 72, "time,EUR/MWh")
    lines = (here / "p.csv").read_text(encoding="utf-8").splitlines()
    (here / "hole.csv").write_text("\n".join(lines[:7] + lines[9:]) + "\n", encoding="utf-8")
    (here / "good.csv").write_text("name,split,first_day,days\na,test,0,1\n", encoding="utf-8")
    return here


def refuse(capsys, folder, text, hints, more=(), run=RUN):
    """Exit code 2, one line on stderr that holds every hint, nothing on stdout and nothing written."""
    (folder / "bad.toml").write_text(text, encoding="utf-8")
    before = listing(folder)
    code = main([*run, *more])
    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert err.startswith("rare: ") and err.endswith("\n") and err.count("\n") == 1, err
    assert "Traceback" not in err and len(err) < 500
    assert [hint for hint in hints if hint not in err] == [], err
    assert listing(folder) == before


@pytest.mark.parametrize("case", WEATHER)
def test_hostile_weather(case, place, stub, capsys):
    text, hints = WEATHER[case]
    refuse(capsys, place, text, hints)


@pytest.mark.parametrize("case", RATES)
def test_hostile_rates(case, place, stub, capsys):
    text, hints = RATES[case]
    refuse(capsys, place, text, hints)


@pytest.mark.parametrize("case", TABLES)
def test_hostile_tables(case, place, stub, capsys):
    text, hints = TABLES[case]
    refuse(capsys, place, text, hints)


@pytest.mark.parametrize("case", FORECASTS)
def test_hostile_forecasts(case, place, stub, capsys):
    text, hints = FORECASTS[case]
    refuse(capsys, place, text, hints)


@pytest.mark.parametrize("case", WINDOW_FILES)
def test_hostile_windows(case, place, stub, capsys):
    content, hints = WINDOW_FILES[case]
    if content is not None:
        (place / "w.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refuse(capsys, place, WINDOWS.format("gone.csv" if content is None else "w.csv"), hints)


@pytest.mark.parametrize("case", COMMANDS)
def test_hostile_commands(case, place, capsys):
    text, more, hints = COMMANDS[case]
    refuse(capsys, place, text, hints, (*more, "--quiet"))


# name: (scenario, arguments of `rare evaluate`, hints)
EVALUATIONS = {
    "no windows": (BASE + SUPPLY + CLASS, (), ("bad.toml", "[windows]", "windows.file")),
    "an unknown split": (EVALUATED, ("--windows", "tests"), ("'tests'", "neither a split", "window")),
    "an unknown scheduler": (EVALUATED, ("--windows", "test", "--scheduler", "esay"), ("esay", "easy")),
    "a scheduler twice": (EVALUATED, ("--windows", "test", "--scheduler", "easy,easy"), ("easy", "twice")),
    "no values": (
        EVALUATED.replace(CLASS, ""),
        ("--windows", "a", "--scheduler", "fcfs", "--workers", "1"),
        ("'a'", "value", "service_class"),
    ),
}


@pytest.mark.parametrize("case", EVALUATIONS)
def test_hostile_evaluations(case, place, capsys):
    text, more, hints = EVALUATIONS[case]
    refuse(capsys, place, text, hints, ("--quiet", *more), ("evaluate", *RUN[1:3], "--out", "run"))


def test_there_are_at_least_sixty():
    assert sum(map(len, (WEATHER, RATES, TABLES, FORECASTS, WINDOW_FILES, COMMANDS))) >= 60
