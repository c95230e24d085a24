"""The power of a snapshot: no limit until it was taken, then the scenario's inputs and newest forecast."""

from __future__ import annotations

import dataclasses

import numpy as np

from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot
from rare.model import NEVER_S, UNLIMITED_MW, Cluster, Forecast, Inputs
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.power_inputs import read_power_inputs
from rare.scenario.load import Loaded
from traces.errors import InputError
from traces.jobs.workload import Workload

DEAR_U = 2**30
"""The price before the snapshot: nothing charges from the grid at it, and it changes when the snapshot is
taken, so that this is an instant of the run."""


def power_of_snapshot(
    snapshot: ClusterSnapshot, loaded: Loaded, work: Workload, cluster: Cluster, record: BuildRecord
) -> tuple[Inputs, Forecast | None]:
    """No limit until the snapshot; then the scenario's inputs, and the forecast that was issued last."""
    taken_s = snapshot.taken_s
    power = read_power_inputs(loaded, work, cluster, record)
    given = power.inputs
    row = int(np.searchsorted(given.change_s, taken_s, side="right")) - 1
    if row < 0 or taken_s >= given.end_s:
        raise InputError("the snapshot was taken outside of the scenario's supply")
    before_s = min(int(work.submit_s[0]), taken_s - 1)
    after = slice(row, None)

    def column(name: str, before: int) -> np.ndarray:
        values = getattr(given, name)[after]
        return np.concatenate([np.array([before], np.int64), values])

    change_s = np.concatenate([[before_s, taken_s], given.change_s[row + 1 :]]).astype(np.int64)
    pue = given.pue_per_mille
    inputs = Inputs(
        change_s,
        column("supply_mw", 0),
        column("import_limit_mw", UNLIMITED_MW),
        column("price_u_per_kwh", DEAR_U),
        column("carbon_ukg_per_kwh", 0),
        None if pue is None else column("pue_per_mille", int(pue[row])),
        NEVER_S,
        given.renewable,
        given.priced,
        given.carbon_known,
    )
    return inputs, newest_forecast(power.forecast, taken_s)


def newest_forecast(forecast: Forecast | None, taken_s: int) -> Forecast | None:
    """The issue that was out at `taken_s`, alone; None where none was."""
    if forecast is None or taken_s < forecast.begin_s:
        return None
    issue = min((taken_s - forecast.begin_s) // forecast.issue_step_s, len(forecast.supply_mw) - 1)
    tables = {
        name: getattr(forecast, name)[issue : issue + 1]
        for name in ("supply_mw", "low_mw", "high_mw", "price_u", "carbon_u")
    }
    return dataclasses.replace(forecast, begin_s=forecast.begin_s + issue * forecast.issue_step_s, **tables)
