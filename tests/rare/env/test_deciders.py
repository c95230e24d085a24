"""Observers of several deciders share the tables of a case, and nothing else."""

import pickle

from rare.env.observation.layout import Layout
from rare.env.policies.deciders import Observers
from rare.rules.advance import advance
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.world import build_world


def case_of(window):
    return build(load_scenario("tiny", Wishes(window=window))).case


def test_the_tables_of_a_case_are_made_once_and_observations_are_apart():
    case, other_case = case_of("validation-06"), case_of("train-00")
    observers = Observers(Layout(8, 4, 2))
    first, second = observers.of(case), observers.of(case)
    assert first._tables is second._tables
    assert observers.of(other_case)._tables.case is other_case
    before = second.obs.copy()
    world = build_world(case, log_level=0)
    advance(world.handles[0])  # to the first decision
    first.look(world)
    assert (second.obs == before).all() and (first.obs != before).any()


def test_a_copy_makes_tables_of_its_own():
    observers = Observers(Layout(8, 4, 2))
    observer = observers.of(case_of("validation-06"))
    twin = pickle.loads(pickle.dumps(observers))
    assert twin.layout == observers.layout
    assert len(pickle.dumps(twin)) < 1000  # no case goes along
    assert (twin.of(observer.case).obs == observer.obs).all()
