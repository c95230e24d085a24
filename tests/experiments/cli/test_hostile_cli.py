"""Whatever a user gets wrong: exit code 2, one helpful line on stderr, and nothing left behind."""

import os
import sys

import pytest

from experiments.cli.root import main

COMPARE = ("compare", "--workload", "jobs.csv")
SHOW_POWER = ("traces", "show", "--kind", "power")
SIM = ("simulate", "--workload", "jobs.csv")
SCENARIO = """[workload]
file = "jobs.csv"
[cluster.node]
cores_per_node = 4
idle_w = 40
core_w = 10
"""
PARTITION = '[[cluster.partition]]\nname = "a"\nnodes = 1\ncores_per_node = 1\nidle_w = 1\ncore_w = 1\n'
CLASS = '[[service_class]]\nname = "a"\nshare = 1\nvalue_per_core_hour = 1\n'
SERIES = '[[supply.source]]\nfile = "supply.csv"\n'

# name: (arguments, what the line must hold)
ARGUMENTS = {
    "no workload": (("simulate",), "--workload"),
    "missing workload": (("simulate", "--workload", "gone.swf"), "gone.swf"),
    "workload is a folder": (("simulate", "--workload", "full", "--set", "workload.format=swf"), "directory"),
    "empty workload name": (("simulate", "--workload", ""), "--workload"),
    "NUL in a name": (("simulate", "--workload", "a\0b"), "--workload"),
    "unknown command": (("simulat",), "simulate"),
    "unknown option": ((*SIM, "--scheduller", "fcfs"), "--scheduler"),
    "option without value": ((*SIM, "--seed"), "--seed"),
    "unknown scheduler": ((*SIM, "--scheduler", "esay"), "easy"),
    "unknown backfill": ((*SIM, "--scheduler", "fcfs+eesy"), "easy"),
    "empty scheduler": ((*SIM, "--scheduler", ""), "scheduler"),
    "empty name in a list": ((*COMPARE, "--scheduler", "fcfs,,easy"), "empty name"),
    "a scheduler twice": ((*COMPARE, "--scheduler", "fcfs,fcfs"), "twice"),
    "a class file that is not there": ((*SIM, "--scheduler", "gone.py:Mine"), "gone.py"),
    "order that needs values": ((*SIM, "--scheduler", "hvf"), "value"),
    "order that needs deadlines": ((*SIM, "--scheduler", "edf"), "deadline"),
    "unknown clock": ((*SIM, "--clock", "sundial"), "simpy"),
    "processors 0": ((*SIM, "--processors", "0"), "--processors"),
    "processors not a number": ((*SIM, "--processors", "many"), "--processors"),
    "processors beyond all machines": ((*SIM, "--processors", "99999999999999"), "processors"),
    "negative seed": ((*SIM, "--seed", "-1"), "--seed"),
    "jobs without colon": ((*SIM, "--jobs", "5"), "FIRST:LAST"),
    "jobs backwards": ((*SIM, "--jobs", "3:1"), "FIRST:LAST"),
    "jobs beyond the file": ((*SIM, "--jobs", "0:9"), "0:9"),
    "jobs of text": ((*SIM, "--jobs", "a:b"), "a:b"),
    "date that is none": ((*SIM, "--from-date", "2022-02-30"), "2022-02-30"),
    "dates without jobs": ((*SIM, "--from-date", "1999-01-01", "--to-date", "1999-02-01"), "no job between"),
    "dates and jobs": ((*SIM, "--from-date", "2022-06-13", "--jobs", "0:1"), "keep one"),
    "warm-up without unit": ((*SIM, "--warmup", "2 fortnights"), "7d"),
    "negative warm-up": ((*SIM, "--warmup", "-5"), "duration"),
    "missing power": ((*SIM, "--power", "gone.csv"), "gone.csv"),
    "jobs as power": ((*SIM, "--power", "jobs.csv"), "jobs.csv"),
    "power as jobs": (("simulate", "--workload", "supply.csv"), "supply.csv"),
    "unknown scenario": ((*SIM, "--scenario", "plian"), "plain"),
    "missing scenario file": ((*SIM, "--scenario", "gone.toml"), "gone.toml"),
    "scenario is a folder": ((*SIM, "--scenario", "./"), "read"),
    "set without value": ((*SIM, "--set", "battery.hours"), "table.key=value"),
    "set of an unknown key": ((*SIM, "--set", "battery.hour=3"), "hours"),
    "set of an unknown table": ((*SIM, "--set", "batery.hours=3"), "--set batery.hours=3: batery"),
    "set of NaN": ((*SIM, "--set", "battery.hours=nan"), "finite"),
    "set of text for a number": ((*SIM, "--set", "cluster.pue=high"), "'high'"),
    "set through a value": ((*SIM, "--set", "name.inner.key=3"), "--set"),
    "set of a key of an array": ((*SIM, "--set", "supply.source=3"), "supply.source"),
    "set far down an array": ((*SIM, "--set", "supply.source.7.peak=3"), "new one is 0"),
    "set of an empty key": ((*SIM, "--set", "=3"), "table.key=value"),
    "out is a file": ((*SIM, "--out", "jobs.csv"), "is a file"),
    "out below a file": ((*SIM, "--out", "jobs.csv/run"), "jobs.csv"),
    "out holds other things": ((*SIM, "--out", "full"), "not overwritten"),
    "out is the current folder": ((*SIM, "--out", "."), "current folder"),
    "out is empty": ((*SIM, "--out", ""), "path"),
    "compare into a foreign folder": (
        ("compare", "--workload", "jobs.csv", "--scheduler", "fcfs", "--out", "full"),
        "not overwritten",
    ),
    "report on nothing": (("report",), "RUN"),
    "report on a missing folder": (("report", "gone"), "gone"),
    "report on a foreign folder": (("report", "full"), "full"),
    "show a missing file": (("traces", "show", "gone.swf"), "gone.swf"),
    "show binary": (("traces", "show", "noise.swf"), "noise.swf"),
    "show with a power option": (("traces", "show", "jobs.csv", "--unit", "kW"), "--kind power"),
    "show power with a wrong unit": ((*SHOW_POWER, "supply.csv", "--unit", "kw"), "kW"),
    "show power with a wrong zone": (
        ("traces", "show", "local.csv", "--kind", "power", "--zone", "Europe/Berln"),
        "Europe/Berlin",
    ),
    "strict with a repaired trace": (("traces", "show", "noise.csv", "--strict"), "noise.csv"),
    "completion for an unknown shell": (("completion", "tcsh"), "bash"),
}

