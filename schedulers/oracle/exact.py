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
_LIVE_KEY = ["job", "doing", "left_s", "kills", "changed_s", "progress_s", "finish_s"]
_ACCOUNTS = ["earned_u", "violations", "cost_u", "emitted_u"]


@dataclass(frozen=True, slots=True)
class Exact:
    """objective: share of the value offered; decisions: (job index or WAIT) one after the other."""

    objective: float
    states: int
    decisions: tuple[int, ...]


class _Node:
    """A decision point on the way down. `ceiling` is a score that nothing from here on exceeds."""

    __slots__ = ("at", "best", "ceiling", "choice", "jobs", "key", "options", "saved", "score")

    def __init__(self, search: _Search, status: int) -> None:
        self.key, self.score = search.key(), search.score()
        self.ceiling, self.saved = search.ceiling(self.score), search.save()
        self.options = search.options(status)
        self.jobs = [search.job_in(slot) for slot in self.options]
        self.at, self.choice = 0, WAIT
        self.best: int | None = None


class _Search:
    """The simulator of one case, and what is known of the states it has been in."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._world = world = build_world(case, live=len(case.workload), log_level=0, record_jobs=False)
        self._handle = world.handles[0]
        self._jobs = build_jobs(case)
        self._submit_s, self._work_s = self._jobs.submit_s.tolist(), self._jobs.work_s.tolist()
        self._may_gain = bool(rates_u_per_kwh(case).min() < 0)
        # plain views: a record array runs Python code at every access
        self._env, self._live = world.env.view(np.ndarray), world.live.view(np.ndarray)[0]
        self._env_key, self._live_key = self._env[_ENV_KEY], self._live[_LIVE_KEY]
        self._accounts = self._env[_ACCOUNTS]
        changing = (world.env, world.part, world.live, world.lists, world.ends)
        self._bytes = [part.view(np.ndarray).reshape(-1).view(np.uint8) for part in changing]
        self.known: dict[Any, tuple[int, int]] = {}  # what a state still gains, and by which choice

    def save(self) -> list[np.ndarray]:
        """A copy of the state."""
        return [part.copy() for part in self._bytes]

    def restore(self, saved: list[np.ndarray]) -> None:
        """Go back to a copy."""
        for part, copy in zip(self._bytes, saved, strict=True):
            part[:] = copy

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
        case = self._case
        earned_u, violations, cost_u, emitted_u = self._accounts[0].item()
        costs_u = violations * case.options.violation_penalty_u
        costs_u += cost_u if case.inputs.priced else 0
        carbon = emitted_u * case.options.carbon_price_u_per_kg if case.inputs.carbon_known else 0
        return int((earned_u - costs_u) * _MICRO - carbon)

    @property
    def offered_u(self) -> int:
        """Value of the jobs that arrived."""
        return int(self._env["offered_u"][0])

    def key(self) -> Any:
        """All that the future depends on."""
        now_s, *rest = self._env_key[0].item()
        rest[-1] = rest[-1] == now_s
        live = []
        for job, doing, left_s, kills, changed_s, progress_s, _ in self._live_key.tolist():
            if doing != FREE:
                running_s = progress_s if doing == RUNNING else 0
                live.append((job, doing, left_s, kills, changed_s == now_s, running_s))
        return (now_s, *rest, *sorted(live))

    def ceiling(self, score: int) -> float:
        """No future reaches a higher score: every job as soon as it could end, power for nothing."""
        if self._may_gain:
            return float("inf")
        now_s, *_, next_job, _ = self._env_key[0].item()
        total_u = 0
        for job, doing, left_s, _, _, _, finish_s in self._live_key.tolist():
            if doing != FREE:
                total_u += int(worth_at(self._jobs[job], finish_s if doing == RUNNING else now_s + left_s))
        for job in range(next_job, len(self._submit_s)):
            total_u += int(worth_at(self._jobs[job], self._submit_s[job] + self._work_s[job]))
        return score + total_u * _MICRO

    def options(self, status: int) -> list[int]:
        """Slots that may be chosen now, WAIT last."""
        doing = self._live["doing"]
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
        return WAIT if slot == WAIT else int(self._live["job"][slot])

    def slot_of(self, job: int) -> int:
        """The other way round."""
        live = self._live
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
    stack = [_Node(search, status)]
    while True:
        node = stack[-1]
        if node.at == len(node.options) or (node.best is not None and node.best >= node.ceiling):
            search.known[node.key] = (node.best - node.score, node.choice)
            stack.pop()
            if not stack:
                return int(node.best)
            _take(stack[-1], node.best)
            continue
        if len(search.known) + len(stack) > most_states:
            return None
        search.restore(node.saved)
        search.apply(node.options[node.at])
        status = search.advance()
        score = search.score()
        if status == ENDED:
            _take(node, score)
            continue
        known = search.known.get(search.key())
        if known is not None:
            _take(node, score + known[0])
        else:
            stack.append(_Node(search, status))


def _take(node: _Node, score: int) -> None:
    """Note what the option at hand leads to, and go on to the next."""
    if node.best is None or score > node.best:
        node.best = score
        node.choice = node.jobs[node.at]
    node.at += 1
