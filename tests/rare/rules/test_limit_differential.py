"""Limits (RULES §15) and limits of backfilling (§10.11 to §10.14): both clocks and the reference agree."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from schedulers import make_scheduler
from tests.builders import random_case, random_power_case
from tests.rare.rules.limited_cases import limited, queue_case
from tests.rare.rules.test_differential import any_case, assert_same, compare_heuristic, play_reference
from tests.rare.twins import Erratic, history
from tests.reference.simulator import run_reference

OPTIONS = ("window_s", "resolution_s", "max_jobs", "interval_s")
SEEDS = 16  # `pytest -m slow` runs 10,000


def compare_any_choice(seed: int) -> None:
    """A scheduler that does whatever is allowed."""
    case = limited(seed, random_case(random.Random(seed)), limits=True, backfill=seed % 2 == 0)
    scheduler = Erratic(seed, picky=seed % 3 > 0)
    expected = run_reference(case, scheduler.choose_in_reference, scheduler.victim_in_reference)
    for clock in ("compiled", "simpy"):
        assert_same(history(case, scheduler, clock, checked=True), expected, f"seed {seed}, {clock} clock")


def limited_case(seed: int):
    """A case with limits of jobs, of backfilling, or both."""
    if seed % 2:
        return limited(seed, queue_case(seed), limits=seed % 4 == 1, backfill=True)
    case = random_power_case(random.Random(seed)) if seed % 3 == 0 else any_case(seed)
    return limited(seed, case, limits=seed % 4 == 0, backfill=seed % 5 != 1)


@pytest.mark.parametrize("block", range(4))
def test_whatever_is_allowed_is_allowed_everywhere(block):
    for seed in range(5_000_000 + block * SEEDS // 4, 5_000_000 + (block + 1) * SEEDS // 4):
        compare_any_choice(seed)


@pytest.mark.parametrize("block", range(4))
def test_heuristics_keep_limits_on_both_clocks(block):
    for seed in range(6_000_000 + block * SEEDS // 2, 6_000_000 + (block + 1) * SEEDS // 2):
        compare_heuristic(seed, limited_case(seed))


def test_plans_of_full_queues_agree():
    """Each option changes what the backfills do, so that all of them are compared."""
    changed: Counter[str] = Counter()
    for seed in range(8_000_000, 8_000_000 + 2 * SEEDS):
        case = limited(seed, queue_case(seed), limits=seed % 3 == 0, backfill=True)
        for name in ("easy", "conservative", "sjf+easy"):
            scheduler = make_scheduler(name)
            told = history(case, scheduler, "compiled")
            assert_same(told, play_reference(case, scheduler), f"seed {seed}, {name}")
            for key in OPTIONS:
                without = replace(case.options.backfill, **{key: 0})
                other = replace(case, options=replace(case.options, backfill=without))
                changed[key] += history(other, scheduler, "compiled")["events"] != told["events"]
    assert min(changed[key] for key in OPTIONS) >= 3, changed


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_many_more(block):
    for seed in range(7_000_000 + block * 1000, 7_000_000 + (block + 1) * 1000):
        compare_heuristic(seed, limited_case(seed))
        compare_any_choice(seed)
