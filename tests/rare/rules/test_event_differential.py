"""Both clocks and the reference agree on speed levels, grid events, cancellations, chains and outages too."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace

import pytest

from rare.model import Case
from schedulers import make_scheduler
from schedulers.heuristics.heuristic import Heuristic
from tests.builders import random_event_case, random_forecast, random_power_case
from tests.rare.rules.test_differential import (
    SHARE_WITH_FORECAST,
    assert_same,
    heuristic_for,
    play_reference,
)
from tests.rare.rules.world_look import LookScheduler, Restless
from tests.rare.twins import history
from tests.reference.simulator import run_reference

SEEDS = 16  # `pytest -m slow` runs 10,000
# Seeds that told of a fault once. 2000778: the reference placed jobs at the end of an endless outage.
TELLING_SEEDS = (2_000_778,)


def event_case(seed: int) -> Case:
    """A case with some of the features, of a machine that looks for trouble or of one where power decides."""
    rng = random.Random(seed)
    if seed % 3 == 0:
        return random_event_case(rng, random_power_case(rng))
    case = random_event_case(rng)
    return replace(case, forecast=random_forecast(rng, case)) if rng.random() < SHARE_WITH_FORECAST else case


def slow_heuristic_for(seed: int, case: Case) -> Heuristic:
    """Some heuristic that can work on the case, more often than not of the slow family."""
    scheduler = heuristic_for(seed, case)
    word = random.Random(~seed).choice(("", "+slow", "+slow=raise-first"))
    return replace(
        make_scheduler(scheduler.name + word, k=scheduler.order_param), gate_param=scheduler.gate_param
    )


def compare_restless(seed: int) -> None:
    """A scheduler that does anything that is allowed."""
    case, restless = event_case(seed), Restless(seed)
    scheduler = LookScheduler(restless.functions)
    expected = run_reference(case, restless.choose, restless.victim)
    for clock in ("compiled", "simpy"):
        assert_same(history(case, scheduler, clock, checked=True), expected, f"seed {seed}, {clock} clock")


def compare_heuristic(seed: int) -> None:
    """The compiled loop, both clocks and the reference."""
    case = event_case(seed)
    scheduler = slow_heuristic_for(seed, case)
    context = f"seed {seed}: {scheduler.name}, Q {scheduler.gate_param}"
    fused = history(case, scheduler, "compiled")
    assert_same(fused, play_reference(case, scheduler), context)
    assert fused == history(case, scheduler, "compiled", checked=True), context
    assert fused == history(case, scheduler, "simpy", checked=True), context


@pytest.mark.parametrize("block", range(4))
def test_clocks_agree_with_the_reference(block):
    for seed in range(block * SEEDS // 4, (block + 1) * SEEDS // 4):
        compare_restless(seed)


@pytest.mark.parametrize("block", range(4))
def test_clocks_agree_under_heuristics(block):
    for seed in range(1_000_000 + block * SEEDS // 4, 1_000_000 + (block + 1) * SEEDS // 4):
        compare_heuristic(seed)


@pytest.mark.parametrize("seed", TELLING_SEEDS)
def test_what_differed_once_agrees(seed):
    compare_restless(seed)
    compare_heuristic(seed)


def test_the_draws_reach_every_kind_of_event():
    seen: Counter[str] = Counter()
    for seed in range(100):
        restless = Restless(seed)
        for event in run_reference(event_case(seed), restless.choose, restless.victim).events:
            seen[event[1]] += 1
            seen[f"{event[1]} at a level"] += len(event) > 3
    names = ("slow", "raise", "cancel", "drop", "lose", "kill", "shed", "expire", "fail", "start at a level")
    assert {name: seen[name] for name in names if seen[name] < 5} == {}


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_ten_thousand_scenarios(block):
    first = int(os.environ.get("RARE_FIRST_SEED", "2000000"))
    for seed in range(first + block * 500, first + (block + 1) * 500):
        compare_restless(seed)
        compare_heuristic(seed)
