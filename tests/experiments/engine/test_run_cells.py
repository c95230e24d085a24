"""A failed cell takes others with it, is blamed for what it did not do, or is run again without end."""

import time

import pytest

from experiments.engine import bundle
from experiments.engine.bundle import Bundle, run_bundle
from experiments.engine.cell_book import CellBook
from experiments.engine.run_cells import run_cells
from experiments.engine.where import Where
from tests.experiments.engine.cells_for_tests import NoteWork, begun, cell
from traces.errors import InputError

HERE = Where(workers=1)


@pytest.fixture
def work(tmp_path):
    return NoteWork(tmp_path)


def run(work, cells, **options):
    return run_cells(work, cells, HERE, work.folder / "book", **options)


def test_every_cell_is_run_once_and_in_order(work):
    cells = [cell(f"c{place}") for place in range(5)]
    assert run(work, cells) == {} and run(work, cells) == {}
    assert begun(work.folder)[0] == ["c0", "c1", "c2", "c3", "c4"]


def test_failures_are_told_apart_and_the_rest_goes_on(work):
    failures = run(work, [cell("a", "bad"), cell("b", "bug"), cell("c"), cell("d", needs=["a"])])
    assert {key: failure.kind for key, failure in failures.items()} == {
        "a": "input",
        "b": "bug",
        "d": "needs",
    }
    assert failures["a"].line == "a bad thing" and failures["d"].line == "needs cell a, which failed"
    assert "ValueError: oops" in failures["b"].line and "Traceback" in failures["b"].detail
    assert work.is_done(cell("c"))


def test_cells_wait_for_what_they_need(work):
    cells = [cell("last", needs=["a", "b"]), cell("b", needs=["a"]), cell("a")]
    assert run(work, cells) == {}
    assert begun(work.folder)[0] == ["a", "b", "last"]


def test_failed_cells_are_kept_or_run_again_as_is_wanted(work):
    cells = [cell("a", "bad"), cell("b", needs=["a"])]
    for options, times in (({}, 1), ({"keep_failures": True}, 1), ({}, 2)):
        failures = run(work, cells, **options)
        assert failures["a"].line == "a bad thing" and failures["b"].kind == "needs"
        assert len(begun(work.folder)[0]) == times


@pytest.mark.parametrize(("what", "error"), [("bad", InputError), ("bug", RuntimeError)])
def test_the_first_failure_can_end_it_all(work, what, error):
    with pytest.raises(error, match="bad thing|oops"):
        run(work, [cell("a"), cell("b", what), cell("c")], stop_at_failure=True)
    assert begun(work.folder)[0] == ["a", "b"]


def test_each_end_is_told(work):
    ends = []
    run(work, [cell("a"), cell("b", "bad"), cell("c", needs=["b"])],
        on_end=lambda cell, failure: ends.append((cell.key, failure and failure.kind)))  # fmt: skip
    assert ends == [("a", None), ("b", "input"), ("c", "needs")]


class TestTries:
    """What a book knows of cells whose workers died. Here the worker is this process, which only pretends."""

    def bundle(self, work, book, *cells):
        return Bundle(work, cells, book.folder, book.session)

    def test_a_cell_that_killed_two_workers_is_named_and_the_rest_goes_on(self, work, tmp_path):
        book, deadly = CellBook.opened(tmp_path / "book"), cell("deadly")
        book.begin(deadly)
        book.explain(deadly, "killed by SIGKILL")
        book.begin(deadly)
        report = run_bundle(self.bundle(work, book, deadly, cell("next")))
        assert report.failed == ["deadly"] and list(report.seconds) == ["next"]
        failure = book.failure("deadly")
        assert failure.kind == "worker" and "its worker died twice" in failure.line
        assert "killed by SIGKILL" in failure.line and "the input may be right" in failure.line

    def test_one_death_is_forgiven(self, work, tmp_path):
        book, unlucky = CellBook.opened(tmp_path / "book"), cell("unlucky")
        book.begin(unlucky)
        assert list(run_bundle(self.bundle(work, book, unlucky)).seconds) == ["unlucky"]
        assert not list((tmp_path / "book" / "tries").iterdir())

    def test_whoever_stops_commands_blames_no_cell(self, work, tmp_path):
        for _ in range(3):
            CellBook.opened(tmp_path / "book").begin(cell("a"))
        assert run(work, [cell("a")]) == {}

    def test_an_interrupt_is_no_try(self, work, tmp_path):
        with pytest.raises(KeyboardInterrupt):
            run(work, [cell("a", "stop")])
        assert not list((tmp_path / "book" / "tries").iterdir())

    def test_an_orphan_leaves_the_cells_to_the_command_that_took_over(self, work, tmp_path):
        orphan = self.bundle(work, CellBook.opened(tmp_path / "book"), cell("a"))
        CellBook.opened(tmp_path / "book")
        report = run_bundle(orphan)
        assert not report.seconds and not report.failed and not work.is_done(cell("a"))

    def test_a_torn_record_is_no_record(self, work, tmp_path):
        book = CellBook.opened(tmp_path / "book")
        book.begin(cell("a"))
        (tmp_path / "book" / "tries" / "a.json").write_text('{"session": "')
        (tmp_path / "book" / "failed" / "b.json").write_text("")
        assert book.tries(cell("a")).workers == () and book.failures(["a", "b"]) == {}
        assert list(run_bundle(self.bundle(work, book, cell("a"))).seconds) == ["a"]


class TestWalltime:
    @pytest.fixture(autouse=True)
    def ends_in_ten_seconds(self, monkeypatch):
        monkeypatch.setenv(bundle.ENDS_AT, str(time.time() + 10))
        monkeypatch.setattr(bundle, "_longest_s", {})
        monkeypatch.setattr(bundle, "_started_at", time.time())

    def test_the_first_cell_of_a_new_worker_is_always_begun(self, work, tmp_path):
        book = CellBook.opened(tmp_path / "book")
        report = run_bundle(Bundle(work, (cell("a"),), book.folder, book.session, estimates_s={"": 1e6}))
        assert list(report.seconds) == ["a"] and not report.out_of_time

    def test_the_first_cell_of_a_worker_that_has_waited_is_not(self, work, tmp_path, monkeypatch):
        monkeypatch.setattr(bundle, "_started_at", time.time() - 2)
        book = CellBook.opened(tmp_path / "book")
        report = run_bundle(Bundle(work, (cell("a"),), book.folder, book.session, estimates_s={"": 9.0}))
        assert not report.seconds and report.out_of_time

    def test_no_cell_is_begun_that_could_not_end(self, work, tmp_path):
        book = CellBook.opened(tmp_path / "book")
        cells = (cell("a", group="short"), cell("b", group="short"), cell("c", group="long"), cell("d"))
        report = run_bundle(Bundle(work, cells, book.folder, book.session, estimates_s={"long": 9.0}))
        assert list(report.seconds) == ["a", "b"] and report.out_of_time
        assert not list((tmp_path / "book" / "failed").iterdir())


def test_a_worker_with_other_code_runs_nothing(work, tmp_path):
    book = CellBook.opened(tmp_path / "book")
    report = run_bundle(Bundle(work, (cell("a"),), book.folder, book.session, code="another"))
    assert report.other_code and not report.seconds and not begun(tmp_path)[0]
