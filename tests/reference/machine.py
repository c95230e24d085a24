"""The machine of the reference simulator: jobs on partitions, inputs, and what can be served (§1, §2)."""

from __future__ import annotations

from collections.abc import Iterable

from rare.model import Case
from tests.reference.model import NO_DEADLINE_S, Flows, Job, Row


class Machine:
    """The state of one run, and the questions about power and room that depend on it alone."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.options = case.options
        self.partitions = case.cluster.partitions
        self.jobs = [self._read_job(case, i) for i in range(len(case.workload))]
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
        self.events: list[tuple[int, str, int]] = []
        self.instants: list[int] = []
        self.flow_log: list[Flows] = []

    def _read_job(self, case: Case, i: int) -> Job:
        w = case.workload
        own, value, deadline = int(w.power_mw[i]), int(w.value_u[i]), int(w.deadline_s[i])
        job = Job(
            i, int(w.submit_s[i]), int(w.cores[i]), int(w.gpus_milli[i]), int(w.memory_mib[i]),
            int(w.work_s[i]), int(w.estimate_s[i]), own if own >= 0 else None,
            value if value >= 0 else None, deadline if deadline < NO_DEADLINE_S else None,
            bool(w.preemptible[i]),
        )  # fmt: skip
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

    def _fits(self, p: int, jobs: Iterable[Job]) -> bool:
        nodes = self.partitions[p].nodes
        return all(used <= nodes * per_node for used, per_node in self._amounts(p, jobs))

    def _partition_of(self, job: Job, named: str) -> int | None:
        """§2.2. A name that the cluster does not have counts as none."""
        for p, part in enumerate(self.partitions):
            if part.name == named:
                return p if self._fits(p, [job]) else None
        return next((p for p in range(len(self.partitions)) if self._fits(p, [job])), None)

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
        return idle_mw + sum(j.power_mw for j in jobs)

    def grid_is_cheap(self) -> bool:
        """§7.2a."""
        signal = {"never": None, "price": self.row.price_u, "carbon": self.row.carbon_ukg}
        rate = signal[self.options.grid_charge]
        return rate is not None and rate <= self.options.grid_charge_below_u

    def grid_first(self) -> bool:
        return self.options.grid_first or self.grid_is_cheap()

    @property
    def row(self) -> Row:
        """The inputs in force now."""
        return self.rows[sum(t <= self.now_s for t in self.changes) - 1]

    def it_capacity_mw(self, seconds: int) -> int:
        """§2.5 and §2.6: the largest IT power that can be served for so long."""
        row, grid = self.row, self.row.import_mw
        limit = self.case.battery.discharge_limit_mw
        held = max(0, self.content - self.leak * seconds) // (self.discharge_factor * seconds)
        if self.grid_first():
            extra = grid + min(limit, held)
        else:
            extra = limit + grid if held >= limit else max(grid, held)
        return (row.supply_mw + extra) * 1000 // row.pue

    def it_mw(self) -> int:
        """IT power with as many unused nodes lit as fit without the battery (§2.7)."""
        running = self.running()
        total = self.jobs_it_mw(running)
        capacity = (self.row.supply_mw + self.row.import_mw) * 1000 // self.row.pue
        for p, part in enumerate(self.partitions):
            unused = part.nodes - self._nodes_in_use(p, self._of(p, running))
            while unused > 0 and total + part.rest_mw <= capacity:
                total += part.rest_mw
                unused -= 1
        return total

    def holds(self, p: int, jobs: Iterable[Job]) -> bool:
        """Whether partition p has the resources for those of these jobs that are in it."""
        return self._fits(p, self._of(p, jobs))

    def wake_s(self, job: Job) -> int:
        """Time that a start now spends on waking nodes (§5.2a)."""
        assert job.partition is not None
        part, there = self.partitions[job.partition], self._of(job.partition, self.running())
        more = self._nodes_in_use(job.partition, [*there, job]) > self._nodes_in_use(job.partition, there)
        return part.wake_s if more and part.idle_nodes == "sleep" else 0

    def expected_run_s(self, job: Job) -> int:
        """How long a waiting job would hold its resources by its estimate if it started now."""
        restart_s = self.options.restart_s if job.state == "suspended" else 0
        return job.left_estimate_s(self.now_s) + restart_s + self.wake_s(job)

    def longest_run_s(self, job: Job) -> int:
        """The same at its longest: it finds all its nodes asleep (§10.7b)."""
        assert job.partition is not None
        part = self.partitions[job.partition]
        wake_s = part.wake_s if part.idle_nodes == "sleep" else 0
        restart_s = self.options.restart_s if job.state == "suspended" else 0
        return job.left_estimate_s(self.now_s) + restart_s + wake_s

    # --- sets of jobs -----------------------------------------------------------------------

    def running(self) -> list[Job]:
        return [j for j in self.jobs if j.state == "running"]

    def waiting(self) -> list[Job]:
        return [j for j in self.jobs if j.state in ("queued", "suspended")]
