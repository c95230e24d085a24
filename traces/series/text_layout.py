"""Declared layout of a series' CSV file, where its content alone does not decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypedDict

from traces.errors import InputError, Parameter, Phrase
from traces.numbers.decimals import MARKS
from traces.times.stamps import DATE_ORDERS

_UNITS_S = {"ms": Fraction(1, 1000), "s": Fraction(1), "min": Fraction(60), "h": Fraction(3600),
            "d": Fraction(86400)}  # fmt: skip
_TIME_UNIT = re.compile(r"(\d{1,4})?(ms|s|min|h|d)", re.ASCII)


class LayoutOptions(TypedDict, total=False):
    """The keyword arguments that the readers of series share; see Layout."""

    header: bool
    decimal: str | None
    date_order: str | None
    time_unit: str | None
    time_start: str | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Declarations of the user about a file's text.

    header     : False: there is no line of column names; columns are called 1, 2, ... by position
    decimal    : '.' or ',' in numbers (the other one then groups thousands); None: by the cells
    date_order : 'day-first' or 'month-first' for dates like 01/02/2022; None: by a date that proves it
    time_unit  : unit of a time column that counts: s, min, h, d, ms, or several, as in 15min; None: seconds
    time_start : instant of count 0, such as 2022-01-01T00:00Z; None: 1970 for seconds and milliseconds
    """

    header: bool = True
    decimal: str | None = None
    date_order: str | None = None
    time_unit: str | None = None
    time_start: str | None = None

    def __post_init__(self) -> None:
        for name, known in (("decimal", MARKS), ("date_order", DATE_ORDERS)):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise InputError(
                    Phrase(Parameter(name, value), " is unknown"),
                    remedy=f"use one of {' '.join(map(repr, known))}",
                )
        if self.time_unit is not None and self.unit_s is None:
            raise InputError(
                Phrase(Parameter("time_unit", self.time_unit), " is unknown"),
                remedy="use s, min, h, d or ms, or several, as in 15min",
            )

    @property
    def unit_s(self) -> Fraction | None:
        """Seconds in one of `time_unit`; None where it is not given, or unknown."""
        match = _TIME_UNIT.fullmatch(self.time_unit or "")
        if match is None or match[1] in ("0", "00", "000", "0000"):
            return None
        return int(match[1] or 1) * _UNITS_S[match[2]]
