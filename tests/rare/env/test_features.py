"""Every feature of an observation by its name, on states worked out by hand (rare.env.observation.layout)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rare import Battery, Case, Cluster, GreenClusterEnv, Options, Partition
from rare.env.observation.layout import CLUSTER, FORECAST, QUEUE, RUNNING
from rare.episodes import episodes_of_case
from rare.model import Forecast
from tests.builders import make_inputs, make_workload

HOUR_S, DAY_S = 3600, 86_400
NOW_S = 1800  # when the second job comes and both states are looked at
RESTART_S = 600
PEAK_MW = 2250  # 4 nodes x (50 + 2 x 100 + 1 x 200) mW x PUE 1.25
NODE = Partition(
    nodes=4, cores_per_node=2, gpus_per_node=1, memory_mib_per_node=1000, idle_mw=50, core_mw=100, gpu_mw=200
)
FIRST = {
    "submit_s": 0, "cores": 2, "gpus_milli": 1000, "memory_mib": 500, "work_s": 3000, "estimate_s": 5400,
    "value_u": 7_200_000, "deadline_s": 8000, "preemptible": True,
}  # fmt: skip
SECOND = {"submit_s": NOW_S, "cores": 1, "work_s": 100, "estimate_s": 1200, "preemptible": False}
THIRD = {"submit_s": 5400, "cores": 1, "work_s": 100}
START_FIRST_SLOT = 1


def case_of(rows=({},), **battery):
    """Supply 1 W, import 0.5 W, 0.3 a kWh, 100 g/kWh, PUE 1.25; a day and a half hour of it."""
    first = {"t": 0, "supply": 1000, "grid": 500, "price": 300_000, "carbon": 100_000, "pue": 1250}
    inputs = make_inputs([{**first, **row} for row in rows], end_s=DAY_S + NOW_S)
    steps = np.array([[0, 0], [0, 2250], [0, 0]])  # issue 1 comes at 1800 s; its step 1 is the first to come
    return Case(
        make_workload([FIRST, SECOND, THIRD]),
        Cluster((NODE,), pue_per_mille=1250),
        inputs,
        battery=Battery(1_000_000, 0, 250, 1.0, 1.0, 0.5) if not battery else Battery(**battery),
        options=Options(restart_s=RESTART_S, voluntary_suspension=True),
        forecast=Forecast("by hand", 0, NOW_S, HOUR_S, steps, 0 * steps, 3 * steps,
                          steps * 100_000 // 2250, steps * 400_000 // 2250),
        local_offset_s=6 * HOUR_S - NOW_S,
    )  # fmt: skip


class Seen:
    """An environment and its last observation, read by names."""

    def __init__(self, case):
        self.env = GreenClusterEnv(episodes_of_case(case), queue_slots=3, running_slots=2, forecast_hours=2)
        self.obs, _ = self.env.reset(seed=0)

    def act(self, action):
        self.obs, _, terminated, _, _ = self.env.step(action)
        assert not terminated
        return self

    def block(self, block, features, slot=0):
        return {f.name: float(self.obs[self.env.layout.index(block, f.name, slot)]) for f in features}


@pytest.fixture
def at_arrival():
    """The first job has run for half an hour as the second one comes."""
    return Seen(case_of()).act(START_FIRST_SLOT)


def test_a_waiting_job(at_arrival):
    expected = {
        "present": 1, "cores": 1 / 8, "gpus": 0, "memory": 0, "power": 100 / PEAK_MW, "density": 0,
        "preemptible": 0, "suspended": 0, "estimate": 1200 / 4800, "waited": 0, "slack": 1, "attainable": 0,
        "startable": 1,
    }  # fmt: skip
    assert at_arrival.block("queue", QUEUE) == pytest.approx(expected, abs=1e-6)
    assert set(at_arrival.block("queue", QUEUE, slot=1).values()) == {0}


def test_a_waiting_job_with_everything():
    """At its submit: 7.2e6 micro-units over 2 cores x 5400 s is the only density, hence the median."""
    expected = {
        "present": 1, "cores": 2 / 8, "gpus": 1 / 4, "memory": 500 / 4000, "power": 400 / PEAK_MW,
        "density": 1 / 2, "preemptible": 1, "suspended": 0, "estimate": 5400 / 9000, "waited": 0,
        "slack": 2600 / 6200, "attainable": 1, "startable": 1,
    }  # fmt: skip
    assert Seen(case_of()).block("queue", QUEUE) == pytest.approx(expected, abs=1e-6)


def test_a_running_job(at_arrival):
    expected = {
        "present": 1, "cores": 2 / 8, "power": 400 / PEAK_MW, "density": 1 / 2, "preemptible": 1,
        "left": 3600 / 7200, "ran": 1800 / 5400, "slack": 2600 / 6200, "may_stop": 1,
    }  # fmt: skip
    assert at_arrival.block("running", RUNNING) == pytest.approx(expected, abs=1e-6)
    assert set(at_arrival.block("running", RUNNING, slot=1).values()) == {0}


def test_the_cluster(at_arrival):
    """450 mW of IT run. Supply, import and the battery's 250 mW serve 1750 mW, which is 1400 mW of IT."""
    expected = {
        "shortage": 0, "free_cores": 6 / 8, "free_gpus": 3 / 4, "nodes_used": 1 / 4,
        "jobs_power": 450 / (450 + PEAK_MW), "supply": 1000 / (1000 + PEAK_MW),
        "spare": 950 / (950 + PEAK_MW), "import_limit": 500 / (500 + PEAK_MW), "battery": 1 / 2,
        "price": 0.3 / 0.4, "carbon": 100 / 500, "pue": 0.25, "queued": 1 / 65, "running": 1 / 17,
        "hour_sin": 1, "hour_cos": 0, "time_left": 1 / 2,
    }  # fmt: skip
    assert at_arrival.block("cluster", CLUSTER) == pytest.approx(expected, abs=1e-6)


