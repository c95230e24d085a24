"""Users' schedulers with speed levels, grid events and outages: what views tell, and what answers mean."""

from __future__ import annotations

import math

import pytest

import rare
from rare.state.arrays import RAISED, SLOWED, START, SUBMIT
from rare.view import GridEventView, OutageView
from tests.rare.env.level_cases import SPEEDS, drawn_case, grid_events, level_case, planned_outages

JOB = {"cores": 4, "work_s": 1000, "value_u": 10**6, "deadline_s": 20_000}
CLOCKS = ("compiled", "simpy")


class Scripted:
    """Answers what its functions of the view give, one after the other, then WAIT."""

    name = "scripted"

    def __init__(self, choices=(), victims=()):
        self.choices, self.victims, self.seen = list(choices), list(victims), []

    def choose(self, view):
        return self.choices.pop(0)(view) if self.choices else rare.WAIT

    def victim(self, view):
        return self.victims.pop(0)(view) if self.victims else rare.WAIT


def log_of(result):
    """(time, job, event, level) of all but submits."""
    rows = result.events[["time_s", "job", "event", "level"]].tolist()
    return [row for row in rows if row[2] != SUBMIT]


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_job_is_started_slower_raised_and_slowed(clock):
    """900 mW carry both jobs only if one starts slower; 1000 mW let it be raised."""
    rows = [{"t": 0, "supply": 900}, {"t": 100, "supply": 1000}, {"t": 200, "supply": 900}]
    scheduler = Scripted(
        [
            lambda view: view.queue[0].index,
            lambda view: view.at_level(view.queue[0], view.fastest_level(view.queue[0])),
            lambda view: view.faster(view.running[1]),
        ],
        [lambda view: view.slow(view.running[1])],
    )
    result = rare.simulate(level_case([JOB, JOB], rows), scheduler, clock=clock)
    changes = [each for each in log_of(result) if each[0] < 1000]
    assert changes == [(0, 0, START, 0), (0, 1, START, 1), (100, 1, RAISED, 0), (200, 1, SLOWED, 1)]


def test_what_a_view_tells_of_levels():
    told = {}

    class Reader(Scripted):
        def choose(self, view):
            if view.now_s == 0 and view.queue:
                first = view.queue[0]
                told["waiting"] = first, [view.can_start(first, level) for level in range(4)]
                told["startable"] = view.startable
                told["refused"] = view.fastest_level(first)
                return view.at_level(first, 1)
            if view.running and view.now_s == 0:
                told["running"] = view.running[0], view.can_slow(view.running[0])
            if view.now_s == 100:
                told["raise"] = view.can_raise(view.running[0])
            return rare.WAIT

    rows = [{"t": 0, "supply": 400}, {"t": 100, "supply": 1000}]
    rare.simulate(level_case([JOB, JOB], rows, sensitivity=[500, 1000]), Reader())
    job, may = told["waiting"]
    assert (job.level, job.levels, job.sensitivity, job.rate) == (0, 3, 0.5, 1.0)
    assert job.rates == (1.0, 0.925, 0.8) and job.powers_w == (0.4, 0.272, 0.16) and job.power_w == 0.4
    assert may == [False, True, True, False] and told["refused"] == 1 and told["startable"] == []
    assert told["raise"] is True
    with pytest.raises(ValueError, match=r"has the levels 0 to 2, got 3"):
        rare.view.ClusterView.at_level(None, job, 3)


def test_without_levels_a_view_tells_of_one():
    seen = []

    class Reader(Scripted):
        def choose(self, view):
            seen.extend(view.queue)
            assert view.fastest_level(view.queue[0]) == 0
            return view.startable[0].index if view.startable else rare.WAIT

    rare.simulate(level_case([JOB], [{"t": 0, "supply": 1000}], speeds=()), Reader())
    assert (seen[0].levels, seen[0].rates, seen[0].powers_w) == (1, (1.0,), (0.4,))


