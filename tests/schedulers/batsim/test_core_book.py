import pytest

from rare.model import Cluster, Partition
from schedulers.batsim.core_book import CoreBook

TWO = Cluster((Partition("a", nodes=2, cores_per_node=2), Partition("b", nodes=1, cores_per_node=4)))


def test_cores_are_taken_and_given_back():
    book = CoreBook(TWO)
    book.take(7, "0 2-3", 3, 0)
    assert (book.free(0), book.free(1), book.cores) == (1, 4, 8)
    assert book.release(7) == "0 2-3"
    assert book.release(7) == ""
    assert book.free(0) == 4


@pytest.mark.parametrize(
    ("text", "count", "partition", "problem"),
    [
        ("1-2", 2, 0, "resource 2, which another job holds"),
        ("0-1", 3, 0, "has 2 resources, and the job needs 3"),
        ("1 4", 2, 0, r"resource 4, which is not of the job's partition \(0-3\)"),
        ("8", 1, 1, "the last one is 7"),
        ("7", 1, 1, "resource 7, which was told to be unavailable"),
        ("x", 1, 1, "no interval set"),
    ],
)
def test_what_a_job_cannot_have_is_refused_and_changes_nothing(text, count, partition, problem):
    book = CoreBook(TWO)
    book.take(1, "2-3", 2, 0)
    book.set_powered([4, 3])
    with pytest.raises(ValueError, match=problem):
        book.take(2, text, count, partition)
    assert (book.free(0), book.free(1)) == (2, 4)


def test_the_highest_free_cores_go_without_power_and_little_is_told():
    book = CoreBook(TWO)
    assert book.set_powered([4, 4]) == ("", "")
    assert book.set_powered([2, 4]) == ("2-3", "")
    assert book.set_powered([3, 0]) == ("4-7", "2")
    book.take(1, "0-2", 3, 0)
    assert book.set_powered([0, 1]) == ("", "4")  # core 3 goes on without, and a core in use is none of them
    assert book.set_powered([1, 4]) == ("", "3 5-7")
