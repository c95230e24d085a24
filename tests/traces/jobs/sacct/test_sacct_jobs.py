"""Which rows of sacct are jobs, and what they become: one case for each way a row can be."""

import numpy as np
import pytest

from tests.traces.jobs.sacct.printed import GIVEN_UP, PENDING, accounts, printed
from traces.errors import InputError
from traces.jobs.workload import NO_CANCEL_S


def jobs(tmp_path, *rows, **more):
    options = {key: more.pop(key) for key in list(more) if key in OPTIONS}
    return accounts(tmp_path, printed(*rows, **more), **options).workload


OPTIONS = ("zone", "threads_per_core", "arrival", "cluster", "limits_s", "strict")


def codes(workload):
    report = workload.report
    return {code: finding.count for kind in (report.repairs, report.skips) for code, finding in kind.items()}


def notes(workload):
    return {code: finding.count for code, finding in workload.report.notes.items()}


def test_a_plain_job(tmp_path):
    workload = jobs(tmp_path)
    assert workload.job_id.tolist() == [17]
    assert workload.submit_s.tolist() == [0]
    assert workload.work_s.tolist() == [600]
    assert workload.estimate_s.tolist() == [3600]
    assert workload.cores.tolist() == [4]
    assert workload.origin_utc.isoformat() == "2024-01-10T08:00:00+00:00"
    assert (workload.user[0], workload.account[0], workload.partition[0]) == ("ada", "physics", "batch")
    assert workload.estimates == "user"
    assert codes(workload) == {}
    assert notes(workload) == {"cpus_as_cores": 1}


def test_steps_are_no_jobs(tmp_path):
    steps = [
        {"JobID": f"17.{step}", "User": "", "Partition": ""}
        for step in ("batch", "extern", "0", "interactive")
    ]
    workload = jobs(tmp_path, {}, *steps)
    assert len(workload) == 1
    assert notes(workload)["steps"] == 4


ENDINGS = [
    "COMPLETED",
    "FAILED",
    "TIMEOUT",
    "OUT_OF_MEMORY",
    "CANCELLED",
    "NODE_FAIL",
    "BOOT_FAIL",
    "DEADLINE",
    "PREEMPTED",
    "REQUEUED",
]


@pytest.mark.parametrize("state", [*ENDINGS, "CANCELLED by 1000"])
def test_what_has_run_is_a_job_however_it_ended(tmp_path, state):
    workload = jobs(tmp_path, {"State": state})
    assert workload.work_s.tolist() == [600]
    assert workload.cancel_s is None


def test_what_was_cancelled_before_it_started_leaves_at_its_end(tmp_path):
    workload = jobs(tmp_path, {}, {"JobID": "18", **GIVEN_UP})
    assert workload.cancel_s.tolist() == [NO_CANCEL_S, 1800]
    assert workload.work_s.tolist() == [600, 3600]  # its time limit, as it never ran
    assert notes(workload)["cancelled_while_waiting"] == 1


def test_a_start_without_nodes_is_none(tmp_path):
    """Slurm prints the time of the cancellation as the start of a job that never ran."""
    row = {**GIVEN_UP, "Start": "2024-01-10T08:30:00"}
    assert jobs(tmp_path, row).cancel_s.tolist() == [1800]
    ran = {**row, "AllocNodes": "1"}
    assert jobs(tmp_path, ran).cancel_s is None


def test_what_was_cancelled_without_a_limit_cannot_be_replayed(tmp_path):
    workload = jobs(tmp_path, {}, {"JobID": "18", **GIVEN_UP, "Timelimit": "UNLIMITED"})
    assert len(workload) == 1
    assert codes(workload) == {"cancelled_without_estimate": 1}


def test_pending_jobs_and_array_remainders_are_left_out(tmp_path):
    workload = jobs(tmp_path, {}, {"JobID": "18", **PENDING}, {"JobID": "19_[4-9%2]", **PENDING})
    assert len(workload) == 1
    assert codes(workload) == {"pending": 2}


def test_running_jobs_are_cut_off_and_counted(tmp_path):
    workload = jobs(
        tmp_path, {}, {"JobID": "18", "State": "RUNNING", "End": "Unknown", "Elapsed": "00:03:00"}
    )
    assert workload.work_s.tolist() == [600, 180]
    assert codes(workload) == {"still_running": 1}


