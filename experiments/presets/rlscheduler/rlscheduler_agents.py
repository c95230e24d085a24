"""Schedulers of RLScheduler's case: rules on observations, and networks that rank jobs without backfill.

"In order" means without backfill: all waiting jobs are ranked, and only the first may start. A network that
observed the free processors could rank fitting jobs first, which amounts to backfill, so the ranking network
observes the waiting jobs alone.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.presets.rlscheduler.rlscheduler_teacher import first_in_order, may_hold, patient
from rare.env.observation.layout import CLUSTER, QUEUE, Layout
from rare.env.observation.observer import Observer
from rare.env.policies.deciders import Observers, ObservingDecider
from rare.model import Case
from rare.scheduler import BaseScheduler
from schedulers.network.checkpoint_files import describe_checkpoint
from schedulers.network.forward import Forward
from schedulers.network.learned_scheduler import forward_of

ALL_JOBS = Layout(queue_slots=1024, running_slots=64, forecast_hours=0)
"""With a slot for every waiting job of the longest window."""
KNOWN_TO_ORDER = ("queued", "hour_sin", "hour_cos")
_STARTABLE = [feature.name for feature in QUEUE].index("startable")
_HIDDEN = [place for place, feature in enumerate(CLUSTER) if feature.name not in KNOWN_TO_ORDER]


def waiting_only(obs: np.ndarray, layout: Layout) -> np.ndarray:
    """(E, D) observations for a ranking network: every waiting job is a valid action, WAIT is not.

    Free processors, running jobs and startability are hidden.
    """
    hidden, parts = obs.copy(), layout.slices
    waiting = hidden[:, parts["queue"]].reshape(len(obs), *layout.shapes["queue"])
    filled = waiting[:, :, 0] > 0.5
    waiting[:, :, _STARTABLE] = filled
    hidden[:, parts["mask"]] = 0.0
    hidden[:, 1 : 1 + layout.queue_slots] = filled
    hidden[:, parts["running"]] = 0.0
    hidden[:, parts["cluster"].start + np.array(_HIDDEN)] = 0.0
    return hidden


def where_it_fits(obs: np.ndarray, action: np.ndarray) -> np.ndarray:
    """(E,) actions, with WAIT in place of those that are not valid in obs (E, D)."""
    return np.where(obs[np.arange(len(obs)), action] > 0.5, action, 0)


class ObservationScheduler(BaseScheduler):
    """A scheduler that decides by observations of all waiting jobs, in any case."""

    def __init__(self, name: str, layout: Layout = ALL_JOBS) -> None:
        self.name, self.layout = name, layout
        self._observers = Observers(layout)

    def for_case(self, case: Case) -> ActionDecider:
        """A decider that takes this scheduler's actions."""
        return ActionDecider(self.name, self._observers.of(case), self.action)

    @abstractmethod
    def action(self, obs: np.ndarray) -> int:
        """The action for an observation (D,)."""


class ActionDecider(ObservingDecider):
    """Takes the actions of a function of the observation."""

    def __init__(self, name: str, observer: Observer, action_of: Callable[[np.ndarray], int]) -> None:
        super().__init__(name, observer)
        self._action_of = action_of

    def action(self, obs: np.ndarray, mask: np.ndarray, now_s: int) -> int:
        """The action of the function for an observation (D,)."""
        return self._action_of(obs)


class Rule(ObservationScheduler):
    """A rule of rlscheduler_teacher as a scheduler. in_order: only the first waiting job may start.

    may_wait: and it waits if it is long and long jobs hold too many processors (`may_hold`).
    """

    def __init__(
        self, name: str, layout: Layout = ALL_JOBS, *, in_order: bool = False, may_wait: bool = False
    ) -> None:
        super().__init__(name, layout)
        self.in_order, self.may_wait = in_order, may_wait

    def action(self, obs: np.ndarray) -> int:
        """The action of the rule for an observation (D,)."""
        if not self.in_order:
            return int(patient(obs[None], self.layout)[0])
        first = int(where_it_fits(obs[None], first_in_order(obs[None], self.layout))[0])
        if first and self.may_wait and not may_hold(obs[None], self.layout)[0, first - 1]:
            return 0
        return first


class InOrder(ObservationScheduler):
    """A network ranks all waiting jobs; the first starts if it fits, and no other job does.

    ranking: action of an observation (D,) of `waiting_only`. policy: None, or a network with full
    observations that may let the first job wait although it fits.
    """

    def __init__(
        self,
        name: str,
        ranking: Callable[[np.ndarray], int],
        policy: Forward | None = None,
        layout: Layout = ALL_JOBS,
    ) -> None:
        super().__init__(name, layout)
        self._ranking, self._policy = ranking, policy

    def action(self, obs: np.ndarray) -> int:
        """Start the first job of the ranking, or WAIT."""
        first = self._ranking(waiting_only(obs[None], self.layout)[0])
        if obs[first] <= 0.5:
            return 0
        if self._policy is None:
            return first
        self._policy.best(obs)
        return first if self._policy.scores[first] > self._policy.scores[0] else 0


def in_order(name: str, ranking: Path, policy: Path | None = None) -> InOrder:
    """The scheduler of checkpoint folders. InputError if one is damaged."""
    ranks = forward_of(describe_checkpoint(ranking))
    acts = None if policy is None else forward_of(describe_checkpoint(policy))
    return InOrder(name, ranks.best, acts, ranks.layout)
