"""The shadow beside a real Slurm: it watches, advises, holds and gives back, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments.operate.shadow.acting.held_jobs import Journal, release_all
from experiments.operate.shadow.acting.slurm_answers import SlurmCommands
from experiments.operate.shadow.polls import Poller
from experiments.operate.shadow.shadow_log import LogCounts, read_log
from experiments.operate.shadow.sources.slurm_source import CommandSource, RestSource
from tests.experiments.operate.shadow.fake_slurm import watchdog_of
from tests.slurm.slurm_daemons import Slurm

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).resolve().parents[2]
ALLOW = 'partitions = ["main"]\ninclude_root = true\nactions = ["hold", "suspend"]\n'
ENOUGH, SHORT = "10 kW", "3 W"


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is true."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.2)


class Shadow:
    """A folder with a power feed and an allow-list, and the shadows that run there."""

    def __init__(self, folder: Path, slurm: Slurm) -> None:
        self.folder, self.slurm = folder, slurm
        self.feed, self.out = folder / "power.txt", folder / "shadow"
        self.power(ENOUGH)
        (folder / "allow.toml").write_text(ALLOW)
        self.running: list[subprocess.Popen[str]] = []

    def power(self, text: str) -> None:
        """What the feed says from now on."""
        new = self.folder / "power.new"
        new.write_text(text)
        new.replace(self.feed)

    def start(self, step: str, *words: str) -> subprocess.Popen[str]:
        """Start a step in a process of its own."""
        options = ["--scheduler", "easy", "--power-feed", str(self.feed), "--every", "5"]
        command = [sys.executable, "-m", "experiments.cli", "shadow", step, *options, *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, cwd=ROOT, env=self.slurm.environment(), text=True, **pipes)
        self.running.append(process)
        return process

    def act(self, *words: str) -> subprocess.Popen[str]:
        """Start to act, without the calm that it otherwise waits for."""
        allow = str(self.folder / "allow.toml")
        return self.start(
            "act", "--act", "--allow", allow, "--out", str(self.out), "--calm-polls", "0", *words
        )

    def end(self, process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; exit code, stdout and stderr."""
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout, stderr

    def states(self) -> dict[str, str]:
        """State and reason of each job."""
        rows = self.slurm.command("squeue", "-h", "-r", "-o", "%i|%T|%r").splitlines()
        return {row.split("|")[0]: "|".join(row.split("|")[1:]) for row in rows}

    def ours(self) -> set[str]:
        """Jobs that wait for a begin time or are suspended."""
        return {
            name
            for name, state in self.states().items()
            if state.endswith("BeginTime") or state.startswith("SUSPENDED")
        }

    def comments(self) -> set[str]:
        """The administrator's comments of jobs that have not ended."""
        jobs = json.loads(self.slurm.command("squeue", "--json"))["jobs"]
        return {
            job["admin_comment"] for job in jobs if job["job_state"] in ("PENDING", "RUNNING", "SUSPENDED")
        }

    def submit(self, *words: str, seconds: int = 300) -> str:
        """Submit a job of two cores; its id."""
        line = self.slurm.command(
            "sbatch", "--parsable", "-o", "/dev/null", "-n2", "-t10", *words, f"--wrap=sleep {seconds}"
        )
        return line.strip()


@pytest.fixture
def shadow(slurm: Slurm, tmp_path: Path) -> Iterator[Shadow]:
    """A shadow beside a Slurm of four nodes of two cores; at the end the queue is empty again."""
    made = Shadow(tmp_path, slurm)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
            process.communicate()
    slurm.command("scancel", "--user=root")
    until(lambda: not slurm.command("squeue", "-h").strip())


@pytest.fixture
def full(shadow: Shadow) -> list[str]:
    """Four jobs that fill the cluster, and two that wait; the ids of the two."""
    for _ in range(4):
        shadow.submit()
    until(lambda: list(shadow.states().values()).count("RUNNING|None") == 4)
    return [shadow.submit(), shadow.submit()]


