"""Every heuristic in plain Python: order, backfill, gate, victim rule (RULES §10, `rare schedulers`).

One pass an instant (§10.4a): the queue is lined up once and walked once; what a pass has set aside is kept
between two decisions of the instant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tests.reference.machine import Machine
from tests.reference.model import WAIT, Job, decision
from tests.reference.outlook import Outlook
from tests.reference.plan import Head, Plan, has_room_for_its_run, reserve
from tests.reference.queue_limits import is_over_limit
from tests.reference.site_priority import priorities
from tests.reference.slow_family import cheapest_to_slow, most_urgent_raise, worth

NEVER = 2**62
ONCE_AN_INSTANT = ("atc", "wfp3", "unicef")


@dataclass(frozen=True)
class Recipe:
    """A heuristic's parts by name. order_param: k of atc; gate_param: Q of the price and carbon gates."""

    order: str
    backfill: str = "none"
    victim: str = "latest"
    gate: str = "nogate"
    order_param: float = 2.0
    gate_param: float = 0.25
    slow: str = ""  # "raise-last" or "raise-first": uses speed levels (§11), and raises so


@dataclass
class Pass:
    """One walk through the queue at one instant."""

    now_s: int
    line: list[Job]
    cursor: int = 0
    heads: dict[int, Head] = field(default_factory=dict)
    plan: Plan | None = None
    pending: Job | None = None  # started last; it counts for those behind it once it is seen to run
    pending_mw: dict[int, int] = field(default_factory=dict)  # what it takes from the head of each partition
    planned_run_s: int = 0
    tested: int = 0  # waiting jobs, and those that the pass started and that run (§10.13)
    started: int = 0
    no_place: bool = False  # the job tested last has none in sight
    blocked: set[int | None] = field(default_factory=set)  # partitions in which a job waits (§10.14)