def test_revoked_jobs_ran_elsewhere(tmp_path):
    assert codes(jobs(tmp_path, {}, {"JobID": "18", "State": "REVOKED"})) == {"elsewhere": 1}


# --- several rows of one job ------------------------------------------------------------------------------

FIRST_TRY = {"State": "REQUEUED"}
SECOND_TRY = {
    "Submit": "2024-01-10T09:10:00",
    "Start": "2024-01-10T10:00:00",
    "End": "2024-01-10T10:20:00",
    "Elapsed": "00:20:00",
}


def test_tries_of_a_requeued_job_are_one_job_with_its_first_submit(tmp_path):
    workload = jobs(tmp_path, FIRST_TRY, SECOND_TRY)
    assert (workload.job_id.tolist(), workload.submit_s.tolist()) == ([17], [0])
    assert workload.work_s.tolist() == [1200]  # that of the last try
    assert codes(workload) == {"requeued": 1}


def test_a_requeued_job_that_waits_again_has_the_work_of_its_try(tmp_path):
    again = {**PENDING, "Submit": "2024-01-10T09:10:00"}
    workload = jobs(tmp_path, FIRST_TRY, again)
    assert workload.work_s.tolist() == [600]
    assert codes(workload) == {"requeued": 1}


def test_a_job_whose_node_failed_and_that_was_cancelled_as_it_waited_again(tmp_path):
    again = {**GIVEN_UP, "Submit": "2024-01-10T09:10:05", "End": "2024-01-10T09:30:00"}
    workload = jobs(tmp_path, {"State": "NODE_FAIL"}, again)
    assert workload.work_s.tolist() == [600]
    assert workload.cancel_s is None


def test_parts_of_a_resized_job_are_added_up(tmp_path):
    after = {
        **SECOND_TRY,
        "AllocCPUS": "2",
        "Start": "2024-01-10T09:10:00",
        "End": "2024-01-10T09:15:00",
        "Elapsed": "00:05:00",
    }
    workload = jobs(tmp_path, {"State": "RESIZING"}, after)
    assert workload.work_s.tolist() == [900]
    assert workload.cores.tolist() == [4]  # of the part that ran longest
    assert codes(workload) == {"resized": 1}


def test_an_id_that_comes_again_is_another_job(tmp_path):
    later = {"Submit": "2025-01-10T08:00:00", "Start": "2025-01-10T09:00:00", "End": "2025-01-10T09:10:00"}
    other = {"JobID": "40"}
    workload = jobs(tmp_path, {}, later, other)
    assert workload.job_id.tolist() == [17, 40, 41]
    assert codes(workload) == {"recycled_id": 1}


def test_an_id_that_comes_again_after_a_failed_node_is_another_job(tmp_path):
    later = {"Submit": "2025-01-10T08:00:00", "Start": "2025-01-10T09:00:00", "End": "2025-01-10T09:10:00"}
    assert len(jobs(tmp_path, {"State": "NODE_FAIL"}, later)) == 2
    assert len(jobs(tmp_path, FIRST_TRY, {**SECOND_TRY, "User": "ben"})) == 2


def test_rows_of_several_days_joined_count_once(tmp_path):
    running = {"State": "RUNNING", "End": "Unknown", "Elapsed": "00:03:00"}
    text = printed(running) + printed({})
    workload = accounts(tmp_path, text).workload
    assert workload.work_s.tolist() == [600]
    assert codes(workload) == {"repeated_rows": 1}
    assert notes(workload)["headers"] == 1


def test_tasks_of_an_array_are_jobs_by_their_own_numbers(tmp_path):
    rows = [{"JobID": f"17_{task}", "JobIDRaw": str(raw)} for task, raw in ((1, 18), (2, 19), (3, 17))]
    assert sorted(jobs(tmp_path, *rows).job_id.tolist()) == [17, 18, 19]
    texts = [{"JobID": f"17_{task}"} for task in (1, 2)]
    assert jobs(tmp_path, *texts).job_id.tolist() == ["17_1", "17_2"]


def test_tasks_that_were_cancelled_before_they_started_are_one_job(tmp_path):
    workload = jobs(tmp_path, {"JobID": "17_[1-4,8]", **GIVEN_UP})
    assert len(workload) == 1
    assert "one row for 5" in workload.report.notes["array_remainder"].text


