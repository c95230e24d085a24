"""The journal, whose jobs are ours by it, and giving everything back."""

from __future__ import annotations

import os
import sys
import time

import pytest

from experiments.operate.shadow.acting import held_jobs
from experiments.operate.shadow.acting.held_jobs import (
    EXPIRED,
    GONE,
    HOLD,
    NOT_OURS,
    RELEASED,
    STARTED,
    SUSPEND,
    TAKEN,
    HeldJob,
    Journal,
    close,
    release_all,
)
from experiments.operate.shadow.acting.slurm_answers import (
    ControllerLost,
    QueueRow,
    Refused,
    SlurmCommands,
    answer,
    checked_id,
    slurm_environment,
)

NOW_S = 1_800_000_000


def held(journal, name="7", action=HOLD, lease_s=300, **more):
    journal.write(event="intend", action=action, job=name, submit_s=5, lease_s=lease_s, **more)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal.jsonl")


def test_what_is_asked_for_is_ours_until_it_is_refused_or_closed(journal):
    held(journal, "7")
    held(journal, "8", SUSPEND)
    held(journal, "9")
    journal.write(event="failed", action=HOLD, job="9", submit_s=5)
    assert [(job.job, job.action) for job in journal.held()] == [("7", HOLD), ("8", SUSPEND)]
    close(journal.held()[0], journal, "released")
    assert [job.job for job in journal.held()] == ["8"]


def test_a_torn_line_costs_nothing_but_itself(journal):
    held(journal, "7")
    with open(journal.path, "ab") as file:
        file.write(b'{"event": "clo')
    held(journal, "8")
    assert [job.job for job in journal.held()] == ["7", "8"]


@pytest.mark.parametrize(
    "line",
    [
        b"\x00" * 100,
        b"[" * 100_000,
        b'{"event": "intend", "action": "hold", "job": "7; scancel 8", "submit_s": 1, "at_s": 1}',
        b'{"event": "intend", "action": "hold", "job": "--all", "submit_s": 1, "at_s": 1}',
        b'{"event": "intend", "action": "hold", "job": 7, "submit_s": 1, "at_s": 1}',
        b'{"event": "intend", "action": "hold", "job": "7", "submit_s": "x", "at_s": 1}',
        b"null",
        b"9" * 5000,
    ],
)
def test_foreign_lines_of_a_journal_are_no_jobs(journal, line):
    with open(journal.path, "wb") as file:
        file.write(line + b"\n")
    assert journal.held() == []


@pytest.mark.parametrize(
    "text", ["", "0", "007", "1 2", "1;ls", "-1", "1_", "1_2_3", "1+0", "[1-3]", "\u0661", "1\n"]
)
def test_what_is_no_job_id_never_reaches_a_command_line(text):
    with pytest.raises(Refused, match="no job id"):
        checked_id(text)
    assert (checked_id("17"), checked_id("17_3")) == ("17", "17_3")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (QueueRow("PENDING", 5, NOW_S + 300), ""),
        (QueueRow("PENDING", 5, NOW_S + 3000), NOT_OURS),  # its user has set a later one
        (QueueRow("PENDING", 5, NOW_S - 100), NOT_OURS),  # its user has released it
        (QueueRow("PENDING", 5, None), NOT_OURS),  # its user has held it
        (QueueRow("RUNNING", 5, NOW_S), TAKEN),  # Slurm does not start it before its begin time
        (QueueRow("PENDING", 6, NOW_S + 300), GONE),  # another job of that number
        (None, GONE),
    ],
)
def test_a_hold_is_ours_while_the_queue_shows_it(row, why):
    job = HeldJob("7", 5, HOLD, NOW_S, False, [(NOW_S + 295, NOW_S + 305)])
    assert job.is_ours(row, NOW_S + 10) == why


def test_a_job_starts_by_itself_when_its_begin_time_has_passed():
    job = HeldJob("7", 5, HOLD, NOW_S, False, [(NOW_S + 295, NOW_S + 305)])
    assert job.is_ours(QueueRow("RUNNING", 5, NOW_S + 300), NOW_S + 310) == STARTED
    assert job.is_ours(QueueRow("PENDING", 5, NOW_S + 300), NOW_S + 310) == EXPIRED


def test_a_suspended_job_is_ours_while_it_is_suspended():
    job = HeldJob("7", 5, SUSPEND, NOW_S, False)
    assert job.is_ours(QueueRow("SUSPENDED", 5, 5), NOW_S) == ""
    assert job.is_ours(QueueRow("RUNNING", 5, 5), NOW_S) == NOT_OURS


