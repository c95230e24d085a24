"""What a scheduler may see: the present, the users' estimates, never the true work (DESIGN §2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rare.model import NEVER_S, UNLIMITED_MW
from rare.rules import outlook
from rare.rules.decide import OK, why_not_start, why_not_suspend
from rare.rules.events.waiting_timers import latest_start_of
from rare.rules.orders import estimate_left_s, worth_at
from rare.rules.progress.pace import left_now_s
from rare.state.arrays import FINISH, QUEUE, RUNNING, SHEDDING, SUSPENDED, WAIT, World, fork
from rare.state.memory import Copyable
from traces.numbers.constants import MICRO


@dataclass(frozen=True, slots=True)
class JobView:
    """One waiting or running job as a scheduler sees it. `index` is what `choose` returns."""

    index: int
    job_id: object
    submit_s: int
    cores: int
    gpus: float
    memory_mib: int
    estimate_s: int
    estimate_left_s: int  # 0 for a job past its estimate
    value: float | None
    deadline_s: int | None
    power_w: float  # active power, without node idle power
    preemptible: bool
    suspended: bool
    running: bool
    started_s: int | None  # last start or resume of a running job
    expected_end_s: int | None  # of a running job, by its estimate
    partition: int
    slot: int  # internal place in the state


@dataclass(frozen=True, slots=True)
class OutlookStep:
    """A step of what a scheduler may know of tomorrow: medians, and the 10 and 90 % quantiles of supply."""

    start_s: int
    end_s: int | None  # None: there is no forecast, and the present is taken to last
    supply_w: float
    low_w: float
    high_w: float
    price_per_kwh: float
    carbon_g_per_kwh: float


class ClusterView(Copyable):
    """A read-only look at one simulation at a decision point.

    It is over when the scheduler has answered: later use raises ValueError, for the simulation has gone on.
    `copy.copy(view)` made before stays as it is. The JobViews that it gave are values, and stay too.
    """

    def __init__(self, world: World, e: int, job_ids: Any) -> None:
        self._world = world
        self._e = e
        self._handle = world.handles[e]
        self._ids = job_ids
        self._slots: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        if name in ("_world", "_handle"):
            raise ValueError(
                "this view is of a decision that is past; read it while choose or victim is asked, or keep "
                "copy.copy(view)"
            )
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def end(self) -> None:
        """The decision has been made: what is kept of the view refuses to answer from now on."""
        for name in ("_world", "_handle"):
            self.__dict__.pop(name, None)
        self._slots = {}

    def __getstate__(self) -> dict[str, Any]:
        if "_world" not in self.__dict__:
            return {"ended": True}
        return {"world": fork(self._world, self._e), "job_ids": self._ids, "slots": dict(self._slots)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "ended" in state:
            self._slots = {}
            return
        self._world, self._e, self._handle = state["world"], 0, state["world"].handles[0]
        self._ids, self._slots = state["job_ids"], state["slots"]

    def _job(self, slot: int) -> JobView:
        live = self._world.live[self._e, slot]
        job = self._world.jobs[live.job]
        running = live.doing == RUNNING
        left_s = int(left_now_s(self._handle, slot))
        index = int(live.job)
        self._slots[index] = slot
        return JobView(
            index=index,
            job_id=self._ids[index],
            submit_s=int(job.submit_s),
            cores=int(job.cores),
            gpus=int(job.gpus_milli) / 1000,
            memory_mib=int(job.memory_mib),
            estimate_s=int(job.estimate_s),
            estimate_left_s=int(estimate_left_s(job, left_s)),
            value=None if job.value_u < 0 else int(job.value_u) / MICRO,
            deadline_s=None if job.deadline_s == NEVER_S else int(job.deadline_s),
            power_w=int(job.power_mw) / 1000,
            preemptible=bool(job.preemptible),
            suspended=bool(live.doing == SUSPENDED),
            running=bool(running),
            started_s=int(live.resumed_s) if running else None,
            expected_end_s=int(live.expected_s) if running else None,
            partition=int(job.part),
            slot=slot,
        )

    def _list(self, which: int) -> list[JobView]:
        ends = self._world.ends[self._e, which]
        jobs = [
            self._job(int(slot)) for slot in self._world.lists[self._e, which].slot[ends.first : ends.last]
        ]
        return sorted(jobs, key=lambda job: job.index)

    @property
    def now_s(self) -> int:
        """The instant, on the workload's clock."""
        return int(self._world.env[self._e].now_s)

    @property
    def shortage(self) -> bool:
        """True while running jobs have to be given up (RULES §4.1)."""
        return bool(self._world.env[self._e].phase == SHEDDING)

    @property
    def queue(self) -> list[JobView]:
        """Queued and suspended jobs, lower job first."""
        return self._list(QUEUE)

    @property
    def running(self) -> list[JobView]:
        """Running jobs, lower job first."""
        return self._list(FINISH)

    @property
    def startable(self) -> list[JobView]:
        """The waiting jobs that may start or resume now."""
        return [job for job in self.queue if self.can_start(job)]

    def can_start(self, job: JobView) -> bool:
        """Whether a waiting job may start or resume now (RULES §4.2a, §4.3)."""
        return not job.running and why_not_start(self._handle, job.slot) == OK

    def can_suspend(self, job: JobView) -> bool:
        """Whether a running job may be suspended by choice now (RULES §4.2b)."""
        return job.running and why_not_suspend(self._handle, job.slot) == OK

    def latest_start_s(self, job: JobView) -> int | None:
        """Latest start, or resume, by which a waiting job ends by its deadline, by its estimate (RULES §3.8).

        None for a job without a deadline, and for one that runs.
        """
        if job.running or job.deadline_s is None:
            return None
        return int(latest_start_of(self._handle, job.slot))

    def free_cores(self, partition: int = 0) -> int:
        """Cores free in a partition."""
        return int(self._world.part[self._e, partition].free_cores)

    @property
    def supply_w(self) -> float:
        """Renewable power available now."""
        return int(self._world.env[self._e].supply_mw) / 1000

    @property
    def spare_w(self) -> float:
        """IT power that new jobs may take now; infinite where power is unlimited (RULES §2.6)."""
        state = self._world.env[self._e]
        if state.start_cap_mw * int(state.pue) >= (UNLIMITED_MW - 1) * 1000:
            return float("inf")
        return int(state.start_cap_mw - state.active_mw - state.node_mw) / 1000

    @property
    def price_per_kwh(self) -> float:
        """Price of imported power now."""
        return int(self._world.env[self._e].price_u) / MICRO

    @property
    def carbon_g_per_kwh(self) -> float:
        """Carbon intensity of imported power now."""
        return int(self._world.env[self._e].carbon_u) / 1e3

    @property
    def outlook(self) -> list[OutlookStep]:
        """What is forecast, step by step; the first step is the present (RULES §10.2)."""
        steps = []
        for step in range(int(outlook.outlook_steps(self._handle))):
            start_s = int(outlook.step_start_s(self._handle, step))
            end_s = int(outlook.step_start_s(self._handle, step + 1))
            if step == 0:
                low_w = high_w = self.supply_w
            else:
                row = int(outlook.forecast_row(self._handle, step))
                issued = self._world.forecast.reshape(-1)[row]
                low_w, high_w = int(issued.low_mw) / 1000, int(issued.high_mw) / 1000
            steps.append(
                OutlookStep(
                    start_s,
                    None if end_s == NEVER_S else end_s,
                    int(outlook.supply_ahead_mw(self._handle, step)) / 1000,
                    low_w,
                    high_w,
                    int(outlook.rate_ahead(self._handle, step, False)) / MICRO,
                    int(outlook.rate_ahead(self._handle, step, True)) / 1e3,
                )
            )
        return steps

    @property
    def battery_share(self) -> float | None:
        """Content of the battery as a share of its capacity; None without one."""
        state = self._world.env[self._e]
        return int(state.content) / int(state.capacity) if state.capacity else None

    def worth(self, job: JobView, end_s: int) -> float:
        """Value a job earns if it ends at `end_s` (RULES §6)."""
        return int(worth_at(self._world.jobs[job.index], end_s)) / MICRO

    def slot_of(self, index: int) -> int | None:
        """Where the state holds a job; WAIT for WAIT; None for a job that is not here."""
        if index == WAIT:
            return WAIT
        if index not in self._slots:
            self._list(QUEUE)
            self._list(FINISH)
        return self._slots.get(index)
