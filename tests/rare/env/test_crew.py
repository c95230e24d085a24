"""Threads that share the steps of a batch (rare.env.crew)."""

from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest

from rare import Layout
from rare.env.batch import Batch
from rare.env.crew import CHUNK, Crew
from rare.scenario.scenario_episodes import load_episodes

LAYOUT = Layout(6, 4, 2)
ENVIRONMENTS = 5 * CHUNK + 3


def begun(count=ENVIRONMENTS):
    episodes = load_episodes("tiny", (), 0, None)
    batch = Batch(episodes, LAYOUT, count, live=16)
    for e in range(count):
        batch.set_up(e, episodes.episodes[e % len(episodes.episodes)])
        batch.begin(e)
    return batch


def played(batch, steps, threads):
    """Everything that is seen in so many steps of random play."""
    draws, seen = np.random.default_rng(4), []
    for _ in range(steps):
        actions = [int(draws.choice(np.flatnonzero(mask))) for mask in batch.mask]
        batch.step(np.array(actions, np.int64), threads)
        seen.append((batch.obs.tobytes(), batch.mask.tobytes(), batch.reward.tobytes()))
    return seen


def helpers():
    return [thread for thread in threading.enumerate() if thread.name == "rare-helper"]


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_results_do_not_depend_on_the_number_of_threads(threads):
    assert played(begun(), 30, threads) == played(begun(), 30, 1)


def test_helpers_that_never_come_are_not_waited_for(monkeypatch):
    """The caller takes all chunks itself: so it does where the system puts all helpers aside."""
    monkeypatch.setattr("rare.env.crew._wake", lambda wakes: None)
    assert played(begun(), 10, 3) == played(begun(), 10, 1)


def test_after_a_long_wait_the_caller_works_alone_for_a_while(monkeypatch):
    batch, woken = begun(), []
    monkeypatch.setattr("rare.env.crew._wake", woken.append)
    played(batch, 1, 2)
    crew = batch._crew
    assert len(woken) == 1
    end_s = time.monotonic() + 0.2  # a helper is put aside until then, with a chunk in its hands
    with monkeypatch.context() as slow:
        slow.setattr("rare.env.crew.chunks_held", lambda address: time.monotonic() < end_s)
        played(batch, 1, 2)
    assert crew._alone_s > 0
    played(batch, 1, 2)
    assert len(woken) == 2  # the last step was done alone
    crew._alone_s = 1e-9  # that is soon over
    played(batch, 2, 2)
    assert len(woken) == 3


def test_a_refused_action_leaves_everything_as_it_was():
    batch = begun()
    before = [array.tobytes() for array in batch.state_arrays().values()]
    actions = np.zeros(ENVIRONMENTS, np.int64)
    actions[-1] = LAYOUT.actions
    with pytest.raises(ValueError, match=f"environment {ENVIRONMENTS - 1}"):
        batch.step(actions, 2)
    assert [array.tobytes() for array in batch.state_arrays().values()] == before
    assert played(batch, 5, 2) == played(begun(), 5, 1)


def test_helpers_end_with_their_batch():
    gc.collect()
    before = len(helpers())
    batch = begun(8)
    batch.step(np.zeros(8, np.int64), 3)
    assert len(helpers()) == before + 2
    del batch
    gc.collect()
    end_s = time.monotonic() + 10
    while len(helpers()) > before and time.monotonic() < end_s:
        time.sleep(0.001)
    assert len(helpers()) == before


def test_a_crew_of_one_has_no_helper():
    before = len(helpers())
    assert Crew(1, 10).is_for(1) and len(helpers()) == before
