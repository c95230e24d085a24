import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from traces import InputError, read_workload


def record(job=1, submit=0, run=10, allocated=-1, requested=2, estimate=20, memory=-1, status=1, after=-1):
    """One line of SWF; the fields that are not used are unknown."""
    return f"{job} {submit} -1 {run} {allocated} -1 -1 {requested} {estimate} {memory} {status}" + (
        f" -1 -1 -1 -1 -1 {after} -1"
    )


@pytest.fixture
def read(tmp_path):
    """Read these lines as an SWF file."""

    def read_lines(*lines, **options):
        path = tmp_path / "a.swf"
        path.write_text("\n".join(lines) + "\n", encoding="latin-1")
        return read_workload(path, **options)

    return read_lines


class TestFields:
    def test_processors_are_the_requested_ones_else_those_allocated(self, read):
        jobs = read(
            record(1, allocated=8, requested=4),
            record(2, allocated=8, requested=-1),
            record(3, requested=0, allocated=5),
        )
        assert jobs.cores.tolist() == [4, 8, 5]
        assert jobs.report.notes["processors_from_allocated"].count == 2

    def test_run_time_stands_in_for_an_unknown_estimate(self, read):
        jobs = read(
            record(1, run=7, estimate=-1), record(2, run=8, estimate=0), record(3, run=9, estimate=90)
        )
        assert jobs.estimate_s.tolist() == [7, 8, 90]
        assert jobs.report.repairs["estimate_from_run_time"].count == 2
        assert jobs.estimates == "user"

    def test_a_trace_without_estimates_is_marked_clairvoyant(self, read):
        assert read(record(1, estimate=-1), record(2, estimate=-1)).estimates == "run_time"

    def test_no_run_time_or_no_processors_is_no_job(self, read):
        jobs = read(
            record(1, run=-1), record(2, requested=-1), record(3, requested=0, allocated=0), record(4)
        )
        assert jobs.job_id.tolist() == [4]
        assert {code: found.count for code, found in jobs.report.skips.items()} == {
            "unknown_run_time": 1,
            "no_processors": 2,
        }
        assert (jobs.report.records, jobs.report.jobs_skipped) == (4, 3)

    def test_run_time_zero_stays_a_job(self, read):
        jobs = read(record(1, run=0))
        assert jobs.work_s.tolist() == [0]
        assert jobs.report.notes["zero_work"].count == 1

    def test_a_cancelled_job_that_ran_stays(self, read):
        jobs = read(record(1, status=5), record(2, status=5, run=-1))
        assert jobs.job_id.tolist() == [1]
        assert jobs.report.notes["cancelled"].count == 1

    def test_memory_is_of_the_whole_job_rounded_up(self, read):
        jobs = read(record(1, memory=1000, requested=3), record(2, memory=-1))
        assert jobs.memory_mib.tolist() == [3, 0]  # 3000 KiB

    def test_decimals_round_so_that_no_work_is_lost(self, read):
        jobs = read(record(1, submit="5.9", run="3.1", estimate="4.5"), record(2, submit="6.0", run="3.0"))
        assert (jobs.submit_s[0], jobs.work_s[0], jobs.estimate_s[0]) == (5, 4, 5)
        assert jobs.report.repairs["decimal"].count == 3

    def test_decimals_in_fields_not_used_are_no_matter(self, read):
        line = record(1).split()
        line[5] = "552.21"
        assert read(" ".join(line)).report.repairs == {}

    def test_jobs_come_in_submit_order_ties_in_file_order(self, read):
        jobs = read(record(5, submit=9), record(4, submit=3), record(3, submit=9), record(2, submit=3))
        assert jobs.job_id.tolist() == [4, 2, 5, 3]
        assert jobs.report.repairs["out_of_order"].count == 2

    def test_what_is_not_supported_is_noted(self, read):
        jobs = read(
            "; MaxProcs: 4", record(1, after=7), record(2, requested=5), record(3, run=99, estimate=9)
        )
        notes = {code: (found.count, found.line) for code, found in jobs.report.notes.items()}
        assert notes == {
            "dependencies_ignored": (1, 2),
            "larger_than_machine": (1, 3),
            "over_estimate": (1, 4),
        }

    def test_same_values_by_the_bulk_and_the_careful_path(self, read):
        lines = [record(k, submit=3 * k, run=k + 1, memory=k) for k in range(1, 50)]
        bulk = read(*lines)
        # An exponent sends the block through the path that goes line by line.
        careful = read(*lines[:-1], record(49, submit="1.47e2", run=50, memory=49))
        assert bulk.content_hash() == careful.content_hash()