def test_observe_logs_what_the_scheduler_did(shadow: Shadow):
    observing = shadow.start("observe", "--out", str(shadow.out))
    until(lambda: any(shadow.out.glob("observed-*")))
    first = shadow.submit(seconds=4)
    last = shadow.submit("--hold")
    until(lambda: first not in shadow.states())
    shadow.slurm.command("scancel", last)

    def logged() -> set[tuple[str, str]]:
        polls = read_log(shadow.out, LogCounts())
        return {(change.what, change.job_id) for poll in polls for change in poll.did}

    wanted = {("submitted", first), ("started", first), ("ended", first), ("cancelled", last)}
    until(lambda: wanted <= logged())
    code, stdout, _ = shadow.end(observing)
    assert (code, stdout) == (143, "")


def test_advice_is_one_line_a_decision(shadow: Shadow, full: list[str]):
    shadow.power(SHORT)
    advising = shadow.start("advise", "--for", "1")
    stdout, stderr = advising.communicate(timeout=120)
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert {name for line in lines if line["kind"] == "hold" for name in line["jobs"]} == set(full)
    assert {line["kind"] for line in lines} == {"hold", "suspend"}
    assert all(line["why"].startswith("the cluster draws more than there is") for line in lines)
    assert stderr == f"1 polls, {len(lines)} decisions\n"
    assert shadow.ours() == set()


def test_it_holds_suspends_and_gives_back_as_the_power_goes_and_comes(shadow: Shadow, full: list[str]):
    acting = shadow.act("--actions-per-minute", "60")
    time.sleep(8)
    assert shadow.ours() == set()
    shadow.power(SHORT)
    until(lambda: len(shadow.ours()) == 6)
    assert {name for name, state in shadow.states().items() if state == "PENDING|BeginTime"} == set(full)
    assert all(comment.startswith("rare-shadow:") for comment in shadow.comments())
    shadow.power(ENOUGH)
    until(lambda: not shadow.ours())
    until(lambda: shadow.comments() == {""})
    assert shadow.end(acting)[0] == 143


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_gives_everything_back(shadow: Shadow, full: list[str], number: int):
    acting = shadow.act()
    shadow.power(SHORT)
    until(lambda: set(full) <= shadow.ours())
    code, _, stderr = shadow.end(acting, number)
    assert (code, shadow.ours()) == (128 + number, set())
    assert f"rare: stopped by {signal.Signals(number).name}, nothing is held" in stderr


def test_after_kill_9_the_watchdog_gives_everything_back(shadow: Shadow, full: list[str]):
    acting = shadow.act("--actions-per-minute", "60")
    shadow.power(SHORT)
    until(lambda: len(shadow.ours()) == 6)
    shadow.end(acting, signal.SIGKILL)
    until(lambda: not shadow.ours(), 10)
    until(lambda: not Journal(shadow.out / "journal.jsonl").held(), 40)


def killed_with_its_watchdog(shadow: Shadow, acting: subprocess.Popen[str]) -> None:
    """End a shadow and its watchdog by SIGKILL."""
    os.kill(watchdog_of(acting.pid), signal.SIGKILL)
    shadow.end(acting, signal.SIGKILL)


def test_the_next_start_gives_back_what_is_left(shadow: Shadow, full: list[str]):
    acting = shadow.act("--actions-per-minute", "60")
    shadow.power(SHORT)
    until(lambda: len(shadow.ours()) == 6)
    killed_with_its_watchdog(shadow, acting)
    time.sleep(3)
    assert len(shadow.ours()) == 6
    shadow.power(ENOUGH)
    again = shadow.act()
    until(lambda: not shadow.ours())
    shadow.end(again)


def test_slurm_itself_lets_a_job_go_when_nobody_is_left(shadow: Shadow):
    shadow.power(SHORT)
    (shadow.folder / "allow.toml").write_text(ALLOW.replace(', "suspend"', ""))
    fill = [shadow.submit() for _ in range(4)]
    waiting = shadow.submit()
    acting = shadow.act("--lease", "20")
    until(lambda: waiting in shadow.ours())
    killed_with_its_watchdog(shadow, acting)
    shadow.slurm.command("scancel", *fill)
    until(lambda: shadow.states().get(waiting) == "RUNNING|None", 90)


