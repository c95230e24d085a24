"""Accounts that a real Slurm 22.05 printed (tests/slurm/accounted_jobs.py made the files)."""

import sqlite3
from pathlib import Path

import pytest

from traces.errors import InputError
from traces.jobs.job_files import read_workload
from traces.jobs.job_formats import job_format
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_reader import read_accounts
from traces.jobs.workload import NO_CANCEL_S

RECORDED = Path(__file__).parent / "recorded"
TEXTS = ("steps.txt", "jobs-only.txt", "seconds.txt")


def jobs_of(name, **options):
    return read_accounts(RECORDED / name, SacctOptions(zone="UTC", **options)).workload


def table(workload):
    """(id, submit, cores, work, estimate, user) of each job that ran to its end."""
    rows = zip(
        workload.job_id.tolist(),
        workload.submit_s.tolist(),
        workload.cores.tolist(),
        workload.work_s.tolist(),
        workload.estimate_s.tolist(),
        workload.user.tolist(),
        strict=True,
    )
    return {row for row in rows if row[0] != 19}


@pytest.mark.parametrize("name", TEXTS)
def test_jobs_of_every_ending(name):
    workload = jobs_of(name)
    assert len(workload) == 17
    work_s = dict(zip(workload.job_id.tolist(), workload.work_s.tolist(), strict=True))
    cores = dict(zip(workload.job_id.tolist(), workload.cores.tolist(), strict=True))
    report = workload.report
    assert {code: finding.count for code, finding in report.repairs.items()} == {
        "delimiter_in_name": 1, "requeued": 1, "parts_joined": 1, "still_running": 1,
    }  # fmt: skip
    assert {code: finding.count for code, finding in report.skips.items()} == {"pending": 1}
    assert (work_s[1] > 60, cores[2], cores[14]) == (True, 2, 3)
    cancelled = [job for job, at in zip(workload.job_id, workload.cancel_s, strict=True) if at != NO_CANCEL_S]
    assert cancelled == [9, 11]
    assert set(workload.partition) == {"main", "debug"} and set(workload.user) == {"ada", "ben"}


def test_seconds_and_local_times_say_the_same():
    assert table(jobs_of("jobs-only.txt")) == table(jobs_of("seconds.txt")) == table(jobs_of("steps.txt"))


def test_without_earlier_tries_a_requeued_job_begins_at_its_last():
    every, last = jobs_of("jobs-only.txt"), jobs_of("latest-tries.txt")
    assert len(every) == len(last) == 17
    assert {row[0] for row in table(every) ^ table(last)} == {7}


def test_few_columns_in_another_order():
    workload = jobs_of("semicolons.txt")
    # Ids of tasks and parts are texts where the file has no JobIDRaw.
    assert {"12_1", "12_4", "11", "7"} <= set(workload.job_id)
    every = table(jobs_of("jobs-only.txt"))
    work_s = sorted(int(workload.work_s[row]) for row in range(len(workload)) if workload.job_id[row] != "19")
    assert work_s == sorted(row[3] for row in every)


def test_padded_columns_are_refused_with_what_to_do():
    with pytest.raises(InputError, match=r"padded.txt:1: is sacct's output in padded columns.*--parsable2"):
        jobs_of("padded.txt")


def test_the_format_is_recognised_by_its_header(tmp_path):
    for name in TEXTS:
        assert job_format(RECORDED / name, None).name == "sacct"
    csv = tmp_path / "saved.csv"
    csv.write_text((RECORDED / "seconds.txt").read_text())
    assert job_format(csv, None).name == "sacct"
    assert job_format(RECORDED / "padded.txt", None).name == "sacct"
    with pytest.raises(InputError, match="unknown format"):
        job_format(RECORDED / "qos.txt", None)


def test_read_workload_reads_it_and_leaves_cancelled_jobs_out():
    replayed = read_workload(RECORDED / "seconds.txt", cancellations="replay")
    skipped = read_workload(RECORDED / "seconds.txt")
    assert (len(replayed), len(skipped)) == (17, 15)
    assert skipped.report.skips["cancelled_while_waiting"].count == 2
    assert skipped.cancel_s is None


def test_a_database_of_slurm2sql(tmp_path):
    """Its columns and units are those of slurm2sql 0.9.9: seconds since 1970, limits in seconds, bytes."""
    path = tmp_path / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(
        "create table slurm (JobID text, JobIDRawonly int, JobName text, User text, Account text, State text,"
        " Timelimit real, Elapsed real, Submit int, Start int, End int, Partition text, NodeList text, "
        "NNodes int, AllocNodes int, ReqTRES text, AllocTRES text, NCPUS int, ReqCPUS int, AllocCPUS int, "
        "ReqMem real)"
    )
    ran = ("7", 7, "a|b", "ada", "climate", "COMPLETED", 300.0, 4.0, 1796039185, 1796039188, 1796039192,
           "main", "n1", 1, 1, "cpu=2,mem=4000M", "cpu=2", 2, 2, 2, 4194304000.0)  # fmt: skip
    step = ("7.batch", 7, "batch", None, "climate", "COMPLETED", None, 4.0, 1796039188, 1796039188,
            1796039192, None, "n1", 1, 1, None, "cpu=2,mem=0", 2, 2, 2, None)  # fmt: skip
    rest = ("8_[1-3]", 8, "w", "ben", "climate", "CANCELLED by 0", 600.0, 0.0, 1796039190, None, 1796039199,
            "main", "None assigned", 1, 0, "cpu=8", None, 8, 8, 8, None)  # fmt: skip
    connection.executemany(f"insert into slurm values ({','.join('?' * 21)})", [ran, step, rest])
    connection.commit()
    connection.close()
    before = path.read_bytes()
    assert job_format(path, None).name == "sacct"
    workload = read_accounts(path).workload
    assert workload.job_id.tolist() == [7, 8]
    assert workload.work_s.tolist() == [4, 600]
    assert workload.estimate_s.tolist() == [300, 600]
    assert workload.memory_mib.tolist() == [4000, 0]
    assert workload.cancel_s.tolist() == [NO_CANCEL_S, 14]
    assert workload.report.notes["steps"].line == 2
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["jobs.sqlite"]
