"""The best objective that any scheduler can reach on a tiny case, by exhaustive search with the simulator.

Every decision point of the simulator is a node. Its branches are the jobs that may start or resume, at each
speed level, those that may be made faster, slower or be suspended voluntarily, the victims of a shortage, and
WAIT. Histories that lead to the same state share their future, which is searched once, from the history with
the best score so far. Declining a shortage is not a branch: the rules then name victims that the scheduler
could have named. Limits: MOST_JOBS jobs, and a number of states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rare.model import NEVER_S, UNLIMITED_MW, Case
from rare.rules.advance import advance
from rare.rules.decide import OK, apply, has_power_at, why_not_start, why_not_suspend
from rare.rules.objective import ACCOUNTS, prices_of, terms_of
from rare.rules.orders import worth_at
from rare.rules.progress.level_changes import why_not_raise, why_not_slow
from rare.rules.progress.pace import WHOLE, levels_of, work_done, work_left
from rare.state.arrays import (
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    FREE,
    QUEUED,
    RUNNING,
    SUSPENDED,
    WAIT,
)
from rare.state.decisions import RAISE, SLOW, decision, slot_of_decision, what_of_decision
from rare.world import build_inputs, build_jobs, build_world
from schedulers.oracle.machine.job_levels import job_levels
from schedulers.oracle.packing_rows import share_of_nodes_mw
from schedulers.oracle.time_steps import rates_u_per_kwh
from traces.errors import InputError
from traces.numbers.constants import MICRO

MOST_JOBS = 8
MOST_STATES = 200_000
_ENV_KEY = ["now_s", "phase", "content", "cost_rest", "emitted_rest", "next_job", "stopped_s"]
_LIVE_KEY = ["job", "doing", "left_s", "kills", "changed_s", "progress_s", "finish_s"]


@dataclass(frozen=True, slots=True)
class Exact:
    """objective: share of the value offered. states: searched.

    decisions: in order, as schedulers give them (rare.state.decisions), with job indices.
    """

    objective: float
    states: int
    decisions: tuple[int, ...]


class _Best(NamedTuple):
    """A final score in millionths of micro-units, the decisions that reach it, and the value then offered."""

    score: int
    decisions: tuple[int, ...]
    offered_u: int


class _Node:
    """A decision point on the path: what may be chosen, the same by job, and the number tried (`at`)."""

    __slots__ = ("at", "jobs", "options", "saved")

    def __init__(self, search: _Search, status: int) -> None:
        self.options, self.saved = search.options(status), search.save()
        self.jobs = [search.by_job(option) for option in self.options]
        self.at = 0


class _Search:
    """The simulator of one case, and the best score known of each state visited."""

    def __init__(self, case: Case) -> None:
        self._case, self._prices = case, prices_of(case)
        self._world = world = build_world(case, live=len(case.workload), log_level=0, record_jobs=False)
        self._handle = world.handles[0]
        self._jobs = build_jobs(case)
        self._power_mw = _least_mw(case).tolist()
        self._submit_s, self._work_s = self._jobs.submit_s.tolist(), self._jobs.work_s.tolist()
        self._may_gain = bool(rates_u_per_kwh(case).min() < 0)
        # plain views: a record array runs Python code at every access
        self._env, self._live = world.env.view(np.ndarray), world.live.view(np.ndarray)[0]
        self._env_key, self._live_key = self._env[_ENV_KEY], self._live[_LIVE_KEY]
        self._accounts = self._env[[*ACCOUNTS]]
        self._pace, self._limits, self._held_back = (
            part.view(np.ndarray)[0] for part in (world.pace, world.limits, world.held_back)
        )
        self._levels = any(part.speeds for part in case.cluster.partitions)
        self._rare = bool(len(self._pace) or len(self._limits) or len(self._held_back))
        self._rare |= case.outages is not None or case.workload.cancel_s is not None
        changing = (
            *(world.env, world.part, world.live, world.lists, world.ends),
            *(world.pace, world.limits, world.held_back, world.group_use),
        )
        self._bytes = [part.view(np.ndarray).reshape(-1).view(np.uint8) for part in changing]
        self._energy = _EnergyAhead(case)
        self.known: dict[tuple[object, ...], int] = {}  # the best score with which a state was reached

    def save(self) -> list[np.ndarray]:
        """A copy of the state."""
        return [part.copy() for part in self._bytes]

    def restore(self, saved: list[np.ndarray]) -> None:
        """Set the simulator to a copy of `save`."""
        for part, copy in zip(self._bytes, saved, strict=True):
            part[:] = copy

    def advance(self) -> int:
        """Run to the next decision or the end; the status there."""
        status = int(advance(self._handle))
        if status not in (DECIDE_SHED, DECIDE_START, ENDED):
            raise AssertionError(f"a tiny case needs more room (status {status})")
        return status

    def apply(self, option: int) -> None:
        """Carry out a decision of `options`."""
        if apply(self._handle, option) != OK:
            raise AssertionError("a checked decision was refused")

    def score(self) -> int:
        """The objective's numerator so far, in millionths of micro-units: exact."""
        value_u, penalties_u, unserved_u, grid_u, carbon = terms_of(self._accounts[0], self._prices)
        return int((value_u - penalties_u - unserved_u - grid_u) * MICRO - carbon)

    @property
    def offered_u(self) -> int:
        """Value of the jobs that have arrived, in micro-units."""
        return int(self._env["offered_u"][0])

    def key(self) -> tuple[object, ...]:
        """Everything that the future depends on, hashable."""
        now_s, *others = self._env_key[0].item()
        others[-1] = others[-1] == now_s
        live = []
        for slot, (job, doing, left_s, kills, changed_s, progress_s, _) in enumerate(self._live_key.tolist()):
            if doing != FREE:
                running_s = progress_s if doing == RUNNING else 0
                done = (left_s, running_s) if len(self._pace) == 0 else self._pace_key(slot, doing, now_s)
                rare = self._rare_key(slot) if self._rare else ()
                live.append((job, doing, kills, changed_s == now_s, *done, *rare))
        events = (self._limits.tobytes(), self._held_back.tobytes()) if self._rare else ()
        return (now_s, *others, *sorted(live), *events)

    def _pace_key(self, slot: int, doing: int, now_s: int) -> tuple[object, ...]:
        """Work left, and of a running job its level, its restart, and what a suspension or a kill loses."""
        left = int(work_left(self._handle, slot))
        if doing != RUNNING:
            return (left,)
        done = int(work_done(self._handle, slot))
        progresses_s = int(self._live["progress_s"][slot]) - now_s
        pace = self._pace[slot]
        if self._case.options.checkpoint_s == 0:
            return (left - done, done, int(pace["level"]), max(progresses_s, 0))
        return (
            left - done,
            done,
            int(pace["level"]),
            progresses_s,
            int(pace["unsaved"]),
            int(pace["since_s"]),
        )

    def _rare_key(self, slot: int) -> tuple[object, ...]:
        """Whether a live job has ever started, and where nodes break, its last start."""
        live = self._live[slot]
        resumed_s = int(live["resumed_s"]) if self._case.outages is not None else 0
        return (bool(live["first_start_s"] >= 0), resumed_s)

    def _left(self, slot: int) -> float:
        """Seconds of work left of a live job now, in thousandths exactly."""
        left = int(work_left(self._handle, slot))
        if self._live["doing"][slot] == RUNNING:
            left -= int(work_done(self._handle, slot))
        return left / WHOLE

    def ceiling(self, score: int) -> float:
        """An upper bound on the final score: each job ends as early as it can, within the energy to come."""
        if self._may_gain:
            return float("inf")
        now_s, _, content, *_, next_job, _ = self._env_key[0].item()
        demands = []  # (value at the earliest end, energy for it)
        for slot, (job, doing, left_s, _, _, progress_s, finish_s) in enumerate(self._live_key.tolist()):
            if doing != FREE:
                row = self._jobs[job]
                end_s = finish_s if doing == RUNNING else now_s + left_s
                needs_s = min(left_s, end_s - now_s)
                if len(self._pace):
                    needs_s = self._left(slot)
                    begins_s = max(progress_s, now_s) if doing == RUNNING else now_s
                    end_s = begins_s + int(np.ceil(needs_s))
                demands.append((int(worth_at(row, end_s)), needs_s * self._power_mw[job]))
        for job in range(next_job, len(self._submit_s)):
            end_s = self._submit_s[job] + self._work_s[job]
            worth_u = int(worth_at(self._jobs[job], end_s)) if self._jobs.part[job] >= 0 else 0
            demands.append((worth_u, self._work_s[job] * self._power_mw[job]))
        return score + _most_value_u(demands, self._energy.after(now_s, content)) * MICRO

    def options(self, status: int) -> list[int]:
        """Decisions that may be taken now, WAIT last."""
        doing = self._live["doing"]
        running = [int(slot) for slot in np.flatnonzero(doing == RUNNING)]
        slower = [
            decision(slot, SLOW)
            for slot in running
            if self._levels and why_not_slow(self._handle, slot) == OK
        ]
        if status == DECIDE_SHED:
            return [*slower, *running]
        starts = []
        for slot in map(int, np.flatnonzero((doing == QUEUED) | (doing == SUSPENDED))):
            if why_not_start(self._handle, slot) == OK:
                starts += self._starts(slot)
        if self._levels:
            raised = (slot for slot in running if why_not_raise(self._handle, slot) == OK)
            starts += [decision(slot, RAISE) for slot in raised]
        if self._case.options.voluntary_suspension:
            starts += [slot for slot in running if why_not_suspend(self._handle, slot) == OK]
            starts += slower
        return [*starts, WAIT]

    def _starts(self, slot: int) -> list[int]:
        """Starts of a waiting job at each level that it may start at."""
        if not self._levels:
            return [slot]
        levels = range(int(levels_of(self._handle, slot)))
        return [int(decision(slot, k)) for k in levels if has_power_at(self._handle, slot, k)]

    def by_job(self, option: int) -> int:
        """A decision with the job's index in place of its slot; WAIT for WAIT."""
        if option == WAIT:
            return WAIT
        job = int(self._live["job"][slot_of_decision(option)])
        return int(decision(job, what_of_decision(option)))


