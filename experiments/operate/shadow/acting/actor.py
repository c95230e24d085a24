"""What a shadow does on a cluster: within an allow-list and limits, journaled before, confirmed after."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from experiments.operate.shadow.acting.allow_list import AllowList
from experiments.operate.shadow.acting.held_jobs import (
    HOLD,
    LONGEST,
    NOT_OURS,
    RENEW,
    SUSPEND,
    HeldJob,
    Journal,
    close,
    give_back,
    held_before_s,
    is_left_alone,
    with_failure_noted,
)
from experiments.operate.shadow.acting.slurm_answers import QueueRow, Refused, SlurmCommands
from experiments.operate.shadow.opinion_types import Opinion
from experiments.operate.shadow.polls import Poll
from experiments.operate.snapshots.cluster_snapshot import RUNNING, WAITING, SnapshotJob

MARK = "rare-shadow"
WANTED = "RARE would let it go"


@dataclass(frozen=True)
class ActLimits:
    """How much a shadow may do.

    actions_per_minute : new holds and suspensions; giving back is never limited
    most_held          : jobs held or suspended at a time
    longest_hold_s     : of a job in all; after it the job is given back, and never touched again
    lease_s            : how far ahead the begin time of a held job is set; renewed at half of it
    """

    actions_per_minute: int = 6
    most_held: int = 10
    longest_hold_s: float = 1800.0
    lease_s: int = 300


Note = Callable[[str], None]


@dataclass
class Actor:
    """Holds and suspends jobs of an allow-list as RARE would have it, and gives them back.

    dry_run: nothing is done and nothing is journaled; `note` is told what would be.
    """

    journal: Journal
    commands: SlurmCommands
    allowed: AllowList
    limits: ActLimits
    note: Note
    dry_run: bool = False
    _recent: deque[float] = field(default_factory=deque)
    _would_hold: set[tuple[str, str]] = field(default_factory=set)

    def follow(self, poll: Poll, opinion: Opinion) -> None:
        """Do what the opinion asks for, as far as allowed. ControllerLost or OSError: release everything."""
        if self.dry_run:
            self._follow_dry(poll, opinion)
            return
        self.journal.shorten(time.time())
        rows = self.commands.rows()
        held, unsettled = self._settled(rows)
        held = self._given_back(held, poll, opinion)
        self._renewed(held)
        records = self.journal.records()
        left_alone, held_s = _left_alone(records), held_before_s(records)
        ours = {job.job for job in (*held, *unsettled)}
        room = self.limits.most_held - len(ours)
        done = []
        for job, action, why in self._wanted(poll, opinion):
            key = (job.job_id, job.submit_s)
            if held_s.get(key, 0.0) >= self.limits.longest_hold_s:
                continue
            if job.job_id in ours or key in left_alone or not _is_free(rows.get(job.job_id), job, action):
                continue
            if room <= 0 or not self._may_act():
                break
            if self._started(job, action, poll, why):
                room -= 1
                done.append(job.job_id)
        if done:
            self._confirmed(set(done))

    # --- what is ours already ----------------------------------------------------------------------------

    def _settled(self, rows: dict[str, QueueRow]) -> tuple[list[HeldJob], list[HeldJob]]:
        """What is still ours, and what may become so by a request under way. The rest is closed."""
        held, unsettled = [], []
        for job in self.journal.held():
            why = job.is_ours(rows.get(job.job), time.time())
            if why == NOT_OURS and job.may_come(time.time()):
                unsettled.append(job)
            elif why:
                close(job, self.journal, why)
                self.note(f"job {job.job} is no longer held by us: {why}")
            else:
                held.append(job)
        return held, unsettled

    def _given_back(self, held: list[HeldJob], poll: Poll, opinion: Opinion) -> list[HeldJob]:
        """Give back what has been held long enough, and what RARE would let go; what stays ours."""
        wanted = {job.job_id: action for job, action, _ in self._wanted(poll, opinion)}
        resumed = {*opinion.starts, *opinion.resumes}
        held_s = held_before_s(self.journal.records())
        stays = []
        for job in held:
            why = ""
            before_s = held_s.get((job.job, job.submit_s), 0.0)
            if before_s + time.time() - job.since_s > self.limits.longest_hold_s:
                why = LONGEST
            elif (
                job.action == HOLD
                and wanted.get(job.job) != HOLD
                or job.action == SUSPEND
                and job.job in resumed
            ):
                why = WANTED
            if not why:
                stays.append(job)
                continue
            try:
                give_back(job, self.journal, self.commands, why)
                self.note(f"{'released' if job.action == HOLD else 'resumed'} job {job.job}: {why}")
            except Refused as error:
                self.note(f"job {job.job} is not given back yet: {error}")
                stays.append(job)
        return stays

    def _renewed(self, held: list[HeldJob]) -> None:
        """Set the begin time of held jobs ahead again where half of the lease is over."""
        soon_s = time.time() + self.limits.lease_s / 2
        renewed = set()
        for job in held:
            if job.action != HOLD or job.until_s > soon_s:
                continue
            try:
                with_failure_noted(
                    self.journal,
                    self._record(RENEW, job.job, job.submit_s, lease_s=self.limits.lease_s),
                    partial(self.commands.put_off, job.job, self.limits.lease_s, None),
                )
                renewed.add(job.job)
            except Refused as error:
                self.note(f"job {job.job} could not be held on: {error}")
        if renewed:
            self._confirmed(renewed)

    # --- new actions -------------------------------------------------------------------------------------

    def _wanted(self, poll: Poll, opinion: Opinion) -> Iterable[tuple[SnapshotJob, str, str]]:
        """Jobs of the allow-list that RARE would hold, then those that it would suspend, as queued.

        Holds come first: else a waiting job would start on the cores of one that is suspended.
        """
        suspends = dict.fromkeys(opinion.suspends, "the cluster draws more power than there is")
        for action, state, jobs in ((HOLD, WAITING, opinion.holds), (SUSPEND, RUNNING, suspends)):
            for job in poll.snapshot.jobs:
                if job.state != state or job.job_id not in jobs or action not in self.allowed.actions:
                    continue
                if not self.allowed.forbids(job, poll.extras_of(job.job_id)):
                    yield job, action, jobs[job.job_id]

    def _may_act(self) -> bool:
        """Whether the rate allows one more action now; counts it."""
        now_s = time.monotonic()
        while self._recent and now_s - self._recent[0] >= 60:
            self._recent.popleft()
        if len(self._recent) >= self.limits.actions_per_minute:
            return False
        self._recent.append(now_s)
        return True

    def _started(self, job: SnapshotJob, action: str, poll: Poll, why: str) -> bool:
        """Hold or suspend one job; whether that was done."""
        mark = None if poll.extras_of(job.job_id).admin_comment else f"{MARK}:{job.submit_s}"
        lease_s = self.limits.lease_s
        record = self._record(action, job.job_id, job.submit_s, lease_s=lease_s, marked=mark is not None)
        try:
            with_failure_noted(self.journal, record, lambda: self._act(job.job_id, action, mark))
        except Refused as error:
            self.note(f"job {job.job_id} could not be {_past(action)}: {error}")
            return False
        self.note(f"{_past(action)} job {job.job_id}: {why}")
        return True

    def _act(self, job_id: str, action: str, mark: str | None) -> None:
        if action == HOLD:
            self.commands.put_off(job_id, self.limits.lease_s, mark)
            return
        if mark is not None:
            self.commands.comment(job_id, mark)
        try:
            self.commands.suspend(job_id)
        except Refused:
            if mark is not None:
                self.commands.comment(job_id, "")
            raise

    def _confirmed(self, names: set[str]) -> None:
        """Look at the queue again, and journal what it shows of these jobs."""
        rows = self.commands.rows()
        for job in self.journal.held():
            row = rows.get(job.job)
            if job.job not in names:
                continue
            why = job.is_ours(row, time.time())
            if why:
                close(job, self.journal, why)
                continue
            until = {"until_s": row.eligible_s} if row is not None and job.action == HOLD else {}
            self.journal.write(event="done", **self._record(job.action, job.job, job.submit_s, **until))

    @staticmethod
    def _record(action: str, job_id: str, submit_s: int, **more: Any) -> dict[str, Any]:
        return {"action": action, "job": job_id, "submit_s": submit_s, **more}

    # --- a dry run ---------------------------------------------------------------------------------------

    def _follow_dry(self, poll: Poll, opinion: Opinion) -> None:
        """Say what would be done; each job once, until RARE no longer asks for it."""
        wanted = {(job.job_id, action): why for job, action, why in self._wanted(poll, opinion)}
        for job_id, action in sorted(self._would_hold - set(wanted)):
            self.note(f"dry run: would {'release' if action == HOLD else 'resume'} job {job_id}: {WANTED}")
        self._would_hold &= set(wanted)
        for (job_id, action), why in wanted.items():
            new = (job_id, action) not in self._would_hold
            if new and len(self._would_hold) < self.limits.most_held and self._may_act():
                self._would_hold.add((job_id, action))
                self.note(f"dry run: would {action} job {job_id}: {why}")


def _past(action: str) -> str:
    return "held" if action == HOLD else "suspended"


def _is_free(row: QueueRow | None, job: SnapshotJob, action: str) -> bool:
    """Whether a job is, at this moment, as the snapshot had it: nobody has held, delayed or started it."""
    if row is None or row.submit_s != job.submit_s:
        return False
    if action == SUSPEND:
        return row.state == "RUNNING"
    return row.state == "PENDING" and row.eligible_s is not None and row.eligible_s <= time.time()


def _left_alone(records: Iterable[dict[str, Any]]) -> set[tuple[str, int]]:
    """Jobs that are never touched again: released by their user, or held as long as is allowed."""
    return {(record["job"], int(record["submit_s"])) for record in records if is_left_alone(record)}
