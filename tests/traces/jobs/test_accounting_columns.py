"""Columns that accounting brings: account, QOS and nice, through the constructor and both table formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from traces.errors import InputError
from traces.jobs.job_files import read_workload, write_workload
from traces.jobs.workload import LARGEST_NICE, Workload


def _jobs(**columns: object) -> Workload:
    return Workload.from_columns("w", submit_s=[0, 5], work_s=[1, 2], **columns)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_account_qos_and_nice_come_back_from_a_file(tmp_path: Path, suffix: str) -> None:
    jobs = _jobs(account=["bio", ""], qos=["", "high"], nice=[-5, LARGEST_NICE])
    path = tmp_path / f"jobs{suffix}"
    write_workload(jobs, path)
    read = read_workload(path)
    assert (read.account.tolist(), read.qos.tolist()) == (["bio", ""], ["", "high"])  # type: ignore[union-attr]
    assert read.nice.tolist() == [-5, LARGEST_NICE]  # type: ignore[union-attr]


def test_columns_that_say_nothing_are_not_written(tmp_path: Path) -> None:
    write_workload(_jobs(account=["", ""], nice=[0, 0]), tmp_path / "jobs.csv")
    read = read_workload(tmp_path / "jobs.csv")
    assert read.account is None and read.nice is None


def test_names_and_nice_leave_the_hash_of_a_trace_as_it_was() -> None:
    assert _jobs(account=["a", "b"], qos=["q", ""], nice=[1, 2]).content_hash() == _jobs().content_hash()


@pytest.mark.parametrize(
    ("columns", "problem"),
    [({"nice": [0, 2**31]}, "nice of job 2 is 2147483648"), ({"account": ["a\tb", ""]}, "account 'a")],
)
def test_what_they_cannot_be(columns: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        _jobs(**columns)


def test_a_nice_out_of_range_in_a_file_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("job_id,submit_s,cores,work_s,nice\n1,0,1,1,0\n2,0,1,1,99999999999\n")
    with pytest.raises(InputError, match=r"jobs.csv:3: nice is 99999999999"):
        read_workload(path)
