"""`rare shadow` on the command line."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.operate.shadow import first_opinion, run_shadow
from experiments.operate.shadow.acting.held_jobs import HOLD, Journal
from experiments.operate.shadow.live_opinion import LiveOpinion
from tests.experiments.operate.shadow.fake_slurm import FakeSlurm
from traces.files.atomic import folder_lock


class Cli:
    """The command line beside a fake Slurm."""

    def __init__(self, slurm: FakeSlurm, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.slurm, self.folder, self.capsys = slurm, folder, capsys
        (folder / "power.txt").write_text("45 W")
        (folder / "allow.toml").write_text('users = ["ann"]')

    def __call__(
        self, step: str, *words: str, sinfo: bool = True, scheduler: str = "easy"
    ) -> tuple[int, str, str]:
        commands = ["--squeue-command", shlex.join(self.slurm.words("squeue"))]
        if sinfo:
            commands += ["--sinfo-command", shlex.join(self.slurm.words("sinfo")), "--scheduler", scheduler]
        code = main(["shadow", step, *words, *commands])
        return code, *self.capsys.readouterr()

    @property
    def feed(self) -> list[str]:
        return ["--power-feed", str(self.folder / "power.txt")]

    @property
    def acting(self) -> list[str]:
        words = ["--allow", str(self.folder / "allow.toml"), "--out", str(self.folder / "out")]
        return [*words, "--scontrol-command", shlex.join(self.slurm.words("scontrol"))]


@pytest.fixture
def cli(slurm_file, tmp_path, capsys):
    slurm_file.job(1, "RUNNING")
    slurm_file.job(2)
    slurm_file.job(3)
    return Cli(slurm_file, tmp_path, capsys)


def test_observe_writes_a_log_and_nothing_on_stdout(cli, tmp_path):
    code, stdout, stderr = cli("observe", "--out", str(tmp_path / "out"), "--for", "1", *cli.feed)
    assert (code, stdout) == (0, "")
    assert "1 polls, 0 skipped" in stderr
    (log,) = (tmp_path / "out").glob("observed-*.jsonl")
    record = json.loads(log.read_text())
    assert list(record["would"]["holds"].values()) == [["3"]]
    assert (record["scenario"]["name"], record["scenario"]["settings"]) == ("plain", [])


def test_advise_writes_one_line_a_decision_and_nothing_else(cli):
    code, stdout, stderr = cli("advise", "--for", "1", *cli.feed)
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert (code, stderr) == (0, "1 polls, 2 decisions\n")
    assert [(line["kind"], line["jobs"]) for line in lines] == [("start", ["2"]), ("hold", ["3"])]
    assert cli.slurm.asked("update") == []


def test_advise_says_at_its_end_that_there_was_nothing_to_advise(cli):
    cli.slurm.change(jobs={})
    assert cli("advise", "--for", "1") == (0, "", "1 polls, nothing to advise\n")
    assert cli("advise", "--for", "1", "--quiet") == (0, "", "")


def test_advise_without_any_opinion_fails_with_the_last_reason(cli):
    (cli.folder / "power.txt").write_text("45 Watt")
    code, stdout, stderr = cli("advise", "--for", "1", *cli.feed)
    assert (code, stdout) == (2, "")
    last = stderr.splitlines()[-1]
    assert "no opinion in 1 polls and 0 skipped ones: " in last
    assert "unit 'Watt' is unknown; use W, kW, MW, GW, %" in last
    cli.slurm.change(down=True)
    code, _, stderr = cli("advise", "--for", "1")
    assert code == 2
    assert "no opinion in 0 polls and 1 skipped ones: " in stderr and "Unable to contact" in stderr


@pytest.mark.parametrize("step", ["observe", "advise"])
@pytest.mark.parametrize("fed", [True, False])
@pytest.mark.parametrize("jobs", [True, False])
def test_a_setup_that_is_wrong_ends_at_once(cli, tmp_path, step, fed, jobs):
    if not jobs:
        cli.slurm.change(jobs={})
    words = ["--out", str(tmp_path / "out"), *(cli.feed if fed else [])]
    (tmp_path / "limits.toml").write_text('[[limit]]\npartition = "nowhere"\nrunning_jobs = 1\n')
    for scheduler, scenario, line in (
        ("easy", str(tmp_path / "limits.toml"), "limit 1 names the partition 'nowhere'"),
        ("multifactor", "plain", "the scenario has no [priority]"),
    ):
        code, stdout, stderr = cli(step, "--scenario", scenario, *words, scheduler=scheduler)
        assert (code, stdout) == (2, "")
        assert line in stderr.splitlines()[-1]
        assert list((tmp_path / "out").glob("observed-*")) == []


def test_what_decides_is_compiled_before_the_first_poll(cli, monkeypatch, tmp_path):
    decided = []

    def opinion(self, poll):
        decided.append((len(cli.slurm.state["calls"]), poll))
        return of_class(self, poll)

    of_class = LiveOpinion.__call__
    monkeypatch.setattr(LiveOpinion, "__call__", opinion)
    monkeypatch.setattr(first_opinion, "is_compiled", lambda entry: False)
    _, _, stderr = cli("observe", "--out", str(tmp_path / "out"), "--for", "1", *cli.feed)
    assert stderr.startswith("compiling the rules, once after an installation or an edit")
    before = [poll for calls, poll in decided if calls == 0]
    assert [poll.power.share for poll in before] == [1.0, 0.0]


def test_nothing_is_done_without_act(cli):
    code, _, stderr = cli("act", *cli.acting, *cli.feed)
    assert (code, cli.slurm.state["calls"]) == (2, [])
    assert "nothing is done without --act" in stderr


def test_nothing_is_done_without_an_allow_list(cli, tmp_path):
    code, _, stderr = cli("act", "--act", "--out", str(tmp_path), *cli.feed)
    assert (code, cli.slurm.state["calls"]) == (2, [])
    assert "--allow" in stderr


def test_nothing_is_done_without_power(cli):
    code, _, stderr = cli("act", "--act", *cli.acting)
    assert (code, cli.slurm.state["calls"]) == (2, [])
    assert "no power is given" in stderr


def test_a_lease_that_would_end_between_two_polls_is_refused(cli):
    code, _, stderr = cli("act", "--act", "--lease", "60", *cli.acting, *cli.feed)
    assert (code, cli.slurm.state["calls"]) == (2, [])
    assert "--lease must be at least three times --every, got 60 s and 30 s" in stderr


def test_a_dry_run_acts_on_nothing(cli):
    code, _, stderr = cli("act", "--dry-run", "--calm-polls", "0", "--for", "1", *cli.acting, *cli.feed)
    assert code == 0
    assert "dry run: would hold job 3" in stderr
    assert cli.slurm.asked("update") == []


def test_at_the_end_of_its_time_everything_is_given_back(cli):
    code, _, stderr = cli("act", "--act", "--calm-polls", "0", "--for", "1", *cli.acting, *cli.feed)
    assert (code, cli.slurm.held()) == (0, set())
    assert "held job 3" in stderr and "released job 3 (at the end)" in stderr


def test_a_terminal_that_is_gone_keeps_no_job_held(cli, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Gone())
    cli("act", "--act", "--calm-polls", "0", "--for", "1", *cli.acting, *cli.feed)
    assert len(cli.slurm.asked("update")) == 2  # held and given back
    assert cli.slurm.held() == set()


class Gone(io.StringIO):
    """A stream that nobody reads any more."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_release_gives_back_what_the_journal_says(cli, tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    submit_s = cli.slurm.state["jobs"]["2"]["submit_time"]
    journal.write(event="intend", action=HOLD, job="2", submit_s=submit_s, lease_s=300)
    cli.slurm.commands.put_off("2", 300, None)
    words = ["--scontrol-command", shlex.join(cli.slurm.words("scontrol"))]
    code, _, stderr = cli("release", str(tmp_path), *words, sinfo=False)
    assert (code, cli.slurm.held()) == (0, set())
    assert "1 jobs were ours; nothing is held" in stderr


