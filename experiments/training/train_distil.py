"""Distillation: trains one network to imitate a teacher network for each scenario."""

from __future__ import annotations

import copy
import dataclasses
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.process.progress import QUIET, ProgressDisplay
from experiments.runs.provenance import file_hash
from experiments.training.train_folder import SUMMARY, check_extra, opened, read_json, versions
from rare.episodes import Episodes
from rare.scenario.scenario_episodes import episodes_of_all
from schedulers.network.checkpoint_files import WEIGHTS, describe_checkpoint
from schedulers.network.forward import CHOICES_OF_POLICY, Q
from traces.errors import InputError
from traces.files.atomic import write_json

if TYPE_CHECKING:
    from schedulers.training.checkpoint import Checkpoint
    from schedulers.training.distil.distillation import DistilOptions, Teacher
    from schedulers.training.scheduler_net import SchedulerNet

TRAIN, SPLIT = "train", "validation"
BEST = "best"


@dataclass(frozen=True, slots=True)
class DistilRequest:
    """Options of a distillation.

    start   : a checkpoint whose weights to start from; None: a new network
    width   : of a new network; None: the first teacher's
    seed    : draws first weights, states and batches
    resume  : restart an interrupted run; a finished one is left as it is
    changes : of DistilOptions, by name
    """

    start: str | Path | None = None
    width: int | None = None
    seed: int = 0
    resume: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)


def distil_run(
    teachers: Mapping[str, str | Path],
    out: str | Path,
    request: DistilRequest | None = None,
    *,
    display: ProgressDisplay = QUIET,
    **fields: Any,
) -> dict[str, Any]:
    """Imitate the teacher of each scenario on its training windows; returns the object of summary.json.

    teachers: a checkpoint for each scenario. fields: of DistilRequest, by name. The network has the slots of
    the first teacher. `out`/best is the round with the best objective on all validation windows. InputError
    for a damaged checkpoint, one that is not pointwise or chooses by Q, and for unknown changes.
    """
    check_extra()
    request = dataclasses.replace(request or DistilRequest(), **fields)
    import torch

    from schedulers.training.checkpoint import resized
    from schedulers.training.distil.distillation import DistilOptions, Teacher
    from schedulers.training.online.online_options import with_changes

    torch.set_num_threads(1)
    options = with_changes(DistilOptions(), dict(request.changes))
    checkpoints = [_loaded(Path(folder)) for folder in teachers.values()]
    teacher_nets = [
        Teacher(resized(source.net, checkpoints[0].net.layout), source.head) for source in checkpoints
    ]
    net = _network(request, checkpoints[0].net)
    config = {
        "kind": "distilled",
        "scenario": ",".join(teachers),
        "settings": [],
        "scenario_seed": 0,
        "seed": request.seed,
        "randomise": None,
        "width": net.size.width,
        "options": dataclasses.asdict(options),
        "teachers": {name: _facts(Path(folder)) for name, folder in teachers.items()},
        "start": None if request.start is None else _facts(Path(request.start)),
        "versions": versions(),
    }
    episodes = episodes_of_all(tuple(teachers))
    with opened(out, config, request.resume) as folder:
        if (folder / SUMMARY).exists():
            display.note(f"{folder}: is finished; nothing to do")
            return dict(read_json(folder / SUMMARY))
        shutil.rmtree(
            folder / BEST, ignore_errors=True
        )  # of an interrupted run, which restarts: a run takes minutes
        learning = _Distillation(net, teacher_nets, episodes, options, config)
        summary = learning.train(folder, display)
        write_json(folder / SUMMARY, summary)
    return summary


def _network(request: DistilRequest, teacher: SchedulerNet) -> SchedulerNet:
    """The initial network. InputError for a checkpoint of another width."""
    import torch

    from schedulers.training.checkpoint import resized
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    if request.start is None:
        torch.manual_seed(request.seed)
        return SchedulerNet(teacher.layout, NetworkSize("pointwise", request.width or teacher.size.width))
    net = resized(_loaded(Path(request.start)).net, teacher.layout)
    if request.width not in (None, net.size.width):
        raise InputError(f"--from {request.start}: has a width of {net.size.width}; leave out --width")
    return net


def _loaded(folder: Path) -> Checkpoint:
    """A checkpoint with a pointwise policy network. InputError for any other."""
    from schedulers.training.checkpoint import load

    source = load(folder)
    if source.net.size.kind != "pointwise":
        raise InputError(
            f"{folder}: is a network of kind {source.net.size.kind!r}; only pointwise ones are played"
        )
    if source.head == Q:
        raise InputError(f"{folder}: chooses by Q and has no probabilities to learn; give a policy")
    return source


def _facts(folder: Path) -> dict[str, Any]:
    """The facts in config.json about a checkpoint."""
    facts = describe_checkpoint(folder).facts
    copied_keys = ("trained", "scenario", "steps", "head", "validation_objective")
    return {"sha256": file_hash(folder / WEIGHTS), **{key: facts.get(key) for key in copied_keys}}


@dataclass(frozen=True, slots=True)
class _Distillation:
    """A network with its teachers and windows. config: the object of config.json."""

    net: SchedulerNet
    teachers: list[Teacher]
    episodes: Episodes
    options: DistilOptions
    config: dict[str, Any]

    def train(self, folder: Path, display: ProgressDisplay) -> dict[str, Any]:
        """Run all rounds and save the best in `folder`/best; returns the object of summary.json."""
        from schedulers.training.distil.distillation import distil

        began_s = time.monotonic()
        rounds: list[dict[str, Any]] = []
        windows, seed = self.episodes.of(TRAIN), self.config["seed"]
        with display.task(f"distilling for {self.config['scenario']}", "updates") as task:
            learning = distil(
                self.net,
                self.teachers,
                self.episodes,
                windows,
                self.options,
                seed=seed,
                on_progress=task.update,
            )
            for number, divergence in enumerate(learning, start=1):
                rounds.append(self._judged(folder, number, divergence, rounds))
        best = max(rounds, key=lambda scored: scored["objective"])
        return {"rounds": rounds, "best": best, "wall_s": time.monotonic() - began_s}

    def _judged(
        self, folder: Path, number: int, divergence: float, previous: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """The entry of a round in summary.json; its checkpoint is saved if it is the best so far."""
        from schedulers.training import checkpoint
        from schedulers.training.greedy_windows import best_choice

        windows = self.episodes.of(SPLIT)
        head, scores = best_choice(self.net, self.episodes, windows, CHOICES_OF_POLICY)
        objective = float(np.nanmean(scores))
        if objective > max((scored["objective"] for scored in previous), default=-np.inf):
            facts = {
                "trained": "distilled",
                **self.config,
                "steps": number * self.options.updates,
                "head": head,
                "validation_objective": objective,
            }
            checkpoint.save(folder / BEST, checkpoint.Checkpoint(copy.deepcopy(self.net), facts))
        return {"round": number, "kl": divergence, "objective": objective, "head": head}
