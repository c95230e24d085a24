"""What every scheduler that has a name promises: a decider for each case, which a run does not change."""

import copy
import dataclasses

import numpy as np
import pytest

import rare
from rare.clocks.simpy_clock import SimpyClock
from rare.options.slurm_priority import Priority
from rare.rules.orders import check_order
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scheduler import BaseScheduler, Decider, as_decider, as_scheduler
from schedulers import describe, known_names, make_scheduler
from schedulers.heuristics.deferral import Deferral, Prices
from schedulers.heuristics.fused_record import RandomActions
from schedulers.registry import SHIPPED_FOLDER
from tests.builders import make_case
from traces.errors import InputError

PARTS = [part for kind in ("backfill", "gates", "victims") for part in describe()[kind]]
NAMES = [
    *known_names(), *(f"sjf+{part}" for part in PARTS),
    "lookahead=hvf+greedy+budget=60+samples=3", "oracle=5", "rare", "rare+guard+samples=3",
    str(SHIPPED_FOLDER),
    "deferral",
]  # fmt: skip


def scheduler_of(name):
    return Deferral(Prices(wait=1.0, energy_kwh=2.0)) if name == "deferral" else make_scheduler(name)


@pytest.fixture(scope="module")
def cases():
    windows = ("validation-06", "train-00")
    rates = ("grid.price_per_kwh=0.1", "grid.carbon_g_per_kwh=300")  # without them some gates refuse
    wishes = [Wishes(window=window, settings=rates) for window in windows]
    built = [build(load_scenario("tiny", each)).case for each in wishes]
    rules = Priority(age_weight=1000, size_weight=1000, fair_share_weight=1000)
    return [dataclasses.replace(case, priority=rules) for case in built]


def configuration(part):
    """The public attributes of a scheduler or decider, those of its parts too, as values to compare."""
    if isinstance(part, np.ndarray | np.void):
        return part.tobytes()
    if isinstance(part, BaseScheduler | Decider):
        public = {name: value for name, value in vars(part).items() if not name.startswith("_")}
        return {name: configuration(value) for name, value in public.items()}
    if dataclasses.is_dataclass(part):
        names = [field.name for field in dataclasses.fields(part)]
        return {name: configuration(getattr(part, name)) for name in names}
    return copy.deepcopy(part)


def same(one, other):
    return np.array_equal(one.jobs, other.jobs) and np.array_equal(one.events, other.events)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_changes_neither_the_scheduler_nor_its_decider(name, cases):
    scheduler = scheduler_of(name)
    assert isinstance(scheduler, BaseScheduler)
    before = configuration(scheduler)
    scheduler.check(cases[0])
    decider = scheduler.for_case(cases[0])
    assert isinstance(decider, Decider)
    assert decider.name == scheduler.name
    assert decider.records or not scheduler.records
    check_order(decider.order)
    made = configuration(decider)
    first, second = rare.simulate(cases[0], decider), rare.simulate(cases[0], decider)
    assert same(first, second)
    assert configuration(decider) == made
    assert configuration(scheduler) == before


@pytest.mark.parametrize("name", NAMES)
def test_two_cases_one_after_the_other_and_two_at_once(name, cases):
    expected = [rare.simulate(case, scheduler_of(name)) for case in cases]
    scheduler = scheduler_of(name)
    one_after_the_other = [rare.simulate(case, scheduler) for case in cases]
    assert all(map(same, expected, one_after_the_other))
    deciders = [scheduler.for_case(case) for case in cases]
    clocks = [SimpyClock.of(case, decider) for case, decider in zip(cases, deciders, strict=True)]
    begins_s = [case.first_instant_s for case in cases]
    going, hour = True, 0
    while going:  # an hour of one, an hour of the other
        hour += 1
        going = any([clock.step_until(s + 3600 * hour) for clock, s in zip(clocks, begins_s, strict=True)])
        assert hour < 10_000
    for clock, result in zip(clocks, expected, strict=True):
        assert np.array_equal(clock.world.outcome[0], result.jobs)


@pytest.mark.parametrize(
    "name", ["hvf", "edf", "multifactor", "sjf+green", "sjf+price", "lookahead", "oracle=5", "deferral"]
)
def test_what_check_refuses_is_refused_when_a_decider_is_made(name):
    """One job without value or deadline, no renewables, no price, no forecast."""
    case, scheduler = (
        make_case([{"work_s": 10}], rare.Partition(), [{"t": 0, "supply": 10**9}]),
        scheduler_of(name),
    )
    said = []
    for refuse in (scheduler.check, scheduler.for_case, lambda case: rare.simulate(case, scheduler)):
        with pytest.raises(InputError) as refused:
            refuse(case)
        said.append(str(refused.value))
    assert said[0] == said[1] == said[2]


