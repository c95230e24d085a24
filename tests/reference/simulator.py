"""A second simulator, written from rare/RULES.md alone, to test the real one against.

Slow and obvious on purpose: plain Python integers, no event queue, no state that could be computed
from other state. At each instant everything is worked out afresh. "§" means RULES.md.
"""

from __future__ import annotations

from collections.abc import Callable

from rare.model import NEVER_S, Case
from tests.reference.machine import Machine
from tests.reference.model import KWH_MJ, WAIT, Flows, Job, ReferenceResult, RuleError
from tests.reference.outlook import issue_times
from tests.reference.view import Choose, View, fcfs, greedy, sjf, strict_head, wait

__all__ = [
    "WAIT", "Flows", "Reference", "ReferenceResult", "RuleError", "View",
    "fcfs", "greedy", "run_reference", "sjf", "strict_head", "wait",
]  # fmt: skip


class Reference(Machine):
    """One run: the rules, in the order of RULES.md."""

    @property
    def transitions(self) -> int:
        """How often a job has started, stopped or left so far (§10.7a)."""
        return sum(name not in ("submit", "reject") for _, name, _ in self.events)

    def may_start(self, job: Job) -> bool:
        """§4.2a, §4.3."""
        if job not in self.waiting() or job.moved_s == self.now_s or job.partition is None:
            return False
        beside = [*self.running(), job]
        return self._fits(job.partition, self._of(job.partition, beside)) and (
            self.jobs_it_mw(beside) <= self.it_capacity_mw(self.options.min_battery_s)
        )

    def may_suspend(self, job: Job) -> bool:
        """§4.2b, §4.3."""
        return (
            self.options.voluntary_suspension
            and job.state == "running"
            and job.preemptible
            and job.moved_s != self.now_s
        )

    # --- §5 and §6 what happens to a job ----------------------------------------------------

    def _log(self, name: str, job: Job) -> None:
        self.events.append((self.now_s, name, job.index))

    def _leave(self, job: Job, state: str, kept_s: int) -> None:
        """Stop running; what was progress and is not kept is waste (§5.6)."""
        job.waste_s += job.progress_s(self.now_s) - kept_s + job.restart_spent_s(self.now_s)
        job.state, job.kept_s = state, kept_s

    def _run_until_s(self, job: Job) -> int:
        """When a running job ends, or fails at its estimate (§5.1, §5.5)."""
        target_s = job.work_s
        if self.options.kill_at_estimate:
            target_s = min(target_s, job.estimate_s)
        return job.progress_from_s + target_s - job.kept_s

    def _finish(self, job: Job) -> None:
        if job.progress_s(self.now_s) < job.work_s:
            self._leave(job, "failed", 0)
            self._log("fail", job)
            return
        self._leave(job, "completed", job.work_s)
        job.end_s = self.now_s
        if job.value_u is not None:
            job.earned_u = self._value_at(job, self.now_s)
        self._log("end", job)

    def _value_at(self, job: Job, end_s: int) -> int:
        assert job.value_u is not None
        if job.deadline_s is None or end_s <= job.deadline_s:
            return job.value_u
        left_s = max(0, job.deadline_s + job.allowance_s - end_s)
        return job.value_u * left_s // job.allowance_s

    def start(self, job: Job) -> None:
        """Start or resume."""
        resumed = job.state == "suspended"
        job.progress_from_s = self.now_s + self.wake_s(job)
        job.state, job.began_s, job.moved_s = "running", self.now_s, self.now_s
        job.progress_from_s += self.options.restart_s if resumed else 0
        if job.first_start_s is None:
            job.first_start_s = self.now_s
        self._log("resume" if resumed else "start", job)
        if self._run_until_s(job) <= job.progress_from_s:  # no work (§4.5), or killed at an estimate of 0
            self._finish(job)

    def suspend(self, job: Job, event: str) -> None:
        """§5.3: voluntary ("suspend") or not ("shed")."""
        since_s = job.progress_s(self.now_s) - job.kept_s
        loss_s = min(self.options.suspend_loss_s, since_s)
        self._leave(job, "suspended", job.progress_s(self.now_s) - loss_s)
        job.suspensions += 1
        job.moved_s = self.now_s
        self._log(event, job)
        self._expire_if_due(job)

    def shed(self, job: Job) -> None:
        """§5.4."""
        if job.preemptible:
            self.suspend(job, "shed")
            return
        self._leave(job, "queued", 0)
        job.kills += 1
        job.moved_s = self.now_s
        self._log("kill", job)
        if job.kills == self.options.max_kills:
            job.state = "failed"
            self._log("fail", job)
        else:
            self._expire_if_due(job)

    def _expire_if_due(self, job: Job) -> None:
        """§6.4."""
        if job.expiry_s is not None and job.expiry_s <= self.now_s:
            job.waste_s += job.kept_s
            job.state, job.kept_s = "expired", 0
            self._log("expire", job)

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

    def complete(self) -> None:
        """§3.2."""
        due = [j for j in self.running() if self._run_until_s(j) <= self.now_s]
        for job in sorted(due, key=lambda j: (self._run_until_s(j), j.index)):
            self._finish(job)

    def arrive_and_expire(self) -> None:
        """§3.4, §3.5."""
        for job in self.jobs:
            if job.state == "future" and job.submit_s <= self.now_s:
                job.state = "rejected" if job.partition is None else "queued"
                self._log("reject" if job.partition is None else "submit", job)
        due = [j for j in self.waiting() if j.expiry_s is not None]
        for job in sorted(due, key=lambda j: (j.expiry_s, j.index)):
            self._expire_if_due(job)

    def cover_shortage(self, victim: Choose | None) -> None:
        """§4.1. A scheduler without a victim rule declines, which is a decision too (§4.6)."""
        asking = True
        while self.jobs_it_mw(self.running()) > self.it_capacity_mw(1):
            index = WAIT
            if asking:
                index = WAIT if victim is None else victim(View(self))
                self.decisions += 1
                asking = index != WAIT
            if index == WAIT:
                job = max(self.running(), key=lambda j: (j.preemptible, j.began_s, j.index))
            else:
                job = self._named(index)
            if job.state != "running":
                raise RuleError(f"§4.1: job {index} does not run")
            self.shed(job)

    def decide(self, choose: Choose, at_nobody_can_start: Callable[[Reference], None] | None = None) -> None:
        """§4.2. The last argument is called where the scheduler is not asked any more (§10.7)."""
        while any(self.may_start(j) or self.may_suspend(j) for j in self.jobs):
            index = choose(View(self))
            self.decisions += 1
            if index == WAIT:
                return
            job = self._named(index)
            if self.may_start(job):
                self.start(job)
            elif self.may_suspend(job):
                self.suspend(job, "suspend")
            else:
                raise RuleError(f"§4.2: job {index} can neither start nor be suspended")
        if at_nobody_can_start is not None:
            at_nobody_can_start(self)

    def _named(self, index: int) -> Job:
        if not 0 <= index < len(self.jobs):
            raise RuleError(f"§4.4: there is no job {index}")
        return self.jobs[index]

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

    def _content_rate(self) -> int:
        """Change of the content in each second (§7.3, §7.4a)."""
        flow = self.flow
        return flow.charge * self.charge_factor - flow.discharge * self.discharge_factor - flow.leak

    def _powered(self, job: Job, after_s: int) -> bool:
        """Whether there is power to start this job, once the battery has charged for so long."""
        now_content = self.content
        self.content += self._content_rate() * after_s
        enough = self.jobs_it_mw([*self.running(), job]) <= self.it_capacity_mw(self.options.min_battery_s)
        self.content = now_content
        return enough

    def _room_for(self, job: Job) -> bool:
        assert job.partition is not None
        return self._fits(job.partition, self._of(job.partition, [*self.running(), job]))

    def _charged_enough_in_s(self, job: Job) -> int | None:
        """§3.8: seconds until the rising content lets this job start, if it does before it is full."""
        if not self._room_for(job) or self._powered(job, 0):
            return None
        low, high = 0, (self.full - self.content) // self._content_rate()
        if not self._powered(job, high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._powered(job, middle) else (middle, high)
        return high

    def next_instant_s(self) -> int | None:
        """§3.8. Ticks alone are no future: a run with nothing else to come is stalled (§8.4)."""
        now = self.now_s
        causes = [j.submit_s for j in self.jobs if j.state == "future"]
        causes += [self._run_until_s(j) for j in self.running()]
        causes += [self.changes[k] for k in range(1, len(self.rows)) if self.rows[k] != self.rows[k - 1]]
        rate = self._content_rate()
        battery = []  # it keeps a run alive only if it cannot fill and leak for ever by itself (§8.4)
        if rate < 0:
            battery.append(now + self.content // -rate)
        if rate > 0:
            battery.append(now + (self.full - self.content) // rate)
        if not (self.leak and not self.running()):
            causes += battery
        if rate > 0 and self.flow.charge:
            causes += [now + k for k in map(self._charged_enough_in_s, self.waiting()) if k is not None]
        if any(j.moved_s == now and self._room_for(j) and self._powered(j, 0) for j in self.waiting()):
            causes.append(now + 1)
        for job in self.waiting():
            if job.deadline_s is not None:
                restart_s = self.options.restart_s if job.state == "suspended" else 0
                causes += [job.deadline_s - job.left_estimate_s(now) - restart_s, job.deadline_s]
                causes.append(job.deadline_s if job.expiry_s is None else job.expiry_s)
        causes += issue_times(self)
        causes += [t for t in (self.case.inputs.end_s, self.case.end_s) if t is not None and t < NEVER_S]
        causes = [t for t in causes if t > now]
        if not causes:
            return None
        causes += [t for t in battery if t > now]
        if self.options.tick_s is not None:
            causes.append((now // self.options.tick_s + 1) * self.options.tick_s)
        return min(causes)

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
        for p in range(len(self.partitions)):
            assert self._fits(p, self._of(p, self.running()))
        for job in self.jobs:
            assert 0 <= job.progress_s(self.now_s) <= job.work_s
            assert job.state != "running" or self._run_until_s(job) > self.now_s

    # --- §8 the run -------------------------------------------------------------------------

    def _all_done(self) -> bool:
        return not any(j.state in ("future", "queued", "suspended", "running") for j in self.jobs)

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
            self.arrive_and_expire()
            self.cover_shortage(victim)
            self.decide(choose, at_nobody_can_start)
            if self._all_done():
                return "completed"
            self.fix_flows()
            self.check()
            next_s = self.next_instant_s()
            if next_s is None:
                return "stalled"
            self.account(next_s)

    def _is_late(self, job: Job, deadline_s: int) -> bool:
        """§6.3, at the end of the run."""
        if job.end_s is not None:
            return job.end_s > deadline_s
        return job.state in ("expired", "failed") or deadline_s <= self.now_s

    def result(self, ended: str) -> ReferenceResult:
        for job in self.running():  # a restart that the end cut off was still spent
            job.waste_s += job.restart_spent_s(self.now_s)
        over = ("completed", "rejected", "expired", "failed")
        arrived = [j for j in self.jobs if j.state not in ("future", "rejected")]
        late = [j for j in arrived if j.deadline_s is not None and self._is_late(j, j.deadline_s)]
        return ReferenceResult(
            ended, self.events, self.instants, self.energy,
            self.cost_sum // KWH_MJ, self.carbon_sum // KWH_MJ, self.content,
            sum(j.waste_s * j.power_mw for j in self.jobs),
            [
                (j.first_start_s, j.end_s, j.suspensions, j.kills, j.earned_u,
                 j.state if j.state in over else "unfinished")
                for j in self.jobs
            ],
            self.decisions, sum(j.value_u or 0 for j in arrived), len(late), self.flow_log,
        )  # fmt: skip


def run_reference(
    case: Case,
    choose: Choose,
    victim: Choose | None = None,
    at_nobody_can_start: Callable[[Reference], None] | None = None,
) -> ReferenceResult:
    """Simulate the case. at_nobody_can_start: of a scheduler that promises starts (§10.7)."""
    sim = Reference(case)
    return sim.result(sim.run(choose, victim, at_nobody_can_start))
