"""Job traces as archives and spreadsheets write them."""

from __future__ import annotations

import gzip
from typing import Any

from tests.public_cases.files import place, write, write_lines
from tests.public_cases.registry import case, refusal
from traces import read_workload

AREA = "workload files"
SWF = "SWF 2.2, Parallel Workloads Archive"


def swf(number: int, submit: Any = 0, run: Any = 10, **others: Any) -> str:
    """A record of 18 fields; what is not given is -1, the status 1."""
    fields: list[Any] = [-1] * 18
    fields[:5] = [number, submit, 0, run, others.get("allocated", 2)]
    fields[7:11] = [
        others.get("requested", 2),
        others.get("estimate", 20),
        others.get("memory", -1),
        others.get("status", 1),
    ]
    fields[16] = others.get("after", -1)
    return " ".join(str(field) for field in fields)


def read(*lines: str, **options: Any) -> Any:
    return read_workload(write_lines(list(lines), "trace.swf"), **options)


def csv(text: str, name: str = "jobs.csv", **options: Any) -> Any:
    return read_workload(write(text, name), **options)


@case(AREA, [[0, 11], 1], "all times move by one second, and it is counted", "an archive's own cleaned trace")
def a_first_submit_of_minus_one_moves_the_trace() -> Any:
    jobs = read(swf(1, -1), swf(2, 10))
    return [jobs.submit_s.tolist(), jobs.report.repairs["negative_submit"].count]


@case(AREA, "refused", "strict allows no repair", "an archive's own cleaned trace")
def strict_refuses_a_negative_submit() -> Any:
    return refusal(lambda: read(swf(1, -1), swf(2, 10), strict=True), "trace.swf", "-1")


@case(AREA, [[2], 1], "-1 is unknown: such a record is no job", SWF)
def a_run_time_of_minus_one_is_skipped_and_counted() -> Any:
    jobs = read(swf(1, 0, -1), swf(2, 5))
    return [jobs.job_id.tolist(), jobs.report.jobs_skipped]


@case(AREA, [4, 3], "field 5 stands in where field 8 is unknown", SWF)
def unknown_requested_processors_are_the_allocated_ones() -> Any:
    return read(swf(1, requested=-1, allocated=4), swf(2, 1, requested=3, allocated=4)).cores.tolist()


@case(AREA, [[2], 1], "neither field knows the processors", SWF)
def a_job_without_processors_is_skipped() -> Any:
    jobs = read(swf(1, requested=-1, allocated=0), swf(2, 5))
    return [jobs.job_id.tolist(), jobs.report.jobs_skipped]


@case(
    AREA,
    [10, 10, 20],
    "no estimate (-1) or an empty one (0): the run time stands in",
    "flux-sched #224 (0 s)",
)
def an_estimate_of_zero_is_the_run_time() -> Any:
    return read(swf(1, estimate=-1), swf(2, 1, estimate=0), swf(3, 2)).estimate_s.tolist()


@case(
    AREA,
    [[2, 3, 1], [0, 4, 9]],
    "ordered by submit; the numbers stay",
    "SWF 2.2: lines are sorted by submit",
)
def lines_out_of_order_are_sorted() -> Any:
    jobs = read(swf(1, 9), swf(2, 0), swf(3, 4))
    return [jobs.job_id.tolist(), jobs.submit_s.tolist()]


@case(AREA, "refused", "two summaries of one number are two jobs", SWF)
def one_number_for_two_jobs_is_refused() -> Any:
    return refusal(lambda: read(swf(7, 0), swf(8, 1), swf(7, 5)), "trace.swf", "7")


PARTS = (swf(1, 5, 10, status=2), swf(1, -1, 20, status=2), swf(1, -1, 7, status=3))


@case(AREA, [[1], [5], [37]], "10 + 20 + 7 s of one job, submitted at 5", SWF + ": statuses 2 to 4")
def partial_executions_are_one_job() -> Any:
    jobs = read(*PARTS)
    return [jobs.job_id.tolist(), jobs.submit_s.tolist(), jobs.work_s.tolist()]


@case(AREA, [[1], [4], [35]], "the line that sums the job up counts, parts are not added to it", SWF)
def a_summary_line_counts_once() -> Any:
    jobs = read(swf(1, 4, 35), *PARTS)
    return [jobs.job_id.tolist(), jobs.submit_s.tolist(), jobs.work_s.tolist()]


@case(AREA, [[0], 0], "less than half a second, rounded: a job all the same", SWF + ", field 4")
def a_run_time_of_zero_is_a_job() -> Any:
    jobs = read(swf(1, 0, 0))
    return [jobs.work_s.tolist(), jobs.report.jobs_skipped]


@case(AREA, [10, 4], "floating point is allowed for times: submit down, run time up", SWF + ", field 4")
def times_with_decimals_are_read() -> Any:
    jobs = read(swf(1, 10.5, 3.2))
    return [int(jobs.submit_s[0]), int(jobs.work_s[0])]


