"""Jobs wait for each other in a circle and nobody notices, or a chain is counted too short."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces import InputError, Workload
from traces.jobs.dependencies.precedence import array_of_tuples, chain_lengths, cycle_text, find_cycle


def jobs(after, **others):
    count = len(after)
    return Workload.from_columns("w", submit_s=range(count), work_s=[1] * count, after=after, **others)


@st.composite
def graphs(draw):
    """Rows of predecessors by row, of up to seven jobs."""
    count = draw(st.integers(1, 7))
    rows = st.lists(st.integers(0, count - 1), max_size=3, unique=True)
    before = {row: draw(rows) for row in range(count)}
    return {row: earlier for row, earlier in before.items() if earlier}


def reachable(before, row):
    """Rows that a row waits for, directly or not: plain search, to compare with."""
    seen, stack = set(), list(before.get(row, ()))
    while stack:
        each = stack.pop()
        if each not in seen:
            seen.add(each)
            stack += before.get(each, ())
    return seen


def longest_to(before, row):
    return 1 + max((longest_to(before, each) for each in before.get(row, ())), default=0)


class TestCycles:
    @given(graphs())
    def test_one_is_found_exactly_where_a_job_waits_for_itself_in_the_end(self, before):
        circular = {row for row in before if row in reachable(before, row)}
        cycle = find_cycle(before)
        assert bool(cycle) == bool(circular)
        assert set(cycle) <= circular
        assert len(set(cycle)) == len(cycle)
        for row, following in zip(cycle, cycle[1:] + cycle[:1], strict=True):
            assert following in before[row]

    @given(graphs())
    def test_chains_are_as_long_as_counted_one_by_one(self, before):
        circular = {row for row in before if row in reachable(before, row)}
        rows = set(before) | {each for earlier in before.values() for each in earlier}
        sound = {row for row in rows if not circular & (reachable(before, row) | {row})}
        assert chain_lengths(before) == {row: longest_to(before, row) for row in sound}

    def test_a_long_chain_needs_no_deep_stack(self):
        count = 20_000
        backwards = {row: [row + 1] for row in range(count)}
        assert find_cycle(backwards) == []
        assert chain_lengths(backwards)[0] == count + 1
        assert len(find_cycle(backwards | {count: [0]})) == count + 1


class TestWorkload:
    def test_a_cycle_is_refused_and_named(self):
        with pytest.raises(InputError, match=r"w: jobs wait .* cycle: 1 -> 3 -> 2 -> 1; leave out one"):
            jobs([(3,), (1,), (2,)])
        with pytest.raises(InputError, match="job 2 waits for itself"):
            jobs([(), (2,), ()])

    def test_a_long_cycle_is_named_in_short(self):
        with pytest.raises(InputError) as caught:
            jobs([(100,)] + [(job,) for job in range(1, 100)])
        assert len(str(caught.value)) < 200 and "1 -> 100 -> 99" in str(caught.value)

    def test_ids_are_of_the_kind_of_the_jobs(self):
        after = [(), (np.int64(1), "9"), ("x",)]
        assert jobs(after, job_id=["1", "2", "3"]).after.tolist() == [(), (1, 9), ("x",)]
        assert jobs([(), ("a",), (1,)], job_id=["a", "1", "2"]).after.tolist() == [(), ("a",), ("1",)]

    def test_ids_of_a_selection_that_become_numbers_do_so_in_after(self):
        chosen = jobs([(), (), ("2", "a")], job_id=["a", "2", "3"]).take(np.array([1, 2]))
        assert chosen.job_id.tolist() == [2, 3]
        assert chosen.after.tolist() == [(), (2, "a")]

    @pytest.mark.parametrize(
        ("after", "said"),
        [
            ([[1], ()], "not a tuple"),
            (["1", ()], "not a tuple"),
            ([(1.5,), ()], "1.5, which is no job id"),
            ([(True,), ()], "True, which is no job id"),
            ([("",), ()], "no job id"),
            ([(), (1, "1")], "twice"),
        ],
    )
    def test_what_is_no_list_of_ids_is_refused(self, after, said):
        with pytest.raises(InputError, match=said):
            jobs(after)

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({"think_s": [1, 0, 0]}, "job 1 has a think time and waits for no job"),
            ({"think_s": [0, -1, 0]}, "think_s of job 2 is -1"),
            ({"after_any": [1, 0, 1]}, "after_any must be true or false"),
            ({"after_any": np.ones(2, bool)}, "after_any"),
        ],
    )
    def test_how_a_job_waits_is_checked(self, columns, said):
        with pytest.raises(InputError, match=said):
            jobs([(), (1,), ()], **columns)

    @pytest.mark.parametrize("column", ["think_s", "after_any"])
    def test_nothing_says_how_where_no_job_waits(self, column):
        with pytest.raises(InputError, match=f"{column} is given without after"):
            Workload.from_columns("w", submit_s=[0], work_s=[1], **{column: np.zeros(1, np.int64)})

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({"sensitivity_milli": [1001]}, "sensitivity_milli of job 1 is 1001"),
            ({"sensitivity_milli": [-1]}, "sensitivity_milli of job 1 is -1"),
            ({"sensitivity_milli": [0.5]}, "whole numbers"),
            ({"cancel_s": [4]}, "job 1 is given up before its submit time"),
            ({"user": ["a\nb"]}, "user"),
            ({"group": [7]}, "group 7"),
        ],
    )
    def test_the_other_columns_are_checked(self, columns, said):
        with pytest.raises(InputError, match=said):
            Workload.from_columns("w", submit_s=[5], work_s=[1], **columns)

    def test_columns_that_say_nothing_do_not_count_in_the_hash(self):
        plain = Workload.from_columns("w", submit_s=[0, 0], work_s=[1, 1])
        silent = {"sensitivity_milli": 1000, "cancel_s": 2**62, "after": [(), ()], "think_s": 0}
        assert jobs([(), ()]).content_hash() != plain.content_hash()  # other submit times
        same = Workload.from_columns("w", submit_s=[0, 0], work_s=[1, 1], **silent, user=["a", "b"])
        assert same.content_hash() == plain.content_hash()
        assert same.user.tolist() == ["a", "b"]

    def test_each_column_that_says_something_counts(self):
        base = {"after": [(), (1,)], "think_s": 0}
        plain = {"submit_s": [0, 0], "work_s": [1, 1]}
        changes = [
            {},
            {"think_s": [0, 1]},
            {"after_any": np.array([True, False])},
            {"after": [(2,), ()]},
            {"sensitivity_milli": [999, 1000]},
            {"cancel_s": [0, 2**62]},
        ]
        hashes = {Workload.from_columns("w", **plain, **base | each).content_hash() for each in changes}
        assert len(hashes) == len(changes)


def test_tuples_of_one_length_stay_tuples():
    assert array_of_tuples([(1, 2), (3, 4)]).tolist() == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "job 1 waits for itself"),
        (8, "cycle: 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> 8 -> 1"),
        (12, "cycle: 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> (4 more) -> 12 -> 1"),
    ],
)
def test_a_long_cycle_is_shortened_in_the_middle(count, words):
    assert cycle_text(range(1, count + 1)).endswith(words)
