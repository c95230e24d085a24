"""Each order's priority is its published formula, worked out here anew."""

import math

import numpy as np
import pytest

from rare.model import NEVER_S
from rare.rules.orders import ORDER_NAMES, SHORTEST_ALLOWANCE_S, densities, priority
from rare.world import build_world
from tests.builders import make_case, make_workload
from tests.rare.rules.hand import at, cores, job

NOW_S, MEAN_RUN_S, K = 5000, 400.0, 2.0
JOBS = [
    {"work_s": 100, "estimate_s": 300, "cores": 4, "submit_s": 0, "value_u": 9000, "deadline_s": 9000},
    {"work_s": 50, "estimate_s": 60, "cores": 1, "submit_s": 1200, "value_u": 500, "deadline_s": 5100},
    {"work_s": 700, "estimate_s": 900, "cores": 16, "submit_s": 4000, "value_u": 70_000, "deadline_s": 5500},
    {"work_s": 10, "estimate_s": 10, "cores": 2, "submit_s": 4999, "value_u": 0},
]


def worth(given):
    """Value at NOW_S plus the estimate: whole until the deadline, then falling to nothing over an allowance.

    RULES §10.2: as long as the time from submission to the deadline, at least 600 s.
    """
    deadline_s, value = given.get("deadline_s"), given["value_u"]
    if deadline_s is None or NOW_S + given["estimate_s"] <= deadline_s:
        return value
    allowance = max(deadline_s - given["submit_s"], SHORTEST_ALLOWANCE_S)
    return max(value * (deadline_s + allowance - NOW_S - given["estimate_s"]) // allowance, 0)


def expected(name, given):
    run_s, width, wait_s = given["estimate_s"], given["cores"], NOW_S - given["submit_s"]
    deadline_s = given.get("deadline_s", NEVER_S)
    came = math.log10(max(given["submit_s"], 1))
    left_s = max(deadline_s - NOW_S - run_s, 0) if "deadline_s" in given else 0
    return {
        "fcfs": 0,
        "sjf": run_s,
        "ljf": -run_s,
        "hvf": -given["value_u"],
        "hvd": -given["value_u"] / (run_s * width),
        "edf": deadline_s,
        "slack": deadline_s - run_s,
        "atc": -worth(given) / (run_s * width) * math.exp(-left_s / (K * MEAN_RUN_S)),
        "wfp3": -((wait_s / run_s) ** 3) * width,
        "unicef": -wait_s / (math.log2(max(width, 2)) * run_s),
        # Carastan-Santos and de Camargo 2017, table 3
        "f1": math.log10(run_s) * width + 870 * came,
        "f2": math.sqrt(run_s) * width + 25_600 * came,
        "f3": run_s * width + 6_860_000 * came,
        "f4": run_s * math.sqrt(width) + 530_000 * came,
    }[name]


@pytest.mark.parametrize("name", [name for name in ORDER_NAMES if name != "multifactor"])
def test_the_formula(name):
    given = [job(**row) for row in JOBS]
    world = build_world(make_case(given, cores(16), [at(0, 5000)]), log_level=0)
    for row, values in zip(world.jobs, JOBS, strict=True):
        found = priority(row, int(row.work_s), ORDER_NAMES.index(name), NOW_S, MEAN_RUN_S, K)
        assert found == pytest.approx(expected(name, values)), (name, values)


def test_what_is_left_counts_and_not_what_was_asked():
    world = build_world(make_case([job(**JOBS[0])], cores(16), [at(0, 5000)]), log_level=0)
    row = world.jobs[0]
    # 40 s of 100 are left: of the estimate of 300 s, 240 s.
    left = [
        priority(row, 40, ORDER_NAMES.index(name), NOW_S, MEAN_RUN_S, K) for name in ("sjf", "hvd", "slack")
    ]
    assert left == pytest.approx([240, -9000 / (4 * 240), 9000 - 240])
    assert np.isfinite(left).all()


def test_the_density_of_what_has_no_value_is_zero():
    work = make_workload([job(10, cores=4, value_u=400), job(10), job(10, value_u=0)])
    assert densities(work).tolist() == [10.0, 0.0, 0.0]
