"""What grid events and outages leave to a schedule in each step of the bound.

Where that depends on the schedule it is the most that any schedule can have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.machine_events import NO_LIMIT_MW, PER_MILLE
from rare.model import Case
from rare.world import build_inputs, build_jobs


@dataclass(frozen=True, slots=True)
class DrawLimits:
    """Limits of the draw by grid events (RULES §12.1) in K steps; without events infinite. Arrays are (K,).

    most_mj: what may be drawn in a step. most_mw: the most that may be drawn at any instant of it. rests: no
    event has begun and not ended at any instant. may_buy: none has at some instant, so that the battery may
    charge from the grid.
    """

    most_mj: np.ndarray
    most_mw: np.ndarray
    rests: np.ndarray
    may_buy: np.ndarray


@dataclass(frozen=True, slots=True)
class NodesThere:
    """Nodes of P partitions that outages leave (RULES §12.3) in K steps. Arrays are (P, K).

    node_s: node-seconds. most, fewest: nodes at any instant of a step.
    """

    node_s: np.ndarray
    most: np.ndarray
    fewest: np.ndarray


def event_edges_s(case: Case) -> np.ndarray:
    """(N,) times at which a grid event begins, must be complied with or ends, or the nodes change."""
    times = [np.zeros(0, dtype=np.int64)]
    if case.events is not None:
        times += [case.events.start_s, case.events.comply_s, case.events.end_s]
    if case.outages is not None:
        times += [case.outages.from_s, case.outages.to_s]
    return np.unique(np.concatenate(times))


def draw_limits(case: Case, edge_s: np.ndarray) -> DrawLimits:
    """The limits between edges (K + 1,).

    Left out, in favour of a schedule: that nothing starts above the limit before the time to comply.
    """
    length_s = np.diff(edge_s)
    most_mj = np.full(len(length_s), np.inf)
    most_mw = np.full(len(length_s), np.inf)
    rests, may_buy = np.ones(len(length_s), dtype=bool), np.ones(len(length_s), dtype=bool)
    if case.events is None or len(case.events) == 0:
        return DrawLimits(most_mj, most_mw, rests, may_buy)
    events, limit_mw = case.events, _limits_mw(case)
    for k, (low_s, high_s) in enumerate(zip(edge_s[:-1], edge_s[1:], strict=True)):
        there = np.flatnonzero((events.start_s < high_s) & (events.end_s > low_s))
        if len(there) == 0:
            continue
        inner_s = np.concatenate([events.start_s[there], events.comply_s[there], events.end_s[there]])
        part_s = np.unique(np.clip(np.concatenate([[low_s, high_s], inner_s]), low_s, high_s))
        begin_s = part_s[:-1, None]
        on = (events.start_s[there] <= begin_s) & (begin_s < events.end_s[there])
        binds = (events.comply_s[there] <= begin_s) & (begin_s < events.end_s[there])
        lowest_mw = np.where(binds, limit_mw[there], np.inf).min(axis=1)
        most_mj[k] = (lowest_mw * np.diff(part_s)).sum()
        most_mw[k] = lowest_mw.max()
        rests[k], may_buy[k] = not on.any(), not on.any(axis=1).all()
    return DrawLimits(most_mj, most_mw, rests, may_buy)


def _limits_mw(case: Case) -> np.ndarray:
    """(N,) what each event allows at most: its limit, or its share of the greatest draw that there can be.

    The true limit of an event with a depth depends on the schedule's own draw at the notice.
    """
    events = case.events
    assert events is not None
    limit_mw = events.limit_mw.astype(float)
    for k in np.flatnonzero(events.limit_mw == NO_LIMIT_MW):
        if events.start_s[k] <= case.first_instant_s:
            limit_mw[k] = np.inf  # it limits nothing
            continue
        late = events.notice_s[k] > case.first_instant_s
        counts_s = int(events.notice_s[k] if late else events.start_s[k])
        limit_mw[k] = most_draw_mw(case, counts_s) * (PER_MILLE - int(events.depth_per_mille[k])) // PER_MILLE
    return limit_mw


def most_draw_mw(case: Case, at_s: int) -> int:
    """The greatest draw [mW] of any schedule at an instant, before or after the inputs of it take force.

    No more than is served, and no more than all nodes and the jobs that may run side by side by then draw.
    """
    rows = build_inputs(case)
    row = int(np.searchsorted(rows.change_s, at_s, side="right")) - 1
    before = int(row > 0 and rows.change_s[row] == at_s)
    last = rows[row - before : row + 1]
    battery_mw = case.battery.discharge_limit_mw if case.battery.capacity_mj else 0
    served_mw = max(-(-(int(x.supply_mw + x.import_mw) + battery_mw) * 1000 // int(x.pue)) for x in last)
    it_mw = min(served_mw, _peak_it_mw(case, at_s))
    return -(-it_mw * int(last.pue.max()) // 1000) + 1


def _peak_it_mw(case: Case, at_s: int) -> int:
    """IT power [mW] of all nodes and of the jobs submitted by then that fit side by side, as fractions."""
    jobs = build_jobs(case)
    total_mw = 0.0
    for index, part in enumerate(case.cluster.partitions):
        here = (jobs.part == index) & (jobs.submit_s <= at_s)
        total_mw += part.nodes * max(part.idle_mw, part.rest_mw)
        power_mw = jobs.power_mw[here].astype(float)
        most_mw = [power_mw.sum()]
        resources = (
            (jobs.cores, part.cores_per_node),
            (jobs.gpus_milli, part.gpus_per_node * 1000),
            (jobs.memory_mib, part.memory_mib_per_node or 0),
        )
        for amounts, per_node in resources:
            if per_node > 0:
                most_mw.append(_knapsack(power_mw, amounts[here].astype(float), part.nodes * per_node))
        total_mw += min(most_mw)
    return int(np.ceil(total_mw)) + 1


def _knapsack(gain: np.ndarray, size: np.ndarray, room: float) -> float:
    """The most gain in this room, of things that may be cut (sizes may be 0)."""
    order = np.argsort(-gain / np.maximum(size, 1e-12), kind="stable")
    left = np.clip(room - (np.cumsum(size[order]) - size[order]), 0.0, None)
    share = np.minimum(left / np.maximum(size[order], 1e-12), 1.0)
    share[size[order] == 0] = 1.0
    return float((gain[order] * share).sum())


def nodes_there(case: Case, edge_s: np.ndarray) -> NodesThere:
    """The nodes between edges (K + 1,). Outages of more than is there leave none (RULES §9.15)."""
    length_s = np.diff(edge_s).astype(float)
    total = np.array([part.nodes for part in case.cluster.partitions], dtype=float)
    whole = np.repeat(total[:, None], len(length_s), axis=1)
    node_s, most, fewest = whole * length_s, whole.copy(), whole.copy()
    if case.outages is None or len(case.outages) == 0:
        return NodesThere(node_s, most, fewest)
    for p in range(len(total)):
        time_s, there = _course(case, p)
        for k, (low_s, high_s) in enumerate(zip(edge_s[:-1], edge_s[1:], strict=True)):
            first = int(np.searchsorted(time_s, low_s, side="right")) - 1
            last = int(np.searchsorted(time_s, high_s, side="left"))
            span = there[first:last]
            seconds = np.diff(np.concatenate([[low_s], time_s[first + 1 : last], [high_s]]))
            node_s[p, k], most[p, k], fewest[p, k] = (span * seconds).sum(), span.max(), span.min()
    return NodesThere(node_s, most, fewest)


def _course(case: Case, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Times from which on so many nodes of a partition are there, from before everything on."""
    outages = case.outages
    assert outages is not None
    mine = outages.partition == p
    change_s = np.concatenate([outages.to_s[mine], outages.from_s[mine]])
    nodes = np.concatenate([outages.nodes[mine], -outages.nodes[mine]])
    order = np.argsort(change_s, kind="stable")
    total = case.cluster.partitions[p].nodes
    there = np.maximum(total + np.cumsum(nodes[order]), 0)
    time_s = np.concatenate([[np.iinfo(np.int64).min], change_s[order]])
    return time_s, np.concatenate([[total], there]).astype(float)
