"""What an online learner starts from, and where DQN keeps and mixes its transitions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schedulers.training.offline.transitions import Transitions
from schedulers.training.scheduler_net import SchedulerNet


@dataclass(frozen=True)
class LearnerStart:
    """net: the initial weights, in the units of checkpoints. from_checkpoint: they were trained before, so
    PPO leaves their policy slowly and DQN explores little from the start on. from_logs: they learned from
    logged decisions, whose noise is in their probabilities. device: as torch names it."""

    net: SchedulerNet
    from_checkpoint: bool = False
    seed: int = 0
    device: str = "cpu"
    from_logs: bool = False


@dataclass(frozen=True)
class LoggedMix:
    """Logged transitions, and their share (0 to 1) of every batch."""

    transitions: Transitions
    share: float


@dataclass(frozen=True)
class RingFiles:
    """folder: where the replay ring lies in files, so that it outlives a kill; None: in memory.

    spare_rows: steps that a run may make after its state was saved. They go to places that no batch of the
    saved state is drawn from, so a resumed run draws the same batches.
    """

    folder: Path | None = None
    spare_rows: int = 0
