"""When each job held its cores, which ones, and what it drew: the schedule of a run, for other programs.

RULES §2.1 pools the cores of a partition, so a job of the simulation has a number of cores and no core
numbers. `core_sets` gives them numbers afterwards, by one fixed rule.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from rare.machine_events import PER_MILLE
from rare.model import Case
from rare.state.arrays import (
    END,
    EVENT_NAMES,
    FAIL,
    KILL,
    LOSE,
    RAISED,
    RESUME,
    SHED,
    SLOWED,
    START,
    STATUS_NAMES,
    SUSPEND,
)
from rare.world import build_inputs, build_jobs
from traces.errors import InputError
from traces.numbers.constants import MICRO, MJ_PER_KWH

OPENS = (START, RESUME)
CHANGES = (SLOWED, RAISED)
CLOSES = (END, SUSPEND, SHED, KILL, FAIL, LOSE)
CUT_OFF = -1  # `closed_by` of an execution that was still going on when the run ended
UJ_PER_KWH = float(MJ_PER_KWH * 1000)
_LARGEST_INT64 = 2.0**62  # far enough below the end that a float may say so
UJ_PER_MJ = 1000  # millijoules times PUE in per mille are millionths of a joule, without rounding

EXECUTION = np.dtype(
    [
        ("job", "i8"),
        ("start_s", "i8"),
        ("end_s", "i8"),
        ("closed_by", "i8"),
        ("opened", "i8"),
        ("closed", "i8"),
    ]
)
"""A job holds its cores from start_s until end_s (not included), restarts and waking included.

job: its row. closed_by: the event that ended it, or CUT_OFF. opened, closed: places in the event log.
"""
STRETCH = np.dtype([("job", "i8"), ("start_s", "i8"), ("end_s", "i8"), ("level", "i8")])
"""The part of an execution in which its job has one level; 0 is the full speed."""


class RecordedRun(Protocol):
    """What a schedule is made from; a rare.Result is one. jobs: OUTCOME, events: EVENT, power: POWER."""

    @property
    def case(self) -> Case: ...
    @property
    def scheduler(self) -> str: ...
    @property
    def jobs(self) -> np.ndarray: ...
    @property
    def events(self) -> np.ndarray: ...
    @property
    def power(self) -> np.ndarray: ...


def executions(events: np.ndarray, end_s: int) -> np.ndarray:
    """(N,) EXECUTION, in the order in which they began, of a whole event log (state.EVENT).

    end_s: the end of the run, until which what runs then is held.
    """
    return _intervals(events, end_s, OPENS)


def stretches(events: np.ndarray, end_s: int) -> np.ndarray:
    """(N,) STRETCH, in the order in which they began: executions cut where the level changes (RULES §11)."""
    rows = _intervals(events, end_s, (*OPENS, *CHANGES))
    cut = np.zeros(len(rows), STRETCH)
    for name in ("job", "start_s", "end_s"):
        cut[name] = rows[name]
    cut["level"] = events["level"][rows["opened"]]
    return cut


def _intervals(events: np.ndarray, end_s: int, begins: tuple[int, ...]) -> np.ndarray:
    """(N,) EXECUTION: from each event of these kinds to its job's next one that begins or closes another."""
    places = np.flatnonzero(np.isin(events["event"], (*begins, *CLOSES)))
    places = places[np.argsort(events["job"][places], kind="stable")]
    event, job = events["event"][places], events["job"][places]
    opens = np.flatnonzero(np.isin(event, begins))
    following = np.minimum(opens + 1, len(places) - 1)
    closed = (following > opens) & (job[following] == job[opens])
    rows = np.zeros(len(opens), EXECUTION)
    rows["job"], rows["opened"] = job[opens], places[opens]
    rows["start_s"] = events["time_s"][places[opens]]
    rows["end_s"] = np.where(closed, events["time_s"][places[following]], end_s)
    rows["closed_by"] = np.where(closed, event[following], CUT_OFF)
    rows["closed"] = np.where(closed, places[following], len(events))
    return rows[np.argsort(rows["opened"])]


