"""Deferral: every waiting job is given its cheapest hour in sight, and starts if that is now.

For work without deadlines, where each second of waiting has a price. A job's cost is its price of waiting
until the start, and the energy that wind and sun do not cover beside what runs and what has been placed
before it. Jobs choose one after the other, small ones first; a job that finds nothing cheaper than what may
come beyond the outlook waits without a place. All of it is thought anew at each decision, so a better
forecast counts at once. Jobs start at full speed. Ours; list scheduling on a time grid, under the forecast's
median and the users' estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.model import Case
from rare.rules.advance import advance
from rare.rules.decide import apply, fastest_level
from rare.rules.orders import estimate_left_s
from rare.rules.outlook import outlook_steps, step_start_s, supply_ahead_mw
from rare.scheduler import BaseScheduler, Decider
from rare.state import live_lists
from rare.state.arrays import (
    DECIDE_SHED,
    DECIDE_START,
    EXPECTED,
    QUEUE,
    WAIT,
    World,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
    part_of,
)
from rare.state.compile import rule
from rare.state.memory import accessor, records, register
from traces.errors import InputError
from traces.numbers.constants import HOUR_S, MJ_PER_KWH

SHORT_S = 10  # the bound of the bounded slowdown
MOST_STEPS = 169  # of an outlook, and the step after it

PRICES = np.dtype(
    [
        ("wait", "f8"), ("energy", "f8"), ("later_share", "f8"), ("later_s", "f8"),
        ("kept_cores", "f8"), ("short_s", "f8"), ("run_power", "f8"), ("cores_power", "f8"),
        ("steps", "i8"), ("at_hours", "i8"), ("at_row", "i8"), ("row_room", "i8"),
    ],
    align=True,
)  # fmt: skip
HOUR = np.dtype([("start_s", "f8"), ("spare_mw", "f8"), ("free_cores", "f8")])
"""A step of the outlook: when it begins, supply and cores that are left."""
PLACE = np.dtype([("key", "f8"), ("slot", "i8")])
prices_at, hour_at, place_at = accessor(PRICES), accessor(HOUR), accessor(PLACE)


@dataclass(frozen=True)
class Prices:
    """What a second of waiting and a unit of energy cost, in one unit of any kind.

    wait     : of one unit of bounded slowdown of one job
    energy_kwh : of a kWh that wind and sun do not cover
    later_share, later_h : a start beyond the outlook is taken to leave this share of the job's energy
               uncovered, after so many hours
    kept_cores, short_s : so many cores are kept for jobs shorter than that
    run_power, cores_power : jobs choose in the order of run time ** a x cores ** b, least first
    """

    wait: float
    energy_kwh: float
    later_share: float = 0.1
    later_h: float = 24.0
    kept_cores: int = 0
    short_s: float = 600.0
    run_power: float = 1.0
    cores_power: float = 0.5


@rule
def lay_out(w, p):
    """What is left of supply and cores in each step of the outlook beside the running jobs."""
    s = env_of(w)
    part = part_of(w, 0)
    last = p.steps - 1
    for k in range(p.steps):
        hour = hour_at(p.at_hours, k)
        hour.start_s = step_start_s(w, k)
        hour.spare_mw = supply_ahead_mw(w, k) * 1000.0 / s.pue - s.node_mw - s.lit_mw
        hour.free_cores = part.cores
    end = hour_at(p.at_hours, p.steps)
    before = hour_at(p.at_hours, last).start_s
    end.start_s = before + s.forecast_step_s
    for i in range(ends_of(w, EXPECTED).first, ends_of(w, EXPECTED).last):
        live = live_of(w, entry_of(w, EXPECTED, i).slot)
        occupy(p, 0, max(live.expected_s, s.now_s + 1), live.power_mw, live.cores)


@rule
def occupy(p, first, end_s, power_mw, cores):
    """Take a job's cores and its mean power from each step until its end."""
    for k in range(first, p.steps):
        hour = hour_at(p.at_hours, k)
        if hour.start_s >= end_s:
            return
        after_s = hour_at(p.at_hours, k + 1).start_s
        share = (min(after_s, end_s) - hour.start_s) / (after_s - hour.start_s)
        hour.spare_mw -= power_mw * share
        hour.free_cores -= cores


@rule
def line_up(w, p):
    """Bring the waiting jobs into the order in which they choose; their number."""
    count = min(live_lists.size(w, QUEUE), p.row_room)
    first = ends_of(w, QUEUE).first
    for i in range(count):
        slot = entry_of(w, QUEUE, first + i).slot
        live = live_of(w, slot)
        run_s = max(estimate_left_s(job_of(w, live.job), live.left_s), SHORT_S)
        key = float(run_s) ** p.run_power * float(live.cores) ** p.cores_power
        j = i
        while j > 0 and place_at(p.at_row, j - 1).key > key:
            one = place_at(p.at_row, j)
            other = place_at(p.at_row, j - 1)
            one.key = other.key
            one.slot = other.slot
            j -= 1
        place = place_at(p.at_row, j)
        place.key = key
        place.slot = slot
    return count