# name: (scenario text, what the line must hold)
SCENARIOS = {
    "broken TOML": ("[workload\nfile = 3", "bad.toml:1"),
    "key twice": ('[workload]\nfile = "jobs.csv"\nfile = "x"\n', "bad.toml:3"),
    "binary": ("\udc80\udc81", "UTF-8"),
    "unknown table": (SCENARIO + "[solar]\nkw = 3\n", "bad.toml:7: solar"),
    "unknown key in a partition": (
        PARTITION + "cores = 3\n",
        "cluster.partition.0.cores",
    ),
    "table where a value belongs": (SCENARIO + "[rules.restart_s]\nx = 1\n", "rules.restart_s"),
    "value where a table belongs": ("cluster = 5\n", "bad.toml:1: cluster must be a table"),
    "negative watts": (SCENARIO.replace("idle_w = 40", "idle_w = -40"), "bad.toml:5: cluster.node.idle_w"),
    "infinite watts": (SCENARIO.replace("idle_w = 40", "idle_w = inf"), "finite"),
    "fractional cores": (SCENARIO.replace("= 4\n", "= 4.5\n"), "whole number, got 4.5"),
    "true for a number": (SCENARIO.replace("= 4\n", "= true\n"), "whole number, got true"),
    "node without watts": ("[cluster.node]\ncores_per_node = 1\n", "idle_w is missing"),
    "profile and partitions": (
        SCENARIO + PARTITION,
        "keep one",
    ),
    "PUE below 1": (SCENARIO + "[cluster]\npue = 0.9\n", "pue"),
    "efficiency above 1": (SCENARIO + "[battery]\nhours = 1\ncharge_efficiency = 1.2\n", "charge_efficiency"),
    "battery limits without a battery": (SCENARIO + "[battery]\ncharge_ratio = 1\n", "battery.hours"),
    "two sizes of a battery": (SCENARIO + "[battery]\nhours = 1\nkwh = 3\n", "keep one"),
    "two sizes of a source": (SCENARIO + SERIES + "peak = 1\nscale = 2\n", "keep one"),
    "series without a source": (SCENARIO + '[supply]\nkind = "series"\n', "supply.source"),
    "a source without a file": (SCENARIO + "[[supply.source]]\npeak = 1\n", "--power"),
    "unlimited beside a source": (SCENARIO + '[supply]\nkind = "unlimited"\n' + SERIES, "remove one"),
    "unknown column": (SCENARIO + SERIES + 'columns = ["sun"]\n', "sun"),
    "unknown unit": (SCENARIO + SERIES + 'unit = "HP"\n', "supply.source.0: unknown unit 'HP'"),
    "unknown site zone": (SCENARIO + '[supply]\nsite_zone = "Mars/Base"\n' + SERIES, "supply.site_zone: "),
    "unknown trace zone": (
        SCENARIO.replace('"jobs.csv"', '"jobs.csv"\nzone = "Mars/Base"'),
        "workload.zone: ",
    ),
    "ratios without watts": (
        SCENARIO.replace("40", "0").replace("w = 10", "w = 0") + SERIES + "peak = 1\n",
        "draws any power",
    ),
    "no power at all": (SCENARIO + '[supply]\nkind = "none"\n[grid]\nimport_kw = 0\n', "no power at all"),
    "start without offset": (
        SCENARIO.replace('"jobs.csv"', '"jobs.csv"\nstart_utc = "2022-01-01T00:00:00"'),
        "offset",
    ),
    "shares that do not add up": (
        SCENARIO + CLASS.replace("share = 1", "share = 0.5"),
        "bad.toml:7: service_class has shares that add up to 0.5",
    ),
    "slack backwards": (SCENARIO + CLASS + "slack_factor = [3, 2]\n", "lower"),
    "shift that the calendar overrules": (SCENARIO + "[time]\nsupply_start_s = 3\n", "calendar"),
    "jobs after the supply": (
        SCENARIO + SERIES + '[time]\ncalendar = "none"\nsupply_start_s = -9000000\n',
        "supply",
    ),
    "more energy than int64 holds": (
        SCENARIO.replace('"jobs.csv"', '"jobs.csv"\nprocessors = 10000000').replace("w = 10", "w = 1e6"),
        "2^62",
    ),
    "unknown mapping": (SCENARIO.replace('"jobs.csv"', '"jobs.csv"\nmapping = "openc"'), "openc"),
    "missing mapping file": (
        SCENARIO.replace('"jobs.csv"', '"jobs.csv"\nmapping = "gone.toml"'),
        "gone.toml",
    ),
}


