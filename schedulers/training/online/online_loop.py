"""The loop of online training: rollouts and updates, validation by simulation, a state to resume from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from schedulers.training import checkpoint
from schedulers.training.journal import Journal
from schedulers.training.online.dqn import SchedulerDQN
from schedulers.training.online.ppo import SchedulerPPO
from schedulers.training.resume import load_state, restoring, same_form, save_state
from schedulers.training.run_callbacks import Callbacks

BEST, LAST = "best", "last"


@dataclass
class Progress:
    """How far a run is: steps played, objectives on the validation windows, seconds spent so far.

    first: the mean objective before any step, which is the checkpoint's where the run starts from one;
    first_objectives: on each window. lowest: the lowest mean since. unproven: the highest mean of those that
    were above `first`, but not beyond noise. The fields are keys in state.pt.
    """

    step: int = 0
    first: float = float("nan")
    first_objectives: list[float] = field(default_factory=list)
    unproven: float = float("-inf")
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


Learner: TypeAlias = SchedulerPPO | SchedulerDQN


class Training:
    """One run in a folder, which it fills with progress.csv, tensorboard/, state.pt, best/ and last/.

    learner: as constructed; if the folder holds a state, it is restored. validate_every: steps between two
    validations. callbacks: on_progress is called after every round. untrained: the run starts from random
    weights, which are never kept as the best, whatever their objective.
    """

    def __init__(
        self,
        learner: Learner,
        validate_every: int,
        folder: Path,
        callbacks: Callbacks[Progress],
        untrained: bool = False,
    ) -> None:
        self.learner, self.every, self.folder = learner, validate_every, folder
        self.callbacks, self.untrained = callbacks, untrained
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
        """Train until all steps are played; the progress at the end."""
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
            self.callbacks.on_progress(progress, learner.total)
        self.journal.close()
        return progress

    def _validate_and_save(self, numbers: dict[str, float]) -> None:
        progress, begin_s = self.progress, time.perf_counter()
        net = self.learner.trained().cpu()
        head, objectives = self.callbacks.validate(net, self.learner.heads)
        mean = float(np.nanmean(objectives))
        progress.last, progress.last_objectives, progress.last_head = mean, objectives.tolist(), head
        if progress.step == 0:
            progress.first, progress.first_objectives = mean, objectives.tolist()
        progress.lowest = min(progress.lowest, mean)
        better = mean > progress.best and not (self.untrained and progress.step == 0)
        if better and progress.step > 0 and not self._is_above_start(objectives):
            progress.unproven, better = max(progress.unproven, mean), False
        if better:
            progress.best, progress.best_step = mean, progress.step
            progress.best_objectives, progress.best_head = objectives.tolist(), head
        if isinstance(self.learner, SchedulerPPO):
            self.learner.judge(objectives.tolist())
        validated_s = time.perf_counter()
        progress.validation_s += validated_s - begin_s
        result = checkpoint.Checkpoint(net, self.callbacks.facts(progress.step, mean, head))
        for name in (BEST, LAST) if better else (LAST,):
            checkpoint.save(self.folder / name, result)
        self.journal.row(
            progress.step, objective=mean, best=progress.best, **numbers, **limit_numbers(self.learner)
        )
        progress.saving_s += time.perf_counter() - validated_s
        save_state(self.folder, {"learner": self.learner.state(), "progress": vars(progress).copy()})

    def _is_above_start(self, objectives: np.ndarray) -> bool:
        """Whether a run from a checkpoint gained more than noise on the validation windows (W,)."""
        margin = getattr(self.learner.options, "margin", 0.0)
        if self.untrained or margin == 0:
            return True
        return above(objectives, self.progress.first_objectives, margin)


def above(scores: np.ndarray, others: Sequence[float], margin: float) -> bool:
    """Whether scores (W,) are above others by `margin` standard errors of the mean difference by window.

    The best of many networks is above the first by chance on the windows that it was chosen on. NaN is left
    out; a single window has no error, so any gain counts there.
    """
    gains = np.subtract(scores, others)
    gains = gains[~np.isnan(gains)]
    if len(gains) < 2:
        return bool(gains.sum() > 0)
    return bool(gains.mean() > margin * gains.std(ddof=1) / len(gains) ** 0.5)


def limit_columns(learner: Learner) -> tuple[str, ...]:
    """Columns of the journal for each limit: the multiplier, and the mean cost of finished episodes."""
    if not isinstance(learner, SchedulerPPO):
        return ()
    names = [multiplier.cost for multiplier in learner.limits.multipliers]
    return tuple(f"{kind}_{name}" for name in names for kind in ("multiplier", "cost"))


def limit_numbers(learner: Learner) -> dict[str, float | None]:
    """The numbers of `limit_columns`, by column; a cost is None before the first episode ends."""
    numbers: dict[str, float | None] = {}
    if isinstance(learner, SchedulerPPO):
        for multiplier in learner.limits.multipliers:
            numbers[f"multiplier_{multiplier.cost}"] = multiplier.value
            numbers[f"cost_{multiplier.cost}"] = learner.limits.last.get(multiplier.cost)
    return numbers
