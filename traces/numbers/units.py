"""Units of power and energy in files, and their exact conversion to whole milliwatts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.numbers import decimals

# Milliwatts, or millijoules for energy per step, in one of the unit.
POWER_UNITS = {"W": 10**3, "kW": 10**6, "MW": 10**9, "GW": 10**12}
ENERGY_UNITS = {unit + "h": scale * 3600 for unit, scale in POWER_UNITS.items()}
UNITS = {**POWER_UNITS, **ENERGY_UNITS}
KNOWN = ", ".join(POWER_UNITS) + ", or per step " + ", ".join(ENERGY_UNITS)
MAX_MW = 10**18
# ENTSO-E writes n/e (not expected), SMARD a dash, German spreadsheets #NV.
MISSING = frozenset({
    "", "nan", "na", "n/a", "n.a.", "null", "none", "n/e", "n/d", "n.v.", "nd", "-", "--", "---", "–",
    "#n/a", "#na", "#nv", "<na>", "missing",
})  # fmt: skip

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,5})?", re.ASCII)
_SUFFIX = re.compile(r"_(gwh|mwh|kwh|wh|gw|mw|kw|w)$", re.IGNORECASE)
_BRACKET = re.compile(r"[\[(]\s*(GWh|MWh|kWh|Wh|GW|MW|kW|W)\s*[\])]")
_BY_LOWER = {unit.lower(): unit for unit in UNITS}


def check_unit(unit: str) -> str:
    """`unit`, if it is known; InputError otherwise. Case counts: mW is a milliwatt, MW a megawatt."""
    if unit in UNITS:
        return unit
    close = _BY_LOWER.get(str(unit).lower())
    hint = f"write {close} (case counts)" if close else f"use {KNOWN}"
    raise InputError(f"unknown unit {unit!r}: {hint}")


def unit_of_column(name: str) -> str | None:
    """The unit that a column's name declares: `wind_kw`, `Wind [kW] actual` or `kW`; `_mw` is megawatt."""
    alone = name.strip()
    if alone.lower() in _BY_LOWER and not alone.startswith("m"):  # mW is a milliwatt, and mw could be one
        return _BY_LOWER[alone.lower()]
    if match := _SUFFIX.search(name):
        return _BY_LOWER[match[1].lower()]
    match = _BRACKET.search(name)
    return match[1] if match else None


def units_declared(name: str, extra: Sequence[str]) -> list[str]:
    """The units that a column's name and the lines of units below it declare, each once."""
    written = [unit_of_column(name), *(unit_of_column(f"[{cell.strip(' []()')}]") for cell in extra)]
    return list(dict.fromkeys(unit for unit in written if unit is not None))


def _remedy(cell: str, column: Sequence[str]) -> Phrase:
    """The end of the message on a cell that is no number."""
    # Declaring the mark helps only where all numbers are written one way.
    if decimals.has_comma(cell) and not any("." in other for other in column):
        mark = Parameter("decimal", decimals.COMMA)
        return Phrase("write a decimal point, or declare ", mark, " (or '.', if the comma groups thousands)")
    return Phrase("write digits with a decimal point")


def milliwatts_per(unit: str, step_s: int) -> Fraction:
    """Mean milliwatts over a step that one of the unit stands for; energy is spread over the step."""
    scale = Fraction(UNITS[unit])
    return scale / step_s if unit in ENERGY_UNITS else scale


def to_milliwatts(
    cells: Sequence[str], lines: Sequence[int], column: str, path: object, scale: Fraction
) -> tuple[np.ndarray, np.ndarray]:
    """(power_mw int64, missing bool) of a column of decimal text; see to_whole."""
    return to_whole(cells, lines, column, path, scale, MAX_MW, "10^15 W")


def to_whole(
    cells: Sequence[str],
    lines: Sequence[int],
    column: str,
    path: object,
    scale: Fraction,
    limit: int,
    limit_text: str,
) -> tuple[np.ndarray, np.ndarray]:
    """(int64, missing bool): each cell's decimal text times `scale`, rounded half to even to a whole number.

    Floats do the work, at most 1.5 x 2^-52 off. Where one lies so near the middle between two whole numbers
    that this could decide (beyond 2^50: always), the text is converted in exact arithmetic.
    InputError names the line of a bad cell, or of one beyond +-`limit`, which messages call `limit_text`.
    """
    missing = np.fromiter((cell.lower() in MISSING for cell in cells), bool, len(cells))
    plain = ["0" if empty else cell for cell, empty in zip(cells, missing, strict=True)]
    for i, cell in enumerate(plain):
        if len(cell) > 64 or not _NUMBER.fullmatch(cell):
            raise InputError(
                f"column {column!r} holds {cell[:40]!r}, not a number",
                where=f"{path}:{lines[i]}",
                remedy=Phrase(_remedy(cell, cells), ", or leave the cell empty if the value is missing"),
            )
    approximate = np.array(plain, dtype=np.float64) * float(scale)
    if not (np.abs(approximate) <= limit).all():
        i = np.flatnonzero(~(np.abs(approximate) <= limit)).tolist()[0]
        raise InputError(
            f"column {column!r} holds {cells[i]!r}, more than {limit_text}: check the unit",
            where=f"{path}:{lines[i]}",
        )
    rounded = np.rint(approximate).astype(np.int64)
    to_middle = np.abs(approximate - np.floor(approximate) - 0.5)
    for i in np.flatnonzero(to_middle <= np.abs(approximate) * 2.0**-50).tolist():
        rounded[i] = round(Fraction(Decimal(plain[i])) * scale)
    return rounded, missing