def test_parts_of_a_heterogeneous_job_are_one_job(tmp_path):
    workload = jobs(tmp_path, {"JobID": "18+0"}, {"JobID": "18+1", "AllocCPUS": "8", "Elapsed": "00:12:00"})
    assert (workload.job_id.tolist(), workload.cores.tolist()) == ([18], [12])
    assert workload.work_s.tolist() == [720]
    assert codes(workload) == {"parts_joined": 1}


def test_parts_in_several_partitions_stay_jobs(tmp_path):
    workload = jobs(tmp_path, {"JobID": "18+0"}, {"JobID": "18+1", "Partition": "gpu"})
    assert workload.job_id.tolist() == ["18+0", "18+1"]
    assert notes(workload)["parts_apart"] == 1


# --- times ------------------------------------------------------------------------------------------------


def test_suspended_time_is_no_work(tmp_path):
    row = {"Suspended": "00:04:00", "Elapsed": "00:06:00"}
    workload = jobs(tmp_path, row)
    assert workload.work_s.tolist() == [360]
    assert "elapsed_differs" not in notes(workload)
    without = {key: value for key, value in row.items() if key != "Elapsed"}
    text = printed(without).replace("|Elapsed", "|Other").replace("|00:10:00|", "||")
    assert accounts(tmp_path, text).workload.work_s.tolist() == [360]


def test_a_job_arrives_when_it_could_start_or_was_submitted(tmp_path):
    row = {"Eligible": "2024-01-10T08:50:00"}
    eligible = jobs(tmp_path, row, {"JobID": "16", "Eligible": "2024-01-10T08:00:00"})
    assert eligible.submit_s.tolist() == [0, 3000]
    assert notes(eligible)["eligible_later"] == 1
    assert jobs(tmp_path, row, {"JobID": "16"}, arrival="submit").submit_s.tolist() == [0, 0]


def test_a_held_job_that_was_cancelled_never_could_start(tmp_path):
    workload = jobs(
        tmp_path, {"Eligible": "2024-01-10T08:00:00"}, {"JobID": "18", **GIVEN_UP, "Eligible": "Unknown"}
    )
    assert codes(workload) == {"never_eligible": 1}


def test_local_times_need_a_zone(tmp_path):
    with pytest.raises(InputError, match=r"accounts.txt:2: times are local.*zone"):
        jobs(tmp_path, zone=None)
    text = "# zone: Europe/Berlin\n" + printed()
    assert accounts(tmp_path, text, zone=None).workload.origin_utc.hour == 7


def test_seconds_since_1970_need_none(tmp_path):
    row = {"Submit": "1704873600", "Start": "1704877200", "End": "1704877800"}
    workload = jobs(tmp_path, row, zone=None)
    assert workload.origin_utc.isoformat() == "2024-01-10T08:00:00+00:00"
    assert workload.zone is None


def test_the_hour_that_comes_twice_is_read_by_the_run_time(tmp_path):
    """Clocks go back at 03:00 on 27 October 2024: a run from 01:30 to 02:30 took one hour, or two."""
    night = {"Submit": "2024-10-27T01:00:00", "Start": "2024-10-27T01:30:00", "End": "2024-10-27T02:30:00"}
    for elapsed, job in (("01:00:00", "1"), ("02:00:00", "2")):
        result = accounts(
            tmp_path, printed({"JobID": job, **night, "Elapsed": elapsed}), zone="Europe/Berlin"
        )
        held = result.held
        assert int(held.stop_s[0] - held.start_s[0]) == int(result.workload.work_s[0])
        assert codes(result.workload) == {"ambiguous_stamps": 1}


def test_a_submit_in_the_hour_that_comes_twice_is_the_first(tmp_path):
    row = {"Submit": "2024-10-27T02:10:00", "Start": "2024-10-27T05:00:00", "End": "2024-10-27T05:10:00"}
    workload = jobs(tmp_path, row, zone="Europe/Berlin")
    assert workload.origin_utc.isoformat() == "2024-10-27T00:10:00+00:00"


def test_a_start_in_the_hour_that_comes_twice_is_not_before_its_submit(tmp_path):
    row = {
        "Submit": "2024-10-27T02:40:00",
        "Start": "2024-10-27T02:10:00",
        "End": "Unknown",
        "State": "RUNNING",
    }
    result = accounts(tmp_path, printed(row), zone="Europe/Berlin")
    assert int(result.held.start_s[0]) - int(result.workload.origin_utc.timestamp()) == 1800