@rule
def uncovered_mj(p, first, run_s, power_mw, cores):
    """Energy of a job from this step on that the supply left over does not cover; below 0: no cores."""
    begin_s = hour_at(p.at_hours, first).start_s
    end_s = begin_s + run_s
    grid_mj = 0.0
    for k in range(first, p.steps):
        hour = hour_at(p.at_hours, k)
        if hour.start_s >= end_s:
            return grid_mj
        if hour.free_cores < cores:
            return -1.0
        after_s = hour_at(p.at_hours, k + 1).start_s
        seconds = min(after_s, end_s) - hour.start_s
        spare_mw = max(hour.spare_mw, 0.0)
        if seconds < after_s - hour.start_s:  # for a part of the step, it may take all that the step spares
            grid_mj += max(power_mw * seconds - spare_mw * (after_s - hour.start_s), 0.0)
        else:
            grid_mj += max(power_mw - spare_mw, 0.0) * seconds
    beyond_s = end_s - hour_at(p.at_hours, p.steps).start_s
    return grid_mj + max(beyond_s, 0.0) * power_mw * p.later_share


@rule
def best_step(p, run_s, power_mw, cores):
    """The step of the outlook in which a job starts at least cost; WAIT: none is as cheap as later."""
    wait_price = p.wait / max(run_s, SHORT_S)
    least = p.later_share * power_mw * run_s * p.energy + wait_price * p.later_s
    now_s = hour_at(p.at_hours, 0).start_s
    best = WAIT
    for k in range(p.steps):
        cost = wait_price * (hour_at(p.at_hours, k).start_s - now_s)
        if cost >= least:
            break
        grid_mj = uncovered_mj(p, k, run_s, power_mw, cores)
        if grid_mj >= 0.0 and cost + grid_mj * p.energy < least:
            least = cost + grid_mj * p.energy
            best = k
    return best


@rule
def choose(w, prices):
    """The waiting job to start now, as a slot, or WAIT."""
    p = prices_at(prices, 0)
    p.steps = min(outlook_steps(w), MOST_STEPS - 1)
    all_cores = part_of(w, 0).cores
    lay_out(w, p)
    for i in range(line_up(w, p)):
        slot = place_at(p.at_row, i).slot
        live = live_of(w, slot)
        run_s = float(max(estimate_left_s(job_of(w, live.job), live.left_s), 1))
        kept = 0.0
        if run_s > p.short_s and live.cores <= all_cores - p.kept_cores:
            kept = p.kept_cores
        power_mw = float(live.power_mw)
        step = best_step(p, run_s, power_mw, live.cores + kept)
        if step == 0 and fastest_level(w, slot) == 0:
            return slot
        if step != WAIT:
            occupy(p, step, hour_at(p.at_hours, step).start_s + run_s, power_mw, live.cores)
    return WAIT


@rule
def replay_deferral(w, prices, steps):
    """As schedulers.heuristics.fused_replay.replay; a shortage is left to the rules."""
    status = advance(w)
    while steps > 0:
        if status == DECIDE_START:
            apply(w, choose(w, prices))
        elif status == DECIDE_SHED:
            apply(w, WAIT)
        else:
            return status
        status = advance(w)
        steps -= 1
    return status


class Deferral(BaseScheduler):
    """The rule as a scheduler. A shortage is left to the rules."""

    compiled_entry = "replay_deferral"

    def __init__(self, prices: Prices, name: str = "deferral") -> None:
        self.name, self.prices = name, prices

    def check(self, case: Case) -> None:
        """InputError for what the plan does not know: several partitions, or no forecast to plan by."""
        if len(case.cluster.partitions) != 1:
            raise InputError(f"scheduler {self.name!r} plans for one partition; the cluster has several")
        if case.forecast is None:
            raise InputError(f"scheduler {self.name!r} plans by a forecast of the supply; give one")

    def for_case(self, case: Case) -> DeferralDecider:
        """InputError where `check` refuses the case."""
        self.check(case)
        return DeferralDecider(self.name, self.prices)


class DeferralDecider(Decider):
    """Plans anew at each decision, in tables of its own."""

    def __init__(self, name: str, prices: Prices) -> None:
        super().__init__(name)
        self.prices = prices
        row = records((1,), PRICES)
        row.wait, row.energy = prices.wait, prices.energy_kwh / MJ_PER_KWH
        row.later_share, row.later_s = prices.later_share, prices.later_h * HOUR_S
        row.kept_cores, row.short_s = prices.kept_cores, prices.short_s
        row.run_power, row.cores_power = prices.run_power, prices.cores_power
        self._hours = records((MOST_STEPS,), HOUR)
        row.at_hours = register(self._hours)
        self._row, self._at = row, register(row)
        self._make_room(256)

    def __reduce__(self) -> tuple[type[DeferralDecider], tuple[str, Prices]]:
        """Made anew: its tables are written at each decision, and reached by their addresses."""
        return type(self), (self.name, self.prices)

    def _make_room(self, live_slots: int) -> None:
        if live_slots > int(self._row.row_room[0]):
            self._places = records((live_slots,), PLACE)
            self._row.at_row, self._row.row_room = register(self._places), live_slots

    def decide(self, world: World, e: int, status: int) -> int:
        """One decision, as a slot."""
        if status == DECIDE_SHED:
            return WAIT
        self._make_room(int(world.live.shape[1]))
        return int(choose(world.handles[e], self._at))

    def replay(self, handle: np.void, steps: int) -> int:
        """Many decisions without leaving compiled code (rare.clocks.compiled_clock)."""
        self._make_room(int(handle["live_slots"]))
        return int(replay_deferral(handle, self._at, steps))