def test_only_what_is_ours_is_given_back(journal, slurm_file):
    slurm_file.job(7, waited_s=50)
    slurm_file.job(8, waited_s=50, state_reason="JobHeldUser")
    slurm_file.job(9, "SUSPENDED", waited_s=50)
    slurm_file.job(10, "SUSPENDED", waited_s=50)
    submit_s = slurm_file.state["jobs"]["7"]["submit_time"]
    journal.write(event="intend", action=HOLD, job="7", submit_s=submit_s, lease_s=300, marked=True)
    slurm_file.commands.put_off("7", 300, "rare-shadow:1")
    journal.write(event="intend", action=SUSPEND, job="9", submit_s=submit_s, marked=True)
    notes = []
    assert release_all(journal, slurm_file.commands, notes.append) == []
    assert notes == ["released job 7", "resumed job 9"]
    assert slurm_file.held() == {"10"}
    assert slurm_file.state["jobs"]["7"]["admin_comment"] == ""
    assert journal.held() == []
    assert not any("8" in call for call in slurm_file.asked("update"))


def test_a_request_of_a_killed_process_may_still_come(journal, slurm_file):
    slurm_file.job(9, "RUNNING", waited_s=50)
    submit_s = slurm_file.state["jobs"]["9"]["submit_time"]
    journal.write(event="intend", action=SUSPEND, job="9", submit_s=submit_s)
    assert [job.job for job in release_all(journal, slurm_file.commands)] == ["9"]
    slurm_file.commands.suspend("9")  # it comes
    assert release_all(journal, slurm_file.commands) == []
    assert slurm_file.held() == set()


def test_a_full_disk_keeps_no_job_held(journal, slurm_file, monkeypatch):
    slurm_file.job(7)
    submit_s = slurm_file.state["jobs"]["7"]["submit_time"]
    journal.write(event="intend", action=HOLD, job="7", submit_s=submit_s, lease_s=300)
    slurm_file.commands.put_off("7", 300, None)

    def full(**record):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "write", full)
    release_all(journal, slurm_file.commands)
    assert slurm_file.held() == set()


def test_a_long_journal_is_put_aside_where_nothing_is_open(journal, monkeypatch):
    monkeypatch.setattr(held_jobs, "LONG_BYTES", 500)
    held(journal, "7")
    assert not journal.shorten(time.time())
    held(journal, "8")
    held(journal, "9")
    assert not journal.shorten(time.time())  # 7 to 9 are ours
    for job, why in zip(journal.held(), (NOT_OURS, RELEASED, held_jobs.LONGEST), strict=True):
        close(job, journal, why)
    assert journal.shorten(time.time())
    assert [record["job"] for record in journal.records()] == ["7", "9"]
    assert len(os.listdir(os.path.dirname(journal.path))) == 2


# --- commands ---------------------------------------------------------------------------------------------


def program(text):
    return [sys.executable, "-I", "-S", "-c", text]


def test_no_shell_reads_what_a_command_is_given(tmp_path):
    text = answer([*program("import sys; print(sys.argv[1])"), f"$(touch {tmp_path}/x); `id`"])
    assert text.decode().strip() == f"$(touch {tmp_path}/x); `id`"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("import time; time.sleep(60)", ControllerLost, "gave no answer within 1 s"),
        ("while True: print('x' * 9**5)", ControllerLost, "printed more than 1,000,000 bytes"),
        ("import sys; sys.exit('Unable to contact slurm')", ControllerLost, "Unable to contact"),
        ("import sys; sys.exit('a\\nInvalid job id specified')", Refused, "Invalid job id specified"),
        ("import sys; sys.exit(3)", Refused, "exit code 3"),
        ("import os; os.close(1); os.close(2); import time; time.sleep(60)", ControllerLost, "did not end"),
    ],
)
def test_a_command_that_fails_is_told_in_one_line(text, kind, line):
    begun_s = time.monotonic()
    with pytest.raises(kind, match=line) as error:
        answer(program(text), 1, 1_000_000)
    assert "\n" not in str(error.value)
    assert time.monotonic() - begun_s < 30


def test_a_command_that_is_not_there_is_a_lost_controller():
    with pytest.raises(ControllerLost, match="cannot be run"):
        answer(["/nowhere/squeue"])


def test_variables_that_change_output_or_cluster_are_left_out(monkeypatch):
    for name in ("SQUEUE_FORMAT", "SQUEUE_USERS", "SLURM_CLUSTERS", "SINFO_STATE", "SCONTROL_ALL"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm.conf")
    environment = slurm_environment()
    assert not [name for name in environment if name.startswith(("SQUEUE_", "SINFO_", "SCONTROL_"))]
    assert "SLURM_CLUSTERS" not in environment
    assert environment["SLURM_CONF"] == "/etc/slurm.conf"
    assert environment["SLURM_TIME_FORMAT"] == "%s"


@pytest.mark.parametrize("text", ["7 PENDING x 5", "7 PENDING 5", "<html>", "a b c d e"])
def test_rows_that_are_no_jobs_are_a_lost_controller(text):
    commands = SlurmCommands(program(f"print({text!r})"), ())
    with pytest.raises(ControllerLost, match="not a job"):
        commands.rows()


def test_the_journal_is_for_its_owner_only(journal):
    held(journal)
    assert os.stat(journal.path).st_mode & 0o077 == 0
    assert journal.records()[0]["event"] == "intend"
