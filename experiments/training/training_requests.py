"""Options of `rare train offline` and `rare train online`, with the checks that need no data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rare.env.observation.layout import Layout
from rare.episodes import Episodes, Randomise
from schedulers.network.checkpoint_files import KINDS
from schedulers.training.discount import GAMMA_PER_HOUR
from schedulers.training.offline.algorithms import check_algorithm
from schedulers.training.online.online_algorithms import check_online
from traces.errors import InputError


@dataclass(frozen=True, slots=True)
class OfflineRequest:
    """Options of offline training.

    algorithm      : a name in OFFLINE_ALGORITHMS
    scenario       : its validation windows are used, several joined by commas; None: the data's
    settings       : changes of the scenario, `table.key=value`
    steps          : updates
    batch          : transitions in each update
    network, width : kind (pointwise or attention) and width of the network
    transitions    : number of transitions of the data to use; None: all
    gamma          : discount per hour, above 0 and at most 1
    seed           : of initial weights and batches
    device         : auto, cpu or cuda
    resume         : continue an interrupted run of this request
    start          : a checkpoint to start from; None: a new network
    validate_every : updates between validations
    patience       : stop after this number of validations without improvement; 0: never
    baselines      : schedulers in the figure; None: the data's, where they are heuristics
    options        : of the algorithm, such as {"beta": 0.5} (its config class has them); None: its default
    figure         : draw curve.png
    InputError for impossible values.
    """

    algorithm: str = "bc"
    scenario: str | None = None
    settings: Sequence[str] = ()
    steps: int = 20_000
    batch: int = 256
    network: str = "pointwise"
    width: int = 64
    transitions: int | None = None
    gamma: float = GAMMA_PER_HOUR
    seed: int = 0
    device: str = "auto"
    resume: bool = False
    start: str | Path | None = None
    validate_every: int = 1000
    patience: int = 0
    baselines: Sequence[str] | None = None
    options: Mapping[str, Any] | None = None
    figure: bool = True

    def __post_init__(self) -> None:
        check_algorithm(self.algorithm)
        if self.network not in KINDS:
            raise InputError(f"--network {self.network!r} is unknown; known are {', '.join(KINDS)}")
        for name in ("steps", "batch", "width", "validate_every"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}")
        if self.patience < 0:
            raise InputError(f"--patience must be at least 0, got {self.patience}")
        if not (0 < self.gamma <= 1 and math.isfinite(self.gamma)):
            raise InputError(f"--gamma must be above 0 and at most 1 (per hour), got {self.gamma}")
        if self.network == "attention" and self.width % 4:
            raise InputError(f"--width must be a multiple of 4 for attention, got {self.width}")


@dataclass(frozen=True, slots=True)
class OnlineRequest:
    """Options of online training.

    algorithm      : a name in ONLINE_ALGORITHMS
    steps          : decisions to play
    start          : a checkpoint whose weights to start from; None: a new network
    data, mix      : dqn learns from these logged transitions too, this share of every batch
    settings       : changes of the scenario, `table.key=value`
    network, width : of a new network; None: pointwise, 64, or the checkpoint's
    limits         : costs of episodes and what they may be, such as violations=0.1 (ppo)
    randomise      : training clusters drawn from ranges; the validation windows are the scenario's own
    reservations   : the mask withholds what would delay the most urgent job without room
                     (rare.env.observation.mask), in training and wherever the checkpoint is used
    layout         : of a new network's observations, where there is neither `start` nor `data`
    scenario_seed  : of service classes
    episodes       : windows put together elsewhere, with the splits train and validation; the scenario then
                     only names them
    reward, reward_eta : reward of training and validation, as of an environment (docs/reference/environment.md)
    seed           : of initial weights, windows and actions
    device         : auto, cpu or cuda
    resume         : continue an interrupted run of this request
    validate_every : decisions between validations
    options        : of the algorithm (schedulers.training.online.online_options), such as {"rollout": 64};
                     None: its default
    figure         : draw curve.png
    InputError for impossible values.
    """

    algorithm: str = "ppo"
    steps: int = 200_000
    start: str | Path | None = None
    data: Sequence[str | Path] = ()
    mix: float = 0.5
    settings: Sequence[str] = ()
    network: str | None = None
    width: int | None = None
    limits: Sequence[str] = ()
    randomise: Randomise | None = None
    reservations: bool = False
    layout: Layout | None = None
    scenario_seed: int = 0
    episodes: Episodes | None = None
    reward: str = "objective"
    reward_eta: float = 0.002
    seed: int = 0
    device: str = "auto"
    resume: bool = False
    validate_every: int = 20_000
    options: Mapping[str, Any] | None = None
    figure: bool = True

    def __post_init__(self) -> None:
        check_online(self.algorithm, data=bool(self.data), limits=bool(self.limits))
        for name in ("steps", "validate_every"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.mix < 1:
            raise InputError(
                f"--mix must be from 0 to below 1, the share of logged transitions; got {self.mix}"
            )
