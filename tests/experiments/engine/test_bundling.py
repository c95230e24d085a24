"""Cells are lost, doubled, or handed out so that one worker has all the work."""

from hypothesis import given
from hypothesis import strategies as st

from experiments.engine.bundling import BUNDLE_S, CellQueue
from experiments.engine.cells import Failure
from tests.experiments.engine.cells_for_tests import cell


def timed(count, seconds, group="g"):
    """A queue whose cells are known to take so long."""
    queue = CellQueue(
        [cell("probe", group=group), *(cell(f"c{n}", group=group) for n in range(count))], set(), {}
    )
    queue.ended(queue.next(2)[0], None, seconds)
    return queue


def test_a_cell_of_unknown_length_goes_alone():
    queue = CellQueue([cell("a", group="g"), cell("b", group="g")], set(), {})
    assert [entry.key for entry in queue.next(2)] == ["a"]
    assert [entry.key for entry in queue.next(2)] == ["b"]


def test_short_cells_fill_a_minute_while_there_is_much_work():
    queue = timed(10_000, 0.1)
    assert 0.95 * BUNDLE_S <= 0.1 * len(queue.next(2)) <= BUNDLE_S


def test_near_the_end_bundles_shrink_so_that_no_worker_is_left_with_all():
    queue, sizes = timed(40, 5.0), []
    while cells := queue.next(2):
        sizes.append(len(cells))
    assert sum(sizes) == 40 and max(sizes) == 5 and sizes[-1] == 1


def test_a_long_cell_goes_alone():
    assert len(timed(10, 100.0).next(2)) == 1


def test_what_a_worker_did_not_come_to_is_next():
    queue = timed(5, 1.0)
    queue.put_back([cell("x"), cell("y")])
    assert queue.next(2)[0].key == "x" and queue.next(2)[0].key == "y"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.floats(0, 90), st.sets(st.integers(0, 20), max_size=3), st.booleans()
        ),
        max_size=20,
    ),
    st.integers(1, 5),
)
def test_every_cell_comes_once_after_what_it_needs_or_fails_with_it(facts, workers):
    cells = [
        cell(f"k{place}", group=f"g{group}", needs=[f"k{need}" for need in needs if need < place])
        for place, (group, _, needs, _) in enumerate(facts)
    ]
    queue, ended, failed = CellQueue(cells, set(), {}), [], set()
    while bundle := queue.next(workers):
        for entry in bundle:
            assert all(need in ended for need in entry.needs) and not failed & set(entry.needs)
            place = int(entry.key[1:])
            fails = facts[place][3]
            (failed.add if fails else ended.append)(entry.key)
            queue.ended(entry, Failure("input", "no") if fails else None, facts[place][1])
            while queue.failed_by_need:
                other, failure = queue.failed_by_need.pop()
                assert failure.kind == "needs"
                failed.add(other.key)
                queue.ended(other, failure)
    assert len(ended) == len(set(ended)) and failed.isdisjoint(ended)
    assert failed | set(ended) == {entry.key for entry in cells}
