"""The blocks of a dataset as cells: each is played by itself, on any worker, into a file of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.data.dataset_task import RANDOM, DatasetRequest, policy_of, task_of
from experiments.engine.cells import Cell
from experiments.engine.compile_lock import compiled_once
from experiments.engine.run_all import run_all
from experiments.engine.where import Where
from experiments.process.progress import ProgressDisplay
from rare.dataset.episode_blocks import BLOCKS, BOOK, Block, is_played, play_block
from rare.dataset.logging_task import Task
from rare.dataset.play_episode import Player
from rare.dataset.write_dataset import unwritable
from traces.errors import InputError

COMPILED = "record"
"""The compiled function that plays a heuristic's episode. One process of a machine compiles it."""


@dataclass(frozen=True, slots=True)
class EpisodePlaying:
    """The cells of one dataset; the payload of a cell is its Block.

    folder              : of the dataset, as an absolute path
    schedulers, request : what is logged
    plan                : sha256 of the plan that they must make wherever a cell runs
    """

    folder: str
    schedulers: tuple[str, ...]
    request: DatasetRequest
    plan: str

    def cell(self, block: Block) -> Cell:
        """The cell of a block."""
        key = f"{self.plan[:16]}-{block.first:06d}-{block.last:06d}"
        return Cell(key, f"episodes {block.first} to {block.last}", block, f"{block.size} episodes")

    def is_done(self, cell: Cell) -> bool:
        """Whether the block is on disk, or in a shard already."""
        return is_played(Path(self.folder), cell.payload)

    def run(self, cell: Cell) -> None:
        """Play the block. InputError if a scheduler fails, or the folder cannot be written."""
        try:
            play_block(*_in_this_process.of(self), cell.payload, Path(self.folder))
        except OSError as error:
            raise unwritable(Path(self.folder), error) from error


class _ThisProcess:
    """Task and player of the last dataset that this process plays: to make them takes as long as a cell."""

    def __init__(self) -> None:
        self._plan = ""
        self._task: Task | None = None
        self._player: Player | None = None

    def begin(self, plan: str = "", task: Task | None = None) -> None:
        """Play this task from now on; without one, free the memory."""
        self._plan, self._task, self._player = plan, task, None

    def of(self, work: EpisodePlaying) -> tuple[Task, Player]:
        """Task and player for a cell. InputError if files that decide the task are others here."""
        if self._task is None or self._plan != work.plan:
            task = task_of(work.schedulers, work.request)
            if plan_hash(task) != work.plan:
                raise InputError(
                    f"{work.folder}: a worker reads another scenario, traces or schedulers than this command "
                    "did; leave these files as they are, and let all machines see the same ones"
                )
            self.begin(work.plan, task)
        assert self._task is not None
        if self._player is None:
            self._player = Player(self._task.episodes, self._task.layout)
            with compiled_once(COMPILED):
                window = self._task.episodes.of(self._task.split)[0]
                self._player.play(window, policy_of(RANDOM, 1.0), seed=0, most=1)
        return self._task, self._player


_in_this_process = _ThisProcess()


@dataclass(frozen=True, slots=True)
class EpisodePlayers:
    """Plays blocks wherever the user wants (rare.dataset.write_dataset.PlayBlocks)."""

    schedulers: tuple[str, ...]
    request: DatasetRequest
    where: Where
    display: ProgressDisplay

    def play(self, task: Task, folder: Path, blocks: Sequence[Block], on_block: Callable[[], None]) -> None:
        """Play the blocks that are not on disk. InputError for the first that fails."""
        plan = plan_hash(task)
        work = EpisodePlaying(str(folder.absolute()), self.schedulers, self.request, plan)
        cells = [work.cell(block) for block in blocks]
        _in_this_process.begin(plan, task)
        try:
            run_all(
                work,
                cells,
                self.where,
                folder / BLOCKS / BOOK,
                display=self.display,
                label=f"logging {', '.join(self.schedulers)}",
                unit="blocks of episodes",
                on_end=on_block,
            )
        finally:
            _in_this_process.begin()


def plan_hash(task: Task) -> str:
    """sha256 of a task's plan, in hex."""
    return hashlib.sha256(json.dumps(task.plan(), sort_keys=True).encode()).hexdigest()