def test_a_time_that_the_clock_skips_is_counted(tmp_path):
    row = {"Submit": "2024-03-31T02:30:00", "Start": "2024-03-31T05:00:00", "End": "2024-03-31T05:10:00"}
    workload = jobs(tmp_path, row, zone="Europe/Berlin")
    assert workload.origin_utc.isoformat() == "2024-03-31T01:30:00+00:00"
    assert codes(workload) == {"skipped_stamps": 1}


def test_a_start_before_the_submit(tmp_path):
    row = {"Submit": "2024-01-10T09:05:00"}
    workload = jobs(tmp_path, row)
    assert workload.origin_utc.hour == 9 and workload.origin_utc.minute == 0
    assert codes(workload) == {"start_before_submit": 1}


def test_an_end_before_the_start(tmp_path):
    assert codes(jobs(tmp_path, {"End": "2024-01-10T08:59:00"})) == {"end_before_start": 1}


def test_times_that_do_not_add_up_are_noted(tmp_path):
    assert notes(jobs(tmp_path, {"Elapsed": "00:09:00"}))["elapsed_differs"] == 1


# --- what was asked for -----------------------------------------------------------------------------------


def test_cpus_become_cores_by_the_threads_of_a_core(tmp_path):
    workload = jobs(tmp_path, {}, {"JobID": "18", "AllocCPUS": "5"}, threads_per_core=2)
    assert workload.cores.tolist() == [2, 3]
    assert notes(workload) == {"part_of_a_core": 1}


def test_cpus_held_count_before_those_asked_for(tmp_path):
    assert jobs(tmp_path, {"AllocCPUS": "16"}).cores.tolist() == [16]
    assert jobs(tmp_path, {**GIVEN_UP, "AllocCPUS": "0"}).cores.tolist() == [4]
    text = printed({"AllocTRES": "cpu=6"}).replace("AllocCPUS", "Other").replace("ReqCPUS", "More")
    assert accounts(tmp_path, text).workload.cores.tolist() == [6]


def test_a_job_without_cpus_is_none(tmp_path):
    workload = jobs(tmp_path, {}, {"JobID": "18", "AllocCPUS": "0", "ReqCPUS": ""})
    assert codes(workload) == {"no_processors": 1}


@pytest.mark.parametrize(
    ("cells", "mib"),
    [
        ({"ReqMem": "2048Mn", "AllocNodes": "3"}, 6144),
        ({"ReqMem": "4Gc"}, 16384),
        ({"ReqMem": "1M"}, 1),
        ({"ReqMem": "16?"}, 16),
        ({"ReqMem": "0"}, 0),
        ({"ReqMem": "4G", "AllocTRES": "cpu=4,mem=8G"}, 8192),
        ({"ReqMem": "4G", "ReqTRES": "cpu=4,mem=6G"}, 6144),
        ({"ReqMem": "1K"}, 1),
    ],
)
def test_memory_of_the_whole_job(tmp_path, cells, mib):
    assert jobs(tmp_path, cells).memory_mib.tolist() == [mib]


def test_gpus(tmp_path):
    typed = {"AllocTRES": "cpu=4,gres/gpu:a100=2,gres/gpu=2", "ReqTRES": "cpu=4,gres/gpu=2"}
    assert jobs(tmp_path, typed).gpus_milli.tolist() == [2000]
    assert jobs(tmp_path, {"ReqTRES": "cpu=4,gres/gpu=2", "AllocTRES": ""}).gpus_milli.tolist() == [2000]
    assert jobs(tmp_path, {"AllocGRES": "gpu:tesla:2", "AllocNodes": "2"}).gpus_milli.tolist() == [4000]


def test_without_a_time_limit_the_run_time_or_the_partitions_stands_in(tmp_path):
    rows = {"Timelimit": "Partition_Limit"}, {"JobID": "18", "Timelimit": "UNLIMITED", "Partition": "long"}
    workload = jobs(tmp_path, *rows)
    assert (workload.estimate_s.tolist(), workload.estimates) == ([600, 600], "run_time")
    assert codes(workload) == {"estimate_from_run_time": 2}
    workload = jobs(tmp_path, *rows, limits_s={"batch": 7200})
    assert (workload.estimate_s.tolist(), workload.estimates) == ([7200, 600], "user")


