"""Episodes: windows of one case, so that thousands of environments share its jobs, inputs and forecasts."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from rare.build import build_jobs
from rare.model import Case
from traces.errors import InputError

# Scenarios are read by a package that builds on this one, so it is found by name when it is asked for.
_SCENARIOS = "experiments.episodes"


@dataclass(frozen=True, slots=True)
class Episode:
    """Jobs first_job to last_job - 1 of a case, from begin_s on; end_s None: until all are done."""

    name: str
    split: str
    first_job: int
    last_job: int
    begin_s: int
    end_s: int | None
    offered_u: int  # value of the jobs that fit the cluster
    case_index: int = 0


@dataclass(frozen=True)
class Episodes:
    """Cases whose jobs and inputs cover the episodes."""

    scenario: str
    cases: tuple[Case, ...]
    episodes: tuple[Episode, ...]
    local_offset_s: int = 0  # of the workload's clock, for the hour of the day

    @property
    def case(self) -> Case:
        """The first case: the scenario as it is."""
        return self.cases[0]

    def of(self, split: str) -> list[Episode]:
        """The episodes of a split, or the one of that name."""
        found = [episode for episode in self.episodes if split in (episode.split, episode.name)]
        if not found:
            splits = sorted({episode.split for episode in self.episodes})
            raise InputError(
                f"episodes {split!r}: {self.scenario} has the splits {', '.join(splits)}, windows such as "
                f"{self.episodes[0].name}"
            )
        return found


def offered_u(case: Case, first: int, last: int) -> int:
    """Value of a range of jobs, without those that fit no partition (RULES §6.5)."""
    jobs = build_jobs(case)[first:last]
    return int(np.where((jobs.part >= 0) & (jobs.value_u > 0), jobs.value_u, 0).sum())


def episodes_of_case(case: Case, name: str = "case") -> Episodes:
    """One episode: the whole case."""
    jobs = len(case.workload)
    whole = Episode(name, "train", 0, jobs, case.first_instant_s, case.end_s, offered_u(case, 0, jobs))
    return Episodes(name, (case,), (whole,))


def load_episodes(scenario: Any, settings: tuple[str, ...] = (), seed: int = 0) -> Episodes:
    """The episodes of a scenario by name or file, of a Case, or Episodes as they are."""
    if isinstance(scenario, Episodes):
        return scenario
    if isinstance(scenario, Case):
        return episodes_of_case(scenario)
    module = importlib.import_module(_SCENARIOS)
    return cast(Episodes, module.episodes_of(str(scenario), settings, seed))
