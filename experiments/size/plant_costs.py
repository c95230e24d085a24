"""What a plant costs and has emitted, spread over its years. Operation comes from the simulation."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.size.cost_table import CostTable, annuity_factor

ASSETS = ("solar", "wind", "battery", "grid")


@dataclass(frozen=True, slots=True)
class Plant:
    """Capacities: solar and wind as nameplate, a battery's energy and power, and the grid line."""

    solar_kw: float = 0.0
    wind_kw: float = 0.0
    battery_kwh: float = 0.0
    battery_kw: float = 0.0
    grid_kw: float = 0.0


@dataclass(frozen=True, slots=True)
class YearlyCost:
    """Of one asset: capital as equal yearly payments, running cost, embodied carbon over the lifetime."""

    capital_per_year: float
    running_per_year: float
    embodied_kg_per_year: float


def yearly_costs(plant: Plant, costs: CostTable) -> dict[str, YearlyCost]:
    """The yearly cost of each of ASSETS, in the money of the table."""
    yearly = {}
    for asset, kw in (("solar", plant.solar_kw), ("wind", plant.wind_kw), ("grid", plant.grid_kw)):
        table = getattr(costs, asset)
        yearly[asset] = YearlyCost(
            kw * table.capital_per_kw * annuity_factor(costs.discount_rate, table.lifetime_years),
            kw * table.running_per_kw_year,
            kw * table.embodied_kg_per_kw / table.lifetime_years,
        )
    battery, kwh, kw = costs.battery, plant.battery_kwh, plant.battery_kw
    yearly["battery"] = YearlyCost(
        (kwh * battery.capital_per_kwh + kw * battery.capital_per_kw)
        * annuity_factor(costs.discount_rate, battery.lifetime_years),
        kwh * battery.running_per_kwh_year,
        (kwh * battery.embodied_kg_per_kwh + kw * battery.embodied_kg_per_kw) / battery.lifetime_years,
    )
    return {asset: yearly[asset] for asset in ASSETS}
