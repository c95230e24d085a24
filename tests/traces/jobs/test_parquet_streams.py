"""Parquet tables of whole numbers: read by row groups, without a text for each cell, with the same result."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks.year_site import write_site
from traces import InputError, Workload, read_workload, write_workload
from traces.jobs.readers import parquet_jobs

JOBS = 2_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A site of several row groups, and the same jobs in a single one and as text."""
    folder = tmp_path_factory.mktemp("site")
    write_site(folder / "groups.parquet", JOBS, chunk=300)
    table = pd.read_parquet(folder / "groups.parquet")
    table.to_parquet(folder / "one.parquet", index=False)
    table.to_csv(folder / "one.csv", index=False)
    return folder


def hash_of(jobs):
    return dataclasses.replace(jobs, processors=None).content_hash()


def test_row_groups_and_one_read_and_text_give_the_same_jobs(folder):
    import pyarrow.parquet

    assert pyarrow.parquet.ParquetFile(folder / "groups.parquet").num_row_groups == 7
    jobs = read_workload(folder / "groups.parquet")
    assert len(jobs) == JOBS and jobs.processors > 64
    assert hash_of(jobs) == hash_of(read_workload(folder / "one.parquet"))
    assert hash_of(jobs) == hash_of(read_workload(folder / "one.csv"))


def test_whole_numbers_are_read_without_texts(folder, monkeypatch):
    def no_texts(*_):
        raise AssertionError("a column of whole numbers went through texts")

    monkeypatch.setattr(parquet_jobs, "_cells", no_texts)
    assert len(read_workload(folder / "groups.parquet")) == JOBS


def test_columns_that_the_table_lacks_take_no_memory(folder):
    jobs = read_workload(folder / "groups.parquet")
    for column in (jobs.gpus_milli, jobs.memory_mib, jobs.power_mw, jobs.value_u, jobs.deadline_s):
        assert column.shape == (JOBS,) and column.strides == (0,) and not column.flags.writeable
    part = jobs.take(np.arange(JOBS) % 2 == 0)
    assert part.deadline_s.shape == (JOBS // 2,) and part.select(3, 9).preemptible.tolist() == [True] * 6


def test_some_missing_cells_go_through_texts_and_the_rest_does_not(tmp_path):
    import pyarrow
    import pyarrow.parquet

    table = {"job_id": [7, 8, 9, 10], "submit_s": [0, 5, 5, 9], "cores": [1, 2, 3, 4], "work_s": [5, 6, 7, 8]}
    table["estimate_s"] = [10, 20, None, 40]
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet", row_group_size=2)
    jobs = read_workload(tmp_path / "a.parquet")
    assert jobs.estimate_s.tolist() == [10, 20, 7, 40]
    assert jobs.job_id.tolist() == [7, 8, 9, 10] and jobs.job_id.dtype == np.int64
    assert jobs.report.repairs["estimate_from_run_time"].line == 3


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("job_id", [1, 2, 1], r"row 3: job_id '?1'? was given before, by the record at .* row 1"),
        ("cores", [1, -2, 1], "row 2.*cores is -2"),
        ("work_s", [1, 10**17, 1], "row 2.*work_s is 100000000000000000, more than"),
    ],
)
def test_what_is_wrong_is_refused_as_in_text(tmp_path, column, values, found):
    table = pd.DataFrame(
        {"job_id": [1, 2, 3], "submit_s": [0, 1, 2], "cores": [1, 1, 1], "work_s": [1, 1, 1]}
    )
    table[column] = values
    table.to_parquet(tmp_path / "a.parquet", index=False)
    table.to_csv(tmp_path / "a.csv", index=False)
    messages = []
    for name in ("a.parquet", "a.csv"):
        with pytest.raises(InputError) as caught:
            read_workload(tmp_path / name)
        messages.append(str(caught.value))
    assert re.search(found, messages[0])
    assert (
        messages[0].rpartition(": ")[2].split(" by ")[0] == messages[1].rpartition(": ")[2].split(" by ")[0]
    )


def test_jobs_out_of_order_are_sorted_and_units_are_kept(tmp_path):
    table = pd.DataFrame(
        {
            "job_id": [3, 1, 2],
            "submit_s": [9, 0, 5],
            "cores": [1, 2, 3],
            "work_s": [4, 5, 6],
            "gpus": [0, 1, 2],
        }
    )
    table["power_w"] = [100, 200, 300]
    table.to_parquet(tmp_path / "a.parquet", index=False)
    jobs = read_workload(tmp_path / "a.parquet")
    assert jobs.job_id.tolist() == [1, 2, 3] and jobs.work_s.tolist() == [5, 6, 4]
    assert jobs.gpus_milli.tolist() == [1000, 2000, 0] and jobs.power_mw.tolist() == [
        200_000,
        300_000,
        100_000,
    ]


def test_a_workload_read_so_can_be_written_and_read_again(folder, tmp_path):
    jobs = read_workload(folder / "groups.parquet")
    write_workload(jobs, tmp_path / "again.parquet")
    assert read_workload(tmp_path / "again.parquet").content_hash() == jobs.content_hash()


def test_a_column_of_one_value_is_private():
    value = np.array(3)
    jobs = Workload.from_columns(
        "jobs", submit_s=[0, 1], work_s=[1, 1], cores=np.broadcast_to(value, (2,)), value_u=5
    )
    value[...] = 4
    assert jobs.cores.tolist() == [3, 3] and jobs.value_u.tolist() == [5, 5]
    with pytest.raises(ValueError, match="read-only"):
        jobs.cores[0] = 1