def level_power_mw(case: Case, held: np.ndarray) -> np.ndarray:
    """(N,) int64: the active power of each stretch's job at its level (RULES §2.3, §11)."""
    jobs = build_jobs(case)
    full_mw = np.asarray(jobs["power_mw"])[held["job"]]
    speeds = [
        (PER_MILLE, *(speed.power_per_mille for speed in part.speeds)) for part in case.cluster.partitions
    ]
    most = max(len(levels) for levels in speeds)
    table = np.array([levels + (0,) * (most - len(levels)) for levels in speeds])
    share = table[np.asarray(jobs["part"])[held["job"]], held["level"]]
    return -(-full_mw * share // PER_MILLE)


def energy_uj(case: Case, held: np.ndarray) -> np.ndarray:
    """(N,) Python integers: what each STRETCH's own active power drew [millionths of a joule].

    A job's active power at its level (RULES §2.3) x PUE, restarts and waking included; nothing of the nodes'
    idle power, which is shared. The sum over all jobs and what is left (idle) is the run's energy, exactly.
    """
    inputs = build_inputs(case)
    change_s, pue = inputs.change_s, inputs.pue
    until = np.append(0, np.cumsum(np.diff(change_s) * pue[:-1]))  # integral of the PUE up to each change

    def integral(time_s: np.ndarray) -> np.ndarray:
        row = np.maximum(np.searchsorted(change_s, time_s, side="right") - 1, 0)
        return until[row] + (time_s - change_s[row]) * pue[row]

    seconds = integral(held["end_s"]) - integral(held["start_s"])  # x PUE
    power_mw = level_power_mw(case, held)
    if float(power_mw.max(initial=0)) * float(seconds.max(initial=0)) >= _LARGEST_INT64:
        return power_mw.astype(object) * seconds.astype(object)
    return (power_mw * seconds).astype(object)


def run_energy_uj(time_s: np.ndarray, draw_mw: np.ndarray) -> int:
    """What the whole facility drew [millionths of a joule], from the rows of a power log."""
    held_s = np.diff(time_s).astype(object)
    return int((held_s * draw_mw[:-1].astype(object)).sum()) * UJ_PER_MJ if len(held_s) else 0


@dataclass(frozen=True, eq=False)
class Schedule:
    """What a run did with each job. Arrays of length J are in submit order, times on the workload's clock.

    status, partition: names, '' for a job that fits no partition. held: (N,) EXECUTION.
    energy_uj: (J,) Python integers, as in `energy_uj`; run_energy_uj: of the whole facility.
    """

    name: str
    scheduler: str
    job_id: np.ndarray
    submit_s: np.ndarray
    cores: np.ndarray
    work_s: np.ndarray
    estimate_s: np.ndarray
    status: np.ndarray
    partition: np.ndarray
    partition_cores: dict[str, int]
    held: np.ndarray
    energy_uj: np.ndarray
    run_energy_uj: int
    end_s: int
    origin_utc: datetime | None = None
    zone: str | None = None

    @classmethod
    def of(cls, result: RecordedRun) -> Schedule:
        """The schedule of a simulation that was recorded; InputError where it was not."""
        if len(result.power) == 0:
            raise InputError(
                "the run was not recorded, so its schedule is not known; simulate with record=True"
            )
        work, partitions = result.case.workload, result.case.cluster.partitions
        end_s = int(result.power["time_s"][-1])
        cut = stretches(result.events, end_s)
        return cls(
            name=work.name,
            scheduler=result.scheduler,
            job_id=work.job_id,
            submit_s=work.submit_s,
            cores=work.cores,
            work_s=work.work_s,
            estimate_s=work.estimate_s,
            status=np.array(STATUS_NAMES)[result.jobs["status"]],
            partition=partition_names(result.case),
            partition_cores={part.name: part.nodes * part.cores_per_node for part in partitions},
            held=executions(result.events, end_s),
            energy_uj=per_job(energy_uj(result.case, cut), cut["job"], len(work)),
            run_energy_uj=run_energy_uj(result.power["time_s"], result.power["draw_mw"]),
            end_s=end_s,
            origin_utc=work.origin_utc,
            zone=work.zone,
        )

    def core_sets(self) -> list[list[tuple[int, int]]]:
        """For each execution the cores it holds, as (first, last) in rising order; none without cores.

        Cores are numbered through the partitions in file order. Whoever starts takes the lowest numbers
        that are free in its partition, in the order of the event log; a resumed job may get others. No two
        executions hold a core at the same time. InputError if more cores are held than there are.
        """
        free: dict[str, _FreeCores] = {}
        first = 0
        for name, count in self.partition_cores.items():
            free[name] = _FreeCores(first, count)
            first += count
        opened, closed = self.held["opened"].tolist(), self.held["closed"].tolist()
        steps = sorted(
            [
                *((at, 1, row) for row, at in enumerate(opened)),
                *((at, 0, row) for row, at in enumerate(closed)),
            ]
        )
        held_cores = self.cores[self.held["job"]].tolist()
        partitions = [free.get(name) for name in self.partition[self.held["job"]]]
        sets: list[list[tuple[int, int]]] = [[] for _ in opened]
        for _, opening, row in steps:
            partition = partitions[row]
            if not opening:
                if partition is not None:
                    partition.give(sets[row])
                continue
            taken = None if partition is None else partition.take(held_cores[row])
            if taken is None:
                job = self.held["job"][row]
                raise InputError(
                    f"{self.name}: job {self.job_id[job]} holds more cores than partition "
                    f"{str(self.partition[job])!r} has free; the run's record is damaged, simulate again"
                )
            sets[row] = taken
        return sets


class _FreeCores:
    """The free cores of a partition, as (first, last) in rising order."""

    def __init__(self, first: int, count: int) -> None:
        self._spans = [(first, first + count - 1)] if count else []

    def take(self, count: int) -> list[tuple[int, int]] | None:
        """The lowest `count` cores; None if fewer are free."""
        taken, left = [], count
        for place, (first, last) in enumerate(self._spans):
            if left == 0:
                self._spans = self._spans[place:]
                break
            if last - first + 1 > left:
                taken.append((first, first + left - 1))
                self._spans = [(first + left, last), *self._spans[place + 1 :]]
                return taken
            taken.append((first, last))
            left -= last - first + 1
        else:
            self._spans = []
        return taken if left == 0 else None

    def give(self, spans: Sequence[tuple[int, int]]) -> None:
        """Put cores back."""
        for first, last in spans:
            place = bisect(self._spans, (first, last))
            if place < len(self._spans) and self._spans[place][0] == last + 1:
                last = self._spans.pop(place)[1]
            if place > 0 and self._spans[place - 1][1] == first - 1:
                place -= 1
                first = self._spans.pop(place)[0]
            self._spans.insert(place, (first, last))


def partition_names(case: Case) -> np.ndarray:
    """(J,) the partition of each job, '' where it fits none."""
    names = np.array([*(part.name for part in case.cluster.partitions), ""], dtype=object)
    return names[build_jobs(case)["part"]]  # -1, of those that fit none, is the last


def per_job(amounts: np.ndarray, jobs: np.ndarray, count: int) -> np.ndarray:
    """(count,) Python integers: the sum of the amounts of each job."""
    kind: type = object if float(amounts.sum()) >= _LARGEST_INT64 else np.int64
    totals: np.ndarray = np.zeros(count, dtype=kind)
    np.add.at(totals, jobs, amounts.astype(kind))
    return totals.astype(object)


def closed_names(held: np.ndarray) -> np.ndarray:
    """(N,) the event that ended each execution, 'cut_off' where the run's end did."""
    return np.array([*EVENT_NAMES, "cut_off"])[held["closed_by"]]  # CUT_OFF, -1, is the last


def joules(energy_uj: int) -> str:
    """Millionths of a joule as joules, exactly."""
    whole, rest = divmod(abs(int(energy_uj)), MICRO)
    text = f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
    return f"-{text}" if energy_uj < 0 else text
