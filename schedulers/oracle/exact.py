"""The best objective that any scheduler can reach on a tiny case: exhaustive search over the rules themselves.

Every decision point of the simulator is a node: each job that may start or resume, each that may be
suspended by choice, each victim of a shortage, and WAIT. Two histories that lead to the same state share
their future, so it is searched once. A scheduler that declines a shortage leaves it to the rules, which
then name victims that it could have named; so that answer is not searched. Scope: up to MOST_JOBS jobs,
and as many states as asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.advance import advance
from rare.build import build_jobs, build_world
from rare.model import Case
from rare.orders import worth_at
from rare.rules import OK, apply, why_not_start, why_not_suspend
from rare.state import (
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    FREE,
    QUEUED,
    RUNNING,
    SUSPENDED,
    WAIT,
)
from schedulers.oracle.steps import rates_u_per_kwh
from traces.errors import InputError

MOST_JOBS = 8
MOST_STATES = 200_000
_MICRO = 10**6
_ENV_KEY = ["now_s", "phase", "content", "cost_rest", "emitted_rest", "next_job", "stopped_s"]
_LIVE_KEY = ["job", "doing", "left_s", "kills", "changed_s", "progress_s"]


@dataclass(frozen=True, slots=True)
class Exact:
    """objective: share of the value offered; decisions: (job index or WAIT) one after the other."""

    objective: float
    states: int
    decisions: tuple[int, ...]


class _Node:
    """A decision point on the way down. `ceiling` is a score that nothing from here on exceeds."""

    __slots__ = ("at", "best", "choice", "ceiling", "key", "options", "saved", "score")

    def __init__(self, key: Any, score: int, ceiling: float, options: list[int], saved: Any) -> None:
        self.key, self.score, self.ceiling = key, score, ceiling
        self.options, self.saved = options, saved
        self.at, self.best, self.choice = 0, None, WAIT


class _Search:
    """The simulator of one case, and what is known of the states it has been in."""

    def __init__(self, case: Case) -> None:
        self._case = case
        jobs = len(case.workload)
        self._world = build_world(case, live=jobs, log_level=0, record_jobs=False)
        self._handle = self._world.handles[0]
        self._jobs = build_jobs(case)
        self._may_gain = bool(rates_u_per_kwh(case).min() < 0)
        self.known: dict[Any, tuple[int, int]] = {}  # what a state still gains, and by which choice

    def save(self) -> Any:
        """A copy of the state."""
        w = self._world
        return [np.array(part).copy() for part in (w.env, w.part, w.live, w.lists, w.ends)]

    def restore(self, saved: Any) -> None:
        """Go back to a copy."""
        w = self._world
        for part, copy in zip((w.env, w.part, w.live, w.lists, w.ends), saved, strict=True):
            part[...] = copy

    def advance(self) -> int:
        """To the next decision or the end."""
        status = int(advance(self._handle))
        if status not in (DECIDE_SHED, DECIDE_START, ENDED):
            raise AssertionError(f"a tiny case needs more room (status {status})")
        return status

    def apply(self, slot: int) -> None:
        """Carry out a decision that was checked before."""
        if apply(self._handle, slot) != OK:
            raise AssertionError("a checked decision was refused")

    def score(self) -> int:
        """The objective's numerator so far, in millionths of micro-units: exact."""
        state, case = self._world.env[0], self._case
        costs_u = int(state.violations) * case.options.violation_penalty_u
        costs_u += int(state.cost_u) if case.inputs.priced else 0
        carbon = int(state.emitted_u) * case.options.carbon_price_u_per_kg if case.inputs.carbon_known else 0
        return (int(state.earned_u) - costs_u) * _MICRO - carbon

    @property
    def offered_u(self) -> int:
        """Value of the jobs that arrived."""
        return int(self._world.env[0].offered_u)

    def key(self) -> Any:
        """All that the future depends on."""
        now_s, *rest = self._world.env[_ENV_KEY][0].item()
        rest[-1] = rest[-1] == now_s
        live = []
        for job, doing, left_s, kills, changed_s, progress_s in self._world.live[0][_LIVE_KEY].tolist():
            if doing != FREE:
                running_s = progress_s if doing == RUNNING else 0
                live.append((job, doing, left_s, kills, changed_s == now_s, running_s))
        return (now_s, *rest, *sorted(live))

    def ceiling(self, score: int) -> float:
        """No future reaches a higher score: every job as soon as it could end, power for nothing."""
        if self._may_gain:
            return float("inf")
        state = self._world.env[0]
        now_s, total_u = int(state.now_s), 0
        for live in self._world.live[0]:
            if live.doing != FREE:
                end_s = int(live.finish_s) if live.doing == RUNNING else now_s + int(live.left_s)
                total_u += int(worth_at(self._jobs[int(live.job)], end_s))
        for job in self._jobs[int(state.next_job) :]:
            total_u += int(worth_at(job, int(job.submit_s + job.work_s)))
        return score + total_u * _MICRO

    def options(self, status: int) -> list[int]:
        """Slots that may be chosen now, WAIT last."""
        doing = self._world.live[0]["doing"]
        if status == DECIDE_SHED:
            return [int(slot) for slot in np.flatnonzero(doing == RUNNING)]
        found = [
            int(slot)
            for slot in np.flatnonzero((doing == QUEUED) | (doing == SUSPENDED))
            if why_not_start(self._handle, slot) == OK
        ]
        if self._case.options.voluntary_suspension:
            running = np.flatnonzero(doing == RUNNING)
            found += [int(slot) for slot in running if why_not_suspend(self._handle, slot) == OK]
        return [*found, WAIT]

    def job_in(self, slot: int) -> int:
        """Index of the job in a slot; WAIT for WAIT."""
        return WAIT if slot == WAIT else int(self._world.live[0]["job"][slot])

    def slot_of(self, job: int) -> int:
        """The other way round."""
        live = self._world.live[0]
        return WAIT if job == WAIT else int(np.flatnonzero((live["job"] == job) & (live["doing"] != FREE))[0])


