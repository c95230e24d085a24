"""Hyperparameters of online training; docs/results/training-results.md says how the defaults were chosen."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from schedulers.training.discount import GAMMA_PER_HOUR
from traces.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class PpoOptions:
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) with masked actions."""

    environments: int = 64
    rollout: int = 64  # decisions of each environment between updates
    batch: int = 512
    epochs: int = 4
    learning_rate: float = 3e-3  # falls to 0 over the run
    entropy: float = 0.001
    gamma: float = GAMMA_PER_HOUR  # discount per simulated hour
    gae_lambda: float = 0.98  # per decision
    reward_scale: float = 1.0  # rewards are multiplied by it: returns of about 1 an episode learn best
    clip: float = 0.2
    max_gradient: float = 0.5  # norm, of actor and critic each
    target_kl: float = 0.03  # the actor rests for the rest of an update once it moved 1.5 times so far
    promises: float = (
        0.0  # weight of a potential that brings prices of waiting jobs forward (promise_potential)
    )
    average: float = 0.0  # rounds over which the validated weights are a running mean; 0: the last round's
    # After a checkpoint (schedulers.training.online.handover):
    critic_steps: int = 20_000  # decisions of its policy that train the critic alone
    clone_weight: float = 0.5  # weight of KL(its policy || trained policy) at the start
    clone_factor: float = 2.0  # a validation divides that weight by it, or multiplies if below; 1: by steps
    clone_last: float = 0.05  # the least of a weight that adapts, and the last of one that falls with steps
    clone_steps: int = 100_000  # steps over which it falls to `clone_last`, where the factor is 1
    tolerance: float = 0.01  # how far below the checkpoint's a validation score may be to count as not below
    rate_share: float = 1 / 3  # share of `learning_rate` to learn with
    actor_steps: int = 20_000  # steps over which the actor's learning rate rises from 0
    average_after: float = 8.0  # `average`, where that is 0
    sharpness: float = 4.0  # exponent on the probabilities of an offline checkpoint
    guide_share: float = 0.0  # share of each rollout that its policy plays first
    guide_fall: float = 0.1  # how much less of it after a validation that is not below the checkpoint's
    margin: float = 2.0  # standard errors that `best` must be above it; 0: any gain


FADING_ANCHOR: dict[str, float] = {
    "critic_steps": 20_000,
    "clone_weight": 1.0,
    "clone_steps": 100_000,
    "clone_last": 0.0,
    "clone_factor": 1.0,
    "rate_share": 1.0,
    "average_after": 0.0,
    "actor_steps": 0,
    "sharpness": 1.0,
    "margin": 0.0,
    "guide_share": 0.0,
}
"""The first defaults of PPO after a checkpoint, with which earlier results were made."""


@dataclass(frozen=True)
class DqnOptions:
    """Deep Q-learning, masked and double (van Hasselt et al. 2016, arXiv 1509.06461)."""

    environments: int = 64
    rollout: int = 32  # decisions of each environment in a round, after which the run may validate and save
    batch: int = 256
    updates: float = 2.0  # after each decision of all environments
    learning_rate: float = 5e-4
    gamma: float = GAMMA_PER_HOUR
    capacity: int = 50_000  # decisions kept
    starts: int = 5_000  # decisions before the first update; 0 where logged ones are mixed in
    tau: float = 0.01  # share by which the target network moves at each update
    max_gradient: float = 10.0
    explore_first: float = 1.0  # share of random actions at the start; `explore_last` after a checkpoint
    explore_last: float = 0.05
    explore_share: float = 0.3  # of the run, until `explore_last` is reached


Options = TypeVar("Options", bound="DataclassInstance")
_ABOVE_ZERO = (
    "environments",
    "rollout",
    "batch",
    "epochs",
    "learning_rate",
    "rate_share",
    "capacity",
    "max_gradient",
    "tau",
    "gamma",
    "reward_scale",
    "rounds",
    "kept",
    "sharpness",
)
_SHARES = (
    "guide_share",
    "guide_fall",
    "gae_lambda",
    "explore_first",
    "explore_last",
    "explore_share",
    "gamma",
    "tau",
    "kept",
    "random",
)


def with_changes(options: Options, changes: Mapping[str, float | str]) -> Options:
    """The options, a dataclass of numbers, with some of them replaced; text is read as the field's type.

    InputError for unknown names and impossible values.
    """
    kinds: dict[str, type[int] | type[float]] = {
        field.name: type(getattr(options, field.name)) for field in dataclasses.fields(options)
    }
    numbers: dict[str, float] = {}
    for name, value in changes.items():
        if name not in kinds:
            raise InputError(f"option {name!r} is unknown; known are {', '.join(kinds)}")
        try:
            numbers[name] = kinds[name](value)
        except ValueError:
            kind = "a whole number" if kinds[name] is int else "a number"
            raise InputError(f"option {name}: {value!r} is not {kind}") from None
        if not 0 <= numbers[name] < math.inf or (name in _ABOVE_ZERO and numbers[name] == 0):
            raise InputError(f"option {name}: must be above 0, got {value}")
        if name in _SHARES and numbers[name] > 1:
            raise InputError(f"option {name}: must be at most 1, got {value}")
    return dataclasses.replace(options, **numbers)
