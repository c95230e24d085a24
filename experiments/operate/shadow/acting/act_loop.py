"""`rare shadow act`: follows RARE's opinion within its limits, and gives everything back at any trouble."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from experiments.operate.shadow.acting.actor import Actor
from experiments.operate.shadow.acting.held_jobs import HOLD, HeldJob, Journal, release_all
from experiments.operate.shadow.acting.slurm_answers import ControllerLost, Refused
from experiments.operate.shadow.acting.watchdog_process import Watchdog, WatchdogGone
from experiments.operate.shadow.opinion_types import Opinion
from experiments.operate.shadow.polls import Poll, Poller
from experiments.operate.shadow.shadow_log import SKIPPED, ShadowLog
from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot
from traces.errors import InputError, one_line

JOURNAL = "journal.jsonl"
RETRY_S = 5.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MakeOpinion = Callable[[Poll], Opinion]
Record = Callable[[Poll, Opinion], Mapping[str, object]]


class Stopped(Exception):
    """A signal has ended the shadow, and everything is given back."""

    def __init__(self, number: int, left: int) -> None:
        super().__init__(number)
        self.number, self.left = number, left


class NoWatchdog(InputError):
    """The watchdog has ended. The run cannot go on; everything is given back."""


@dataclass(frozen=True)
class ActTimes:
    """Seconds between polls; how long to wait for a lost controller; calm after trouble; how long to run.

    calm_polls : polls without trouble that must come before anything is held, at the start and after trouble
    lost_s     : how long a controller may be away before the shadow ends (its watchdog goes on)
    run_s      : None: until a signal
    """

    every_s: float = 30.0
    lost_s: float = 3600.0
    calm_polls: int = 3
    run_s: float | None = None

    @property
    def silent_s(self) -> float:
        """How long this process may be silent before the watchdog gives everything back."""
        return 3 * self.every_s + 60.0


@dataclass
class ActLoop:
    """One run of `rare shadow act` in a folder that is locked for it."""

    folder: Path
    poller: Poller
    opinion: MakeOpinion
    actor: Actor
    times: ActTimes
    log: ShadowLog
    record: Record
    note: Callable[[str], None]
    _calm: int = 0
    _stop: int | None = None
    _wake: tuple[int, int] | None = None
    _watchdog: Watchdog | None = field(default=None, repr=False)

    def run(self) -> None:
        """Until a signal (Stopped), the end of its time, or trouble that does not pass (InputError).

        Whatever an earlier run has left is given back first. Nothing is done before the first opinion is
        there: until then a signal ends the process at once, and nothing is held.
        """
        journal = self.actor.journal
        if not self.actor.dry_run:
            self._release("left by an earlier run")
        end_s = None if self.times.run_s is None else time.monotonic() + self.times.run_s
        with suppress(ControllerLost, InputError):
            self.opinion(self.poller.poll())  # compiles what it needs
        with self._signals(), self._watched(journal):
            try:
                while self._stop is None and (end_s is None or time.monotonic() < end_s):
                    self._once()
                    left_s = self.times.every_s if end_s is None else end_s - time.monotonic()
                    self._sleep(min(self.times.every_s, left_s))
            finally:
                left = self._release_at_end()
        if self._stop is not None:
            raise Stopped(self._stop, left)
        if left:
            raise InputError(still_held(left))

    # --- one poll ----------------------------------------------------------------------------------------

    def _once(self) -> None:
        """Poll, decide, act; any trouble gives everything back and waits for calm."""
        try:
            self._beat()
            poll = self.poller.poll()
            if self.poller.feed is not None and poll.power is None:
                raise InputError(poll.feed_problem)
            opinion = self.opinion(with_ours_free(poll, self.actor.journal.held()))
            self.log.append_poll(poll.snapshot, self.record(poll, opinion), poll.ended)
            self._beat()
            if self._stop is not None:
                return
            if self._calm >= self.times.calm_polls:
                self.actor.follow(poll, opinion)
            self._calm += 1
        except NoWatchdog:
            raise
        except (ControllerLost, Refused, InputError) as error:
            self._trouble(error)

    def _trouble(self, error: Exception) -> None:
        """Log it, give everything back, and hold nothing until some polls have gone well."""
        self._calm = 0
        text = one_line(error, 300)
        self.note(f"trouble: {text}")
        self.log.append(SKIPPED, time.time(), error=text)
        self.log.lost_sight()
        if not self.actor.dry_run:
            self._release("after trouble")

    def _release(self, why: str) -> None:
        """Give everything back; wait for a lost controller. InputError where it stays away."""
        limit_s, told = time.monotonic() + self.times.lost_s, False
        while True:
            try:
                left = release_all(self.actor.journal, self.actor.commands, self._told(why))
                problem = "" if not left else f"{len(left)} not given back"
            except (ControllerLost, Refused) as error:
                left, problem = self.actor.journal.held(), one_line(error, 200)
            if not left:
                return
            if not told:
                self.note(f"{problem}; {len(left)} jobs are ours until it answers")
                told = True
            if self._stop is not None or time.monotonic() >= limit_s:
                raise InputError(still_held(len(left)))
            self._beat()
            self._sleep(RETRY_S)

    def _release_at_end(self) -> int:
        """Give everything back once more before the process ends; how many are left to the watchdog."""
        if self.actor.dry_run:
            return 0
        try:
            return len(release_all(self.actor.journal, self.actor.commands, self._told("at the end")))
        except (ControllerLost, Refused) as error:
            self.note(one_line(error, 200))
            return len(self.actor.journal.held())

    def _told(self, why: str) -> Callable[[str], None]:
        return lambda text: self.note(f"{text} ({why})")

    # --- watchdog and signals ----------------------------------------------------------------------------

    @contextmanager
    def _watched(self, journal: Journal) -> Iterator[None]:
        """With a watchdog around the block; it goes home only where nothing is left."""
        if self.actor.dry_run:
            yield
            return
        self._watchdog = Watchdog(journal, self.folder, self.actor.commands, self.times.silent_s)
        try:
            yield
        finally:
            if not journal.held():
                self._watchdog.send_home()

    def _beat(self) -> None:
        """Tell the watchdog that all is well. InputError without one."""
        if self._watchdog is None:
            return
        try:
            self._watchdog.beat()
        except WatchdogGone:
            self._watchdog = None
            self._release("the watchdog is gone")
            raise NoWatchdog("the watchdog process has ended; everything is given back") from None

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals end the loop between two steps, never in the middle of one."""
        self._wake = os.pipe()
        for fd in self._wake:
            os.set_blocking(fd, False)
        before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
        wakeup = signal.set_wakeup_fd(-1)  # the process's own watch would end it within seconds
        for one in SIGNALS:
            signal.signal(one, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
            for fd in self._wake:
                os.close(fd)
            self._wake = None

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop = self._stop or number
        if self._wake is not None:
            with suppress(OSError):
                os.write(self._wake[1], b"s")

    def _sleep(self, seconds: float) -> None:
        """Wait, but not beyond a signal."""
        if self._wake is None:
            time.sleep(max(seconds, 0.0))
        elif self._stop is None:
            select.select([self._wake[0]], [], [], max(seconds, 0.0))


def still_held(count: int) -> str:
    """What an operator is told where jobs are still ours at the end."""
    return (
        f"{count} jobs could not be given back. The watchdog goes on trying; begin times pass by themselves; "
        "`rare shadow release FOLDER` does it by hand"
    )


def with_ours_free(poll: Poll, held: list[HeldJob]) -> Poll:
    """The poll with the jobs that we put off as free to start: it is for RARE to say whether they may."""
    ours = {job.job for job in held if job.action == HOLD}
    snapshot = poll.snapshot
    jobs = tuple(
        replace(job, eligible_s=None, reason="") if job.job_id in ours else job for job in snapshot.jobs
    )
    return replace(poll, snapshot=ClusterSnapshot(snapshot.taken_s, snapshot.partitions, jobs))
