"""Cells until all are done: workers are started for long work alone, and the first failure ends it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.engine import run_all as module
from experiments.engine import run_cells as engine
from experiments.engine.cells import Cell
from experiments.engine.run_all import HERE, run_all
from experiments.engine.where import Where
from traces.errors import InputError

CELLS = [Cell(f"cell-{number}", f"cell {number}", number) for number in range(4)]


@dataclass(frozen=True)
class Touch:
    """Makes a file for each cell; one number cannot be done."""

    folder: Path
    fails: int = -1

    def is_done(self, cell):
        return (self.folder / cell.key).exists()

    def run(self, cell):
        if cell.payload == self.fails:
            raise InputError(f"{cell.label}: cannot be done")
        (self.folder / cell.key).touch(exist_ok=False)


@pytest.fixture
def started(monkeypatch):
    """Where workers were asked for; none are started."""
    asked, own = [], engine.executor_of

    def noted(where, cells, display, folder):
        asked.append((where, cells))
        return own(HERE, cells, display, folder)

    monkeypatch.setattr(engine, "executor_of", noted)
    return asked


def test_short_work_starts_no_workers_unless_they_are_asked_for(started, tmp_path):
    ended = []
    run_all(Touch(tmp_path), CELLS, Where(), tmp_path / "book", on_end=lambda: ended.append(1))
    assert started == [] and len(ended) == 4 and all(Touch(tmp_path).is_done(cell) for cell in CELLS)
    for cell in CELLS[1:]:
        (tmp_path / cell.key).unlink()
    run_all(Touch(tmp_path), CELLS, Where(workers=2), tmp_path / "book", on_end=lambda: ended.append(1))
    assert started == [(Where(workers=2), 3)] and len(ended) == 7


def test_what_is_left_after_a_while_goes_to_workers(started, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ALONE_S", -1.0)
    run_all(Touch(tmp_path), CELLS, Where(), tmp_path / "book")
    assert started == [(Where(), 4)] and all(Touch(tmp_path).is_done(cell) for cell in CELLS)


def test_cells_that_take_long_go_to_workers_at_once(started, tmp_path):
    run_all(Touch(tmp_path), CELLS, Where(), tmp_path / "book", alone_s=0)
    assert started == [(Where(), 4)]


@pytest.mark.parametrize("where", [HERE, Where()])
def test_the_first_failure_ends_it(where, tmp_path):
    with pytest.raises(InputError, match="cell 2: cannot be done"):
        run_all(Touch(tmp_path, fails=2), CELLS, where, tmp_path / "book")
    assert [cell.payload for cell in CELLS if Touch(tmp_path).is_done(cell)] == [0, 1]
