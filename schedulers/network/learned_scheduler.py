"""A trained network as a scheduler: wherever a heuristic's name is taken, a checkpoint folder is too."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.env.policies.deciders import Observers, ObservingDecider
from rare.model import Case
from rare.scheduler import BaseScheduler
from rare.state.memory import Copyable
from schedulers.network.checkpoint_files import Description, describe_checkpoint
from schedulers.network.forward import Forward
from schedulers.network.learned_loops import OTHER_LAYOUT, record_learned, replay_learned
from schedulers.network.weights_file import read_weights
from traces.errors import InputError

POINTWISE = "pointwise"


class LearnedScheduler(Copyable, BaseScheduler):
    """A checkpoint's pointwise network, which runs in compiled code and needs no torch. Any case will do.

    InputError for a folder that is no checkpoint, a damaged one, or one with a network of another kind
    (schedulers.training.torch_scheduler).
    """

    compiled_entry = "replay_learned"
    records = True

    def __init__(self, folder: str | Path, name: str | None = None) -> None:
        description = describe_checkpoint(Path(folder))
        kind = description.network["kind"]
        if kind != POINTWISE:
            raise InputError(
                f"{folder}: is a network of kind {kind!r}, which is not compiled; schedulers.make_scheduler "
                "gives the scheduler that runs it by torch"
            )
        self.name = name or checkpoint_name(folder)
        self.layout, self.facts = description.layout, description.facts
        self._forward = forward_of(description)
        self._observers = Observers(self.layout)

    def for_case(self, case: Case) -> LearnedDecider:
        """Asks the network; its weights are read once, by the scheduler."""
        return LearnedDecider(self.name, self._observers.of(case), self._forward)


class LearnedDecider(ObservingDecider):
    """Takes the best action of a compiled network at every decision."""

    def __init__(self, name: str, observer: Observer, forward: Forward) -> None:
        super().__init__(name, observer)
        self._forward = forward

    def action(self, obs: np.ndarray, mask: np.ndarray, now_s: int) -> int:
        """The network's best action."""
        return self._forward.best(obs)

    def replay(self, handle: np.void, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        view = self._observer.view_for(handle)
        return int(replay_learned(handle, view, self._forward.network, self._observer.obs, steps))

    def record(
        self, places: int, epsilon: float, arrays: tuple[np.ndarray, ...], step: int, steps: int
    ) -> tuple[int, int]:
        """Log an episode without leaving compiled code (rare.dataset.play_episode)."""
        step, why = record_learned(places, self._forward.network, epsilon, arrays, step, steps)
        if why == OTHER_LAYOUT:
            layout = self._observer.layout
            raise InputError(
                f"scheduler {self.name}: was trained with {_sizes(layout)}; log it with --queue-slots "
                f"{layout.queue_slots} --running-slots {layout.running_slots} --forecast-hours "
                f"{layout.forecast_hours}, {_with(layout.reservations)} --reservations, on a scenario "
                f"{_with(layout.levels)} speed levels, {_with(layout.events)} events and "
                f"{_with(layout.prices)} prices"
            )
        return int(step), int(why)


def checkpoint_name(folder: str | Path) -> str:
    """The label of a checkpoint in tables: its folder and the parent folder."""
    return "/".join(Path(folder).resolve().parts[-2:])


def forward_of(description: Description) -> Forward:
    """The compiled network of a pointwise checkpoint. InputError if its weights are others than it says."""
    width = description.network["width"]
    weights = read_weights(description.folder, width, description.network["kind"], description.layout)
    return Forward(weights, description.layout, width, description.head)


def _with(present: bool) -> str:
    return "with" if present else "without"


def _sizes(layout: Layout) -> str:
    return (
        f"{layout.queue_slots} queue slots, {layout.running_slots} running slots and "
        f"{layout.forecast_hours} hours of forecast"
    )