@pytest.fixture
def place(here):
    """Files to trip over, and a list of what is there before the command runs."""
    (here / "full").mkdir()
    (here / "full" / "thesis.txt").write_text("not ours", encoding="utf-8")
    (here / "noise.swf").write_bytes(bytes(range(256)) * 4)
    (here / "noise.csv").write_text("job_id,submit_s,cores,work_s\n1,0,1,-1\n2,0,1,5\n", encoding="utf-8")
    (here / "local.csv").write_text("time,p_kw\n2022-01-01 00:00,1\n2022-01-01 01:00,2\n", encoding="utf-8")
    return here


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def check(capsys, folder, arguments, hint):
    before = listing(folder)
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert (code, out) == (2, ""), err
    assert err.startswith("rare: ") and err.endswith("\n") and err.count("\n") == 1, err
    assert "Traceback" not in err and len(err) < 500
    assert hint in err
    assert listing(folder) == before


@pytest.mark.parametrize("case", ARGUMENTS)
def test_hostile_arguments(case, place, stub, capsys):
    arguments, hint = ARGUMENTS[case]
    takes_out = arguments[:1] in (("simulate",), ("compare",)) and "--out" not in arguments
    check(capsys, place, (*arguments, *(("--out", "run") if takes_out else ())), hint)


@pytest.mark.parametrize("case", SCENARIOS)
def test_hostile_scenarios(case, place, stub, capsys):
    text, hint = SCENARIOS[case]
    (place / "bad.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    check(capsys, place, ("simulate", "--scenario", "bad.toml", "--out", "run"), hint)


def test_an_unwritable_folder(place, stub, capsys):
    closed = place / "closed"
    closed.mkdir(mode=0o500)
    if os.access(closed, os.W_OK):  # root may write anywhere: a path too long is refused to everyone
        check(capsys, place, (*SIM, "--out", "closed/" + "x" * 300), "xxx")
    else:
        check(capsys, place, (*SIM, "--out", "closed/run"), "closed")


def test_a_users_class_that_breaks_a_rule(here, capsys):
    (here / "mine.py").write_text(
        "class Mine:\n    def choose(self, view):\n        return 10**6\n", encoding="utf-8"
    )
    check(
        capsys,
        here,
        (*SIM, "--scheduler", "mine.py:Mine", "--clock", "simpy", "--quiet", "--out", "run"),
        "mine.py:Mine",
    )


@pytest.mark.parametrize(
    "text", ["1 / 0\n", "class Mine:\n    def choose(self, view):\n        return view.no_such_thing\n"]
)
def test_a_users_class_with_a_bug(here, capsys, monkeypatch, text):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # as in a shell; no folder appears beside the file
    (here / "mine.py").write_text(text, encoding="utf-8")
    check(capsys, here, (*SIM, "--scheduler", "./mine.py:Mine", "--quiet", "--out", "run"), "mine.py:")


def test_a_huge_scenario_file_is_not_read(place, stub, capsys):
    with (place / "huge.toml").open("wb") as file:
        file.truncate(10**10)
    check(capsys, place, ("simulate", "--scenario", "huge.toml", "--out", "run"), "larger than")


def test_deep_toml_is_refused(place, stub, capsys):
    (place / "deep.toml").write_text("a = " + "[" * 5000 + "]" * 5000, encoding="utf-8")
    check(capsys, place, ("simulate", "--scenario", "deep.toml", "--out", "run"), "deep.toml")
