"""Parquet files that come from a data frame with an index: stored as a column, or only in the metadata."""

import json

import numpy as np
import pandas as pd
import pytest

from traces import InputError, read_workload


def frame(**others):
    return pd.DataFrame(
        {"job_id": [11, 12, 13], "submit_s": [0, 5, 9], "cores": [1, 2, 3], "work_s": [10, 20, 30], **others}
    )


@pytest.fixture
def read(tmp_path):
    """Read a data frame that was stored as it is."""

    def read_frame(table, mapping=None, **options):
        table.to_parquet(tmp_path / "a.parquet", **options)
        return read_workload(tmp_path / "a.parquet", mapping=mapping)

    return read_frame


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([3, 1, 7]),  # __index_level_0__, as after selecting rows
        pd.Index(["x", "y", "z"], name="row"),
        pd.date_range("2022-01-01", periods=3, name="arrived"),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["queue", "place"]),
        pd.RangeIndex(3),
        pd.RangeIndex(5, 11, 2, name="row"),
    ],
    ids=str,
)
def test_an_index_that_is_no_field_is_left_out(read, index):
    plain = read(frame(), index=False)
    jobs = read(frame().set_index(index))
    assert jobs.content_hash() == plain.content_hash()
    stored = not isinstance(index, pd.RangeIndex)
    assert ("index_left_out" in jobs.report.notes) == stored


def test_an_index_that_is_the_job_id_is_read(read):
    plain = read(frame(), index=False)
    assert read(frame().set_index("job_id")).content_hash() == plain.content_hash()
    assert read(frame().set_index(["submit_s", "job_id"])).content_hash() == plain.content_hash()


def test_a_numbering_that_is_only_in_the_metadata_is_the_job_id_if_it_has_that_name(read):
    table = frame().drop(columns="job_id").set_index(pd.RangeIndex(100, 103, name="job_id"))
    assert read(table).job_id.tolist() == [100, 101, 102]


def test_an_index_written_again_by_another_library_is_left_out(tmp_path):
    import pyarrow.parquet

    table = pyarrow.Table.from_pandas(frame().set_index(pd.Index([3, 1, 7])))
    pyarrow.parquet.write_table(table.replace_schema_metadata(None), tmp_path / "a.parquet")
    assert read_workload(tmp_path / "a.parquet").job_id.tolist() == [11, 12, 13]


def test_a_mapping_may_name_the_index(read, tmp_path):
    (tmp_path / "m.toml").write_text(
        '[columns.job_id]\ncolumn = "pod"\n[columns.submit_s]\ncolumn = "a"\n'
        '[columns.work_s]\ncolumn = "b"\n[columns.cores]\ncolumn = "c"\n'
    )
    table = pd.DataFrame({"a": [0, 1], "b": [5, 6], "c": [1, 1]}, index=pd.Index(["p", "q"], name="pod"))
    assert read(table, tmp_path / "m.toml").job_id.tolist() == ["p", "q"]
    table = table.set_index(pd.RangeIndex(40, 42, name="pod"))
    assert read(table, tmp_path / "m.toml").job_id.tolist() == [40, 41]


def test_an_unknown_column_beside_the_index_is_still_an_error(read):
    with pytest.raises(InputError, match="unknown column 'colour'"):
        read(frame(colour="red").set_index(pd.Index([3, 1, 7])))


def test_ids_that_pandas_keeps_as_floats_are_whole(read):
    table = frame(gpus=[np.nan, 0.5, 1.0])
    table["job_id"] = table["job_id"].astype(float)
    table["partition"] = [1.0, 2.0, np.nan]
    jobs = read(table)
    assert jobs.job_id.tolist() == [11, 12, 13]
    assert jobs.partition.tolist() == ["1", "2", ""]
    assert jobs.gpus_milli.tolist() == [0, 500, 1000]


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"index_columns": 5}',
        b'{"index_columns": [{"kind": "range"}]}',
        b'{"index_columns": [{"kind": "range", "name": "job_id", "start": 0, "stop": 9, "step": 0}]}',
        b'{"index_columns": [{"kind": "range", "name": "job_id", "start": 0, "stop": 1e99, "step": 1}]}',
        b'{"index_columns": [{"kind": "range", "name": "job_id", "start": 0, "stop": 99, "step": 1}]}',
        b"[" * 100_000,
    ],
)
def test_metadata_that_is_no_index_is_none(tmp_path, metadata):
    import pyarrow.parquet

    table = pyarrow.Table.from_pandas(frame(), preserve_index=False)
    pyarrow.parquet.write_table(table.replace_schema_metadata({b"pandas": metadata}), tmp_path / "a.parquet")
    assert len(read_workload(tmp_path / "a.parquet")) == 3
    table = table.drop_columns("job_id").replace_schema_metadata({b"pandas": metadata})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="column job_id is missing"):
        read_workload(tmp_path / "a.parquet")


def test_pandas_writes_the_metadata_that_is_read_here(tmp_path):
    import pyarrow.parquet

    frame().set_index(pd.RangeIndex(3, name="row")).to_parquet(tmp_path / "a.parquet")
    stored = pyarrow.parquet.ParquetFile(tmp_path / "a.parquet").schema_arrow.metadata[b"pandas"]
    assert json.loads(stored)["index_columns"][0]["name"] == "row"


def test_the_index_column_of_a_csv_table_is_left_out(tmp_path):
    frame().to_csv(tmp_path / "a.csv")
    jobs = read_workload(tmp_path / "a.csv")
    assert (jobs.job_id.tolist(), jobs.report.notes["index_left_out"].count) == ([11, 12, 13], 1)
