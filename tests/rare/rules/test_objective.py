"""The objective's terms are the same in compiled floats and in exact integers."""

from types import SimpleNamespace

import numpy as np
import pytest

from rare.model import Case, Cluster, Options, Partition
from rare.rules.objective import PRICES, objective_terms, objective_u, prices_of, prices_per_u, terms_of
from rare.state.memory import arguments, records
from rare.world import build_world
from tests.builders import make_inputs, make_workload
from traces.numbers.constants import MICRO


def case_of(priced=True, carbon=True, penalty_u=3, carbon_u_per_kg=190_000):
    inputs = make_inputs([{"t": 0, "supply": 0, "price": 100, "carbon": 300}])
    inputs = type(inputs)(**{**vars_of(inputs), "priced": priced, "carbon_known": carbon})
    options = Options(violation_penalty_u=penalty_u, carbon_price_u_per_kg=carbon_u_per_kg)
    jobs = make_workload([{"submit_s": 0, "cores": 1, "work_s": 10, "value_u": 10**6}])
    return Case(jobs, Cluster((Partition(),)), inputs, options=options)


def vars_of(inputs):
    return {name: getattr(inputs, name) for name in type(inputs).__dataclass_fields__}


def test_by_hand():
    prices = prices_of(case_of())
    found = objective_terms(1_000_000, 2, 70, 500, 4_000_000, prices)
    assert found == (1_000_000, 6, 70, 500, 760_000_000_000)
    assert 760_000_000_000 / MICRO == 4 * 190_000  # 4 kg


@pytest.mark.parametrize("priced", [True, False])
@pytest.mark.parametrize("carbon", [True, False])
def test_compiled_and_exact_terms_agree(priced, carbon):
    case = case_of(priced, carbon)
    world = build_world(case, live=1, log_level=0)
    state = world.env[0]
    state.earned_u, state.violations, state.cost_u, state.emitted_u = 10**12 + 1, 17, -123_456, 987_654_321
    state.unserved_u = 4_321
    row = records((1,), np.dtype([*PRICES]))
    for name, price in prices_per_u(case).items():
        row[name] = price
    value_u, penalties_u, unserved_u, grid_u, carbon_upm = terms_of(state, prices_of(case))
    assert (value_u, penalties_u, unserved_u) == (10**12 + 1, 51, 4_321)
    assert grid_u == (-123_456 if priced else 0)
    assert carbon_upm == (987_654_321 * 190_000 if carbon else 0)
    exact_u = value_u - penalties_u - unserved_u - grid_u - carbon_upm / MICRO
    assert objective_u(world.handles[0], arguments(row)[0]) == pytest.approx(exact_u, rel=1e-15)


def test_whole_numbers_stay_whole_beyond_what_floats_hold():
    prices = SimpleNamespace(penalty_u=10**12, priced=1, carbon_price=10**12)
    assert objective_terms(1, 10**9, 2, 1, 10**12 + 1, prices)[1:] == (10**21, 2, 1, 10**24 + 10**12)
