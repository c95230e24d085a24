"""Names longer than any file's, in every function that takes one: InputError, never the system's own error.

The command line words an OSError as one line by itself; a caller in Python would have to know of it.
"""

from pathlib import Path

import pytest

from energy.grid.grid_series import read_carbon, read_price
from energy.weather.sites import read_site
from energy.weather.weather_reader import read_weather
from experiments.data.export_schedule import export_run
from experiments.data.log_dataset import dataset_run
from experiments.data.show_dataset import show_dataset
from experiments.data.show_file import show_file
from experiments.demo.run_demo import demo_run
from experiments.engine.slurm.slurm_file import read_slurm_file
from experiments.engine.where import Where
from experiments.evaluation.evaluate_run import EvaluationRequest, evaluate_run
from experiments.launchpad.experiment_file import read_experiment
from experiments.launchpad.launch import launchpad
from experiments.operate.shadow.acting.allow_list import read_allow_list
from experiments.operate.shadow.shadow_log import LogCounts, read_log
from experiments.operate.shadow.shadow_report import shadow_report
from experiments.operate.snapshots.snapshot_file import read_snapshot
from experiments.operate.start_times.predict_starts import StartTimesRequest, predict_starts
from experiments.report.html_report import write_report
from experiments.results.run_folder import load_compare, load_run
from experiments.runs.comparison import compare_run
from experiments.runs.single_run import simulate_run
from experiments.size.run_size import SizeRequest, size_run
from experiments.size.size_file import read_size_file
from experiments.sweep.run_sweep import SweepRequest, sweep_run
from rare.dataset import load
from rare.scenario.load import Overrides, load_scenario
from tests.fuzz.samples import FULL_JOBS, SCENARIO
from tests.rare.scenario.conftest import SUPPLY
from traces import read_power, read_workload
from traces.errors import InputError
from traces.jobs.sacct.sacct_reader import read_accounts
from traces.jobs.slurm_settings.sacctmgr_tables import read_manager_table
from traces.jobs.slurm_settings.slurm_conf import read_slurm_conf
from traces.times.timezones import find_zone

LONG = "x" * 300
HERE = Where(workers=1)


def _sweep(text, out="o"):
    Path("s.toml").write_text(text, "utf-8")
    return sweep_run("s.toml", SweepRequest(out, where=HERE, figures=False))


def _size(text, out="o"):
    Path("s.toml").write_text(text, "utf-8")
    return size_run(SizeRequest("s.toml", out=out, where=HERE))


def _changed(scenario="mine.toml", **wishes):
    return simulate_run("easy", scenario=scenario, wishes=Overrides(**wishes))


def _setting(text):
    return _changed(settings=[text.format(LONG)])


