"""Copies a trained network into the package, as the scheduler `rare`.

python -m experiments.training.recipes.release CHECKPOINT --grounds DIR

Without a checkpoint it prints the facts of the packaged network.

It simulates the training windows again to record the range of the network's observations there; outside of it
a heuristic decides (schedulers.network.trained_range, docs/results/model-card.md).
"""

# ruff: noqa: E402 - signals are handled before anything else is imported

from __future__ import annotations

import sys

import experiments.process.interrupts as interrupts

_importing = interrupts.AtOnce(__name__)

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from experiments.process.command_process import run_process
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.json_values import json_text
from experiments.runs.key_values import parsed_randomise
from experiments.runs.provenance import file_hash
from experiments.training.recipes.grounds.training_episodes import training_episodes
from experiments.training.recipes.train_on_grounds import PLAN
from rare.env.batch import Batch
from rare.env.observation.layout import Layout
from rare.episodes import Episodes, Randomise
from rare.scenario.scenario_episodes import episodes_of_all
from schedulers.heuristics.heuristic import parse
from schedulers.network.checkpoint_files import FACTS, WEIGHTS, Description, describe_checkpoint, find_folder
from schedulers.network.learned_scheduler import POINTWISE, forward_of
from schedulers.network.shipped_scheduler import forecast_hours as hours_of
from schedulers.network.trained_range import NAMES, TrainedRange, play_watched
from schedulers.registry import SHIPPED_FOLDER
from traces.errors import InputError
from traces.files.atomic import write_bytes
from traces.files.documents import read_json

MOST_BYTES = 2_000_000
SUMMARY = "summary.json"  # of the training run of the checkpoint
FALLBACK, WITHOUT_VALUE = "hvf+easy", "easy"
SPLIT = "train"


@dataclass(frozen=True)
class Training:
    """The training scenarios of a network, from which its range is recorded."""

    scenario: str
    settings: tuple[str, ...]
    randomise: Randomise | None
    scenario_seed: int

    def episodes(self) -> Episodes:
        """The windows of the scenarios."""
        names = [name.strip() for name in self.scenario.split(",")]
        return episodes_of_all(names, self.settings, self.scenario_seed, self.randomise)

    def to_facts(self) -> dict[str, Any]:
        """The object for checkpoint.json."""
        randomisation = None if self.randomise is None else randomise_facts(self.randomise)
        return {
            "scenario": self.scenario,
            "settings": list(self.settings),
            "randomise": randomisation,
            "scenario_seed": self.scenario_seed,
            "split": SPLIT,
        }


@dataclass(frozen=True)
class Release:
    """Options of a release.

    scenario, randomise : training scenario for the range; None: as recorded in the checkpoint
    fallback            : the heuristic that decides out of range
    without_value       : the heuristic that decides where no job has a value
    forecast_h          : the shortest forecast, in hours, with which the network may decide, for one that was
                          shown to work with less than in training; None: as in training
    target              : the folder in the package
    grounds             : folder of the training grounds (train_on_grounds), for the range
    """

    scenario: str | None = None
    randomise: Randomise | None = None
    fallback: str = FALLBACK
    without_value: str = WITHOUT_VALUE
    forecast_h: float | None = None
    target: Path = SHIPPED_FOLDER
    grounds: Path | None = None


def ship(
    checkpoint: str | Path,
    plan: Release | None = None,
    *,
    display: ProgressDisplay = QUIET,
    **changes: Any,
) -> dict[str, Any]:
    """Copy a checkpoint into the package; returns the facts in its checkpoint.json.

    changes: fields of Release by name. InputError for a checkpoint that cannot be packaged; then nothing is
    replaced.
    """
    plan = dataclasses.replace(plan or Release(), **changes)
    source = describe_checkpoint(find_folder(str(checkpoint)))
    _check(source)
    parse(plan.fallback), parse(plan.without_value)
    if plan.grounds is not None:
        episodes, origin = (
            training_episodes(plan.grounds, PLAN, display),
            {"grounds": dataclasses.asdict(PLAN)},
        )
    else:
        training = training_of(source, plan.scenario, plan.randomise)
        episodes, origin = training.episodes(), training.to_facts()
    with display.task("playing the training windows", "windows") as task:
        trained, played = range_of(source, episodes, task.update)
    played["forecast_hours_in_training"] = trained.forecast_h
    if plan.forecast_h is not None:
        trained = dataclasses.replace(trained, forecast_h=plan.forecast_h)
    facts = {
        **source.facts,
        "range": {**trained.to_facts(), "from": origin, **played},
        "fallback": plan.fallback,
        "fallback_without_value": plan.without_value,
        "weights_sha256": file_hash(source.folder / WEIGHTS),
        "training": _summary_of(source.folder),
    }
    description = read_json(source.folder / FACTS) | {"facts": facts}
    _write_checkpoint(plan.target, source.folder, json.dumps(description, indent=1) + "\n")
    return facts


def training_of(source: Description, scenario: str | None, randomise: Randomise | None) -> Training:
    """The recorded training scenarios of a checkpoint, or those given. InputError without any."""
    facts = source.facts
    name = scenario or facts.get("scenario")
    if not name:
        raise InputError(
            f"{source.folder / FACTS}: does not say on what scenario it was trained; give --scenario"
        )
    recorded = facts.get("randomise") if scenario is None and randomise is None else None
    if isinstance(recorded, Mapping):
        ranges: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in recorded.items()
        }
        randomise = Randomise(**ranges)
    settings = tuple(facts.get("settings") or ()) if scenario is None else ()
    return Training(str(name), settings, randomise, int(facts.get("scenario_seed") or 0))


