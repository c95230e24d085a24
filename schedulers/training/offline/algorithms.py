"""The offline algorithms by name."""

from __future__ import annotations

import dataclasses
from typing import Any

from schedulers.training.offline.learners.bc import BCConfig
from schedulers.training.offline.learners.bcq import BCQConfig
from schedulers.training.offline.learners.cql import CQLConfig
from schedulers.training.offline.learners.crr import CRRConfig
from schedulers.training.offline.learners.offline_base import Offline, OfflineConfig
from schedulers.training.offline.learners.sac import SACConfig
from schedulers.training.scheduler_net import SchedulerNet
from traces.errors import InputError

CONFIGS: dict[str, type[OfflineConfig]] = {
    "bc": BCConfig,
    "crr": CRRConfig,
    "cql": CQLConfig,
    "bcq": BCQConfig,
    "sac": SACConfig,
}


def config_of(name: str, **options: Any) -> OfflineConfig:
    """The options of an algorithm. InputError if there is no such algorithm or option."""
    if name not in CONFIGS:
        raise InputError(f"--algorithm {name!r} is unknown; known are {', '.join(CONFIGS)}")
    known = {field.name for field in dataclasses.fields(CONFIGS[name])}
    for option in options:
        if option not in known:
            raise InputError(f"{name} has no option {option!r}; leave it out")
    return CONFIGS[name](**options)


def algorithm(config: OfflineConfig, net: SchedulerNet, device: str = "cpu") -> Offline:
    """An algorithm around a network, ready to learn."""
    made = config.create(device)
    made.create_around(net)
    return made