def test_the_forecast_and_its_last_step_for_what_lies_beyond(at_arrival):
    expected = {"supply": 1 / 2, "supply_low": 0, "supply_high": 3 / 4, "price": 1 / 2, "carbon": 1 / 2}
    assert at_arrival.block("forecast", FORECAST, slot=0) == pytest.approx(expected, abs=1e-6)
    assert at_arrival.block("forecast", FORECAST, slot=1) == pytest.approx(expected, abs=1e-6)


def test_without_a_forecast_the_present_is_shown_for_it():
    seen = Seen(replace(case_of(), forecast=None)).act(START_FIRST_SLOT)
    supply = 1000 / (1000 + PEAK_MW)
    expected = {
        "supply": supply, "supply_low": supply, "supply_high": supply, "price": 0.75, "carbon": 0.2,
    }  # fmt: skip
    assert seen.block("forecast", FORECAST, slot=1) == pytest.approx(expected, abs=1e-6)


def test_a_shortage():
    """The supply ends as the first job runs: 450 mW too much, and nobody may start."""
    dark = {"t": NOW_S, "supply": 0, "grid": 0}
    seen = Seen(case_of(rows=({}, dark), capacity_mj=0, charge_limit_mw=0, discharge_limit_mw=0))
    seen.act(START_FIRST_SLOT)
    cluster = seen.block("cluster", CLUSTER)
    assert cluster["shortage"] == 1
    assert cluster["spare"] == pytest.approx(-450 / (450 + PEAK_MW))
    assert cluster["battery"] == cluster["supply"] == cluster["import_limit"] == 0
    assert seen.block("running", RUNNING)["may_stop"] == 1
    assert seen.block("queue", QUEUE)["startable"] == 0


# --- suspended jobs ---------------------------------------------------------------------------------------


@pytest.fixture
def suspended(at_arrival):
    """The first job is suspended after a third of its estimate, at the second one's arrival."""
    return at_arrival.act(1 + 3 + 0)


def test_a_suspended_job(suspended):
    shown = suspended.block("queue", QUEUE)
    assert shown["suspended"] == 1 and shown["startable"] == 0
    assert shown["estimate"] == pytest.approx(3600 / 7200) and shown["waited"] == pytest.approx(1800 / 5400)


def test_the_slack_of_a_suspended_job_counts_its_restart(suspended):
    """Deadline 8000 s, 3600 s left, 600 s of restart: it must resume by 3800 s, in 2000 s."""
    assert suspended.block("queue", QUEUE)["slack"] == pytest.approx(2000 / 5600)


def test_what_a_suspended_job_can_still_earn_counts_its_restart(suspended):
    """At 5400 s it would end 1600 s after its deadline, of an allowance of 8000 s (§6.2)."""
    while suspended.block("queue", QUEUE)["waited"] < 5400 / 9000:
        suspended.act(0)
    assert suspended.block("queue", QUEUE)["waited"] == pytest.approx(5400 / 9000)
    assert suspended.block("queue", QUEUE)["attainable"] == pytest.approx(4 / 5)


def test_a_late_job_earns_what_is_left_of_its_allowance():
    """Never started: at 5400 s it would end 2800 s after its deadline, of an allowance of 8000 s."""
    seen = Seen(case_of())
    while seen.block("queue", QUEUE)["waited"] < 5400 / 9000:
        seen.act(0)
    shown = seen.block("queue", QUEUE)
    assert shown["slack"] == pytest.approx(-2800 / 6400) and shown["attainable"] == pytest.approx(0.65)


# --- which jobs are shown ---------------------------------------------------------------------------------


def test_of_a_long_queue_the_most_wanted_are_shown_in_the_order_of_submits():
    """Value per core-second 5, 1, 4, 2, 3: of three slots the first, third and fifth job get one."""
    jobs = [
        {
            "work_s": hours * HOUR_S,
            "value_u": 1000 * wanted * hours * HOUR_S,
            "deadline_s": 30 * HOUR_S,
        }
        for hours, wanted in ((1, 5), (2, 1), (3, 4), (4, 2), (5, 3))
    ]
    case = Case(make_workload(jobs), Cluster((NODE,)), make_inputs([{"t": 0, "supply": 10**6}]))
    seen = Seen(case)
    estimates = [seen.block("queue", QUEUE, slot)["estimate"] for slot in range(3)]
    assert estimates == pytest.approx([1 / 2, 3 / 4, 5 / 6])
