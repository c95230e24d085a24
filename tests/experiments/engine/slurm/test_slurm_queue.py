"""What Slurm says about jobs, read from answers of Slurm 22.05. The commands here are scripts of the test."""

import os

import pytest

from experiments.engine.slurm import slurm_queue
from experiments.engine.slurm.slurm_queue import JobEnd, LiveJob
from traces.errors import InputError


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """A function that puts a command onto an otherwise empty PATH; it prints a text and exits with a code."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, text="", code=0, to=1):
        script = folder / name
        (folder / f"{name}.txt").write_text(text)
        script.write_text(f"#!/bin/sh\n/bin/cat {folder}/{name}.txt >&{to}\nexit {code}\n")
        script.chmod(0o755)
        return script

    return put


def controller(state, reason="None", code="0:0"):
    return f"JobId=7 JobName=rare-1 JobState={state} Reason={reason} Requeue=0 ExitCode={code}\n"


def test_jobs_that_complete_are_not_alive(commands):
    commands("squeue", "12|RUNNING|None\n13|PENDING|(a|b)\n14|COMPLETING|None\n")
    assert slurm_queue.live_jobs("rare-1") == {
        "12": LiveJob("RUNNING", "None"),
        "13": LiveJob("PENDING", "(a|b)"),
    }


def test_no_answer_is_not_an_empty_queue(commands):
    assert slurm_queue.live_jobs("rare-1") is None
    commands("squeue", "slurm_load_jobs error: Unable to contact slurm controller", code=1, to=2)
    assert slurm_queue.live_jobs("rare-1") is None
    commands("squeue")
    assert slurm_queue.live_jobs("rare-1") == {}


def test_a_users_own_format_of_squeue_does_not_matter(commands, monkeypatch):
    monkeypatch.setenv("SQUEUE_STATES", "PENDING")
    commands("squeue").write_text('#!/bin/sh\necho "1|STATES${SQUEUE_STATES}|"\n')
    assert slurm_queue.live_jobs("rare-1") == {"1": LiveJob("STATES")}


@pytest.mark.parametrize(
    ("answer", "end", "words"),
    [
        (controller("TIMEOUT", "TimeLimit"), JobEnd("7", "TIMEOUT"), "Slurm job 7 TIMEOUT"),
        (controller("COMPLETING", "TimeLimit"), JobEnd("7", "TIMEOUT"), "Slurm job 7 TIMEOUT"),
        (
            controller("FAILED", "NonZeroExitCode", "3:0"),
            JobEnd("7", "FAILED", 3),
            "Slurm job 7 FAILED with exit status 3",
        ),
        (
            controller("FAILED", "NonZeroExitCode", "0:9"),
            JobEnd("7", "FAILED", 0, 9),
            "Slurm job 7 FAILED by SIGKILL",
        ),
        (
            controller("OUT_OF_MEMORY", code="0:125"),
            JobEnd("7", "OUT_OF_MEMORY", 0, 125),
            "Slurm job 7 OUT_OF_MEMORY",
        ),
    ],
)
def test_the_controller_knows_how_a_job_ended(commands, answer, end, words):
    commands("scontrol", answer)
    assert slurm_queue.job_end("7") == end
    assert str(end) == words


@pytest.mark.parametrize("state", ["RUNNING", "PENDING", "COMPLETING", "SUSPENDED"])
def test_a_job_that_goes_on_has_no_end(commands, state):
    commands("scontrol", controller(state))
    commands("sacct", f"{state}|0:0\n")
    assert slurm_queue.job_end("7") is None


def test_accounts_know_what_the_controller_forgot(commands):
    commands("scontrol", "slurm_load_jobs error: Invalid job id specified", code=1, to=2)
    assert slurm_queue.job_end("7") is None  # no accounts either
    commands("sacct", "CANCELLED by 1000|0:15\n")
    assert slurm_queue.job_end("7") == JobEnd("7", "CANCELLED", 0, 15)


CANCELLED = "slurmstepd-n1: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-29T23:26:35"
OUT_OF_MEMORY = (
    "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.batch. Some of your processes may have been "
    "killed by the cgroup out-of-memory handler."
)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (f"{CANCELLED} DUE TO TIME LIMIT ***", "TIMEOUT"),
        (f"{CANCELLED} DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***", "NODE_FAIL"),
        (f"{CANCELLED} DUE TO PREEMPTION ***", "PREEMPTED"),
        (OUT_OF_MEMORY, "OUT_OF_MEMORY"),
    ],
)
def test_the_log_tells_before_the_controller_does(tmp_path, text, state):
    log = tmp_path / "7.log"
    assert slurm_queue.end_in_log(log, "7") is None
    log.write_text("x" * 100_000 + f"\n{text}\nmore\n")
    assert slurm_queue.end_in_log(log, "7") == JobEnd("7", state)


def test_a_job_that_somebody_cancelled_has_no_reason_in_its_log(tmp_path):
    log = tmp_path / "7.log"
    log.write_text(f"{CANCELLED} ***\n")
    assert slurm_queue.end_in_log(log, "7") is None


def test_a_log_of_a_worker_that_was_killed(tmp_path):
    log = tmp_path / "7.log"
    log.write_text(
        "2026 - distributed.nanny - INFO - Worker process 12 was killed by signal 9\n"
        "2026 - distributed.nanny - INFO - Worker process 123 exited with status 4\n"
    )
    assert slurm_queue.death_in_log(log, 12) == "killed by SIGKILL, perhaps because memory ran out"
    assert slurm_queue.death_in_log(log, 123) == "exited with status 4"
    assert slurm_queue.death_in_log(log, 1) == ""
    assert slurm_queue.last_line(log).endswith("Worker process 123 exited with status 4")


def test_what_sbatch_refuses(commands):
    commands("sbatch", "sbatch: Job 5 to start at 2026-11-29T23:26:35\n", to=2)
    assert slurm_queue.rejection("#!/bin/sh\n") is None
    text = (
        "sbatch: error: invalid partition specified: absent\n"
        "sbatch: error: Batch job submission failed: Invalid partition name specified\n"
    )
    commands("sbatch", text, code=1, to=2)
    assert slurm_queue.rejection("#!/bin/sh\n") == (
        "invalid partition specified: absent; Batch job submission failed: Invalid partition name specified"
    )


def test_without_slurm_the_other_ways_are_named(commands):
    with pytest.raises(InputError, match="there is no sbatch on this machine.*docs/guides/clusters.md"):
        slurm_queue.need_commands()
    for name in slurm_queue.COMMANDS:
        commands(name)
    slurm_queue.need_commands()
    assert os.environ["PATH"]