class _EnergyAhead:
    """Upper bound on the IT energy that jobs can still get: supply, imports and the battery's content."""

    def __init__(self, case: Case) -> None:
        rows, end_s = build_inputs(case), min(case.inputs.end_s, case.end_s or NEVER_S)
        power_mw = (rows.supply_mw + rows.import_mw) * 1000.0 / rows.pue
        self._least_pue = int(rows.pue.min())
        self._discharge_factor = round(1000 / case.battery.discharge_efficiency)
        self._edge_s = np.append(rows.change_s, end_s).astype(float)
        self._power_mw = power_mw
        self._limited = bool((rows.import_mw < UNLIMITED_MW).all()) and end_s < NEVER_S

    def after(self, now_s: int, content: int) -> float:
        """The bound from `now_s` on [mJ], rounded up; infinite without an import limit or an end."""
        if not self._limited:
            return float("inf")
        seconds = np.diff(np.maximum(self._edge_s, now_s)).clip(min=0)
        battery_mj = content / self._discharge_factor * 1000.0 / self._least_pue
        return float((self._power_mw * seconds).sum() + battery_mj) * (1 + 1e-9) + 1.0


def _least_mw(case: Case) -> np.ndarray:
    """(J,) float: the least IT energy [mJ] of a second of a job's work, with its share of nodes."""
    levels = job_levels(case)
    power_mw = np.where(levels.useful, levels.power_mw + share_of_nodes_mw(case)[:, None], np.inf)
    return np.asarray((power_mw / np.where(levels.useful, levels.rate, 1.0)).min(axis=1))


