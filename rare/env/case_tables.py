"""What the environments of one case share: jobs, inputs and forecasts, and how an episode begins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rare.env.observation.buffers import NUMBER, STATIC, VIEW
from rare.env.observation.features import (
    HOUR_CARBON,
    HOUR_FEATURES,
    HOUR_PRICE,
    HOUR_SUPPLY,
    HOUR_SUPPLY_HIGH,
    HOUR_SUPPLY_LOW,
)
from rare.env.observation.layout import Layout
from rare.env.observation.shown_prices import AS_IN_THE_CASE, Dial, write_prices
from rare.env.stepping import PLAN
from rare.episodes import Episode
from rare.machine_events import PLANNED
from rare.model import NEVER_S, Case
from rare.rules.objective import prices_per_u
from rare.rules.orders import densities, density_median
from rare.state.arrays import SHARED, World, handle_records
from rare.state.memory import records, register
from rare.world import build_world
from traces.numbers.constants import DAY_S


@dataclass(frozen=True)
class Tables:
    """Read-only tables of a case, and templates that every episode of it begins from."""

    case: Case
    world: World  # of one environment: its jobs, inputs and forecasts are the shared ones
    handle: np.ndarray  # (1,) HANDLE of that environment
    env: np.ndarray  # (1,) ENV at the beginning of the case
    part: np.ndarray  # (1, P) PART, empty
    static: np.ndarray  # (J,) STATIC
    hours: np.ndarray  # (I x H x 5,) NUMBER: every forecast as an observation shows it
    view: np.ndarray  # (1,) VIEW without the places of an environment
    made_of: tuple[Any, ...]  # what `tables_of` was given

    @cached_property
    def case_digest(self) -> str:
        """Equal for equal jobs, machines, options, inputs, forecasts and events, in whatever process."""
        told = hashlib.sha256()
        for rows in (self.env, self.part, *(getattr(self.world, name) for name in SHARED)):
            for name in rows.dtype.names or ():  # by fields: what lies between them is nobody's
                told.update(np.ascontiguousarray(rows[name]).tobytes())
        return told.hexdigest()[:16]

    def __reduce__(self) -> tuple[Any, ...]:
        """They are made anew elsewhere: smaller than a pickle of them, and they hold addresses."""
        return tables_of, self.made_of

    def __copy__(self) -> Tables:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tables:
        return self


def tables_of(
    case: Case, layout: Layout, order: int, order_param: float, dial: Dial = AS_IN_THE_CASE
) -> Tables:
    """Tables of a case for environments of a layout. dial: prices to show in place of the case's."""
    world = build_world(case, live=1, order=order, order_param=order_param, log_level=0, record_jobs=False)
    static = _static(case, world.jobs)
    view, cluster = records((1,), VIEW), case.cluster
    _describe(view, layout)
    view["price_scale"] = view["carbon_scale"] = 1.0
    if layout.prices:
        write_prices(view, static, case, world.jobs, dial)
    hours = _hours(case, world.forecast, view[0])
    view["planned"] = case.outages is not None and bool((case.outages.draw == PLANNED).any())
    view["local_offset_s"] = case.local_offset_s % DAY_S
    view["peak_mw"] = max(cluster.peak_draw_mw, 1)
    view["cores"] = max(cluster.cores, 1)
    view["gpus_milli"] = max(sum(p.nodes * p.gpus_per_node * 1000 for p in cluster.partitions), 1)
    view["nodes"] = sum(p.nodes for p in cluster.partitions)
    view["at_static"], view["at_hours"] = register(static), register(hours)
    view["shown_s"] = view["shown_issue"] = view["shown_step"] = -NEVER_S
    handle = handle_records(world)
    given = case, layout, order, order_param, dial
    return Tables(case, world, handle, world.env.copy(), world.part.copy(), static, hours, view, given)


def _describe(view: Any, layout: Layout) -> None:
    """Write sizes, options and places of a layout into a view."""
    for name in (
        "queue_slots",
        "running_slots",
        "forecast_hours",
        "reservations",
        "levels",
        "events",
        "prices",
    ):
        view[name] = getattr(layout, name)
    view["actions"], view["length"] = layout.actions, layout.size
    for name, place in layout.slices.items():
        if name != "mask":
            view[f"{name}_at"] = place.start


def plan_of(tables: Tables, episode: Episode) -> np.ndarray:
    """(1,) PLAN: what an episode of the case begins with."""
    row = int(np.searchsorted(tables.world.inputs["change_s"], episode.begin_s, side="right")) - 1
    values = {
        "begin_s": episode.begin_s,
        "end_s": NEVER_S if episode.end_s is None else episode.end_s,
        "first_job": episode.first_job,
        "last_job": episode.last_job,
        "input_row": max(row, 0),
        "offered": episode.offered_u,
        "jobs": episode.placed_jobs,
        **prices_per_u(tables.case),
    }
    plan = records((1,), PLAN)
    for name, value in values.items():
        plan[name] = value
    return plan


def _static(case: Case, jobs: Any) -> np.ndarray:
    """(J,) STATIC: the features of jobs that never change."""
    table = records((len(jobs),), STATIC)
    peak_mw = max(case.cluster.peak_draw_mw, 1)
    for index, part in enumerate(case.cluster.partitions):
        here = jobs.part == index
        table["cores"][here] = jobs.cores[here] / max(part.nodes * part.cores_per_node, 1)
        table["gpus"][here] = jobs.gpus_milli[here] / max(part.nodes * part.gpus_per_node * 1000, 1)
        memory = part.memory_mib_per_node
        table["memory"][here] = 0 if memory is None else jobs.memory_mib[here] / (part.nodes * memory)
    table["power"] = np.minimum(jobs.power_mw / peak_mw, 1)
    usual = density_median(jobs) if case.density_median is None else case.density_median
    if usual is not None:
        density = densities(jobs)
        table["density"] = density / (density + usual)
    return table


def _hours(case: Case, forecast: Any, view: Any) -> np.ndarray:
    """Every forecast row in the observation's scale: supply and its quantiles, price, carbon."""
    table = np.zeros((max(forecast.size, 1), HOUR_FEATURES), np.float32)
    if forecast.size:
        rows, peak_mw = forecast.reshape(-1), max(case.cluster.peak_draw_mw, 1)
        quantiles = {HOUR_SUPPLY: "supply_mw", HOUR_SUPPLY_LOW: "low_mw", HOUR_SUPPLY_HIGH: "high_mw"}
        for column, name in quantiles.items():
            table[:, column] = _squash(rows[name] / peak_mw, 1.0)
        table[:, HOUR_PRICE] = _squash(rows["price_u"] * 1e-6 * view["price_scale"], 0.1)
        table[:, HOUR_CARBON] = _squash(rows["carbon_u"] * 1e-3 * view["carbon_scale"], 400.0)
    return table.reshape(-1).view(NUMBER).view(np.recarray)


def _squash(x: np.ndarray, half: float) -> np.ndarray:
    return x / (np.abs(x) + half)
