"""The loop of offline training: batches, updates, validation by simulation, and a state to resume from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from torch import Tensor

from schedulers.training import checkpoint
from schedulers.training.journal import Journal
from schedulers.training.offline.batches import Batches
from schedulers.training.offline.learners.offline_base import NetImpl
from schedulers.training.resume import GeneratorState, load_state, restoring, same_form, save_state
from schedulers.training.run_callbacks import Callbacks
from schedulers.training.scheduler_net import SchedulerNet

BEST, LAST = "best", "last"


@dataclass(frozen=True)
class Course:
    """How long to train. steps: updates at most. validate_every: updates between two validations. patience:
    training ends after this many validations without a better one; 0: only after all steps."""

    steps: int = 20_000
    validate_every: int = 1_000
    patience: int = 0


@dataclass
class Progress:
    """How far a run is. best: the highest mean objective on the validation windows so far, at `best_step`.

    best_head, last_head: how the network chose there (schedulers.network.forward.HEADS). worse: validations
    since the best one. seconds: spent so far, by part. The fields are keys in state.pt.
    """

    step: int = 0
    best: float = float("-inf")
    best_step: int = -1
    best_objectives: list[float] = field(default_factory=list)
    best_head: str = ""
    last: float = float("nan")
    last_objectives: list[float] = field(default_factory=list)
    last_head: str = ""
    worse: int = 0
    done: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the wall time of a block to the seconds of a part."""
        began_s = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - began_s


class OfflineState(TypedDict):
    """What a resumed run needs. Its keys are those in state.pt."""

    net: dict[str, Any]
    beside: dict[str, Any]
    optim: dict[str, Any]
    batches: GeneratorState
    progress: dict[str, object]


class Training:
    """One run in a folder, which it fills with progress.csv, tensorboard/, state.pt, best/ and last/.

    callbacks: on_progress is called after every validation and every 50 steps. untrained: the run starts from
    random weights, which are never kept as the best, whatever their objective.
    """

    def __init__(
        self,
        impl: NetImpl,
        batches: Batches,
        course: Course,
        folder: Path,
        callbacks: Callbacks[Progress],
        untrained: bool = False,
    ) -> None:
        self.impl, self.batches, self.course, self.folder = impl, batches, course, folder
        self.callbacks, self.untrained = callbacks, untrained
        self.progress = Progress()
        self._sums: dict[str, Tensor] = {}
        self._resumed = self._restore()
        losses = [name.rstrip("_") for name in impl.reported]
        columns = ("step", "objective", "best", *losses, "learning_rate")
        self.journal = Journal(folder, columns, self.progress.step if self._resumed else None)

    def run(self) -> Progress:
        """Train until all steps are done or `patience` is used up; the progress at the end."""
        progress, course = self.progress, self.course
        if not self._resumed:
            self._validate_and_save()
        while progress.step < course.steps and not progress.done:
            with progress.timed("gather"):
                batch = self.batches.draw()
            with progress.timed("update"):
                self._add(self.impl.learn(batch, progress.step))
            progress.step += 1
            if progress.step % course.validate_every == 0 or progress.step == course.steps:
                self._validate_and_save()
            elif progress.step % 50 == 0:
                self.callbacks.on_progress(progress, course.steps)
        progress.done = True
        self.journal.close()
        return progress

    def _add(self, losses: dict[str, Tensor]) -> None:
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + loss

    def _validate_and_save(self) -> None:
        progress, course = self.progress, self.course
        net = self._on_cpu()
        with progress.timed("validation"):
            head, objectives = self.callbacks.validate(net, self.impl.heads)
        mean = float(np.nanmean(objectives))
        progress.last, progress.last_objectives, progress.last_head = mean, objectives.tolist(), head
        better = mean > progress.best and not (self.untrained and progress.step == 0)
        progress.worse = 0 if better or progress.step == 0 else progress.worse + 1
        if better:
            progress.best, progress.best_step = mean, progress.step
            progress.best_objectives, progress.best_head = objectives.tolist(), head
        if course.patience and progress.worse >= course.patience or progress.step >= course.steps:
            progress.done = True
        with progress.timed("saving"):
            result = checkpoint.Checkpoint(net, self.callbacks.facts(progress.step, mean, head))
            for name in (BEST, LAST) if better else (LAST,):
                checkpoint.save(self.folder / name, result)
            self._log(mean)
            save_state(self.folder, self._state())
        self.callbacks.on_progress(progress, course.steps)

    def _log(self, objective: float) -> None:
        """Append a row to the journal: the losses are means over the updates since the last row."""
        updates = min(self.progress.step, self.course.validate_every) or 1
        means = {name.rstrip("_"): float(total) / updates for name, total in self._sums.items()}
        lr = self.impl.modules.optim.optim.param_groups[0]["lr"]
        self.journal.row(
            self.progress.step, objective=objective, best=self.progress.best, learning_rate=lr, **means
        )
        self._sums = {}

    def _on_cpu(self) -> SchedulerNet:
        """The network, or a copy of it where it is on another device."""
        net = self.impl.net
        if self.batches.data.obs.device.type == "cpu":
            return net
        copy = SchedulerNet(net.layout, net.size)
        copy.load_state_dict({name: tensor.cpu() for name, tensor in net.state_dict().items()})
        return copy

    def _state(self) -> OfflineState:
        return {
            "net": self.impl.net.state_dict(),
            "beside": self.impl.beside.state_dict(),
            "optim": self.impl.modules.optim.optim.state_dict(),
            "batches": self.batches.state(),
            "progress": {**vars(self.progress), "seconds": dict(self.progress.seconds)},
        }

    def _restore(self) -> bool:
        """Restore the folder's state; whether it has one."""
        state = load_state(self.folder)
        if state is None:
            return False
        with restoring(self.folder):
            self.impl.net.load_state_dict(state["net"])
            self.impl.beside.load_state_dict(state["beside"])
            self.impl.modules.optim.optim.load_state_dict(state["optim"])
            self.batches.restore(state["batches"])
            self.progress = Progress(**same_form(state["progress"], vars(Progress()), "progress"))
        return True
