import os
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from docs.scripts.page_paths import page_path
from traces import NO_DEADLINE_S, NO_POWER, NO_VALUE, InputError, Workload, read_workload, write_workload
from traces.jobs.text_columns import repeated_ids

FULL = """# name: tiny
# start_utc: 2022-01-01T01:00:00+01:00
# zone: America/Chicago
# processors: 64
# made by hand
job_id,submit_s,cores,work_s,gpus,memory_gib,estimate_s,power_w,value,deadline_s,preemptible,partition,service_class
a,0,4,60,0.46,1.5,90,350.125,2.000001,3600,no,gpu,urgent
b,5,0,30,2,,,,,,,,
"""


@pytest.fixture
def read(tmp_path):
    """Read this text as a CSV file; a mapping may be given as TOML text."""

    def read_text(text, mapping=None, **options):
        path = tmp_path / "a.csv"
        path.write_text(text)
        if mapping is not None and "\n" in mapping:
            (tmp_path / "m.toml").write_text(mapping)
            mapping = tmp_path / "m.toml"
        return read_workload(path, mapping=mapping, **options)

    return read_text


class TestOwnFormat:
    def test_every_field_in_its_unit(self, read):
        jobs = read(FULL)
        assert jobs.job_id.tolist() == ["a", "b"]
        assert (jobs.gpus_milli.tolist(), jobs.memory_mib.tolist()) == ([460, 2000], [1536, 0])
        assert (jobs.power_mw.tolist(), jobs.value_u.tolist()) == ([350125, NO_POWER], [2000001, NO_VALUE])
        assert (jobs.deadline_s.tolist(), jobs.estimate_s.tolist()) == ([3600, NO_DEADLINE_S], [90, 30])
        assert (jobs.preemptible.tolist(), jobs.partition.tolist()) == ([False, True], ["gpu", ""])
        assert jobs.service_class.tolist() == ["urgent", ""]

    def test_lead_lines_tell_of_the_whole_trace(self, read):
        jobs = read(FULL)
        assert jobs.origin_utc == datetime(2022, 1, 1, tzinfo=UTC)
        assert (jobs.name, jobs.zone, jobs.processors) == ("tiny", "America/Chicago", 64)

    def test_four_columns_are_enough(self, read):
        jobs = read("work_s,cores,submit_s,job_id\n60,2,5,8\n50,1,4,7\n")
        assert jobs.job_id.tolist() == [7, 8]
        assert jobs.report.repairs["out_of_order"].count == 1
        assert jobs.estimates == "run_time"
        assert (jobs.partition, jobs.service_class) == (None, None)

    def test_memory_is_rounded_up_to_a_mebibyte_and_seconds_as_in_swf(self, read):
        jobs = read("job_id,submit_s,cores,work_s,memory_gib\n1,1.9,2,2.1,0.0001\n")
        assert (jobs.submit_s[0], jobs.work_s[0], jobs.memory_mib[0]) == (1, 3, 1)
        assert jobs.report.repairs["decimal"].count == 2

    def test_strict_names_the_line(self, read):
        with pytest.raises(InputError, match=r"a\.csv:3: .*rounded up.*2\.1"):
            read("job_id,submit_s,cores,work_s,estimate_s\n1,0,1,1,1\n2,0,1,2.1,3\n", strict=True)

    def test_quoted_cells(self, read):
        assert read('job_id,submit_s,cores,work_s\n"a,""b",0,1,1\n').job_id.tolist() == ['a,"b']


def everything():
    """A workload with every field set somewhere, at its extremes."""
    return Workload.from_columns(
        "every field, ümlaut",
        submit_s=[0, 0, 10**12],
        work_s=[0, 5, 10**12],
        estimate_s=[0, 9, 7],
        job_id=["x", "é 1", "-3"],
        cores=[0, 1, 10**9],
        gpus_milli=[1, 0, 1234567],
        memory_mib=[1, 0, 10**12],
        power_mw=[1, NO_POWER, 10**15],
        value_u=[0, NO_VALUE, 10**18 + 1],
        deadline_s=[0, NO_DEADLINE_S, 10**12],
        preemptible=np.array([True, False, True]),
        partition=["", "gpu", 'a "b", c'],
        service_class=["", "", "urgent"],
        origin_utc=datetime(1999, 12, 31, 23, 59, 59, 125000, tzinfo=UTC),
        zone="US/Pacific",
        processors=77,
        estimates="model",
    )


