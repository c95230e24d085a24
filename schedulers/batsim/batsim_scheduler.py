"""A scheduler of another program, behind Batsim's protocol (docs/guides/batsim.md): `batsim:ENDPOINT`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from rare.model import Case
from rare.scheduler import BaseScheduler, Decider
from rare.state.arrays import World
from schedulers.batsim.batsim_clock import BatsimClock
from schedulers.batsim.batsim_endpoint import MACHINES, BatsimEndpoint, parse_endpoint
from schedulers.batsim.batsim_link import BatsimLink, Talk
from schedulers.batsim.batsim_session import BatsimSession
from traces.errors import InputError

_MOST_CORES = 200_000  # each is an object in the first message
_in_use: WeakValueDictionary[str, BatsimScheduler] = WeakValueDictionary()


def batsim_scheduler(name: str) -> BatsimScheduler:
    """The scheduler of a name. InputError for another form, and where another one has this endpoint."""
    endpoint = parse_endpoint(name)
    if endpoint.address in _in_use:
        raise InputError(
            f"scheduler {name!r}: {endpoint.address} is another scheduler's of this command; a program "
            "serves one run, so start a second one on an endpoint of its own"
        )
    scheduler = BatsimScheduler(name, endpoint)
    _in_use[endpoint.address] = scheduler
    return scheduler


class BatsimScheduler(BaseScheduler):
    """A program that listens at an endpoint. It serves one run.

    talk : is filled with the messages and answers of the run, where it is given
    """

    compiled_entry = "instant"

    def __init__(self, name: str, endpoint: BatsimEndpoint, talk: Talk | None = None) -> None:
        self.name, self._talk = name, talk
        self._endpoint = endpoint
        self._served = False

    def check(self, case: Case) -> None:
        """InputError for a case that Batsim has no words for."""
        if case.cluster.cores > _MOST_CORES:
            raise InputError(
                f"scheduler {self.name!r}: {case.cluster.cores} cores are more than {_MOST_CORES}"
            )
        if (case.workload.cores == 0).any():
            job = case.workload.job_id[int(np.argmax(case.workload.cores == 0))]
            raise InputError(
                f"scheduler {self.name!r}: job {job} needs no cores, and resources of Batsim are cores here"
            )

    def for_case(self, case: Case) -> BatsimDecider:
        """The decider of the one run. InputError for a second one."""
        self.check(case)
        if self._served:
            raise InputError(
                f"scheduler {self.name!r}: a program serves one run, and this one has had it; start it again "
                "for the next, which `rare simulate` asks for"
            )
        self._served = True
        return BatsimDecider(self.name, case, self._endpoint, self._talk)


class BatsimDecider(Decider):
    """One run under the program at an endpoint. It has a clock of its own, for the program is asked by it."""

    def __init__(self, name: str, case: Case, endpoint: BatsimEndpoint, talk: Talk | None = None) -> None:
        super().__init__(name)
        self._case, self._endpoint, self._talk = case, endpoint, talk
        self._session: BatsimSession | None = None

    def own_clock(self, world: World, job_ids: np.ndarray | Sequence[int]) -> BatsimClock:
        """The clock that asks the program."""
        self._session = BatsimSession(self._case, np.asarray(world.jobs.part))
        link = BatsimLink(self._endpoint, self._talk)
        return BatsimClock(world, self._case, self._session, link, self._endpoint.power == MACHINES)

    def decide(self, world: World, e: int, status: int) -> int:
        """InputError: only its own clock can ask the program."""
        raise InputError(
            f"scheduler {self.name!r}: runs in `rare simulate` and `rare compare` alone, not in environments"
        )

    def remarks(self, decisions: int) -> list[str]:
        """What the program could not know, or RARE did not do."""
        if self._session is None:
            return []
        tally = self._session.tally
        counts: list[tuple[Any, str]] = [
            (tally.held_starts, f"starts that it decided waited for power, {tally.held_s:,} s in all"),
            (tally.resubmissions, "times a job was taken off its cores and submitted to it again"),
            (tally.state_changes, "changes of a core's state were acknowledged and not simulated"),
            (len(self._session.jobs.metadata), "jobs were given metadata, which is not kept"),
        ]
        return [f"{count:,} {text}" for count, text in counts if count]
