"""Small cases with speed levels, grid events, outages and dependencies, for tests of the environment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rare import Case, Cluster, Options, Partition
from rare.machine_events import PLANNED, GridEvents, Outages, Speed
from tests.builders import make_inputs, make_workload

SPEEDS = (Speed(850, 680), Speed(600, 400))
NODES, CORE_MW, IDLE_MW = 4, 100, 50
PEAK_MW = NODES * (IDLE_MW + 2 * CORE_MW)
END_S = 50_000


def grid_events(*rows):
    """Grid events from tuples (notice, start, comply, end, limit or -1, depth)."""
    return GridEvents(*(np.array(column) for column in zip(*rows, strict=True)))


def planned_outages(*rows):
    """Planned outages of partition 0 from tuples (nodes, from, to)."""
    nodes, from_s, to_s = (np.array(column) for column in zip(*rows, strict=True))
    return Outages(0 * nodes, nodes, from_s, to_s, 0 * nodes + PLANNED)


def level_case(jobs, rows, *, sensitivity=None, speeds=SPEEDS, end_s=END_S, voluntary=False, **given):
    """A case of four nodes of two cores with these speeds."""
    work = make_workload(jobs)
    if sensitivity is not None:
        work = replace(work, sensitivity_milli=np.asarray(sensitivity))
    node = Partition(nodes=NODES, cores_per_node=2, idle_mw=IDLE_MW, core_mw=CORE_MW, speeds=speeds)
    options = Options(voluntary_suspension=voluntary)
    return Case(work, Cluster((node,)), make_inputs(rows, end_s=end_s), options=options, **given)


def drawn_case(speeds=SPEEDS, events=True, seed=0, count=30, voluntary=False):
    """A case of drawn jobs and supply, with two grid events and a planned outage unless events is False."""
    draws = np.random.default_rng(seed)
    jobs = []
    for _ in range(count):
        submit_s, work_s = int(draws.integers(0, 20_000)), int(draws.integers(100, 4000))
        jobs.append(
            {
                "submit_s": submit_s,
                "cores": int(draws.integers(1, 4)),
                "work_s": work_s,
                "estimate_s": int(1.4 * work_s),
                "value_u": int(draws.integers(1e6, 9e6)),
                "deadline_s": submit_s + 2 * work_s + int(draws.integers(100, 5000)),
                "preemptible": bool(draws.integers(2)),
            }
        )
    rows = [{"t": t, "supply": int(draws.integers(200, 1100))} for t in range(0, 40_000, 1500)]
    more = {}
    if events:
        rows_of_events = ((2000, 4000, 4300, 6000, 400, 0), (9000, 9600, 9600, 12_000, -1, 300))
        more = {"events": grid_events(*rows_of_events), "outages": planned_outages((2, 5000, 8000))}
    sensitivity = draws.integers(0, 1001, count)
    return level_case(jobs, rows, sensitivity=sensitivity, speeds=speeds, voluntary=voluntary, **more)
