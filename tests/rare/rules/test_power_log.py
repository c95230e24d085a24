"""What the power log holds, by hand: a row at each instant at which something in it changed."""

import pytest

from rare import simulate
from schedulers import make_scheduler
from tests.builders import make_case
from tests.rare.rules.hand import at, battery, cores, job

COLUMNS = (
    "time_s",
    "supply_mw",
    "draw_mw",
    "battery_mw",
    "content",
    "grid_mw",
    "curtailed_mw",
    "queued",
    "running",
    "used_cores",
)


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_flows_of_each_instant(clock):
    # 0: two of three cores; job 1 has to wait. 150 of supply and 50 of the grid.
    # 10: job 0 ends, job 1 (one core) starts: 50 mW are left over for the battery, which takes 40.
    # 15: job 2 takes the place of job 1 in the queue and on the machine: nothing changes, no row.
    # 20: nothing runs any more.
    case = make_case(
        [job(10, cores=2), job(5, cores=2, power_mw=100), job(5, submit_s=15, cores=2, power_mw=100)],
        cores(3),
        [at(0, 150, grid=50)],
        battery=battery(10_000, limit=1000, charge=40, share=0.0),
    )
    power = simulate(case, make_scheduler("fcfs"), clock=clock).power
    assert [tuple(int(row[name]) for name in COLUMNS) for row in power] == [
        (0, 150, 200, 0, 0, 50, 0, 1, 1, 2),
        (10, 150, 100, 40, 0, 0, 10, 0, 1, 2),
        (20, 150, 0, 40, 400_000, 0, 110, 0, 0, 0),
    ]
