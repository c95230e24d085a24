"""The command line: exit codes, one line, nothing half-written; statistics of few; compiled code on disk."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from experiments.cli.root import main
from tests.public_cases.files import place, write
from tests.public_cases.registry import case, refusal

AREA = "commands"
JOBS = "job_id,submit_s,cores,work_s,estimate_s\n1,0,3,10,10\n2,1,6,20,20\n3,2,2,0,60\n4,2,2,100,100\n"


def called(*words: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(words))
    return code, out.getvalue(), err.getvalue()


def one_line(found: tuple[int, str, str], *words: str) -> Any:
    """[exit code, True] if stderr is one line with all words, else what it said."""
    code, _, err = found
    good = err.count("\n") == 1 and all(word in err for word in words) and "Traceback" not in err
    return [code, good or err[-200:]]


@case(AREA, [0, 4, 102], "starts 0, 10, 2, 2: job 4 ends last, at 102", "RULES 4.5")
def simulate_prints_one_object() -> Any:
    path = write(JOBS, "jobs.csv")
    code, out, _ = called(
        "simulate", "--workload", str(path), "--processors", "8", "--scheduler", "easy", "--json",
        "--out", str(place("run")),
    )  # fmt: skip
    found = json.loads(out)["metrics"]
    return [code, found["jobs_completed"], found["makespan_s"]]


@case(AREA, [2, True], "bad input is the user's: one line", "click's convention for usage errors")
def a_file_that_is_not_there() -> Any:
    return one_line(
        called(
            "simulate", "--workload", "/nowhere/jobs.swf", "--scheduler", "easy", "--out", str(place("x"))
        ),
        "jobs.swf",
    )


@case(AREA, [2, True], "a headerless file is bad input", "CSV.jl #392")
def show_refuses_a_file_without_names() -> Any:
    return one_line(called("traces", "show", str(write("1,0,3,10,10\n2,1,6,20,20\n", "jobs.csv"))))


@case(AREA, [2, True], "a name of 3,000 characters is no file", "own: a hostile input")
def a_name_that_no_file_can_have() -> Any:
    long = "x" * 3000
    words = (
        "simulate",
        "--scenario",
        "tiny",
        "--set",
        f"workload.file={long}",
        "--scheduler",
        "easy",
        "--out",
        str(place("x")),
    )
    return one_line(called(*words))


@case(AREA, [2, True, False], "a later failure leaves no folder", "own: nothing half-written")
def a_refused_run_leaves_no_folder() -> Any:
    out = place("run")
    path = write(JOBS, "jobs.csv")
    found = called("simulate", "--workload", str(path), "--scheduler", "no-such-order", "--out", str(out))
    return [*one_line(found, "no-such-order"), out.exists()]


def _with_interrupts() -> None:
    """As in a terminal: what a shell puts in the background would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def signalled(number: signal.Signals) -> Any:
    """[exit code, no traceback] of a long command that gets a signal once it works."""
    folder = place("evaluation").parent
    (folder / "slow.py").write_text(
        "import time\nclass Slow:\n    def choose(self, view):\n        open('busy', 'w').close()\n"
        "        time.sleep(600)\n        return -1\n",
        encoding="utf-8",
    )
    words = ("simulate", "--scenario", "tiny", "--scheduler", "slow.py:Slow", "--out", "run", "--quiet")
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", *words], cwd=folder, text=True,
        env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=_with_interrupts,
    )  # fmt: skip
    end_s = time.monotonic() + 60
    while not (folder / "busy").exists() and child.poll() is None and time.monotonic() < end_s:
        time.sleep(0.02)
    child.send_signal(number)
    try:
        _, err = child.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return ["lives on"]
    return [child.returncode, "Traceback" not in err, (folder / "run").exists()]


@case(AREA, [130, True, False], "128 + 2", "streamlink #1234, s5cmd #615, osc PR 213")
def an_interrupt_has_its_exit_code() -> Any:
    return signalled(signal.SIGINT)


@case(AREA, [143, True, False], "128 + 15", "kilocode PR 4001")
def a_termination_has_its_exit_code() -> Any:
    return signalled(signal.SIGTERM)


@case(
    AREA,
    [None, None],
    "one number has no spread; a width of zero looks like certainty",
    "own; the bootstrap of scipy PR 13371 resamples one value",
)
def one_window_has_no_interval() -> Any:
    from experiments.results.statistics import estimate

    found = estimate(np.array([0.7])).as_dict()
    return [
        value
        for key, value in found.items()
        if key in ("low", "high", "interval_low", "interval_high", "ci_low", "ci_high")
    ]


@case(AREA, "refused", "its index is unpickled: who may write there may run code", "numba PR 10839, PR 5830")
def a_cache_that_others_may_write_is_not_used() -> Any:
    from rare.state.cache_place import Unsafe, check_private

    folder = place("cache")
    folder.mkdir()
    folder.chmod(0o777)
    return refusal(lambda: check_private(folder), "cache", kinds=(Unsafe,))


@case(AREA, [0, [[1, 1], [2, 1], [3, 1], [4, 1]]], "four jobs, each in one line", "SWF 2.2; evalys reads SWF")
def a_schedule_is_written_as_swf() -> Any:
    run, out = place("run"), place("schedule.swf")
    words = (
        "--workload",
        str(write(JOBS, "jobs.csv")),
        "--processors",
        "8",
        "--scheduler",
        "easy",
        "--quiet",
    )
    called("simulate", *words, "--out", str(run))
    code, _, _ = called("export", str(run), "--format", "swf", "--out", str(out), "--quiet")
    if code:
        return [code]
    lines = [line.split() for line in out.read_text("utf-8").splitlines() if not line.startswith(";")]
    return [code, [[int(line[0]), int(line[10])] for line in lines]]
