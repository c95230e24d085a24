"""When each job held which cores and what it drew: worked out by hand, and invariants of random cases."""

import random
from dataclasses import replace

import numpy as np
import pytest

import rare
from rare.machine_events import PLANNED, Outages, Speed
from rare.model import Partition
from rare.schedule import closed_names, joules
from rare.state.arrays import RUNNING
from rare.state.decisions import RAISE, WHAT_SHIFT
from schedulers import make_scheduler
from tests.builders import make_case, random_case
from tests.rare.twins import Erratic
from traces import InputError

CORES = Partition("main", nodes=4, cores_per_node=1, core_mw=100)

# 4 cores of 100 mW, PUE 1.2 from 100 s on, and from 10 to 50 s power for one core only.
#   job 1: 2 cores, 30 s of work   0 to 10 shed, 50 to 70
#   job 2: 1 core, 60 s of work    0 to 60
#   job 3: 1 core, no work         at 5
#   job 4: 4 cores, 40 s of work   70 to 110
JOBS = [
    {"cores": 2, "work_s": 30},
    {"cores": 1, "work_s": 60},
    {"cores": 1, "work_s": 0, "submit_s": 5},
    {"cores": 4, "work_s": 40, "submit_s": 60},
]
ROWS = [{"t": 0, "supply": 480}, {"t": 10, "supply": 100}, {"t": 50, "supply": 480}, {"t": 100, "pue": 1200}]


class LatestStart:
    """First come, first served; job 1 is given up first."""

    def choose(self, view):
        return min((job.index for job in view.startable), default=rare.WAIT)

    def victim(self, view):
        return min(job.index for job in view.running)


@pytest.fixture(scope="module")
def hand():
    return rare.Schedule.of(rare.simulate(make_case(JOBS, CORES, ROWS), LatestStart()))


def held(schedule):
    return [
        (int(row["job"]) + 1, int(row["start_s"]), int(row["end_s"]), str(closed_by), spans)
        for row, closed_by, spans in zip(
            schedule.held, closed_names(schedule.held), schedule.core_sets(), strict=True
        )
    ]


def test_who_held_which_cores_when(hand):
    assert held(hand) == [
        (1, 0, 10, "shed", [(0, 1)]),
        (2, 0, 60, "end", [(2, 2)]),
        (3, 5, 5, "end", [(3, 3)]),
        (1, 50, 70, "end", [(0, 1)]),
        (4, 70, 110, "end", [(0, 3)]),
    ]


def test_what_each_job_drew(hand):
    # mW x s x PUE per mille; of job 4, 30 s at PUE 1 and 10 s at 1.2
    assert hand.energy_uj.tolist() == [200 * 30 * 1000, 100 * 60 * 1000, 0, 400 * (30 * 1000 + 10 * 1200)]
    assert hand.run_energy_uj == sum(hand.energy_uj)  # nodes draw nothing of their own here
    assert [joules(energy) for energy in hand.energy_uj] == ["6", "6", "0", "16.8"]


def test_both_clocks_give_the_same_schedule(hand):
    other = rare.Schedule.of(rare.simulate(make_case(JOBS, CORES, ROWS), LatestStart(), clock="simpy"))
    assert held(other) == held(hand)
    assert other.energy_uj.tolist() == hand.energy_uj.tolist()


def test_cores_in_several_pieces_and_partitions_in_file_order():
    parts = (
        Partition("a", nodes=4, cores_per_node=1, core_mw=1),
        Partition("b", nodes=2, cores_per_node=2, core_mw=1),
    )
    jobs = [
        *({"cores": 1, "work_s": work_s, "partition": "a"} for work_s in (9, 3, 9, 3)),
        {"cores": 2, "work_s": 9, "partition": "b"},
        {"cores": 2, "work_s": 9, "partition": "a", "submit_s": 4},
        {"cores": 1, "work_s": 9, "partition": "b", "submit_s": 4},
        {"cores": 5, "work_s": 9, "partition": "a", "submit_s": 4},  # fits nowhere
    ]
    result = rare.simulate(make_case(jobs, parts, [{"t": 0, "grid": 10**6}]), make_scheduler("fcfs"))
    schedule = rare.Schedule.of(result)
    sets = {job: spans for job, _, _, _, spans in held(schedule)}
    assert sets == {
        1: [(0, 0)],
        2: [(1, 1)],
        3: [(2, 2)],
        4: [(3, 3)],
        5: [(4, 5)],
        6: [(1, 1), (3, 3)],
        7: [(6, 6)],
    }
    assert schedule.partition.tolist() == ["a"] * 4 + ["b", "a", "b", ""]


