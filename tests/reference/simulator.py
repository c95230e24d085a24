"""A second simulator, written from rare/RULES.md alone, to test the real one against.

Slow and obvious on purpose: plain Python integers, no event queue, no state that could be computed
from other state. At each instant everything is worked out afresh. "§" means RULES.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from rare.model import Case
from tests.reference.causes import next_instant_s
from tests.reference.happenings import Happenings
from tests.reference.model import (
    FULL,
    KWH_MJ,
    RAISE,
    SLOW,
    WAIT,
    Flows,
    Job,
    ReferenceResult,
    RuleError,
    decision,
    decoded,
)
from tests.reference.queue_limits import is_over_limit
from tests.reference.view import Choose, View, fcfs, greedy, sjf, strict_head, wait

__all__ = [
    "RAISE", "SLOW", "WAIT", "Flows", "Reference", "ReferenceResult", "RuleError", "View",
    "decision", "fcfs", "greedy", "run_reference", "sjf", "strict_head", "wait",
]  # fmt: skip


class Reference(Happenings):
    """One run: the rules, in the order of RULES.md."""

    ranks_by_priority = False

    @property
    def transitions(self) -> int:
        """How often a job has started, stopped, left or changed its level, or nodes have (§10.7a)."""
        changes = sum(event[1] not in ("submit", "reject", "drop") for event in self.events)
        return changes + self.node_changes

    def powered(self, job: Job, level: int) -> bool:
        """Whether the starting capacity has the power for a job to start, or go on, at a level."""
        others = [j for j in self.running() if j is not job]
        return self.with_level_mw([*others, job], job, level) <= self.starting_mw()

    def may_start(self, job: Job, level: int = 0) -> bool:
        """§4.2a, §4.3, §11.3."""
        if job not in self.waiting() or job.moved_s == self.now_s or job.partition is None:
            return False
        if level not in self.levels(job) or is_over_limit(self, job):
            return False
        return self.holds(job.partition, [*self.running(), job]) and self.powered(job, level)

    def may_suspend(self, job: Job) -> bool:
        """§4.2b, §4.3."""
        return (
            self.options.voluntary_suspension
            and job.state == "running"
            and job.preemptible
            and job.moved_s != self.now_s
        )

    def may_slow(self, job: Job) -> bool:
        """§11.4: in a shortage."""
        return job.state == "running" and job.moved_s != self.now_s and job.level + 1 in self.levels(job)

    def may_slow_by_choice(self, job: Job) -> bool:
        """§4.2c."""
        return self.options.voluntary_suspension and self.may_slow(job)

    def may_raise(self, job: Job) -> bool:
        """§4.2c, §11.4."""
        if job.state != "running" or job.moved_s == self.now_s or job.level == 0:
            return False
        return self.powered(job, job.level - 1)

    def may_do_something(self, job: Job) -> bool:
        """§4.2: whether the scheduler is asked because of this job."""
        starts = job.state in ("queued", "suspended") and any(
            self.may_start(job, k) for k in self.levels(job)
        )
        return starts or self.may_suspend(job) or self.may_raise(job) or self.may_slow_by_choice(job)

    # --- §3 one instant, §4 decisions -------------------------------------------------------

    def account(self, until_s: int) -> None:
        """§3.1 and §7, for the flows and inputs in force since the last instant."""
        seconds, flow, row = until_s - self.now_s, self.flow, self.row
        for name, power in (
            ("available", flow.supply), ("used", flow.used), ("curtailed", flow.curtailed),
            ("charged", flow.charge), ("discharged", flow.discharge), ("grid", flow.grid),
            ("draw", flow.draw), ("grid_charged", flow.grid_charge), ("leaked", flow.leak),
        ):  # fmt: skip
            self.energy[name] += power * seconds
        self.content += flow.charge * seconds * self.charge_factor
        self.content -= flow.discharge * seconds * self.discharge_factor + flow.leak * seconds
        self.cost_sum += flow.grid * seconds * row.price_u
        self.carbon_sum += flow.grid * seconds * row.carbon_ukg
        self.now_s = until_s

    def cover_shortage(self, victim: Choose | None) -> None:
        """§4.1. A scheduler without a victim rule declines, which is a decision too (§4.6)."""
        asking = True
        while self.jobs_it_mw(self.running()) > self.capacity_mw():
            answer = WAIT
            if asking:
                answer = WAIT if victim is None else victim(View(self))
                self.decisions += 1
                asking = answer != WAIT
            if answer == WAIT:
                self.shed(self.own_choice(self.running()))
                continue
            job, what = self._named(answer)
            if job.state != "running":
                raise RuleError(f"§4.1: job {job.index} does not run")
            if what == SLOW and self.may_slow(job):
                self.change_level(job, 1)
            elif what == 0:
                self.shed(job)
            else:
                raise RuleError(f"§11.4: job {job.index} cannot be made slower")

    def decide(self, choose: Choose, at_nobody_can_start: Callable[[Reference], None] | None = None) -> None:
        """§4.2. The last argument is called where the scheduler is not asked any more (§10.7)."""
        while any(self.may_do_something(job) for job in self.jobs):
            answer = choose(View(self))
            self.decisions += 1
            if answer == WAIT:
                return
            self._act(*self._named(answer))
        if at_nobody_can_start is not None:
            at_nobody_can_start(self)

    def _act(self, job: Job, what: int) -> None:
        """A decision of §4.2."""
        if what == RAISE:
            if not self.may_raise(job):
                raise RuleError(f"§11.4: job {job.index} cannot be made faster")
            self.change_level(job, -1)
        elif what == SLOW:
            if not self.may_slow_by_choice(job):
                raise RuleError(f"§4.2c: job {job.index} cannot be made slower")
            self.change_level(job, 1)
        elif self.may_start(job, what):
            self.start(job, what)
        elif what == 0 and self.may_suspend(job):
            self.suspend(job, "suspend")
        else:
            raise RuleError(f"§4.2: job {job.index} can neither start nor be suspended")

    def _named(self, answer: int) -> tuple[Job, int]:
        index, what = decoded(answer)
        if not 0 <= index < len(self.jobs):
            raise RuleError(f"§4.4: there is no job {index}")
        return self.jobs[index], what

    def fix_flows(self) -> None:
        """§3.7, §7.1, §7.2."""
        row, battery = self.row, self.case.battery
        draw = -(-self.it_mw() * row.pue // 1000)
        used = min(row.supply_mw, draw)
        rest, surplus = draw - used, row.supply_mw - used
        first = row.import_mw if self.grid_first() else 0
        discharge = min(max(0, rest - first), battery.discharge_limit_mw)
        if discharge * self.discharge_factor + self.leak > self.content:
            discharge = 0
        leak = self.leak if self.content >= self.leak else 0
        green = min(surplus, battery.charge_limit_mw)
        bought = min(battery.charge_limit_mw - green, row.import_mw - (rest - discharge))
        bought = bought if self.grid_is_cheap() else 0
        if self.content + (green + bought) * self.charge_factor - leak > self.full:
            green = bought = 0
        grid = rest - discharge + bought
        self.flow = Flows(
            row.supply_mw, draw, used, green + bought, surplus - green, discharge, grid, bought, leak
        )
        self.flow_log.append(self.flow)

    def content_rate(self) -> int:
        """Change of the content in each second (§7.3, §7.4a)."""
        flow = self.flow
        return flow.charge * self.charge_factor - flow.discharge * self.discharge_factor - flow.leak

    # --- §7.6 and the like: what must hold at every instant ---------------------------------

    def check(self) -> None:
        e, flow = self.energy, self.flow
        assert e["available"] == e["used"] + e["charged"] - e["grid_charged"] + e["curtailed"]
        assert e["draw"] + e["grid_charged"] == e["used"] + e["discharged"] + e["grid"]
        stored = e["charged"] * self.charge_factor - e["discharged"] * self.discharge_factor
        assert self.content == self.start_content + stored - e["leaked"]
        assert 0 <= self.content <= self.full
        assert min(vars(flow).values()) >= 0
        assert flow.grid <= self.row.import_mw, "unserved"
        assert flow.discharge <= self.case.battery.discharge_limit_mw
        assert not (flow.charge and flow.discharge) and not (flow.curtailed and flow.grid)
        assert flow.used + flow.discharge + flow.grid == flow.draw + flow.grid_charge
        assert self.jobs_it_mw(self.running()) <= self.capacity_mw(), "§12.1"
        for p in range(len(self.partitions)):
            assert self.holds(p, self.running())
        for job in self.jobs:
            assert 0 <= job.progress(self.now_s) <= FULL * job.work_s
            assert (job.run is not None) == (job.state == "running")
            assert job.run is None or self.run_until_s(job) > self.now_s

    # --- §8 the run -------------------------------------------------------------------------

    def _all_done(self) -> bool:
        return not any(j.state in ("future", "held", "queued", "suspended", "running") for j in self.jobs)

    def run(
        self,
        choose: Choose,
        victim: Choose | None,
        at_nobody_can_start: Callable[[Reference], None] | None = None,
    ) -> str:
        """Settle instant after instant; the word for how it ended."""
        while True:
            self.instants.append(self.now_s)
            self.complete()
            if self._all_done():
                return "completed"
            if self.now_s >= self.case.inputs.end_s:
                return "supply_end"
            if self.case.end_s is not None and self.now_s >= self.case.end_s:
                return "window_end"
            self.happen()
            self.arrive()
            self.leave_and_follow()
            self.cover_shortage(victim)
            self.decide(choose, at_nobody_can_start)
            if self._all_done():
                return "completed"
            self.fix_flows()
            self.check()
            next_s = next_instant_s(self)
            if next_s is None:
                return "stalled"
            self.account(next_s)

    def _is_late(self, job: Job, deadline_s: int) -> bool:
        """§6.3, at the end of the run."""
        if job.end_s is not None:
            return job.end_s > deadline_s
        if job.state == "cancelled":
            assert job.gone_s is not None
            return deadline_s <= job.gone_s
        return job.state in ("expired", "failed") or deadline_s <= self.now_s

    def _is_unserved(self, job: Job) -> bool:
        """§6.6, at the end of the run."""
        if job.end_s is not None:
            return False
        if job.deadline_s is None:
            return job.state in ("expired", "failed")
        return self._is_late(job, job.deadline_s)

    def _unserved_u(self, index: int) -> int:
        """What a job costs if it is not served: a fraction of its value, half up, and an amount."""
        work, options = self.case.workload, self.case.options
        name = "" if work.service_class is None else str(work.service_class[index])
        penalty_u, value_ppm = options.unserved_penalty_u, options.unserved_value_ppm
        for of_class in options.unserved_by_class:
            if of_class.service_class == name:
                penalty_u, value_ppm = of_class.penalty_u, of_class.value_ppm
        value_u = max(int(work.value_u[index]), 0)
        return penalty_u + math.floor(Fraction(value_u * value_ppm, 10**6) + Fraction(1, 2))

    def result(self, ended: str) -> ReferenceResult:
        for job in self.running():  # a restart that the end cut off was still spent
            assert job.run is not None
            job.waste_mj += job.run.restart_mj(self.now_s)
        over = ("completed", "rejected", "expired", "failed", "cancelled", "dropped", "held")
        offered = [j for j in self.jobs if j.state not in ("future", "rejected") or j.turned_away]
        arrived = [j for j in offered if j.arrived]
        late = [j for j in arrived if j.deadline_s is not None and self._is_late(j, j.deadline_s)]
        unserved = [index for index, j in enumerate(self.jobs) if j.arrived and self._is_unserved(j)]
        return ReferenceResult(
            ended, self.events, self.instants, self.energy,
            self.cost_sum // KWH_MJ, self.carbon_sum // KWH_MJ, self.content,
            sum(j.waste_mj for j in self.jobs),
            [
                (j.first_start_s, j.end_s, j.suspensions, j.kills, j.earned_u,
                 j.state if j.state in over else "unfinished")
                for j in self.jobs
            ],
            self.decisions, sum(j.value_u or 0 for j in offered), len(late),
            len(unserved), sum(map(self._unserved_u, unserved)), self.flow_log,
        )  # fmt: skip


def run_reference(
    case: Case,
    choose: Choose,
    victim: Choose | None = None,
    at_nobody_can_start: Callable[[Reference], None] | None = None,
    *,
    ranks_by_priority: bool = False,
) -> ReferenceResult:
    """Simulate the case. at_nobody_can_start: of a scheduler that promises starts (§10.7).

    ranks_by_priority: the queue is kept in the order `multifactor`, whose marks are instants (§14.2).
    """
    sim = Reference(case)
    sim.ranks_by_priority = ranks_by_priority
    return sim.result(sim.run(choose, victim, at_nobody_can_start))
