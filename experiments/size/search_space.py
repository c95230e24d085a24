"""The plants that can be tried: each size on a scale of equal steps, and the designed sample of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from experiments.size.plant_costs import Plant
from experiments.size.scenario_sizes import ScenarioSizes, battery_duration_h
from experiments.size.size_file import SizeFile

DIGITS = 6
"""Significant digits of a size: kW that a user can read and repeat."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The values that a size may have: `steps` equal steps from low to high; 0 steps: it is fixed."""

    name: str
    low: float
    high: float
    steps: int

    def value(self, index: int) -> float:
        """The size at a step, in kW or kWh."""
        if not self.steps:
            return self.low
        return float(f"{self.low + (self.high - self.low) * index / self.steps:.{DIGITS}g}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plant and the scheduler that runs it, as places on the scales: what a search proposes."""

    steps: tuple[int, ...]
    scheduler: str


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Scales in the order of Plant's fields, and the schedulers. duration_h: of a battery without a power scale."""

    scales: tuple[Scale, ...]
    schedulers: tuple[str, ...]
    duration_h: float | None

    @property
    def free(self) -> list[Scale]:
        """The scales with more than one value."""
        return [scale for scale in self.scales if scale.steps]

    def plant(self, candidate: Candidate) -> Plant:
        """The capacities of a candidate."""
        sizes = {scale.name: scale.value(step) for scale, step in zip(self.scales, candidate.steps, strict=True)}
        if self.duration_h is not None:
            sizes["battery_kw"] = float(f"{sizes['battery_kwh'] / self.duration_h:.{DIGITS}g}")
        return Plant(**sizes)

    def candidate(self, steps_by_name: dict[str, int], scheduler: str) -> Candidate:
        """The candidate at these steps; scales that are not named are at their lowest."""
        return Candidate(tuple(steps_by_name.get(scale.name, 0) for scale in self.scales), scheduler)


def search_space(question: SizeFile, sizes: ScenarioSizes) -> SearchSpace:
    """The space of a question. Ratios and hours count in the peak draw; what is not sized stays as it is."""
    own, peak_kw = sizes.own, sizes.peak_kw
    scales = []
    for kind in ("solar", "wind"):
        table = getattr(question, kind)
        own_kw = getattr(own, f"{kind}_kw")
        scales.append(_scale(f"{kind}_kw", table and table.kw, table and table.ratio, peak_kw, table, own_kw))
    battery = question.battery
    kwh, hours = (None, None) if battery is None else (battery.kwh, battery.hours)
    scales.append(_scale("battery_kwh", kwh, hours, peak_kw, battery, own.battery_kwh))
    if battery is not None and battery.kw is not None:
        low, high = battery.kw
        scales.append(Scale("battery_kw", low, high, battery.kw_steps if high > low else 0))
    else:
        scales.append(Scale("battery_kw", own.battery_kw, own.battery_kw, 0))
    grid = question.grid
    scales.append(_scale("grid_kw", grid and grid.kw, grid and grid.ratio, peak_kw, grid, own.grid_kw))
    duration_h = None if battery is None else battery_duration_h(battery)
    return SearchSpace(tuple(scales), tuple(question.schedulers), duration_h)


def _scale(name, kw, ratio, peak_kw, table, own) -> Scale:
    if table is None:
        return Scale(name, own, own, 0)
    low, high = kw if kw is not None else (ratio[0] * peak_kw, ratio[1] * peak_kw)
    low, high = float(f"{low:.{DIGITS}g}"), float(f"{high:.{DIGITS}g}")
    return Scale(name, low, high, table.steps if high > low else 0)


def designed_sample(space: SearchSpace, size: int, seed: int) -> list[Candidate]:
    """Candidates spread evenly over the space: the largest plant, then points of a scrambled Sobol sequence.

    The largest plant is the first, because it tells whether any plant can serve the jobs (Sobol 1967,
    scrambled as by Owen 1998, through scipy.stats.qmc). Schedulers take turns.
    """
    from scipy.stats import qmc

    free = space.free
    largest = space.candidate({scale.name: scale.steps for scale in free}, space.schedulers[0])
    if not free:
        return [space.candidate({}, name) for name in space.schedulers][:size]
    engine = qmc.Sobol(len(free), scramble=True, rng=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The balance properties of Sobol")  # one is taken out anyway
        unit = engine.random(max(size - 1, 1))
    candidates = [largest]
    for place, point in enumerate(unit, 1):
        steps = {
            scale.name: int(min(np.floor(share * (scale.steps + 1)), scale.steps))
            for scale, share in zip(free, point, strict=True)
        }
        candidates.append(space.candidate(steps, space.schedulers[place % len(space.schedulers)]))
    return candidates[:size]