class TestRoundTrip:
    @pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
    @pytest.mark.parametrize("rows", [slice(0, 3), slice(1, 2)])
    def test_what_is_written_is_read_back_exactly(self, tmp_path, suffix, rows):
        jobs, path = everything().take(rows), tmp_path / f"w.{suffix}"
        write_workload(jobs, path)
        again = read_workload(path, strict=True)
        assert again.content_hash() == jobs.content_hash()
        assert (again.name, again.origin_utc) == (jobs.name, jobs.origin_utc)
        assert os.listdir(tmp_path) == [path.name]

    @pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
    def test_the_same_jobs_give_the_same_bytes(self, tmp_path, suffix):
        one, two = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
        write_workload(everything(), one)
        write_workload(everything(), two)
        assert one.read_bytes() == two.read_bytes()

    @pytest.mark.parametrize("name", ["w.swf", "w.txt", "w.parquet.gz", "none/w.csv", "bad\0.csv"])
    def test_a_file_that_cannot_be_written_leaves_nothing(self, tmp_path, name):
        with pytest.raises(InputError):
            write_workload(everything(), tmp_path / name)
        assert os.listdir(tmp_path) == []

    def test_a_folder_in_the_way_stays_as_it_was(self, tmp_path):
        (tmp_path / "w.csv").mkdir()
        with pytest.raises(InputError, match="cannot write"):
            write_workload(everything(), tmp_path / "w.csv")
        assert os.listdir(tmp_path) == ["w.csv"]


MAPPING = """
[columns.submit_s]
column = "arrived"
unit = "min"
[columns.work_s]
column = "ended"
minus = "began"
unit = "ms"
round = "nearest"
[columns.cores]
column = "mcpu"
unit = "milli"
round = "ceil"
[columns.memory_gib]
column = "bytes"
unit = "B"
[skip]
never_began = "began"
[file]
zone = "Asia/Tokyo"
processors = 12
start_utc = 2022-01-01T00:00:00Z
"""


class TestMapping:
    def test_units_differences_rounding_and_skips(self, read):
        text = "arrived,began,ended,mcpu,bytes,colour\n"
        text += "1.5,1000,3499,1001,1048577,red\n2,,4,1,1,\n3,0,1,2000,0,\n"
        jobs = read(text, MAPPING)
        assert (jobs.job_id.tolist(), jobs.submit_s.tolist()) == ([1, 3], [90, 180])
        assert (jobs.work_s.tolist(), jobs.cores.tolist(), jobs.memory_mib.tolist()) == (
            [2, 0],
            [2, 2],
            [2, 0],
        )
        assert (jobs.zone, jobs.processors) == ("Asia/Tokyo", 12)
        assert jobs.report.skips["never_began"].line == 3
        assert "decimal" not in jobs.report.repairs  # the mapping asked for the rounding

    def test_work_below_zero_names_both_columns(self, read):
        with pytest.raises(InputError, match=r"a\.csv:2: ended - began is -1; it must be 0 or more"):
            read("arrived,began,ended,mcpu,bytes\n1,1000,999,1000,0\n", MAPPING)

    def test_a_record_that_asks_for_nothing_is_skipped(self, read):
        jobs = read("arrival_time,length,cpus\n0,1,0\n1,1,2\n")
        assert jobs.report.skips["no_processors"].count == 1
        assert jobs.job_id.tolist() == [2]

    def test_built_in_by_name_or_by_its_columns(self, read):
        text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,deletion_time,scheduled_time\n"
        text += "p,1500,100,2,250,10,70,20\n"
        jobs = read(text)
        assert jobs.content_hash() == read(text, "openb").content_hash()
        assert (jobs.cores[0], jobs.gpus_milli[0], jobs.work_s[0], jobs.memory_mib[0]) == (2, 500, 50, 100)
        assert jobs.report.notes["mapping"].value == "openb"

    def test_parquet_takes_a_mapping_too(self, tmp_path):
        import pyarrow.parquet

        table = pyarrow.table(
            {"arrival_time": [0.0, 0.5769444444444503], "length": [25.5, 1.0], "cpus": [1, 2]}
        )
        pyarrow.parquet.write_table(table, tmp_path / "g.parquet")
        jobs = read_workload(tmp_path / "g.parquet")
        assert (jobs.submit_s.tolist(), jobs.work_s.tolist()) == ([0, 2077], [91800, 3600])


def test_the_alibaba_trace_loads(shared):
    jobs = read_workload(shared / "data" / "workloads" / "openb_pod_list_default.csv")
    assert (jobs.report.records, len(jobs)) == (8152, 7255)
    assert {code: found.count for code, found in jobs.report.skips.items()} == {"never_scheduled": 897}
    assert (jobs.cores[0], jobs.gpus_milli[1], jobs.work_s[0]) == (12, 460, 12537496)