def test_what_a_view_tells_of_events():
    told = {}

    class Reader(Scripted):
        def choose(self, view):
            told[view.now_s] = view.limit_w, view.grid_events, view.planned_outages, view.nodes_away()
            return rare.WAIT

    rows = [{"t": t, "supply": 1000 + t} for t in (0, 600, 1000, 2000, 5000)]
    events = grid_events((500, 1000, 1200, 3000, 300, 0), (900, 1500, 1500, 1800, -1, 250))
    case = level_case([{**JOB, "cores": 1}], rows, events=events, outages=planned_outages((1, 2000, 4000)))
    rare.simulate(case, Reader())
    known = GridEventView(500, 1000, 1200, 3000, 0.3, None)
    outage = OutageView(2000, 4000, 0, 1)
    assert told[0] == (math.inf, [], [outage], 0)
    assert told[600] == (math.inf, [known], [outage], 0)
    limit_w, announced, _, _ = told[1000]
    assert limit_w == 0.3 and announced == [known, GridEventView(900, 1500, 1500, 1800, 0.0, 0.25)]
    assert told[2000][2:] == ([outage], 1) and told[5000] == (math.inf, [], [], 0)


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(
    ("choices", "victims", "message"),
    [
        ([lambda view: view.queue[0].index], [], r"job 1 at 0 s cannot start at level 0: it needs 0.5 W of "
         r"IT power and 0.35 W is spare .*view.fastest_level\(\)"),
        ([lambda view: view.queue[0].index + (5 << 32)], [], r"cannot start at level 5: its partition has "
         r"the levels 0 to 2 \(RULES §11.3\)"),
        ([lambda view: view.slow(view.queue[0])], [], "is not running, so its level cannot be changed"),
        ([lambda view: view.queue[0].index + (99 << 32)], [], "which is neither waiting nor running"),
        ([lambda view: view.at_level(view.queue[0], 2), lambda view: rare.WAIT,
          lambda view: view.at_level(view.running[0], 1)], [], "is running, so it cannot start at a level"),
        ([lambda view: view.at_level(view.queue[0], 2), lambda view: rare.WAIT,
          lambda view: view.slow(view.running[0])], [], "does not allow making it slower by choice"),
        ([lambda view: view.at_level(view.queue[0], 2), lambda view: rare.WAIT],
         [lambda view: view.slow(view.running[0])], r"has no slower level \(RULES §11.4\)"),
        ([lambda view: view.at_level(view.queue[0], 2), lambda view: rare.WAIT],
         [lambda view: view.faster(view.running[0])], "nor be made faster in a shortage"),
        ([lambda view: view.at_level(view.queue[0], 2), lambda view: rare.WAIT,
          lambda view: view.faster(view.running[0]), lambda view: rare.WAIT,
          lambda view: view.faster(view.running[0]), lambda view: rare.WAIT,
          lambda view: view.faster(view.running[0])], [], "runs at full speed, so it cannot be made faster"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(choices, victims, message, clock):
    """Supply 350 mW; from 100 s on plenty, or with victims 200 mW."""
    more = [{"t": t, "supply": 1000 + t} for t in range(100, 500, 100)]
    less = [{"t": 100, "supply": 150}]
    case = level_case([JOB, {**JOB, "submit_s": 50}], [{"t": 0, "supply": 350}, *(less if victims else more)])
    with pytest.raises(ValueError, match=message):
        rare.simulate(case, Scripted(choices, victims), clock=clock)


def test_one_speed_less_is_a_level_too():
    case = level_case([JOB, {**JOB, "submit_s": 50}], [{"t": 0, "supply": 400}], speeds=SPEEDS[:1])
    with pytest.raises(ValueError, match=r"job 1 at 0 s cannot start at level 0: it needs 0.5 W"):
        rare.simulate(case, Scripted([lambda view: view.queue[0].index]))


def test_a_raise_without_power_names_both_sides():
    rows = [{"t": 0, "supply": 350}]
    script = [
        lambda view: view.at_level(view.queue[0], 2),
        lambda view: view.faster(view.running[0]),
    ]
    case = level_case([JOB, {**JOB, "submit_s": 50, "cores": 1}], rows)
    with pytest.raises(ValueError, match=r"cannot be made faster: that takes 0.112 W of IT power and 0.09 W"):
        rare.simulate(case, Scripted(script))


def test_one_change_an_instant():
    script = [lambda view: view.at_level(view.queue[0], 2), lambda view: view.faster(view.running[0])]
    with pytest.raises(
        ValueError, match="has already started, stopped, changed its level or been shed at this"
    ):
        rare.simulate(level_case([JOB, JOB], [{"t": 0, "supply": 700}]), Scripted(script))


def test_both_clocks_ask_a_user_the_same():
    """A scheduler that slows, raises and starts at any level, on a drawn case with events."""

    class Shaper:
        def choose(self, view):
            for job in view.queue:
                level = view.fastest_level(job)
                if level is not None:
                    return view.at_level(job, level)
            raised = [job for job in view.running if view.can_raise(job)]
            return view.faster(raised[0]) if raised else rare.WAIT

        def victim(self, view):
            slowed = [job for job in view.running if view.can_slow(job)]
            return view.slow(slowed[0]) if slowed else view.running[0].index

    one, other = (rare.simulate(drawn_case(), Shaper(), clock=clock) for clock in CLOCKS)
    assert log_of(one) == log_of(other)
    assert {SLOWED, RAISED} <= {each[2] for each in log_of(one)}
