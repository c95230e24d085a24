"""One network that does on each scenario what the best network for it does, judged on validation windows."""

from __future__ import annotations

import copy
import dataclasses
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.episodes import episodes_of_all
from experiments.talk import QUIET, Talk
from experiments.train_folder import SUMMARY, check_extra, opened, read_json, versions, write_json
from rare.layout import Layout
from schedulers.forward import CHOICES_OF_POLICY, Q
from traces.errors import InputError

if TYPE_CHECKING:
    from schedulers.learned.distil import DistilOptions, Teacher

TRAIN, SPLIT = "train", "validation"
BEST = "best"


def distil_run(
    teachers: Mapping[str, str | Path],
    out: str | Path,
    *,
    start: str | Path | None = None,
    width: int = 32,
    seed: int = 0,
    resume: bool = False,
    options: DistilOptions | None = None,
    talk: Talk = QUIET,
) -> dict[str, Any]:
    """Learn from the teacher of each scenario on its training windows; what summary.json holds.

    teachers: a checkpoint for each scenario. start: a checkpoint whose weights to start from; without one a
    new network of this width. `out`/best is the round that did best on all validation windows.
    InputError for a checkpoint that is none, or that chooses by Q.
    """
    check_extra()
    import torch

    from schedulers.learned.checkpoint import load, resized
    from schedulers.learned.distil import DistilOptions
    from schedulers.learned.network import NetworkSize, SchedulerNet

    torch.set_num_threads(1)
    chosen = options or DistilOptions()
    found = {name: _teacher(Path(folder)) for name, folder in teachers.items()}
    torch.manual_seed(seed)
    net = (
        SchedulerNet(Layout(), NetworkSize("pointwise", width))
        if start is None
        else resized(load(Path(start)).net, Layout())
    )
    config = {
        "kind": "distilled", "scenario": ",".join(teachers), "settings": [], "scenario_seed": 0, "seed": seed,
        "randomise": None, "width": net.size.width, "options": dataclasses.asdict(chosen),
        "teachers": {name: _facts(Path(folder)) for name, folder in teachers.items()},
        "start": None if start is None else _facts(Path(start)), "versions": versions(),
    }  # fmt: skip
    with opened(out, config, resume) as folder:
        if (folder / SUMMARY).exists():
            talk.note(f"{folder}: is finished; nothing to do")
            return dict(read_json(folder / SUMMARY))
        shutil.rmtree(folder / BEST, ignore_errors=True)  # of a run that was stopped: it takes minutes
        summary = _train(folder, net, list(found.values()), chosen, config, talk)
        write_json(folder / SUMMARY, summary)
    return summary


def _teacher(folder: Path) -> Teacher:
    from schedulers.learned.checkpoint import load, resized
    from schedulers.learned.distil import Teacher

    found = load(folder)
    if found.head == Q:
        raise InputError(f"{folder}: chooses by Q and has no probabilities to learn; give a policy")
    return Teacher(resized(found.net, Layout()), found.head)


def _facts(folder: Path) -> dict[str, Any]:
    from experiments.provenance import file_hash
    from schedulers.learned.files import WEIGHTS, describe_checkpoint

    told = describe_checkpoint(folder).facts
    kept = ("trained", "scenario", "steps", "head", "validation_objective")
    return {"sha256": file_hash(folder / WEIGHTS), **{key: told.get(key) for key in kept}}


def _train(
    folder: Path,
    net: Any,
    teachers: list[Teacher],
    options: DistilOptions,
    config: dict[str, Any],
    talk: Talk,
) -> dict[str, Any]:
    """All rounds; the best one is kept in `folder`/best."""
    from schedulers.learned import checkpoint
    from schedulers.learned.distil import distil
    from schedulers.learned.greedy import best_choice

    episodes = episodes_of_all(config["scenario"].split(","))
    say, began_s = talk.ticker(), time.monotonic()
    rounds: list[dict[str, Any]] = []

    def tell(done: int, total: int) -> None:
        say(f"distilling for {config['scenario']}: {done:,} of {total:,} updates")

    learning = distil(net, teachers, episodes, episodes.of(TRAIN), options, seed=config["seed"], tell=tell)
    try:
        for number, apart in enumerate(learning, start=1):
            head, scores = best_choice(net, episodes, episodes.of(SPLIT), CHOICES_OF_POLICY)
            objective = float(np.nanmean(scores))
            best = max((each["objective"] for each in rounds), default=-np.inf)
            rounds.append({"round": number, "kl": apart, "objective": objective, "head": head})
            if objective > best:
                facts = {
                    "trained": "distilled", **config, "steps": number * options.updates, "head": head,
                    "validation_objective": objective,
                }  # fmt: skip
                checkpoint.save(folder / BEST, checkpoint.Checkpoint(copy.deepcopy(net), facts))
    finally:
        talk.done()
    return {
        "rounds": rounds, "best": max(rounds, key=lambda each: each["objective"]),
        "wall_s": time.monotonic() - began_s,
    }  # fmt: skip
