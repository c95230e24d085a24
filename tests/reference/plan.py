"""Reservations in plain Python: EASY's head and the plan of conservative backfilling (RULES §10.4, §10.7)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.machine import Machine
from tests.reference.model import Job
from tests.reference.outlook import Outlook

Amounts = tuple[int, int, int]  # cores, GPU thousandths, memory


def taken_by(jobs: list[Job]) -> Amounts:
    """Cores, GPUs and memory that these jobs hold."""
    return sum(j.cores for j in jobs), sum(j.gpus_milli for j in jobs), sum(j.memory_mib for j in jobs)


# --- EASY -------------------------------------------------------------------------------------


@dataclass
class Head:
    """The reservation of a partition: its time, and what it leaves over from then on."""

    partition: int
    shadow_s: int
    others: list[Job]  # what holds the partition then: running jobs beyond it, the head, and what was passed
    spare_mw: int
    nodes: int  # of its partition at the reservation, as far as is known (§10.8)

    def needs(self, machine: Machine, job: Job, level: int = 0) -> int:
        """IT power that a job started now takes from what is left over, with the nodes that it adds.

        In the head's own partition nodes count as they are used at the reservation, elsewhere as now.
        """
        others = self.others if job.partition == self.partition else machine.running()
        return machine.with_level_mw([*others, job], job, level) - machine.jobs_it_mw(others)

    def leaves_room_for(self, machine: Machine, job: Job, level: int = 0) -> bool:
        """Whether a job that runs beyond the reservation delays nothing by it."""
        if self.needs(machine, job, level) > self.spare_mw:
            return False
        others = [*self.others, job]
        return job.partition != self.partition or machine.holds(self.partition, others, self.nodes)

    def take(self, job: Job, needs_mw: int) -> None:
        self.spare_mw -= needs_mw
        if job.partition == self.partition:
            self.others.append(job)


def reserve(machine: Machine, head: Job) -> Head | None:
    """§10.4: the first instant at which the head's resources and its power are there; None: none in sight."""
    assert head.partition is not None
    outlook = Outlook(machine)
    times = {machine.now_s, *(machine.expected_end_s(job) for job in outlook.running)}
    times |= {step.start_s for step in outlook.steps} | known_changes(machine)
    backfill = machine.options.backfill
    for time_s in sorted(t for t in times if t >= machine.now_s):
        if is_beyond_window(machine, time_s):
            return None
        beside = outlook.beyond(time_s)
        if not has_room_for_its_run(machine, head, time_s, machine.expected_run_s(head)):
            continue
        spare_mw = _spare_mw(outlook, head, time_s)
        if spare_mw >= 0:
            nodes = machine.repairs.there_at(head.partition, time_s)
            held_s = time_s - time_s % max(backfill.resolution_s, 1)
            return Head(head.partition, held_s, [*beside, head], spare_mw, nodes)
    return None


def is_beyond_window(machine: Machine, start_s: int) -> bool:
    """Whether a start is later than is planned (§10.11)."""
    window_s = machine.options.backfill.window_s
    return window_s > 0 and start_s > machine.now_s + window_s


def known_changes(machine: Machine) -> set[int]:
    """When announced grid events begin or end, and nodes are known to go or to come back (§10.8)."""
    announced = machine.curtailments.announced(machine.now_s)
    times = {time_s for event in announced for time_s in (event.start_s, event.end_s)}
    return times | machine.repairs.known_changes()


def has_room_for_its_run(machine: Machine, job: Job, from_s: int, run_s: int) -> bool:
    """Whether the job's resources are free at a time, and at planned changes of nodes in its run (§10.8)."""
    assert job.partition is not None
    outlook, repairs = Outlook(machine), machine.repairs
    times = {from_s, *(t for t in repairs.known_changes(job.partition) if from_s < t < from_s + run_s)}
    return all(
        machine.holds(job.partition, [*outlook.beyond(t), job], repairs.there_at(job.partition, t))
        for t in times
    )


def _spare_mw(outlook: Outlook, head: Job, time_s: int) -> int:
    """Least IT power left over from the head's start to its end, or as far as the outlook goes."""
    machine = outlook.machine
    base = outlook.beyond(time_s)
    added_mw = machine.jobs_it_mw([*base, head]) - machine.jobs_it_mw(base)
    end_s = time_s + max(machine.expected_run_s(head), 1)
    starting_mw = machine.starting_mw(bounded=False)
    if outlook.lasts:
        capacity_mw = min(starting_mw, outlook.limit_mw(0, time_s, end_s))
        return capacity_mw - machine.jobs_it_mw(base) - added_mw
    first = outlook.step_at(time_s)
    content = outlook.contents()[first]
    spares = []
    for k in range(first, len(outlook.steps)):
        step = outlook.steps[k]
        if k > first and step.start_s >= end_s:
            break
        it_mw = machine.jobs_it_mw(outlook.beyond(max(step.start_s, time_s))) + added_mw
        capacity_mw = min(outlook.capacity_mw(k, content), outlook.limit_mw(k, time_s, end_s))
        if k == 0:
            capacity_mw = min(capacity_mw, starting_mw)
        spares.append(capacity_mw - it_mw)
        content = outlook.content_after(k, content, it_mw)
    return min(spares)


