"""The objective: value earned less the prices of broken promises, grid energy and its carbon (DESIGN §2).

One formula for compiled code, which counts in floats, and for Python, which counts exactly. Who calls it
divides by the value offered where a share is wanted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from rare.model import Case
from rare.state.arrays import env_of
from rare.state.compile import rule
from traces.numbers.constants import MICRO

PRICES = (("penalty_u", "f8"), ("carbon_price", "f8"), ("priced", "f8"))
"""Fields of a record that compiled code takes the prices from; filled by `prices_per_u`."""
ACCOUNTS = ("earned_u", "violations", "unserved_u", "cost_u", "emitted_u")
"""Fields of an ENV record that the objective is made of, in the order of `objective_terms`."""


class Prices(NamedTuple):
    """What the objective charges, exact: micro-units for each job that is late or not served, micro-units per
    kilogram of carbon, and 1 if grid energy costs anything. What a job not served costs beside this stands
    in its own record (RULES §6.6)."""

    penalty_u: int
    carbon_price: int
    priced: int


def prices_of(case: Case) -> Prices:
    """The prices of a case, for exact terms: carbon per kilogram."""
    options, inputs = case.options, case.inputs
    carbon_u_per_kg = options.carbon_price_u_per_kg if inputs.carbon_known else 0
    return Prices(options.violation_penalty_u, carbon_u_per_kg, int(inputs.priced))


def prices_per_u(case: Case) -> dict[str, float]:
    """The prices of a case by the fields of PRICES, for compiled terms: carbon per microkilogram."""
    prices = prices_of(case)
    return {
        "penalty_u": float(prices.penalty_u),
        "carbon_price": prices.carbon_price / MICRO,
        "priced": float(prices.priced),
    }


def objective_terms(earned_u, violations, unserved_u, cost_u, emitted_u, prices):
    """(value earned, price of late jobs, price of jobs not served, cost of grid energy, cost of its carbon).

    All in micro-units, but the last in millionths of them where `prices` has carbon per kilogram
    (`prices_of`): whole numbers stay whole, and whoever adds the terms up divides it by MICRO.
    """
    penalties_u, grid_u = violations * prices.penalty_u, cost_u * prices.priced
    return earned_u, penalties_u, unserved_u, grid_u, emitted_u * prices.carbon_price


def terms_of(state: Any, prices: Prices) -> tuple[int, int, int, int, int]:
    """The exact terms of an ENV record; the cost of carbon in millionths of micro-units."""
    earned_u, violations, unserved_u, cost_u, emitted_u = (int(state[name]) for name in ACCOUNTS)
    _, penalties_u, _, grid_u, carbon = objective_terms(
        earned_u, violations, unserved_u, cost_u, emitted_u, prices
    )
    return earned_u, penalties_u, unserved_u, grid_u, carbon


_terms = rule(objective_terms)


@rule
def objective_u(w, prices):
    """The objective of an environment so far, in micro-units; prices: a record with the fields of PRICES."""
    s = env_of(w)
    value, penalties, unserved, grid, carbon = _terms(
        s.earned_u, s.violations, s.unserved_u, s.cost_u, s.emitted_u, prices
    )
    return value - (penalties + unserved + grid + carbon)
