"""A scheduler's belief: a copy of the state with estimates for run times and forecasts for the weather.

It holds the live jobs, each with a run time drawn by its user's estimate
(schedulers.lookahead.estimate_accuracy); the newest forecast and none issued later; arrivals drawn from
those so far in the run. The true work of a job that has not ended and the inputs to come are never read, nor
what nobody can know of a machine's events (schedulers.lookahead.known_events): cancellations, jobs that still
wait for others, grid events before their notice, outages that are not planned and when their repairs end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.model import NEVER_S
from rare.rules.limits.limit_arrays import GROUP_USE, MEMBERSHIP
from rare.state.arrays import (
    ENTRY,
    EVENT,
    FREE,
    HELD,
    INPUT,
    JOB,
    OUTCOME,
    POWER,
    TIMER,
    World,
    bind,
    handle_records,
)
from rare.state.decisions import decision, slot_of_decision, what_of_decision
from rare.state.event_arrays import CHAIN, FOLLOWER, HELD_BACK, MOMENT, PACE
from rare.state.index_arrays import LEAF, MARK
from rare.state.memory import arguments, records, register
from rare.state.priority_arrays import ASSOCIATION, STANDING
from rare.world import more_live_slots
from schedulers.lookahead.believed_progress import MILLI, believe_ends, believe_timers, note_done
from schedulers.lookahead.estimate_accuracy import Accuracy
from schedulers.lookahead.known_events import KnownEvents, have_arrived
from schedulers.lookahead.rollout import Words
from schedulers.lookahead.supply_paths import Outlook, path_scores, steps_ahead
from traces.numbers.constants import HOUR_S

SOON_S = 60  # assumed time left of a job past its estimate
SHORTEST_PAST_S = 6 * HOUR_S  # a shorter past is too short to estimate the rate of arrivals
_GOLDEN = (5**0.5 - 1) / 2  # its multiples are spread evenly over a circle
_SLOTS = 256
_LAID = ("forecast_issues", "input_rows")  # sizes of a copy that are set as it is laid


class Believed:
    """A world of two environments beside a real one: the template and the copy that is played on.

    samples: number of futures. horizon_s: their length. arrivals: whether they repeat past arrivals.
    """

    def __init__(self, world: World, samples: int, horizon_s: int, arrivals: bool, seed: int) -> None:
        self._arrivals = arrivals
        self.drawn_jobs = np.zeros(0, np.int64)  # of the future drawn last: whose repetitions arrive
        self._real_jobs = world.jobs  # whose table this copy was made for
        state = world.env[0]
        self._rows = steps_ahead(state, horizon_s)
        issues, steps = world.forecast.shape
        per_issue = int(state["issue_step_s"]) // max(int(state["forecast_step_s"]), 1)
        self._scores = path_scores(
            samples,
            issues * max(per_issue, 1) + steps + self._rows,
            int(state["forecast_step_s"]) or HOUR_S,
            seed,
        )
        self._known = len(world.jobs)
        jobs = records((2 * self._known,), JOB)
        jobs[: self._known] = world.jobs
        jobs["work_s"] = jobs["estimate_s"]  # the only knowledge of a job that is not live
        standings = records((2 * len(world.standings),), STANDING)
        standings[: len(world.standings)] = world.standings
        self._events = KnownEvents(world)
        self._may_be_cancelled = len(world.cancels) > 0
        self._inputs = records((samples, self._rows), INPUT)
        env = records((2,), world.env.dtype)
        env[:] = world.env[:1]
        small = {"outcome": OUTCOME, "log": EVENT, "power": POWER}
        live = records((2, _SLOTS), world.live.dtype)
        belief = World(
            env=env,
            part=records((2, world.part.shape[1]), world.part.dtype),
            live=live,
            lists=records((2, 4, 2 * _SLOTS), ENTRY),
            ends=records((2, 4), world.ends.dtype),
            jobs=jobs,
            inputs=self._inputs[0],
            forecast=records((min(issues, 1), steps), world.forecast.dtype),
            scratch=records((2, 1), world.scratch.dtype),
            leaves=records((2, 0), LEAF),  # a copy walks its queue: no index is kept
            tree=records((2, 0), MARK),
            pace=records((2, _SLOTS if world.pace.shape[1] else 0), PACE),
            limits=records((2, world.limits.shape[1]), world.limits.dtype),
            held_back=records((2, 0), HELD_BACK),  # nobody sees who waits for others
            speeds=world.speeds,
            grid_events=self._events.events,
            moments=self._events.moments,
            outages=self._events.outages,
            chains=records((0,), CHAIN),
            followers=records((0,), FOLLOWER),
            cancels=records((0,), MOMENT),  # nobody knows when a user gives up
            group_use=records((2, world.group_use.shape[1]), GROUP_USE),
            group_limits=world.group_limits,
            memberships=self._memberships(world, len(jobs)),
            associations=records((2, world.associations.shape[1]), ASSOCIATION),
            weights=world.weights,
            standings=standings,
            shares=world.shares,
            handles=None,
            **{name: records((2, 1), dtype) for name, dtype in small.items()},
        )
        belief.env.live = _SLOTS  # so that more_live_slots sees no free slot
        self.world = more_live_slots(belief)
        self._bind()

    def is_of(self, world: World) -> bool:
        """Whether this copy was made for these jobs."""
        return self._real_jobs is world.jobs

    @property
    def issue(self) -> int:
        """Number of the forecast that the copy holds; -1 without one."""
        return self._outlook.issue

    @staticmethod
    def _memberships(world: World, jobs: int) -> Any:
        """The groups of limited jobs (RULES §15), with room for so many jobs."""
        limited, width = len(world.memberships) > 0, world.memberships.shape[1]
        table = records((jobs if limited else 0, width), MEMBERSHIP)
        table[: len(world.memberships)] = world.memberships
        return table

    def _bind(self) -> None:
        """Handles of the copy, one for each sample: they differ in their inputs."""
        self.world = bind(self.world)
        self._records = records((len(self._inputs),), handle_records(self.world).dtype)
        self._records[:] = handle_records(self.world)[1]
        for sample, row in enumerate(self._inputs):
            self._records["at_inputs"][sample] = register(row)
        self._records["input_rows"] = self._rows
        self.handles = arguments(self._records)
        self._template = self.world.handles[0]
        self.words = Words(*(_words(getattr(self.world, name)) for name in Words._fields))

    def lay(self, world: World, e: int, until_s: int, accuracy: Accuracy) -> None:
        """Make the template of this decision. accuracy: by which run times are drawn from estimates."""
        self._accuracy = accuracy
        self._real, self._e = world, e
        state = world.env[e]
        doing = world.live[e]["doing"]
        live_slots = np.flatnonzero((doing != FREE) & (doing != HELD))
        self._make_room(len(live_slots))
        self._lay_env(world, e, until_s, len(live_slots))
        self.world.part[0] = world.part[e]
        self.world.group_use[0] = world.group_use[e]
        self.world.associations[0] = world.associations[e, : self.world.associations.shape[1]]
        self._lay_progress(world, e, live_slots)
        self._rows_here = np.asarray(world.live[e])[live_slots]
        self.place = np.zeros(world.live.shape[1], np.int64)
        self.place[live_slots] = np.arange(len(live_slots))
        self.world.live["next_free"][0, len(live_slots) :] = np.arange(
            len(live_slots) + 1, self.world.live.shape[1] + 1
        )
        self._here = len(live_slots)
        for which in range(4):
            ends = world.ends[e, which]
            entries = np.asarray(world.lists[e, which])[int(ends["first"]) : int(ends["last"])].copy()
            if which == TIMER:
                entries = entries[doing[entries["slot"]] != HELD]
            entries["slot"] = self.place[entries["slot"]]
            first = self.world.live.shape[1] - len(entries) // 2
            self.world.lists[0, which, first : first + len(entries)] = entries
            self.world.ends[0, which] = (first, first + len(entries))
        self._outlook = Outlook(state, world.forecast, self._rows)
        if self._outlook.issue >= 0:
            self.world.forecast[0] = world.forecast[self._outlook.issue]
            self.world.env["forecast_begin_s"][0] = self._outlook.issued_s
        self._records["forecast_issues"] = int(self._outlook.issue >= 0)
        self._events.lay(world, e, self.world.env[0], self.world.limits[0])
        for name, rows in self._events.rows.items():
            self._records[name] = rows

    def _lay_progress(self, world: World, e: int, live_slots: np.ndarray) -> None:
        """Note what the live jobs have done so far, and copy their levels."""
        if self.world.pace.shape[1]:
            self.world.pace[0, : len(live_slots)] = world.pace[e][live_slots]
        done = np.zeros(len(live_slots), np.int64)
        note_done(world.handles[e], live_slots, done)
        self._done = done

    def code(self, code: int) -> int:
        """A decision about a slot of the real state, as one about the same job in the copy."""
        return int(decision(int(self.place[slot_of_decision(code)]), what_of_decision(code)))

    def _lay_env(self, world: World, e: int, until_s: int, here: int) -> None:
        env = self.world.env
        env[0] = world.env[e]
        env["log_level"][0] = env["record_jobs"][0] = env["input_row"][0] = 0
        env["seen_changes"][0] = env["found_changes"][0] = -1  # these counters are of the real queue
        env["pass_s"][0] = -NEVER_S  # and the plan of a pass is in the real scratch row
        env["inputs_end_s"][0] = NEVER_S
        env["live"][0] = env["free_slot"][0] = here
        self._until_s = until_s

    def _lay_jobs(self, sample: int) -> None:
        """Set the live jobs' work to the run times of this sample, and the ends of the running ones."""
        rows = self._rows_here.copy()
        index = rows["job"]
        real = self._real.jobs
        done_s = self._done / MILLI
        work_s = self._accuracy.work_s(index, real["estimate_s"][index], done_s, sample)
        overdue = (work_s == 0) & (done_s > 0)
        work_s = np.where(overdue, np.ceil(done_s).astype(np.int64) + SOON_S, work_s)
        rows["left_s"] += work_s - real["work_s"][index]  # what has been done stays the same
        self.world.jobs["work_s"][index] = work_s
        self.world.live[0, : len(rows)] = rows
        believe_ends(self._template)
        if self._may_be_cancelled:
            believe_timers(self._template)

    def _make_room(self, here: int) -> None:
        while self.world.live.shape[1] < here + 1:
            self.grow()

    def grow(self) -> None:
        """Add live slots. The template must be laid again afterwards."""
        self.world = more_live_slots(self.world)
        self._bind()

    def draw(self, sample: int) -> int:
        """Set inputs, run times and arrivals of a sample. Returns the number of jobs in that future."""
        self._lay_jobs(sample)
        self._records["input_rows"][sample] = self._outlook.inputs(self._inputs[sample], self._scores[sample])
        arrivals = self._draw_arrivals(sample) if self._arrivals else 0
        self.world.env["next_job"][0] = self._known
        self.world.env["jobs_end"][0] = self._known + arrivals
        self.slots = min(self._here + arrivals + 1, self.world.live.shape[1])
        return self._here + arrivals

    def _draw_arrivals(self, sample: int) -> int:
        """Add arrivals up to the horizon: past ones, shifted in time and repeated. Returns their number."""
        real, state = self._real.jobs, self._real.env[self._e]
        begin_s, now_s = int(state["begin_s"]), int(state["now_s"])
        period_s = max(now_s - begin_s, SHORTEST_PAST_S)
        ahead_s = self._until_s - now_s
        last = int(state["next_job"])
        first = int(np.searchsorted(real["submit_s"][:last], begin_s))
        shift_s = int((sample + 1) * _GOLDEN % 1 * period_s)
        came, came_s = have_arrived(self._real, self._e, first, last)
        after_s = (came_s - begin_s - shift_s) % period_s + 1
        fits = (real["part"][first:last] >= 0) & came
        turns = [
            (after_s + turn * period_s, first + np.flatnonzero(fits & (after_s + turn * period_s < ahead_s)))
            for turn in range(-(-ahead_s // period_s))
        ]
        drawn_jobs = np.concatenate([index for _, index in turns])
        submit_s = now_s + np.concatenate([after[index - first] for after, index in turns])
        order = np.argsort(submit_s, kind="stable")
        drawn_jobs, submit_s = drawn_jobs[order], submit_s[order]
        self._room_for_jobs(len(drawn_jobs))
        jobs = self.world.jobs[self._known : self._known + len(drawn_jobs)]
        jobs[:] = real[drawn_jobs]
        jobs["work_s"] = self._accuracy.work_s(
            drawn_jobs, jobs["estimate_s"], np.zeros(len(drawn_jobs)), sample
        )
        dated = jobs["deadline_s"] < NEVER_S
        jobs["deadline_s"] = np.where(dated, jobs["deadline_s"] - jobs["submit_s"] + submit_s, NEVER_S)
        jobs["submit_s"] = submit_s
        if len(self.world.memberships):
            self.world.memberships[self._known :][: len(drawn_jobs)] = self._real.memberships[drawn_jobs]
        if len(self._real.standings) > 0:
            drawn = self._real.standings[drawn_jobs]
            self.world.standings[self._known : self._known + len(drawn_jobs)] = drawn
        self.drawn_jobs = drawn_jobs
        return len(drawn_jobs)

    def _room_for_jobs(self, arrivals: int) -> None:
        if self._known + arrivals > len(self.world.jobs):
            jobs = records((self._known + 2 * arrivals,), JOB)
            jobs[: len(self.world.jobs)] = self.world.jobs
            memberships = self._memberships(self.world, len(jobs))
            standings = records((len(jobs) if len(self.world.standings) else 0,), STANDING)
            standings[: len(self.world.standings)] = self.world.standings
            self.world = self.world._replace(jobs=jobs, standings=standings, memberships=memberships)
            before = {name: self._records[name].copy() for name in (*_LAID, *self._events.rows)}
            self._bind()
            for name, rows in before.items():
                self._records[name] = rows


def _words(array: Any) -> np.ndarray:
    """Records as whole numbers, one more axis."""
    plain = np.asarray(array)
    return plain.view(np.int64).reshape((*plain.shape, plain.itemsize // 8))
