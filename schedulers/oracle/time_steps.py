"""Time steps of the bound: the most favourable supply, grid and PUE in each, from the true inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.model import NEVER_S, UNLIMITED_MW, Case
from rare.world import build_inputs, build_jobs
from schedulers.oracle.machine.job_levels import longest_run_s
from schedulers.oracle.machine.machine_limits import (
    DrawLimits,
    NodesThere,
    draw_limits,
    event_edges_s,
    nodes_there,
)
from traces.errors import InputError
from traces.numbers.constants import MICRO, MJ_PER_KWH

MOST_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class Steps:
    """K steps from the beginning of a run to the last second at which value can be gained. Arrays are (K,).

    edge_s is (K + 1,) int64. supply_mj, import_mj: energy available (import may be infinite).
    rate_u_per_mj: the lowest price of grid energy in the step, carbon included. pue: the lowest, as a
    factor. constant: supply, import and PUE do not change within the step. cheap: the battery may charge
    from the grid at some instant of it (RULES §7.2a). supply_mw, import_mw: the most at any instant of it.
    limits: of the draw, by grid events. nodes: those that outages leave.
    """

    edge_s: np.ndarray
    supply_mj: np.ndarray
    import_mj: np.ndarray
    rate_u_per_mj: np.ndarray
    pue: np.ndarray
    constant: np.ndarray
    cheap: np.ndarray
    supply_mw: np.ndarray
    import_mw: np.ndarray
    limits: DrawLimits
    nodes: NodesThere

    @property
    def length_s(self) -> np.ndarray:
        """(K,) float seconds."""
        return np.diff(self.edge_s).astype(float)

    @property
    def pays_to_draw(self) -> bool:
        """Whether grid power earns money at some time, so that drawing more than needed can pay."""
        return bool((self.rate_u_per_mj < 0).any())


def end_of_gain_s(case: Case) -> int:
    """The second after which no job gains anything: the end of inputs or window, or the last expiry.

    Where jobs not served cost something, one may run on after its expiry and be served (RULES §6.4).
    InputError if the inputs never end and the last price is negative: then there is no such second."""
    jobs = build_jobs(case)
    dated = jobs.deadline_s[(jobs.deadline_s < NEVER_S) & (jobs.part >= 0)]
    submits = jobs.submit_s[(jobs.deadline_s < NEVER_S) & (jobs.part >= 0)]
    last_s = int(case.workload.submit_s[-1]) + 1
    if len(dated):
        last_s = max(last_s, int((dated + np.maximum(dated - submits, 600)).max()))
    priced = (jobs.unserved_u > 0) & (jobs.deadline_s < NEVER_S) & (jobs.part >= 0)
    if priced.any():
        last_s += int(longest_run_s(case)[priced].max()) + 1
    end_s = min(case.inputs.end_s, NEVER_S if case.end_s is None else case.end_s)
    if end_s == NEVER_S:
        _refuse_endless_profit(case)
        return max(last_s, int(case.inputs.change_s[-1]) + 1)
    if rates_u_per_kwh(case).min() < 0:
        return end_s  # drawing power may earn something until the end
    never_expires = priced & (jobs.value_u < 0)
    return end_s if _has_undated_value(case) or never_expires.any() else min(end_s, last_s)


def _has_undated_value(case: Case) -> bool:
    jobs = build_jobs(case)
    return bool(((jobs.deadline_s == NEVER_S) & (jobs.value_u > 0) & (jobs.part >= 0)).any())


def _refuse_endless_profit(case: Case) -> None:
    if rates_u_per_kwh(case)[-1] < 0:
        raise InputError(
            "bound: the inputs never end and the last price is negative, so no bound exists; give the "
            "inputs or the window an end"
        )


def rates_u_per_kwh(case: Case) -> np.ndarray:
    """(K,) float: what a kWh of grid energy costs in the objective, by input row, in micro-units."""
    rows = build_inputs(case)
    rate = np.zeros(len(rows))
    if case.inputs.priced:
        rate += rows.price_u
    if case.inputs.carbon_known:
        rate += rows.carbon_u * (case.options.carbon_price_u_per_kg / MICRO)
    return rate


def step_edges(case: Case, step_s: int) -> np.ndarray:
    """(K + 1,) edges in s: multiples of `step_s` from the beginning; changes of inputs too, if they are few.

    With at most two changes for each step all of them are edges, so that inputs are constant within a step;
    likewise the changes by grid events and outages. InputError for more than MOST_STEPS steps.
    """
    begin_s, end_s = case.first_instant_s, end_of_gain_s(case)
    if (end_s - begin_s) // step_s > MOST_STEPS:
        raise InputError(
            f"bound: {end_s - begin_s} s in steps of {step_s} s are more than {MOST_STEPS} steps; "
            "take longer ones"
        )
    edges = np.arange(begin_s, end_s, step_s, dtype=np.int64)
    few = 2 * len(edges)
    for changes in (build_inputs(case).change_s, event_edges_s(case)):
        inside = changes[(changes > begin_s) & (changes < end_s)]
        if len(inside) <= few:
            edges = np.concatenate([edges, inside])
    return np.unique(np.append(edges, end_s))


def make_steps(case: Case, edge_s: np.ndarray) -> Steps:
    """The steps between edges (K + 1,): energy available, lowest price and lowest PUE of each."""
    rows, rates = build_inputs(case), rates_u_per_kwh(case)
    count = len(edge_s) - 1
    first = np.searchsorted(rows.change_s, edge_s[:-1], side="right") - 1
    last = np.searchsorted(rows.change_s, edge_s[1:], side="left") - 1
    supply, imported = np.zeros(count), np.zeros(count)
    rate, pue = np.zeros(count), np.zeros(count)
    cheap = np.zeros(count, dtype=bool)
    most, most_import = np.zeros(count), np.zeros(count)
    may_charge = _may_charge(case, rows)
    for k in range(count):
        span = slice(first[k], last[k] + 1)
        ends = np.append(rows.change_s[first[k] + 1 : last[k] + 1], edge_s[k + 1])
        seconds = np.diff(np.append(edge_s[k], ends)).astype(float)
        supply[k] = (rows.supply_mw[span] * seconds).sum()
        limit = rows.import_mw[span]
        imported[k] = np.inf if (limit >= UNLIMITED_MW).any() else (limit * seconds).sum()
        rate[k] = rates[span].min() / MJ_PER_KWH
        pue[k] = rows.pue[span].min() / 1000
        cheap[k] = may_charge[span].any()
        most[k], most_import[k] = rows.supply_mw[span].max(), limit.max()
    limits = draw_limits(case, edge_s)
    cheap &= limits.may_buy
    nodes = nodes_there(case, edge_s)
    constant = first == last
    return Steps(edge_s, supply, imported, rate, pue, constant, cheap, most, most_import, limits, nodes)


def most_it_mw(case: Case, steps: Steps) -> np.ndarray:
    """(K,) float: IT power that jobs and their nodes draw at most at any instant of a step (RULES §2.6)."""
    battery_mw = case.battery.discharge_limit_mw if case.battery.capacity_mj else 0
    served_mw = steps.supply_mw + steps.import_mw + battery_mw
    return np.asarray(np.minimum(served_mw, steps.limits.most_mw) / steps.pue)


def _may_charge(case: Case, rows: np.ndarray) -> np.ndarray:
    """(K,) bool: input rows at which the battery may charge from the grid."""
    kind = case.options.grid_charge
    if kind == "never":
        return np.zeros(len(rows), dtype=bool)
    column = rows["price_u"] if kind == "price" else rows["carbon_u"]
    return np.asarray(column <= case.options.grid_charge_below_u)
