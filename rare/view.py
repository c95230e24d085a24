"""What a scheduler may see: the present, the users' estimates, never the true work (DESIGN §2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rare.model import NEVER_S, UNLIMITED_MW
from rare.rules import outlook
from rare.rules.decide import OK, fastest_level, has_power_at, why_not_start, why_not_suspend
from rare.rules.events.waiting_timers import latest_start_of
from rare.rules.orders import estimate_left_s, worth_at
from rare.rules.progress.level_changes import why_not_raise, why_not_slow
from rare.rules.progress.pace import left_now_s, level_of, levels_of, power_at_mw, rate_at
from rare.state.arrays import FINISH, QUEUE, RUNNING, SHEDDING, SUSPENDED, WAIT, World, fork
from rare.state.decisions import RAISE, SLOW, WHAT_SHIFT
from rare.state.event_arrays import UNKNOWN_LIMIT
from rare.state.memory import Copyable
from traces.numbers.constants import MICRO
from traces.times.local_clock import LocalClock, hour_of, local_time


@dataclass(frozen=True, slots=True)
class JobView:
    """One waiting or running job as a scheduler sees it. `index` is what `choose` returns.

    Levels are speeds, 0 the full one (RULES §11); without any in its partition a job has that one alone.
    """

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
    power_w: float  # active power, without node idle power: of a running job at its level, else at full speed
    preemptible: bool
    suspended: bool
    running: bool
    started_s: int | None  # last start or resume of a running job
    expected_end_s: int | None  # of a running job, by its estimate
    partition: int
    slot: int  # internal place in the state
    level: int = 0  # of a running job; 0 of a waiting one
    sensitivity: float = 1.0  # 1: its rate falls with the level's; 0: it loses nothing
    rates: tuple[float, ...] = (1.0,)  # at each level, as a share of the full one
    powers_w: tuple[float, ...] = ()  # active power at each level

    @property
    def levels(self) -> int:
        """Speeds that its partition has, the full one included."""
        return len(self.rates)

    @property
    def rate(self) -> float:
        """Seconds of work that it does in a second: of a running job at its level, else 1."""
        return self.rates[self.level]


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


@dataclass(frozen=True, slots=True)
class GridEventView:
    """A grid event that has been announced and is not over (RULES §12.1).

    From start_s on nothing starts above the limit; from comply_s on the draw itself is below it.
    """

    notice_s: int
    start_s: int
    comply_s: int
    end_s: int
    limit_w: float | None  # of the draw; None: a share of a draw that is not known yet
    depth: float | None  # the share of the draw that is given up, where the limit is one


@dataclass(frozen=True, slots=True)
class OutageView:
    """A planned outage that is not over (RULES §12.3)."""

    start_s: int
    end_s: int | None  # None: without end
    partition: int
    nodes: int


class ClusterView(Copyable):
    """A read-only look at one simulation at a decision point.

    It is over when the scheduler has answered: later use raises ValueError, for the simulation has gone on.
    `copy.copy(view)` made before stays as it is. The JobViews that it gave are values, and stay too.
    """

    def __init__(self, world: World, e: int, job_ids: Any, calendar: LocalClock | None = None) -> None:
        self._world = world
        self._e = e
        self._handle = world.handles[e]
        self._ids, self._calendar = job_ids, calendar
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
        kept = {"job_ids": self._ids, "calendar": self._calendar, "slots": dict(self._slots)}
        return {"world": fork(self._world, self._e), **kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "ended" in state:
            self._slots = {}
            return
        self._world, self._e, self._handle = state["world"], 0, state["world"].handles[0]
        self._ids, self._calendar, self._slots = state["job_ids"], state["calendar"], state["slots"]

    def _job(self, slot: int) -> JobView:
        live = self._world.live[self._e, slot]
        job = self._world.jobs[live.job]
        running = live.doing == RUNNING
        left_s = int(left_now_s(self._handle, slot))
        index = int(live.job)
        self._slots[index] = slot
        power_w = int(live.power_mw) / 1000
        level = 0
        rates: tuple[float, ...] = (1.0,)
        powers_w: tuple[float, ...] = (power_w,)
        if self._world.speeds.shape[1] > 1:
            level = int(level_of(self._handle, slot)) if running else 0
            rates, powers_w = self._at_levels(slot)
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
            power_w=power_w,
            preemptible=bool(job.preemptible),
            suspended=bool(live.doing == SUSPENDED),
            running=bool(running),
            started_s=int(live.resumed_s) if running else None,
            expected_end_s=int(live.expected_s) if running else None,
            partition=int(job.part),
            slot=slot,
            level=level,
            sensitivity=int(job.sensitivity) / 1000,
            rates=rates,
            powers_w=powers_w,
        )

    def _at_levels(self, slot: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Rate and active power of a job at each level."""
        handle = self._handle
        levels = range(int(levels_of(handle, slot)))
        return (
            tuple(int(rate_at(handle, slot, level)) / 1000 for level in levels),
            tuple(int(power_at_mw(handle, slot, level)) / 1000 for level in levels),
        )

    def _list(self, which: int) -> list[JobView]:
        ends = self._world.ends[self._e, which]
        jobs = [
            self._job(int(slot)) for slot in self._world.lists[self._e, which].slot[ends.first : ends.last]
        ]
        return sorted(jobs, key=lambda job: job.index)

    @property
    def now_s(self) -> int:
        """The instant, on the workload's clock: no time of day, for which there is `local_hour`."""
        return int(self._world.env[self._e].now_s)

    @property
    def local_time(self) -> datetime:
        """Date and time on the site's clock, summer time included. InputError without a calendar."""
        return local_time(self._calendar, self.now_s)

    @property
    def local_hour(self) -> float:
        """Hour of the day on the site's clock, from 0 to below 24. InputError without a calendar."""
        return hour_of(self.local_time)

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
        """The waiting jobs that may start or resume now, at full speed."""
        return [job for job in self.queue if self.can_start(job)]

    def can_start(self, job: JobView, level: int = 0) -> bool:
        """Whether a waiting job may start or resume now at a level (RULES §4.2a, §4.3, §11.3)."""
        if job.running or not 0 <= level < job.levels or why_not_start(self._handle, job.slot) != OK:
            return False
        return job.levels == 1 or bool(has_power_at(self._handle, job.slot, level))

    def fastest_level(self, job: JobView) -> int | None:
        """The fastest level at which a waiting job may start or resume now; None: at none."""
        level = WAIT if job.running else int(fastest_level(self._handle, job.slot))
        return None if level == WAIT else level

    def can_slow(self, job: JobView) -> bool:
        """Whether a running job may be made one level slower now (RULES §11.4)."""
        return job.running and why_not_slow(self._handle, job.slot) == OK

    def can_raise(self, job: JobView) -> bool:
        """Whether a running job may be made one level faster now (RULES §11.4)."""
        return job.running and why_not_raise(self._handle, job.slot) == OK

    def at_level(self, job: JobView, level: int) -> int:
        """What `choose` returns to start or resume a job at a level. ValueError if there is no such level."""
        if not 0 <= level < job.levels:
            raise ValueError(f"job {job.job_id} has the levels 0 to {job.levels - 1}, got {level!r}")
        return job.index + (level << WHAT_SHIFT)

    def slow(self, job: JobView) -> int:
        """What `choose` or `victim` returns to make a running job one level slower."""
        return job.index + (SLOW << WHAT_SHIFT)

    def faster(self, job: JobView) -> int:
        """What `choose` returns to make a running job one level faster."""
        return job.index + (RAISE << WHAT_SHIFT)

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
    def limit_w(self) -> float:
        """What the facility may draw with what starts now; infinite without a grid event (RULES §12.1)."""
        return _watts(int(self._world.env[self._e].start_limit_mw))

    @property
    def grid_events(self) -> list[GridEventView]:
        """The grid events that have been announced and are not over, by start."""
        limits, found = self._world.limits[self._e], []
        for event, limit in zip(self._world.grid_events, limits, strict=False):  # a batch may have more room
            if event.notice_s <= self.now_s < event.end_s:
                known = int(limit.limit_mw) != UNKNOWN_LIMIT
                depth = int(event.depth_per_mille) / 1000
                found.append(
                    GridEventView(
                        int(event.notice_s),
                        int(event.start_s),
                        int(event.comply_s),
                        int(event.end_s),
                        _watts(int(limit.limit_mw)) if known else None,
                        depth or None,
                    )
                )
        return found

    @property
    def planned_outages(self) -> list[OutageView]:
        """The planned outages that are not over, by begin."""
        return [
            OutageView(
                int(change.time_s),
                None if change.other_s >= NEVER_S else int(change.other_s),
                int(change.part),
                -int(change.nodes),
            )
            for change in self._world.outages
            if change.planned and change.nodes < 0 and change.other_s > self.now_s
        ]

    def nodes_away(self, partition: int = 0) -> int:
        """Nodes of a partition that outages have taken away now."""
        part = self._world.part[self._e, partition]
        return int(part.all_nodes) - int(part.nodes)

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
        if "_steps" not in self.__dict__:  # made once for a view, which lasts for one decision
            self._steps = tuple(self._outlook_now())
        return list(self._steps)

    def _outlook_now(self) -> Iterator[OutlookStep]:
        for step in range(outlook.outlook_steps(self._handle)):
            start_s, end_s = (int(outlook.step_start_s(self._handle, one)) for one in (step, step + 1))
            low_w = high_w = self.supply_w
            if step > 0:
                issued = self._world.forecast.reshape(-1)[int(outlook.forecast_row(self._handle, step))]
                low_w, high_w = int(issued.low_mw) / 1000, int(issued.high_mw) / 1000
            yield OutlookStep(
                start_s,
                end_s if end_s < NEVER_S else None,
                int(outlook.supply_ahead_mw(self._handle, step)) / 1000,
                low_w,
                high_w,
                int(outlook.rate_ahead(self._handle, step, False)) / MICRO,
                int(outlook.rate_ahead(self._handle, step, True)) / 1e3,
            )

    @property
    def battery_share(self) -> float | None:
        """Content of the battery as a share of its capacity; None without one."""
        env = self._world.env[self._e]
        return int(env.content) / int(env.capacity) if env.capacity else None

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


def _watts(limit_mw: int) -> float:
    """A limit in watts; infinite where there is none."""
    return float("inf") if limit_mw >= UNLIMITED_MW else limit_mw / 1000