def test_release_by_journal_and_by_mark(shadow: Shadow, full: list[str]):
    acting = shadow.act("--actions-per-minute", "60")
    shadow.power(SHORT)
    until(lambda: len(shadow.ours()) == 6)
    killed_with_its_watchdog(shadow, acting)
    (shadow.out / "journal.jsonl").unlink()
    words = [sys.executable, "-m", "experiments.cli", "shadow", "release", str(shadow.out)]
    environment = shadow.slurm.environment()
    subprocess.run(words, cwd=ROOT, env=environment, check=True)
    assert len(shadow.ours()) == 6
    subprocess.run([*words, "--marked"], cwd=ROOT, env=environment, check=True)
    assert shadow.ours() == set()


def test_a_job_that_its_user_holds_or_releases_is_left_alone(shadow: Shadow, full: list[str]):
    first, second = full
    shadow.slurm.command("scontrol", "uhold", first)
    acting = shadow.act()
    shadow.power(SHORT)
    until(lambda: second in shadow.ours())
    assert shadow.states()[first] == "PENDING|JobHeldUser"
    shadow.slurm.command("scontrol", "update", f"JobId={second}", "StartTime=now")
    time.sleep(15)
    assert second not in shadow.ours()
    shadow.end(acting)
    assert shadow.states()[first] == "PENDING|JobHeldUser"


def test_a_lost_controller_is_waited_for_and_everything_is_given_back(shadow: Shadow, full: list[str]):
    acting = shadow.act("--actions-per-minute", "60")
    shadow.power(SHORT)
    until(lambda: len(shadow.ours()) == 6)
    shadow.slurm.stop("slurmctld")
    time.sleep(45)  # its commands themselves try for a while
    assert acting.poll() is None
    shadow.power(ENOUGH)
    shadow.slurm.start("slurmctld")
    until(lambda: not shadow.ours())
    code, _, stderr = shadow.end(acting)
    assert code == 143
    assert "6 jobs are ours until it answers" in stderr


def test_a_controller_that_is_away_at_the_kill_is_waited_for_by_the_watchdog(shadow: Shadow, full: list[str]):
    acting = shadow.act("--actions-per-minute", "60")
    shadow.power(SHORT)
    until(lambda: len(shadow.ours()) == 6)
    shadow.slurm.stop("slurmctld")
    shadow.end(acting, signal.SIGKILL)
    time.sleep(5)
    shadow.slurm.start("slurmctld")
    until(lambda: not shadow.ours())


def test_a_hold_keeps_the_place_in_the_queue(shadow: Shadow, full: list[str]):
    commands = SlurmCommands()
    before = shadow.slurm.command("squeue", "-h", "-t", "PD", "-o", "%i %Q")
    commands.put_off(full[0], 60, "mark")
    commands.let_go(full[0], True)
    assert shadow.slurm.command("squeue", "-h", "-t", "PD", "-o", "%i %Q") == before
    shadow.slurm.command("scontrol", "hold", full[0])
    shadow.slurm.command("scontrol", "release", full[0])
    assert shadow.slurm.command("squeue", "-h", "-t", "PD", "-o", "%i %Q") != before
    assert release_all(Journal(shadow.folder / "none"), commands) == []


def test_slurmrestd_gives_the_same_queue(shadow: Shadow, full: list[str]):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # slurmrestd runs for nobody: it refuses root
        place = f"unix:{folder}/rest.sock"
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        command += ["slurmrestd", "-a", "rest_auth/local", place]
        daemon = subprocess.Popen(
            command, env=shadow.slurm.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: Path(folder, "rest.sock").exists())
            by_daemon = Poller(RestSource(place)).poll().snapshot
        finally:
            daemon.terminate()
            daemon.wait()
    by_commands = Poller(CommandSource()).poll().snapshot
    assert by_daemon.jobs == by_commands.jobs
    assert by_daemon.partitions == by_commands.partitions
    assert {job.job_id for job in by_daemon.jobs if job.state == "waiting"} == set(full)
