"""The jobs of a run as a scheduler of Batsim knows them: their names, and what it has done with them."""

from __future__ import annotations

import numpy as np

from rare.model import Case
from schedulers.batsim.batsim_answers import ProtocolError
from schedulers.batsim.batsim_events import WORKLOAD
from traces.errors import quoted

#: Of a job, as the scheduler has it. STARTED: it gave cores to it; RARE may still hold the start back.
#: LEFT: it left the queue by itself, for which Batsim has no word.
UNKNOWN, WAITING, STARTED, LEFT, GONE = range(5)
_STATES = ("not submitted yet", "waiting", "running", "not there any more", "over")


class BatsimJobs:
    """Names and states of jobs, by their index in the workload.

    A job is called w0!ID. A job that RARE took off its cores comes again as resubmit=N!ID, after the N-th
    time. ID is the job's own where all ids are whole numbers, else its place in the workload: schedulers
    read numbers there.
    """

    def __init__(self, case: Case) -> None:
        ids = case.workload.job_id
        self._ids = np.arange(len(ids)) if ids.dtype == object else ids
        self._attempt: dict[int, int] = {}
        self._index_of: dict[str, int] = {}
        self._state = np.full(len(ids), UNKNOWN, dtype=np.int8)
        self.metadata: dict[str, str] = {}

    def state(self, job: int) -> int:
        """UNKNOWN, WAITING, STARTED, LEFT or GONE."""
        return int(self._state[job])

    def name(self, job: int) -> str:
        """What the scheduler calls a job now."""
        attempt = self._attempt.get(job, 0)
        return f"{f'resubmit={attempt}' if attempt else WORKLOAD}!{self._ids[job]}"

    def submit(self, job: int) -> str:
        """A job is there, for the first time or again; its name from now on."""
        if self.state(job) != UNKNOWN:
            self._attempt[job] = self._attempt.get(job, 0) + 1
        self._state[job] = WAITING
        name = self.name(job)
        self._index_of[name] = job
        return name

    def started(self, job: int) -> None:
        """The scheduler gave cores to a job."""
        self._state[job] = STARTED

    def left(self, job: int) -> None:
        """A waiting job left the queue by itself."""
        if self.state(job) == WAITING:
            self._state[job] = LEFT

    def leave(self, job: int) -> str:
        """A job is over, or off its cores; what it was called."""
        self._state[job] = GONE
        return self.name(job)

    def find(self, name: str, doing: str) -> int:
        """The job of a name. ProtocolError, with what was to be done, for one that there is not."""
        job = self._index_of.get(name)
        if job is None:
            raise ProtocolError(f"{doing} of {quoted(name)}: there is no such job")
        return job

    def in_state(self, name: str, doing: str, *states: int) -> tuple[int, int]:
        """The job of a name and its state under that name, which must be one of these. ProtocolError."""
        job = self.find(name, doing)
        state = self.state(job) if self.name(job) == name else GONE
        if state not in states:
            raise ProtocolError(f"{doing} of {quoted(name)}: the job is {_STATES[state]}")
        return job, state
