"""RLScheduler's case as cells: the training of a seed, and a scheduler on one of the test windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import rare
from experiments.engine.cells import Cell
from experiments.presets.preset_files import Record
from experiments.presets.rlscheduler.rlscheduler_agents import Rule, in_order
from experiments.presets.rlscheduler.rlscheduler_case import read_trace, test_episodes
from experiments.presets.rlscheduler.rlscheduler_training import AGENT, ORDER, train_seed
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.cell_results import CellResults, cell_key
from experiments.runs.provenance import file_hash, scheduler_files
from experiments.training.train_folder import read_json, versions
from rare.env.policies.policy import AnyScheduler
from rare.episodes import Episode, Episodes, window_case
from schedulers import Heuristic, make_scheduler
from schedulers.network.checkpoint_files import checkpoint_hash
from traces.errors import InputError
from traces.files.atomic import write_json

SEED_FACTS = "seed.json"
STRICT, BACKFILL = "no backfill", "backfill"
RULE, RULE_IN_ORDER, RULE_MAY_WAIT = "rule", "rule, in order", "rule, in order, may wait"
RULES = {
    RULE: Rule(RULE),
    RULE_IN_ORDER: Rule(RULE_IN_ORDER, in_order=True),
    RULE_MAY_WAIT: Rule(RULE_MAY_WAIT, in_order=True, may_wait=True),
}
FREE, RANKED, HELD = "agent", "agent, in order", "agent, in order, may wait"
AGENTS = (FREE, RANKED, HELD)


def seed_folder(out: Path, seed: int) -> Path:
    """The folder in which an agent is trained."""
    return out / "train" / f"seed-{seed}"


@dataclass(frozen=True, slots=True)
class SeedTraining:
    """Trains the networks of a seed, in OUT/train/seed-K. The payload of a cell is the seed.

    out: absolute. steps, rounds, traces: as of `train_seed`. display: shown in the command's own process.
    """

    out: Path
    steps: int
    rounds: int
    traces: int
    display: ProgressDisplay = field(default=QUIET, compare=False)

    def cell(self, seed: int) -> Cell:
        """The cell of a seed."""
        key = cell_key("rlscheduler agent", self._wanted(), seed, versions())
        return Cell(key, f"the training of seed {seed}", seed, "training")

    def is_done(self, cell: Cell) -> bool:
        """Whether the seed was trained with the same numbers."""
        facts = self._facts(cell.payload)
        return facts.is_file() and read_json(facts)["wanted"] == self._wanted()

    def run(self, cell: Cell) -> None:
        """Train the networks, or go on where their training was stopped."""
        seed, folder = cell.payload, seed_folder(self.out, cell.payload)
        report = train_seed(folder, seed, self.steps, self.rounds, self.traces, self.display)
        write_json(self._facts(seed), {"wanted": self._wanted(), **report})

    def report(self, seed: int) -> Record:
        """The report of a trained seed (`train_seed`)."""
        return dict(read_json(self._facts(seed)))

    def _wanted(self) -> Record:
        return {"steps": self.steps, "rounds": self.rounds, "traces": self.traces}

    def _facts(self, seed: int) -> Path:
        return seed_folder(self.out, seed) / SEED_FACTS


class Trace(NamedTuple):
    """The user's trace, as an absolute path with the sha256 of the file; and the test windows' first jobs."""

    path: str
    sha256: str
    first_jobs: tuple[tuple[int, tuple[int, ...]], ...]

    @classmethod
    def of(cls, path: Path, first_jobs: Mapping[int, Sequence[int]]) -> Trace:
        """Of a file, and the first jobs of windows by their length."""
        windows = tuple((length, tuple(first)) for length, first in first_jobs.items())
        return cls(str(path.absolute()), file_hash(path), windows)


class Run(NamedTuple):
    """A scheduler on a window: its name, the seed of an agent, the window by its place."""

    name: str
    seed: int | None
    window: int


@dataclass(frozen=True, slots=True)
class WindowJudging:
    """Measures schedulers on windows. The payload of a cell is a Run; its result is a row of the results."""

    trace: Trace
    out: Path
    results: CellResults

    def cells(self, names: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
        """The cells of named schedulers, of the rules and of the agents of these seeds, in this order."""
        windows = _episodes(self.trace).episodes
        entrants: list[tuple[str, int | None]] = [(name, None) for name in (*names, *RULES)]
        entrants += [(name, seed) for seed in seeds for name in AGENTS]
        sources = {seed: self._weights(seed) for seed in seeds} | {None: scheduler_files(names)}
        cells = []
        for name, seed in entrants:
            for place, window in enumerate(windows):
                run = Run(name, seed, place)
                facts = ("rlscheduler window", self.trace.sha256, window.name, name, seed, sources[seed])
                label = f"{name} on the window from job {window.first_job}"
                cells.append(Cell(cell_key(*facts), label, run, f"{name} {window.placed_jobs}"))
        return cells

    def is_done(self, cell: Cell) -> bool:
        """Whether there is a row."""
        return self.results.has(cell.key)

    def run(self, cell: Cell) -> None:
        """Simulate a window and write its row. InputError if jobs are left undone."""
        run: Run = cell.payload
        episodes = _episodes(self.trace)
        scheduler = _scheduler(run.name, None if run.seed is None else seed_folder(self.out, run.seed))
        row = _row(run.name, run.seed, scheduler, episodes, episodes.episodes[run.window])
        self.results.write(cell.key, row)

    def rows(self, cells: Sequence[Cell]) -> list[Record]:
        """The rows of cells that are done."""
        return [self.results.read(cell.key) for cell in cells]

    def _weights(self, seed: int) -> list[str]:
        folder = seed_folder(self.out, seed)
        return [checkpoint_hash(folder / name) for name in (AGENT, ORDER)]


@lru_cache(maxsize=1)
def _episodes(trace: Trace) -> Episodes:
    """The test windows. InputError if the file is another one than the command read."""
    if file_hash(Path(trace.path)) != trace.sha256:
        raise InputError(
            f"{trace.path}: a worker reads another file than this command did; leave it as it is, and let "
            "all machines see the same one"
        )
    return test_episodes(read_trace(Path(trace.path)), dict(trace.first_jobs))


def _scheduler(name: str, folder: Path | None) -> AnyScheduler:
    """A scheduler of the case by its name; folder: of an agent's seed."""
    if folder is None:
        return RULES[name] if name in RULES else make_scheduler(name)
    if name == FREE:
        return make_scheduler(str(folder / AGENT))
    return in_order(name, folder / ORDER, *([folder / AGENT] if name == HELD else []))


def _row(name: str, seed: int | None, scheduler: AnyScheduler, episodes: Episodes, window: Episode) -> Record:
    result = rare.simulate(window_case(episodes.case, window), scheduler)
    if result.metrics["jobs_completed"] != window.placed_jobs:
        remedy = "leave it out" if seed is None else f"seed {seed} learned too little; give more --steps"
        raise InputError(
            f"scheduler {name!r}: left jobs of the window from job {window.first_job} undone "
            f"({result.ended}); {remedy}"
        )
    return {
        "scheduler": name,
        "setting": setting_of(name),
        "seed": seed,
        "jobs": window.placed_jobs,
        "first_job": window.first_job,
        "slowdown": float(result.metrics["mean_bounded_slowdown"]),
    }


def setting_of(name: str) -> str:
    """STRICT for a scheduler without backfill, else BACKFILL; by its name."""
    if name in (RANKED, HELD, RULE_IN_ORDER, RULE_MAY_WAIT):
        return STRICT
    if name in (FREE, RULE):
        return BACKFILL
    scheduler = make_scheduler(name)
    return STRICT if isinstance(scheduler, Heuristic) and scheduler.backfill == "none" else BACKFILL
