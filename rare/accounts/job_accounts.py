"""What each job drew from wind and sun, the battery and the grid, and what that cost and emitted (RULES §13).

The accounts of the jobs, of the time in which nobody ran, and of what was bought for the battery and stayed
there add up to the totals of the run exactly, in integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rare.accounts.flow_shares import FlowSplitter, Holdings, Split, cumulative_floors, exact_sum, product
from rare.model import Case, Partition
from rare.schedule import RecordedRun, level_power_mw, stretches
from rare.world import build_jobs
from traces.errors import InputError
from traces.numbers.constants import MJ_PER_KWH

_MOST_INT64 = 2.0**62


class Account(NamedTuple):
    """Energies in mJ, money in micro-units, carbon in micro-kilograms: whole numbers.

    draw_mj: energy drawn, the sum of the next three but in `JobAccounts.stored`. used_mj: wind and sun, used
    at once. discharged_mj: from the battery. grid_mj: from the grid.
    """

    draw_mj: int
    used_mj: int
    discharged_mj: int
    grid_mj: int
    cost_u: int
    emitted_u: int


@dataclass(frozen=True, eq=False)
class JobAccounts:
    """The accounts of a run. Arrays are (J,) Python integers, aligned with the workload; units as in Account.

    unused: the draw while no job ran. stored: grid energy that charged the battery, with the part of its cost
    and carbon that no job used up (RULES §13.4); it is no part of the draw.
    charged_mj, grid_charged_mj: into the battery, and the part of it from the grid.
    """

    used_mj: np.ndarray
    discharged_mj: np.ndarray
    grid_mj: np.ndarray
    cost_u: np.ndarray
    emitted_u: np.ndarray
    unused: Account
    stored: Account
    charged_mj: int
    grid_charged_mj: int

    @classmethod
    def of(cls, result: RecordedRun) -> JobAccounts:
        """The accounts of a simulation that was recorded; InputError where it was not."""
        if len(result.power) == 0:
            raise InputError(
                "the run was not recorded, so its accounts are not known; simulate with record=True"
            )
        return _accounts(result)

    @property
    def draw_mj(self) -> np.ndarray:
        """(J,) energy drawn."""
        return self.used_mj + self.discharged_mj + self.grid_mj

    def renewable_share(self, account: Account) -> float | None:
        """The renewable share of an account's draw, the battery's part as in RULES §7.7; None of no draw."""
        green = 1 - self.grid_charged_mj / self.charged_mj if self.charged_mj else 1.0
        return (
            (account.used_mj + account.discharged_mj * green) / account.draw_mj if account.draw_mj else None
        )


def weights_mw(case: Case, held: np.ndarray) -> np.ndarray:
    """(N,) int64, of each STRETCH: active power, and its part of a node's idle power (RULES §13.2)."""
    jobs = build_jobs(case)
    node_mw = np.zeros(len(jobs), np.int64)
    for index, part in enumerate(case.cluster.partitions):
        here = jobs.part == index
        node_mw[here] = _node_part_mw(part, jobs[here])
    return level_power_mw(case, held) + node_mw[held["job"]]


