"""The watchdog and the lock of the folder, which a killed shadow lets go a moment after the pipe."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.operate.shadow.acting import release_watchdog
from experiments.operate.shadow.acting.held_jobs import HOLD, Journal
from experiments.operate.shadow.acting.release_watchdog import Shadow, once
from tests.experiments.operate.shadow.fake_slurm import FakeSlurm

NO_PROCESS = 0
"""As the watchdog's parent: it has been given to another one, since the shadow is gone."""


@pytest.fixture
def orphan(tmp_path: Path, slurm_file: FakeSlurm) -> Shadow:
    """What the watchdog of a dead shadow watches over: one job that it holds."""
    journal = Journal(tmp_path / "journal.jsonl")
    slurm_file.job(7, waited_s=50)
    submit_s = slurm_file.state["jobs"]["7"]["submit_time"]
    journal.write(event="intend", action=HOLD, job="7", submit_s=submit_s, lease_s=300, marked=True)
    slurm_file.commands.put_off("7", 300, "rare-shadow:1")
    return Shadow(journal, slurm_file.commands, str(tmp_path), NO_PROCESS)


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[int]:
    """The lock of the folder, in other hands."""
    fd = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    yield fd
    os.close(fd)


def test_a_lock_that_goes_a_moment_later_is_waited_for(orphan: Shadow, lock: int) -> None:
    threading.Timer(0.1, fcntl.flock, (lock, fcntl.LOCK_UN)).start()
    assert not once(orphan)
    assert not orphan.journal.held()


def test_a_shadow_that_was_started_anew_is_left_alone_and_watched(
    orphan: Shadow, lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_watchdog, "LOCK_WITHIN_S", 0.05)
    assert once(orphan), "there is something left to do, later"
    assert [job.job for job in orphan.journal.held()] == ["7"]
    fcntl.flock(lock, fcntl.LOCK_UN)
    assert not once(orphan)
    assert not orphan.journal.held()


def test_a_silent_shadow_that_lives_is_not_waited_for(
    orphan: Shadow, lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_watchdog, "LOCK_WITHIN_S", 0.05)
    assert not once(Shadow(orphan.journal, orphan.commands, orphan.folder, os.getppid()))
    assert not orphan.journal.held()
