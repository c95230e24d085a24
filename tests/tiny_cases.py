"""Random cases small enough to be searched to the end: like the scenarios, or looking for trouble."""

from __future__ import annotations

import random
from typing import Any

from rare.model import NO_BATTERY, Battery, Case, Partition
from tests.builders import make_case, random_case

HOUR_S = 3600


def tiny_case(seed: int, **unserved: int) -> Case:
    """Three to six jobs of half an hour to five hours on four nodes, wind, a battery, often a grid.

    unserved: prices of jobs not served (Options).
    """
    rng = random.Random(seed)
    node = Partition(
        nodes=4, cores_per_node=2, idle_mw=20_000, sleep_mw=2_000, core_mw=20_000, wake_s=rng.choice((0, 60))
    )
    peak_mw = node.peak_mw
    hours = rng.randint(10, 14)
    grid_mw = rng.choice((0, 0, peak_mw // 4))
    rows = [
        {
            "t": hour * HOUR_S,
            "supply": int(peak_mw * max(0.0, rng.uniform(-0.3, 1.2))),
            "grid": grid_mw,
            "price": rng.choice((0, 100_000, 300_000, -50_000)) if grid_mw else 0,
            "carbon": rng.choice((0, 400_000)) if grid_mw else 0,
        }
        for hour in range(0, hours, rng.choice((2, 3)))
    ]
    battery = Battery(
        capacity_mj=peak_mw * rng.choice((1800, 2 * HOUR_S)),
        charge_limit_mw=peak_mw // 2,
        discharge_limit_mw=peak_mw // 2,
        self_discharge_mw=rng.choice((0, 500)),
    )
    return make_case(
        [_job(rng) for _ in range(rng.randint(3, 6))],
        node,
        rows,
        end_s=hours * HOUR_S,
        battery=rng.choice((battery, battery, NO_BATTERY)),
        restart_s=60,
        suspend_loss_s=60,
        min_battery_s=600,
        carbon_price_u_per_kg=190_000,
        violation_penalty_u=rng.choice((0, 0, 20_000)),
        **unserved,
        voluntary_suspension=rng.random() < 0.1,
    )


def _job(rng: random.Random) -> dict[str, Any]:
    submit_s = rng.randint(0, 6 * HOUR_S)
    work_s = rng.choice((1800, HOUR_S, 2 * HOUR_S, rng.randint(600, 5 * HOUR_S)))
    cores = rng.choice((1, 2, 2, 4, 4, 8))
    density = rng.choice((0.4, 0.15, 0.04)) * rng.uniform(0.7, 1.3)
    return {
        "submit_s": submit_s,
        "work_s": work_s,
        "cores": cores,
        "deadline_s": submit_s + max(1800, int(work_s * rng.uniform(1.2, 4.0))),
        "value_u": int(density * 1e6 * cores * work_s / HOUR_S),
        "preemptible": rng.random() < 0.9,
    }


def hostile_case(seed: int) -> Case | None:
    """A case of `random_case`, with every option and edge; None where it is too large to search."""
    case = random_case(random.Random(seed))
    return case if len(case.workload) <= 8 and (case.workload.value_u > 0).any() else None
