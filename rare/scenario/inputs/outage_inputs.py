"""Outages of a scenario: those it lists, of a file, or failures drawn at random, on the workload's clock."""

from __future__ import annotations

from collections import Counter

import numpy as np

from energy.datacenter.node_failures import FailureModel, node_failures
from energy.hash_noise import key_of, uniforms
from rare.machine_events import DRAW_BITS, PLANNED, Outages
from rare.model import NEVER_S, Cluster
from rare.scenario.config.machine_event_tables import OutagesTable, OutageTable
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.csv_rows import read_rows
from rare.scenario.inputs.event_inputs import RunSpan, note_outside
from rare.scenario.inputs.run_calendar import RunCalendar
from rare.scenario.inputs.supply_inputs import check_zone
from rare.scenario.load import Loaded
from traces.errors import InputError

_COLUMNS = 5


def read_outages(
    loaded: Loaded, cluster: Cluster, calendar: RunCalendar, span: RunSpan, record: BuildRecord
) -> Outages | None:
    """The outages that touch the run, by begin, then in file order; None where the scenario has none."""
    scenario = loaded.scenario
    if not scenario.outage and scenario.outages is None:
        return None
    tables = [(f"outage.{place}", table) for place, table in enumerate(scenario.outage)]
    rows = _rows(tables, cluster, calendar)
    if scenario.outages is not None and scenario.outages.model is None:
        rows = np.concatenate([rows, _of_file(loaded, scenario.outages, cluster, calendar, record)])
    note_outside(loaded, "outages", int((~_touching(rows, span)).sum()), len(rows), record)
    if scenario.outages is not None and scenario.outages.model is not None:
        rows = np.concatenate([rows, _drawn(scenario.outages, cluster, span)])
    rows = rows[_touching(rows, span)]
    rows = rows[np.argsort(rows[:, 2], kind="stable")]
    return Outages(*rows.T)


def _touching(rows: np.ndarray, span: RunSpan) -> np.ndarray:
    """(K,) bool: which outages have a second in common with the run."""
    touching: np.ndarray = (rows[:, 2] < span.end_s) & (rows[:, 3] > span.begin_s)
    return touching


def _rows(tables: list[tuple[str, OutageTable]], cluster: Cluster, calendar: RunCalendar) -> np.ndarray:
    """(K, 5) int64: partition, nodes, begin, end, draw; one not planned has a row for each node."""
    rows: list[tuple[int, ...]] = []
    broken: Counter[tuple[int, int]] = Counter()  # nodes that break in a partition at one second
    for where, table in tables:
        partition = _partition(where, table, cluster)
        begin_s, end_s = _span(where, table, calendar)
        if table.planned:
            rows.append((partition, table.nodes, begin_s, end_s, PLANNED))
            continue
        key = key_of("outage", cluster.partitions[partition].name)
        numbers = broken[partition, begin_s] + np.arange(table.nodes)
        broken[partition, begin_s] += table.nodes
        chance = uniforms(key, np.full(table.nodes, begin_s), numbers)
        draws = np.floor(chance * 2**DRAW_BITS).astype(np.int64).tolist()
        rows += [(partition, 1, begin_s, end_s, draw) for draw in draws]
    return np.array(rows, dtype=np.int64).reshape(-1, _COLUMNS)


def _partition(where: str, table: OutageTable, cluster: Cluster) -> int:
    names = [partition.name for partition in cluster.partitions]
    if table.partition is None and len(names) > 1:
        raise InputError(
            "is missing: the cluster has several partitions",
            where=f"{where}.partition",
            remedy=f"give one of {', '.join(names)}",
        )
    name = names[0] if table.partition is None else table.partition
    if name not in names:
        raise InputError(
            f"{name!r} is unknown", where=f"{where}.partition", remedy=f"known are {', '.join(names)}"
        )
    index = names.index(name)
    if table.nodes > cluster.partitions[index].nodes:
        raise InputError(
            f"is {table.nodes}, but partition {name} has {cluster.partitions[index].nodes} nodes",
            where=f"{where}.nodes",
            remedy="give at most as many",
        )
    return index


def _span(where: str, table: OutageTable, calendar: RunCalendar) -> tuple[int, int]:
    try:
        begin_s = calendar.second_of(table.begin)
        end_s = NEVER_S if table.end is None else calendar.second_of(table.end)
    except InputError as error:
        raise error.at(where) from None
    if end_s <= begin_s:
        raise InputError(
            f"{table.end!r} is not later than from, {table.begin!r}",
            where=f"{where}.to",
            remedy="swap them, or correct one",
        )
    return begin_s, end_s


def _of_file(
    loaded: Loaded, table: OutagesTable, cluster: Cluster, calendar: RunCalendar, record: BuildRecord
) -> np.ndarray:
    record.files["outages"] = path = loaded.path(table.file or "")
    check_zone(table.zone, "outages.zone")
    calendar = RunCalendar(calendar.epoch_s, table.zone or calendar.zone)
    rows = read_rows(path, OutageTable, flags=("planned",), texts=("partition",))
    tables = [(f"{path}: outage {place}", row) for place, row in enumerate(rows, start=1)]
    return _rows(tables, cluster, calendar)


def _drawn(table: OutagesTable, cluster: Cluster, span: RunSpan) -> np.ndarray:
    """Failures from second 0 of the workload's clock on, so that every window of a scenario has the same."""
    assert table.mtbf_h is not None  # checked where the scenario is read
    shape = 1.0 if table.distribution == "exponential" else table.shape
    model = FailureModel(table.mtbf_h, shape, table.repair_h, table.repair_spread, table.seed)
    parts = [np.zeros((0, _COLUMNS), dtype=np.int64)]
    for index, partition in enumerate(cluster.partitions):
        try:
            failures = node_failures(model, partition.name, partition.nodes, span.drawn_until_s)
        except ValueError as error:
            raise InputError(
                str(error), where="outages.mtbf_h", remedy="raise it, or run fewer jobs"
            ) from None
        one = np.ones(len(failures.node), dtype=np.int64)
        parts.append(np.stack([index * one, one, failures.from_s, failures.to_s, failures.draw], axis=1))
    return np.concatenate(parts)
