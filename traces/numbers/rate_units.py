"""Units of prices and carbon intensities in files, and their exact size in whole micro-units per kWh."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from traces.errors import InputError

CURRENCIES = frozenset([
    "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD",
    "HUF", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "RON", "RUB",
    "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "ZAR",
])  # fmt: skip
MONEY, CARBON, SHARE = "money", "carbon", "share"
# Grams in one of the unit. The pound is the international one, 0.45359237 kg exactly (NIST SP 811, B.8).
MASSES_G = {"g": Fraction(1), "kg": Fraction(1000), "t": Fraction(10**6), "lb": Fraction("453.59237")}
ENERGIES_KWH = {"kWh": 1, "MWh": 1000}
CARBON_UNIT, SHARE_UNIT = "kg/kWh", "1"
KNOWN = (
    "EUR/MWh, EUR/kWh (or another currency), ct/kWh (euro cents), USDct/kWh, p/kWh or GBp/MWh (pence), "
    "g/kWh, kg/kWh, kg/MWh, lb/MWh, 1"
)

# What one value may be at most, and how messages say it: beyond, it is a slip of the unit.
LIMITS_U = {
    MONEY: (2**30, "1073 of the currency per kWh"),
    CARBON: (10**7, "10 kg per kWh"),
    SHARE: (10**4, "10"),
}

_CO2 = re.compile(r"[ _]?CO(?:2|₂)(?:[- ]?(?:equivalent|eq|e))?", re.IGNORECASE)
_SPLIT = re.compile(r"(.+?)\s*(?:/| per )\s*([kMG]?Wh)")
_IN_NAME = re.compile(
    r"(?<![A-Za-z])(?P<unit>[A-Za-z€$£][A-Za-z0-9₂€$£-]*(?:/| / | per )[A-Za-z]{2,3})(?![A-Za-z])"
)
# A penny is a hundredth of a pound. Case counts: GBP is the pound.
PENCE = frozenset({"p", "pence", "GBp", "GBX", "GBpence"})
_SUFFIX = re.compile(r"_([a-z]{1,5})_per_(kwh|mwh)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RateUnit:
    """One unit of a file. `base` is the series' unit ("EUR/kWh", "kg/kWh", "1"), `quantity` what it measures.

    micro : exact micro-units of `base` in one of the unit; per mille for "1"
    """

    text: str
    base: str
    quantity: str
    micro: Fraction

    @property
    def inside(self) -> str:
        """The unit of converted values, as messages print it."""
        return "per mille" if self.quantity == SHARE else f"micro-{self.base}"


def rate_unit(text: str) -> RateUnit:
    """The unit of that spelling. InputError, saying what to write, where there is none or it is ambiguous."""
    text = str(text).strip()
    if text == SHARE_UNIT:
        return RateUnit(text, SHARE_UNIT, SHARE, Fraction(1000))
    parts = _SPLIT.fullmatch(text)
    energy_kwh = ENERGIES_KWH.get(parts[2]) if parts else None
    if parts is None or energy_kwh is None:
        raise InputError(f"unknown unit {text!r}: {_hint(text)}")
    top = _CO2.sub("", parts[1]).strip()
    mass = "lb" if top == "lbs" else top
    if mass in MASSES_G:
        return RateUnit(text, CARBON_UNIT, CARBON, MASSES_G[mass] * 1000 / energy_kwh)
    if top in ("$", "¢"):
        raise InputError(f"unknown unit {text!r}: which dollar? Write USD/MWh, AUD/MWh, CAD/MWh and so on")
    if top in ("c", "cent", "cents", "øre", "öre", "ore"):
        raise InputError(
            f"unknown unit {text!r}: hundredths of which currency? Write ct/{parts[2]} for euro cents, else "
            f"USDct/{parts[2]}, AUDct/{parts[2]}, SEKct/{parts[2]} and so on"
        )
    currency, cents = ("EUR", 100) if top == "ct" else ("GBP", 100) if top in PENCE else _money(top)
    if currency is None:
        raise InputError(f"unknown unit {text!r}: {_hint(text)}")
    return RateUnit(text, f"{currency}/kWh", MONEY, Fraction(10**6, cents * energy_kwh))


def unit_in_name(name: str) -> RateUnit | None:
    """The unit that a column's name declares: `Price (EUR/MWh)`, `gCO₂eq/kWh (LCA)`, `price_eur_per_mwh`."""
    if match := _SUFFIX.search(name):
        top, energy = match[1].lower(), {"kwh": "kWh", "mwh": "MWh"}[match[2].lower()]
        texts = [f"{top if top in (*MASSES_G, 'ct', 'p', 'pence') else top.upper()}/{energy}"]
    else:
        texts = [match["unit"] for match in _IN_NAME.finditer(name)]
    for text in texts:
        try:
            return rate_unit(text)
        except InputError:
            continue
    return None


def units_written(name: str, extra: Sequence[str]) -> list[RateUnit]:
    """The units that a column's name and the lines of units below it declare."""
    written = [unit_in_name(name), *(unit_in_name(f"[{cell.strip(' []()')}]") for cell in extra)]
    return [unit for unit in written if unit is not None]


def check_base(unit: str, name: str) -> str:
    """`unit`, if a series can have it. InputError, beginning with `name`, otherwise."""
    if unit in (CARBON_UNIT, SHARE_UNIT) or (unit.endswith("/kWh") and unit[:-4] in CURRENCIES):
        return unit
    raise InputError(
        f"unit {unit!r} is not one that a series is kept in: use EUR/kWh (or another currency), "
        f"{CARBON_UNIT} or {SHARE_UNIT!r}",
        where=name,
    )


def _money(top: str) -> tuple[str | None, int]:
    """(currency, units of it in one major unit) of the part above the line; (None, 1) if it is no money."""
    name = {"€": "EUR", "£": "GBP"}.get(top, top)
    cents = 1
    if name.endswith("ct"):
        name, cents = name[:-2].strip(), 100
    return (name, cents) if name in CURRENCIES else (None, 1)


def _hint(text: str) -> str:
    for known in ("EUR/kWh", "EUR/MWh", "USD/kWh", "USD/MWh", "g/kWh", "kg/kWh", "g/MWh", "kg/MWh", "lb/MWh"):
        if known.lower() == text.lower():
            return f"write {known} (case counts)"
    return f"use {KNOWN}"