class PlainHeuristic:
    """Answers a reference run's decisions by a recipe."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.current: Pass | None = None
        self.keys: tuple[int, dict[int, float]] = (-1, {})
        self.promises: dict[int, int] = {}  # job -> promised start
        self.renewed_at = -1  # transitions before the last plan for everybody was finished

    # --- orders -----------------------------------------------------------------------------

    def queue(self, machine: Machine) -> list[Job]:
        """The waiting jobs by priority, ties by index (§1.3)."""
        waiting = machine.waiting()
        if self.recipe.order == "multifactor":
            ranks = priorities(machine)
            return sorted(waiting, key=lambda job: (-ranks[job.index], job.index))
        if self.recipe.order not in ONCE_AN_INSTANT:
            keys = {job.index: self._priority(job, machine.now_s, 1.0) for job in waiting}
        else:
            if self.keys[0] != machine.now_s:
                mean_s = sum(job.left_estimate_s(machine.now_s) for job in waiting) / max(len(waiting), 1)
                values = {j.index: self._priority(j, machine.now_s, max(mean_s, 1.0)) for j in waiting}
                self.keys = (machine.now_s, values)
            keys = self.keys[1]
        return sorted(waiting, key=lambda job: (keys[job.index], job.index))

    def _priority(self, job: Job, now_s: int, mean_s: float) -> float:
        """Smaller is first."""
        left_s = job.left_estimate_s(now_s)
        run_s = max(float(left_s), 1.0)
        width = max(float(job.cores), job.gpus_milli / 1000)
        value = -1 if job.value_u is None else job.value_u
        deadline_s = NEVER if job.deadline_s is None else job.deadline_s
        submit_s = max(float(job.submit_s), 1.0)
        waited_s = now_s - job.submit_s
        order = self.recipe.order
        if order == "atc":
            slack_s = 0.0 if job.deadline_s is None else max(float(deadline_s - now_s) - run_s, 0.0)
            weight = worth(job, now_s + left_s) / (width * run_s)
            return -weight * math.exp(-slack_s / (self.recipe.order_param * mean_s))
        return {
            "fcfs": lambda: 0.0,
            "sjf": lambda: float(left_s),
            "ljf": lambda: -float(left_s),
            "hvf": lambda: -float(value),
            "hvd": lambda: -value / (width * run_s),
            "edf": lambda: float(deadline_s),
            "slack": lambda: float(deadline_s - left_s),
            "wfp3": lambda: -((waited_s / run_s) ** 3) * width,
            "unicef": lambda: -waited_s / (math.log2(max(width, 2.0)) * run_s),
            "f1": lambda: math.log10(run_s) * width + 870.0 * math.log10(submit_s),
            "f2": lambda: math.sqrt(run_s) * width + 25_600.0 * math.log10(submit_s),
            "f3": lambda: run_s * width + 6_860_000.0 * math.log10(submit_s),
            "f4": lambda: run_s * math.sqrt(width) + 530_000.0 * math.log10(submit_s),
        }[order]()

    # --- gates (§10.5) ----------------------------------------------------------------------

    def is_hidden(self, machine: Machine, job: Job) -> bool:
        """Whether the gate hides a waiting job now."""
        gate = self.recipe.gate
        if gate == "nogate" or job.deadline_s is None:
            return False
        latest_s = machine.latest_start_s(job)
        if latest_s <= machine.now_s:
            return False
        outlook = Outlook(machine)
        if outlook.is_green(job, machine.expected_run_s(job)):
            return False
        return gate == "green" or outlook.lower_share(latest_s, gate) > self.recipe.gate_param

    # --- one decision -----------------------------------------------------------------------

    def choose(self, view) -> int:
        """The waiting job to start and its level, the running job to make faster, or WAIT."""
        sim = view.sim
        begins = self.current is None or self.current.now_s != sim.now_s
        if begins and self.recipe.slow == "raise-first":
            faster = most_urgent_raise(sim, [])
            if faster is not None:
                return faster
        if begins:
            self.current = self._begin(sim)
        assert self.current is not None
        answer = self._walk(self.current, sim)
        if answer == WAIT and self.recipe.slow == "raise-last":
            faster = most_urgent_raise(sim, list(self.current.heads.values()))
            return WAIT if faster is None else faster
        return answer

    def _levels(self, sim, job: Job) -> list[int]:
        """Levels at which the job may start now (§4.2), fastest first; without `slow` only full speed."""
        levels = sim.levels(job) if self.recipe.slow else [0]
        return [level for level in levels if sim.may_start(job, level)]

    def _walk(self, walk: Pass, sim) -> int:
        """The next job of the pass that starts."""
        if walk.pending is not None:
            if walk.pending.state == "running":
                walk.started += 1
                self._count(walk, sim)
            else:
                walk.tested -= 1
                if sim.case.limits:  # who waits for a limit is found anew (§15.4)
                    walk = self._begin(sim, walk.started)
                    self.current = walk
            walk.pending = None
        while walk.cursor < len(walk.line):
            job = walk.line[walk.cursor]
            if self.recipe.backfill == "none" and not self._is_passed_over(sim, job):
                levels = self._levels(sim, job)
                return self._start(walk, job, levels[0]) if levels else WAIT
            walk.cursor += 1
            if self._is_passed_over(sim, job):
                self.promises.pop(job.index, None)
                continue
            if self._is_between_passes(sim):
                level = self._in_order(walk, sim, job)
            elif self._is_tested_out(walk, sim):
                break
            else:
                walk.no_place = False
                level = self._starts(walk, sim, job)
                walk.tested -= level is None and walk.no_place
            if level is not None:
                walk.pending = job
                self.promises.pop(job.index, None)  # what comes back is promised a start anew (§10.7)
                return decision(job.index, level)
        if self.recipe.backfill == "conservative=kept":
            self.renewed_at = sim.transitions
        return WAIT

    def _is_passed_over(self, sim, job: Job) -> bool:
        """Whether a gate hides a waiting job, or a limit holds it back (§15.4)."""
        return self.is_hidden(sim, job) or is_over_limit(sim, job)

    def _is_between_passes(self, sim) -> bool:
        """§10.14."""
        interval_s = sim.options.backfill.interval_s
        return self._has_limited_passes() and interval_s > 0 and sim.now_s % interval_s > 0

    def _has_limited_passes(self) -> bool:
        return self.recipe.backfill in ("easy", "conservative")

    def _is_tested_out(self, walk: Pass, sim) -> bool:
        """§10.13: whether the pass has tested all that it may; else it tests one more."""
        most = sim.options.backfill.max_jobs
        if self._has_limited_passes() and 0 < most <= walk.tested:
            return True
        walk.tested += 1
        return False

    def _in_order(self, walk: Pass, sim, job: Job) -> int | None:
        """§10.14: nobody passes a job of its partition that waits."""
        if job.partition in walk.blocked:
            return None
        for level in self._levels(sim, job):
            if has_room_for_its_run(sim, job, sim.now_s, sim.expected_run_s(job, level)):
                return level
        walk.blocked.add(job.partition)
        return None

    def _start(self, walk: Pass, job: Job, level: int) -> int:
        walk.cursor += 1
        return decision(job.index, level)

    def _begin(self, sim, started: int = 0) -> Pass:
        line = self.queue(sim)
        walk = Pass(sim.now_s, line, started=started, tested=started)
        if self.recipe.backfill.startswith("conservative"):
            kept = self.recipe.backfill == "conservative=kept"
            walk.plan = Plan(sim, 1 if kept else 0)
            if kept:
                line.sort(key=lambda job: self.promises.get(job.index, NEVER))
        return walk

    def _starts(self, walk: Pass, sim, job: Job) -> int | None:
        """The level at which the backfill starts a job that no gate hides; None: it does not."""
        if self.recipe.backfill == "greedy":
            return next(iter(self._levels(sim, job)), None)
        if walk.plan is not None:
            return self._by_plan(walk, walk.plan, sim, job)
        for level in self._levels(sim, job):
            run_s = sim.expected_run_s(job, level)
            end_s = sim.now_s + run_s
            heads = {p: head for p, head in walk.heads.items() if end_s > head.shadow_s}
            if any(not head.leaves_room_for(sim, job, level) for head in heads.values()):
                continue
            if not has_room_for_its_run(sim, job, sim.now_s, run_s):
                continue  # a planned outage takes its place away (§10.8)
            walk.pending_mw = {p: head.needs(sim, job, level) for p, head in heads.items()}
            return level
        if job.partition not in walk.heads:
            head = reserve(sim, job)
            walk.no_place = head is None
            if head is not None:
                walk.heads[job.partition] = head
        return None

    def _count(self, walk: Pass, sim) -> None:
        """What a job that was started takes from those behind it."""
        job = walk.pending
        assert job is not None
        if walk.plan is not None:
            before = walk.line[: walk.line.index(job)]
            if self.recipe.backfill == "conservative" and not any(j in sim.waiting() for j in before):
                walk.plan = Plan(sim, 0)  # it was the first of the queue (§10.4b)
            else:
                walk.plan.hold(job, sim.now_s, walk.planned_run_s, waits=False)
        for p, needs_mw in walk.pending_mw.items():
            walk.heads[p].take(job, needs_mw)

    # --- conservative backfilling (§10.4, §10.7) --------------------------------------------

    def planned_run_s(self, machine: Machine, job: Job, level: int = 0) -> int:
        """How long a run is planned (§10.4; §10.7b: at its longest)."""
        if self.recipe.backfill != "conservative=kept":
            return machine.expected_run_s(job, level)
        return max(1, machine.longest_run_s(job, level))

    def _by_plan(self, walk: Pass, plan: Plan, sim, job: Job) -> int | None:
        run_s = self.planned_run_s(sim, job)
        start_s = plan.earliest_s(job, run_s)
        walk.no_place = start_s is None
        if start_s is not None and self.recipe.backfill == "conservative=kept":
            self._promise(job, start_s, sim)
        for level in self._levels(sim, job):
            walk.planned_run_s = self.planned_run_s(sim, job, level)
            if start_s is None:
                starts = plan.takes_nobodys(job, walk.planned_run_s, level)
            elif level == 0 or start_s == sim.now_s:  # a place that is now is one at full speed
                starts = level == 0 and start_s == sim.now_s
            else:
                starts = plan.fits_from(job, sim.now_s, walk.planned_run_s, level)
            if starts:
                return level
        if start_s is not None:
            plan.hold(job, start_s, run_s, waits=start_s > sim.now_s)
        return None

    def _promise(self, job: Job, start_s: int, sim) -> None:
        """§10.7 a."""
        if job.index not in self.promises:
            self.promises[job.index] = start_s
        elif self.renewed_at != sim.transitions:
            self.promises[job.index] = min(self.promises[job.index], start_s)

    def at_nobody_can_start(self, sim) -> None:
        """§10.7: promises are made where nobody is asked too, but not with a gate (d)."""
        if self.recipe.backfill != "conservative=kept" or self.recipe.gate != "nogate":
            return
        walk = self._begin(sim)
        assert walk.plan is not None
        for job in walk.line:
            if is_over_limit(sim, job):
                self.promises.pop(job.index, None)
                continue
            run_s = self.planned_run_s(sim, job)
            start_s = walk.plan.earliest_s(job, run_s)
            if start_s is not None:
                self._promise(job, start_s, sim)
                walk.plan.hold(job, start_s, run_s, waits=start_s > sim.now_s)
        self.renewed_at = sim.transitions

    # --- victims ----------------------------------------------------------------------------

    def victim(self, view) -> int:
        """The running job to slow, or to give up: preemptible ones first; ties: higher index."""
        sim = view.sim
        slower = cheapest_to_slow(sim) if self.recipe.slow else None
        if slower is not None:
            return slower

        def kept_dearly(job: Job) -> float:
            value = 0 if job.value_u is None else max(job.value_u, 0)
            if self.recipe.victim == "lowvalue":
                return float(value)
            if self.recipe.victim == "lowvaluewatt":
                return value / max(float(job.active_mw), 1.0)
            if self.recipe.victim == "slackest":
                slack_s = NEVER if job.deadline_s is None else job.deadline_s - sim.expected_end_s(job)
                return -float(slack_s)
            assert self.recipe.victim == "latest" and job.began_s is not None
            return -float(job.began_s)

        chosen = min(sim.running(), key=lambda job: (not job.preemptible, kept_dearly(job), -job.index))
        return chosen.index
