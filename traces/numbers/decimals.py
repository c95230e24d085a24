"""Decimal commas and grouped thousands: detected from the cells, or an error where both readings fit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from traces.errors import InputError, Parameter, Phrase

POINT, COMMA, GROUPED = ".", ",", ".,"
"""A decimal point; a decimal comma, dots grouping thousands; a declared point, commas grouping thousands."""
MARKS = (POINT, COMMA)

_END = r"(?:[eE][+-]?\d{1,5})?"
_WITH_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)?(?:,\d*)?" + _END, re.ASCII)
_WITH_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?" + _END, re.ASCII)
# 1.234 may be a decimal number or one thousand two hundred; 0.234, 1234.567 and 1.5 may not.
_GROUPS_OF_DOTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+", re.ASCII)
_GROUPS_OF_COMMAS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)


def has_comma(cell: str) -> bool:
    """Whether the cell is a number with a comma in it."""
    return "," in cell and bool(_WITH_COMMA.fullmatch(cell) or _WITH_POINT.fullmatch(cell))


def find_mark(
    columns: Sequence[Sequence[str]],
    lines: Sequence[int],
    path: object,
    delimiter: str,
    declared: str | None,
    *,
    declarable: bool = True,
) -> str:
    """The decimal mark of columns of numbers: as declared, else by the cells (a point between commas).

    declarable : whether the caller has an argument `decimal` that a message may ask for
    InputError where every cell that could decide has groups of three digits: both readings make sense.
    """
    if declared is not None:
        return GROUPED if declared == POINT else COMMA
    if delimiter == ",":
        return POINT  # a comma within a cell is refused below, with the key that allows it
    unclear = None
    for cells in columns:
        for row, cell in enumerate(cells):
            if "," in cell:
                if _GROUPS_OF_COMMAS.fullmatch(cell):
                    unclear = unclear or (row, cell)
                elif _WITH_COMMA.fullmatch(cell):
                    return COMMA
                elif _WITH_POINT.fullmatch(cell):
                    return GROUPED
            elif "." in cell:
                if _GROUPS_OF_DOTS.fullmatch(cell):
                    unclear = unclear or (row, cell)
                elif _WITH_POINT.fullmatch(cell):
                    return GROUPED if unclear is not None and "," in unclear[1] else POINT
    if unclear is None:
        return POINT
    row, cell = unclear
    raise InputError(
        f"{cell!r} may be {cell.replace('.', '').replace(',', '')} or {cell.replace(',', '.')}",
        where=f"{path}:{lines[row]}",
        remedy=Phrase("declare ", Parameter("decimal", "."), " or ", Parameter("decimal", ","))
        if declarable
        else "write it without grouping, as one of the two",
    )


def with_points(
    cells: Sequence[str], lines: Sequence[int], column: str, path: object, mark: str
) -> Sequence[str]:
    """The cells with decimal points and without groups. InputError for a number that does not fit the mark.

    Cells that are no numbers at all stay as they are.
    """
    if mark == POINT:
        return cells
    pattern, group, decimal = (_WITH_COMMA, ".", ",") if mark == COMMA else (_WITH_POINT, ",", ".")
    if not any(group in cell or decimal in cell for cell in cells):
        return cells
    numbers = []
    for row, cell in enumerate(cells):
        if (group in cell or decimal in cell) and any(sign.isdigit() for sign in cell):
            if not pattern.fullmatch(cell):
                word = "comma" if mark == COMMA else "point"
                raise InputError(
                    f"column {column!r} holds {cell[:40]!r}, not a number with a decimal {word}, "
                    "this file's decimal mark",
                    where=f"{path}:{lines[row]}",
                    remedy="write all numbers one way",
                )
            cell = cell.replace(group, "").replace(decimal, ".")
        numbers.append(cell)
    return numbers
