"""Play one episode under a behaviour policy and log it: compiled for heuristics, else step by step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from rare.dataset.episode_log import Log
from rare.env.batch import Batch
from rare.env.observation.layout import Layout
from rare.env.policies.behaviour import FULL, OUTSIDE, OVER, ROOM, chance, draw_action
from rare.env.policies.policy import AnyScheduler
from rare.episodes import Episode, Episodes
from rare.model import Case
from rare.scheduler import Decider, as_decider, as_scheduler, keep_queue
from rare.state.arrays import DECIDE_SHED, DECIDE_START, SHEDDING
from traces.errors import InputError

UNLIMITED = 2**62


@dataclass(frozen=True)
class Policy:
    """A behaviour policy: a scheduler, and how often a random valid action takes the place of its choice.

    make: called once an episode, gives a scheduler that plays it as if it were the first. surround: what
    each episode is played in, such as a context that turns exceptions of a user's class into InputErrors.
    """

    name: str
    make: Callable[[], AnyScheduler]
    epsilon: float = 0.0
    surround: Callable[[], AbstractContextManager[Any]] = nullcontext

    def check(self, case: Case) -> None:
        """InputError for a case that the scheduler refuses, before an episode is played."""
        with self.surround():
            as_scheduler(self.make()).check(case)

    def decider(self, case: Case, episode: Episode) -> Decider:
        """The decider for an episode of a case. InputError if the scheduler refuses the case."""
        return as_decider(self.make(), case, episode)


@dataclass(frozen=True, slots=True)
class Played:
    """The result of an episode. why_not: the reason for leaving it out of a dataset, else None."""

    terminated: bool
    summary: dict[str, Any]
    why_not: str | None


OUT_OF_SLOTS = "outside the slots"  # the scheduler started a job outside the slots
NO_DECISION = "without a decision"
REASONS = (OUT_OF_SLOTS, NO_DECISION)


class Player:
    """One environment that plays episodes, and the log of the last one."""

    def __init__(self, episodes: Episodes, layout: Layout) -> None:
        self.batch = Batch(episodes, layout, 1)
        self.log = Log(layout)

    def play(self, episode: Episode, policy: Policy, seed: int, most: int | None = None) -> Played:
        """Play an episode for at most this number of decisions; a longer one is truncated."""
        with policy.surround():
            return self._play(episode, policy, seed, most)

    def _play(self, episode: Episode, policy: Policy, seed: int, most: int | None) -> Played:
        batch, log = self.batch, self.log
        batch.set_up(0, episode)
        decider = policy.decider(batch.case_of(0), episode)
        keep_queue(batch.world, 0, decider)
        batch.begin(0)
        log.begin(batch, seed)
        why = OVER
        if not batch.is_over(0):
            steps = _compiled if decider.records else _one_by_one
            why = steps(batch, log, decider, policy.epsilon, UNLIMITED if most is None else most)
        summary = batch.summary(0)
        return Played(why == OVER, summary, _why_not(why, log.steps, batch, decider))


def _why_not(why: int, steps: int, batch: Batch, decider: Decider) -> str | None:
    if why == OUTSIDE or _hid(batch, decider):
        return OUT_OF_SLOTS
    return NO_DECISION if steps == 0 else None


def _hid(batch: Batch, decider: Decider) -> bool:
    """Where only a hidden job could start, nobody was asked: the schedule is not the scheduler's own, unless
    it is one that never sees others."""
    if decider.sees_only_slots:
        return False
    return bool(batch.summary(0)["hidden_decisions"] > 0)


def _compiled(batch: Batch, log: Log, decider: Decider, epsilon: float, most: int) -> int:
    while log.steps < most:
        room = min(log.make_room(), most)
        log.steps, why = decider.record(batch.places, epsilon, log.arrays(batch), log.steps, room)
        if why == ROOM:
            batch.make_room(0)
            log.stepped(batch)
            if batch.is_over(0):
                return OVER
        elif why in (OVER, OUTSIDE):
            return int(why)
    return FULL


def _one_by_one(batch: Batch, log: Log, decider: Decider, epsilon: float, most: int) -> int:
    while log.steps < most:
        log.make_room()
        status = DECIDE_SHED if batch.world.env[0].phase == SHEDDING else DECIDE_START
        preferred = batch.action_of(0, decider.decide(batch.world_of(0), 0, status))
        if preferred is None or _hid(batch, decider):
            return OUTSIDE
        mask = batch.mask[0]
        if batch.layout.reservations and not mask[preferred]:
            preferred = 0  # WAIT if the mask withholds its choice
        if not mask[preferred]:
            raise InputError(
                f"scheduler {decider.name!r} chose action {preferred} {log.time_s[log.steps]} s into the "
                "episode, which is not valid then (RULES §4.2); choose a job that may start, or WAIT"
            )
        action = int(draw_action(mask, preferred, epsilon, *log.draws[log.steps]))
        log.decided(action, float(chance(mask, preferred, epsilon, action)))
        batch.step_single(0, action)
        log.stepped(batch)
        if batch.is_over(0):
            return OVER
    return FULL
