"""Episodes: windows of one case, so that thousands of environments share its jobs, inputs and forecasts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.model import Case
from rare.world import build_jobs
from traces.errors import InputError
from traces.jobs.dependencies.selected_chains import without_missing_predecessors

# Scenarios are read by a package that builds on this one, so it is found by name when it is asked for.


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
    placed_jobs: int  # jobs that fit the cluster
    case_index: int = 0


@dataclass(frozen=True)
class Episodes:
    """Cases whose jobs and inputs cover the episodes."""

    scenario: str
    cases: tuple[Case, ...]
    episodes: tuple[Episode, ...]

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


@dataclass(frozen=True, slots=True)
class Randomise:
    """Clusters, loads and supplies for policies that must generalise: `variants` cases drawn once by `seed`.

    cluster, load, supply: ranges (low, high) of factors on the scenario's cores or nodes, its offered load,
    and the capacity of its renewable sources, each drawn log-uniformly. mix: the total capacity is dealt out
    anew among the sources. New jobs are drawn for each variant where the scenario's jobs are made by a model;
    jobs from a file stay as they are, so their load follows from the size of the cluster alone.
    """

    variants: int = 8
    cluster: tuple[float, float] = (1.0, 1.0)
    load: tuple[float, float] = (1.0, 1.0)
    supply: tuple[float, float] = (1.0, 1.0)
    mix: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.variants, bool) or not isinstance(self.variants, int) or self.variants < 1:
            raise InputError(f"randomise: variants must be a whole number above 0, got {self.variants!r}")
        for name in ("cluster", "load", "supply"):
            given = getattr(self, name)
            try:
                low, high = (float(each) for each in given)
            except (TypeError, ValueError):
                low, high = math.nan, math.nan
            if not 0 < low <= high < math.inf:
                raise InputError(f"randomise: {name} must be (low, high), 0 < low <= high, got {given}")
            object.__setattr__(self, name, tuple(given))  # a list, where it comes from JSON

    @classmethod
    def of(cls, given: Randomise | Mapping[str, Any] | None) -> Randomise | None:
        """As it is, or made of a mapping, which is what it becomes in the JSON of an environment's spec."""
        if given is None or isinstance(given, Randomise):
            return given
        if not isinstance(given, Mapping):
            raise InputError(f"randomise: must be a rare.Randomise or a mapping of its fields, got {given!r}")
        known = [each.name for each in dataclasses.fields(cls)]
        for name in given:
            if name not in known:
                raise InputError(f"randomise: {name!r} is unknown; known are {', '.join(known)}")
        return cls(**given)


def counted(jobs: Any) -> tuple[int, int]:
    """Value offered and number of jobs (build.build_jobs), without those that fit no partition (§6.5)."""
    placed = jobs.part >= 0
    return int(np.where(placed & (jobs.value_u > 0), jobs.value_u, 0).sum()), int(placed.sum())


def window_case(case: Case, episode: Episode) -> Case:
    """An episode of a case as a case of its own: only its jobs, counted from 0, under the same inputs."""
    return dataclasses.replace(
        case,
        workload=without_missing_predecessors(case.workload.select(episode.first_job, episode.last_job)),
        begin_s=episode.begin_s,
        end_s=episode.end_s,
    )


def episodes_of_case(case: Case, name: str = "case") -> Episodes:
    """One episode: the whole case."""
    jobs = len(case.workload)
    whole = Episode(name, "train", 0, jobs, case.first_instant_s, case.end_s, *counted(build_jobs(case)))
    return Episodes(name, (case,), (whole,))
