"""`rare shadow` on the command line."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.operate.shadow import run_shadow
from experiments.operate.shadow.acting.held_jobs import HOLD, Journal
from tests.experiments.operate.shadow.fake_slurm import FakeSlurm
from traces.files.atomic import folder_lock


class Cli:
    """The command line beside a fake Slurm."""

    def __init__(self, slurm: FakeSlurm, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.slurm, self.folder, self.capsys = slurm, folder, capsys
        (folder / "power.txt").write_text("45 W")
        (folder / "allow.toml").write_text('users = ["ann"]')

    def __call__(self, step: str, *words: str, sinfo: bool = True) -> tuple[int, str, str]:
        commands = ["--squeue-command", shlex.join(self.slurm.words("squeue"))]
        if sinfo:
            commands += ["--sinfo-command", shlex.join(self.slurm.words("sinfo")), "--scheduler", "easy"]
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
    assert list(json.loads(log.read_text())["would"]["holds"].values()) == [["3"]]


def test_advise_writes_one_line_a_decision_and_nothing_else(cli):
    code, stdout, stderr = cli("advise", "--for", "1", *cli.feed)
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert (code, stderr) == (0, "")
    assert [(line["kind"], line["jobs"]) for line in lines] == [("start", ["2"]), ("hold", ["3"])]
    assert cli.slurm.asked("update") == []


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


def test_a_dry_run_acts_on_nothing(cli):
    code, _, stderr = cli("act", "--dry-run", "--calm-polls", "0", "--for", "1", *cli.acting, *cli.feed)
    assert code == 0
    assert "dry run: would hold job 3" in stderr
    assert cli.slurm.asked("update") == []


def test_at_the_end_of_its_time_everything_is_given_back(cli):
    code, _, stderr = cli("act", "--act", "--calm-polls", "0", "--for", "1", *cli.acting, *cli.feed)
    assert (code, cli.slurm.held()) == (0, set())
    assert "held job 3" in stderr and "released job 3 (at the end)" in stderr


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