@case(AREA, ["1996-01-01T00:00:00+00:00", "US/Pacific", 128], "9,496 days after 1970", SWF + ", header")
def the_header_gives_instant_zone_and_size() -> Any:
    jobs = read("; MaxProcs: 128", "; UnixStartTime: 820454400", "; TimeZoneString: US/Pacific", swf(1))
    return [jobs.origin_utc.isoformat(), jobs.zone, jobs.processors]


@case(AREA, [1, 2], "comments, blank lines, tabs and outer spaces mean nothing", SWF)
def spaces_and_comments_are_passed_over() -> Any:
    return read("; a comment", "", "  " + swf(1).replace(" ", "\t") + "  ", ";", swf(2, 1)).job_id.tolist()


@case(AREA, "refused", "the line is named", SWF + ": 18 fields")
def a_line_of_seventeen_fields_is_refused() -> Any:
    return refusal(lambda: read(swf(1), swf(2, 1).rpartition(" ")[0]), "trace.swf", "2", "17")


@case(AREA, 8, "2,048 kB a processor on 4 of them", SWF + ", field 10")
def memory_is_a_processors_share() -> Any:
    return int(read(swf(1, requested=4, memory=2048)).memory_mib[0])


@case(AREA, [[5], 1], "cancelled while it ran: it used its processors", SWF + ": status 5")
def a_cancelled_job_that_ran_is_a_job() -> Any:
    jobs = read(swf(1, 0, 5, status=5), swf(2, 1, -1, status=5))
    return [jobs.work_s.tolist(), jobs.report.jobs_skipped]


@case(AREA, 1, "it asks for more than MaxProcs", "flux-sched PR 859")
def a_job_larger_than_the_header_is_noted() -> Any:
    return read("; MaxProcs: 4", swf(1, requested=8)).report.notes["larger_than_machine"].count


@case(AREA, 1, "30 s of 20 s asked for", "batsim #4; jade PR 66")
def a_run_beyond_its_estimate_is_noted() -> Any:
    return read(swf(1, 0, 30)).report.notes["over_estimate"].count


@case(AREA, [1, 2], "gzip is known by its content", "archives serve .swf.gz")
def a_packed_trace_under_a_plain_name_is_read() -> Any:
    path = place("trace.swf")
    path.write_bytes(gzip.compress((swf(1) + "\n" + swf(2, 1) + "\n").encode()))
    return read_workload(path).job_id.tolist()


TABLE = "job_id,submit_s,cores,work_s,estimate_s\n1,0,3,10,10\n2,1,6,20,20\n"


@case(
    AREA, [1, 2], "the byte order mark is no part of the first name", "csvql #103, orange3 #7000 and others"
)
def a_byte_order_mark_is_passed_over() -> Any:
    return csv("\ufeff" + TABLE).job_id.tolist()


@case(AREA, [10, 20], "lines of Windows end with CR LF", "node-csv-parse #284")
def carriage_returns_are_passed_over() -> Any:
    path = place("jobs.csv")
    path.write_bytes(TABLE.replace("\n", "\r\n").encode())
    return read_workload(path).work_s.tolist()


@case(AREA, "refused", "the first record would become the header", "pytorch tutorials PR 1708, CSV.jl #392")
def a_table_without_names_is_refused() -> Any:
    return refusal(lambda: csv("7,0,3,10,20\n8,1,6,20,30\n"), ":1:")


@case(AREA, "refused", "names behind a # are a comment", "numpy's savetxt writes such headers")
def names_behind_a_hash_are_refused() -> Any:
    return refusal(lambda: csv("# job_id,submit_s,cores,work_s\n7,0,3,10\n8,1,6,20\n"))


@case(AREA, [1, 2], "Excel's line declares the delimiter and is no record", "pandas #47303, rainbow_csv #108")
def a_sep_line_is_understood() -> Any:
    return csv("sep=;\n" + TABLE.replace(",", ";")).job_id.tolist()


@case(AREA, [3, 6], "the index of a data frame is no field of a job", "polars #7291, buildstockbatch #69")
def a_parquet_file_with_an_index_of_pandas_is_read() -> Any:
    import pandas as pd

    path = place("jobs.parquet")
    table = {
        "job_id": [1, 2],
        "submit_s": [0, 1],
        "cores": [3, 6],
        "work_s": [10, 20],
        "estimate_s": [10, 20],
    }
    frame = pd.DataFrame(table, index=[4, 7])
    frame.to_parquet(path)
    return read_workload(path).cores.tolist()


@case(AREA, [1, 2], "to_csv writes a first column without a name", "pandas' to_csv default")
def a_csv_file_with_an_index_of_pandas_is_read() -> Any:
    return csv(",job_id,submit_s,cores,work_s\n0,1,0,3,10\n1,2,1,6,20\n").job_id.tolist()


@case(AREA, "refused", "not a number is not a time", "hpc-cost-simulator #16")
def a_cell_that_is_no_number_is_refused() -> Any:
    return refusal(lambda: csv("job_id,submit_s,cores,work_s\n1,0,1,nan\n"), ":2:", "nan")


@case(AREA, "refused", "an end before the beginning", "apel PR 153: durations below zero")
def a_negative_run_time_is_refused() -> Any:
    return refusal(lambda: csv("job_id,submit_s,cores,work_s\n1,0,1,-16\n"), ":2:", "-16")
