"""Networks that are not compiled, such as those with attention, as schedulers that ask torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from rare.env.observation.observer import Observer
from rare.env.policies.deciders import Observers, ObservingDecider
from rare.model import Case
from rare.scheduler import BaseScheduler
from schedulers.network.learned_scheduler import checkpoint_name
from schedulers.training.checkpoint import Checkpoint, load
from schedulers.training.scheduler_net import best_actions


class TorchScheduler(BaseScheduler):
    """A checkpoint's network of any kind. Any case will do. InputError for a folder that is no checkpoint."""

    def __init__(self, folder: str | Path, name: str | None = None) -> None:
        self.name = name or checkpoint_name(folder)
        self._checkpoint = load(Path(folder))
        self.layout, self.facts = self._checkpoint.net.layout, self._checkpoint.facts
        self._observers = Observers(self.layout)

    def for_case(self, case: Case) -> TorchDecider:
        """Asks the network; its weights are read once, by the scheduler."""
        return TorchDecider(self.name, self._observers.of(case), self._checkpoint)


class TorchDecider(ObservingDecider):
    """Takes the best action of a torch network at every decision."""

    def __init__(self, name: str, observer: Observer, checkpoint: Checkpoint) -> None:
        super().__init__(name, observer)
        self._checkpoint = checkpoint

    def action(self, obs: np.ndarray, mask: np.ndarray, now_s: int) -> int:
        """The network's best action."""
        with torch.no_grad():
            best = best_actions(self._checkpoint.net, torch.from_numpy(obs)[None], self._checkpoint.head)
        return int(best[0])
