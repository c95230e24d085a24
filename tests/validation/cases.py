"""Cases and runs that the validation tests share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.model import Case, Cluster, Inputs, Partition, constant_inputs
from rare.rules.invariants import verify
from rare.run import CLOCKS
from rare.state.arrays import ENDED_NAMES
from rare.world import build_world
from schedulers import make_scheduler
from traces.jobs.workload import Workload

CLOCK_NAMES = tuple(CLOCKS)
ENERGIES = ("available", "used", "curtailed", "charged", "discharged", "grid", "draw", "wasted")
COUNTS = ("completed", "rejected", "expired", "failed", "suspensions", "kills", "decisions", "instants")


def replay_case(jobs: Workload, processors: int | None = None, inputs: Inputs | None = None) -> Case:
    """A trace on its own machine, one core a node; without inputs, a grid without limit."""
    nodes = processors or jobs.processors
    assert nodes is not None, f"{jobs.name} does not say how large its machine is"
    node = Partition(nodes=nodes, idle_mw=4_000, core_mw=8_000, sleep_mw=500)
    return Case(jobs, Cluster((node,)), inputs or constant_inputs())


@dataclass(frozen=True)
class Run:
    """What a clock made of a case: final world, all events with the settled instants, power changes."""

    world: Any
    events: np.ndarray
    power: np.ndarray

    @property
    def jobs(self) -> np.ndarray:
        """(J,) state.OUTCOME."""
        return self.world.outcome[0]

    @property
    def totals(self) -> dict[str, Any]:
        """How it ended, energies in mJ, and counts, as plain integers."""
        state = self.world.env[0]
        energies = {name: int(state[f"{name}_mj"]) for name in ENERGIES}
        return {
            "ended": ENDED_NAMES[state.ended],
            "now_s": int(state.now_s),
            "core_s": int(state.core_s),
            **energies,
            **{name: int(state[name]) for name in COUNTS},
        }


def run_on(clock: str, case: Case, scheduler: str, *, verify_every_s: int | None = None) -> Run:
    """Run a case with the full log. `verify_every_s`: check the invariants that often (SimPy clock only)."""
    decider = make_scheduler(scheduler).for_case(case)
    world = build_world(case, order=decider.order, order_param=decider.order_param, log_level=2)
    runner: Any = CLOCKS[clock](world, decider, case.workload.job_id)
    if verify_every_s is not None:
        time_s, last_s = case.first_instant_s, int(case.workload.submit_s[-1])
        while time_s <= last_s and runner.step_until(time_s):
            verify(runner.world)
            time_s += verify_every_s
    world = runner.run()
    verify(world)
    state = world.env[0]
    power = runner.recorder.power_until(int(state.now_s), int(state.content))
    return Run(world, runner.recorder.events, power)


def assert_identical(one: Run, other: Run) -> None:
    """Same outcome of every job, same events, instants, power changes, energies and counts."""
    assert one.totals == other.totals
    assert np.array_equal(one.jobs, other.jobs)
    assert np.array_equal(one.events, other.events)
    assert np.array_equal(one.power, other.power)
