"""The reference's machine: jobs on partitions, speeds, inputs, what can be served (§1, §2, §11)."""

from __future__ import annotations

from collections.abc import Iterable

from rare.model import Case
from tests.reference.known_events import Curtailments, Repairs
from tests.reference.model import FULL, NO_DEADLINE_S, Event, Flows, Job, Row
from tests.reference.run_timeline import run_time_s


class Machine:
    """The state of one run, and the questions about power and room that depend on it alone."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.options = case.options
        self.partitions = case.cluster.partitions
        places = {id_: i for i, id_ in enumerate(case.workload.job_id.tolist())}
        self.jobs = [self._read_job(case, i, places) for i in range(len(case.workload))]
        self.changes = [int(t) for t in case.inputs.change_s]
        x = case.inputs
        pue = [case.cluster.pue_per_mille] * len(self.changes) if x.pue_per_mille is None else x.pue_per_mille
        columns = (x.supply_mw, x.import_limit_mw, x.price_u_per_kwh, x.carbon_ukg_per_kwh, pue)
        self.rows = [Row(*map(int, values)) for values in zip(*columns, strict=True)]
        self.charge_factor = round(1000 * case.battery.charge_efficiency)
        self.discharge_factor = round(1000 / case.battery.discharge_efficiency)
        self.leak = case.battery.self_discharge_mw * 1000
        self.full = case.battery.capacity_mj * 1000
        self.content = self.start_content = round(self.full * case.battery.initial_share)
        self.begin_s = self.now_s = case.first_instant_s
        self.flow = Flows()
        self.energy = dict.fromkeys(
            (
                "available",
                "used",
                "curtailed",
                "charged",
                "grid_charged",
                "discharged",
                "grid",
                "draw",
                "leaked",
            ),
            0,
        )
        self.cost_sum = self.carbon_sum = 0
        self.decisions = 0
        self.node_changes = 0  # outages and repairs so far
        self.curtailments = Curtailments(case.events, self.begin_s)
        self.repairs = Repairs(case.outages, [part.nodes for part in self.partitions])
        self.events: list[Event] = []
        self.instants: list[int] = []
        self.flow_log: list[Flows] = []

    def _read_job(self, case: Case, i: int, places: dict[object, int]) -> Job:
        w = case.workload
        own, value, deadline = int(w.power_mw[i]), int(w.value_u[i]), int(w.deadline_s[i])
        job = Job(
            i, int(w.submit_s[i]), int(w.cores[i]), int(w.gpus_milli[i]), int(w.memory_mib[i]),
            int(w.work_s[i]), int(w.estimate_s[i]), own if own >= 0 else None,
            value if value >= 0 else None, deadline if deadline < NO_DEADLINE_S else None,
            bool(w.preemptible[i]),
        )  # fmt: skip
        if w.sensitivity_milli is not None:
            job.sensitivity = int(w.sensitivity_milli[i])
        if w.cancel_s is not None and w.cancel_s[i] < NO_DEADLINE_S:
            job.cancel_s = int(w.cancel_s[i])
        if w.after is not None:
            job.after = tuple(places[id_] for id_ in w.after[i] if id_ in places)
            job.after_any = bool(w.after_any[i])
        if w.think_s is not None:
            job.think_s = int(w.think_s[i])
        named = "" if w.partition is None else str(w.partition[i])
        job.partition = self._partition_of(job, named)
        if job.partition is not None:
            job.power_mw = self._active_mw(job, job.partition)
        return job

    # --- §2 cluster and power ---------------------------------------------------------------

    def _amounts(self, p: int, jobs: Iterable[Job]) -> list[tuple[int, int]]:
        """(in use, per node) of each resource that partition p limits."""
        part, mine = self.partitions[p], list(jobs)
        amounts = [
            (sum(j.cores for j in mine), part.cores_per_node),
            (sum(j.gpus_milli for j in mine), part.gpus_per_node * 1000),
        ]
        if part.memory_mib_per_node is not None:
            amounts.append((sum(j.memory_mib for j in mine), part.memory_mib_per_node))
        return amounts

    def _fits(self, p: int, jobs: Iterable[Job], nodes: int) -> bool:
        return all(used <= nodes * per_node for used, per_node in self._amounts(p, jobs))

    def _partition_of(self, job: Job, named: str) -> int | None:
        """§2.2. A name that the cluster does not have counts as none."""
        for p, part in enumerate(self.partitions):
            if part.name == named:
                return p if self._fits(p, [job], part.nodes) else None
        all_parts = enumerate(self.partitions)
        return next((p for p, part in all_parts if self._fits(p, [job], part.nodes)), None)

    def _active_mw(self, job: Job, p: int) -> int:
        if job.own_power_mw is not None:
            return job.own_power_mw
        part = self.partitions[p]
        thousandths = job.cores * part.core_mw * 1000 + job.gpus_milli * part.gpu_mw
        return -(-thousandths // 1000)

    def _nodes_in_use(self, p: int, jobs: Iterable[Job]) -> int:
        """§2.1."""
        return max(-(-used // per_node) if used else 0 for used, per_node in self._amounts(p, jobs))

    def _of(self, p: int, jobs: Iterable[Job]) -> list[Job]:
        return [j for j in jobs if j.partition == p]

    def jobs_it_mw(self, jobs: list[Job]) -> int:
        """IT power of these jobs and the nodes they are on; unused nodes dark (§2.3)."""
        idle_mw = sum(
            self._nodes_in_use(p, self._of(p, jobs)) * part.idle_mw for p, part in enumerate(self.partitions)
        )
        return idle_mw + sum(j.active_mw for j in jobs)

    # --- §11 speed levels -------------------------------------------------------------------

    def levels(self, job: Job) -> range:
        """The speed levels of the job's partition, the full speed included."""
        assert job.partition is not None
        return range(len(self.partitions[job.partition].speeds) + 1)

    def rate(self, job: Job, level: int) -> int:
        """§11.2."""
        if level == 0:
            return FULL
        assert job.partition is not None
        lost = FULL - self.partitions[job.partition].speeds[level - 1].rate_per_mille
        return FULL - -(-job.sensitivity * lost // FULL)

    def level_mw(self, job: Job, level: int) -> int:
        """A job's active power at a level (§11.2)."""
        if level == 0:
            return job.power_mw
        assert job.partition is not None
        share = self.partitions[job.partition].speeds[level - 1].power_per_mille
        return -(-job.power_mw * share // FULL)

    def with_level_mw(self, jobs: list[Job], job: Job, level: int) -> int:
        """IT power of these jobs, one of which is at this level."""
        return self.jobs_it_mw(jobs) + self.level_mw(job, level) - job.active_mw

    # --- what can be served -----------------------------------------------------------------

    def grid_is_cheap(self) -> bool:
        """§7.2a; never while a grid event is on (§12.1)."""
        if self.curtailments.is_on(self.now_s):
            return False
        signal = {"never": None, "price": self.row.price_u, "carbon": self.row.carbon_ukg}
        rate = signal[self.options.grid_charge]
        return rate is not None and rate <= self.options.grid_charge_below_u

    def grid_first(self) -> bool:
        return self.options.grid_first or self.grid_is_cheap()

    @property
    def row(self) -> Row:
        """The inputs in force now."""
        return self.rows[sum(t <= self.now_s for t in self.changes) - 1]

    def served_mw(self, seconds: int) -> int:
        """§2.5: the largest draw that can be served for so long."""
        grid = self.row.import_mw
        limit = self.case.battery.discharge_limit_mw
        held = max(0, self.content - self.leak * seconds) // (self.discharge_factor * seconds)
        if self.grid_first():
            extra = grid + min(limit, held)
        else:
            extra = limit + grid if held >= limit else max(grid, held)
        return self.row.supply_mw + extra

    def as_it_mw(self, draw_mw: int) -> int:
        """A draw as IT power (§2.6)."""
        return draw_mw * 1000 // self.row.pue

    def capacity_mw(self) -> int:
        """§2.6, bounded by grid events from their time to comply (§12.1)."""
        return self.as_it_mw(min(self.served_mw(1), self.curtailments.limit_mw(self.now_s, comply=True)))

    def starting_mw(self, bounded: bool = True) -> int:
        """§2.6, bounded by grid events from their start, unless asked without them."""
        draw_mw = self.served_mw(self.options.min_battery_s)
        if bounded:
            draw_mw = min(draw_mw, self.curtailments.limit_mw(self.now_s))
        return self.as_it_mw(draw_mw)

    def it_mw(self) -> int:
        """IT power with as many unused nodes lit as fit without the battery (§2.7)."""
        running = self.running()
        total = self.jobs_it_mw(running)
        lit_mw = min(self.row.supply_mw + self.row.import_mw, self.curtailments.limit_mw(self.now_s))
        capacity = self.as_it_mw(lit_mw)
        for p, part in enumerate(self.partitions):
            unused = self.repairs.there(p) - self._nodes_in_use(p, self._of(p, running))
            while unused > 0 and total + part.rest_mw <= capacity:
                total += part.rest_mw
                unused -= 1
        return total

    def holds(self, p: int, jobs: Iterable[Job], nodes: int | None = None) -> bool:
        """Whether partition p has the resources for those of these jobs that are in it.

        nodes: how many nodes it has; None: those that are there now.
        """
        return self._fits(p, self._of(p, jobs), self.repairs.there(p) if nodes is None else nodes)

    def wake_s(self, job: Job) -> int:
        """Time that a start now spends on waking nodes (§5.2a)."""
        assert job.partition is not None
        part, there = self.partitions[job.partition], self._of(job.partition, self.running())
        more = self._nodes_in_use(job.partition, [*there, job]) > self._nodes_in_use(job.partition, there)
        return part.wake_s if more and part.idle_nodes == "sleep" else 0

    def _restart_s(self, job: Job) -> int:
        """§5.2: of a waiting job, what its next start spends without progress."""
        return self.options.restart_s if job.state == "suspended" else 0

    def finishing_s(self, job: Job, level: int = 0) -> int:
        """Time to finish what is left of a waiting job's estimate (§5.1)."""
        seconds = -(-job.left_estimate(self.now_s) // self.rate(job, level))
        return run_time_s(seconds, self.options.checkpoint_s, self.options.checkpoint_cost_s)

    def latest_start_s(self, job: Job) -> int:
        """§3.8a, of a waiting job with a deadline."""
        assert job.deadline_s is not None
        return job.deadline_s - self.finishing_s(job) - self._restart_s(job)

    def expected_run_s(self, job: Job, level: int = 0) -> int:
        """How long a waiting job would hold its resources by its estimate if it started now."""
        return self.finishing_s(job, level) + self._restart_s(job) + self.wake_s(job)

    def longest_run_s(self, job: Job, level: int = 0) -> int:
        """The same at its longest: it finds all its nodes asleep (§10.7b)."""
        assert job.partition is not None
        part = self.partitions[job.partition]
        wake_s = part.wake_s if part.idle_nodes == "sleep" else 0
        return self.finishing_s(job, level) + self._restart_s(job) + wake_s

    def _end_s(self, job: Job, target: int, level: int, from_s: int) -> int:
        """When a running job has done so much work in all, at a level since a time (§5.1)."""
        assert job.run is not None
        left = max(0, target - job.kept - job.run.done(from_s))
        return job.run.time_to_finish_s(left, self.rate(job, level), from_s)

    def run_until_s(self, job: Job) -> int:
        """When a running job ends, or fails at its estimate (§5.1, §5.5)."""
        assert job.run is not None
        target_s = min(job.work_s, job.estimate_s) if self.options.kill_at_estimate else job.work_s
        return self._end_s(job, FULL * target_s, job.level, job.run.now.from_s)

    def expected_end_s(self, job: Job, level: int | None = None) -> int:
        """When a running job ends by its estimate, not before now (§9.4). level: the one from now on."""
        assert job.run is not None
        if level is not None:
            return self._end_s(job, FULL * job.estimate_s, level, self.now_s)
        return max(self.now_s, self._end_s(job, FULL * job.estimate_s, job.level, job.run.now.from_s))

    # --- sets of jobs -----------------------------------------------------------------------

    def running(self) -> list[Job]:
        return [j for j in self.jobs if j.state == "running"]

    def waiting(self) -> list[Job]:
        return [j for j in self.jobs if j.state in ("queued", "suspended")]
