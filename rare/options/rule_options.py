"""Choices of a scenario that change rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rare.options.backfill_options import BackfillOptions
from traces.errors import InputError

GRID_CHARGE_NAMES = ("never", "price", "carbon")
"""What may tell the battery to charge from the grid (RULES §7.2a)."""
NOT_FROM_GRID, BY_PRICE, BY_CARBON = range(len(GRID_CHARGE_NAMES))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(message)


class ClassPrice(NamedTuple):
    """What a job of one service class costs if it is not served, in place of the prices of Options."""

    service_class: str
    penalty_u: int
    value_ppm: int


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of the scenario that change rules; each names its paragraph."""

    min_battery_s: int = 60  # §2.6
    restart_s: int = 0  # §5.2
    suspend_loss_s: int = 0  # §5.3
    max_kills: int = 3  # §5.4
    kill_at_estimate: bool = False  # §5.5
    checkpoint_s: int = 0  # §5.7: seconds of progress between two checkpoints; 0: none
    checkpoint_cost_s: int = 0  # §5.7: seconds without progress that writing one takes
    voluntary_suspension: bool = False  # §4.2b
    grid_first: bool = False  # §2.5
    tick_s: int | None = None  # §3.8
    grid_charge: str = "never"  # §7.2a: by "price" or "carbon"
    grid_charge_below_u: int = 0  # at or below: micro-units of money, or micro-kilograms, per kWh
    carbon_price_u_per_kg: int = 0  # objective: micro-units of value per kg
    violation_penalty_u: int = 0  # objective: micro-units of value per QoS violation
    unserved_penalty_u: int = 0  # §6.6: micro-units of value per job not served
    unserved_value_ppm: int = 0  # §6.6: and millionths of its value
    unserved_by_class: tuple[ClassPrice, ...] = ()  # §6.6: of these classes instead
    backfill: BackfillOptions = BackfillOptions()  # §10.11 to §10.14

    def __post_init__(self) -> None:
        lows = {"min_battery_s": 1, "restart_s": 0, "suspend_loss_s": 0, "max_kills": 1}
        for key, low in {**lows, "checkpoint_s": 0, "checkpoint_cost_s": 0}.items():
            value = getattr(self, key)
            _require(low <= value <= 10**9, f"rules: {key} must be between {low} and 10^9, got {value}")
        _require(
            self.tick_s is None or 1 <= self.tick_s <= 10**9,
            f"rules: tick_s must be at least 1 or left out, got {self.tick_s}",
        )
        _require(
            self.grid_charge in GRID_CHARGE_NAMES,
            f"rules: grid_charge must be one of {', '.join(GRID_CHARGE_NAMES)}, got {self.grid_charge!r}",
        )
        _require(
            abs(self.grid_charge_below_u) <= 2**40,
            f"rules: grid_charge_below must be within 2^40 micro-units, got {self.grid_charge_below_u}",
        )
        _require(self.carbon_price_u_per_kg >= 0, "rules: the carbon price must not be negative")
        _require(self.violation_penalty_u >= 0, "rules: the violation penalty must not be negative")
        for price in self.unserved_prices:
            allowed = 0 <= price.penalty_u <= 10**12 and 0 <= price.value_ppm <= 10**9
            _require(allowed, f"rules: a job not served costs 0 to 10^6 and 0 to 1000 values, got {price}")

    @property
    def unserved_prices(self) -> tuple[ClassPrice, ...]:
        """§6.6: the prices of jobs not served, those of classes without their own first."""
        return (ClassPrice("", self.unserved_penalty_u, self.unserved_value_ppm), *self.unserved_by_class)
