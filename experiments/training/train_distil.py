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

from experiments.runs.progress import QUIET, Talk
from experiments.training.train_folder import SUMMARY, check_extra, opened, read_json, versions
from rare.episodes import Episodes
from rare.scenario.scenario_episodes import episodes_of_all
from schedulers.network.forward import CHOICES_OF_POLICY, Q
from traces.atomic import write_json
from traces.errors import InputError

if TYPE_CHECKING:
    from schedulers.training.checkpoint import Checkpoint
    from schedulers.training.distil.distillation import DistilOptions, Teacher

TRAIN, SPLIT = "train", "validation"
BEST = "best"


def distil_run(
    teachers: Mapping[str, str | Path],
    out: str | Path,
    *,
    start: str | Path | None = None,
    width: int | None = None,
    seed: int = 0,
    resume: bool = False,
    changes: Mapping[str, Any] | None = None,
    talk: Talk = QUIET,
) -> dict[str, Any]:
    """Learn from the teacher of each scenario on its training windows; what summary.json holds.

    teachers: a checkpoint for each scenario. start: a checkpoint whose weights to start from; without one a
    new network of this width, or of the first teacher's. It has the slots of the first teacher. changes: of
    DistilOptions. `out`/best is the round that did best on all validation windows. InputError for a
    checkpoint that is none, is not pointwise or chooses by Q, and for unknown changes.
    """
    check_extra()
    import torch

    from schedulers.training.checkpoint import resized
    from schedulers.training.distil.distillation import DistilOptions, Teacher
    from schedulers.training.online.online_options import with_changes
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    torch.set_num_threads(1)
    chosen = with_changes(DistilOptions(), dict(changes or {}))
    given = [_loaded(Path(folder)) for folder in teachers.values()]
    layout = given[0].net.layout
    followed = [Teacher(resized(each.net, layout), each.head) for each in given]
    if start is None:
        torch.manual_seed(seed)
        net = SchedulerNet(layout, NetworkSize("pointwise", width or given[0].net.size.width))
    else:
        net = resized(_loaded(Path(start)).net, layout)
        if width not in (None, net.size.width):
            raise InputError(f"--from {start}: has a width of {net.size.width}; leave out --width")
    config = {
        "kind": "distilled", "scenario": ",".join(teachers), "settings": [], "scenario_seed": 0, "seed": seed,
        "randomise": None, "width": net.size.width, "options": dataclasses.asdict(chosen),
        "teachers": {name: _facts(Path(folder)) for name, folder in teachers.items()},
        "start": None if start is None else _facts(Path(start)), "versions": versions(),
    }  # fmt: skip
    episodes = episodes_of_all(tuple(teachers))
    with opened(out, config, resume) as folder:
        if (folder / SUMMARY).exists():
            talk.note(f"{folder}: is finished; nothing to do")
            return dict(read_json(folder / SUMMARY))
        shutil.rmtree(folder / BEST, ignore_errors=True)  # of a run that was stopped: it takes minutes
        summary = _train(folder, net, followed, episodes, chosen, config, talk)
        write_json(folder / SUMMARY, summary)
    return summary


def _loaded(folder: Path) -> Checkpoint:
    """A checkpoint whose policy compiled code can play."""
    from schedulers.training.checkpoint import load

    found = load(folder)
    if found.net.size.kind != "pointwise":
        raise InputError(
            f"{folder}: is a network of kind {found.net.size.kind!r}; only pointwise ones are played"
        )
    if found.head == Q:
        raise InputError(f"{folder}: chooses by Q and has no probabilities to learn; give a policy")
    return found


def _facts(folder: Path) -> dict[str, Any]:
    from experiments.runs.provenance import file_hash
    from schedulers.network.checkpoint_files import WEIGHTS, describe_checkpoint

    told = describe_checkpoint(folder).facts
    kept = ("trained", "scenario", "steps", "head", "validation_objective")
    return {"sha256": file_hash(folder / WEIGHTS), **{key: told.get(key) for key in kept}}


def _train(
    folder: Path,
    net: Any,
    teachers: list[Teacher],
    episodes: Episodes,
    options: DistilOptions,
    config: dict[str, Any],
    talk: Talk,
) -> dict[str, Any]:
    """All rounds; the best one is kept in `folder`/best."""
    from schedulers.training import checkpoint
    from schedulers.training.distil.distillation import distil
    from schedulers.training.greedy_windows import best_choice

    say, began_s = talk.ticker(), time.monotonic()
    rounds: list[dict[str, Any]] = []

    def tell(done: int, total: int) -> None:
        say(f"distilling for {config['scenario']}: {done:,} of {total:,} updates")

    windows, seed = episodes.of(TRAIN), config["seed"]
    learning = distil(net, teachers, episodes, windows, options, seed=seed, on_progress=tell)
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
