"""The loop of online training: playing and learning, validation by simulation, a state to go on from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from schedulers.training import checkpoint
from schedulers.training.journal import Journal
from schedulers.training.online.dqn import SchedulerDQN
from schedulers.training.online.ppo import SchedulerPPO
from schedulers.training.resume import load_state, restoring, same_form, save_state
from schedulers.training.scheduler_net import SchedulerNet

BEST, LAST = "best", "last"


@dataclass
class Progress:
    """Where a run is: steps played, objectives on the validation windows, seconds so far by part.

    first: the mean objective before any step, which after a checkpoint is that of the checkpoint; lowest: the
    least since.
    """

    step: int = 0
    first: float = float("nan")
    lowest: float = float("inf")
    best: float = float("-inf")
    best_step: int = -1
    best_objectives: list[float] = field(default_factory=list)
    best_head: str = ""
    last: float = float("nan")
    last_objectives: list[float] = field(default_factory=list)
    last_head: str = ""
    validation_s: float = 0.0
    saving_s: float = 0.0


Validate = Callable[[SchedulerNet, Sequence[str]], tuple[str, np.ndarray]]
Facts = Callable[[int, float, str], dict[str, Any]]
Tell = Callable[[Progress, int], None]


class Training:
    """One run in a folder, which it fills with progress.csv, tensorboard/, state.pt, best/ and last/.

    learner: fresh; if the folder holds a state, it goes on from there. validate(net, heads) -> how it chooses
    best, and (W,) objectives. facts(step, objective, head): of a checkpoint. tell(progress, steps): after
    every round. untrained: what it begins with has learned nothing, so it is never the best, however well it
    happens to do.
    """

    def __init__(
        self,
        learner: SchedulerPPO | SchedulerDQN,
        validate_every: int,
        folder: Path,
        validate: Validate,
        facts: Facts,
        tell: Tell = lambda progress, steps: None,
        untrained: bool = False,
    ) -> None:
        self.untrained = untrained
        self.learner, self.every, self.folder = learner, validate_every, folder
        self.validate, self.facts, self.tell = validate, facts, tell
        self.progress = Progress()
        state = load_state(folder)
        if state is not None:
            with restoring(folder):
                learner.restore(state["learner"])
                self.progress = Progress(**same_form(state["progress"], vars(Progress()), "progress"))
        self._resumed = state is not None
        limits = limit_columns(learner)
        columns = ("step", "objective", "best", *learner.columns, *limits)
        self.journal = Journal(folder, columns, self.progress.step if self._resumed else None)

    def run(self) -> Progress:
        """Train to the end."""
        progress, learner = self.progress, self.learner
        if not self._resumed:
            self._validate_and_save({})
        while progress.step < learner.total:
            before = progress.step // self.every
            numbers = learner.round()
            progress.step = learner.num_timesteps
            if progress.step // self.every > before or progress.step >= learner.total:
                self._validate_and_save(numbers)
            else:
                self.journal.row(progress.step, **numbers, **limit_numbers(learner))
            self.tell(progress, learner.total)
        self.journal.close()
        return progress

    def _validate_and_save(self, numbers: dict[str, float]) -> None:
        progress, begin_s = self.progress, time.perf_counter()
        net = self.learner.trained().cpu()
        head, objectives = self.validate(net, self.learner.heads)
        mean = float(np.nanmean(objectives))
        progress.last, progress.last_objectives, progress.last_head = mean, objectives.tolist(), head
        if progress.step == 0:
            progress.first = mean
        progress.lowest = min(progress.lowest, mean)
        better = mean > progress.best and not (self.untrained and progress.step == 0)
        if better:
            progress.best, progress.best_step = mean, progress.step
            progress.best_objectives, progress.best_head = objectives.tolist(), head
        judged_s = time.perf_counter()
        progress.validation_s += judged_s - begin_s
        made = checkpoint.Checkpoint(net, self.facts(progress.step, mean, head))
        for name in (BEST, LAST) if better else (LAST,):
            checkpoint.save(self.folder / name, made)
        self.journal.row(
            progress.step, objective=mean, best=progress.best, **numbers, **limit_numbers(self.learner)
        )
        progress.saving_s += time.perf_counter() - judged_s
        save_state(self.folder, {"learner": self.learner.state(), "progress": vars(progress).copy()})


def limit_columns(learner: SchedulerPPO | SchedulerDQN) -> tuple[str, ...]:
    """Columns of the journal for each limit: the multiplier, and the mean cost of finished episodes."""
    if not isinstance(learner, SchedulerPPO):
        return ()
    names = [each.cost for each in learner.limits.multipliers]
    return tuple(f"{kind}_{name}" for name in names for kind in ("multiplier", "cost"))


def limit_numbers(learner: SchedulerPPO | SchedulerDQN) -> dict[str, float | None]:
    """What stands in them."""
    found: dict[str, float | None] = {}
    if isinstance(learner, SchedulerPPO):
        for each in learner.limits.multipliers:
            found[f"multiplier_{each.cost}"] = each.value
            found[f"cost_{each.cost}"] = learner.limits.last.get(each.cost)
    return found