def _most_value_u(demands: list[tuple[int, float]], energy_mj: float) -> int:
    """The fractional knapsack: the most value for this energy, of jobs as (value, energy); rounded up."""
    total = 0.0
    for value_u, need_mj in sorted(demands, key=lambda demand: -demand[0] / max(demand[1], 1e-9)):
        if need_mj > energy_mj:
            return int(total + value_u * energy_mj / need_mj) + 1
        energy_mj -= need_mj
        total += value_u
    return int(total) + 1


def exact_optimum(case: Case, *, most_states: int = MOST_STATES) -> Exact | None:
    """The best objective of any schedule, and decisions that reach it; None above `most_states` states.

    InputError for more than MOST_JOBS jobs or without any value offered.
    """
    if len(case.workload) > MOST_JOBS:
        raise InputError(f"exact: at most {MOST_JOBS} jobs can be searched, got {len(case.workload)}")
    search = _Search(case)
    best = _descend(search, most_states)
    if best is None:
        return None
    if best.offered_u == 0:
        raise InputError(f"{case.workload.name}: no job has a value, so there is no objective")
    return Exact(best.score / MICRO / best.offered_u, len(search.known), best.decisions)


def _descend(search: _Search, most_states: int) -> _Best | None:
    """The best result; None if there are too many states.

    A state is pruned if it was reached before with no lower score: its future was searched then, or could not
    beat the best. A state whose upper bound does not beat the best is pruned as well.
    """
    status = search.advance()
    if status == ENDED:
        return _Best(search.score(), (), search.offered_u)
    search.known[search.key()] = search.score()
    stack = [_Node(search, status)]
    best: _Best | None = None
    while stack:
        node = stack[-1]
        if node.at == len(node.options):
            stack.pop()
            continue
        search.restore(node.saved)
        search.apply(node.options[node.at])
        node.at += 1
        status = search.advance()
        score = search.score()
        if status == ENDED:
            if best is None or score > best.score:
                decisions = tuple(point.jobs[point.at - 1] for point in stack)
                best = _Best(score, decisions, search.offered_u)
            continue
        key = search.key()
        if search.known.get(key, score - 1) >= score:
            continue
        search.known[key] = score
        if best is not None and search.ceiling(score) <= best.score:
            continue
        if len(search.known) > most_states:
            return None
        stack.append(_Node(search, status))
    return best
