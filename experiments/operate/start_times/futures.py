"""Futures of a snapshot, simulated in compiled code: when each waiting job starts in each of them.

A future has run times, arrivals and a path of the supply of its own. It is a copy of the state at the
snapshot, run on under a scheduler until no job of the snapshot waits, or to the horizon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiments.operate.snapshots.snapshot_case import SnapshotCase
from experiments.operate.snapshots.snapshot_state import COPY, before_snapshot, fork_state
from experiments.operate.start_times.arrival_blocks import ArrivalBlocks
from rare.model import NEVER_S
from rare.rules.decide import apply
from rare.scheduler import Decider, as_decider
from rare.state.arrays import (
    DECIDE_SHED,
    DECIDE_START,
    FREE,
    INPUT,
    NEED_LIVE,
    NO_TIME,
    S_REJECTED,
    World,
    bind,
)
from rare.state.memory import records
from rare.world import more_live_slots
from schedulers.heuristics.heuristic_decider import HeuristicDecider
from schedulers.lookahead.believed_progress import believe_ends
from schedulers.lookahead.rollout import next_decision, run_until
from schedulers.lookahead.supply_paths import Outlook, path_scores, steps_ahead
from traces.numbers.constants import DAY_S, HOUR_S

if TYPE_CHECKING:
    from rare.env.policies.policy import AnyScheduler


_OF_JOBS = ("standings", "memberships")
"""Tables of a world with a row for each job: its place among accounts, and the groups that limits count."""


@dataclass(frozen=True, slots=True)
class Draws:
    """What differs between futures.

    work_s   : (N, F) int64, run times of the snapshot's jobs in the case's order, F futures
    arrivals : past submits to draw from; None: nobody arrives
    """

    work_s: np.ndarray
    arrivals: ArrivalBlocks | None


class Futures:
    """The state at a snapshot, and runs of it into futures."""

    def __init__(
        self, part: SnapshotCase, scheduler: AnyScheduler, *, horizon_s: int, paths: int, seed: int
    ) -> None:
        """paths: of the supply, around the newest forecast; the first one is its median."""
        self._part, self._horizon_s = part, horizon_s
        self._decider: Decider = as_decider(scheduler, part.case)
        self._world = before_snapshot(part, self._decider)
        self._jobs = len(part.jobs)
        self._past = self._world.jobs[self._jobs :].copy()
        self._tables = [name for name in _OF_JOBS if len(getattr(self._world, name))]
        self._past_rows = {name: getattr(self._world, name)[self._jobs :].copy() for name in self._tables}
        self._template_work_s = self._world.jobs["work_s"][: self._jobs].copy()
        self._lay_inputs(paths, seed)
        self.rejected = np.ones(len(part.waiting), bool)
        """(W,) whether a limit has rejected each waiting job in all runs so far."""

    def _lay_inputs(self, paths: int, seed: int) -> None:
        """Room for the inputs of a path behind those of the time before the snapshot."""
        world, taken_s = self._world, self._part.taken_s
        now = world.env[0].copy()
        now["now_s"] = taken_s
        for name, staged in (("supply_mw", "supply_mw"), ("import_mw", "import_mw"), ("pue", "pue")):
            now[name] = world.inputs[staged][1]
        for name in ("price_u", "carbon_u"):
            now[name] = world.inputs[name][1]
        rows = steps_ahead(now, self._horizon_s) if world.forecast.shape[0] else 1
        outlook = Outlook(now, world.forecast, rows)
        self._paths = records((paths, rows), INPUT)
        step_s = int(now["forecast_step_s"]) or HOUR_S
        scores = path_scores(paths, rows + world.forecast.shape[1] + 1, step_s, seed)
        for path, score in zip(self._paths, scores, strict=True):
            used = outlook.inputs(path, score)
        self._paths = self._paths[:, :used]
        inputs = records((1 + used,), INPUT)
        inputs[0] = world.inputs[0]
        inputs[1:] = self._paths[0]
        self._world = bind(world._replace(inputs=inputs))

    def most_power_mw(self) -> int:
        """The most that plants, grid and battery give at once on any path."""
        return int((self._paths["supply_mw"] + self._paths["import_mw"]).max()) + int(
            self._world.env[0].discharge_limit_mw
        )

    def least_pue(self) -> int:
        """The lowest PUE to come, per mille."""
        return int(self._paths["pue"].min())

    def complete_past(self, work_s: np.ndarray) -> None:
        """Give the past jobs these run times, (P,) seconds: some of them had not ended."""
        self._past["work_s"] = work_s

    def starts(self, draws: Draws, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        """(F, W) when each waiting job starts in each future, in the order of `part.waiting`.

        UTC seconds; NEVER_S: not before the horizon.
        """
        futures, rows = draws.work_s.shape[1], []
        for future in range(futures):
            rows.append(self._starts_of(draws, future))
            if progress is not None:
                progress(future + 1, futures)
        return np.stack(rows)

    def _starts_of(self, draws: Draws, future: int) -> np.ndarray:
        days = -(-self._horizon_s // DAY_S)
        while True:
            drawn = self._draw(draws, future, days)
            starts = self._run(drawn, draws.work_s[:, future], future)
            if starts is not None:
                return starts
            self._world = more_live_slots(self._world)

    def _draw(self, draws: Draws, future: int, days: int) -> int:
        """Write the arrivals of a future behind the snapshot's jobs; how many they are."""
        if draws.arrivals is None:
            return 0
        places, submit_s = draws.arrivals.draw(future, days)
        fits = (self._past["part"][places] >= 0) if len(places) else np.zeros(0, bool)
        places, submit_s = places[fits][: len(self._past)], submit_s[fits][: len(self._past)]
        jobs = self._world.jobs[self._jobs : self._jobs + len(places)]
        jobs[:] = self._past[places]
        jobs["submit_s"] = submit_s
        for name in self._tables:
            getattr(self._world, name)[self._jobs :][: len(places)] = self._past_rows[name][places]
        dated = jobs["deadline_s"] < NEVER_S
        moved_s = submit_s - self._past["submit_s"][places]
        jobs["deadline_s"] = np.where(dated, jobs["deadline_s"] + moved_s, NEVER_S)
        return len(places)

    def _run(self, arrivals: int, work_s: np.ndarray, future: int) -> np.ndarray | None:
        """Start times in one future; None: the copy needs more room for live jobs."""
        world, part = self._world, self._part
        world.inputs[1:] = self._paths[future % len(self._paths)]
        world.env["jobs_end"][0] = self._jobs + arrivals
        fork_state(world)
        world.jobs["work_s"][: self._jobs] = work_s
        live = world.live[COPY]
        here = np.flatnonzero(live["doing"] != FREE)
        index = live["job"][here]
        live["left_s"][here] += work_s[index] - self._template_work_s[index]
        believe_ends(world.handles[COPY])
        until_s = part.taken_s
        while until_s < part.taken_s + self._horizon_s:
            until_s = min(until_s + DAY_S, part.taken_s + self._horizon_s)
            status = self._run_until(until_s)
            if status == NEED_LIVE:
                return None
            starts = self._read_starts(world)
            rejected = world.outcome[COPY]["status"][part.waiting] == S_REJECTED
            if ((starts < NEVER_S) | rejected).all():
                break
        self.rejected &= rejected
        return starts

    def _run_until(self, until_s: int) -> int:
        handle, decider = self._world.handles[COPY], self._decider
        if isinstance(decider, HeuristicDecider):
            return int(run_until(handle, decider.policy, until_s))
        status = next_decision(handle, until_s)
        while status in (DECIDE_START, DECIDE_SHED):
            apply(handle, decider.decide(self._world, COPY, status))
            status = next_decision(handle, until_s)
        return int(status)

    def _read_starts(self, world: World) -> np.ndarray:
        """First starts of the waiting jobs in the copy; NEVER_S: none so far."""
        starts = np.asarray(world.outcome[COPY, : self._jobs]["start_s"]).copy()
        live = world.live[COPY]
        here = np.flatnonzero((live["doing"] != FREE) & (live["job"] < self._jobs))
        starts[live["job"][here]] = live["first_start_s"][here]
        return np.where(starts == NO_TIME, NEVER_S, starts)[self._part.waiting]