def test_what_the_end_of_the_run_cuts_off_is_held_until_then():
    case = make_case([{"work_s": 100}], CORES, [{"t": 0, "grid": 1000}], window_s=40)
    schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
    assert held(schedule) == [(1, 0, 40, "cut_off", [(0, 0)])]
    assert schedule.energy_uj.tolist() == [100 * 40 * 1000] == [schedule.run_energy_uj]


class OneLevelDown:
    """Starts at the first level below full speed, and makes it faster when asked again."""

    def decide(self, world, e, status):
        slot = int(np.flatnonzero(world.live[e].doing)[0])
        return slot + ((RAISE if world.live[e, slot].doing == RUNNING else 1) << WHAT_SHIFT)


def test_energy_follows_the_level_of_a_job():
    # half the speed at 60 mW: 3 of 10 s of work in 6 s; then at 100 mW the other 7
    node = replace(CORES, speeds=(Speed(500, 600),))
    result = rare.simulate(
        make_case([{"work_s": 10}], node, [{"t": 0, "grid": 1000}], tick_s=6), OneLevelDown()
    )
    schedule = rare.Schedule.of(result)
    assert held(schedule) == [(1, 0, 13, "end", [(0, 0)])]
    assert schedule.energy_uj.tolist() == [(60 * 6 + 100 * 7) * 1000] == [schedule.run_energy_uj]
    assert result.accounts.draw_mj.tolist() == [1060]
    levels = result.events_frame()[["time_s", "event", "level"]].to_numpy().tolist()
    assert levels == [[0, "submit", 0], [0, "start", 1], [6, "raise", 0], [13, "end", 0]]


def test_a_job_that_loses_its_nodes_gives_back_its_cores():
    lost = Outages(*(np.array([value]) for value in (0, 4, 5, 8, PLANNED)))
    case = replace(make_case([{"work_s": 10}], CORES, [{"t": 0, "grid": 1000}]), outages=lost)
    schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
    assert held(schedule) == [(1, 0, 5, "lose", [(0, 0)]), (1, 8, 18, "end", [(0, 0)])]
    assert schedule.energy_uj.tolist() == [100 * 15 * 1000]


@pytest.mark.parametrize("seed", range(40))
def test_of_any_run_cores_and_energy_add_up(seed):
    case = random_case(random.Random(seed))
    scheduler = Erratic(seed) if seed % 2 else make_scheduler("sjf+easy")
    result = rare.simulate(case, scheduler)
    schedule = rare.Schedule.of(result)
    busy = np.zeros(
        (sum(schedule.partition_cores.values()), schedule.end_s - case.first_instant_s), dtype=int
    )
    first = dict(
        zip(schedule.partition_cores, np.cumsum([0, *schedule.partition_cores.values()])[:-1], strict=True)
    )
    for row, spans in zip(schedule.held, schedule.core_sets(), strict=True):
        job = row["job"]
        assert sum(last - start + 1 for start, last in spans) == schedule.cores[job]
        low = first[schedule.partition[job]]
        assert all(
            low <= span[0] <= span[1] < low + schedule.partition_cores[schedule.partition[job]]
            for span in spans
        )
        for start, last in spans:
            window = slice(
                int(row["start_s"]) - case.first_instant_s, int(row["end_s"]) - case.first_instant_s
            )
            busy[start : last + 1, window] += 1
    assert busy.max(initial=0) <= 1
    power = result.power
    used = (np.diff(power["time_s"]) * power["used_cores"][:-1]).sum()
    assert busy.sum() == used
    idle_uj = schedule.run_energy_uj - sum(schedule.energy_uj)
    assert idle_uj >= 0
    if not any(part.idle_mw or part.sleep_mw for part in case.cluster.partitions):
        assert idle_uj < 1000 * (schedule.end_s - case.first_instant_s + 1)  # rounding up to 1 mW, RULES 2.4
    assert schedule.run_energy_uj / 3.6e12 == pytest.approx(result.metrics["energy_kwh"], rel=1e-12)


def test_energy_beyond_64_bits_stays_exact():
    big = Partition("main", nodes=1, cores_per_node=1, core_mw=10**9)  # a megawatt for 31 years
    work_s = 10**9
    case = make_case([{"work_s": work_s}], big, [{"t": 0, "grid": 10**12, "pue": 1003}])
    schedule = rare.Schedule.of(rare.simulate(case, make_scheduler("fcfs")))
    assert schedule.energy_uj.tolist() == [10**9 * work_s * 1003] == [schedule.run_energy_uj]


def test_a_run_that_was_not_recorded_has_no_schedule():
    result = rare.simulate(make_case(JOBS, CORES, ROWS), make_scheduler("fcfs"), record=False)
    with pytest.raises(InputError, match="record=True"):
        rare.Schedule.of(result)
    assert result.jobs_frame()["energy_kwh"].isna().all()
