"""Whatever goes wrong, everything is given back: in this process, and in one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.operate.shadow.acting import act_loop
from experiments.operate.shadow.acting.held_jobs import Journal
from tests.experiments.operate.shadow.acting.acting_child import loop
from tests.experiments.operate.shadow.fake_slurm import FakeSlurm, watchdog_of
from traces.errors import InputError

ROOT = Path(__file__).resolve().parents[5]
CHILD = "tests.experiments.operate.shadow.acting.acting_child"


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.02)


@pytest.fixture
def folder(slurm_file: FakeSlurm, tmp_path: Path) -> Path:
    """Two jobs that wait, one that runs, and no power."""
    slurm_file.job(1)
    slurm_file.job(2)
    slurm_file.job(3, "RUNNING")
    slurm_file.job(4, user_name="bob")
    (tmp_path / "power.txt").write_text("0 W")
    return tmp_path


class Steps:
    """A loop of this process, stepped by hand. The watchdog is left out."""

    def __init__(self, folder: Path, slurm: FakeSlurm, **times):
        self.slurm, self.notes, self.folder = slurm, [], folder
        self.loop = loop(folder, slurm, self.notes.append, **times)

    def step(self, power: str | None = None) -> set[str]:
        if power is not None:
            (self.folder / "power.txt").write_text(power)
        self.loop._once()
        return self.slurm.held()


def test_it_holds_and_gives_back_as_the_power_goes_and_comes(folder, slurm_file):
    steps = Steps(folder, slurm_file)
    assert steps.step() == {"1", "2", "3"}
    assert steps.step("10 kW") == set()


@pytest.mark.parametrize(
    ("power", "line"),
    [
        ("<html>", "not a number with a unit"),
        ("nan W", "not a number with a unit"),
        ("-5 W", "power is 0 to"),
        ("12", "gives a number without a unit"),
        ('{"power": NaN, "unit": "W"}', "'power' is None, not a number"),
        ("2 W", "the scenario does not fit"),
    ],
)
def test_a_feed_that_lies_gives_everything_back(folder, slurm_file, power, line):
    steps = Steps(folder, slurm_file, calm_polls=2)
    steps.loop._calm = 2
    assert steps.step() == {"1", "2", "3"}
    assert steps.step(power) == set()
    assert any(note.startswith("trouble: ") and line in note for note in steps.notes)
    assert steps.step("0 W") == steps.step() == set()  # calm is waited for
    assert steps.step() == {"1", "2", "3"}


def test_a_feed_that_is_missing_or_old_gives_everything_back(folder, slurm_file):
    steps = Steps(folder, slurm_file)
    steps.step()
    (folder / "power.txt").unlink()
    assert steps.step() == set()
    assert steps.step("0 W") == {"1", "2", "3"}
    os.utime(folder / "power.txt", (time.time() - 700,) * 2)
    assert steps.step() == set()
    assert any("old, more than the 600 s of --feed-limit" in note for note in steps.notes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"jobs": [',
        '{"jobs": {}}',
        '{"jobs": [{"job_id": "x"}]}',
        '{"errors": ["x"], "jobs": []}',
        "[" * 10**5,
        '{"jobs": [{"job_id": 1, "job_state": 7}]}',
        '{"jobs": [{"job_id": 99999999999999999999999, "job_state": "PENDING"}]}',
        "\0\0\0",
    ],
)
def test_squeue_that_prints_something_else_gives_everything_back(folder, slurm_file, text, monkeypatch):
    steps = Steps(folder, slurm_file)
    assert steps.step() == {"1", "2", "3"}
    source = steps.loop.poller.source
    monkeypatch.setattr(type(source), "read", lambda self: (text.encode(), b'{"nodes": []}'))
    assert steps.step() == set()
    (note,) = [note for note in steps.notes if note.startswith("trouble")]
    assert "\n" not in note


def test_a_lost_controller_is_waited_for(folder, slurm_file, monkeypatch):
    steps = Steps(folder, slurm_file)
    steps.step()
    slurm_file.change(down=True)
    naps = []

    def nap(seconds):
        naps.append(seconds)
        if len(naps) == 3:
            slurm_file.change(down=False)

    monkeypatch.setattr(steps.loop, "_sleep", nap)
    assert steps.step() == set()
    assert len(naps) == 3
    assert any("3 jobs are ours until it answers" in note for note in steps.notes)


def test_a_controller_that_stays_away_ends_it(folder, slurm_file, monkeypatch):
    steps = Steps(folder, slurm_file, lost_s=0.0)
    steps.step()
    slurm_file.change(down=True)
    with pytest.raises(InputError, match="3 jobs could not be given back"):
        steps.step()


def test_what_an_earlier_run_left_is_given_back_first(folder, slurm_file):
    Steps(folder, slurm_file).step()
    again = Steps(folder, slurm_file)
    again.loop._release("left by an earlier run")
    assert slurm_file.held() == set()


# --- processes --------------------------------------------------------------------------------------------


class Process:
    """A loop in a process of its own."""

    def __init__(self, folder: Path, slurm: FakeSlurm) -> None:
        self.slurm, self.folder = slurm, folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", CHILD, str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until(lambda: slurm.held() == {"1", "2", "3"} or self.process.poll() is not None)

    @property
    def watchdog(self) -> int:
        return watchdog_of(self.process.pid)

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        text, _ = self.process.communicate(timeout=60)
        return self.process.returncode, text


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_signal_gives_everything_back(folder, slurm_file, number):
    child = Process(folder, slurm_file)
    watchdog = child.watchdog
    code, _ = child.end(number)
    assert (code, slurm_file.held()) == (128 + number, set())
    until(lambda: not Path(f"/proc/{watchdog}").exists())


def test_after_kill_9_the_watchdog_gives_everything_back(folder, slurm_file):
    child = Process(folder, slurm_file)
    watchdog = child.watchdog
    child.end(signal.SIGKILL)
    until(lambda: slurm_file.held() == set(), 15)
    until(lambda: Journal(folder / "out" / "journal.jsonl").held() == [], 60)
    until(lambda: not Path(f"/proc/{watchdog}").exists())


@pytest.mark.slow
def test_a_watchdog_that_is_killed_ends_the_shadow_and_gives_everything_back(folder, slurm_file):
    child = Process(folder, slurm_file)
    os.kill(child.watchdog, signal.SIGKILL)
    text, _ = child.process.communicate(timeout=60)
    assert "the watchdog process has ended; everything is given back" in text
    assert slurm_file.held() == set()


@pytest.mark.slow
def test_a_bug_gives_everything_back(folder, slurm_file):
    child = Process(folder, slurm_file)
    (folder / "power.txt").write_text("1 W")
    text, _ = child.process.communicate(timeout=60)
    assert "ZeroDivisionError" in text
    assert slurm_file.held() == set()


@pytest.mark.slow
def test_a_shadow_that_hangs_is_relieved_by_its_watchdog(folder, slurm_file, monkeypatch):
    monkeypatch.setattr(act_loop.ActTimes, "silent_s", 0.5)
    steps = Steps(folder, slurm_file)
    with steps.loop._watched(steps.loop.actor.journal):
        steps.step()
        time.sleep(0.4)
        steps.loop._beat()
        assert slurm_file.held() == {"1", "2", "3"}
        until(lambda: slurm_file.held() == set(), 30)
