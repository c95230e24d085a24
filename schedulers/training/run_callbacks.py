"""What a training loop asks of whoever started it: validation, the facts of a checkpoint, progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from schedulers.training.scheduler_net import SchedulerNet

ProgressT = TypeVar("ProgressT")
Validate = Callable[[SchedulerNet, Sequence[str]], tuple[str, np.ndarray]]
Facts = Callable[[int, float, str], dict[str, Any]]


@dataclass(frozen=True)
class Callbacks(Generic[ProgressT]):
    """validate(net, heads): the head that schedules best, and its (W,) objectives; net is on the CPU.

    facts(step, objective, head): what is written into a checkpoint, as JSON. on_progress(progress, steps):
    called with the loop's progress and the number of steps of the whole run.
    """

    validate: Validate
    facts: Facts
    on_progress: Callable[[ProgressT, int], None] = lambda progress, steps: None
