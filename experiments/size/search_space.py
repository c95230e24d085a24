"""The plants that can be tried: each size on a scale of equal steps, and the designed sample of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from experiments.size.plant_costs import Plant
from experiments.size.scenario_sizes import ScenarioSizes, battery_duration_h
from experiments.size.size_file import BatteryRange, GridRange, SizeFile, SourceRange

DIGITS = 6
"""Significant digits of a size in the unit of the question: what a user can read and repeat."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The values that a size may have: `steps` equal steps from low to high; 0 steps: it is fixed.

    per_unit: kW or kWh of a value of 1, where low and high are ratios or hours.
    """

    name: str
    low: float
    high: float
    steps: int
    per_unit: float = 1.0

    def value(self, index: int) -> float:
        """The size at a step, in kW or kWh."""
        if not self.steps:
            return self.low * self.per_unit
        return rounded(self.low + (self.high - self.low) * index / self.steps) * self.per_unit


def rounded(number: float) -> float:
    """A number of DIGITS significant digits."""
    return float(f"{number:.{DIGITS}g}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plant and the scheduler that runs it, as places on the scales: what a search proposes."""

    steps: tuple[int, ...]
    scheduler: str


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Scales in the order of Plant's fields, and the schedulers. duration_h: of a battery."""

    scales: tuple[Scale, ...]
    schedulers: tuple[str, ...]
    duration_h: float | None

    @property
    def free(self) -> list[Scale]:
        """The scales with more than one value."""
        return [scale for scale in self.scales if scale.steps]

    def plant(self, candidate: Candidate) -> Plant:
        """The capacities of a candidate."""
        sizes = {
            scale.name: scale.value(step) for scale, step in zip(self.scales, candidate.steps, strict=True)
        }
        if self.duration_h is not None:
            sizes["battery_kw"] = sizes["battery_kwh"] / self.duration_h
        return Plant(**sizes)

    def candidate(self, steps_by_name: dict[str, int], scheduler: str) -> Candidate:
        """The candidate at these steps; scales that are not named are at their lowest."""
        return Candidate(tuple(steps_by_name.get(scale.name, 0) for scale in self.scales), scheduler)


def search_space(question: SizeFile, sizes: ScenarioSizes) -> SearchSpace:
    """The space of a question. Ratios and hours count in the peak draw; what is not sized stays as it is."""
    own, peak_kw = sizes.own, sizes.peak_kw
    battery = question.battery
    kwh = None if battery is None else (battery.kwh, battery.hours, battery.steps)
    scales = (
        _scale("solar_kw", _sizes(question.solar), peak_kw, own.solar_kw),
        _scale("wind_kw", _sizes(question.wind), peak_kw, own.wind_kw),
        _scale("battery_kwh", kwh, peak_kw, own.battery_kwh),
        _scale("battery_kw", None if battery is None else _power(battery), peak_kw, own.battery_kw),
        _scale("grid_kw", _sizes(question.grid), peak_kw, own.grid_kw),
    )
    duration_h = None if battery is None else battery_duration_h(battery)
    return SearchSpace(scales, tuple(question.schedulers), duration_h)


Limits = tuple[float, float]
Sizes = tuple[Limits | None, Limits | None, int]
"""Least and most in kW or kWh, or as ratios of the peak draw, and the steps between them."""


def _sizes(table: SourceRange | GridRange | None) -> Sizes | None:
    return None if table is None else (table.kw, table.ratio, table.steps)


def _power(battery: BatteryRange) -> Sizes | None:
    return None if battery.kw is None else (battery.kw, None, battery.kw_steps)


def _scale(name: str, sizes: Sizes | None, peak_kw: float, own: float) -> Scale:
    """The scale of what is sized; a fixed one of what is not."""
    if sizes is None:
        return Scale(name, own, own, 0)
    absolute, ratio, steps = sizes
    low, high = absolute or ratio or (own, own)
    return Scale(name, low, high, steps if high > low else 0, 1.0 if absolute is not None else peak_kw)


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
        warnings.filterwarnings(
            "ignore", message="The balance properties of Sobol"
        )  # one is taken out anyway
        unit = engine.random(max(size - 1, 1))
    candidates = [largest]
    for place, point in enumerate(unit, 1):
        steps = {
            scale.name: int(min(np.floor(share * (scale.steps + 1)), scale.steps))
            for scale, share in zip(free, point, strict=True)
        }
        candidates.append(space.candidate(steps, space.schedulers[place % len(space.schedulers)]))
    return candidates[:size]