class TestStrict:
    @pytest.mark.parametrize(
        ("line", "code"),
        [
            (record(2, run=-1), "unknown_run_time"),
            (record(2, requested=-1), "no_processors"),
            (record(2, estimate=-1), "estimate_from_run_time"),
            (record(2, run="1.5"), "decimal"),
            (record(2, submit=3), "out_of_order"),
        ],
    )
    def test_the_first_repair_or_skip_is_an_error(self, read, line, code):
        with pytest.raises(InputError, match=rf"a\.swf:2: .*\({code}\)"):
            read(record(1, submit=5), line, record(3, submit=9, run=-1), strict=True)

    def test_notes_are_allowed(self, read):
        assert len(read(record(1, run=0), record(2, status=5), strict=True)) == 2


class TestHeader:
    def test_calendar_zone_and_machine(self, read):
        jobs = read(
            "; UnixStartTime: 843480031",
            "; TimeZoneString: US/Pacific",
            "; MaxNodes: 25",
            "; MaxProcs: 100",
            record(1),
        )
        assert jobs.origin_utc == datetime(1996, 9, 23, 12, 0, 31, tzinfo=UTC)
        assert (jobs.zone, jobs.processors) == ("US/Pacific", 100)
        assert jobs.report.notes == {}

    @pytest.mark.parametrize("start", ["0", "-1", "99999999999999", "yesterday"])
    def test_no_start_time_means_no_calendar(self, read, start):
        assert read(f"; UnixStartTime: {start}", record(1)).origin_utc is None

    @pytest.mark.parametrize(
        ("text", "processors"),
        [
            ("240", 240),
            ("240 (120 dual nodes)", 240),
            ("240 processors in all", 240),
            ("128+2", None),
            ("~100", None),
            ("64 or 128", None),
            ("1,024", None),
            ("0", None),
            ("-1", None),
            ("unknown", None),
        ],
    )
    def test_sizes_that_are_not_plain_numbers(self, read, text, processors):
        jobs = read(f"; MaxProcs: {text}", record(1))
        assert jobs.processors == processors
        assert ("header_MaxProcs" in jobs.report.notes) == (text not in ("240", "-1"))

    def test_nodes_stand_in_for_processors(self, read):
        assert read("; MaxProcs: about 60", "; MaxNodes: 64", record(1)).processors == 64

    def test_an_unknown_zone_is_ignored_with_a_note(self, read):
        jobs = read("; TimeZoneString: Mars/Olympus", record(1))
        assert jobs.zone is None
        assert jobs.report.notes["header_TimeZoneString"].line == 1

    def test_comments_in_latin_1_and_between_records(self, read):
        assert len(read("; Note: Universität", record(1), "", "  ; a remark", record(2))) == 2


def test_gzip_is_told_by_content_whatever_the_name(tmp_path):
    packed, named = tmp_path / "packed.swf", tmp_path / "plain.swf.gz"
    packed.write_bytes(gzip.compress(record(1).encode()) + gzip.compress(b"\n" + record(2).encode()))
    named.write_text(record(1))
    assert (len(read_workload(packed)), len(read_workload(named))) == (2, 1)


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / "a.swf"
    path.write_bytes(b"\xef\xbb\xbf; MaxProcs: 8\r\n" + record(1).encode() + b"\r\n")
    assert read_workload(path).processors == 8


#: file -> records, jobs, skipped, repaired values, processors, estimates
WHOLE = {
    "KTH-SP2-1996-2.1-cln.swf.gz": (28476, 28475, 1, 0, 100, "user"),
    "SDSC-SP2-1998-4.2-cln.swf.gz": (59715, 54044, 5671, 35, 128, "user"),
    "HPC2N-2002-2.2-cln.swf.gz": (202871, 202871, 0, 0, 240, "user"),
    "SDSC-BLUE-2000-4.2-cln.swf.gz": (243306, 232562, 10744, 0, 1152, "user"),
    "LLNL-Atlas-2006-2.1-cln.swf.gz": (43778, 39207, 4571, 6294, 9216, "user"),
    "NASA-iPSC-1993-3.1-cln.swf.gz": (18239, 18239, 0, 18239, 128, "run_time"),
    "lublin_256.swf": (10000, 10000, 0, 10000, 256, "run_time"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_traces_load_and_every_record_is_accounted_for(shared, name):
    jobs = read_workload(shared / "data" / "workloads" / name)
    repaired = sum(found.count for found in jobs.report.repairs.values())
    found = (
        jobs.report.records,
        len(jobs),
        jobs.report.jobs_skipped,
        repaired,
        jobs.processors,
        jobs.estimates,
    )
    assert found == WHOLE[name]
    assert np.all(np.diff(jobs.submit_s) >= 0)
