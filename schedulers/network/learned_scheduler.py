"""A trained network as a scheduler: wherever a heuristic's name is taken, a checkpoint folder is too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rare.env.behaviour import EpisodeArrays
from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.model import Case
from rare.rules.orders import FCFS
from rare.state.arrays import WAIT, World
from rare.state.memory import Copyable
from schedulers.network.checkpoint_files import Description, describe_checkpoint
from schedulers.network.forward import Forward
from schedulers.network.learned_loops import OTHER_LAYOUT, record_learned, replay_learned
from schedulers.network.weights_file import read_weights
from traces.errors import InputError

POINTWISE = "pointwise"


class LearnedScheduler(Copyable):
    """Takes the best action of a checkpoint's network at every decision (rare.scheduler.Decider).

    As in the environment: it sees the visible jobs only, where only WAIT is valid nobody is asked, and WAIT
    in a shortage leaves it to the rules. A pointwise network runs in compiled code and needs no torch; only
    such a one has `replay` and `record`. InputError for a folder that is no checkpoint, or a damaged one.
    """

    order = FCFS
    order_param = 2.0
    sees_only_slots = True
    _shared = ("_case",)
    compiled_entry = "replay_learned"
    replay: Callable[[object, int], int]
    record: Callable[..., tuple[int, int]]

    def __init__(self, folder: str | Path, name: str | None = None) -> None:
        found = describe_checkpoint(Path(folder))
        self.name = name or "/".join(Path(folder).resolve().parts[-2:])
        self.layout, self.facts = found.layout, found.facts
        self._case: Case | None = None
        self._observer: Observer | None = None
        self._best: Callable[[np.ndarray], int]
        if found.network["kind"] == POINTWISE:
            self._forward = forward_of(found)
            self._best = self._forward.best
            self.replay, self.record = self._replay, self._record
        else:
            self._best = _torch_best(found)

    def check(self, case: Case) -> None:
        """Make ready for a case; any will do."""
        if case is not self._case:
            self._case, self._observer = case, Observer(case, self.layout)

    @property
    def observer(self) -> Observer:
        """What it looks through. RuntimeError before `check`."""
        if self._observer is None:
            raise RuntimeError(f"scheduler {self.name}: call check(case) before the first decision")
        return self._observer

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision, as a slot."""
        observer = self.observer
        if observer.look(world, e) <= 1:
            return WAIT
        return observer.slot_of(self._best(observer.obs))

    def _replay(self, handle: Any, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        observer = self.observer
        live_slots = int(handle["live_slots"])
        if live_slots != observer.live_slots:
            observer.make_room(live_slots)
        observer.look_anew()
        return int(replay_learned(handle, observer.view, self._forward.network, observer.obs, steps))

    def _record(
        self, places: int, epsilon: float, arrays: EpisodeArrays, step: int, steps: int
    ) -> tuple[int, int]:
        """Log an episode without leaving compiled code (schedulers.heuristics.fused_record)."""
        step, why = record_learned(places, self._forward.network, epsilon, arrays, step, steps)
        if why == OTHER_LAYOUT:
            raise InputError(
                f"scheduler {self.name}: was trained with {_sizes(self.layout)}; log it with --queue-slots "
                f"{self.layout.queue_slots} --running-slots {self.layout.running_slots} --forecast-hours "
                f"{self.layout.forecast_hours}, and {'with' if self.layout.reservations else 'without'} "
                "--reservations"
            )
        return int(step), int(why)


def forward_of(found: Description) -> Forward:
    """The compiled network of a pointwise checkpoint. InputError if its weights are others than it says."""
    weights = read_weights(found.folder, found.network["width"], found.network["kind"])
    return Forward(weights, found.layout, found.network["width"], found.head)


def _sizes(layout: Layout) -> str:
    return (
        f"{layout.queue_slots} queue slots, {layout.running_slots} running slots and "
        f"{layout.forecast_hours} hours of forecast"
    )


def _torch_best(found: Description) -> Callable[[np.ndarray], int]:
    """The best action by torch, for networks that are not compiled."""
    try:
        from schedulers.training.checkpoint import load
    except ImportError as error:
        raise InputError(
            f"{found.folder}: is a network of kind {found.network['kind']!r}, which needs torch ({error}); "
            "install the extra 'learn', or train a pointwise one"
        ) from None
    net = load(found.folder).net
    return partial(_best_by_torch, net, found.head)


def _best_by_torch(net: Any, head: str, obs: np.ndarray) -> int:
    """The best action of an observation (D,); by module name, so that pickles find it."""
    import torch

    from schedulers.training.scheduler_net import best_actions

    with torch.no_grad():
        return int(best_actions(net, torch.from_numpy(obs)[None], head)[0])
