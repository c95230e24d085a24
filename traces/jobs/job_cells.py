"""Cells of a table of jobs to whole numbers in the simulator's units, exactly."""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from traces.errors import quoted

#: Exact: products and differences of numbers of up to 40 digits never round; if one did, it would raise.
_EXACT = decimal.Context(prec=200, traps=[decimal.Inexact, decimal.InvalidOperation])
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_LONGEST_NUMBER = 40
_ROUNDINGS = {
    "floor": decimal.ROUND_FLOOR,
    "ceil": decimal.ROUND_CEILING,
    "nearest": decimal.ROUND_HALF_EVEN,
}
ROUNDINGS = ("exact", *_ROUNDINGS)
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

_KINDS = {"any": True, "ok": False}
#: In a list of ids: one in quotes, where a quote is doubled; else what stands between separators.
_ID = re.compile(r'"(?:[^"]|"")*"|[^ \t;"]+')
_SEPARATORS = re.compile(r"[ \t;]*")
_NEEDS_QUOTES = re.compile(r'[ \t;"]')

_TIME = {"us": "1e-6", "ms": "1e-3", "s": "1", "min": "60", "h": "3600", "d": "86400"}
_CORES = {"1": "1", "milli": "1e-3"}
_GPUS = {"1": "1000", "milli": "1"}
_MEMORY = {
    "B": str(1 / Decimal(2**20)),
    "KiB": str(1 / Decimal(2**10)),
    "MiB": "1",
    "GiB": "1024",
    "MB": str(Decimal(10**6) / 2**20),
    "GB": str(Decimal(10**9) / 2**20),
}
_POWER = {"mW": "1", "W": "1e3", "kW": "1e6"}
_SENSITIVITY = {"1": "1000", "milli": "1"}
_VALUE = {"micro": "1", "milli": "1e3", "1": "1e6"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a job: the column of Workload it becomes, its units (factor to whole numbers there)."""

    target: str
    units: dict[str, str]
    unit: str
    rounding: str
    #: Rounding of this one is part of its unit and not counted as a repair.
    quiet: bool = False


QUANTITIES = {
    "submit_s": Quantity("submit_s", _TIME, "s", "floor"),
    "cores": Quantity("cores", _CORES, "1", "exact"),
    "work_s": Quantity("work_s", _TIME, "s", "ceil"),
    "gpus": Quantity("gpus_milli", _GPUS, "1", "exact"),
    "memory_gib": Quantity("memory_mib", _MEMORY, "GiB", "ceil", quiet=True),
    "estimate_s": Quantity("estimate_s", _TIME, "s", "ceil"),
    "power_w": Quantity("power_mw", _POWER, "W", "exact"),
    "value": Quantity("value_u", _VALUE, "1", "exact"),
    "deadline_s": Quantity("deadline_s", _TIME, "s", "floor"),
    "sensitivity": Quantity("sensitivity_milli", _SENSITIVITY, "1", "exact"),
    "cancel_s": Quantity("cancel_s", _TIME, "s", "floor"),
    "think_s": Quantity("think_s", _TIME, "s", "ceil"),
    "nice": Quantity("nice", {"1": "1"}, "1", "exact"),
}


#: Stripped texts of one column of a chunk, or whole numbers from 0 to LARGEST_CELL as int64, none missing.
Cells = list[str] | np.ndarray
LARGEST_CELL = 10**18 - 1


class CellError(Exception):
    """A cell that its column cannot hold. row: in the chunk; reason: the message without its place."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row
        self.reason = reason


def parse_number(text: str) -> Decimal | None:
    """The exact decimal number in a cell; None where it is no number (also NaN, infinity, 1_000)."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text)


def decimals(column: str, cells: Sequence[str], empty: Decimal | None) -> list[Decimal]:
    """The cells as exact numbers; an empty one is `empty`, or CellError where that is None."""
    known: dict[str, Decimal] = {}
    numbers = []
    for row, cell in enumerate(cells):
        value = known.get(cell)
        if value is None:
            value = empty if cell == "" else parse_number(cell)
            if value is None:
                raise CellError(row, f"{column} is {_problem(cell)}")
            known[cell] = value
        numbers.append(value)
    return numbers


def _problem(cell: str) -> str:
    if cell == "":
        return "empty; give a number"
    return f"{quoted(cell)}, not a finite decimal number; correct it"


def product(left: Sequence[Decimal], right: Sequence[Decimal]) -> list[Decimal]:
    """Exact products left[i] x right[i]."""
    return [_EXACT.multiply(a, b) for a, b in zip(left, right, strict=True)]


def difference(left: Sequence[Decimal], right: Sequence[Decimal]) -> list[Decimal]:
    """Exact differences left[i] - right[i]."""
    return [_EXACT.subtract(a, b) for a, b in zip(left, right, strict=True)]


def integers_if_plain(cells: Sequence[str], factor: Decimal) -> np.ndarray | None:
    """The cells x factor as int64 where all cells are plain digits and the factor is whole; else None."""
    joined = "".join(cells)
    if not (joined.isascii() and joined.isdecimal()) or factor != int(factor):
        return None
    lengths = {len(cell) for cell in cells}
    if 0 in lengths or max(lengths) + len(str(int(factor))) > 18:
        return None
    return np.fromiter(map(int, cells), np.int64, len(cells)) * int(factor)


def scaled_integers(
    column: str, values: Sequence[Decimal], factor: Decimal, rounding: str
) -> tuple[np.ndarray, np.ndarray]:
    """(values x factor as int64, mask of rounded ones). CellError for values too large or not exact."""
    integers = np.empty(len(values), dtype=np.int64)
    rounded = np.zeros(len(values), dtype=bool)
    for row, value in enumerate(values):
        scaled = _EXACT.multiply(value, factor)
        if scaled.adjusted() > 18 or abs(scaled) >= 2**63:
            raise CellError(row, f"{column} is {quoted(str(value))}, too large; correct it")
        nearest = scaled.to_integral_value(_ROUNDINGS.get(rounding, decimal.ROUND_HALF_EVEN))
        rounded[row] = nearest != scaled
        if rounded[row] and rounding == "exact":
            step = "a whole number" if factor == 1 else f"a multiple of {_plain(1 / factor)}"
            raise CellError(row, f"{column} is {quoted(str(value))}; it must be {step}")
        integers[row] = int(nearest)
    return integers, rounded


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def booleans(column: str, cells: Sequence[str]) -> np.ndarray:
    """Cells such as true, false, yes, no, 1 and 0 as bool; an empty one is True. CellError for others."""
    flags = np.ones(len(cells), dtype=bool)
    for row, cell in enumerate(cells):
        value = True if cell == "" else _TRUTH.get(cell.lower())
        if value is None:
            raise CellError(row, f"{column} is {quoted(cell)}; write one of {', '.join(_TRUTH)}")
        flags[row] = value
    return flags


def kinds(column: str, cells: Sequence[str]) -> np.ndarray:
    """Cells `any` and `ok` as bool, True for any; an empty one is True. CellError for others."""
    flags = np.ones(len(cells), dtype=bool)
    for row, cell in enumerate(cells):
        value = True if cell == "" else _KINDS.get(cell.lower())
        if value is None:
            raise CellError(row, f"{column} is {quoted(cell)}; write one of {', '.join(_KINDS)}")
        flags[row] = value
    return flags


def id_lists(column: str, cells: Sequence[str]) -> list[tuple[str, ...]]:
    """Cells with job ids between spaces or semicolons as tuples. CellError for others.

    An id that holds a space, a semicolon or a double quote stands in double quotes, its own quotes doubled.
    """
    return [_ids_in(column, row, cell) if cell else () for row, cell in enumerate(cells)]


def _ids_in(column: str, row: int, cell: str) -> tuple[str, ...]:
    ids: list[str] = []
    place = _after_separators(cell, 0)
    while place < len(cell):
        match = _ID.match(cell, place)
        following = len(cell) if match is None else _after_separators(cell, match.end())
        if match is None or (following == match.end() < len(cell)):
            raise CellError(
                row,
                f"{column} is {quoted(cell)}; write ids between spaces or semicolons, and in double quotes "
                "where they hold one of these",
            )
        text = match.group()
        ids.append(text[1:-1].replace('""', '"') if text[0] == '"' else text)
        place = following
    known: set[str] = set()
    for job in ids:
        if job in known:
            raise CellError(row, f"{column} names job {quoted(job)} twice; name it once")
        known.add(job)
        if not (job.isprintable() and job == job.strip() and job):
            raise CellError(row, f"{column} names {quoted(job)}, which is no job id; correct it")
    return tuple(ids)


def _after_separators(cell: str, place: int) -> int:
    match = _SEPARATORS.match(cell, place)
    return place if match is None else match.end()


def id_list_cell(ids: Sequence[object]) -> str:
    """The cell that `id_lists` reads as these ids."""
    texts = [str(job) for job in ids]
    return " ".join(
        '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text for text in texts
    )


def scaled_if_whole(numbers: np.ndarray, factor: Decimal) -> np.ndarray | None:
    """Numbers x factor as int64 where the factor is whole and none gets above LARGEST_CELL; else None."""
    whole = int(factor)
    if whole != factor or int(numbers.max()) * whole > LARGEST_CELL:
        return None
    return numbers if whole == 1 else numbers * whole


@dataclass(slots=True)
class ColumnParts:
    """Converted columns as lists of chunks; places: (N,) lines (or rows) of the jobs, by chunk."""

    places: list[np.ndarray] = field(default_factory=list)
    parts: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, name: str, part: np.ndarray) -> None:
        self.parts.setdefault(name, []).append(part)

    def joined(self) -> dict[str, np.ndarray]:
        """The whole columns, one after the other, so that only one is there twice at a time."""
        if "job_id" in self.parts and ("after" in self.parts or _are_mixed(self.parts["job_id"])):
            self.parts["job_id"] = [id_texts(part) for part in self.parts["job_id"]]
        return {name: np.concatenate(self.parts.pop(name)) for name in list(self.parts)}


def _are_mixed(parts: list[np.ndarray]) -> bool:
    return len({part.dtype for part in parts}) > 1


def id_texts(ids: np.ndarray) -> np.ndarray:
    """Ids as texts, as those that jobs wait for are."""
    return ids if ids.dtype == object else np.array(list(map(str, ids.tolist())), dtype=object)


def texts_of(cells: Cells) -> list[str]:
    """The cells as texts."""
    return cells if isinstance(cells, list) else list(map(str, cells.tolist()))
