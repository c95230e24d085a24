"""Codes that compiled code branches on: each has a branch of its own, and no other code passes."""

from __future__ import annotations

import importlib.util
import inspect
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rare
from rare.env.observation import layout
from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.rules import orders
from rare.rules.decide import apply
from rare.rules.instant import instant
from rare.rules.orders import ORDER_NAMES, priority
from rare.state import live_lists
from rare.state.arrays import DECIDE_START, EXPECTED, QUEUE
from rare.state.codes import Choice, check_branches, handled_codes
from rare.world import build_jobs, build_world
from schedulers.heuristics.chooser import BACKFILL_NAMES, choose_start
from schedulers.heuristics.gates import GATES, NO_GATE, OUTSIDE, is_gated
from schedulers.heuristics.victims import VICTIM_NAMES, reluctance
from tests.builders import make_case, random_forecast
from traces.name_registry import RegistrationError, Registry

JOBS = [
    {"work_s": 700, "value_u": 5_000_000, "deadline_s": 900, "cores": 2, "power_mw": 3000, "submit_s": 3},
    {"work_s": 80, "value_u": 3_000_000, "deadline_s": 8000, "power_mw": 9000, "submit_s": 40},
]
GRID = [{"t": 0, "grid": rare.UNLIMITED_MW}]


def test_every_order_has_a_formula_of_its_own():
    jobs = build_jobs(make_case(JOBS, rare.Partition(nodes=4), GRID))
    keys = {
        name: tuple(priority(job, int(job.work_s), code, 500, 60.0, 2.0) for job in jobs)
        for code, name in enumerate(ORDER_NAMES)
    }
    assert not any(math.isnan(key) for pair in keys.values() for key in pair), keys
    assert len(set(keys.values())) == len(ORDER_NAMES), keys


@pytest.mark.parametrize("code", [-1, len(ORDER_NAMES), 99])
def test_an_unknown_order_is_refused_and_never_taken_for_the_last_one(code):
    case = make_case(JOBS, rare.Partition(nodes=4), GRID)
    assert math.isnan(priority(build_jobs(case)[0], 700, code, 500, 60.0, 2.0))
    with pytest.raises(ValueError, match=f"order {code} is unknown; .* 0 to {len(ORDER_NAMES) - 1}"):
        build_world(case, order=code)


def test_every_victim_rule_has_a_measure_of_its_own():
    case = make_case([{**job, "submit_s": 0} for job in JOBS], rare.Partition(nodes=4), GRID)
    world = build_world(case, log_level=0)
    w, state = world.handles[0], world.env[0]
    for slot in (0, 1):
        assert instant(w) == DECIDE_START
        apply(w, slot)
    slots = (0, 1)
    world.live[0, 1].resumed_s = 45  # as if the second had been resumed later
    state.now_s = 50
    measures = {
        name: tuple(reluctance(w, slot, code) for slot in slots) for code, name in enumerate(VICTIM_NAMES)
    }
    assert not any(math.isnan(each) for pair in measures.values() for each in pair), measures
    assert len(set(measures.values())) == len(VICTIM_NAMES), measures
    assert math.isnan(reluctance(w, slots[0], len(VICTIM_NAMES)))


# --- the layout and what writes it ----------------------------------------------------------------


def test_a_layout_that_its_writer_does_not_know_is_refused():
    names = [feature.name for feature in layout.RUNNING]
    assert layout.places("running", *names) == range(len(names))
    for wrong in (names[:-1], [*names, "mood"], names[::-1]):
        with pytest.raises(RuntimeError, match="block running has the features present, cores"):
            layout.places("running", *wrong)


