"""A whole file for each reader of users' files, and how it is read."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pvlib

from energy.datacenter.servers import SHIPPED, load_profiles
from energy.grid.grid_series import read_carbon, read_price
from energy.weather.weather_reader import read_weather
from experiments.data.cluster_import.manager_tables import ManagerTables, add_associations, add_qos
from experiments.data.cluster_import.owned_nodes import owned_nodes
from experiments.data.cluster_import.slurm_tables import slurm_tables
from experiments.data.show_file import show_file
from experiments.evaluation.window_rows import COLUMNS, KeptRows
from experiments.figures.learning_curves import read_curve
from experiments.launchpad.experiment_file import read_experiment
from experiments.presets.gas_marl import gas_marl_case
from experiments.report.learned_facts import EVALUATION, learning_facts
from experiments.results.run_folder import load_compare, load_run
from experiments.runs.previous_run import previous_config
from experiments.training.train_folder import read_json
from rare.env.observation.layout import Layout
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.windows import read_windows
from schedulers.network.checkpoint_files import FACTS, describe_checkpoint
from schedulers.network.weights_file import WEIGHTS, read_weights
from schedulers.registry import SHIPPED_FOLDER
from schedulers.training.journal import read_rows
from tests.energy.weather.weather_makers import epw_lines, nsrdb_lines, openmeteo, tmy3_lines
from tests.experiments.fake_runs import fake_compare, fake_run
from tests.fuzz.folder_sample import in_folder
from tests.rare.scenario.conftest import JOBS, SUPPLY
from traces import read_power, read_workload, write_workload
from traces.jobs.job_mapping import load as load_mapping
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_reader import read_accounts
from traces.jobs.slurm_settings.sacctmgr_tables import read_manager_table
from traces.jobs.slurm_settings.slurm_conf import read_slurm_conf

SHIPPED_NETWORK = describe_checkpoint(SHIPPED_FOLDER)
EXPERIMENT = Path(__file__).resolve().parent.parent / "experiments" / "launchpad" / "mini.toml"


#: Cancelled jobs and dependencies, which nobody reads unless he asks.
_read_all = partial(read_workload, cancellations="replay", dependencies="wait")


@dataclass(frozen=True)
class Sample:
    """A file of a user's: its name, what it holds, and the function that reads it.

    share: how often a campaign reads it, beside others; less for one that takes long
    """

    reader: str
    file: str
    data: bytes
    read: Callable[[Path], Any]
    share: int = 12


SWF = """; UnixStartTime: 1022835600
; TimeZoneString: Europe/Berlin
; MaxProcs: 128
; MaxNodes: 64
1 0 10 600 4 -1 100 4 900 -1 1 3 1 -1 1 -1 -1 -1
2 30 0 0 1 -1 -1 1 60 -1 5 3 1 -1 1 -1 1 30
3 45 5 3600 128 3599.5 2048 128 7200 4096 1 4 2 2 1 1 -1 -1
4 45 -1 -1 -1 -1 -1 8 100 -1 0 4 2 2 1 1 -1 -1
"""
LOCAL_POWER = "time,sun_mw,wind_mw\n" + "".join(
    f"2022-03-26 {hour:02}:00,{hour % 12},{(hour * 7) % 5}.25\n" for hour in range(24)
)
PERIODS = "Year,Month,Day,Period,power_kw\n" + "".join(f"2020,1,1,{n},{n * 1.5}\n" for n in range(1, 25))
PRICES = "time_utc,price_eur_per_mwh\n" + "".join(
    f"2022-06-13T{hour:02}:00:00Z,{hour * 3.5 - 20:.2f}\n" for hour in range(24)
)
CARBON = "Datetime (UTC),carbon_g_per_kwh\n" + "".join(
    f"2022-06-13T{hour:02}:00:00Z,{300 + hour}\n" for hour in range(24)
)
FULL_JOBS = """# start_utc: 2022-06-13T00:00:00Z
# zone: Europe/Berlin
# processors: 8
job_id,submit_s,cores,work_s,estimate_s,gpus,memory_gib,power_w,value,deadline_s,preemptible,partition,service_class
a,100,2,600,900,0.5,4,120.5,1.25,5000,true,main,urgent
b,200,4,1200,3600,,,,,,,,
c,86500,8,300.5,600,2,8.5,1e3,0.000001,90000,no,main,
"""
WAITING_JOBS = '''# start_utc: 2022-06-13T00:00:00Z
job_id,submit_s,cores,work_s,sensitivity,cancel_s,after,after_kind,think_s,user,group
a,-5,2,600,0.35,900,,,,ann,physics
b c,200,4,1200,,,a,ok,30,bob,
d,300,8,300.5,1,,"""b c"";a",any,0.5,,
'''
MAPPING = """[columns.job_id]
column = "name"
[columns.submit_s]
column = "creation_time"
[columns.cores]
column = "cpu_milli"
unit = "milli"
round = "ceil"
[columns.work_s]
column = "deletion_time"
minus = "scheduled_time"
[skip]
never_started = "scheduled_time"
[file]
zone = "UTC"
processors = 64
"""
MAPPED = "name,cpu_milli,creation_time,deletion_time,scheduled_time\np1,500,0,90,10\np2,4000,5,100,\n"
SCENARIO = """name = "mine"
description = "a scenario"
[workload]
file = "jobs.csv"
start_utc = "2022-06-13T00:00:00Z"
[cluster]
pue = 1.2
[[cluster.partition]]
name = "a"
nodes = 2
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
price_per_kwh = 0.2
[battery]
hours = 2
charge_ratio = 0.5
[forecast]
kind = "synthetic"
hours = 24
[rules]
restart_s = 60
[[service_class]]
name = "urgent"
share = 0.4
value_per_core_hour = 0.4
slack_factor = [1.2, 2.0]
[[service_class]]
name = "flexible"
share = 0.6
value_per_core_hour = 0.04
deadline = false
"""
WINDOWS = "name,split,first_day,days,site\n# spans\na,train,0,7,\nb,validation,8,5,miami\nc,test,14,7,\n"
CURVE = '{"kind": "offline", "scenario": "tiny", "seed": 0, "algorithm": "bc"}'
PROGRESS = "step,objective,loss\n0,0.1,2.5\n100,0.2,\n200,0.15,1.25\n"
FEEDINLIB = ",dhi,dirhi,pressure,temp_air,v_wind,z0\n" + "".join(
    f"2010-06-01 {hour:02}:00:00+01:00,0,0,98405.7,{270 + hour},5.5,0.15\n" for hour in range(24)
)


def _accounts(beside: Path) -> list[Sample]:
    """Accounts and settings of a Slurm cluster."""
    own = EXPERIMENT.parents[3] / "examples" / "own-cluster"
    printed = "".join((own / "sacct.txt").read_text(encoding="utf-8").splitlines(keepends=True)[:60])
    rows = [line.split("|") for line in printed.replace("sweep|lr", "sweep").splitlines()]
    database = beside / "slurm2sql.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(f"create table slurm ({', '.join(rows[0])})")
        connection.executemany(f"insert into slurm values ({','.join('?' * len(rows[0]))})", rows[1:])
        connection.commit()
    read = partial(read_accounts, options=SacctOptions(zone="Europe/Paris"))
    assoc, qos = ((own / name).read_bytes() for name in ("associations.txt", "qos.txt"))
    return [
        Sample("sacct", "sacct.txt", printed.encode(), read),
        Sample("slurm2sql", "slurm.db", database.read_bytes(), read),
        Sample("slurm.conf", "slurm.conf", (own / "slurm.conf").read_bytes(), _slurm_tables),
        Sample("associations", "assoc.txt", assoc, partial(_manager_tables, needs="account")),
        Sample("qos", "qos.txt", qos, partial(_manager_tables, needs="name")),
    ]


def _slurm_tables(path: Path) -> object:
    conf = read_slurm_conf(path)
    return slurm_tables(conf), owned_nodes(conf)


def _manager_tables(path: Path, needs: str) -> object:
    rows, tables = read_manager_table(path, needs, "sacctmgr"), ManagerTables()
    if needs == "name":
        add_qos(rows, 1, tables)
    else:
        add_associations(rows, 1, tables)
    return tables


def samples(folder: Path) -> list[Sample]:
    """One sample a reader. `folder` keeps the files that some readers need beside their own."""
    beside = folder / "beside"
    (beside / "run").mkdir(parents=True)
    fake_run(beside / "run", 6)
    fake_compare(beside / "compare", {"easy": 1.0, "fcfs": 2.0}, 6)
    weather = [
        ("tmy3", "\n".join(tmy3_lines()) + "\n", {}),
        ("tmy2", _tmy2(), {}),
        ("epw", "\n".join(epw_lines()) + "\n", {}),
        ("nsrdb", "\n".join(nsrdb_lines([(hour, 30) for hour in range(24)])) + "\n", {}),
        ("openmeteo", json.dumps(openmeteo(), ensure_ascii=False), {}),
        ("feedinlib", FEEDINLIB, {"latitude_deg": 50.0, "longitude_deg": 8.0, "altitude_m": 100.0}),
    ]
    found = [
        Sample("swf", "t.swf", SWF.encode(), read_workload),
        Sample("swf gzipped", "t.swf.gz", gzip.compress(SWF.encode(), mtime=0), read_workload),
        Sample("jobs", "jobs.csv", FULL_JOBS.encode(), read_workload),
        Sample("jobs that wait", "jobs.csv", WAITING_JOBS.encode(), _read_all),
        Sample("swf with its queue", "t.swf", SWF.encode(), _read_all),
        Sample("jobs of openb", "pods.csv", MAPPED.encode(), lambda path: _mapped(path, beside)),
        Sample("parquet", "jobs.parquet", _parquet(beside), read_workload),
        *_accounts(beside),
        Sample("mapping", "m.toml", MAPPING.encode(), load_mapping),
        Sample("power", "p.csv", SUPPLY.encode(), read_power),
        Sample("power, local", "p.csv", LOCAL_POWER.encode(), _local_power),
        Sample("power, periods", "p.csv", PERIODS.encode(), _periods),
        Sample("price", "p.csv", PRICES.encode(), lambda path: read_price(path)),
        Sample("carbon", "c.csv", CARBON.encode(), lambda path: read_carbon(path, gaps="interpolate")),
        Sample("show", "any.csv", LOCAL_POWER.encode(), _shown),
        *(
            Sample(name, "weather.csv", text.encode(), partial(read_weather, **more))
            for name, text, more in weather
        ),
        Sample("scenario", "mine.toml", SCENARIO.encode(), lambda path: load_scenario(str(path))),
        Sample("scenario built", "mine.toml", SCENARIO.encode(), _built),
        Sample("--set", "set.txt", SETTINGS.encode(), lambda path: _set(path, beside)),
        Sample("windows", "windows.csv", WINDOWS.encode(), read_windows),
        Sample("experiment", "e.toml", EXPERIMENT.read_bytes(), read_experiment),
        Sample("servers", "servers.toml", SHIPPED.read_bytes()[:6000], load_profiles),
        *_run_samples(beside),
        Sample("progress", "progress.csv", PROGRESS.encode(), lambda path: read_rows(path.parent)),
        Sample("curve", "config.json", CURVE.encode(),
               lambda path: read_curve(path.parent)),
        Sample("training run", "summary.json", b'{"best": {"objective": 0.5}, "wall_s": 3}', read_json),
        Sample("evaluation", EVALUATION.rpartition("/")[2], json.dumps(_evaluation()).encode(), _facts, 3),
        Sample("kept rows", "w.json", json.dumps(_rows()).encode(), _kept),
        Sample("checkpoint", FACTS, (SHIPPED_FOLDER / FACTS).read_bytes(),
               lambda path: describe_checkpoint(path.parent)),
        Sample("weights", WEIGHTS, (SHIPPED_FOLDER / WEIGHTS).read_bytes()[:],
               lambda path: read_weights(path.parent, SHIPPED_NETWORK.network["width"],
                                         SHIPPED_NETWORK.network["kind"], SHIPPED_NETWORK.layout)),
        Sample("layout", "layout.json", Layout().to_json().encode(),
               lambda path: Layout.from_json(path.read_text("utf-8", "replace"))),
        Sample("watts", "watts_per_processor.csv", b"27\n28\n30\n", gas_marl_case._read_watts),
        Sample("years", "windspeed.csv", b"TimeStamp,2016,2017\n0,1.0,2.0\n1,3.5,4\n",
               lambda path: gas_marl_case._read_years(path, ("2016", "2017"))),
    ]  # fmt: skip
    return found


def put_beside(folder: Path) -> None:
    """What a scenario names and what a training run has, into the folder in which damaged files are read."""
    (folder / "jobs.csv").write_text(JOBS, "utf-8")
    (folder / "supply.csv").write_text(SUPPLY, "utf-8")
    (folder / "progress.csv").write_text(PROGRESS, "utf-8")


SETTINGS = """battery.hours=4
supply.source.0.peak=0.5
cluster.partition.a.nodes=3
workload.file=jobs.csv
workload.jobs=0:2
service_class.urgent.slack_factor=[1.5, 2.5]
description="x"
"""


def _set(path: Path, beside: Path) -> Any:
    """Each line of the file as a `--set` of a scenario."""
    scenario = beside / "mine.toml"
    if not scenario.exists():
        scenario.write_text(SCENARIO, "utf-8")
    lines = path.read_text("utf-8", "surrogateescape").splitlines()
    return load_scenario(str(scenario), Wishes(settings=lines[:20]))


def _mapped(path: Path, beside: Path) -> Any:
    mapping = beside / "m.toml"
    if not mapping.exists():
        mapping.write_text(MAPPING, "utf-8")
    return read_workload(path, mapping=mapping)


def _local_power(path: Path) -> Any:
    return read_power(
        path, columns="sun_mw+wind_mw", zone="Europe/Berlin", gaps="interpolate", negatives="zero"
    )


def _shown(path: Path) -> Any:
    return show_file(path, None, {}, {"columns": ["sun_mw"], "zone": "UTC"})


def _built(path: Path) -> Any:
    return build(load_scenario(str(path)))


def _periods(path: Path) -> Any:
    return read_power(path, zone="UTC", time_column="Year,Month,Day,Period")


def _tmy2() -> str:
    lines = (Path(pvlib.__file__).parent / "data" / "12839.tm2").read_text("latin-1").splitlines()[:49]
    return "\n".join(lines) + "\n"


def _parquet(beside: Path) -> bytes:
    (beside / "jobs.csv").write_text(FULL_JOBS, "utf-8")
    write_workload(read_workload(beside / "jobs.csv"), beside / "jobs.parquet")
    return (beside / "jobs.parquet").read_bytes()


def _run_samples(beside: Path) -> list[Sample]:
    """The files of run and comparison folders, each damaged among whole ones."""
    found = []

    def run_with(table: str) -> Callable[[Path], Any]:
        return lambda folder: getattr(load_run(folder), table)

    for name in ("metrics.json", "config.json", "provenance.json"):
        data = (beside / "run" / name).read_bytes()
        found.append(Sample(f"run's {name}", name, data, in_folder(beside / "run", name, load_run)))
    for table in ("jobs", "events", "power"):
        name = f"{table}.csv"
        data = (beside / "run" / name).read_bytes()
        found.append(Sample(f"run's {name}", name, data, in_folder(beside / "run", name, run_with(table))))
    data = (beside / "compare" / "compare.json").read_bytes()
    read = in_folder(beside / "compare", "compare.json", lambda folder: load_compare(folder).labels)
    found.append(Sample("comparison", "compare.json", data, read))
    data = (beside / "run" / "config.json").read_bytes()
    read = in_folder(beside / "run", "config.json", previous_config)
    found.append(Sample("earlier configuration", "config.json", data, read))
    return found


def _evaluation() -> dict[str, Any]:
    names = ["easy", "ppo/best"]
    rows = [{"scheduler": name, "window": w, "objective": 0.1 * w} for name in names for w in range(3)]
    return {"schedulers": [{"scheduler": name} for name in names], "rows": rows, "baseline": "easy",
            "windows": ["0", "1", "2"]}  # fmt: skip


def _facts(path: Path) -> Any:
    place = path.parent / EVALUATION
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(path.read_bytes())
    return learning_facts(path.parent)


def _rows() -> dict[str, Any]:
    row = {"window": "w", "split": "test", "scheduler": "easy", "ended": "completed"} | dict.fromkeys(
        COLUMNS, 1.5
    )
    return {"key": {"code": "x"}, "files": {}, "rows": {"easy": row}}


def _kept(path: Path) -> Any:
    kept = object.__new__(KeptRows)
    kept._path, kept._key = path, {"code": "x"}
    rows = kept.read(["easy"])
    return [float(row[name] or 0) for row in rows.values() for name in COLUMNS]
