"""How a cell of a sweep is run, and where its result lies."""

from __future__ import annotations

import hashlib
import json
import platform
import time
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.engine.cells import Cell
from experiments.runs.run_setup import Settings, Work
from experiments.runs.single_run import simulate_one
from rare.scenario.case_builder import Built, build
from rare.scenario.load import Loaded
from rare.scheduler import as_scheduler
from schedulers import make_scheduler
from schedulers.user.user_class import users_error
from traces.errors import InputError
from traces.files.atomic import write_text
from traces.files.documents import read_json

CELLS = "cells"
BUILT_CASES = 2
"""Cases that a process keeps: the schedulers of one case follow each other."""


@dataclass(frozen=True, slots=True)
class SweepTask:
    """What a worker must know of a cell. case_key: equal for equal cases."""

    loaded: Loaded
    scheduler: str
    settings: Settings
    case_key: str


@dataclass(frozen=True, slots=True)
class SweepWork:
    """Runs cells; the result of each is a JSON file in the folder of the sweep."""

    folder: Path

    def is_done(self, cell: Cell) -> bool:
        """Whether the cell's result is on disk, and whole."""
        return self.facts(cell.key) is not None

    def run(self, cell: Cell) -> None:
        """Simulate, and write the facts of the run."""
        began_s = time.monotonic()
        facts = run_task(cell.payload)
        path = self.path(cell.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(facts, sort_keys=True)
        work = {"wall_s": round(time.monotonic() - began_s, 3), "host": platform.node()}
        content = {"facts": facts, "sha256": _digest(text), **work}
        write_text(path, json.dumps(content, sort_keys=True) + "\n")

    def facts(self, key: str) -> dict[str, Any] | None:
        """The facts of a finished cell; None if it is not finished, or its file is damaged."""
        try:
            content = read_json(self.path(key))
        except InputError:
            return None
        facts = content.get("facts") if isinstance(content, dict) else None
        if not isinstance(facts, dict) or content.get("sha256") != _digest(json.dumps(facts, sort_keys=True)):
            return None
        return facts

    def path(self, key: str) -> Path:
        """The file of a cell."""
        return self.folder / CELLS / key[:2] / f"{key}.json"


def run_task(task: SweepTask) -> dict[str, Any]:
    """The object of `rare simulate --json` for a cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a file is repaired by stands in the notes of the run
        built = _built(task.case_key, task)
        with users_error(task.scheduler):
            as_scheduler(make_scheduler(task.scheduler)).check(built.case)
        facts, _ = simulate_one(Work(built, task.settings), task.scheduler, record=False)
    return facts


class _ByKey:
    """A task that a cache looks up by the key of its case alone."""

    def __init__(self, key: str, task: SweepTask) -> None:
        self.key, self.task = key, task

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByKey) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=BUILT_CASES)
def _built_once(entry: _ByKey) -> Built:
    return build(entry.task.loaded, seed=entry.task.settings.seed)


def _built(key: str, task: SweepTask) -> Built:
    return _built_once(_ByKey(key, task))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
