"""Numbers as text: durations, energies, powers, shares, counts, and intervals of means."""

from __future__ import annotations

import re

from experiments.results.statistics import Estimate

DASH = "-"


def duration(seconds: float) -> str:
    """Seconds in the largest unit that keeps the number readable: 42 s, 17.3 min, 5.2 h, 3.1 d."""
    for size_s, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size_s:
            return f"{seconds / size_s:.1f} {unit}"
    return f"{seconds:.0f} s"


def energy(kwh: float) -> str:
    """Energy in kWh, or from 10,000 of a unit on in the next larger one."""
    for size, unit in ((1e9, "TWh"), (1e6, "GWh"), (1e3, "MWh")):
        if abs(kwh) >= 10 * size:
            return f"{kwh / size:,.1f} {unit}"
    return f"{kwh:,.0f} kWh" if abs(kwh) >= 100 else f"{kwh:.2f} kWh"


def power(kw: float) -> str:
    """Power with four digits in the unit that suits: W, kW, MW, GW."""
    for size, unit in ((1e6, "GW"), (1e3, "MW"), (1.0, "kW")):
        if abs(kw) >= size:
            return f"{kw / size:,.4g} {unit}"
    return f"{kw * 1000:,.4g} W"


def percent(share: float) -> str:
    """A share of 1 in per cent."""
    return f"{100 * share:.1f} %"


def count(number: float) -> str:
    """A whole number with thousands separated."""
    return f"{number:,.0f}"


def plain(number: float) -> str:
    """A number with about four digits."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:,.2f}"


def score(number: float) -> str:
    """The objective: three decimals."""
    return f"{number:.3f}"


def cell(value: float | None, form: str) -> str:
    """A number in a format such as `+.3f`; a dash where there is none."""
    return DASH if value is None else format(value, form)


def interval(estimate: Estimate, form: str) -> str:
    """Its interval as `low to high`; a dash where there is none."""
    if estimate.low is None or estimate.high is None:
        return DASH
    return f"{estimate.low:{form}} to {estimate.high:{form}}"


def printable(text: str) -> str:
    """Names come from files: no control character may reach the terminal."""
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", "?", text)