def _node_part_mw(part: Partition, jobs: np.ndarray) -> np.ndarray:
    """Idle power of the nodes, or parts of them, that jobs take by the resource they take the most of."""
    sizes = {
        "cores": part.cores_per_node,
        "gpus_milli": part.gpus_per_node * 1000,
        "memory_mib": part.memory_mib_per_node or 0,
    }
    most_mw = np.zeros(len(jobs), np.int64)
    for name, size in sizes.items():
        if size > 0 and len(jobs):
            amounts = np.asarray(jobs[name]).astype(np.int64)
            kind = object if float(amounts.max()) * part.idle_mw >= _MOST_INT64 else np.int64
            most_mw = np.maximum(most_mw, (-(-amounts.astype(kind) * part.idle_mw // size)).astype(np.int64))
    return most_mw


class _Flows(NamedTuple):
    """Constant between neighbouring edges, mW; price and carbon a kWh. direct: from the grid for the draw."""

    seconds: np.ndarray
    used: np.ndarray
    discharged: np.ndarray
    direct: np.ndarray
    charged: np.ndarray
    grid_charged: np.ndarray
    price_u: np.ndarray
    carbon_u: np.ndarray


def _flows(result: RecordedRun, edges_s: np.ndarray) -> _Flows:
    power, inputs = result.power, result.case.inputs
    row = np.searchsorted(power["time_s"], edges_s[:-1], side="right") - 1
    supply, draw, battery, grid = (
        power[name][row] for name in ("supply_mw", "draw_mw", "battery_mw", "grid_mw")
    )
    used, discharged = np.minimum(supply, draw), np.maximum(-battery, 0)
    direct = draw - used - discharged
    rates = np.searchsorted(inputs.change_s, edges_s[:-1], side="right") - 1
    return _Flows(
        np.diff(edges_s),
        used,
        discharged,
        direct,
        np.maximum(battery, 0),
        grid - direct,
        inputs.price_u_per_kwh[rates],
        inputs.carbon_ukg_per_kwh[rates],
    )


def _accounts(result: RecordedRun) -> JobAccounts:
    """The accounts of a recorded run."""
    case, power = result.case, result.power
    begin_s, end_s = int(power["time_s"][0]), int(power["time_s"][-1])
    held = stretches(result.events, end_s)
    change_s = case.inputs.change_s
    within_s = change_s[(change_s > begin_s) & (change_s < end_s)]
    edges_s = np.unique(np.concatenate((power["time_s"], within_s, held["start_s"], held["end_s"])))
    flows = _flows(result, edges_s)
    splitter = FlowSplitter(
        edges_s,
        Holdings(held["job"], held["start_s"], held["end_s"], weights_mw(case, held), len(case.workload)),
    )
    used, discharged, direct = (splitter.split(flow) for flow in (flows.used, flows.discharged, flows.direct))
    charged_mj, grid_charged_mj = (
        exact_sum(flow, flows.seconds) for flow in (flows.charged, flows.grid_charged)
    )
    shares = _battery_shares(case, discharged, charged_mj)
    cost, unused_cost, stored_cost = _charges(splitter, flows, flows.price_u, shares)
    emitted, unused_emitted, stored_emitted = _charges(splitter, flows, flows.carbon_u, shares)
    return JobAccounts(
        used.by_job,
        discharged.by_job,
        direct.by_job,
        cost,
        emitted,
        Account(
            used.unused + discharged.unused + direct.unused,
            used.unused,
            discharged.unused,
            direct.unused,
            unused_cost,
            unused_emitted,
        ),
        Account(0, 0, 0, grid_charged_mj, stored_cost, stored_emitted),
        charged_mj,
        grid_charged_mj,
    )


def _battery_shares(case: Case, discharged: Split, charged_mj: int) -> tuple[np.ndarray, int]:
    """What the battery lost to each job and to nobody, (J + 1,), and the content that these are a part of.

    The whole is what was charged, or what was taken where that is more (§13.4), in mJ/1000.
    """
    taken = np.append(discharged.by_job, discharged.unused) * round(1000 / case.battery.discharge_efficiency)
    return taken, max(charged_mj * round(1000 * case.battery.charge_efficiency), int(taken.sum()))


def _charges(
    splitter: FlowSplitter, flows: _Flows, rate_u: np.ndarray, shares: tuple[np.ndarray, int]
) -> tuple[np.ndarray, int, int]:
    """What imports cost (emitted): of each job, while nobody ran, and left in the battery (§13.4, §13.5)."""
    direct = splitter.split(product(flows.direct, rate_u))
    exact = np.append(direct.by_job, direct.unused)
    stored = exact_sum(product(flows.grid_charged, rate_u), flows.seconds)
    taken, whole = shares
    if stored and whole:
        passed_on = cumulative_floors(taken, stored, whole)
        exact = exact + passed_on
        stored -= int(passed_on.sum())
    micro = cumulative_floors(np.append(exact, stored), 1, MJ_PER_KWH)
    return micro[:-2], int(micro[-2]), int(micro[-1])
