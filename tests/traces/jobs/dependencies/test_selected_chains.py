"""A window cuts a chain in silence, or its jobs wait for ever for jobs that are not there."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from traces import Workload, cut_chains, without_missing_predecessors
from traces.jobs.dependencies.selected_chains import longest_chain


def chain(**others):
    """Job 1 <- 2 <- 3, and 4 waits for 1 and 3."""
    return Workload.from_columns(
        "w",
        submit_s=[0, 1, 2, 3],
        work_s=[1] * 4,
        after=[(), (1,), (2,), (1, 3)],
        after_any=np.array([True, True, False, False]),
        think_s=[0, 5, 6, 7],
        **others,
    )


def test_a_whole_workload_is_returned_as_it_is():
    jobs = chain()
    assert cut_chains(jobs) == 0
    assert without_missing_predecessors(jobs) is jobs
    plain = Workload.from_columns("w", submit_s=[0], work_s=[1])
    assert (cut_chains(plain), without_missing_predecessors(plain) is plain) == (0, True)


def test_the_first_jobs_of_a_chain_cut_nothing():
    assert cut_chains(chain().select(0, 3)) == 0


def test_missing_ids_go_and_are_counted():
    part = chain().select(1)
    assert part.after.tolist() == [(1,), (2,), (1, 3)]
    assert cut_chains(part) == 2
    mended = without_missing_predecessors(part)
    assert mended.after.tolist() == [(), (2,), (3,)]
    assert mended.think_s.tolist() == [0, 6, 7]
    assert mended.after_any.tolist() == [True, False, False]
    assert (mended.report.notes["chain_cut"].count, mended.report.notes["chain_cut"].value) == (2, "1")
    assert cut_chains(mended) == 0 and "chain_cut" not in part.report.notes


def test_a_second_cut_is_added_to_the_first():
    once = without_missing_predecessors(chain().select(1))
    twice = without_missing_predecessors(once.select(1))
    assert twice.report.notes["chain_cut"].count == 3
    assert twice.after.tolist() == [(), (3,)]


def test_where_no_job_waits_any_more_nothing_says_how():
    alone = without_missing_predecessors(chain().take(np.array([1])))
    assert (alone.after, alone.after_any, alone.think_s) == (None, None, None)
    assert alone.report.notes["chain_cut"].count == 1


def test_the_longest_chain_counts_its_jobs():
    assert longest_chain(chain()) == 4
    assert longest_chain(chain().select(0, 2)) == 2
    assert longest_chain(chain().select(1, 2)) == 0  # its predecessor is not there
    assert longest_chain(Workload.from_columns("w", submit_s=[0], work_s=[1])) == 0


@given(
    st.lists(st.sets(st.integers(0, 7), max_size=3), min_size=1, max_size=8),
    st.integers(0, 2**8 - 1),
)
def test_a_selection_keeps_exactly_the_ids_that_are_in_it(wishes, chosen):
    after = [tuple(sorted(job for job in ids if job < row)) for row, ids in enumerate(wishes)]
    count = len(after)
    jobs = Workload.from_columns(
        "w", submit_s=range(count), work_s=[1] * count, job_id=range(count), after=after
    )
    rows = np.array([row for row in range(count) if chosen >> row & 1], dtype=np.int64)
    part = jobs.take(rows)
    mended = without_missing_predecessors(part)
    expected = [tuple(job for job in after[row] if job in rows) for row in rows]
    assert ([()] * len(rows) if mended.after is None else mended.after.tolist()) == expected
    assert cut_chains(part) == sum(after[row] != ids for row, ids in zip(rows, expected, strict=True))
    assert cut_chains(mended) == 0
