"""A gate, a trace format and a scheduler from another distribution work wherever RARE's own do."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin_distribution import make_distribution

ROOT = Path(__file__).resolve().parents[3]
GATES = '''
"""Two gates and a scheduler."""

from rare import WAIT
from schedulers import Gate, NumberParameter


class Never(Gate):
    """holds no job back"""

    def holds(self, view, job):
        return False


class Always(Gate):
    """holds a job back until its latest start"""

    def holds(self, view, job):
        assert job.deadline_s is not None and view.now_s < job.deadline_s - job.estimate_left_s
        return True


class Cheap(Gate):
    """waits until at most a share Q of the time left is cheaper"""

    parameter = NumberParameter("Q", default=0.1, low=0.0, high=1.0)

    def holds(self, view, job):
        latest_s = job.deadline_s - job.estimate_left_s
        ahead = [step for step in view.outlook if step.start_s <= latest_s]
        cheaper = sum(step.price_per_kwh < view.price_per_kwh for step in ahead)
        return cheaper / max(len(ahead), 1) > self.value


class Fails(Gate):
    """divides by zero"""

    def holds(self, view, job):
        return 1 // 0


class Speaks(Gate):
    """answers with a word"""

    def holds(self, view, job):
        return "yes"


class Empty(Gate):
    """forgot its method"""


class Head:
    """starts the first job that may start"""

    def choose(self, view):
        return view.startable[0].index if view.startable else WAIT


class Breaks:
    """divides by zero"""

    def choose(self, view):
        return 1 // 0
'''
TRACES = '''
"""Jobs as lines of whole numbers."""

from traces import Workload
from traces.jobs.job_formats import JobFormat


def read(path, options):
    lines = path.read_text("utf-8").splitlines()[1:]
    job_id, submit_s, cores, work_s = zip(*([int(word) for word in line.split()] for line in lines))
    return Workload.from_columns(
        path.name, job_id=job_id, submit_s=submit_s, cores=cores, work_s=work_s, processors=4
    )


def recognises(path):
    with path.open("rb") as file:
        return file.read(5) == b"#xyz "


FORMAT = JobFormat("jobs as lines of four whole numbers", read, (".xyz",), recognises)
'''
POINTS = {
    "rare.gates": {
        **{
            name.lower(): f"made_gates:{name}"
            for name in ("Never", "Always", "Cheap", "Fails", "Speaks", "Empty")
        },
        "easy": "made_gates:Never",
        "lost": "no_such_module:Gate",
    },
    "rare.trace_formats": {"xyz": "made_traces:FORMAT", "wrong": "made_traces:read"},
    "rare.schedulers": {"head": "made_gates:Head", "breaks": "made_gates:Breaks"},
}
NIGHT = """
name = "night"
site.name = "greensboro"
supply.kind = "none"
grid.unlimited = true
grid.price = { model = "duck", mean = 0.14 }
forecast = { kind = "perfect", hours = 24 }

[workload]
file = "jobs.csv"
processors = 4

[cluster.node]
cores_per_node = 1
idle_w = 4.0
core_w = 8.0
"""
DRIVER = """
import contextlib, io, json, sys
from experiments.cli.root import main

