"""Accounts per user, group, partition or service class: jobs, energy, cost, carbon and waits of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rare.accounts.job_accounts import Account, JobAccounts
from rare.model import Case
from rare.schedule import joules, partition_names
from rare.state.arrays import S_COMPLETED
from traces.numbers.constants import MICRO, MJ_PER_KWH

if TYPE_CHECKING:
    import pandas as pd

UJ_PER_MJ = 1000
UNUSED, STORED = "unused", "stored"
"""Rows beside those of users: the draw while no job ran, and what was bought for the battery and stayed."""


def grouped_by(case: Case) -> dict[str, np.ndarray]:
    """What the jobs of a case can be grouped by, with the name of each job's group; '' is none or unknown.

    Users, groups, accounts, QOS and service classes where the trace has any, partitions where there are
    several.
    """
    work = case.workload
    names = {key: getattr(work, key) for key in ("user", "group", "account", "qos", "service_class")}
    found = {key: column for key, column in names.items() if column is not None and (column != "").any()}
    if len(case.cluster.partitions) > 1:
        found["partition"] = partition_names(case)
    return found


def account_frame(
    case: Case, outcome: np.ndarray, accounts: JobAccounts, row: str, names: np.ndarray
) -> pd.DataFrame:
    """A row for each name, the largest draw first, then UNUSED and STORED; sums are the totals of the run.

    outcome: (J,) state.OUTCOME. row: what a name is, as in `grouped_by`. Energy is exact in draw_j, as text.
    Renewable share, cost and carbon are empty where the case has none of it. mean_wait_s is over completed
    jobs.
    """
    import pandas as pd

    known, place = np.unique(names.astype(str), return_inverse=True)
    sums = [_sums(column, place, len(known)) for column in _columns(accounts)]
    rows = [Account(*(int(column[k]) for column in sums)) for k in range(len(known))]
    done = outcome["status"] == S_COMPLETED
    came_s = case.workload.submit_s + outcome["delay_s"]
    wait_s = np.maximum(outcome["end_s"] - came_s - case.workload.work_s, 0)
    jobs, completed = np.bincount(place), np.bincount(place[done], minlength=len(known))
    waits_s = np.bincount(place[done], wait_s[done], len(known))
    order = sorted(range(len(known)), key=lambda k: (-rows[k].draw_mj, known[k]))
    means_s = [waits_s[k] / completed[k] if completed[k] else None for k in order]
    listed = [rows[k] for k in order] + [accounts.unused, accounts.stored]
    return pd.DataFrame(
        {
            "row": [row] * len(order) + [UNUSED, STORED],
            "name": [*known[order], "", ""],
            "jobs": [*jobs[order].tolist(), None, None],
            "completed": [*completed[order].tolist(), None, None],
            **account_columns(case, accounts, listed),
            "mean_wait_s": [*means_s, None, None],
        }
    ).astype({"jobs": "Int64", "completed": "Int64"})


def account_columns(case: Case, accounts: JobAccounts, listed: list[Account]) -> dict[str, list[object]]:
    """The columns of these accounts in files: J and kWh, shares, money and kg; None where there is none."""
    renewable = case.inputs.renewable
    return {
        "draw_j": [joules(each.draw_mj * UJ_PER_MJ) for each in listed],
        "draw_kwh": [each.draw_mj / MJ_PER_KWH for each in listed],
        "renewable_share": [accounts.renewable_share(each) if renewable else None for each in listed],
        "grid_kwh": [each.grid_mj / MJ_PER_KWH for each in listed],
        "grid_cost": [each.cost_u / MICRO if case.inputs.priced else None for each in listed],
        "carbon_kg": [each.emitted_u / MICRO if case.inputs.carbon_known else None for each in listed],
    }


def job_rows(accounts: JobAccounts) -> list[Account]:
    """The account of each job."""
    columns = (column.tolist() for column in _columns(accounts))
    return [Account(*numbers) for numbers in zip(*columns, strict=True)]


def _columns(accounts: JobAccounts) -> tuple[np.ndarray, ...]:
    """The accounts of the jobs, in the order of Account."""
    parts = (accounts.used_mj, accounts.discharged_mj, accounts.grid_mj, accounts.cost_u, accounts.emitted_u)
    return (accounts.draw_mj, *parts)


def _sums(column: np.ndarray, place: np.ndarray, count: int) -> np.ndarray:
    totals = np.zeros(count, dtype=object)
    np.add.at(totals, place, column)
    return totals
