"""The offline algorithms by name. Names and help need no torch; an algorithm is imported when it is used.

A plug-in is an entry point of the group `rare.offline_algorithms` that names a class derived from
`OfflineConfig` (docs/guides/extending.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traces.errors import InputError
from traces.name_registry import RegistrationError, Registry, first_line

if TYPE_CHECKING:
    from schedulers.training.offline.learners.offline_base import Offline, OfflineConfig
    from schedulers.training.scheduler_net import SchedulerNet


@dataclasses.dataclass(frozen=True, slots=True)
class OfflineAlgorithm:
    """An algorithm that learns from logged decisions. load : the class of its options, which makes it."""

    load: Callable[[], type[OfflineConfig]]


def _bc() -> type[OfflineConfig]:
    from schedulers.training.offline.learners.bc import BCConfig

    return BCConfig


def _crr() -> type[OfflineConfig]:
    from schedulers.training.offline.learners.crr import CRRConfig

    return CRRConfig


def _cql() -> type[OfflineConfig]:
    from schedulers.training.offline.learners.cql import CQLConfig

    return CQLConfig


def _bcq() -> type[OfflineConfig]:
    from schedulers.training.offline.learners.bcq import BCQConfig

    return BCQConfig


def _sac() -> type[OfflineConfig]:
    from schedulers.training.offline.learners.sac import SACConfig

    return SACConfig


def _algorithm_of_plugin(plugin: object) -> tuple[str, OfflineAlgorithm]:
    """(help text, algorithm) of what an entry point names. RegistrationError if it is no algorithm."""
    from schedulers.training.offline.learners.offline_base import OfflineConfig

    if not isinstance(plugin, type) or not issubclass(plugin, OfflineConfig):
        raise RegistrationError("it is no class derived from OfflineConfig")
    if plugin.implementation is OfflineConfig.implementation:
        raise RegistrationError(f"{plugin.__name__} is not implemented: it has no implementation()")
    config: type[OfflineConfig] = plugin
    return first_line(plugin), OfflineAlgorithm(lambda: config)


OFFLINE_ALGORITHMS: Registry[OfflineAlgorithm] = Registry("offline algorithm")
OFFLINE_ALGORITHMS.register("bc", "behaviour cloning: imitates the logged action", OfflineAlgorithm(_bc))
OFFLINE_ALGORITHMS.register(
    "crr",
    "imitates the logged actions that were better than the policy's mean (CRR, AWAC)",
    OfflineAlgorithm(_crr),
)
OFFLINE_ALGORITHMS.register(
    "cql", "double Q-learning that underestimates actions which were not logged", OfflineAlgorithm(_cql)
)
OFFLINE_ALGORITHMS.register(
    "bcq",
    "takes the action of highest Q among those that a behaviour clone finds likely",
    OfflineAlgorithm(_bcq),
)
OFFLINE_ALGORITHMS.register(
    "sac", "soft actor-critic, without a constraint to stay near the data", OfflineAlgorithm(_sac)
)
OFFLINE_ALGORITHMS.accept_plugins("rare.offline_algorithms", _algorithm_of_plugin)


def check_algorithm(name: str) -> None:
    """InputError if there is no such algorithm; torch is not needed to say so."""
    if name not in OFFLINE_ALGORITHMS:
        raise InputError(f"--algorithm: {OFFLINE_ALGORITHMS.unknown(name)}")


def config_of(name: str, **options: Any) -> OfflineConfig:
    """The options of an algorithm. InputError if there is no such algorithm or option."""
    check_algorithm(name)
    config = OFFLINE_ALGORITHMS[name].value.load()
    known = {field.name for field in dataclasses.fields(config)}
    for option in options:
        if option not in known:
            raise InputError(f"{name} has no option {option!r}; leave it out")
    return config(**options)


def algorithm(config: OfflineConfig, net: SchedulerNet, device: str = "cpu") -> Offline:
    """An algorithm around a network, ready to learn."""
    made = config.create(device)
    made.create_around(net)
    return made
