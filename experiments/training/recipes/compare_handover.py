"""Compares ways to hand a policy over from offline to online learning: what is lost meanwhile, and the end.

python -m experiments.training.recipes.compare_handover DIR

It logs a dataset, trains starts from it (bc, crr, and crr distilled) with each seed, lets PPO play on from
each by each way, and prints a table (docs/results/training-results.md). The same command resumes an interrupted run.
"""

# ruff: noqa: E402 - signals are handled before anything else is imported

from __future__ import annotations

import sys

import experiments.process.interrupts as interrupts

_importing = interrupts.AtOnce(__name__)

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from experiments.data.log_dataset import dataset_run
from experiments.engine.cells import Cell
from experiments.engine.run_all import run_all
from experiments.engine.where import Where
from experiments.process.command_process import run_process
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.cell_results import CellResults, cell_key
from experiments.results.statistics import stratified
from experiments.training.train_distil import distil_run
from experiments.training.train_folder import versions
from experiments.training.train_offline import train_offline
from experiments.training.train_online import train_online
from rare.scenario.scenario_episodes import episodes_of
from schedulers.network.forward import CHOICES_OF_POLICY
from schedulers.training.online.online_options import FADING_ANCHOR
from traces.errors import InputError

TEACHER, EPISODES, EPSILON, QUEUE_SLOTS = "lookahead+budget=1000", 26, 0.05, 192  # as in `rare demo`
UPDATES, WIDTH = 1200, 32
DISTIL = {"rounds": 2, "updates": 400}
STARTS = ("bc", "crr", "distilled")
STEPS, VALIDATE_EVERY = 100_000, 10_000
_ADAPTIVE = {
    "learning_rate": 1e-3,
    "actor_steps": 20_000,
    "average": 8.0,
    "clone_weight": 0.5,
    "clone_factor": 2.0,
    "clone_last": 0.05,
}
WAYS: dict[str, dict[str, float]] = {
    "fading anchor": {},
    "critic warm-up alone": {"clone_weight": 0.0},
    "short warm-up (WSRL)": {"clone_weight": 0.0, "critic_steps": 8_192},
    "jump-start": {"clone_weight": 0.0, "guide_share": 0.9, "guide_fall": 0.2},
    "lasting anchor, low rate": {"clone_last": 0.3, "clone_steps": 50_000, "learning_rate": 1e-3},
    "adaptive anchor, low rate, averaged": _ADAPTIVE,
    "sharpened, fading anchor": {"sharpness": 4.0},
    "sharpened, adaptive anchor, low rate, averaged": {"sharpness": 4.0, **_ADAPTIVE},
}
"""Changes of FADING_ANCHOR by the name of a way."""


@dataclass(frozen=True, slots=True)
class HandoverComparison:
    """The cells of a comparison. A payload is empty for the log, (start, seed), or (start, seed, way).

    folder: of all of it. The results are in its folder `cells`.
    """

    scenario: str
    folder: Path
    display: ProgressDisplay = field(default=QUIET, compare=False)

    @property
    def results(self) -> CellResults:
        """The results of the cells."""
        return CellResults(self.folder.absolute() / "cells")

    def log(self) -> Cell:
        """The cell that logs the teacher's decisions."""
        return Cell(self._key(), f"the log of {self.scenario}", (), "log")

    def start(self, name: str, seed: int) -> Cell:
        """The cell that trains an offline policy; the distilled one is taught by crr with the same seed."""
        needs = self.start("crr", seed) if name == "distilled" else self.log()
        return Cell(self._key(name, seed), f"{name} seed {seed}", (name, seed), "offline", (needs.key,))

    def online(self, name: str, seed: int, way: str) -> Cell:
        """The cell that plays on from a start."""
        needs = (self.start(name, seed).key,)
        facts = (name, seed, way, STEPS, {**FADING_ANCHOR, **WAYS[way]})
        return Cell(self._key(*facts), f"{way} from {name} seed {seed}", (name, seed, way), "online", needs)

    def is_done(self, cell: Cell) -> bool:
        """Whether there is a result."""
        return self.results.has(cell.key)

    def run(self, cell: Cell) -> None:
        """Log, train or play on; what was interrupted goes on, or begins anew where it is distilled."""
        if not cell.payload:
            dataset_run(
                [TEACHER],
                self.folder / "log",
                scenario=self.scenario,
                episodes=EPISODES,
                epsilon=EPSILON,
                queue_slots=QUEUE_SLOTS,
                display=self.display,
            )
            self.results.write(cell.key, {})
        elif len(cell.payload) == 2:
            self.results.write(cell.key, self._trained(*cell.payload))
        else:
            self.results.write(cell.key, self._played(*cell.payload))

    def _trained(self, name: str, seed: int) -> dict[str, Any]:
        """Train a start; where it lies, and its (W,) scores on the validation windows."""
        out = self.folder / f"{name}-{seed}"
        if name == "distilled":
            crr = self.folder / f"crr-{seed}" / "last"
            distil_run(
                {self.scenario: crr},
                out,
                start=crr,
                seed=seed,
                changes=DISTIL,
                resume=out.exists(),
                display=self.display,
            )
            return {"folder": f"{out.name}/best"}
        train_offline(
            [self.folder / "log"],
            out,
            algorithm=name,
            steps=UPDATES,
            validate_every=UPDATES,
            width=WIDTH,
            seed=seed,
            baselines=(),
            resume=out.exists(),
            figure=False,
            display=self.display,
        )
        return {"folder": f"{out.name}/last"}

    def _played(self, name: str, seed: int, way: str) -> dict[str, Any]:
        """PPO from a start: scores of the start and the end by window, and means at all validations."""
        from schedulers.training.checkpoint import load
        from schedulers.training.greedy_windows import best_choice
        from schedulers.training.journal import read_rows

        start = self.folder / self.results.read(self.start(name, seed).key)["folder"]
        out = self.folder / "online" / f"{'-'.join(way.replace(',', '').split())}-{name}-{seed}"
        summary = train_online(
            self.scenario,
            out,
            steps=STEPS,
            start=start,
            seed=seed,
            validate_every=VALIDATE_EVERY,
            options={**FADING_ANCHOR, **WAYS[way]},
            resume=out.exists(),
            figure=False,
            display=self.display,
        )
        episodes = episodes_of(self.scenario)
        _, first = best_choice(load(start).net, episodes, episodes.of("validation"), CHOICES_OF_POLICY)
        return {
            "curve": [float(row["objective"]) for row in read_rows(out) if row["objective"]],
            "first": first.tolist(),
            "last": summary["last"]["objectives"],
        }

    def _key(self, *facts: Any) -> str:
        return cell_key("handover", self.scenario, list(facts), versions())


