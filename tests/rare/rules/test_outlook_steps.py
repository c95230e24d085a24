"""Which forecast is in force, which of its steps contains now, and when each begins: by hand."""

from dataclasses import replace

import numpy as np
import pytest

from rare.model import NEVER_S, Forecast
from rare.rules import outlook
from rare.rules.instant import instant
from rare.rules.settle import settle
from rare.world import build_world
from tests.builders import make_case
from tests.rare.rules.hand import at, battery, cores, job

BEGIN_S, ISSUE_S, STEP_S, STEPS = 1000, 500, 100, 4
#: Issue i, step h: 1000 (i + 1) + h.
SUPPLY_MW = 1000 * np.arange(1, 4)[:, None] + np.arange(STEPS)


def world_at(now_s):
    """Three issues, at 1000, 1500 and 2000 s, of four steps of 100 s each; 77 mW are there now."""
    tables = [SUPPLY_MW, SUPPLY_MW - 10, SUPPLY_MW + 10, SUPPLY_MW + 20, SUPPLY_MW + 30]
    forecast = Forecast("f", BEGIN_S, ISSUE_S, STEP_S, *tables)
    case = replace(
        make_case([job(10)], cores(1), [at(0, 77)], battery=battery(10_000, share=0.0)), forecast=forecast
    )
    world = build_world(case, log_level=0)
    settle(world.handles[0], now_s)
    world.env[0].now_s = now_s
    return world  # a handle points into it, and does not keep it


@pytest.mark.parametrize(
    ("now_s", "issue", "next_s", "step"),
    [
        (0, -1, 1000, STEPS),
        (999, -1, 1000, STEPS),
        (1000, 0, 1500, 0),
        (1199, 0, 1500, 1),
        (1399, 0, 1500, 3),
        (1400, 0, 1500, STEPS),  # the forecast ends before the next comes out
        (1499, 0, 1500, STEPS),
        (1500, 1, 2000, 0),
        (2150, 2, NEVER_S, 1),
        (9999, 2, NEVER_S, STEPS),
    ],
)
def test_issue_and_step(now_s, issue, next_s, step):
    world = world_at(now_s)
    w = world.handles[0]
    found = (outlook.issue_now(w), outlook.next_issue_s(w), outlook.present_step(w), outlook.outlook_steps(w))
    assert found == (issue, next_s, step, max(STEPS - step, 1))


@pytest.mark.parametrize(
    ("now_s", "begins_s"),
    [
        (1000, [1000, 1100, 1200, 1300, 1400, NEVER_S]),
        (1250, [1250, 1300, 1400, NEVER_S]),
        (1450, [1450, NEVER_S]),
        (2110, [2110, 2200, 2300, 2400, NEVER_S]),
        (500, [500, NEVER_S]),
    ],
)
def test_when_steps_begin(now_s, begins_s):
    world = world_at(now_s)
    w = world.handles[0]
    assert [outlook.step_start_s(w, step) for step in range(len(begins_s))] == begins_s


def test_supply_ahead_is_that_of_now_and_then_the_newest_forecasts():
    world = world_at(1650)  # in step 1 of issue 1
    w = world.handles[0]
    assert [outlook.supply_ahead_mw(w, step) for step in range(3)] == [77, 2002, 2003]


def test_an_empty_battery_keeps_what_is_too_little_for_a_second_more():
    # 50 s to the next step: 87 mW draw on 77: 490 mJ are 9 mW for 50 s; 40 mJ are left.
    world = world_at(1650)
    world.env[0].content, world.env[0].active_mw = 490_000, 87
    outlook.project(world.handles[0])
    assert outlook.content_cell(world.handles[0], 1).value == 40_000


def test_supply_told_late_changes_the_outlook_of_the_same_second():
    world = world_at(1650)
    w, state = world.handles[0], world.env[0]
    outlook.project(w)
    assert outlook.content_cell(w, 1).value == 50 * 77_000
    state.new_supply_mw, state.wake_s = 20, 1650
    instant(w)
    outlook.project(w)
    assert outlook.content_cell(w, 1).value == 50 * 20_000
