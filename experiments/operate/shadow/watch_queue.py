"""`rare shadow observe` and `advise`: poll a live scheduler, decide, log and tell; act on nothing."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.operate.shadow.acting.slurm_answers import ControllerLost
from experiments.operate.shadow.advice import Advice, Adviser
from experiments.operate.shadow.first_opinion import WrongSetup
from experiments.operate.shadow.opinion_types import Opinion
from experiments.operate.shadow.polls import Poll, Poller
from experiments.operate.shadow.shadow_log import SKIPPED, ShadowLog
from traces.errors import InputError, one_line

LONGEST_PAUSE_S = 600.0
MOST_EXPECTED = 200
"""Expected starts in the log, the earliest ones: all of a long queue would be megabytes a poll."""
MakeOpinion = Callable[[Poll], Opinion]


@dataclass
class WatchCounts:
    """What a watch has seen."""

    polls: int = 0
    skipped: int = 0
    without_power: int = 0
    without_opinion: int = 0
    changes: int = 0
    decisions: int = 0
    last_problem: str = ""

    @property
    def opinions(self) -> int:
        """Polls with an opinion."""
        return self.polls - self.without_opinion


@dataclass
class Watch:
    """Polls a scheduler, again and again.

    log, tell : where polls are logged and advice goes; each may be None
    note      : gets one line for whatever goes wrong
    check     : raises WrongSetup at the first poll that is answered, before it is logged
    """

    poller: Poller
    opinion: MakeOpinion | None
    log: ShadowLog | None
    tell: Callable[[Sequence[Advice]], None] | None
    note: Callable[[str], None]
    every_s: float = 30.0
    check: Callable[[Poll], None] | None = None
    sleep: Callable[[float], None] = time.sleep

    def run(self, run_s: float | None = None) -> WatchCounts:
        """For so many seconds (None: until a signal). After a poll that fails the next one waits longer.

        WrongSetup where scheduler, scenario and cluster do not fit at the first look.
        """
        counts, adviser = WatchCounts(), Adviser()
        end_s = None if run_s is None else time.monotonic() + run_s
        failed, due_s = 0, time.monotonic()
        while True:
            try:
                self._once(counts, adviser)
                failed = 0
            except WrongSetup:
                raise
            except (ControllerLost, InputError) as error:
                failed += 1
                self._skipped(error, counts)
            due_s = max(due_s + pause_s(self.every_s, failed), time.monotonic())
            if end_s is not None and due_s > end_s:
                return counts
            self.sleep(due_s - time.monotonic() if due_s > time.monotonic() else 0.0)

    def _once(self, counts: WatchCounts, adviser: Adviser) -> None:
        poll = self.poller.poll()
        if self.check is not None:
            self.check(poll)
            self.check = None
        counts.polls += 1
        if poll.feed_problem:
            counts.without_power += 1
            self.note(f"no power: {poll.feed_problem}")
        opinion, problem = self._decided(poll)
        if problem:
            counts.without_opinion += 1
            counts.last_problem = poll.feed_problem or problem
            self.note(f"no opinion: {problem}")
        if self.log is not None:
            record = record_of(poll, opinion, problem)
            counts.changes += len(self.log.append_poll(poll.snapshot, record, poll.ended))
        if self.tell is not None and opinion is not None:
            advice = adviser.advice(poll, opinion)
            counts.decisions += len(advice)
            self.tell(advice)

    def _decided(self, poll: Poll) -> tuple[Opinion | None, str]:
        """RARE's opinion, or why there is none. What the scheduler did is logged either way."""
        if self.opinion is None:
            return None, ""
        if self.poller.feed is not None and poll.power is None:
            return None, "the power is not known"
        try:
            return self.opinion(poll), ""
        except InputError as error:
            return None, one_line(error, 300)

    def _skipped(self, error: Exception, counts: WatchCounts) -> None:
        counts.skipped += 1
        text = counts.last_problem = one_line(error, 300)
        self.note(f"poll skipped: {text}")
        if self.log is not None:
            self.log.append(SKIPPED, time.time(), error=text)
            self.log.lost_sight()


def pause_s(every_s: float, failed: int) -> float:
    """The pause after so many failures in a row: doubled by each, at most ten minutes."""
    return max(every_s, min(every_s * 2.0 ** min(failed, 20), LONGEST_PAUSE_S))


def by_reason(holds: Mapping[str, str]) -> dict[str, list[str]]:
    """Jobs by the reason that they share."""
    reasons: dict[str, list[str]] = {}
    for job_id, why in holds.items():
        reasons.setdefault(why, []).append(job_id)
    return reasons


def _at(expected: tuple[str, int]) -> int:
    return expected[1]


def record_of(poll: Poll, opinion: Opinion | None, problem: str = "") -> Mapping[str, Any]:
    """What the log holds of a poll beside its queue."""
    record: dict[str, Any] = {}
    if poll.power is not None:
        power = dataclasses.asdict(poll.power)
        record["power"] = {**power, "ahead": [list(step) for step in poll.power.ahead[:200]]}
    if poll.feed_problem:
        record["feed_problem"] = poll.feed_problem[:300]
    if opinion is not None:
        record["would"] = {
            **dataclasses.asdict(opinion),
            "holds": by_reason(opinion.holds),
            "expected_start_s": dict(sorted(opinion.expected_start_s.items(), key=_at)[:MOST_EXPECTED]),
        }
    if problem:
        record["no_opinion"] = problem
    return record
