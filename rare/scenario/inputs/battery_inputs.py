"""The battery of a scenario at its size."""

from __future__ import annotations

from rare.model import NO_BATTERY, Battery, Cluster
from rare.scenario.config.scenario_config import BatteryTable, Scenario
from rare.scenario.inputs.supply_inputs import MW_PER_KW, of_peak

MJ_PER_KWH = 3_600_000_000
MONTH_S = 30 * 86400


def make_battery(scenario: Scenario, cluster: Cluster, notes: list[str]) -> Battery:
    """The scenario's battery at its size; none beside unlimited power, which would never need it."""
    table: BatteryTable = scenario.battery
    if not table.present:
        return NO_BATTERY
    if scenario.supply.resolved_kind == "unlimited":
        notes.append("battery: power is unlimited, so the battery is left out")
        return NO_BATTERY
    if table.kwh is not None:
        capacity_mj = round(table.kwh * MJ_PER_KWH)
    else:
        capacity_mj = round((table.hours or 0.0) * 3600 * of_peak(1.0, cluster, "battery.hours"))

    def limit(kw: float | None, ratio: float | None, key: str) -> int:
        if kw is not None:
            return round(kw * MW_PER_KW)
        return of_peak(1.0 if ratio is None else ratio, cluster, f"battery.{key}")

    return Battery(
        capacity_mj,
        limit(table.charge_kw, table.charge_ratio, "charge_ratio"),
        limit(table.discharge_kw, table.discharge_ratio, "discharge_ratio"),
        table.charge_efficiency,
        table.discharge_efficiency,
        table.initial_share,
        round(capacity_mj * table.self_discharge_percent_per_month / 100 / MONTH_S),
    )
