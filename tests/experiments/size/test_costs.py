"""Costs: the annuity, a plant's yearly sums worked by hand, and defaults that name their source."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.size.cost_table import CostTable, annuity_factor, sourced_defaults
from experiments.size.plant_costs import Plant, yearly_costs
from rare.scenario.config.toml_tables import TableProblem, parse_table

_SOLAR = {"capital_per_kw": 1000, "running_per_kw_year": 10}
_WIND = {"capital_per_kw": 1500, "running_per_kw_year": 30}
COSTS = {
    "discount_rate": 0.0,
    "solar": {**_SOLAR, "lifetime_years": 20, "embodied_kg_per_kw": 400},
    "wind": {**_WIND, "lifetime_years": 25, "embodied_kg_per_kw": 500},
    "battery": {
        "capital_per_kwh": 300, "capital_per_kw": 100, "running_per_kwh_year": 8, "lifetime_years": 10,
        "embodied_kg_per_kwh": 90, "embodied_kg_per_kw": 20,
    },
    "grid": {"capital_per_kw": 80, "running_per_kw_year": 120, "lifetime_years": 40, "embodied_kg_per_kw": 4},
}  # fmt: skip


def table(**changes):
    return parse_table(CostTable, {**COSTS, **changes})


def test_the_annuity_of_a_textbook():
    """10 % over 2 years: 1.1^2 = 1.21, so 0.1 / (1 - 1/1.21) = 0.121 / 0.21."""
    assert annuity_factor(0.1, 2) == pytest.approx(0.121 / 0.21)
    assert annuity_factor(0.05, 20) == pytest.approx(0.0802425872)
    assert annuity_factor(0, 25) == 0.04


@given(st.floats(0.001, 0.3), st.integers(1, 60))
def test_the_payments_are_worth_the_capital(rate, years):
    payment = annuity_factor(rate, years)
    worth = sum(payment / (1 + rate) ** year for year in range(1, years + 1))
    assert worth == pytest.approx(1)


def test_a_plant_by_hand():
    yearly = yearly_costs(Plant(2, 4, 10, 2.5, 3), table())
    by_hand = {  # capital, running, embodied carbon, each a year
        "solar": (2 * 1000 / 20, 2 * 10, 2 * 400 / 20),
        "wind": (4 * 1500 / 25, 4 * 30, 4 * 500 / 25),
        "battery": ((10 * 300 + 2.5 * 100) / 10, 10 * 8, (10 * 90 + 2.5 * 20) / 10),
        "grid": (3 * 80 / 40, 3 * 120, 3 * 4 / 40),
    }
    assert list(yearly) == ["solar", "wind", "battery", "grid"]
    for asset, cost in yearly.items():
        found = cost.capital_per_year, cost.running_per_year, cost.embodied_kg_per_year
        assert found == pytest.approx(by_hand[asset]), asset


def test_a_discount_rate_makes_capital_dearer_and_nothing_else():
    plant = Plant(2, 4, 10, 2.5, 3)
    free, dear = yearly_costs(plant, table()), yearly_costs(plant, table(discount_rate=0.08))
    for asset in free:
        assert dear[asset].capital_per_year > free[asset].capital_per_year
        assert dear[asset].running_per_year == free[asset].running_per_year
        assert dear[asset].embodied_kg_per_year == free[asset].embodied_kg_per_year


def test_every_default_names_its_unit_and_its_source():
    numbers = sourced_defaults()
    defaults = CostTable()
    fields = {
        f"{asset}.{key}"
        for asset in ("solar", "wind", "battery", "grid")
        for key in type(getattr(defaults, asset)).model_fields
    }
    assert set(numbers) == {"discount_rate", *fields}
    for key, number in numbers.items():
        asset, _, name = key.rpartition(".")
        assert getattr(getattr(defaults, asset) if asset else defaults, name) == number.value
        assert number.unit and len(number.source) > 10
        assert np.isfinite(number.value)


def test_computed_defaults_are_what_their_sources_say():
    numbers = sourced_defaults()
    turbine_kg_per_kw = 0.011 * 0.30 * 8760 * 20
    assert numbers["wind.embodied_kg_per_kw"].value == pytest.approx(turbine_kg_per_kw, rel=0.01)
    panels_kg_per_kw = 0.0425 * 78_536 / 3  # of 3 kWp over 30 years
    assert numbers["solar.embodied_kg_per_kw"].value == pytest.approx(1.2 * panels_kg_per_kw, rel=0.03)


def test_dollars_are_not_taken_for_other_money():
    with pytest.raises(TableProblem, match="has a default in USD only; give it in EUR") as caught:
        parse_table(CostTable, {"currency": "EUR"})
    assert caught.value.path == ("solar", "capital_per_kw")
    euros = {**COSTS, "currency": "EUR"}
    assert parse_table(CostTable, euros).currency == "EUR"
    with pytest.raises(TableProblem, match="must be one of AUD"):
        parse_table(CostTable, {"currency": "XYZ"})
