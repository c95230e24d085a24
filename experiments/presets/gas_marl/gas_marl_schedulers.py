"""The schedulers compared in GAS-MARL's case, and the forecast that each uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.presets.gas_marl.gas_marl_case import ETA, JOBS_PER_WINDOW
from experiments.presets.gas_marl.gas_marl_forecast import PERFECT, REALISTIC
from rare.model import Case
from rare.scheduler import BaseScheduler, Decider, as_scheduler
from rare.state.arrays import DECIDE_START, QUEUED, World
from schedulers import make_scheduler
from schedulers.heuristics.deferral import Deferral, Prices
from traces.errors import InputError

HEURISTICS = ("fcfs", "easy", "sjf+easy", "f2", "f2+easy", "f2+greedy")
DEFERRAL, AGENT = "deferral", "agent"
DEFAULT = (*HEURISTICS, DEFERRAL, AGENT)

PUBLISHED = (
    ("FCFS", 91.0012, 0.61862, 0.437),
    ("F2", 55.6667, 0.59182, 0.480),
    ("genetic algorithm", 100.98, 0.7505, 0.549),
    ("masked PPO", 54.31, 0.6866, 0.578),
    ("GAS-MARL", 29.83, 0.7623, 0.703),
)
"""Of the paper's schedulers, as its public code measures them on these windows: mean bounded slowdown,
renewable share, score. They backfill by that code's own rule, and see the true supply of 24 hours."""

PATIENCE_DAYS = 60
WINDOW_KWH = 2500.0
"""Energy of a window, about; so one kWh that wind and sun do not cover costs 1 / WINDOW_KWH of the score."""
PRICES = Prices(
    wait=ETA / JOBS_PER_WINDOW,
    energy_kwh=1.0 / WINDOW_KWH,
    later_share=0.1,
    later_h=24.0,
    kept_cores=48,
    short_s=1000.0,
    run_power=1.0,
    cores_power=0.5,
)
"""Chosen on training windows."""


@dataclass(frozen=True)
class Entrant:
    """A row of the table. forecast: kind, None for a scheduler that uses none. seed: of a trained agent."""

    name: str
    forecast: str | None
    scheduler: BaseScheduler
    seed: int | None = None


class Patient(BaseScheduler):
    """A trained agent that starts a job as soon as it fits once it has waited PATIENCE_DAYS.

    A network may postpone a job forever: one left two of 1,024 jobs until the weather data ended after three
    years.
    """

    def __init__(self, inner: BaseScheduler) -> None:
        self.inner, self.name = inner, inner.name

    def check(self, case: Case) -> None:
        """InputError for a case that the agent refuses."""
        self.inner.check(case)

    def for_case(self, case: Case) -> PatientDecider:
        """The agent's decider, with patience."""
        return PatientDecider(self.inner.for_case(case))


class PatientDecider(Decider):
    """Takes the decisions of another decider where no job is overdue."""

    def __init__(self, inner: Decider) -> None:
        super().__init__(inner.name, order=inner.order, order_param=inner.order_param)
        self._inner = inner

    def decide(self, world: World, e: int, status: int) -> int:
        """The first overdue job that fits, else the agent's decision, as a slot."""
        if status == DECIDE_START:
            live = world.live[e]
            limit_s = int(world.env[e].now_s) - PATIENCE_DAYS * 86_400
            fitting = (live.doing == QUEUED) & (live.cores <= int(world.part[e, 0].free_cores))
            slots = np.flatnonzero(fitting)
            if len(slots):
                first = int(slots[live.job[slots].argmin()])  # jobs are in the order of their submit times
                if int(world.jobs[live.job[first]].submit_s) <= limit_s:
                    return first
        return self._inner.decide(world, e, status)


def deferral() -> Deferral:
    """The heuristic `deferral` with the prices of this case."""
    return Deferral(PRICES)


def entrants(names: Sequence[str], agents: dict[int, Path]) -> list[Entrant]:
    """The rows for these names. agents: checkpoint of each seed. InputError for an unknown name."""
    rows = []
    for name in names:
        if name == AGENT:
            rows += _agents(agents)
        elif name == DEFERRAL:
            rows += [Entrant(name, kind, deferral()) for kind in (PERFECT, REALISTIC)]
        else:
            rows.append(Entrant(name, None, heuristic(name)))
    return rows


def heuristic(name: str) -> BaseScheduler:
    """A scheduler by its name. InputError for one that cannot work in this case."""
    if "green" in name.split("+"):
        raise InputError(
            f"scheduler {name!r}: the green gate holds jobs until their latest start, and these jobs have "
            f"no deadlines; {DEFERRAL} is the rule for such jobs"
        )
    return as_scheduler(make_scheduler(name))


def _agents(agents: dict[int, Path]) -> list[Entrant]:
    """Each agent by its seed, once with each forecast."""
    from schedulers.network.learned_scheduler import LearnedScheduler

    patient = {seed: Patient(LearnedScheduler(folder, AGENT)) for seed, folder in agents.items()}
    return [Entrant(AGENT, kind, patient[seed], seed) for kind in (PERFECT, REALISTIC) for seed in patient]
