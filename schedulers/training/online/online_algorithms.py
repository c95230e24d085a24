"""The online algorithms by name. Names and help need no torch; an algorithm is imported when it is used.

A plug-in is an entry point of the group `rare.online_algorithms` that names an `OnlineAlgorithm`
(docs/guides/extending.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schedulers.training.online.online_options import DqnOptions, PpoOptions
from traces.errors import InputError
from traces.name_registry import RegistrationError, Registry

if TYPE_CHECKING:
    from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
    from schedulers.training.offline.transitions import Transitions
    from schedulers.training.online.learner_start import LearnerStart


@dataclass(frozen=True, slots=True)
class OnlineTask:
    """What an algorithm learns on.

    env : environments that play at once. options : of the algorithm. start : the network, seed and device
    steps : decisions to play
    data, mix : logged transitions, and their share of every batch. limits : costs and what they may be
    folder : for what was played, to outlive a kill. spare_rows : steps between two saved states
    """

    env: GreenClusterSB3VecEnv
    options: Any
    start: LearnerStart
    steps: int
    data: Transitions | None
    mix: float
    limits: dict[str, float]
    folder: Path
    spare_rows: int


@dataclass(frozen=True, slots=True)
class OnlineAlgorithm:
    """An algorithm that learns by playing.

    options : makes its default options, a dataclass of numbers
    learner : the learner of a task, as schedulers.training.online.online_loop.Training drives it
    uses_data : whether it learns from logged transitions too. keeps_limits : whether costs have limits
    """

    help: str
    options: Callable[[], Any]
    learner: Callable[[OnlineTask], Any]
    uses_data: bool = False
    keeps_limits: bool = False


def _ppo(task: OnlineTask) -> Any:
    from schedulers.training.online.ppo import SchedulerPPO

    return SchedulerPPO(task.env, task.options, task.steps, task.start, limits=task.limits)


def _dqn(task: OnlineTask) -> Any:
    from schedulers.training.online.dqn import SchedulerDQN
    from schedulers.training.online.learner_start import LoggedMix, RingFiles

    logged = None if task.data is None else LoggedMix(task.data, task.mix)
    files = RingFiles(task.folder, task.spare_rows)
    return SchedulerDQN(task.env, task.options, task.steps, task.start, logged=logged, ring_files=files)


def _check(algorithm: OnlineAlgorithm) -> None:
    if not callable(algorithm.options) or not callable(algorithm.learner):
        raise RegistrationError("an online algorithm needs options() and learner(task)")


def _algorithm_of_plugin(plugin: object) -> tuple[str, OnlineAlgorithm]:
    if not isinstance(plugin, OnlineAlgorithm):
        raise RegistrationError("it is no OnlineAlgorithm of schedulers.training.online.online_algorithms")
    return plugin.help, plugin


ONLINE_ALGORITHMS: Registry[OnlineAlgorithm] = Registry("online algorithm", _check)
for _name, _algorithm in {
    "ppo": OnlineAlgorithm(
        "proximal policy optimisation with masked actions", PpoOptions, _ppo, keeps_limits=True
    ),
    "dqn": OnlineAlgorithm("double deep Q-learning with masked actions", DqnOptions, _dqn, uses_data=True),
}.items():
    ONLINE_ALGORITHMS.register(_name, _algorithm.help, _algorithm)
ONLINE_ALGORITHMS.accept_plugins("rare.online_algorithms", _algorithm_of_plugin)


def check_online(name: str, *, data: bool, limits: bool) -> None:
    """InputError if there is no such algorithm, or it cannot use the data or keep the limits given."""
    if name not in ONLINE_ALGORITHMS:
        raise InputError(f"--algorithm: {ONLINE_ALGORITHMS.unknown(name)}")
    algorithm = ONLINE_ALGORITHMS[name].value
    if data and not algorithm.uses_data:
        users = [entry.name for entry in ONLINE_ALGORITHMS if entry.value.uses_data]
        raise InputError(
            f"--data: only {' and '.join(users)} learns from logged transitions; start {name} --from a "
            "checkpoint"
        )
    if limits and not algorithm.keeps_limits:
        keepers = [entry.name for entry in ONLINE_ALGORITHMS if entry.value.keeps_limits]
        raise InputError(f"--limit: only {' and '.join(keepers)} keeps limits; give --algorithm {keepers[0]}")
