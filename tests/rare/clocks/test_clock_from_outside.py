"""Driving the SimPy clock from another program: inputs between steps, power flows, and after the last job."""

import random

import pytest

import rare
from rare.model import Battery, Partition
from schedulers import make_scheduler
from tests.builders import make_case, random_case
from tests.rare.twins import Erratic

# 2 nodes of 2 cores: 100 mW a core, 40 mW a node in use or resting; PUE 1.5
NODES = Partition("main", nodes=2, cores_per_node=2, core_mw=100, idle_mw=40, idle_nodes="on")
# 1 h of 200 mW, 80 % on the way in and out
BATTERY = Battery(
    capacity_mj=720_000,
    initial_share=0.5,
    charge_limit_mw=100,
    discharge_limit_mw=100,
    charge_efficiency=0.8,
    discharge_efficiency=0.8,
)


def clock_of(jobs, rows, partition=NODES, scheduler="fcfs", **options):
    return rare.SimpyClock.of(make_case(jobs, partition, rows, **options), make_scheduler(scheduler))


def test_the_flows_in_watts_with_a_battery():
    clock = clock_of([{"cores": 3, "work_s": 100}], [{"t": 0, "supply": 700, "pue": 1500}], battery=BATTERY)
    clock.step_until(60)
    flows = clock.power()
    # 3 cores and 2 nodes: 380 mW, x 1.5 = 570; 100 of the surplus charge, 30 are left
    assert (flows.time_s, flows.supply_w, flows.it_w, flows.draw_w) == (60, 0.7, 0.38, 0.57)
    assert flows.jobs_w == 0.38
    assert (flows.renewable_w, flows.battery_w, flows.grid_w, flows.curtailed_w) == (0.57, 0.1, 0.0, 0.03)
    assert flows.battery_wh == pytest.approx((360_000 + 60 * 100 * 0.8) / 3.6e6)
    assert flows.energy_wh == pytest.approx(60 * 570 / 3.6e6)
    assert (flows.queued, flows.running, flows.used_cores) == (0, 1, 3)


def test_an_input_set_between_steps_acts_after_a_second_step_to_the_same_second():
    clock = clock_of([{"cores": 2, "work_s": 1000}], [{"t": 0, "supply": 1000}])
    assert clock.step_until(100)
    assert clock.power().draw_w == 0.28
    clock.set_input(supply_mw=50)
    assert clock.power().draw_w == 0.28  # not settled yet
    assert clock.step_until(100)
    flows = clock.power()
    assert (flows.time_s, flows.supply_w, flows.running, flows.queued) == (100, 0.05, 0, 1)
    assert flows.draw_w == 0.04  # what a resting node draws; the other one is dark
    clock.set_input(supply_mw=1000)
    clock.step_until(100)
    assert clock.power().running == 0  # what was shed at 100 does not start at 100 (RULES 4.3)
    clock.step_until(101)
    assert clock.power().running == 1
    world = clock.run()
    assert (world.env[0].completed, world.env[0].now_s) == (1, 1001)


def test_an_input_set_by_a_process_acts_at_once():
    clock = clock_of([{"cores": 2, "work_s": 1000}], [{"t": 0, "supply": 1000}])

    def plant():
        yield clock.env.timeout(100)
        clock.set_input(supply_mw=50)

    clock.env.process(plant())
    clock.step_until(100)
    assert (clock.power().running, clock.power().supply_w) == (0, 0.05)


class TestAfterTheLastJob:
    def over(self):
        clock = clock_of([{"cores": 3, "work_s": 100}], [{"t": 0, "supply": 700, "pue": 1500}])
        assert not clock.step_until(5000)
        return clock

    def test_the_unused_nodes_draw_their_own(self):
        flows = self.over().power()
        assert (flows.time_s, flows.it_w, flows.draw_w) == (100, 0.08, 0.12)
        assert (flows.running, flows.queued, flows.used_cores) == (0, 0, 0)
        assert flows.curtailed_w == 0.58

    def test_under_the_inputs_that_are_set_then_and_nothing_is_accounted(self):
        clock = self.over()
        before = clock.world.env.copy()
        clock.set_input(supply_mw=60)  # one node at 40 x 1.5
        assert not clock.step_until(6000)
        assert (clock.power().supply_w, clock.power().draw_w, clock.power().curtailed_w) == (0.06, 0.06, 0.0)
        clock.set_input(supply_mw=0, import_limit_mw=1000)
        assert (clock.power().draw_w, clock.power().grid_w) == (0.12, 0.12)
        for name in ("draw_mj", "content", "now_s", "completed", "available_mj", "draw_mw"):
            assert clock.world.env[0][name] == before[0][name], name

    def test_jobs_that_the_end_cut_off_draw_nothing_any_more(self):
        clock = clock_of([{"cores": 3, "work_s": 100}], [{"t": 0, "supply": 700, "pue": 1500}], window_s=50)
        assert not clock.step_until(5000)
        flows = clock.power()
        assert (flows.time_s, flows.draw_w, flows.running) == (50, 0.12, 0)

    def test_a_stalled_run_too(self):
        clock = clock_of([{"cores": 3, "work_s": 100}], [{"t": 0, "supply": 0, "pue": 1500}])
        clock.run()
        assert (clock.power().draw_w, clock.power().queued) == (0.0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_the_flows_are_those_of_the_power_log_at_any_second(seed):
    case, scheduler = random_case(random.Random(seed)), Erratic(seed)
    power = rare.simulate(case, scheduler).power
    clock = rare.SimpyClock.of(case, scheduler)
    for row, after in zip(power[:-1], power[1:], strict=True):
        for time_s in (int(row["time_s"]), (int(row["time_s"]) + int(after["time_s"])) // 2):
            if not clock.step_until(time_s):
                return
            flows = clock.power()
            assert flows.time_s == time_s
            assert flows.draw_w == row["draw_mw"] / 1000
            assert flows.battery_w == row["battery_mw"] / 1000
            assert (flows.grid_w, flows.curtailed_w) == (row["grid_mw"] / 1000, row["curtailed_mw"] / 1000)
            assert (flows.queued, flows.running) == (row["queued"], row["running"])
            assert flows.used_cores == row["used_cores"]
        assert flows.battery_wh >= 0
