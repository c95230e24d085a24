"""How a worker leaves: not in the middle of a cell, and not with a report that nobody has fetched."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="needs the extra `cluster`")

from distributed import Status

from experiments.engine.bundle import ENDS_AT, BundleReport
from experiments.engine.dask_workers.dask_executor import DaskExecutor
from experiments.engine.slurm import leaving


class Loop:
    """An event loop whose callbacks run one by one, when the test says so; time does not matter."""

    def __init__(self):
        self.waiting = []
        self.delays_s = []

    def add_callback(self, function, *args, **kwargs):
        self.waiting.append(lambda: function(*args, **kwargs))

    def call_later(self, delay_s, function, *args):
        self.delays_s.append(delay_s)
        self.waiting.append(lambda: function(*args))

    def turn(self):
        callbacks, self.waiting = self.waiting, []
        for callback in callbacks:
            callback()


@pytest.fixture
def worker():
    """A worker that runs a cell and holds no report."""
    closed = []
    return SimpleNamespace(
        loop=Loop(),
        status=Status.running,
        state=SimpleNamespace(executing_count=1),
        data={},
        closed=closed,
        close_gracefully=lambda restart: closed.append(restart),
    )


def turns(worker, count=3):
    for _ in range(count):
        worker.loop.turn()


def test_it_takes_no_more_work_and_ends_the_cell_first(worker):
    leaving.leave(worker)
    turns(worker)
    assert worker.status == Status.paused
    assert worker.closed == []
    worker.state.executing_count = 0
    turns(worker)
    assert worker.closed == [False]


def test_it_waits_until_its_report_is_fetched(worker):
    worker.state.executing_count = 0
    worker.data["report"] = object()
    leaving.leave(worker)
    turns(worker)
    assert worker.closed == []
    worker.data.clear()
    turns(worker)
    assert worker.closed == [False]


def test_it_does_not_wait_for_ever(worker, monkeypatch):
    monkeypatch.setattr(leaving, "PATIENCE_S", 0.0)
    worker.state.executing_count = 0
    worker.data["report"] = object()
    leaving.leave(worker)
    turns(worker)
    assert worker.closed == [False]


def test_it_leaves_at_the_time_it_was_given(worker, monkeypatch):
    monkeypatch.setenv(ENDS_AT, str(time.time() + 1000))
    leaving.dask_setup(worker)
    (delay_s,) = worker.loop.delays_s
    assert 900 < delay_s <= 1000


def test_without_a_time_it_stays(worker, monkeypatch):
    monkeypatch.delenv(ENDS_AT, raising=False)
    leaving.dask_setup(worker)
    assert worker.loop.waiting == []


@pytest.mark.parametrize("status", ["lost", "finished"])
def test_a_report_that_left_with_its_worker_is_no_lost_scheduler(status):
    def result(timeout):
        raise TimeoutError

    client = SimpleNamespace(status="running", scheduler=object())
    executor = DaskExecutor(client, None, None, "--dask-slurm")
    outcome = executor._outcome(SimpleNamespace(status=status, result=result))
    assert outcome == BundleReport(out_of_time=True)
