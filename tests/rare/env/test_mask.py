"""Reservations of the mask: what is withheld, worked by hand, and that nothing else changes."""

import numpy as np
import pytest

from rare import Case, Cluster, GreenClusterEnv, Partition, simulate
from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.episodes import episodes_of_case
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scheduler import Decider
from schedulers import make_scheduler
from tests.builders import make_inputs, make_workload
from traces.errors import InputError

HOUR_S = 3600
MACHINE = Cluster((Partition(nodes=8, cores_per_node=1),))
ALWAYS = make_inputs([{"t": 0, "supply": 10**9}])


def job(submit_s, cores, hours, value=1.0, **more):
    """A job with value in money and a deadline two hours after it could have ended."""
    work_s = round(hours * HOUR_S)
    return {
        "submit_s": submit_s, "cores": cores, "work_s": work_s, "value_u": round(value * 1e6),
        "deadline_s": submit_s + work_s + 2 * HOUR_S, **more,
    }  # fmt: skip


def env_of(jobs, reservations, cluster=MACHINE):
    case = Case(make_workload(jobs), cluster, ALWAYS)
    return GreenClusterEnv(
        episodes_of_case(case), queue_slots=8, running_slots=4, forecast_hours=1, reservations=reservations
    )  # fmt: skip


# Six of eight cores run until 2 h. The wide job (8 cores) must wait for them: its reservation is at 2 h.
WIDE = [
    job(0, 6, 2.0),
    job(60, 8, 1.0, value=80.0),  # the most urgent, and there is no room
    job(120, 1, 1.0),  # ends at 1 h 2 min: delays nobody
    job(120, 1, 3.0),  # would hold a core beyond 2 h: delays the wide job
]


def slots_offered(env):
    return np.flatnonzero(env.action_masks()[1:9]).tolist()


def to_third_arrival(env):
    """Start the first job; then the wide one waits, and the two narrow ones have come."""
    env.reset(seed=0)
    env.step(1)
    return env


def test_a_start_that_would_delay_the_most_urgent_job_is_withheld():
    assert slots_offered(to_third_arrival(env_of(WIDE, reservations=False))) == [1, 2]
    assert slots_offered(to_third_arrival(env_of(WIDE, reservations=True))) == [1]


def test_what_needs_no_more_than_the_reservation_leaves_over_is_offered():
    """The wide job takes seven of eight cores, so one is left for as long as anybody likes."""
    jobs = [WIDE[0], {**WIDE[1], "cores": 7}, *WIDE[2:]]
    assert slots_offered(to_third_arrival(env_of(jobs, reservations=True))) == [1, 2]


def test_the_reservation_is_for_the_most_urgent_and_not_for_the_first():
    """A wide job of little value has none: the one of eight cores would, for it pays eighty times as much."""
    jobs = [WIDE[0], {**WIDE[1], "value_u": 1}, job(60, 3, 1.0, value=80.0), *WIDE[2:]]
    env = to_third_arrival(env_of(jobs, reservations=True))
    # at 2 h five of eight cores are left over beside three: both narrow jobs may start
    assert slots_offered(env) == [2, 3]


def test_where_everybody_has_room_nothing_is_withheld():
    jobs = [job(0, 4, 2.0), job(60, 2, 1.0), job(60, 2, 3.0)]
    for reservations in (False, True):
        env = env_of(jobs, reservations)
        env.reset(seed=0)
        env.step(1)
        assert slots_offered(env) == [0, 1]


def test_if_all_is_withheld_nobody_is_asked_and_it_is_no_hidden_decision():
    jobs = [WIDE[0], WIDE[1], WIDE[3]]
    env = env_of(jobs, reservations=True)
    env.reset(seed=0)
    _, _, over, _, info = env.step(1)  # on to 2 h, when the machine is empty and both have room
    assert slots_offered(env) == [0, 1]
    while not over:
        _, _, over, _, info = env.step(int(np.flatnonzero(env.action_masks())[-1]))
    assert info["episode_summary"]["hidden_decisions"] == 0
    assert info["episode_summary"]["jobs_completed"] == 3


class Watched(Decider):
    """A heuristic beside which an observer looks before every decision, with and without reservations."""

    def __init__(self, inner, case):
        super().__init__(inner.name, order=inner.order, order_param=inner.order_param)
        self._inner, self._withheld = inner, 0
        self._careful, self._plain = (Observer(case, Layout(reservations=on)) for on in (True, False))

    @property
    def withheld(self):
        return self._withheld

    def decide(self, world, e, status):
        self._careful.look(world, e)
        self._plain.look(world, e)
        offered, without = self._careful.mask, self._plain.mask
        assert not (offered & ~without).any()
        self._withheld += int(np.count_nonzero(without)) - int(np.count_nonzero(offered))
        return self._inner.decide(world, e, status)


@pytest.mark.parametrize(
    "heuristic, scenario, window",
    [
        ("easy", "islanded", "validation-03"),
        ("conservative", "islanded", "validation-03"),
        ("hvd+easy+green", "gpu-cluster", "validation-01"),
    ],
)
def test_looking_changes_nothing_for_who_decides(heuristic, scenario, window):
    """EASY and conservative backfilling keep reservations of their own through an instant."""
    case = build(load_scenario(scenario, Wishes(window=window))).case
    watched = Watched(make_scheduler(heuristic).for_case(case), case)
    assert (simulate(case, watched).events == simulate(case, make_scheduler(heuristic)).events).all()
    assert watched.withheld > 0 or heuristic != "easy"


def test_a_layout_with_reservations_goes_to_json_and_back():
    for layout in (Layout(), Layout(reservations=True)):
        assert Layout.from_json(layout.to_json()) == layout
    assert "reservations" not in Layout().to_json()  # what was written before there were any stays readable
    with pytest.raises(InputError):
        Layout.from_json(Layout().to_json().replace('"sizes": [', '"sizes": [1, '))
