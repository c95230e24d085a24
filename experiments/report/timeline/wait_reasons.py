"""How long each job waited because cores were taken, power was short, or the scheduler chose others.

Only what the tables of a run prove is counted. A part of a wait that they do not decide is in none of the three.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.figures.drawing.job_intervals import RUNNING
from experiments.figures.power_timeline import power_columns
from experiments.report.timeline.config_values import number, table, tables
from experiments.report.timeline.run_rows import RunRows
from experiments.results.run_folder import Run


@dataclass(frozen=True)
class WaitReasons:
    """Seconds of each job's first wait, in the rows of jobs.csv.

    cores_s: fewer cores of its partition were free than it asks for. power_s: enough cores were free, but what
    could still be served was less than its cores alone draw. turn_s: enough cores were free, and wind, sun and
    grid left at least what its cores and as many nodes of its own draw.
    """

    cores_s: np.ndarray
    power_s: np.ndarray
    turn_s: np.ndarray


@dataclass(frozen=True)
class _Partition:
    """cores: of all its nodes. core_w, node_w, resting_w: facility draw of a busy core, of a node in use without
    its cores, and of an unused node. Unknown draws are NaN, the last one infinite.
    """

    nodes: int
    cores: int
    cores_per_node: float
    core_w: float
    node_w: float
    resting_w: float


def wait_reasons(
    rows: RunRows, arrive_s: np.ndarray, start_s: np.ndarray, gone_s: np.ndarray
) -> WaitReasons | None:
    """The waits from arrival to first start, departure or the end of the run; None if the cores are unknown."""
    run, time_s = rows.run, rows.time_s
    partitions = _partitions(run.config)
    if _own_powers(run, partitions):
        partitions = {name: replace(one, core_w=np.nan) for name, one in partitions.items()}
    if not partitions or len(time_s) < 2:
        return None
    jobs = run.jobs
    until_s = np.where(np.isnan(start_s), np.where(np.isnan(gone_s), time_s[-1], gone_s), start_s)
    until_s = np.minimum(until_s, time_s[-1])
    waits = np.flatnonzero(until_s > arrive_s)
    reasons = WaitReasons(*(np.zeros(len(jobs)) for _ in range(3)))
    least_w, most_w = _spare(run)
    names = jobs["partition"].to_numpy() if "partition" in jobs else np.full(len(jobs), "")
    for name in set(names[waits].tolist()):
        partition = partitions.get(name) or (
            next(iter(partitions.values())) if len(partitions) == 1 else None
        )
        if partition is None:
            continue
        free = partition.cores - _cores_used(rows, names, name)
        of_partition = waits[names[waits] == name]
        for asked in np.unique(rows.cores[of_partition]):
            waiting = of_partition[rows.cores[of_partition] == asked]
            own_w = asked * partition.core_w
            with_nodes_w = own_w + np.ceil(asked / partition.cores_per_node) * partition.node_w
            taken = free < asked
            spans = (arrive_s[waiting], until_s[waiting])
            reasons.cores_s[waiting] = _seconds_in(time_s, taken, *spans)
            reasons.power_s[waiting] = _seconds_in(time_s, ~taken & (most_w < own_w), *spans)
            reasons.turn_s[waiting] = _seconds_in(time_s, ~taken & (least_w >= with_nodes_w), *spans)
    return reasons


def _seconds_in(time_s: np.ndarray, holds: np.ndarray, from_s: np.ndarray, to_s: np.ndarray) -> np.ndarray:
    """For each span, the seconds in which `holds`, known from each time to the next, is true."""
    so_far = np.concatenate(([0.0], np.cumsum(holds[:-1] * np.diff(time_s))))
    return np.interp(to_s, time_s, so_far) - np.interp(from_s, time_s, so_far)


def _cores_used(rows: RunRows, names: np.ndarray, name: str) -> np.ndarray:
    """Cores at work at each time in the partition `name`."""
    if len(set(names.tolist())) == 1:
        return rows.run.power["used_cores"].fillna(0).to_numpy(dtype=float)
    pieces = rows.pieces
    running = (pieces["state"] == RUNNING).to_numpy()
    return rows.cores_over_time(running & (names[pieces["job"].to_numpy()] == name))


def _spare(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """W that could be served beyond the draw at each time: certainly, and at the very most.

    The first leaves out the battery and all times of grid events. The second is the starting capacity (RULES 2.5
    and 2.6) with all that unused nodes could draw, since these go dark for a job.
    """
    time_s, parts = run.power["time_s"].to_numpy(dtype=float), power_columns(run.power)
    size = len(time_s)
    resolved = table(run.config, "resolved")
    if "supply" not in parts:
        return np.full(size, np.inf), np.full(size, np.inf)
    varies = table(run.config, "grid").get("import_series")
    if "import_limit_kw" not in resolved or varies:
        return np.full(size, -np.inf), np.full(size, np.inf)
    grid_w = number(resolved["import_limit_kw"], np.inf) * 1000  # null: no limit
    beyond = parts["supply"] - parts["draw"]
    content_wh = np.maximum(
        parts["content"], np.append(parts["content"][1:], 0.0)
    )  # the larger end of each step
    least = beyond + grid_w
    most = beyond + starting_limit_w(run.config, content_wh, grid_w) + _resting_w(run.config)
    if run.grid_events is not None:
        for event in run.grid_events.itertuples():
            during = (time_s >= event.start_s) & (time_s < event.end_s)
            least[during] = -np.inf
            most[during] = np.fmin(most[during], event.limit_w - parts["draw"][during])
    return least, most


def starting_limit_w(config: dict[str, Any], content_wh: np.ndarray, grid_w: float) -> np.ndarray:
    """W that battery and grid may give to a start at each content of the battery: RULES 2.5 at `min_battery_s`."""
    battery, resolved, rules = (table(config, name) for name in ("battery", "resolved", "rules"))
    if not resolved.get("battery_kwh"):
        return np.full(len(content_wh), grid_w)
    limit_w = (
        number(battery.get("discharge_ratio"), 1.0) * number(resolved.get("peak_draw_kw"), np.inf) * 1000
    )
    if "discharge_kw" in battery:
        limit_w = number(battery["discharge_kw"], np.inf) * 1000
    hours = max(number(rules.get("min_battery_s"), 60), 1) / 3600
    lasting_w = content_wh * number(battery.get("discharge_efficiency"), 1.0) / hours
    if rules.get("dispatch_first") == "grid":
        return grid_w + np.minimum(limit_w, lasting_w)
    return np.where(lasting_w >= limit_w, limit_w + grid_w, np.maximum(grid_w, lasting_w))


def _resting_w(config: dict[str, Any]) -> float:
    """W that all nodes draw without jobs; infinite where the configuration does not tell."""
    return sum(one.nodes * one.resting_w for one in _partitions(config).values())


def _partitions(config: dict[str, Any]) -> dict[str, _Partition]:
    """The partitions by name, as far as the resolved configuration tells."""
    cluster = table(config, "cluster")
    found: dict[str, _Partition] = {}
    pue = number(cluster.get("pue"), 1.0)
    declared = {str(one.get("name")): one for one in tables(cluster, "partition")}
    for entry in tables(table(config, "resolved"), "partitions"):
        node = declared.get(str(entry.get("name"))) or table(cluster, "node")
        cores, nodes = number(entry.get("cores"), 0), number(entry.get("nodes"), 0)
        if cores <= 0 or nodes <= 0:
            continue
        # With GPUs and speed levels a job may draw more or less than its cores at full speed.
        plain = not (node.get("gpus_per_node") or node.get("speed") or node.get("speeds"))
        core_w = number(node.get("core_w"), np.nan) if plain else np.nan
        node_w = number(node.get("idle_w"), np.nan)
        resting_w = number(node.get("idle_w" if node.get("idle_nodes") == "on" else "sleep_w"), np.inf)
        found[str(entry.get("name"))] = _Partition(
            int(nodes), int(cores), cores / nodes, core_w * pue, node_w * pue, resting_w * pue
        )
    return found


def _own_powers(run: Run, partitions: dict[str, _Partition]) -> bool:
    """Whether some uninterrupted job drew other than its cores would: the trace then gives powers of its own."""
    jobs = run.jobs
    if "energy_j" not in jobs or "work_s" not in jobs or len(partitions) != 1:
        return False
    core_w = next(iter(partitions.values())).core_w
    plain = jobs["status"].eq("completed") & jobs["suspensions"].eq(0) & (jobs["work_s"] > 60)
    if "kills" in jobs:
        plain &= jobs["kills"].eq(0)
    energy_j = pd.to_numeric(jobs.loc[plain, "energy_j"], errors="coerce")
    by_cores_j = jobs.loc[plain, "cores"] * jobs.loc[plain, "work_s"] * core_w
    return bool((np.abs(energy_j - by_cores_j) > 0.02 * by_cores_j).any())
