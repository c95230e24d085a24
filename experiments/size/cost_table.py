"""The cost table: what capacity costs, how long it lasts, and what was emitted to make it.

Defaults and who published them: default_costs.toml beside this module.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from rare.scenario.config.field_types import Number, Problems, Table, Text, otherwise
from traces.numbers.rate_units import CURRENCIES

DEFAULT_CURRENCY = "USD"
_FILE = Path(__file__).resolve().parent / "default_costs.toml"


class SourcedNumber(NamedTuple):
    """A default of the cost table, and where it comes from."""

    key: str
    value: float
    unit: str
    source: str


@cache
def sourced_defaults() -> dict[str, SourcedNumber]:
    """The packaged defaults by key, such as `solar.capital_per_kw`, in the order of the file."""
    tables = tomllib.loads(_FILE.read_text("utf-8"))
    numbers: dict[str, SourcedNumber] = {}
    for name, table in tables.items():
        entries = {name: table} if "value" in table else {f"{name}.{key}": table[key] for key in table}
        for key, entry in entries.items():
            numbers[key] = SourcedNumber(key, float(entry["value"]), entry["unit"], entry["source"])
    return numbers


def _cost(key: str, description: str, most: float = 1e7, least: float = 0.0) -> Any:
    return Field(default=sourced_defaults()[key].value, ge=least, le=most, description=description)


_CAPITAL = "what it costs to build, per kW"
_RUNNING = "what it costs to keep, per kW and year"
_LIFETIME = "the capital is paid back and the embodied carbon spread over so many years"
_EMBODIED = "kg CO2e emitted to make it and to take it away, per kW"


class PowerCosts(Table):
    """Costs of capacity in kW."""

    capital_per_kw: Number
    running_per_kw_year: Number
    lifetime_years: Number
    embodied_kg_per_kw: Number


class SolarCosts(PowerCosts):
    """[cost.solar]: per kW of nameplate (of the inverter, AC)."""

    capital_per_kw: Number = _cost("solar.capital_per_kw", _CAPITAL)
    running_per_kw_year: Number = _cost("solar.running_per_kw_year", _RUNNING)
    lifetime_years: Number = _cost("solar.lifetime_years", _LIFETIME, 200, 1)
    embodied_kg_per_kw: Number = _cost("solar.embodied_kg_per_kw", _EMBODIED)


class WindCosts(PowerCosts):
    """[cost.wind]: per kW of nameplate."""

    capital_per_kw: Number = _cost("wind.capital_per_kw", _CAPITAL)
    running_per_kw_year: Number = _cost("wind.running_per_kw_year", _RUNNING)
    lifetime_years: Number = _cost("wind.lifetime_years", _LIFETIME, 200, 1)
    embodied_kg_per_kw: Number = _cost("wind.embodied_kg_per_kw", _EMBODIED)


class GridCosts(PowerCosts):
    """[cost.grid]: per kW of the line; energy and its carbon come from the scenario's [grid]."""

    capital_per_kw: Number = _cost("grid.capital_per_kw", _CAPITAL)
    running_per_kw_year: Number = _cost("grid.running_per_kw_year", _RUNNING + ": the capacity charge")
    lifetime_years: Number = _cost("grid.lifetime_years", _LIFETIME, 200, 1)
    embodied_kg_per_kw: Number = _cost("grid.embodied_kg_per_kw", _EMBODIED)


class BatteryCosts(Table):
    """[cost.battery]: per kWh of capacity, and per kW of power where that is a size of its own."""

    capital_per_kwh: Number = _cost("battery.capital_per_kwh", "what it costs to build, per kWh")
    capital_per_kw: Number = _cost("battery.capital_per_kw", "the same for its power, per kW")
    running_per_kwh_year: Number = _cost(
        "battery.running_per_kwh_year", "what it costs to keep, per kWh and year"
    )
    lifetime_years: Number = _cost("battery.lifetime_years", _LIFETIME, 200, 1)
    embodied_kg_per_kwh: Number = _cost("battery.embodied_kg_per_kwh", "kg CO2e emitted to make it, per kWh")
    embodied_kg_per_kw: Number = _cost("battery.embodied_kg_per_kw", "the same for its power, per kW")


class CostTable(Table):
    """[cost]: money and carbon of capacity."""

    currency: Text = Field(
        default=DEFAULT_CURRENCY,
        description="that of every number of this table; the scenario's money must be the same. Another one "
        "needs every number of money given",
    )
    discount_rate: Number = _cost("discount_rate", "a year, real", 1.0)
    solar: SolarCosts = SolarCosts()
    wind: WindCosts = WindCosts()
    battery: BatteryCosts = BatteryCosts()
    grid: GridCosts = Field(default=GridCosts(), json_schema_extra=otherwise("all by the packaged table"))

    def problems(self) -> Problems:
        """Money that nobody knows, and dollars that would be taken for other money."""
        if self.currency not in CURRENCIES:
            yield "currency", f"must be one of {', '.join(sorted(CURRENCIES))}, got {self.currency!r}"
        if self.currency != DEFAULT_CURRENCY:
            for asset in ("solar", "wind", "battery", "grid"):
                table = getattr(self, asset)
                for key in type(table).model_fields:
                    is_money = key.startswith(("capital", "running"))
                    if is_money and key not in table.model_fields_set and getattr(table, key):
                        yield (
                            f"{asset}.{key}",
                            f"has a default in {DEFAULT_CURRENCY} only; give it in {self.currency}",
                        )


def annuity_factor(discount_rate: float, lifetime_years: float) -> float:
    """The share of a capital that is paid each year: the capital recovery factor r / (1 - (1 + r)^-n).

    Equal payments at the ends of n years that are worth the capital today; 1/n at a rate of 0 (IPCC SRREN
    2011, Annex II, section A.II.3.4).
    """
    if discount_rate == 0:
        return 1 / lifetime_years
    return float(discount_rate / (1 - (1 + discount_rate) ** -lifetime_years))
