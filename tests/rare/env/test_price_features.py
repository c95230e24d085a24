"""What an observation shows of the objective's prices, by hand; and the prices of a dial in their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rare import Layout
from rare.env.batch import Batch
from rare.env.case_tables import tables_of
from rare.env.observation.observer import ORDER, ORDER_PARAM
from rare.env.observation.shown_prices import Dial
from rare.episodes import episodes_of_case
from rare.scenario.scenario_episodes import episodes_of
from rare.state.arrays import QUEUE
from tests.rare.env.level_cases import drawn_case

LAYOUT = Layout(8, 4, 3, prices=True)


@pytest.fixture(scope="module")
def case():
    found = episodes_of("grid-tied").case
    options = replace(
        found.options, violation_penalty_u=5_000, unserved_penalty_u=10_000, unserved_value_ppm=500_000
    )
    return replace(found, options=options)


def shown(case, dial=None):
    """The tables of a case, and the features of the block `prices` at its first instant."""
    tables = tables_of(case, LAYOUT, ORDER, ORDER_PARAM, *(() if dial is None else (dial,)))
    return tables, tables.view[0]


def test_prices_stand_beside_what_jobs_are_worth(case):
    tables, view = shown(case)
    jobs = tables.world.jobs
    mean_u = np.mean(jobs.value_u[jobs.value_u > 0])
    assert view["late"] == pytest.approx(5_000 / mean_u)
    assert view["unserved"] == pytest.approx(np.mean(10_000 + np.round(jobs.value_u / 2)) / mean_u, rel=1e-6)
    usual = np.median(jobs.value_u / jobs.cores / jobs.estimate_s)
    of_first = 5_000 / jobs.cores[0] / jobs.estimate_s[0]
    assert tables.static["late"][0] == pytest.approx(np.log1p(of_first / usual) / 12, rel=1e-5)
    per_kwh = np.median(jobs.value_u / (jobs.power_mw * jobs.estimate_s / 3.6e9))
    assert view["per_price"] == pytest.approx(1 / per_kwh, rel=1e-9)
    assert view["per_carbon"] == pytest.approx(0.19 / per_kwh, rel=1e-9)


def test_the_scale_of_money_does_not_matter(case):
    work = case.workload
    dearer = replace(
        case,
        workload=replace(work, value_u=work.value_u * 1000),
        density_median=None,
        options=replace(case.options, violation_penalty_u=5_000_000, unserved_penalty_u=10_000_000,
                        carbon_price_u_per_kg=case.options.carbon_price_u_per_kg * 1000),
    )  # fmt: skip
    (plain, view), (scaled, other) = shown(replace(case, density_median=None)), shown(dearer)
    for name in ("late", "unserved"):
        assert np.allclose(plain.static[name], scaled.static[name], atol=1e-5)
        assert view[name] == pytest.approx(other[name], rel=1e-4)
    assert other["per_carbon"] == pytest.approx(view["per_carbon"], rel=1e-6)
    assert other["per_price"] == pytest.approx(view["per_price"] / 1000, rel=1e-6)


def test_price_and_carbon_are_shown_in_the_money_of_grid_tied():
    own = tables_of(episodes_of("grid-tied").case, LAYOUT, ORDER, ORDER_PARAM).view[0]
    assert own["price_scale"] == pytest.approx(1, abs=1e-4) and own["carbon_scale"] == pytest.approx(
        1, abs=1e-4
    )
    plain = tables_of(
        episodes_of("gpu-cluster").case, replace(LAYOUT, prices=False), ORDER, ORDER_PARAM
    ).view[0]
    assert plain["price_scale"] == plain["carbon_scale"] == 1
    gpus = tables_of(episodes_of("gpu-cluster").case, LAYOUT, ORDER, ORDER_PARAM)
    assert gpus.view[0]["price_scale"] == pytest.approx(
        own["per_price"] ** -1 * gpus.view[0]["per_price"], rel=1e-4
    )
    assert (
        gpus.hours["x"].reshape(-1, 5)[0, 3]
        < tables_of(episodes_of("gpu-cluster").case, replace(LAYOUT, prices=False), ORDER, ORDER_PARAM)
        .hours["x"]
        .reshape(-1, 5)[0, 3]
    )


def test_a_dial_shows_its_own_prices_and_changes_no_run(case):
    plain, view = shown(case)
    turned, other = shown(case, Dial(late=2.0, served=1.0, carbon=0.0, energy=3.0))
    jobs = plain.world.jobs
    assert other["late"] == 2.0 and other["per_carbon"] == 0.0
    assert other["unserved"] == pytest.approx(1.0)
    assert other["per_price"] == pytest.approx(3 * view["per_price"])
    worth_u = np.maximum(jobs.value_u, 0)
    assert np.allclose(turned.static["unserved_u"], np.where(worth_u > 0, worth_u[worth_u > 0].mean(), 0))
    assert np.array_equal(turned.world.jobs.unserved_u, jobs.unserved_u)
    as_is, same = shown(case, Dial())
    assert np.array_equal(as_is.static, plain.static) and same["late"] == view["late"]


def test_the_cost_ahead_is_price_and_carbon_of_each_hour(case):
    found = episodes_of("grid-tied")
    batch = Batch(replace(found, cases=(case,)), LAYOUT, 1)
    batch.set_up(0, found.of("train")[0])
    batch.begin(0)
    state, view, at = batch.world.env[0], tables_of(case, LAYOUT, ORDER, ORDER_PARAM).view[0], LAYOUT.slices
    cost = state.price_u * view["per_price"] + state.carbon_u * view["per_carbon"]
    assert cost > 0
    assert batch.obs[0][at["prices"]][2] == pytest.approx(cost / (1 + cost), rel=1e-5)
    assert (batch.obs[0][at["costs"]] > 0).all()
    job = batch.world.live[0, batch._slots["slot"][0, 0]].job
    static = batch.tables[0].static[job]
    assert batch.obs[0][at["queue_prices"]][:2].tolist() == [static.late, static.unserved]


def test_of_a_long_queue_the_jobs_are_seen_that_cost_most_if_not_served():
    """With prices the slots go by what serving a job earns and saves."""
    case = drawn_case(count=20)
    values = case.workload.value_u
    assert (values > 0).any()
    options = replace(case.options, unserved_penalty_u=10**12)
    narrow = replace(LAYOUT, queue_slots=2)
    priced = episodes_of_case(replace(case, options=options))
    batch = Batch(priced, narrow, 1)
    batch.set_up(0, priced.episodes[0])
    batch.begin(0)
    while int(batch.world.ends[0, QUEUE].last - batch.world.ends[0, QUEUE].first) <= 2:
        batch.step_single(0, 0)
    jobs = batch.world.jobs
    first, last = (int(batch.world.ends[0, QUEUE][end]) for end in ("first", "last"))
    waiting = [int(batch.world.live[0, slot].job) for slot in batch.world.lists[0, QUEUE]["slot"][first:last]]
    wish = {
        job: 1 / (max(jobs.cores[job], jobs.gpus_milli[job] / 1000) * max(jobs.estimate_s[job], 1))
        for job in waiting
    }
    wanted = sorted(sorted(waiting, key=lambda job: -wish[job])[:2])
    assert [int(batch.world.live[0, slot].job) for slot in batch.visible(0)] == wanted
