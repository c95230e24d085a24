"""RARE's opinion as advice: one JSON object a decision, when it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from experiments.operate.shadow.opinion_types import Opinion, power_text
from experiments.operate.shadow.polls import Poll

START, HOLD, RELEASE, SUSPEND, RESUME = "start", "hold", "release", "suspend", "resume"


@dataclass(frozen=True)
class Advice:
    """One decision. jobs: ids. sure: how it was checked, in words."""

    at_s: int
    kind: str
    jobs: tuple[str, ...]
    partition: str
    why: str
    snapshot_age_s: float
    sure: str
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The object of one line."""
        at = datetime.fromtimestamp(self.at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "time": at,
            "kind": self.kind,
            "jobs": list(self.jobs),
            "partition": self.partition,
            "why": self.why,
            "sure": self.sure,
            "snapshot_age_s": self.snapshot_age_s,
            **self.facts,
        }


class Adviser:
    """Turns opinions into advice. A decision is told when it is new, not at each poll again."""

    def __init__(self) -> None:
        self._last: dict[str, set[str]] = {kind: set() for kind in (START, HOLD, SUSPEND, RESUME)}

    def advice(self, poll: Poll, opinion: Opinion) -> list[Advice]:
        """What is new in an opinion."""
        now: dict[str, dict[str, str]] = {
            START: dict.fromkeys(opinion.starts, _start_words(opinion)),
            HOLD: opinion.holds,
            SUSPEND: dict.fromkeys(
                opinion.suspends, f"the cluster draws more than there is: {_power(opinion)}"
            ),
            RESUME: dict.fromkeys(opinion.resumes, _start_words(opinion)),
        }
        waiting = {job.job_id for job in poll.snapshot.jobs if job.start_s is None}
        told: list[tuple[str, str, str]] = []
        for kind, jobs in now.items():
            told += [(kind, job_id, why) for job_id, why in jobs.items() if job_id not in self._last[kind]]
        let_go = [
            job_id
            for job_id in sorted(self._last[HOLD] - set(opinion.holds))
            if job_id in waiting and job_id not in opinion.starts
        ]
        told += [(RELEASE, job_id, f"power no longer keeps it: {_power(opinion)}") for job_id in let_go]
        self._last = {kind: set(jobs) for kind, jobs in now.items()}
        return list(self._lines(poll, opinion, told))

    def _lines(self, poll: Poll, opinion: Opinion, told: list[tuple[str, str, str]]) -> Iterable[Advice]:
        """Advice line by line; jobs of one kind, partition and reason share a line."""
        partitions = {job.job_id: job.partition for job in poll.snapshot.jobs}
        groups: dict[tuple[str, str, str], list[str]] = {}
        for kind, job_id, why in told:
            groups.setdefault((kind, partitions.get(job_id, ""), why), []).append(job_id)
        for (kind, partition, why), jobs in groups.items():
            starts = {
                name: opinion.expected_start_s[name] for name in jobs if name in opinion.expected_start_s
            }
            facts: dict[str, Any] = {"scheduler": opinion.scheduler, "draw_w": _whole(opinion.draw_w)}
            facts["supply_w"] = _whole(opinion.supply_w)
            if opinion.forecast:
                facts["forecast"] = opinion.forecast
            if starts and kind != START:
                facts["expected_start"] = {name: _stamp(at_s) for name, at_s in starts.items()}
            age_s = round(max(poll.read_s - poll.snapshot.taken_s, 0.0) + opinion.simulate_s, 1)
            sure = _sure(poll, age_s)
            yield Advice(poll.snapshot.taken_s, kind, tuple(jobs), partition, why, age_s, sure, facts)


def _start_words(opinion: Opinion) -> str:
    return f"next in the order of {opinion.scheduler}, with cores free and power for it: {_power(opinion)}"


def _power(opinion: Opinion) -> str:
    """Draw and supply in words."""
    if opinion.supply_w is None:
        return "power is without a limit"
    drawn = "" if opinion.draw_w is None else f", {power_text(opinion.draw_w)} drawn"
    return f"{power_text(opinion.supply_w)} there{drawn}"


def _sure(poll: Poll, age_s: float) -> str:
    """What the decision rests on. age_s: of the queue when the decision is there; the power ages as well."""
    power = "no power feed" if poll.power is None else f"power {poll.power.age_s + age_s:.0f} s old"
    return f"queue {age_s:g} s old; {power}; run times are the users' time limits"


def _whole(watts: float | None) -> int | None:
    return None if watts is None else round(watts)


def _stamp(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
