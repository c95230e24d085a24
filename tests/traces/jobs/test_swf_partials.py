"""Jobs that ran in parts: a summary line and lines of status 2, 3 and 4 that share a job number.

The Standard Workload Format: the summary has status 0, 1 or 5 and the sum of the partial run times; only
the first of the partial lines has a submit time, the others say how long they waited since the last.
"""

import pytest

from traces import InputError, read_workload


def record(job=1, submit=0, wait=-1, run=10, allocated=-1, requested=2, estimate=100, memory=-1, status=1):
    return (
        f"{job} {submit} {wait} {run} {allocated} -1 -1 {requested} {estimate} {memory} {status}" + " -1" * 7
    )


PARTS = [
    record(1, submit=5, wait=3, run=10, status=2),
    record(1, submit=-1, wait=40, run=20, status=2),
    record(1, submit=-1, wait=60, run=7, status=3),
]
SUMMARY = record(1, submit=5, wait=103, run=37, status=1)
OTHERS = [record(2, submit=0, run=4), record(3, submit=90, run=5)]


@pytest.fixture
def read(tmp_path):
    def read_lines(*lines, **options):
        (tmp_path / "a.swf").write_text("\n".join(lines) + "\n")
        return read_workload(tmp_path / "a.swf", **options)

    return read_lines


def columns(jobs):
    return {
        job: (submit, work, cores)
        for job, submit, work, cores in zip(
            jobs.job_id.tolist(),
            jobs.submit_s.tolist(),
            jobs.work_s.tolist(),
            jobs.cores.tolist(),
            strict=True,
        )
    }


@pytest.mark.parametrize(
    "lines",
    [
        [OTHERS[0], *PARTS, OTHERS[1]],
        [OTHERS[0], SUMMARY, *PARTS, OTHERS[1]],
        [OTHERS[0], *PARTS, SUMMARY, OTHERS[1]],
        [PARTS[0], OTHERS[0], PARTS[1], OTHERS[1], PARTS[2]],  # by the time at which they ran
        [*OTHERS, *PARTS[:2], PARTS[2].replace(" 3 -1", " 4 -1")],  # the last one failed
        [*OTHERS, PARTS[0], PARTS[1].replace("1 -1 40", "1 48 0"), PARTS[2].replace("1 -1 60", "1 128 0")],
    ],
)
def test_they_become_one_job(read, lines):
    jobs = read(*lines)
    assert columns(jobs) == {1: (5, 37, 2), 2: (0, 4, 2), 3: (90, 5, 2)}
    joined = jobs.report.repairs["partials_joined"]
    assert jobs.report.records == len(lines) == len(jobs) + joined.count
    assert joined.value == "1"
    assert jobs.report.shift_s == 0  # -1 is "unknown" there, not a second before 0


def test_the_summary_counts_where_it_differs(read):
    jobs = read(record(1, submit=4, run=35, requested=3, estimate=60, status=0), *PARTS)
    assert columns(jobs) == {1: (4, 35, 3)}
    assert jobs.estimate_s.tolist() == [60]


def test_parts_after_a_last_one_are_of_the_same_job(read):
    jobs = read(record(1, submit=5, run=10, status=4), record(1, submit=-1, run=27, status=3))
    assert columns(jobs) == {1: (5, 37, 2)}  # it failed, and was restarted


def test_a_summary_without_run_time_or_submit_leaves_them_to_the_parts(read):
    assert columns(read(record(1, submit=-1, run=-1, requested=-1, status=1), *PARTS)) == {1: (5, 37, 2)}


def test_decimals_add_up_before_they_are_rounded(read):
    jobs = read(record(1, run="1.5", status=2), record(1, submit=-1, run="1.5", status=3))
    assert jobs.work_s.tolist() == [3]
    assert "decimal" not in jobs.report.repairs


def test_a_part_of_unknown_length_makes_the_work_unknown(read):
    jobs = read(record(1, status=2, run=-1), record(1, submit=-1, status=3), OTHERS[0])
    assert (jobs.job_id.tolist(), jobs.report.jobs_skipped) == ([2], 1)
    assert jobs.report.records == 3


def test_a_job_that_never_ended_is_kept_and_noted(read):
    jobs = read(*PARTS[:2])
    assert columns(jobs) == {1: (5, 30, 2)}
    assert jobs.report.notes["not_ended"].count == 1


def test_a_single_partial_line_is_a_job_as_before(read):
    jobs = read(record(1, status=3), record(2, status=4))
    assert columns(jobs) == {1: (0, 10, 2), 2: (0, 10, 2)}
    assert jobs.report.repairs == {}


def test_a_cancelled_summary_is_noted_once(read):
    jobs = read(record(1, submit=5, run=37, status=5), *PARTS)
    assert jobs.report.notes["cancelled"].count == 1


def test_strict_refuses_and_names_the_line(read):
    with pytest.raises(InputError, match=r"a\.swf:2: .*\(partials_joined\)"):
        read(*PARTS, strict=True)


@pytest.mark.parametrize(
    "lines",
    [
        [record(1), record(1, submit=9)],  # two whole jobs
        [record(1, status=0), record(1, status=5), *PARTS],
        [record(1, status=-1), record(1, run=11, status=-1)],
    ],
)
def test_two_jobs_of_one_number_are_refused_and_the_remedy_works(read, lines):
    with pytest.raises(
        InputError, match=r"a\.swf:\d: job number \(field 1\) 1 .*a\.swf:\d; give each job a number"
    ):
        read(*lines)
    changed = [line if place < len(lines) - 1 else "7" + line[1:] for place, line in enumerate(lines)]
    if lines[1:] != [record(1, status=5), *PARTS]:  # there the second line is the other job
        assert 7 in read(*changed).job_id.tolist()


def test_the_first_job_of_all_may_begin_before_0(read):
    jobs = read(record(1, submit=-1, run=10, status=2), record(1, submit=-1, run=5, status=3), OTHERS[1])
    assert columns(jobs) == {1: (0, 15, 2), 3: (91, 5, 2)}
    assert jobs.report.shift_s == 1


def test_many_jobs_in_parts_agree_with_a_plain_loop(read):
    import random

    rng = random.Random(3)
    lines, expected = [], {}
    for job in range(1, 400):
        parts = rng.randint(1, 5)
        runs = [rng.randint(0, 50) for _ in range(parts)]
        expected[job] = (10 * job, sum(runs), 1 + job % 7)
        for place, run in enumerate(runs):
            status = 3 if place == parts - 1 else 2
            submit = 10 * job if place == 0 else -1
            lines.append(
                (10 * job + 60 * place, record(job, submit, run=run, requested=1 + job % 7, status=status))
            )
    lines.sort(key=lambda line: line[0])
    assert columns(read(*(line for _, line in lines))) == expected
