"""Run one case on both clocks, or on a clock and the reference, in a form that compares with ==."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from rare.clocks.simpy_clock import SimpyClock
from rare.model import Case
from rare.rules.invariants import verify
from rare.run import CLOCKS
from rare.scheduler import Decider, as_decider, keep_queue
from rare.state.arrays import ENDED_NAMES, EVENT_NAMES, STATUS_NAMES
from rare.world import build_world

ENERGIES = ("available", "used", "curtailed", "charged", "grid_charged", "discharged", "grid", "draw")


def draw(seed: int, now_s: int, options: list[int]) -> int:
    """A choice that depends on the state alone, the same for every simulator: one of them or WAIT."""
    digest = hashlib.blake2b(f"{seed} {now_s} {options}".encode(), digest_size=4).digest()
    pick = int.from_bytes(digest, "big") % (len(options) + 1)
    return -1 if pick == len(options) else options[pick]


class Erratic:
    """A user's scheduler that does anything that is allowed."""

    def __init__(self, seed: int, picky: bool = True) -> None:
        self.seed = seed
        self.picky = picky  # may WAIT although something is possible

    def _draw(self, now_s: int, options: list[int]) -> int:
        choice = draw(self.seed, now_s, options)
        return options[0] if choice < 0 and options and not self.picky else choice

    def _restless(self, view: Any) -> bool:
        return (view.now_s + self.seed) % 5 == 0  # else it would suspend and resume every second

    def choose(self, view: Any) -> int:
        starts = [job.index for job in view.startable]
        stops = [job.index for job in view.running if view.can_suspend(job)]
        return self._draw(view.now_s, starts + stops * self._restless(view))

    def victim(self, view: Any) -> int:
        return self._draw(view.now_s, [job.index for job in view.running])

    def choose_in_reference(self, view: Any) -> int:
        return self._draw(view.now_s, list(view.possible) + list(view.suspendable) * self._restless(view))

    def victim_in_reference(self, view: Any) -> int:
        return self._draw(view.now_s, list(view.running))


def history(case: Case, scheduler: Any, clock: str, *, checked: bool = False) -> dict[str, Any]:
    """Everything that happened on a clock, instants included."""
    decider = as_decider(scheduler, case)
    world = build_world(case, live=2, log_level=2)
    keep_queue(world, 0, decider)
    runner = CLOCKS[clock](world, decider, case.workload.job_id)
    if checked:
        _verify_at_every_decision(runner)
    world = runner.run()
    verify(world)
    return summary(world, runner.recorder.events)


class Unfused(Decider):
    """The same decider without its compiled loop, so that every decision comes by.

    before: called with the world before each of them.
    """

    def __init__(self, decider: Decider, before: Callable[[Any], None] | None = None) -> None:
        super().__init__(decider.name, order=decider.order, order_param=decider.order_param)
        self._decider, self._before = decider, before

    def decide(self, world: Any, e: int, status: int) -> int:
        if self._before is not None:
            self._before(world)
        return self._decider.decide(world, e, status)


def _verify_at_every_decision(runner: Any) -> None:
    runner._decider = Unfused(runner._decider, verify)
    if isinstance(runner, SimpyClock):  # and when each instant is over
        set_alarm = runner._set_alarm
        runner._set_alarm = lambda alarm_s: (verify(runner.world), set_alarm(alarm_s))


def summary(world: Any, events: np.ndarray) -> dict[str, Any]:
    """The run as plain Python values."""
    state = world.env[0]
    log = [
        (int(t), EVENT_NAMES[k], int(j), *([level] if level else [])) for t, j, k, level in events.tolist()
    ]
    return {
        "ended": ENDED_NAMES[state.ended],
        "events": [row for row in log if row[1] != "instant"],
        "instants": [row[0] for row in log if row[1] == "instant"],
        "energy": {**{name: int(state[name + "_mj"]) for name in ENERGIES}, "leaked": int(state.leaked)},
        "money": (int(state.cost_u), int(state.emitted_u), int(state.content), int(state.wasted_mj)),
        "counts": (int(state.decisions), int(state.violations), int(state.offered_u)),
        "unserved": (int(state.unserved), int(state.unserved_u)),
        "jobs": [_job(row) for row in world.outcome[0]],
    }


def _job(row: Any) -> tuple[Any, ...]:
    start_s = None if row.start_s < 0 else int(row.start_s)
    end_s = int(row.end_s) if STATUS_NAMES[row.status] == "completed" else None
    return start_s, end_s, int(row.suspensions), int(row.kills), int(row.earned_u), STATUS_NAMES[row.status]