def range_of(
    source: Description, episodes: Episodes, progress: Callable[[int, int, str], None]
) -> tuple[TrainedRange, dict[str, Any]]:
    """The range of observations in all training windows, and counts of windows, clusters and decisions."""
    forward, layout = forward_of(source), source.layout
    batch = Batch(episodes, layout, 1)
    low, high = (np.full(len(NAMES), bound, np.float32) for bound in (np.inf, -np.inf))
    windows, decisions = episodes.of(SPLIT), 0
    for place, window in enumerate(windows, start=1):
        batch.set_up(0, window)
        batch.begin(0)
        while not batch.is_over(0):
            decisions += play_watched(batch.places, forward.network, batch.obs[0], low, high)
            batch.make_room(0)
        progress(place, len(windows), f"{decisions:,} decisions")
    cases = {window.case_index for window in windows}
    shortest = min(hours_of(episodes.cases[case]) for case in cases)
    trained = TrainedRange(low, high, min(shortest, float(layout.forecast_hours)))
    return trained, {"windows": len(windows), "clusters": len(cases), "decisions": decisions}


def printed_facts(source: Description) -> dict[str, Any]:
    """The facts of a packaged checkpoint, without the ranges of single features."""
    trained = {key: value for key, value in source.facts["range"].items() if key != "features"}
    logged = {str(data["scenario"]): data["transitions"] for data in source.facts.get("data", ())}
    return {"network": source.network, **source.facts, "data": logged, "range": trained}


def randomise_facts(randomise: Randomise) -> dict[str, Any]:
    """The fields as a JSON object, with lists for tuples."""
    return dict(json.loads(json.dumps(dataclasses.asdict(randomise))))


def _check(source: Description) -> None:
    kind = source.network["kind"]
    if kind != POINTWISE:
        raise InputError(
            f"{source.folder}: is a network of kind {kind!r}; only pointwise ones run without torch"
        )
    if _sizes(source.layout) != _sizes(Layout()):
        raise InputError(
            f"{source.folder}: has {source.layout.queue_slots} queue slots, {source.layout.running_slots} "
            f"running slots and {source.layout.forecast_hours} hours; save it for {Layout().queue_slots}, "
            f"{Layout().running_slots} and {Layout().forecast_hours} (schedulers.training.checkpoint.resized)"
        )
    try:
        size = (source.folder / WEIGHTS).stat().st_size
    except OSError as error:
        raise InputError(f"{source.folder / WEIGHTS}: cannot be read ({error.strerror or error})") from None
    if size > MOST_BYTES:
        raise InputError(
            f"{source.folder / WEIGHTS}: has {size:,} bytes, and at most {MOST_BYTES:,} are shipped; "
            "train a narrower network"
        )


def _sizes(layout: Layout) -> tuple[int, int, int]:
    return layout.queue_slots, layout.running_slots, layout.forecast_hours


def _summary_of(folder: Path) -> dict[str, Any] | None:
    """Steps and hours of the training run of a checkpoint; None if it is not in the folder of one."""
    try:
        summary = read_json(folder.resolve().parent / SUMMARY)
        copied_keys = ("environment_steps", "transitions", "updates_per_s")
        counts = {key: summary[key] for key in copied_keys if summary.get(key)}
        return {**counts, "wall_h": summary["wall_s"] / 3600}
    except (OSError, ValueError, KeyError, TypeError):  # InputError is a ValueError
        return None


def _write_checkpoint(target: Path, source: Path, description: str) -> None:
    """Write both files atomically, the weights first, as schedulers.training.checkpoint.save."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, data in ((WEIGHTS, (source / WEIGHTS).read_bytes()), (FACTS, description.encode())):
            write_bytes(target / name, data)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error})") from error


@click.command()
@click.argument("checkpoint", required=False)
@click.option("--scenario", metavar="NAME[,NAME...]", help="Range from these, not as it says.")
@click.option("--randomise", metavar="variants=8,cluster=0.5:2", help="With clusters drawn, as in training.")
@click.option(
    "--grounds", type=click.Path(path_type=Path), metavar="DIR", help="Range from the grounds here."
)
@click.option("--fallback", default=FALLBACK, show_default=True, help="Decides out of range.")
@click.option("--without-value", default=WITHOUT_VALUE, show_default=True, help="Where no job has a value.")
@click.option(
    "--forecast-hours",
    type=click.FloatRange(0),
    metavar="H",
    help="Shortest forecast with which it decides.  [default: as in training]",
)
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def command(
    checkpoint: str | None,
    randomise: str | None,
    forecast_hours: float | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Make the network in the folder CHECKPOINT the scheduler `rare`; without one, show what is shipped."""
    if checkpoint is None:
        click.echo(json_text(printed_facts(describe_checkpoint(SHIPPED_FOLDER))))
        return
    plan = Release(
        randomise=None if randomise is None else parsed_randomise(randomise),
        forecast_h=forecast_hours,
        **options,
    )
    facts = ship(checkpoint, plan, display=ProgressDisplay(quiet))
    click.echo(json_text({"fallback": facts["fallback"], "weights_sha256": facts["weights_sha256"]}))


_importing.over()

if __name__ == "__main__":
    sys.exit(run_process(command, "ship"))
