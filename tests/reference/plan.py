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

    def needs(self, machine: Machine, job: Job) -> int:
        """IT power that a job started now takes from what is left over, with the nodes that it adds.

        In the head's own partition nodes count as they are used at the reservation, elsewhere as now.
        """
        if job.partition == self.partition:
            beside = machine.jobs_it_mw([*self.others, job]) - machine.jobs_it_mw(self.others)
            return beside
        running = machine.running()
        return machine.jobs_it_mw([*running, job]) - machine.jobs_it_mw(running)

    def leaves_room_for(self, machine: Machine, job: Job) -> bool:
        """Whether a job that runs beyond the reservation delays nothing by it."""
        if self.needs(machine, job) > self.spare_mw:
            return False
        return job.partition != self.partition or machine.holds(self.partition, [*self.others, job])

    def take(self, job: Job, needs_mw: int) -> None:
        self.spare_mw -= needs_mw
        if job.partition == self.partition:
            self.others.append(job)


def reserve(machine: Machine, head: Job) -> Head | None:
    """§10.4: the first instant at which the head's resources and its power are there; None: none in sight."""
    assert head.partition is not None
    outlook = Outlook(machine)
    times = {machine.now_s, *(outlook.expected_end_s(job) for job in outlook.running)}
    times |= {step.start_s for step in outlook.steps}
    for time_s in sorted(times):
        beside = outlook.beyond(time_s)
        if not machine.holds(head.partition, [*beside, head]):
            continue
        spare_mw = _spare_mw(outlook, head, time_s)
        if spare_mw >= 0:
            return Head(head.partition, time_s, [*beside, head], spare_mw)
    return None


def _spare_mw(outlook: Outlook, head: Job, time_s: int) -> int:
    """Least IT power left over from the head's start to its end, or as far as the outlook goes."""
    machine = outlook.machine
    base = outlook.beyond(time_s)
    added_mw = machine.jobs_it_mw([*base, head]) - machine.jobs_it_mw(base)
    starting_mw = machine.it_capacity_mw(machine.options.min_battery_s)
    if outlook.lasts:
        return starting_mw - machine.jobs_it_mw(base) - added_mw
    first = outlook.step_at(time_s)
    content = outlook.contents()[first]
    end_s = time_s + max(machine.expected_run_s(head), 1)
    spares = []
    for k in range(first, len(outlook.steps)):
        step = outlook.steps[k]
        if k > first and step.start_s >= end_s:
            break
        it_mw = machine.jobs_it_mw(outlook.beyond(max(step.start_s, time_s))) + added_mw
        capacity_mw = outlook.capacity_mw(k, content)
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
            Held(job, now_s, max(self.outlook.expected_end_s(job), now_s + least_s), False)
            for job in self.outlook.running
        ]
        self.contents = self.outlook.contents()

    def capacity_mw(self, time_s: int) -> int:
        """IT power at a time: the starting capacity in the present step, then the median with the battery."""
        step = self.outlook.step_at(time_s)
        if step == 0:
            return self.machine.it_capacity_mw(self.machine.options.min_battery_s)
        return self.outlook.capacity_mw(step, self.contents[step])

    def hold(self, job: Job, start_s: int, run_s: int, waits: bool) -> None:
        """Give a job its place. One without length holds nothing."""
        if run_s > 0:
            self.held.append(Held(job, start_s, start_s + run_s, waits))

    def at(self, time_s: int) -> list[Held]:
        """Who holds something at a time; a running job past its estimate is expected to end now (§9.4)."""
        return [held for held in self.held if held.start_s <= time_s < held.end_s]

    def _times(self, begin_s: int, run_s: int) -> list[int]:
        """When anything changes during a run, its begin included."""
        changes = {held.start_s for held in self.held} | {held.end_s for held in self.held}
        changes |= {step.start_s for step in self.outlook.steps}
        return [begin_s, *sorted(t for t in changes if begin_s < t < begin_s + run_s)]

    def _has_room(self, job: Job, time_s: int) -> bool:
        assert job.partition is not None
        return self.machine.holds(job.partition, [*(held.job for held in self.at(time_s)), job])

    def _fits(self, job: Job, time_s: int) -> bool:
        jobs = [*(held.job for held in self.at(time_s)), job]
        return self._has_room(job, time_s) and self.machine.jobs_it_mw(jobs) <= self.capacity_mw(time_s)

    def earliest_s(self, job: Job, run_s: int) -> int | None:
        """The first time from which on the job fits for all its run; None: there is none in sight."""
        changes = {self.machine.now_s, *(step.start_s for step in self.outlook.steps)}
        changes |= {time_s for held in self.held for time_s in (held.start_s, held.end_s)}
        for begin_s in sorted(t for t in changes if t >= self.machine.now_s):
            if all(self._fits(job, time_s) for time_s in self._times(begin_s, run_s)):
                return begin_s
        return None

    def takes_nobodys(self, job: Job, run_s: int) -> bool:
        """Whether a job without a place may start now in what is promised to nobody."""
        if not self._fits(job, self.machine.now_s):
            return False
        for time_s in self._times(self.machine.now_s, run_s):
            if not self._has_room(job, time_s):
                return False
            promised_mw = sum(held.job.power_mw for held in self.at(time_s) if held.waits)
            if promised_mw > 0 and not self._fits(job, time_s):
                return False
        return True