def test_the_gaia_trace_loads_without_rounding_away_a_second(shared):
    jobs = read_workload(shared / "data" / "workloads" / "gaia_pai-100k.csv.gz")
    assert (len(jobs), jobs.report.jobs_skipped) == (99998, 0)
    assert jobs.submit_s[:2].tolist() == [0, 2077]
    assert int(jobs.cores.max()) == 400


def test_the_examples_of_the_documentation_load(read):
    text = page_path("workload-format.md").read_text(encoding="utf-8")
    table, mapping = re.findall(r"^```(?:csv|toml)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(read(table)) == 2
    rows = "arrival_time,deletion_time,scheduled_time,cpu_milli\n1,20,10,1500\n2,9,,1\n"
    assert read(rows, mapping).report.skips["never_scheduled"].count == 1


class TestWorkload:
    def test_an_instant_beyond_the_calendar_is_an_error(self):
        jobs = self.jobs(origin_utc=datetime(2020, 1, 1, tzinfo=UTC))
        assert jobs.utc(86400) == datetime(2020, 1, 2, tzinfo=UTC)
        with pytest.raises(InputError, match="year 9999"):
            jobs.utc(10**12)

    def jobs(self, **others):
        return Workload.from_columns("w", submit_s=[0, 10, 10, 20], work_s=[1, 2, 3, 4], **others)

    def test_select_is_half_open_by_index(self):
        assert self.jobs().select(1, 3).job_id.tolist() == [2, 3]
        assert len(self.jobs().select(2)) == 2

    @pytest.mark.parametrize("bounds", [(0, 5), (2, 2), (3, 1), (-1, 2)])
    def test_select_outside_the_trace_is_an_error(self, bounds):
        with pytest.raises(InputError, match="of 4"):
            self.jobs().select(*bounds)

    def test_between_is_half_open_by_calendar(self):
        origin = datetime(2020, 1, 1, tzinfo=UTC)
        jobs = self.jobs(origin_utc=origin)
        assert jobs.between(origin, origin.replace(second=20)).job_id.tolist() == [1, 2, 3]
        assert jobs.between(origin.replace(microsecond=1)).job_id.tolist() == [2, 3, 4]
        with pytest.raises(InputError, match="no job between"):
            jobs.between(origin.replace(second=21))
        with pytest.raises(InputError, match="time zone"):
            jobs.between(datetime(2020, 1, 1))
        with pytest.raises(InputError, match="no calendar"):
            self.jobs().between(origin)

    def test_columns_cannot_be_changed(self):
        source = np.array([0, 10, 10, 20])
        jobs = Workload.from_columns("w", submit_s=source, work_s=source)
        source[0] = 99
        assert jobs.submit_s[0] == 0
        with pytest.raises(ValueError, match="read-only"):
            jobs.submit_s[0] = 5

    def test_the_hash_sees_every_column_and_not_the_name(self):
        jobs = everything()
        hashes = {jobs.content_hash()}
        for column in ("cores", "work_s", "estimate_s", "memory_mib", "value_u"):
            values = getattr(jobs, column).copy()
            values[1] += 1
            hashes.add(Workload(**{**as_dict(jobs), column: values}).content_hash())
        hashes.add(Workload(**{**as_dict(jobs), "zone": None}).content_hash())
        hashes.add(Workload(**{**as_dict(jobs), "service_class": None}).content_hash())
        assert len(hashes) == 8
        assert Workload(**{**as_dict(jobs), "name": "other"}).content_hash() in hashes

    @pytest.mark.parametrize(
        "wrong",
        [
            {"cores": 0},
            {"cores": -1},
            {"cores": 1.5},
            {"cores": [1, 2]},
            {"job_id": [1, 2, 3, 3]},
            {"job_id": ["a", "b", "c", ""]},
            {"partition": ["a", "b", "c", "d\n"]},
            {"deadline_s": 5},
            {"gpus_milli": 10**13},
            {"preemptible": 1},
            {"zone": "Nowhere"},
            {"processors": 0},
            {"estimates": "guess"},
            {"origin_utc": datetime(2020, 1, 1)},
        ],
    )
    def test_the_constructor_refuses(self, wrong):
        with pytest.raises(InputError):
            self.jobs(**wrong)


def as_dict(jobs):
    return {name: getattr(jobs, name) for name in jobs.__dataclass_fields__}


@pytest.mark.parametrize(
    "ids", [[1, 2, 3], [3, 1, 2], [2, 2, 1, 2], [1], [], ["a", "b"], ["b", "a", "b", "b"], [5, 1, 5, 1]]
)
def test_repeated_ids_are_those_that_came_before(ids):
    array = np.array(ids, dtype=object if ids and isinstance(ids[0], str) else np.int64)
    assert repeated_ids(array).tolist() == [each in ids[:place] for place, each in enumerate(ids)]
