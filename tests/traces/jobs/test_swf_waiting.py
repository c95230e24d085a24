"""Cancelled jobs and dependencies of SWF: kept where nobody asked, or lost where somebody did."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces import InputError, read_workload, write_workload
from traces.jobs.workload import NO_CANCEL_S

NEVER = NO_CANCEL_S
PLACES = {
    "job": 0,
    "submit": 1,
    "wait": 2,
    "run": 3,
    "allocated": 4,
    "requested": 7,
    "estimate": 8,
    "status": 10,
    "user": 11,
    "group": 12,
    "after": 16,
    "think": 17,
}


def record(job=1, **fields):
    """One line of SWF, of a job that ran on 2 processors unless told otherwise."""
    values = dict.fromkeys(range(18), -1)
    given = {"job": job, "submit": 0, "run": 10, "requested": 2, "estimate": 20, "status": 1} | fields
    values.update({PLACES[name]: value for name, value in given.items()})
    return " ".join(str(values[place]) for place in range(18))


def cancelled(job=1, **fields):
    """A job that was given up as it waited."""
    return record(job, **{"status": 5, "run": -1, "wait": 30} | fields)


@pytest.fixture
def read(tmp_path):
    """Read these lines as an SWF file."""

    def read_lines(*lines, **options):
        path = tmp_path / "a.swf"
        path.write_text("\n".join(lines) + "\n")
        return read_workload(path, **options)

    return read_lines


def counts(findings):
    return {code: found.count for code, found in findings.items()}


class TestCancellations:
    LINES = (cancelled(1), cancelled(2, run=0), record(3, status=5), record(4))

    def test_skipped_as_they_always_were(self, read):
        jobs = read(*self.LINES)
        assert jobs.job_id.tolist() == [2, 3, 4] and jobs.cancel_s is None
        assert counts(jobs.report.skips) == {"unknown_run_time": 1}
        assert counts(jobs.report.notes) == {"cancelled": 2, "zero_work": 1}

    def test_replayed_with_the_estimate_as_the_run_time_they_never_had(self, read):
        jobs = read(*self.LINES, cancellations="replay")
        assert jobs.job_id.tolist() == [1, 2, 3, 4]
        assert jobs.cancel_s.tolist() == [30, 30, NEVER, NEVER]
        assert jobs.work_s.tolist() == jobs.estimate_s.tolist()[:2] + [10, 10] == [20, 20, 10, 10]
        assert jobs.report.skips == {} and jobs.report.repairs == {}
        assert counts(jobs.report.notes) == {"cancelled_while_waiting": 2, "cancelled": 1}

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"wait": -1}, "cancelled_without_wait"),
            ({"wait": -7}, "cancelled_without_wait"),
            ({"estimate": -1}, "cancelled_without_estimate"),
            ({"estimate": 0}, "cancelled_without_estimate"),
            ({"estimate": 0, "wait": -1}, "cancelled_without_wait"),
            ({"requested": -1}, "no_processors"),
        ],
    )
    @pytest.mark.parametrize("run", [-1, 0])
    def test_what_says_too_little_is_skipped_and_counted(self, read, fields, code, run):
        lines = record(1), cancelled(2, run=run, **fields)
        jobs = read(*lines, cancellations="replay")
        assert jobs.job_id.tolist() == [1] and counts(jobs.report.skips) == {code: 1}
        assert jobs.cancel_s is None
        with pytest.raises(InputError, match=rf"a\.swf:2: .*{code}"):
            read(*lines, cancellations="replay", strict=True)

    def test_status_5_without_run_time_alone_is_given_up(self, read):
        jobs = read(record(1, run=-1, wait=3, status=0), record(2), cancellations="replay")
        assert jobs.job_id.tolist() == [2] and counts(jobs.report.skips) == {"unknown_run_time": 1}

    def test_at_once(self, read):
        assert read(cancelled(1, wait=0, submit=7), cancellations="replay").cancel_s.tolist() == [7]

    def test_decimals_and_order(self, read):
        lines = record(1, submit=50), cancelled(2, submit="9.5", wait="0.75", estimate="4.5")
        jobs = read(*lines, cancellations="replay")
        assert (jobs.job_id.tolist(), jobs.cancel_s.tolist()) == ([2, 1], [10, NEVER])
        assert (jobs.work_s.tolist(), jobs.estimate_s.tolist()) == ([5, 10], [5, 20])
        assert jobs.report.repairs["decimal"].count == 3

    def test_the_clock_moves_them(self, read):
        jobs = read(record(1, submit=-10), cancelled(2, submit=5), cancellations="replay")
        assert (jobs.submit_s.tolist(), jobs.cancel_s.tolist()) == ([0, 15], [NEVER, 45])

    def test_a_wait_beyond_all_traces_is_refused_where_it_is_used(self, read):
        lines = record(1, wait=10**13), cancelled(2, wait=10**13)
        with pytest.raises(InputError, match=r"a\.swf:2: wait time \(field 3\) is 10000000000000, more than"):
            read(*lines, cancellations="replay")
        assert len(read(*lines)) == 1

    def test_a_job_that_ran_in_parts_before_it_was_cancelled_ran(self, read):
        parts = record(1, status=2, run=5), record(1, status=5, run=5, wait=3)
        jobs = read(*parts, cancellations="replay")
        assert (jobs.cancel_s, jobs.work_s.tolist()) == (None, [5])

    def test_another_word_is_refused(self, read):
        with pytest.raises(InputError, match="cancellations: is 'keep'; known: skip, replay"):
            read(record(1), cancellations="keep")
        with pytest.raises(InputError, match="dependencies: is 'yes'; known: ignore, wait"):
            read(record(1), dependencies="yes")


class TestDependencies:
    def test_fields_17_and_18(self, read):
        lines = record(1), record(2, after=1, think=90), record(3, after=2), record(4, think=5)
        jobs = read(*lines, dependencies="wait")
        assert jobs.after.tolist() == [(), (1,), (2,), ()]
        assert jobs.think_s.tolist() == [0, 90, 0, 0]  # a think time after no job says nothing
        assert jobs.after_any.all()
        assert counts(jobs.report.notes) == {"dependencies": 2}
        ignored = read(*lines)
        assert (ignored.after, ignored.after_any, ignored.think_s) == (None, None, None)
        assert counts(ignored.report.notes) == {"dependencies_ignored": 2}

    def test_none_where_none_is_named(self, read):
        jobs = read(record(1), record(2, after=0), record(3, after=-5), dependencies="wait")
        assert (jobs.after, jobs.think_s, jobs.report.notes) == (None, None, {})

    def test_a_job_that_is_not_there_is_a_repair(self, read):
        lines = record(1), record(2, after=99, think=7), record(3, after="1.5"), record(4, after=1)
        jobs = read(*lines, dependencies="wait")
        assert jobs.after.tolist() == [(), (), (), (1,)]
        assert jobs.think_s.tolist() == [0, 0, 0, 0]
        found = jobs.report.repairs["predecessor_unknown"]
        assert (found.count, found.line, found.value) == (2, 2, "'99'")
        with pytest.raises(InputError, match=r"a\.swf:2: waits for a job which is not in the file"):
            read(*lines, dependencies="wait", strict=True)

    def test_a_skipped_one_is_named_apart(self, read):
        lines = cancelled(1), record(2, after=1, think=7)
        jobs = read(*lines, dependencies="wait")
        assert (jobs.after, jobs.think_s) == (None, None)
        assert counts(jobs.report.repairs) == {"predecessor_skipped": 1}
        both = read(*lines, dependencies="wait", cancellations="replay")
        assert (both.after.tolist(), both.think_s.tolist()) == ([(), (1,)], [0, 7])

    def test_sorted_with_their_jobs(self, read):
        jobs = read(record(1, submit=9, after=2, think=3), record(2), dependencies="wait")
        assert (jobs.job_id.tolist(), jobs.after.tolist(), jobs.think_s.tolist()) == (
            [2, 1],
            [(), (2,)],
            [0, 3],
        )

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ([record(1, after=1)], r":1: job 1 waits for itself \(line 1\)"),
            ([record(3), record(1, after=2), record(2, after=1)], r":2: .* 1 -> 2 -> 1 \(lines 2, 3\)"),
        ],
    )
    def test_a_cycle_names_ids_and_lines(self, read, lines, said):
        with pytest.raises(InputError, match=said):
            read(*lines, dependencies="wait")
        assert len(read(*lines)) == len(lines)

    @pytest.mark.parametrize(("think", "said"), [(-2, "is -2; it must be 0 or more"), (10**13, "more than")])
    def test_a_think_time_that_is_none(self, read, think, said):
        lines = record(1), record(2, after=1, think=think)
        with pytest.raises(InputError, match=rf"a\.swf:2: think time \(field 18\) .*{said}"):
            read(*lines, dependencies="wait")
        assert len(read(*lines)) == 2

    def test_decimals_are_rounded_up(self, read):
        jobs = read(record(1), record(2, after=1, think="1.2"), dependencies="wait")
        assert jobs.think_s.tolist() == [0, 2] and jobs.report.repairs["decimal"].count == 1

    def test_of_a_job_in_parts(self, read):
        parts = record(2, status=2, after=1, think=4), record(2, status=3, submit=-1)
        jobs = read(record(1), *parts, dependencies="wait")
        assert (jobs.after.tolist(), jobs.think_s.tolist()) == ([(), (1,)], [0, 4])


class TestUsers:
    def test_users_and_groups_are_texts(self, read):
        jobs = read(record(1, user=7, group=0), record(2), record(3, user="1.5", group=10**20))
        assert jobs.user.tolist() == ["7", "", "1.5"]
        assert jobs.group.tolist() == ["0", "", "1e+20"]

    def test_none_where_all_are_unknown(self, read):
        jobs = read(record(1, user=-1, group=-3))
        assert (jobs.user, jobs.group) == (None, None)

    def test_they_do_not_change_the_hash(self, read):
        assert read(record(1, user=7)).content_hash() == read(record(1)).content_hash()


@st.composite
def files(draw):
    """Lines of SWF with odd waits, run times, states and predecessors."""
    numbers = st.sampled_from
    count = draw(st.integers(1, 6))
    return [
        record(
            job,
            submit=draw(numbers([0, 3, 7.5])),
            wait=draw(numbers([-2, -1, 0, 4, 2.5])),
            run=draw(numbers([-1, 0, 6])),
            estimate=draw(numbers([-1, 0, 9])),
            status=draw(numbers([0, 1, 5, 5])),
            after=draw(st.integers(-1, job - 1)),
            think=draw(numbers([-1, 0, 2.5])),
            user=draw(st.integers(-1, 2)),
        )
        for job in range(1, count + 1)
    ]


@settings(max_examples=50)
@given(files())
def test_asking_for_more_changes_no_job_that_was_there(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("swf")
    (folder / "a.swf").write_text("\n".join([record(90), *lines]) + "\n")
    plain = read_workload(folder / "a.swf")
    more = read_workload(folder / "a.swf", cancellations="replay", dependencies="wait")
    given_up = dict(zip(more.job_id.tolist(), [NEVER] * len(more), strict=True))
    if more.cancel_s is not None:
        given_up = dict(zip(more.job_id.tolist(), more.cancel_s.tolist(), strict=True))
        assert (more.cancel_s >= more.submit_s).all()
    stayed = [job for job, at in given_up.items() if at == NEVER]
    assert set(stayed) <= set(plain.job_id.tolist())
    rows = [place for place, job in enumerate(plain.job_id.tolist()) if job in stayed]
    others = [place for place, job in enumerate(more.job_id.tolist()) if job in stayed]
    for column in ("job_id", "submit_s", "work_s", "estimate_s", "cores"):
        assert getattr(plain, column)[rows].tolist() == getattr(more, column)[others].tolist()
    write_workload(more, folder / "b.csv")
    again = read_workload(folder / "b.csv", cancellations="replay", dependencies="wait")
    assert again.content_hash() == more.content_hash()


def test_a_real_trace(shared):
    path = shared / "data" / "workloads" / "SDSC-SP2-1998-4.2-cln.swf.gz"
    jobs = read_workload(path, cancellations="replay", dependencies="wait")
    assert (len(jobs), int((jobs.cancel_s < NEVER).sum())) == (59_684, 5_650)
    assert counts(jobs.report.skips) == {"cancelled_without_estimate": 31}
    assert len(set(jobs.user)) == 437 and jobs.after is None
    plain = read_workload(path)
    assert plain.content_hash() == "d5ee829325dd58ce76da19f7180a922e70c5ded5e666fae0967c8ae62054ce3a"