def test_importing_the_writer_fails_when_the_layout_has_another_feature(monkeypatch):
    more = (*layout.QUEUE, layout.Feature("mood", "", "1: it is happy"))
    monkeypatch.setitem(layout._BLOCKS, "queue", more)
    spec = importlib.util.find_spec("rare.env.observation.queue_rows")
    with pytest.raises(RuntimeError, match="block queue has the features .* startable, mood; what writes it"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


class Looking:
    """Starts what may start, and looks at full blocks of slots through an observer that knows nothing yet."""

    name, order, order_param = "looking", 0, 2.0

    def __init__(self):
        self.looks = 0

    def check(self, case):
        self.case = case

    def decide(self, world, e, status):
        observer = Observer(self.case, Layout(queue_slots=3, running_slots=2, forecast_hours=4))
        observer.obs[1:] = np.nan  # WAIT is always valid and written once
        choice = 1 if observer.look(world, e) > 1 and observer.mask[1] else 0
        if live_lists.size(world.handles[e], QUEUE) >= 3 and live_lists.size(world.handles[e], EXPECTED) >= 2:
            self.looks += 1
            missing = {
                name: np.flatnonzero(np.isnan(observer.obs[place])).tolist()
                for name, place in observer.layout.slices.items()
            }
            assert not any(missing.values()), missing
        return observer.decision_of(world, choice, e)


@pytest.mark.parametrize("with_forecast", [False, True])
def test_the_writer_fills_every_number_of_the_layout(with_forecast):
    jobs = [{"work_s": 500, "submit_s": k // 3} for k in range(12)]
    case = make_case(jobs, rare.Partition(nodes=4), GRID, end_s=4000)
    if with_forecast:
        case = replace(case, forecast=random_forecast(random.Random(4), case))
    looking = Looking()
    rare.simulate(case, looking)
    assert looking.looks > 3


# --- names and branches -----------------------------------------------------------------------------------


def branching(code):
    """Has branches for FIRST and SECOND, and falls through for all others."""
    if code == FIRST:
        return 1
    if code == SECOND:
        return 2
    return 3


FIRST, SECOND = 0, 1


def registry_of(*codes):
    registry = Registry("rule")
    for name, code in zip("abc", codes, strict=False):
        registry.register(name, "does something", Choice(code))
    return registry


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ((0, 1, 2), "rule 'c' is not implemented: branching has no branch for its code 2"),
        ((0,), "branching has a branch for code 1, and no rule has it"),
        ((0, 0), "rule 'b' has the code of 'a', 0"),
        ((0, 2), r"codes of rules are \[0, 2\]; count them from 0"),
    ],
)
def test_a_name_without_a_branch_is_refused_when_it_is_registered(codes, message):
    with pytest.raises(RegistrationError, match=message):
        check_branches(registry_of(*codes), branching, "code")


def test_every_registered_name_has_a_branch():
    check_branches(registry_of(0, 1), branching, "code")
    assert handled_codes(priority, "order") == set(range(len(ORDER_NAMES)))
    assert handled_codes(reluctance, "victim_rule") == set(range(len(VICTIM_NAMES)))
    assert handled_codes(choose_start, "backfill") == set(range(len(BACKFILL_NAMES)))
    assert handled_codes(is_gated, "gate") == {NO_GATE, OUTSIDE} | {
        GATES[name].value.code for name in GATES.built_in
    }


def test_importing_the_orders_fails_when_one_has_no_formula(monkeypatch):
    source = Path(orders.__file__).read_text("utf-8")
    assert "if order == UNICEF:" in source
    for before, after, message in (
        (
            "if order == UNICEF:",
            "if order == WFP3:",
            "order 'unicef' is not implemented: priority has no branch",
        ),
        ('ORDERS.register("f4"', 'ORDERS.register("f3"', "order 'f3' is registered already"),
    ):
        changed = source.replace(before, after)
        file = Path(orders.__file__)
        lines = changed.splitlines(keepends=True)
        monkeypatch.setattr(
            "inspect.getsource", lambda function, lines=lines: part_of_source(function, lines)
        )
        with pytest.raises(RegistrationError, match=message):
            exec(compile(changed, str(file), "exec"), {"__name__": "changed_orders"})


def part_of_source(function, lines):
    """As inspect.getsource, in other lines than those of the file."""
    return "".join(inspect.getblock(lines[function.__code__.co_firstlineno - 1 :]))