SWEEP = 'scenarios = ["tiny"]\nschedulers = ["easy"]\n'
CALLS = {
    "a training scenario": lambda: load_scenario(f"training/{LONG}"),
    "a scenario's file": lambda: load_scenario(f"{LONG}.toml"),
    "a scenario's folder": lambda: load_scenario(f"{LONG}/x"),
    "a workload of a scenario": lambda: _changed("plain", workload=LONG),
    "a power series of a scenario": lambda: _changed(power=LONG),
    "a weather file of a scenario": lambda: _setting("site.weather={}"),
    "a site": lambda: _setting("site.name={}"),
    "a price file": lambda: _setting("grid.price.file={}"),
    "a file of windows": lambda: _setting("windows.file={}"),
    "a file of events": lambda: _setting("events.file={}"),
    "a file of outages": lambda: _setting("outages.file={}"),
    "a mapping": lambda: _setting("workload.mapping={}.toml"),
    "a place for a run": lambda: simulate_run("easy", scenario="tiny", out=LONG),
    "a place for a comparison": lambda: compare_run(["easy"], scenario="tiny", out=LONG),
    "a place for an evaluation": lambda: evaluate_run(
        ["easy"], ["validation-00"], EvaluationRequest("tiny", out=LONG, where=HERE)
    ),
    "a place for a demonstration": lambda: demo_run(LONG),
    "a place for a launchpad": lambda: launchpad(LONG, quick=True),
    "a sweep": lambda: sweep_run(LONG, SweepRequest("o", where=HERE)),
    "a sweep's place": lambda: _sweep(SWEEP, LONG),
    "a sweep's scenario": lambda: _sweep(SWEEP.replace("tiny", LONG)),
    "a sweep's scenario file": lambda: _sweep(SWEEP.replace("tiny", f"{LONG}.toml")),
    "a sweep's scheduler": lambda: _sweep(SWEEP.replace("easy", LONG)),
    "a sweep's checkpoint": lambda: _sweep(SWEEP.replace("easy", f"a/{LONG}")),
    "a sweep's class": lambda: _sweep(SWEEP.replace("easy", f"{LONG}.py:Mine")),
    "a sweep's workload": lambda: _sweep(f'{SWEEP}[[workload]]\nname = "a"\nfile = "{LONG}"\n'),
    "a sweep's supply": lambda: _sweep(f'{SWEEP}[[supply]]\nname = "a"\nfile = "{LONG}"\n'),
    "a question of size": lambda: size_run(SizeRequest(LONG, "o", where=HERE)),
    "a place for sizes": lambda: _size('scenario = "tiny"\nschedulers = ["easy"]\n', LONG),
    "a scenario to size": lambda: _size(f'scenario = "{LONG}.toml"\nschedulers = ["easy"]\n'),
    "a workload to size": lambda: _size(f'scenario = "tiny"\nworkload = "{LONG}"\nschedulers = ["easy"]\n'),
    "a place for a dataset": lambda: dataset_run(["easy"], LONG, scenario="tiny", episodes=1),
    "a dataset": lambda: load(LONG),
    "a dataset in a folder": lambda: load(f"a/{LONG}"),
    "a dataset to show": lambda: show_dataset(LONG),
    "a run": lambda: load_run(LONG),
    "a comparison": lambda: load_compare(LONG),
    "a run to report": lambda: write_report(LONG),
    "a run to export": lambda: export_run(LONG, "gantt", "out.csv"),
    "a trace": lambda: read_workload(LONG),
    "a trace's mapping": lambda: read_workload("jobs.csv", mapping=LONG),
    "a trace to show": lambda: show_file(LONG, None, {}, {}),
    "a power series": lambda: read_power(LONG),
    "a price series": lambda: read_price(LONG),
    "a carbon series": lambda: read_carbon(LONG),
    "a weather file": lambda: read_weather(LONG),
    "a site's name": lambda: read_site(LONG),
    "a zone": lambda: find_zone(LONG),
    "a zone in a folder": lambda: find_zone(f"Europe/{LONG}"),
    "accounts": lambda: read_accounts(LONG),
    "slurm.conf": lambda: read_slurm_conf(LONG),
    "a table of sacctmgr": lambda: read_manager_table(LONG, "name", "sacctmgr"),
    "a snapshot": lambda: read_snapshot(LONG),
    "a snapshot to predict": lambda: predict_starts(StartTimesRequest(snapshot=LONG)),
    "squeue's answer": lambda: predict_starts(StartTimesRequest(squeue=LONG, sinfo=LONG)),
    "an experiment": lambda: read_experiment(Path(LONG)),
    "a size file": lambda: read_size_file(Path(LONG)),
    "a worker file": lambda: read_slurm_file(Path(LONG)),
    "an allow-list": lambda: read_allow_list(Path(LONG)),
    "a log": lambda: list(read_log(Path(LONG), LogCounts())),
    "a log to report": lambda: shadow_report(LONG, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_name_longer_than_any_file_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text(FULL_JOBS, "utf-8")
    (tmp_path / "supply.csv").write_text(SUPPLY, "utf-8")
    (tmp_path / "mine.toml").write_text(SCENARIO, "utf-8")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError) as caught:
        CALLS[name]()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000
    assert {path.name for path in tmp_path.iterdir()} - {*before, "s.toml"} == set()