def measures(result: dict[str, Any]) -> dict[str, float]:
    """Of one run: largest drop and mean area below the start's score, end and best less the start."""
    change = np.subtract(result["curve"], result["curve"][0])
    below = np.minimum(change, 0.0)
    return {
        "drop": float(below.min()),
        "area": float(np.trapezoid(below) / (len(below) - 1)),
        "end": float(np.nanmean(_gains(result))),
        "best": float(change[1:].max()),
    }


def table(results: dict[tuple[str, int, str], dict[str, Any]]) -> str:
    """A Markdown table: means over starts and seeds, with 95 % intervals from both resampled.

    results: of runs, by start, seed and way; all combinations.
    """
    starts = list(dict.fromkeys(start for start, _, _ in results))
    seeds = sorted({seed for _, seed, _ in results})
    lines = ["| way | start | largest drop | area below | end | best |", "|---|---|---|---|---|---|"]
    for way in dict.fromkeys(way for _, _, way in results):
        for group in [[start] for start in starts] + ([starts] if len(starts) > 1 else []):
            runs = [[results[start, seed, way] for seed in seeds] for start in group]
            cells = [
                _cell([[[measures(run)[name]] for run in row] for row in runs]) for name in ("drop", "area")
            ]
            cells.append(_cell([[_gains(run) for run in row] for row in runs]))
            cells.append(_cell([[[measures(run)["best"]] for run in row] for row in runs]))
            lines.append(f"| {way} | {group[0] if len(group) == 1 else 'all'} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gains(result: dict[str, Any]) -> list[float]:
    """(W,) what the end gains on each window."""
    return [last - first for last, first in zip(result["last"], result["first"], strict=True)]


def _cell(values: list[list[list[float]]]) -> str:
    """The mean of (C, S, W) values in points of a hundred, with its interval where there is one."""
    spread = stratified([100 * np.array(values)])
    if spread.interval is None:
        return f"{spread.mean:+.2f}"
    low, high = spread.interval
    return f"{spread.mean:+.2f} ({low:+.2f} to {high:+.2f})"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--scenario", default="islanded", show_default=True, help="Where to log and to play.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Starts of each kind.")
@click.option("--start", "starts", multiple=True, type=click.Choice(STARTS), help="Only these starts.")
@click.option("--way", "ways", multiple=True, type=click.Choice(list(WAYS)), help="Only these ways.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def command(
    folder: Path,
    scenario: str,
    seeds: int,
    starts: tuple[str, ...],
    ways: tuple[str, ...],
    workers: int,
    quiet: bool,
) -> None:
    """Log, train the starts, play on by each way, and print what it cost and brought."""
    if "," in scenario:
        raise InputError(f"--scenario {scenario!r}: give one scenario")
    display = ProgressDisplay(quiet)
    comparison = HandoverComparison(scenario, folder.absolute(), display)

    def run(cells: list[Cell], label: str) -> None:
        run_all(
            comparison, cells, Where(workers=workers), comparison.results.book, display=display, label=label
        )

    runs: dict[tuple[str, int, str], Cell] = {}
    names = [name for name in STARTS if name in (starts or STARTS)]
    taught = ["crr"] if "distilled" in names and "crr" not in names else []
    run([comparison.log()], "the log")  # alone: workers are started for cells that are ready at the beginning
    for seed in range(seeds):  # one seed is compared before the next is trained
        trained = [comparison.start(name, seed) for name in [*taught, *names]]
        some = {
            (name, seed, way): comparison.online(name, seed, way) for name in names for way in ways or WAYS
        }
        run([comparison.log(), *trained, *some.values()], f"starts and runs of seed {seed}")
        runs |= some
    click.echo(table({key: comparison.results.read(cell.key) for key, cell in runs.items()}))


_importing.over()

if __name__ == "__main__":
    sys.exit(run_process(command, "compare_handover"))