answers = []
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    answers.append((code, out.getvalue(), err.getvalue()))
json.dump(answers, sys.stdout)
"""


def write_jobs(folder: Path) -> None:
    """Sixty jobs, most with a deadline, as CSV; without deadlines as CSV and in the format from outside."""
    draw = random.Random(5)
    submit_s, with_deadline, plain, outside = 0, [], [], ["#xyz 1"]
    for number in range(60):
        submit_s += draw.randrange(600, 7200)
        cores, work_s = draw.randrange(1, 4), draw.randrange(600, 9000)
        deadline = submit_s + 2 * work_s + draw.randrange(80_000) if number % 4 else ""
        row = f"{number},{submit_s},{cores},{work_s}"
        with_deadline.append(f"{row},{work_s + draw.randrange(3000)},{draw.randrange(1, 9)},{deadline}")
        plain.append(row)
        outside.append(row.replace(",", " "))
    header = "job_id,submit_s,cores,work_s"
    (folder / "jobs.csv").write_text("\n".join([f"{header},estimate_s,value,deadline_s", *with_deadline]))
    (folder / "plain.csv").write_text("\n".join(["# processors: 4", header, *plain]))
    for name in ("jobs.xyz", "jobs.data"):
        (folder / name).write_text("\n".join(outside))


class Machine:
    """A folder of files, and a process in which commands run with the distribution on Python's path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plugins = make_distribution(
            folder / "site", "outside", POINTS, {"made_gates.py": GATES, "made_traces.py": TRACES}
        )
        write_jobs(folder)
        (folder / "night.toml").write_text(NIGHT, "utf-8")

    def process(self, *arguments: str, stdin: str = "") -> str:
        """Standard output of Python with these arguments."""
        path = os.pathsep.join([str(ROOT), str(self.plugins)])
        done = subprocess.run(
            [sys.executable, *arguments], input=stdin, capture_output=True, text=True, check=False,
            timeout=300, cwd=self.folder, env={**os.environ, "PYTHONPATH": path, "MPLBACKEND": "Agg"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def starts(self, run: str) -> list[tuple[str, str]]:
        """(job, start) of a run folder."""
        with (self.folder / run / "jobs.csv").open(encoding="utf-8", newline="") as file:
            return [(row["job_id"], row["start_s"]) for row in csv.DictReader(file)]


COMPARED = (
    "easy",
    "easy+never",
    "easy+price=0.1",
    "easy+cheap",
    "conservative=kept+price=0.4",
    "conservative=kept+cheap=0.4",
    "head",
)
ON_NIGHT = "simulate --scenario night.toml"
COMMANDS = {
    "list": "schedulers",
    "json": "schedulers --json",
    "compare": f"compare --scenario night.toml --scheduler {','.join(COMPARED)} --out compared --no-figures",
    "simpy": f"{ON_NIGHT} --scheduler easy+cheap --clock simpy --out simpy --no-figures",
    "always": f"{ON_NIGHT} --scheduler fcfs+always --out always --no-figures",
    "evaluate": "evaluate --scenario tiny --windows validation-06 --scheduler easy,easy+never --json",
    "dataset": "dataset --scheduler easy+never --scenario tiny --episodes 1 --out log --json --quiet",
    "show": "traces show jobs.xyz --json",
    "content": "traces show jobs.data --json",
    "named": "traces show jobs.data --format xyz --json",
    "help": "traces show --help",
    "own": "simulate --workload plain.csv --scheduler easy --out own --no-figures",
    "foreign": "simulate --workload jobs.xyz --scheduler easy --out foreign --no-figures",
    "scenario": f"{ON_NIGHT} --set workload.file=jobs.data --set workload.format=xyz --json",
}
FAILED = "of the plug-in outside 1.0 cannot be used"
REFUSED = {
    f"{ON_NIGHT} --scheduler easy+nevr": "did you mean 'never'?",
    f"{ON_NIGHT} --scheduler easy+never=1": "never takes no parameter; atc, price, carbon and",
    f"{ON_NIGHT} --scheduler easy+cheap=2": "cheap=2 must be a share from 0 to 1",
    f"{ON_NIGHT} --scheduler easy+lost": f"power gate 'lost' {FAILED}: ModuleNotFoundError",
    f"{ON_NIGHT} --scheduler easy+empty": "Empty is not implemented: it has no method holds",
    f"{ON_NIGHT} --scheduler easy+fails": "gate 'fails' of the plug-in outside 1.0: job 1 at 10116 s: Zero",
    f"{ON_NIGHT} --scheduler easy+speaks": "holds returned 'yes'; return True or False",
    "simulate --workload plain.csv --scheduler easy+never": "makes flexible jobs wait, and no job has a",
    f"{ON_NIGHT} --scheduler lookahead=easy+never": "answers in Python, which is not possible",
    f"{ON_NIGHT} --scheduler hed": "did you mean 'head'?",
    f"{ON_NIGHT} --scheduler head+easy": "takes neither parts nor parameters; write head",
    f"{ON_NIGHT} --scheduler breaks": "ZeroDivisionError: integer division or modulo by zero (in the plug-in",
    "traces show jobs.data --format xyy": "did you mean 'xyz'?",
    "traces show jobs.xyz --mapping gaia": "format 'xyz' takes no mapping",
    "traces show jobs.xyz --format wrong": f"format 'wrong' {FAILED}: it is no traces",
    f"{ON_NIGHT} --set workload.format=xyy": "workload.format is an unknown format 'xyy'",
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return Machine(tmp_path_factory.mktemp("plugins"))


@pytest.fixture(scope="module")
def answers(machine):
    """What each command printed. All but the refused ones ended with 0."""
    lines = [*COMMANDS.values(), *REFUSED]
    printed = machine.process("-c", DRIVER, stdin=json.dumps([line.split() for line in lines]))
    return dict(zip([*COMMANDS, *REFUSED], json.loads(printed), strict=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_commands_take_plugins(answers, name):
    code, _, err = answers[name]
    assert code == 0, err


def test_lists_hold_plugins_and_name_in_one_line_each_what_is_left_out(answers):
    listed = json.loads(answers["json"][1])
    assert listed["gates"]["cheap"] == "waits until at most a share Q of the time left is cheaper"
    assert {"never", "always", "fails", "speaks"} < set(listed["gates"]) and "lost" not in listed["gates"]
    assert listed["plug-ins"]["head"] == "starts the first job that may start"
    lines = answers["list"][2].splitlines()
    assert len(lines) == 3 and all("plug-in outside 1.0 cannot be used" in line for line in lines)
    assert "'easy' is a backfill too" in answers["list"][2] and "no_such_module" in answers["list"][2]
    assert "swf, csv, parquet, sacct, batsim, xyz" in " ".join(answers["help"][1].split())


def test_a_gate_from_outside_gives_the_schedule_of_the_same_gate_of_rares(machine, answers):
    run = "compared/runs/"
    assert machine.starts(f"{run}easy+never") == machine.starts(f"{run}easy")
    assert machine.starts(f"{run}easy+cheap") == machine.starts(f"{run}easy+price_0.1")
    kept = machine.starts(f"{run}conservative_kept+price_0.4")
    assert machine.starts(f"{run}conservative_kept+cheap_0.4") == kept
    schedules = {tuple(machine.starts(f"{run}{name}")) for name in ("easy", "easy+price_0.1")}
    assert len({*schedules, tuple(kept)}) == 3  # the gates make a difference
    assert machine.starts("simpy") == machine.starts(f"{run}easy+cheap")


def test_nothing_is_held_past_its_latest_start(machine, answers):
    with (machine.folder / "jobs.csv").open(encoding="utf-8", newline="") as file:
        flexible = [row for row in csv.DictReader(file) if row["deadline_s"]]
    starts = dict(machine.starts("always"))
    latest = [int(row["deadline_s"]) - int(row["estimate_s"]) for row in flexible]
    waits = [int(starts[row["job_id"]]) - at for row, at in zip(flexible, latest, strict=True)]
    assert min(waits) == 0 and waits.count(0) > len(waits) / 2  # the others waited for cores, too


def test_windows_and_datasets_take_a_gate_from_outside(answers):
    rows = json.loads(answers["evaluate"][1])["rows"]
    own, gated = ([row for row in rows if row["scheduler"] == name] for name in ("easy", "easy+never"))
    assert own and [row["objective"] for row in own] == [row["objective"] for row in gated]
    assert json.loads(answers["dataset"][1])["episodes"] == 1


def test_a_format_from_outside_is_read_by_suffix_content_and_name(machine, answers):
    summaries = [json.loads(answers[name][1]) for name in ("show", "content", "named")]
    assert {summary["jobs"] for summary in summaries} == {60}
    assert machine.starts("foreign") == machine.starts("own")


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_wrong_is_one_line(answers, line):
    code, out, err = answers[line]
    lines = [text for text in err.splitlines() if not text.startswith("note: ")]
    assert (code, out, len(lines)) == (2, "", 1), err
    assert REFUSED[line] in lines[0]


@pytest.mark.slow
def test_the_real_command_in_a_process_of_its_own(machine):
    command = f"{ON_NIGHT} --scheduler easy+cheap=0.3 --quiet"
    printed = machine.process("-m", "experiments.cli", *command.split())
    assert printed.startswith("night: easy+cheap=0.3, seed 0, ended: completed")


def test_help_of_the_whole_command_looks_for_no_plugins(machine):
    program = "import sys; from experiments.cli.root import main; main(['--help'])"
    printed = machine.process("-c", f"{program}; print('made_gates' in sys.modules)")
    assert printed.splitlines()[-1] == "False"