def exact_optimum(case: Case, *, most_states: int = MOST_STATES) -> Exact | None:
    """The best objective of any schedule, and decisions that give it; None if there are more states.

    InputError for more than MOST_JOBS jobs or without any value offered.
    """
    if len(case.workload) > MOST_JOBS:
        raise InputError(f"exact: at most {MOST_JOBS} jobs can be searched, got {len(case.workload)}")
    search = _Search(case)
    began = search.save()
    best = _descend(search, most_states)
    if best is None:
        return None
    search.restore(began)
    decisions = []
    while search.advance() != ENDED:
        job = search.known[search.key()][1]
        decisions.append(job)
        search.apply(search.slot_of(job))
    if search.offered_u == 0:
        raise InputError(f"{case.workload.name}: no job has a value, so there is no objective")
    if search.score() != best:
        raise AssertionError("the decisions found do not give the objective found")
    return Exact(best / _MICRO / search.offered_u, len(search.known), tuple(decisions))


def _descend(search: _Search, most_states: int) -> int | None:
    """The best final score from here on, by depth first over all decisions; None if there are too many."""
    status = search.advance()
    if status == ENDED:
        return search.score()
    stack = [_enter(search, status)]
    while True:
        node = stack[-1]
        if node.at == len(node.options) or (node.best is not None and node.best >= node.ceiling):
            search.known[node.key] = (node.best - node.score, node.choice)
            stack.pop()
            if not stack:
                return int(node.best)
            _take(stack[-1], search, node.best)
            continue
        if len(search.known) + len(stack) > most_states:
            return None
        search.restore(node.saved)
        search.apply(node.options[node.at])
        status = search.advance()
        score = search.score()
        if status == ENDED:
            _take(node, search, score)
            continue
        known = search.known.get(search.key())
        if known is not None:
            _take(node, search, score + known[0])
        else:
            stack.append(_enter(search, status))


def _enter(search: _Search, status: int) -> _Node:
    score = search.score()
    return _Node(search.key(), score, search.ceiling(score), search.options(status), search.save())


def _take(node: _Node, search: _Search, score: int) -> None:
    """Note what the option at hand leads to, and go on to the next."""
    if node.best is None or score > node.best:
        node.best = score
        search.restore(node.saved)
        node.choice = search.job_in(node.options[node.at])
    node.at += 1