def test_release_by_the_mark_where_the_journal_is_lost(cli, tmp_path):
    submit_s = cli.slurm.state["jobs"]["2"]["submit_time"]
    cli.slurm.commands.put_off("2", 300, f"rare-shadow:{submit_s}")
    cli.slurm.commands.put_off("3", 300, "rare-shadow:1")  # of an earlier job of this number
    words = ["--scontrol-command", shlex.join(cli.slurm.words("scontrol"))]
    cli("release", str(tmp_path), *words, sinfo=False)
    assert cli.slurm.held() == {"2", "3"}
    cli("release", str(tmp_path), "--marked", *words, sinfo=False)
    assert cli.slurm.held() == {"3"}


def test_release_with_a_lost_controller_is_one_clear_line(cli, tmp_path):
    Journal(tmp_path / "journal.jsonl").write(event="intend", action=HOLD, job="2", submit_s=1, lease_s=300)
    cli.slurm.change(down=True)
    code, _, stderr = cli("release", str(tmp_path), sinfo=False)
    assert code == 2
    assert "nothing could be given back: " in stderr and "Unable to contact slurm controller" in stderr


def test_one_shadow_a_folder(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(run_shadow, "LOCK_WAIT_S", 0.0)
    (tmp_path / "out").mkdir()
    with folder_lock(tmp_path / "out", "x", "y"):
        code, _, stderr = cli("observe", "--out", str(tmp_path / "out"), "--for", "1")
    assert code == 2
    assert "another shadow works in this folder" in stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--every", "1"], "--every must be at least 5 s"),
        (["--power-feed", "x.txt", "--power-header", "token"], "write NAME=VARIABLE"),
        (["--slurmrestd", "ftp://x"], "no URL of http or https"),
        (["--scheduler", "nobody"], "nobody"),
        (["--scenario", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_options_that_cannot_be_right(cli, tmp_path, words, line):
    code = main(["shadow", "observe", "--out", str(tmp_path / "out"), "--for", "1", *words])
    assert code == 2
    assert line in cli.capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_report_of_a_folder_without_a_log(cli, tmp_path):
    assert main(["shadow", "report", str(tmp_path)]) == 2
    assert "holds no log of a shadow" in cli.capsys.readouterr().err
