"""From the metrics of a plant's runs to its yearly cost, carbon and service, averaged over the years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.size.cost_table import CostTable
from experiments.size.pareto_front import named_choices, non_dominated
from experiments.size.plant_costs import Plant, yearly_costs
from experiments.size.search_plants import Scores
from experiments.size.size_cases import SizeCase
from experiments.size.size_file import SizeFile
from traces.errors import InputError

_COST_NAMES = {"solar": "solar", "wind": "wind", "battery": "battery", "grid": "grid_line"}
WORST_SLOWDOWN = 1e12
"""Of a plant under which no job was counted: the search takes no missing value."""


@dataclass(frozen=True, slots=True)
class Service:
    """The third objective. column: of the table of points. sign: -1 where more is better."""

    name: str
    column: str
    label: str
    sign: int


SERVICES = {
    "value": Service("value", "value_per_year", "value earned per year", -1),
    "late": Service("late", "late_per_year", "late jobs per year", 1),
    "unserved": Service("unserved", "unserved_share", "share of jobs not served", 1),
    "slowdown": Service("slowdown", "mean_bounded_slowdown", "mean bounded slowdown, unfinished jobs too", 1),
}


def service_of(question: SizeFile, cases: Sequence[SizeCase]) -> Service:
    """What the question asks for. InputError where the jobs have no values or deadlines."""
    valued = all(case.has_value for case in cases)
    dated = all(case.has_deadlines for case in cases)
    if question.service == "auto":
        return SERVICES["value" if valued else "late" if dated else "slowdown"]
    for name, has in (("value", valued), ("late", dated)):
        if question.service == name and not has:
            raise InputError(
                f"service is {name!r}, and the jobs have no {'value' if name == 'value' else 'deadline'}",
                remedy="add [[service_class]] to the scenario, or take another service",
            )
    return SERVICES[question.service]


@dataclass(frozen=True, slots=True)
class PlantPair:
    """A plant as it is simulated, and what is bought for it: nameplate, and what is not sized."""

    plant: Plant
    bought: Plant


def judged(
    plants: PlantPair,
    metrics: Sequence[Mapping[str, Any]],
    cases: Sequence[SizeCase],
    least_served: Sequence[float],
    costs: CostTable,
) -> dict[str, Any]:
    """A row of the table of points.

    metrics, least_served: of each case, in order; the latter is the share of jobs that must be served. What a
    run costs, emits and earns is scaled to a year by the case's `scale`; shares and the slowdown are not.
    Means over the cases, and the worst of them. `served_margin` is what is served beyond least_served in the
    year in which that is least.
    """
    owned = yearly_costs(plants.bought, costs)
    capital = sum(cost.capital_per_year for cost in owned.values())
    running = sum(cost.running_per_year for cost in owned.values())
    embodied_kg = sum(cost.embodied_kg_per_year for cost in owned.values())
    years = pd.DataFrame([_year(each, case) for each, case in zip(metrics, cases, strict=True)])
    mean = years.mean(skipna=False)
    margins = years["served_share"].to_numpy() - np.asarray(least_served)
    fewest = int(years["served_share"].to_numpy().argmin())
    energy_kwh = float(years["energy_kwh_per_year"].sum())
    return {
        **asdict(plants.plant),
        "cost_per_year": capital + running + mean["grid_energy_cost_per_year"],
        "capital_per_year": capital,
        "running_per_year": running,
        "grid_energy_cost_per_year": mean["grid_energy_cost_per_year"],
        **{
            f"{_COST_NAMES[asset]}_cost_per_year": cost.capital_per_year + cost.running_per_year
            for asset, cost in owned.items()
        },
        "carbon_kg_per_year": embodied_kg + mean["grid_carbon_kg_per_year"],
        "embodied_kg_per_year": embodied_kg,
        "grid_carbon_kg_per_year": mean["grid_carbon_kg_per_year"],
        "value_per_year": mean["value_per_year"],
        "late_per_year": mean["late_per_year"],
        "unserved_share": 1 - mean["served_share"],
        "served_share": mean["served_share"],
        "mean_bounded_slowdown": mean["mean_bounded_slowdown"],
        "energy_kwh_per_year": mean["energy_kwh_per_year"],
        "grid_kwh_per_year": mean["grid_kwh_per_year"],
        "renewable_share": float((years["renewable_share"] * years["energy_kwh_per_year"]).sum() / energy_kwh)
        if energy_kwh
        else np.nan,
        "curtailed_kwh_per_year": mean["curtailed_kwh_per_year"],
        "worst_served_share": float(years["served_share"].iloc[fewest]),
        "worst_served_year": cases[fewest].name,
        "served_margin": float(margins.min()),
        "worst_cost_per_year": capital + running + years["grid_energy_cost_per_year"].max(),
        "worst_carbon_kg_per_year": embodied_kg + years["grid_carbon_kg_per_year"].max(),
        "worst_value_per_year": years["value_per_year"].min(skipna=False),
        "worst_late_per_year": years["late_per_year"].max(skipna=False),
        "worst_mean_bounded_slowdown": years["mean_bounded_slowdown"].max(skipna=False),
    }


def _year(metrics: Mapping[str, Any], case: SizeCase) -> dict[str, float]:
    """One case, scaled to a year. Money and carbon of a grid that nothing was imported from are 0."""
    per_year = {
        name: _number(metrics[key]) * case.scale
        for name, key in (
            ("value_per_year", "value_earned"),
            ("late_per_year", "qos_violations"),
            ("energy_kwh_per_year", "energy_kwh"),
            ("grid_kwh_per_year", "grid_kwh"),
            ("curtailed_kwh_per_year", "curtailed_kwh"),
        )
    }
    for name, key in (("grid_energy_cost_per_year", "grid_cost"), ("grid_carbon_kg_per_year", "carbon_kg")):
        value = metrics[key]
        if value is None and metrics["grid_kwh"] > 0:
            raise InputError(f"imported from a grid whose {key} nobody knows", where=f"year {case.name}")
        per_year[name] = (value or 0.0) * case.scale
    return {
        **per_year,
        "served_share": served_share(metrics),
        "mean_bounded_slowdown": _number(metrics["mean_bounded_slowdown_with_unfinished"]),
        "renewable_share": _number(metrics["renewable_share"] or 0.0),
    }


def served_share(metrics: Mapping[str, Any]) -> float:
    """Completed jobs as a share of those that fit the machine: no plant serves the others."""
    fitting = metrics["jobs_submitted"] - metrics["jobs_rejected"]
    return metrics["jobs_completed"] / fitting if fitting else 1.0


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def scores(row: Mapping[str, Any], service: Service) -> Scores:
    """What the search goes by. A year in which too few jobs are served counts, not the mean."""
    third = float(row[service.column]) * service.sign
    if np.isnan(third):
        third = WORST_SLOWDOWN
    objectives = float(row["cost_per_year"]), float(row["carbon_kg_per_year"]), third
    return Scores(objectives, -float(row["served_margin"]))


def points_table(rows: Sequence[Mapping[str, Any]], service: Service) -> pd.DataFrame:
    """The points with what they are: `serves_enough`, `on_front` (of those that do), and `choice`."""
    points = pd.DataFrame(list(rows))
    judged_by = [scores(row, service) for row in rows]
    values = np.array([each.objectives for each in judged_by])
    enough = np.array([each.lack <= 0 for each in judged_by])
    on_front = np.zeros(len(points), dtype=bool)
    if enough.any():
        on_front[np.flatnonzero(enough)] = non_dominated(values[enough])
    points["serves_enough"], points["on_front"] = enough, on_front
    choices: dict[int, list[str]] = {}
    for name, row in named_choices(values, on_front).items():
        choices.setdefault(row, []).append(name)
    points["choice"] = ["+".join(choices.get(row, [])) for row in range(len(points))]
    return points