# --- conservative -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A job's place: from when to when, and whether it still waits for it."""

    job: Job
    start_s: int
    end_s: int
    waits: bool


class Plan:
    """What is held when, and what power there is (§10.4). least_s: running jobs last so long at least."""

    def __init__(self, machine: Machine, least_s: int) -> None:
        self.machine, self.outlook = machine, Outlook(machine)
        now_s = machine.now_s
        self.held = [
            Held(job, now_s, max(machine.expected_end_s(job), now_s + least_s), False)
            for job in self.outlook.running
        ]
        self.contents = self.outlook.contents()

    def capacity_mw(self, time_s: int) -> int:
        """IT power at a time: the starting capacity in the present step, then the median with the battery."""
        step = self.outlook.step_at(time_s)
        known_mw = self.machine.curtailments.lowest_mw(self.machine.now_s, time_s, time_s + 1)
        limit_mw = self.machine.as_it_mw(known_mw)
        if step == 0:
            return min(self.machine.starting_mw(bounded=False), limit_mw)
        return min(self.outlook.capacity_mw(step, self.contents[step]), limit_mw)

    def hold(self, job: Job, start_s: int, run_s: int, waits: bool) -> None:
        """Give a job its place, of who waits in steps of the resolution (§10.12).

        One without length holds nothing.
        """
        end_s, step_s = start_s + run_s, self.machine.options.backfill.resolution_s
        if waits and step_s > 1:
            start_s, end_s = max(start_s - start_s % step_s, self.machine.now_s), -(-end_s // step_s) * step_s
        if run_s > 0:
            self.held.append(Held(job, start_s, end_s, waits))

    def at(self, time_s: int) -> list[Held]:
        """Who holds something at a time; a running job past its estimate is expected to end now (§9.4)."""
        return [held for held in self.held if held.start_s <= time_s < held.end_s]

    def _times(self, begin_s: int, run_s: int) -> list[int]:
        """When anything changes during a run, its begin included."""
        changes = {held.start_s for held in self.held} | {held.end_s for held in self.held}
        changes |= {step.start_s for step in self.outlook.steps} | known_changes(self.machine)
        return [begin_s, *sorted(t for t in changes if begin_s < t < begin_s + run_s)]

    def _has_room(self, job: Job, time_s: int) -> bool:
        assert job.partition is not None
        nodes = self.machine.repairs.there_at(job.partition, time_s)
        return self.machine.holds(job.partition, [*(held.job for held in self.at(time_s)), job], nodes)

    def _fits(self, job: Job, time_s: int, level: int = 0) -> bool:
        it_mw = self.machine.with_level_mw([*(held.job for held in self.at(time_s)), job], job, level)
        return self._has_room(job, time_s) and it_mw <= self.capacity_mw(time_s)

    def fits_from(self, job: Job, begin_s: int, run_s: int, level: int = 0) -> bool:
        """Whether the job fits for all its run from a time on."""
        return all(self._fits(job, time_s, level) for time_s in self._times(begin_s, run_s))

    def earliest_s(self, job: Job, run_s: int) -> int | None:
        """The first time from which on the job fits for all its run; None: there is none in sight."""
        changes = {self.machine.now_s, *(step.start_s for step in self.outlook.steps)}
        changes |= known_changes(self.machine)
        changes |= {time_s for held in self.held for time_s in (held.start_s, held.end_s)}
        for begin_s in sorted(t for t in changes if t >= self.machine.now_s):
            if self.fits_from(job, begin_s, run_s):
                return None if is_beyond_window(self.machine, begin_s) else begin_s
        return None

    def takes_nobodys(self, job: Job, run_s: int, level: int = 0) -> bool:
        """Whether a job without a place may start now in what is promised to nobody."""
        now_s = self.machine.now_s
        if not self._fits(job, now_s, level):
            return False
        for time_s in self._times(now_s, run_s):
            if not self._has_room(job, time_s):
                return False
            promised_mw = sum(held.job.active_mw for held in self.at(time_s) if held.waits)
            if promised_mw > 0 and not self._fits(job, time_s, level):
                return False
        return True