@pytest.mark.parametrize("name", ["easy", "rare", "oracle=5", "deferral"])
def test_what_a_decider_is_made_of_cannot_be_set_again(name, cases):
    decider = scheduler_of(name).for_case(cases[0])
    for attribute in configuration(decider):
        with pytest.raises(AttributeError, match=f"{attribute} is fixed; make another by for_case"):
            setattr(decider, attribute, getattr(decider, attribute))


def test_random_actions_can_only_be_logged(cases):
    decider = RandomActions().for_case(cases[0])
    assert decider.records and not decider.replays and decider.sees_only_slots
    with pytest.raises(InputError, match="'random': only datasets take it"):
        rare.simulate(cases[0], decider)


class Mine:
    """A user's class with everything that one may have."""

    name = "my own"

    def __init__(self):
        self.checked = []

    def choose(self, view):
        return view.startable[0].index if view.startable else rare.WAIT

    def victim(self, view):
        return view.running[0].index

    def check(self, case):
        self.checked.append(case)


class MyPolicy:
    layout = {"queue_slots": 3, "running_slots": 2, "forecast_hours": 0}

    def act(self, observation, mask):
        return int(np.flatnonzero(mask)[-1])


class TestObjectsOfUsers:
    def test_a_class_with_choose(self, cases):
        mine = Mine()
        scheduler = as_scheduler(mine)
        assert (scheduler.name, scheduler.privileged, scheduler.records) == ("my own", False, False)
        decider = scheduler.for_case(cases[0])
        assert (decider.replays, decider.records, decider.fallback_decisions) == (False, False, None)
        assert mine.checked == [cases[0]] and decider.remarks(5) == []
        assert same(rare.simulate(cases[0], mine), rare.simulate(cases[0], decider))

    def test_a_policy(self, cases):
        scheduler = as_scheduler(MyPolicy())
        decider = scheduler.for_case(cases[0])
        assert (decider.name, decider.sees_only_slots) == ("MyPolicy", True)
        assert same(rare.simulate(cases[0], MyPolicy()), rare.simulate(cases[0], decider))
        assert SimpyClock.of(cases[0], MyPolicy()).run().env[0].completed > 0

    def test_a_class_that_is_derived_from_the_base_class_is_taken_as_it_is(self, cases):
        class First(BaseScheduler):
            name = "first"

            def for_case(self, case):
                return Waits(self.name)

        class Waits(Decider):
            def decide(self, world, e, status):
                return rare.WAIT

        assert as_scheduler(First()).__class__ is First
        assert rare.simulate(cases[0], First()).metrics["jobs_completed"] == 0

    @pytest.mark.parametrize("thing", [object(), "easy", None])
    def test_what_can_do_nothing_is_told_what_is_missing(self, thing, cases):
        with pytest.raises(InputError, match=r"neither a method choose\(view\) nor act\(observation, mask\)"):
            rare.simulate(cases[0], thing)

    def test_a_decider_is_no_scheduler(self, cases):
        decider = make_scheduler("easy").for_case(cases[0])
        assert as_decider(decider, cases[0]) is decider
        with pytest.raises(InputError, match="'easy': is a decider, made for one case"):
            as_scheduler(decider)


class Earlier:
    """A decider as they were before there was a base class: told its case, and its order known after that."""

    def __init__(self):
        self.asked = []

    def check(self, case):
        self.asked.append("check")
        self.inner = make_scheduler("sjf+easy").for_case(case)
        self.order, self.order_param = self.inner.order, self.inner.order_param

    def prepare(self, case, episode):
        self.check(case)
        self.asked.append(episode)

    def decide(self, world, e, status):
        return self.inner.decide(world, e, status)


class TestEarlierDeciders:
    def test_their_schedule_is_as_before(self, cases):
        assert same(rare.simulate(cases[0], Earlier()), rare.simulate(cases[0], make_scheduler("sjf+easy")))

    def test_an_episode_is_prepared(self, cases):
        earlier = Earlier()
        decider = as_decider(earlier, cases[0], episode="an episode")
        assert earlier.asked == ["check", "an episode"]
        assert (decider.name, decider.order) == ("Earlier", earlier.inner.order)
