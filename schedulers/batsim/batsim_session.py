"""A run as a conversation: the book-keeping between RARE's rules and a scheduler of Batsim's protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rare.model import Case
from rare.state.arrays import CANCEL, DROP, END, EXPIRE, FAIL, KILL, LOSE, SHED, SUBMIT, SUSPEND
from schedulers.batsim import batsim_events as events
from schedulers.batsim.batsim_answers import (
    Answer,
    Call,
    Decision,
    Execute,
    Kill,
    ProtocolError,
    Query,
    Reject,
    SetMetadata,
    SetState,
    read_answer,
)
from schedulers.batsim.batsim_events import Event
from schedulers.batsim.batsim_jobs import GONE, LEFT, STARTED, WAITING, BatsimJobs
from schedulers.batsim.core_book import CoreBook
from schedulers.batsim.interval_sets import format_interval_set, parse_interval_set

SUCCESS, WALLTIME, KILLED = "COMPLETED_SUCCESSFULLY", "COMPLETED_WALLTIME_REACHED", "COMPLETED_KILLED"
_REASONS = {
    SHED: "no power", KILL: "no power", SUSPEND: "suspended", LOSE: "its nodes went out of service"
}  # fmt: skip
_YEAR_S = 365 * 86_400
_MOST_MJ = 2**61
_LEAVES = (EXPIRE, CANCEL, DROP)


@dataclass(slots=True)
class Held:
    """A start that the scheduler decided and RARE has not carried out: from when on, and since when."""

    job: int
    from_s: int
    since_s: int


@dataclass(slots=True)
class Tally:
    """What happened that the scheduler, or the reader of a result, may not expect."""

    messages: int = 0
    held_starts: int = 0
    held_s: int = 0
    resubmissions: int = 0
    state_changes: int = 0


@dataclass(slots=True)
class Orders:
    """What the clock is to do with the simulation: jobs to drop from the queue, and to end on their cores."""

    drop: list[int] = field(default_factory=list)
    kill: list[int] = field(default_factory=list)


def _latest_s(case: Case) -> int:
    """A year after the last job and input, and what the jobs need one after the other."""
    jobs, change_s = case.workload, case.inputs.change_s
    last_s = max(int(jobs.submit_s[-1]), int(change_s[-1])) + int(jobs.work_s.astype(float).sum()) + _YEAR_S
    counted_s = _MOST_MJ // max(case.cluster.peak_draw_mw, 1)
    return case.first_instant_s + min(last_s - case.first_instant_s, counted_s)


class BatsimSession:
    """Translates: events of the simulation to messages, answers to orders, with a book of cores and jobs."""

    def __init__(self, case: Case, partition: np.ndarray) -> None:
        """partition: (J,) of each job, its place in the cluster."""
        self._case, self._partition = case, partition
        self._latest_s = _latest_s(case)
        self.jobs = BatsimJobs(case)
        self.book = CoreBook(case.cluster)
        self.held: list[Held] = []
        self.calls: Counter[int] = Counter()
        self.tally = Tally()
        self.free_s = 0  # the scheduler is busy until this second
        self._outbox: list[Event] = []
        self._kills: list[tuple[list[str], dict[str, float]]] = []  # to be acknowledged
        self._killed: set[int] = set()  # by order of the scheduler
        self._told_last = False

    # --- what the simulation did ---

    def begin(self, now_s: int) -> list[Event]:
        """The first message."""
        return [events.simulation_begins(now_s, self._case.cluster, self._case.workload.name)]

    def take(self, rows: np.ndarray, now_s: int, left_s: Callable[[int], int], last: bool) -> None:
        """Turn new rows of the event log to events for the scheduler.

        left_s : index of a job -> what is left of its estimate [s]
        last : every job of the workload has been submitted
        """
        again: dict[int, int] = {}
        for time_s, job, kind in zip(
            rows["time_s"].tolist(), rows["job"].tolist(), rows["event"].tolist(), strict=True
        ):
            if kind == SUBMIT:
                self._submit(job, time_s, left_s(job))
            elif kind == END:
                self._end(job, time_s, SUCCESS)
            elif kind in _REASONS:
                self._end(job, time_s, KILLED, self._reason(job, _REASONS[kind]))
                again[job] = time_s
            elif (kind == FAIL or kind in _LEAVES) and again.pop(job, None) is None:
                self._leave(job, time_s, kind)
        for job, time_s in again.items():
            self.tally.resubmissions += 1
            self._submit(job, time_s, left_s(job))
        self._outbox += [events.job_killed(now_s, *kill) for kill in self._kills]
        self._kills = []
        if last and not self._told_last:
            self._told_last = True
            self._outbox.append(events.notify(now_s, "no_more_static_job_to_submit"))

    def _submit(self, job: int, time_s: int, left_s: int) -> None:
        work = self._case.workload
        owners = {"user": work.user, "group": work.group}
        more = {key: str(column[job]) for key, column in owners.items() if column is not None}
        if len(self._case.cluster.partitions) > 1:
            more["partition"] = self._case.cluster.partitions[int(self._partition[job])].name
        name = self.jobs.submit(job)
        self._outbox.append(events.job_submitted(time_s, name, int(work.cores[job]), max(left_s, 1), more))

    def _end(self, job: int, time_s: int, state: str, reason: str = "") -> None:
        alloc = self.book.release(job)
        self._outbox.append(events.job_completed(time_s, self.jobs.leave(job), state, alloc, reason))

    def _leave(self, job: int, time_s: int, kind: int) -> None:
        """A job left for good: cut at its estimate, or out of the queue."""
        if self.jobs.state(job) == STARTED:
            self.held = [start for start in self.held if start.job != job]
            state = WALLTIME if kind == FAIL else KILLED
            self._end(job, time_s, state, self._reason(job, "" if kind == FAIL else "left the queue"))
        else:
            self.jobs.left(job)

    def _reason(self, job: int, reason: str) -> str:
        if job not in self._killed:
            return reason
        self._killed.remove(job)
        return "asked for by the scheduler"

    def tell_power(self, now_s: int, powered: list[int]) -> None:
        """Tell which free cores have lost or got power, where that has changed."""
        lost, got = self.book.set_powered(powered)
        if got:
            self._outbox.append(events.notify(now_s, "event_machine_available", resources=got))
        if lost:
            self._outbox.append(events.notify(now_s, "event_machine_unavailable", resources=lost))

    # --- the conversation ---

    def message(self, now_s: int) -> dict[str, Any] | None:
        """What is to be said now; None for nothing. It counts as said."""
        due = sorted(at for at in self.calls if at <= now_s)
        for at in due:
            self._outbox += [events.event(now_s, "REQUESTED_CALL", {})] * self.calls.pop(at)
        if not self._outbox or now_s < self.free_s:
            return None
        said, self._outbox = self._outbox, []
        self.tally.messages += 1
        # events of an instant at which the scheduler was still busy keep their own time
        return {"now": float(now_s), "events": sorted(said, key=lambda one: float(one["timestamp"]))}

    def next_s(self, now_s: int) -> int | None:
        """The next second at which the scheduler is to be asked, or a start that it delayed is due."""
        times = [at for at in self.calls if at > now_s]
        times += [start.from_s for start in self.held if start.from_s > now_s]
        if self._outbox and self.free_s > now_s:
            times.append(self.free_s)
        return min(times, default=None)

    def obey(self, reply: object, now_s: int, energy_j: float) -> Orders:
        """Check an answer against the book, enter it there, and say what is left to do. ProtocolError."""
        answer: Answer = read_answer(reply, now_s)
        self._check_time("the answer", answer.until_s)
        self.free_s = max(answer.until_s, now_s)
        orders = Orders()
        for decision in answer.decisions:
            self._obey(decision, now_s, energy_j, orders)
        return orders

    def _obey(self, decision: Decision, now_s: int, energy_j: float, orders: Orders) -> None:
        match decision:
            case Execute():
                self._execute(decision, now_s)
            case Reject():
                job, state = self.jobs.in_state(decision.job_id, "REJECT_JOB", WAITING, LEFT)
                self.jobs.leave(job)
                if state == WAITING:
                    orders.drop.append(job)
            case Kill():
                self._kill(decision, now_s, orders)
            case Call():
                self._check_time("the time of CALL_ME_LATER", decision.at_s)
                self.calls[max(decision.at_s, now_s + 1)] += 1
            case SetState():
                self._set_state(decision, now_s)
            case SetMetadata():
                self.jobs.find(decision.job_id, "SET_JOB_METADATA")
                self.jobs.metadata[decision.job_id] = decision.metadata
            case Query():
                self._outbox.append(events.event(now_s, "ANSWER", {"consumed_energy": energy_j}))

    def _check_time(self, of: str, at_s: int) -> None:
        """ProtocolError for a time up to which the simulation could not count its energy (RULES §1.4)."""
        if at_s > self._latest_s:
            raise ProtocolError(f"{of} is of {at_s} s, and {self._latest_s} s is the latest that makes sense")

    def _execute(self, decision: Execute, now_s: int) -> None:
        name = decision.job_id
        job, state = self.jobs.in_state(name, "EXECUTE_JOB", WAITING, LEFT)
        if state == LEFT:  # which the scheduler cannot know
            self.jobs.leave(job)
            self._outbox.append(events.job_completed(now_s, name, KILLED, decision.alloc, "left the queue"))
            return
        work = self._case.workload
        try:
            self.book.take(job, decision.alloc, int(work.cores[job]), int(self._partition[job]))
        except ValueError as error:
            raise ProtocolError(f"EXECUTE_JOB of '{name}': alloc '{decision.alloc[:60]}' {error}") from None
        self.jobs.started(job)
        self.held.append(Held(job, max(decision.from_s, now_s), now_s))

    def _kill(self, decision: Kill, now_s: int, orders: Orders) -> None:
        progress: dict[str, float] = {}
        held = {start.job for start in self.held}
        for name in decision.job_ids:
            job, state = self.jobs.in_state(name, "KILL_JOB", STARTED, GONE)
            if state == STARTED and job not in self._killed:
                self._killed.add(job)
                progress[name] = 0.0
                (orders.drop if job in held else orders.kill).append(job)
        if decision.acknowledged:  # a list of those that had ended before, if no other was there
            self._kills.append((list(progress) or list(decision.job_ids), progress))

    def _set_state(self, decision: SetState, now_s: int) -> None:
        try:
            numbers = parse_interval_set(decision.resources, self.book.cores)
        except ValueError as error:
            raise ProtocolError(f"SET_RESOURCE_STATE of '{decision.resources[:60]}' {error}") from None
        self.tally.state_changes += len(numbers)
        data = {"resources": format_interval_set(numbers), "state": decision.state}
        self._outbox.append(events.event(now_s, "RESOURCE_STATE_CHANGED", data))
