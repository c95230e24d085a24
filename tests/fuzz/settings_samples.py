"""Configurations of commands, checkpoints, datasets and logs, scheduler names, and command lines."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from energy.datacenter.speed_levels import load_speed_levels
from energy.weather.weather_reader import read_weather
from experiments.cli.root import main
from experiments.data.log_dataset import dataset_run
from experiments.engine.slurm.slurm_file import read_slurm_file
from experiments.operate.shadow.acting.allow_list import read_allow_list
from experiments.operate.shadow.shadow_log import LogCounts, read_log
from experiments.operate.shadow.sources.power_feed import FeedOptions, power_feed
from experiments.report.html_report import write_report
from experiments.size.size_file import read_size_file
from experiments.sweep.sweep_file import read_sweep
from rare import simulate
from rare.dataset import load
from rare.scenario.case_builder import build
from rare.scenario.load import load_scenario
from schedulers import make_scheduler
from schedulers.batsim.batsim_answers import ProtocolError, read_answer
from schedulers.heuristics.heuristic import known_names
from schedulers.registry import SHIPPED_FOLDER
from schedulers.user.plugin_schedulers import first_word
from tests.energy.weather.weather_makers import openmeteo_csv, pvgis_hourly
from tests.experiments.fake_runs import fake_compare, fake_run
from tests.experiments.operate.shadow.made_logs import made_log
from tests.fuzz.folder_sample import in_folder
from tests.fuzz.samples import SCENARIO, Sample
from traces.errors import InputError, one_line
from traces.files.documents import parse_json

TESTS = Path(__file__).resolve().parents[1]
EXAMPLES = TESTS.parent / "examples"
SLOW, RARE = 3, 1
LONGEST_LINE = 920

SWEEP = """name = "plants"
scenarios = ["islanded", "mine.toml"]
schedulers = ["easy", "atc+easy", "rare"]
seeds = 5
windows = ["validation"]
settings = ["rules.restart_s=60"]
[grid]
"battery.hours" = [0, 2, 4]
"grid.import_ratio" = [0.0, 0.2]
[[workload]]
name = "KTH"
file = "jobs.csv"
jobs = "0:5000"
[[case]]
name = "small"
settings = ["supply.source.0.peak=0.5", "battery.hours=1"]
[report]
metrics = ["objective", "mean_bounded_slowdown"]
x = "battery.hours"
"""
SLURM_WORKERS = """workers = 4
walltime = "1:30:00"
cores = 2
memory = "4GB"
partition = "normal"
"""
ALLOWED = """partitions = ["test"]
users = ["ann", "bob"]
actions = ["hold", "suspend"]
include_root = false
"""
NAMES = """fcfs
multifactor+easy
atc=0.5+easy+green+lowvalue+slow
hvf+conservative=kept+price=0.3+slackest+slow=lasting
wfp3+greedy+carbon=0.1+latest+slow=raise-first
rare:served=2,carbon=0.5
rare+guard=hvf+easy
lookahead=atc+easy
oracle=100
batsim:ipc://rare.sock+timeout=5
"""
POWERS = {
    "power.txt": b"12.5 kW\n",
    "power.json": b'{"site": {"wind": 2, "solar": [3, "0.5 MW"]}, "datetime": "2026-11-30T12:00:00Z"}',
}
ANSWER = {
    "now": 8.5,
    "events": [
        {"timestamp": 7, "type": "EXECUTE_JOB", "data": {"job_id": "w0!1", "alloc": "0-1,3"}},
        {"timestamp": 7.5, "type": "REJECT_JOB", "data": {"job_id": "w0!2"}},
        {"timestamp": 8, "type": "CALL_ME_LATER", "data": {"timestamp": 60}},
        {"timestamp": 8, "type": "KILL_JOB", "data": {"job_ids": ["w0!3"]}},
        {"timestamp": 8, "type": "NOTIFY", "data": {"type": "registration_finished"}},
    ],
}
COMMANDS = {
    "simulate": "simulate --scenario tiny --scheduler atc+easy --seed 3 --set battery.hours=2 --json --quiet",
    "simulate a file": "simulate --scenario mine.toml --workload jobs.csv --jobs 0:2 --no-figures --out run",
    "simulate a window": "simulate --scenario tiny --window validation-00 --warmup 1h --clock simpy "
    "--out run-simpy --no-figures",
    "traces show": "traces show p.csv --kind power --columns sun_mw,wind_mw --zone Europe/Berlin --gaps hold --json",
    "traces show jobs": "traces show jobs.csv --kind workload --format csv --dependencies wait "
    "--cancellations replay",
    "import": "traces import sacct sacct.txt --out own.csv --zone Europe/Paris --threads-per-core 2 "
    "--processors 64 --force",
    "start-times": "start-times --workload jobs.csv --processors 16 --at 150 --futures 2 --zone UTC --json",
    "report": "report run-before",
    "lists": "schedulers --json",
    "export": "export --format gantt tiny-run --out gantt.csv --force",
}


class CommandFault(AssertionError):
    """A command ended otherwise than done or refused in one line."""


def settings_samples(folder: Path) -> list[Sample]:
    """Files and words that say what a command shall do. `folder` holds whole files that they need."""
    (folder / "mine.toml").write_text(SCENARIO, "utf-8")
    tiny = build(load_scenario("tiny")).case

    def named(path: Path) -> Any:
        refused: list[InputError] = []
        for name in path.read_text("utf-8", "surrogateescape").strip("\n").split("\n")[:12]:
            try:
                scheduler = make_scheduler(name)
            except InputError as error:
                refused.append(error)
                continue
            if first_word(name) in known_names():
                with contextlib.suppress(InputError):  # of another case, such as one with prices
                    simulate(tiny, scheduler)
        if refused:
            raise refused[0]

    def answer(path: Path) -> Any:
        try:  # as schedulers.batsim.batsim_session does
            return read_answer(parse_json(path.read_text("utf-8", "replace")), 5)
        except (ProtocolError, ValueError, RecursionError) as error:
            raise InputError(one_line(error)) from None

    return [
        Sample("sweep", "s.toml", SWEEP.encode(), read_sweep),
        Sample("size", "s.toml", (TESTS / "experiments" / "size" / "tiny.toml").read_bytes(), read_size_file),
        Sample("dask-slurm", "w.toml", SLURM_WORKERS.encode(), read_slurm_file),
        Sample("allow-list", "a.toml", ALLOWED.encode(), read_allow_list),
        Sample("speed levels", "l.toml", b'[cpu]\ndescription = "x"\nrate = [0.7, 0.5]\npower = [0.6, 0.4]\n'
               b'sources = ["a"]\nassumed = []\n', load_speed_levels),
        Sample("pvgis", "weather.csv", "\n".join(pvgis_hourly()).encode() + b"\n", read_weather),
        Sample("openmeteo csv", "weather.csv", "\n".join(openmeteo_csv()).encode() + b"\n", read_weather),
        Sample("power feed, text", "power.txt", POWERS["power.txt"], partial(_fed, FeedOptions())),
        Sample("power feed, JSON", "power.json", POWERS["power.json"],
               partial(_fed, FeedOptions(unit="kW", path="site.wind+site.solar.0", time_path="datetime"))),
        Sample("scheduler names", "names.txt", NAMES.encode(), named, RARE),
        Sample("batsim answer", "a.json", json.dumps(ANSWER).encode(), answer),
        *_reports(folder),
        *_logs(folder),
        *_datasets(folder),
        *_commands(folder),
    ]  # fmt: skip


def _fed(options: FeedOptions, path: Path) -> Any:
    return power_feed(str(path), options).read()


def _reports(folder: Path) -> list[Sample]:
    """Run folders and comparisons, up to the page that is written again."""
    fake_run(folder / "reported", 6)
    fake_compare(folder / "compared", {"easy": 1.0, "fcfs": 2.0}, 6)
    page = partial(write_report, redraw=False)
    run = [
        Sample(f"report of {name}", name, (folder / "reported" / name).read_bytes(),
               in_folder(folder / "reported", name, page), RARE)
        for name in ("metrics.json", "config.json", "provenance.json", "jobs.csv", "power.csv")
    ]  # fmt: skip
    data = (folder / "compared" / "compare.json").read_bytes()
    read = in_folder(folder / "compared", "compare.json", page)
    return [*run, Sample("report of compare.json", "compare.json", data, read, RARE)]


def _logs(folder: Path) -> list[Sample]:
    """The log of a shadow."""
    made_log(folder / "log", [(0, 2, 300), (40, 8, 600), (70, 1, 90)], polls=20)
    name = next((folder / "log").glob("observed-*.jsonl")).name
    read = in_folder(folder / "log", name, lambda log: list(read_log(log, LogCounts())))
    return [Sample("shadow log", name, (folder / "log" / name).read_bytes(), read)]


def _datasets(folder: Path) -> list[Sample]:
    """The files of a dataset and of a checkpoint."""
    logged = folder / "logged-v0"
    sizes = {"queue_slots": 4, "running_slots": 2, "forecast_hours": 2}
    dataset_run(["easy"], logged, scenario="tiny", episodes=1, epsilon=0.1, **sizes)

    def episodes(place: Path) -> Any:
        return [len(episode) for episode in load(place)]

    names = sorted(
        path.relative_to(logged).as_posix()
        for path in logged.rglob("*.*")
        if path.suffix in (".json", ".hdf5")
    )
    found = [
        Sample(f"dataset's {name.rpartition('/')[2]}", name.rpartition("/")[2], (logged / name).read_bytes(),
               in_folder(logged, name, episodes), RARE if "episodes" in name else SLOW)
        for name in names
    ]  # fmt: skip
    place = folder / "network"
    place.mkdir()
    for path in SHIPPED_FOLDER.iterdir():
        if path.is_file():
            (place / path.name).write_bytes(path.read_bytes())
    used = lambda folder: make_scheduler(str(folder))  # noqa: E731
    for name in ("checkpoint.json", "weights.safetensors"):
        data = (place / name).read_bytes()
        found.append(Sample(f"network's {name}", name, data, in_folder(place, name, used), SLOW))
    return found


def _commands(folder: Path) -> list[Sample]:
    """Command lines, a word a line, run in this process in a folder of their own."""
    place = folder / "a" / "b" / "c"
    place.mkdir(parents=True)
    fill_command_folder(place)
    return [
        Sample(f"rare {name}", "words.txt", words.replace(" ", "\n").encode(),
               partial(run_command, place), RARE if name == "report" else SLOW)
        for name, words in COMMANDS.items()
    ]  # fmt: skip


def fill_command_folder(place: Path) -> None:
    """The files that COMMANDS name."""
    from tests.fuzz.samples import FULL_JOBS, LOCAL_POWER
    from tests.rare.scenario.conftest import SUPPLY

    (place / "jobs.csv").write_text(FULL_JOBS, "utf-8")
    (place / "supply.csv").write_text(SUPPLY, "utf-8")
    (place / "p.csv").write_text(LOCAL_POWER, "utf-8")
    (place / "mine.toml").write_text(SCENARIO, "utf-8")
    printed = (EXAMPLES / "own-cluster" / "sacct.txt").read_text("utf-8").splitlines(keepends=True)[:60]
    (place / "sacct.txt").write_text("".join(printed), "utf-8")
    fake_run(place / "run-before", 6)
    words = ["simulate", "--scenario", "tiny", "--no-figures", "--quiet", "--out", str(place / "tiny-run")]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(words) == 0


def run_command(place: Path, path: Path, command: Callable[[list[str]], int] = main) -> str:
    """Run the words of a file as a command in `place`. CommandFault, or InputError where it was refused."""
    words = path.read_text("utf-8", "surrogateescape").split("\n")
    before, here = _listing(place), os.getcwd()
    os.chdir(place)
    stdout, stderr = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = command(words)
    finally:
        os.chdir(here)
    said = stderr.getvalue()
    if code not in (0, 2) or "Traceback" in said or "a bug in rare" in said:
        raise CommandFault(f"{words}: code {code}: {said[-600:]}")
    if code == 2:
        if _listing(place) != before:
            raise CommandFault(f"{words}: refused, and left {sorted(_listing(place) ^ before)}")
        last = said.splitlines()[-1:] or [""]
        printed = words[0] != "report" and stdout.getvalue()  # of several folders those before it are redrawn
        if not last[0].startswith("rare: ") or printed:
            raise CommandFault(
                f"{words}: refused without a line: {said[-300:]!r} {stdout.getvalue()[:100]!r}"
            )
        if len(last[0]) > LONGEST_LINE:
            raise CommandFault(f"{words[:3]}: refused in {len(last[0])} characters")
        raise InputError(last[0][:200])
    return stdout.getvalue()


def _listing(folder: Path) -> frozenset[str]:
    return frozenset(str(path.relative_to(folder)) for path in folder.rglob("*"))
