"""What happens to jobs in the reference simulator, from arrival to end (RULES §3, §5, §6, §11, §12)."""

from __future__ import annotations

from collections.abc import Callable

from tests.reference.known_events import Outage
from tests.reference.machine import Machine
from tests.reference.model import FULL, Job
from tests.reference.queue_limits import is_one_too_many, is_refused
from tests.reference.run_timeline import Piece, Run

STOPPED_BADLY = ("failed", "expired", "rejected", "cancelled", "dropped")
"""How a predecessor ends otherwise than well (§12.4)."""


class Happenings(Machine):
    """A machine on which jobs come, run and go."""

    def _log(self, name: str, job: Job) -> None:
        with_level = name in ("start", "resume", "slow", "raise") and job.level > 0
        self.events.append((self.now_s, name, job.index, *((job.level,) if with_level else ())))

    def _end(self, job: Job, state: str) -> None:
        """For its followers it has ended (§12.4)."""
        job.state, job.gone_s = state, self.now_s

    # --- §5 running, §11 levels -------------------------------------------------------------

    def start(self, job: Job, level: int = 0) -> None:
        """Start or resume at a level."""
        resumed = job.state == "suspended"
        from_s = self.now_s + self.wake_s(job) + (self.options.restart_s if resumed else 0)
        piece = Piece(self.now_s, level, self.rate(job, level), self.level_mw(job, level))
        job.run = Run(self.now_s, from_s, self.options.checkpoint_s, self.options.checkpoint_cost_s, [piece])
        job.state, job.moved_s = "running", self.now_s
        if job.first_start_s is None:
            job.first_start_s = self.now_s
        self._log("resume" if resumed else "start", job)
        if self.run_until_s(job) <= from_s:  # no work (§4.5), or killed at an estimate of 0
            self._finish(job)

    def change_level(self, job: Job, by: int) -> None:
        """§11.4, §11.5: slower (1) or faster (-1)."""
        assert job.run is not None
        level = job.level + by
        piece = Piece(self.now_s, level, self.rate(job, level), self.level_mw(job, level))
        job.run.pieces.append(piece)
        job.moved_s = self.now_s
        self._log("slow" if by > 0 else "raise", job)

    def _finish(self, job: Job) -> None:
        assert job.run is not None
        now_s = self.now_s
        job.waste_mj += job.run.restart_mj(now_s)
        if job.progress(now_s) < FULL * job.work_s:
            job.waste_mj += job.kept_mj + job.run.progress_mj(now_s)
            job.run, job.kept, job.kept_mj = None, 0, 0
            self._end(job, "failed")
            self._log("fail", job)
            return
        job.run, job.kept = None, FULL * job.work_s
        self._end(job, "completed")
        job.end_s = now_s
        if job.value_u is not None:
            job.earned_u = self._value_at(job, now_s)
        self._log("end", job)

    def _value_at(self, job: Job, end_s: int) -> int:
        assert job.value_u is not None
        if job.deadline_s is None or end_s <= job.deadline_s:
            return job.value_u
        left_s = max(0, job.deadline_s + job.allowance_s - end_s)
        return job.value_u * left_s // job.allowance_s

    def suspend(self, job: Job, event: str) -> None:
        """§5.3: voluntary ("suspend") or not ("shed")."""
        run, now_s = job.run, self.now_s
        assert run is not None
        done, progress_mj = run.done(now_s), run.progress_mj(now_s)
        lost = min(FULL * self.options.suspend_loss_s, done)
        lost_mj = min(-(-lost // run.now.rate) * run.now.power_mw, progress_mj)
        job.waste_mj += lost_mj + run.restart_mj(now_s)
        job.kept += done - lost
        job.kept_mj += progress_mj - lost_mj
        job.run, job.state, job.moved_s = None, "suspended", now_s
        job.suspensions += 1
        self._log(event, job)
        self._expire_if_due(job)

    def shed(self, job: Job) -> None:
        """§5.4."""
        if job.preemptible:
            self.suspend(job, "shed")
        else:
            self.kill(job, "kill")

    def kill(self, job: Job, event: str) -> None:
        """§5.4, §5.7: what it had done by its last whole checkpoint is kept, and what earlier runs had."""
        run, now_s = job.run, self.now_s
        assert run is not None
        safe_s = run.safe_s(now_s)
        job.waste_mj += run.restart_mj(now_s) + run.progress_mj(now_s) - run.progress_mj(safe_s)
        job.kept += run.done(safe_s)
        job.kept_mj += run.progress_mj(safe_s)
        job.run, job.moved_s = None, now_s
        job.state = "suspended" if job.kept else "queued"
        job.kills += 1
        self._log(event, job)
        if job.kills == self.options.max_kills:
            self._lose_progress(job)
            self._end(job, "failed")
            self._log("fail", job)
        else:
            self._expire_if_due(job)

    def _lose_progress(self, job: Job) -> None:
        """§5.6."""
        job.waste_mj += job.kept_mj
        job.kept = job.kept_mj = 0

    def _expire_if_due(self, job: Job) -> None:
        """§6.4."""
        if job.expiry_s is not None and job.expiry_s <= self.now_s:
            self._lose_progress(job)
            self._end(job, "expired")
            self._log("expire", job)

    # --- §3.3 inputs: grid events and outages -----------------------------------------------

    def happen(self) -> None:
        """§12.1, §12.3: limits that are shares of the draw up to now; repairs, then new outages."""
        self.curtailments.measure(self.now_s, self.flow.draw)
        self.node_changes += self.repairs.repair(self.now_s)
        for outage in self.repairs.beginning(self.now_s):
            self._strike(outage)

    def _strike(self, outage: Outage) -> None:
        p = outage.partition
        there = self.repairs.there(p)
        hit = None if outage.draw is None or there == 0 else self._hit(p, outage.draw, there)
        outage.state = "on"
        self.node_changes += 1
        if hit is not None:
            self.kill(hit, "lose")
        while not self.holds(p, self.running()):
            self.kill(self.own_choice(self._of(p, self.running())), "lose")

    def _hit(self, p: int, draw: int, there: int) -> Job | None:
        """§12.3b: who covers the node that breaks."""
        mine = self._of(p, self.running())
        covers = [
            max(-(-1000 * used // per_node) if used else 0 for used, per_node in self._amounts(p, [job]))
            for job in mine
        ]
        place = draw * max(sum(covers), 1000 * there) >> 30
        for job, cover in zip(mine, covers, strict=True):
            if place < cover:
                return job
            place -= cover
        return None

    def own_choice(self, jobs: list[Job]) -> Job:
        """§4.1: whom the rules themselves give up."""
        return max(jobs, key=lambda job: (job.preemptible, job.began_s, job.index))

    # --- §3.2, §3.4, §3.5 ends, arrivals, and who leaves the queue ---------------------------

    def complete(self) -> None:
        """§3.2."""
        due = [j for j in self.running() if self.run_until_s(j) <= self.now_s]
        for job in sorted(due, key=lambda j: (self.run_until_s(j), j.index)):
            self._finish(job)

    def arrival_s(self, job: Job) -> int | None:
        """When a job arrives (§12.4); None: not all of its predecessors have ended."""
        ends = [self.jobs[i].gone_s for i in job.after]
        known = [end_s for end_s in ends if end_s is not None]
        if len(known) < len(ends):
            return None
        return max([job.submit_s, *(end_s + job.think_s for end_s in known)])

    def drop_s(self, job: Job) -> int | None:
        """When a job that waits for success is dropped; None: there is no reason (§12.4)."""
        bad = [self.jobs[i] for i in job.after if self.jobs[i].state in STOPPED_BADLY]
        if job.after_any or not bad:
            return None
        return max(job.submit_s, min(j.gone_s for j in bad if j.gone_s is not None))

    def _arrive(self, job: Job) -> None:
        job.state, job.arrived = "queued", True
        self._log("submit", job)

    def _drop(self, job: Job) -> None:
        self._end(job, "dropped")
        self._log("drop", job)

    def _cancel(self, job: Job) -> None:
        """§12.2."""
        self._end(job, "cancelled")
        self._log("cancel", job)

    def arrive(self) -> None:
        """§3.4. A job is rejected (§2.2, §15.3), queued, or held back until its predecessors have ended."""
        for job in self.jobs:
            if job.state != "future" or job.submit_s > self.now_s:
                continue
            arrival_s = self.arrival_s(job)
            refused = job.partition is None or is_refused(self, job)
            job.turned_away = not refused and is_one_too_many(self, job)
            if refused or job.turned_away:
                self._end(job, "rejected")
                self._log("reject", job)
            elif arrival_s is not None and arrival_s <= self.now_s and self.drop_s(job) is None:
                self._arrive(job)
            else:
                job.state = "held"

    def leave_and_follow(self) -> None:
        """§3.5: expiries, cancellations, and who comes or is dropped by §12.4.

        Each is settled at its own second, so all that is due is due now: lower jobs first, and what one
        of them releases joins the line.
        """
        while True:
            due = [(job.index, order) for job in self.jobs for order in self._due(job)]
            if not due:
                return
            index, (_, act) = min(due, key=lambda row: (row[0], row[1][0]))
            act(self.jobs[index])

    def _due(self, job: Job) -> list[tuple[int, Callable[[Job], None]]]:
        """What is due now of a job that waits, with its place in the order."""
        acts = {
            "expire": self._expire_if_due,
            "drop": self._drop,
            "arrive": self._arrive,
            "cancel": self._cancel,
        }
        times = self._times(job)
        return [
            (place, act) for place, (name, act) in enumerate(acts.items()) if self._is_due(times.get(name))
        ]

    def _is_due(self, time_s: int | None) -> bool:
        return time_s is not None and time_s <= self.now_s

    def _times(self, job: Job) -> dict[str, int | None]:
        """When a job that waits expires, is dropped, arrives or is cancelled."""
        cancel_s = job.cancel_s if job.first_start_s is None else None
        if job.state == "held":
            return {"drop": self.drop_s(job), "arrive": self.arrival_s(job), "cancel": cancel_s}
        if job.state in ("queued", "suspended"):
            return {"expire": job.expiry_s, "cancel": cancel_s}
        return {}

    def future_of(self, job: Job) -> list[int]:
        """When a job that waits or has not come does something by itself (§3.8).

        What a predecessor's end within 3.6 releases comes at the next second (§9.14).
        """
        if job.state == "future":
            return [job.submit_s]
        return [max(time_s, self.now_s + 1) for time_s in self._times(job).values() if time_s is not None]
