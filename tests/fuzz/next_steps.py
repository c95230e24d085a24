"""Damaged files that are read, and then used: what a reader accepts must not break what comes after it.

Each sample builds a case with the file and simulates it. Everything but an InputError on the way is a fault.
"""

from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any

import rare
from experiments.operate.snapshots.slurm_snapshot import snapshot_of_slurm
from experiments.operate.snapshots.snapshot_case import NoJobs, snapshot_case
from experiments.operate.snapshots.snapshot_checks import refuse_overfull, with_one_clock
from experiments.operate.snapshots.snapshot_file import read_snapshot, snapshot_text
from experiments.operate.snapshots.snapshot_state import before_snapshot, decide_now
from rare.scenario.case_builder import build
from rare.scenario.load import Overrides, load_scenario
from rare.scheduler import as_scheduler
from schedulers import make_scheduler
from tests.energy.weather.weather_makers import epw_lines, nsrdb_lines, openmeteo, tmy3_lines
from tests.fuzz.samples import FULL_JOBS, SCENARIO, SWF, WAITING_JOBS, Sample
from tests.rare.scenario.conftest import SUPPLY

RECORDED = Path(__file__).resolve().parents[1] / "experiments" / "operate" / "snapshots"
TAKEN_S = 1796039280  # when the recorded snapshot was taken
SLOW, RARE = 3, 1
HOURS = 10 * 24
_DAYS = [(f"2022-06-{13 + hour // 24:02d}T{hour % 24:02d}:00:00Z", hour % 24) for hour in range(HOURS)]
PRICES = "time_utc,price_eur_per_mwh\n" + "".join(f"{at},{hour * 3.5 - 20:.2f}\n" for at, hour in _DAYS)
CARBON = "Datetime (UTC),carbon_g_per_kwh\n" + "".join(f"{at},{300 + hour}\n" for at, hour in _DAYS)
#: Without what the files of the samples say, and without a calendar for files of a day.
USED = """name = "used"
[workload]
file = "jobs.csv"
start_utc = "2022-06-13T00:00:00Z"
[time]
calendar = "none"
[[cluster.partition]]
name = "a"
nodes = 4
cores_per_node = 4
idle_w = 40
core_w = 10
gpus_per_node = 1
gpu_w = 300
[[supply.source]]
file = "supply.csv"
peak = 0.8
[grid]
import_ratio = 0.1
[battery]
hours = 2
"""
EVENTS = "start,duration_h,notice_h,depth,limit_kw,comply_min\n2022-06-13T01:00Z,3,0.5,0.25,,10\n9000,2,24,,0.1,0\n"
OUTAGES = "partition,nodes,from,to,planned\na,1,2022-06-13T01:00Z,2022-06-13T02:00Z,true\na,1,9000,,false\n"
BATSIM = {
    "nb_res": 8,
    "jobs": [
        {"id": "w0!1", "subtime": 0, "res": 2, "walltime": 20, "profile": "short"},
        {"id": 2, "subtime": 5.5, "res": 4, "walltime": -1, "profile": "flop"},
    ],
    "profiles": {
        "short": {"type": "delay", "delay": 10},
        "flop": {"type": "parallel_homogeneous", "cpu": 3e9},
    },
    "rare_speed_flops": 1e9,
}


def simulated(name: str, **overrides: Any) -> Any:
    """The metrics of a scenario with these overrides."""
    case = build(load_scenario(name, Overrides(**overrides))).case
    return rare.simulate(case, make_scheduler("easy")).metrics