def test_the_first_of_several_partitions_counts(tmp_path):
    workload = jobs(tmp_path, {**GIVEN_UP, "Partition": "gpu,batch"})
    assert workload.partition.tolist() == ["gpu"]
    assert notes(workload)["several_partitions"] == 1


# --- files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ["|", ";", ",", "\t", "^", ";|;", "\x1f"])
def test_any_delimiter(tmp_path, delimiter):
    assert accounts(tmp_path, printed(delimiter=delimiter)).workload.work_s.tolist() == [600]


def test_any_order_of_columns_and_a_closing_delimiter(tmp_path):
    lines = [line.split("|")[::-1] for line in printed().splitlines()]
    text = "".join("|".join(cells) + "|\n" for cells in lines)
    assert accounts(tmp_path, text).workload.work_s.tolist() == [600]


def test_a_name_with_delimiters_is_put_together(tmp_path):
    workload = jobs(tmp_path, {}, {"JobID": "18", "JobName": "a|b|c"})
    assert workload.job_id.tolist() == [17, 18]
    assert codes(workload) == {"delimiter_in_name": 1}


def test_two_texts_that_could_hold_the_delimiter_are_refused(tmp_path):
    text = printed({"JobName": "a|b", "Comment": "c"})
    with pytest.raises(InputError, match=r"accounts.txt:2: has 16 fields, its header 15, and more than one"):
        accounts(tmp_path, text)


def test_a_name_with_a_line_break_is_put_together(tmp_path):
    text = printed({"JobName": "a\nb"}, {"JobID": "18", "JobName": "c"})
    first = "".join(f"{'|'.join([cells[-1], *cells[:-1]])}\n" for cells in (
        row.split("|") for row in text.replace("a\nb", "a#b").splitlines()
    )).replace("a#b", "a\nb")  # fmt: skip
    for each in (text, first):
        workload = accounts(tmp_path, each).workload
        assert workload.job_id.tolist() == [17, 18]
        assert codes(workload) == {"line_break": 1}


def test_quoted_cells(tmp_path):
    text = printed({"AllocTRES": '"billing=4,cpu=4"'}, delimiter=",")
    assert accounts(tmp_path, text).workload.cores.tolist() == [4]


def test_bytes_that_are_no_text_are_replaced_and_counted(tmp_path):
    text = printed({"JobName": "NAME"}).encode().replace(b"NAME", b"caf\xe9")
    assert codes(accounts(tmp_path, text).workload) == {"not_utf8": 1}


def test_rows_of_several_clusters_are_not_mixed(tmp_path):
    rows = {"Cluster": "alpha"}, {"JobID": "18", "Cluster": "beta"}
    with pytest.raises(InputError, match="2 clusters: 'alpha' \\(1\\), 'beta' \\(1\\).*cluster="):
        jobs(tmp_path, *rows)
    workload = jobs(tmp_path, *rows, cluster="beta")
    assert workload.job_id.tolist() == [18]
    assert notes(workload)["other_clusters"] == 1
    with pytest.raises(InputError, match="no job of cluster 'gamma'"):
        jobs(tmp_path, *rows, cluster="gamma")


def test_jobs_are_in_order_of_arrival(tmp_path):
    rows = [
        {"JobID": str(job), "Submit": f"2024-01-10T08:0{minute}:00"}
        for job, minute in ((1, 3), (2, 1), (3, 2))
    ]
    workload = jobs(tmp_path, *rows)
    assert workload.job_id.tolist() == [2, 3, 1]
    assert np.all(np.diff(workload.submit_s) >= 0)


def test_strict_refuses_the_first_repair(tmp_path):
    assert len(jobs(tmp_path, strict=True)) == 1
    with pytest.raises(InputError, match=r"accounts.txt:3.*requeued"):
        jobs(tmp_path, FIRST_TRY, SECOND_TRY, strict=True)
    later = {"Submit": "2025-01-10T08:00:00", "Start": "2025-01-10T09:00:00", "End": "2025-01-10T09:10:00"}
    with pytest.raises(InputError, match=r"accounts.txt:3.*recycled_id"):
        jobs(tmp_path, {}, later, strict=True)
