"""Both clocks and the independent reference tell the same story, on cases that look for trouble."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest

from rare.rules.orders import ORDER_NAMES
from schedulers import make_scheduler
from schedulers.heuristics.chooser import BACKFILL_NAMES, VICTIM_NAMES
from schedulers.heuristics.gates import GATE_NAMES, NO_GATE
from schedulers.heuristics.heuristic import NEEDS_DEADLINE, NEEDS_VALUE
from tests.builders import random_case, random_forecast
from tests.rare.twins import Erratic, history
from tests.reference.simulator import run_reference
from traces.errors import InputError

SEEDS = 300  # `pytest -m slow` runs 10,000


def heuristic_for(seed: int, case):
    """Some heuristic that can work on this case."""
    rng = random.Random(seed)
    for _ in range(100):
        name = f"{rng.choice(ORDER_NAMES)}+{rng.choice(BACKFILL_NAMES)}+{rng.choice(VICTIM_NAMES)}"
        gate = rng.choice(("", "", *GATE_NAMES[NO_GATE + 1 :]))
        scheduler = make_scheduler(f"{name}+{gate}" if gate else name, k=rng.choice((0.5, 2.0, 8.0)))
        try:
            scheduler.check(case)
        except InputError:
            continue
        return scheduler
    raise AssertionError("fcfs would have done")


def compare_with_reference(seed: int) -> None:
    case = random_case(random.Random(seed))
    scheduler = Erratic(seed, picky=seed % 3 > 0)
    expected = run_reference(case, scheduler.choose_in_reference, scheduler.victim_in_reference)
    for clock in ("compiled", "simpy"):
        ours = history(case, scheduler, clock, checked=True)
        context = f"seed {seed}, {clock} clock"
        assert ours["events"] == expected.events, context
        assert ours["instants"] == expected.instants, context
        assert ours["ended"] == expected.ended, context
        assert ours["energy"] == expected.energy, context
        money = (expected.cost_u, expected.carbon_ukg, expected.content, expected.wasted_mj)
        assert ours["money"] == money, context
        counts = (expected.decisions, expected.violations, expected.value_offered_u)
        assert ours["counts"] == counts, context
        assert ours["jobs"] == expected.jobs, context


def compare_clocks(seed: int) -> None:
    rng = random.Random(seed)
    case = random_case(rng)
    if rng.random() < 0.5:
        case = replace(case, forecast=random_forecast(rng, case))
    scheduler = heuristic_for(seed, case)
    fused = history(case, scheduler, "compiled")
    assert fused == history(case, scheduler, "compiled", checked=True), f"seed {seed}: {scheduler.name}"
    assert fused == history(case, scheduler, "simpy", checked=True), f"seed {seed}: {scheduler.name}"


@pytest.mark.parametrize("block", range(6))
def test_clocks_agree_with_the_reference(block):
    for seed in range(block * SEEDS // 6, (block + 1) * SEEDS // 6):
        compare_with_reference(seed)


@pytest.mark.parametrize("block", range(6))
def test_clocks_agree_under_every_family_of_heuristics(block):
    for seed in range(1_000_000 + block * SEEDS // 6, 1_000_000 + (block + 1) * SEEDS // 6):
        compare_clocks(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_ten_thousand_scenarios(block):
    first = int(os.environ.get("RARE_FIRST_SEED", "2000000"))
    for seed in range(first + block * 500, first + (block + 1) * 500):
        compare_with_reference(seed)
        compare_clocks(seed)


def test_needs_are_named():
    assert set(NEEDS_VALUE) | set(NEEDS_DEADLINE) <= set(ORDER_NAMES)