def used_samples(folder: Path) -> list[Sample]:
    """Samples whose reading goes on to a simulation. `folder` holds whole files that they need."""
    used = folder / "used.toml"
    used.write_text(USED, "utf-8")
    (folder / "jobs.csv").write_text(FULL_JOBS, "utf-8")
    (folder / "supply.csv").write_text(SUPPLY, "utf-8")

    def jobs(path: Path) -> Any:
        return simulated("plain", workload=str(path), processors=512)

    def power(path: Path) -> Any:
        return simulated(str(used), power=str(path))

    def setting(path: Path, *changes: str) -> Any:
        return simulated(str(used), settings=[one.format(path) for one in changes])

    weather = [
        ("tmy3", "\n".join(tmy3_lines()) + "\n"),
        ("epw", "\n".join(epw_lines()) + "\n"),
        ("nsrdb", "\n".join(nsrdb_lines([(hour, 30) for hour in range(24)])) + "\n"),
        ("openmeteo", json.dumps(openmeteo(), ensure_ascii=False)),
    ]
    found = [
        Sample("swf, simulated", "t.swf", SWF.encode(), jobs, SLOW),
        Sample("swf gzipped, simulated", "t.swf.gz", gzip.compress(SWF.encode(), mtime=0), jobs, SLOW),
        Sample("jobs, simulated", "u.csv", FULL_JOBS.encode(), jobs, SLOW),
        Sample("jobs that wait, simulated", "u.csv", WAITING_JOBS.encode(), jobs, SLOW),
        Sample("batsim", "b.json", json.dumps(BATSIM).encode(), jobs),
        Sample("power, simulated", "p.csv", SUPPLY.encode(), power, SLOW),
        Sample("price, simulated", "p.csv", PRICES.encode(), partial(_price, setting), RARE),
        Sample("carbon, simulated", "c.csv", CARBON.encode(),
               lambda path: setting(path, "grid.carbon.file={}", "grid.carbon.gaps=hold"), RARE),
        Sample("grid events, simulated", "e.csv", EVENTS.encode(),
               lambda path: setting(path, "events.file={}"), RARE),
        Sample("outages, simulated", "o.csv", OUTAGES.encode(),
               lambda path: setting(path, "outages.file={}"), RARE),
        Sample("scenario, simulated", "used-too.toml", SCENARIO.encode(),
               lambda path: simulated(str(path)), RARE),
        *(
            Sample(f"{name}, simulated", "weather.csv", text.encode(),
                   partial(_weather, setting), RARE)
            for name, text in weather
        ),
        *_snapshots(folder),
    ]  # fmt: skip
    return found


def _price(setting: Any, path: Path) -> Any:
    return setting(path, "grid.price.file={}", "grid.price.exchange_rate=1", "grid.currency=USD")


def _weather(setting: Any, path: Path) -> Any:
    sources = '[{{kind = "solar", capacity = 1}}, {{kind = "wind", capacity = 1}}]'
    return setting(path, "site.weather={}", "site.clear_sky=true", f"supply.source={sources}")


def _snapshots(folder: Path) -> list[Sample]:
    """Slurm's JSON and our own form, up to what a scheduler would do."""
    squeue, sinfo = ((RECORDED / f"{name}_2205.json").read_bytes() for name in ("squeue", "sinfo"))
    snapshot = snapshot_of_slurm(squeue, sinfo, TAKEN_S)

    def decided(snapshot: Any) -> Any:
        snapshot, _ = with_one_clock(snapshot, "squeue")
        refuse_overfull(snapshot)
        try:
            part = snapshot_case(snapshot)
        except NoJobs:
            return None
        scheduler = as_scheduler(make_scheduler("easy"))
        scheduler.check(part.case)
        decider = scheduler.for_case(part.case)
        return decide_now(part, before_snapshot(part, decider), decider)

    def of_squeue(path: Path) -> Any:
        return decided(snapshot_of_slurm(path.read_bytes(), sinfo, TAKEN_S))

    def of_sinfo(path: Path) -> Any:
        return decided(snapshot_of_slurm(squeue, path.read_bytes(), TAKEN_S))

    text = snapshot_text(snapshot).encode()
    return [
        Sample("squeue", "squeue.json", squeue, of_squeue),
        Sample("sinfo", "sinfo.json", sinfo, of_sinfo),
        Sample("snapshot", "snapshot.json", text, lambda path: decided(read_snapshot(path))),
    ]
