"""Rows of sacct as columns of numbers, a chunk at a time; texts become numbers of distinct texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from traces.errors import InputError, quoted
from traces.files.text import place
from traces.jobs.columns import repeats_one
from traces.jobs.sacct.rows import sacct_values as values
from traces.jobs.sacct.rows.sacct_stamps import NO_TIME, StampError, parse_times
from traces.jobs.sacct.rows.sacct_values import NONE, Cached

STAMPS = ("submit", "eligible", "start", "end")
TEXTS = ("cluster", "user", "group", "account", "qos", "partition", "node_list")
_UNKNOWN_TEXTS = frozenset({"", "None", "Unknown", "(null)", "N/A", "None assigned"})
#: Lists of nodes are kept to guess the machine; a file with more of them has shown enough.
MOST_NODE_LISTS = 200_000
_LARGEST_ID = 2**53
_ID = re.compile(r"(\d{1,16})(?:_(\d{1,9})|_\[([\d,%:.-]*)\]|\+(\d{1,6}))?", re.ASCII)
_SIMPLE: dict[str, tuple[str, Callable[[str], int]]] = {
    "suspended": ("Suspended", values.seconds),
    "elapsed": ("Elapsed", values.seconds),
    "limit": ("Timelimit", values.minutes),
    "allocated_cpus": ("AllocCPUS", values.count),
    "requested_cpus": ("ReqCPUS", values.count),
    "allocated_nodes": ("AllocNodes", values.count),
    "nodes": ("NNodes", values.count),
}
_TRES = ("cpus", "memory", "nodes", "gpus")


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of a file that are no steps, in file order.

    columns : by name, (n,) each. `line`; ids: `job`, `task` and `part` of a heterogeneous job (NONE: none),
              `tasks` that one row stands for, `raw` id (NONE: not given); `submit`, `eligible`, `start`,
              `end` [s, NO_TIME for none] and `submit_utc` ... whether they are of UTC; `suspended`,
              `elapsed`, `limit` [s]; counts; `kind` of state; memory in bytes; texts as numbers
    texts   : the distinct texts of each column of TEXTS
    given   : which fields the file has
    """

    columns: dict[str, np.ndarray]
    texts: dict[str, list[str]]
    given: frozenset[str]

    def __len__(self) -> int:
        return len(self.columns["line"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def take(self, rows: np.ndarray) -> Records:
        """These rows only (indices or a mask)."""
        if rows.dtype == np.bool_ and rows.all():
            return self
        chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        columns = {
            name: np.broadcast_to(values[:1], chosen.shape) if repeats_one(values) else values[chosen]
            for name, values in self.columns.items()
        }
        return Records(columns, self.texts, self.given)

    def replaced(self, **columns: np.ndarray) -> Records:
        """The same rows with other columns."""
        return Records({**self.columns, **columns}, self.texts, self.given)

    def without(self, names: Iterable[str]) -> Records:
        """The same rows without some columns, which takes their memory off."""
        gone = set(names)
        kept = {name: values for name, values in self.columns.items() if name not in gone}
        return Records(kept, self.texts, self.given)

    def id_text(self, row: int) -> str:
        """The id of a row as sacct prints it, without the list of tasks."""
        task, part = int(self["task"][row]), int(self["part"][row])
        end = f"_{task}" if task != NONE else f"+{part}" if part != NONE else ""
        return f"{int(self['job'][row])}{end}"


@dataclass(slots=True)
class RecordReader:
    """Turns chunks of texts into Records. `unit`: what places in messages count, line or row."""

    path: Path | str
    unit: str = "line"
    _parts: dict[str, list[np.ndarray]] = field(default_factory=dict)
    _codes: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in TEXTS})
    _given: set[str] = field(default_factory=set)
    _caches: dict[str, Cached] = field(default_factory=dict)
    _tres: dict[str, values.Tres] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._caches = {name: Cached(read) for name, (_, read) in _SIMPLE.items()}
        self._caches["kind"] = Cached(values.state_of)
        self._caches["allocated_gres"] = self._caches["requested_gres"] = Cached(values.gres)

    def add(self, lines: list[int], cells: dict[str, list[str]]) -> None:
        """Read one chunk. InputError, with the line, for the first cell that cannot be read."""
        count = len(lines)
        self._given |= cells.keys()
        chunk: dict[str, np.ndarray] = {"line": np.array(lines, dtype=np.int64)}
        try:
            chunk |= self._ids(cells["job_id"])
            chunk["raw"] = self._raw(cells.get("raw_id"), count)
            chunk["kind"] = self._cached("kind", cells["state"], "")
            for name in STAMPS:
                chunk[name], chunk[f"{name}_utc"] = self._times(name, cells.get(name), count)
            for name, (title, _) in _SIMPLE.items():
                chunk[name] = (
                    self._cached(name, cells[name], title) if name in cells else np.full(count, NONE)
                )
            for side in ("allocated", "requested"):
                chunk |= self._resources(side, cells.get(f"{side}_tres"), count)
                gres = cells.get(f"{side}_gres")
                chunk[f"{side}_gres"] = (
                    self._cached(f"{side}_gres", gres, "") if gres else np.zeros(count, np.int64)
                )
            chunk["memory"], chunk["memory_each"] = self._memory(cells.get("memory"), count)
        except _CellProblem as problem:
            raise InputError(problem.reason, where=self._where(lines[problem.row])) from None
        for name in TEXTS:
            chunk[name] = self._text_codes(name, cells.get(name), count)
        for name, column in chunk.items():
            self._parts.setdefault(name, []).append(column)

    def records(self) -> Records:
        """All rows. InputError where there are none."""
        if not self._parts:
            raise InputError(
                "has no jobs below its header", where=place(self.path), remedy="give accounts of jobs"
            )
        columns = {}
        for name in list(self._parts):
            column = np.concatenate(self._parts.pop(name))
            alike = bool((column == column[0]).all())
            columns[name] = np.broadcast_to(column[:1].copy(), column.shape) if alike else column
        return Records(
            columns, {name: list(codes) for name, codes in self._codes.items()}, frozenset(self._given)
        )

    def _where(self, line: int) -> str:
        return place(self.path, line) if self.unit == "line" else f"{place(self.path)} {self.unit} {line}"

    # --- columns ------------------------------------------------------------------------------------------

    @staticmethod
    def _ids(cells: list[str]) -> dict[str, np.ndarray]:
        count = len(cells)
        ids = {name: np.full(count, NONE, dtype=np.int64) for name in ("task", "part")}
        ids["tasks"] = np.ones(count, dtype=np.int64)
        numbers = _plain_numbers(cells)
        if numbers is not None:
            return ids | {"job": numbers}
        ids["job"] = np.zeros(count, dtype=np.int64)
        for row, cell in enumerate(cells):
            match = _ID.fullmatch(cell.strip())
            if match is None or int(match[1]) > _LARGEST_ID:
                raise _CellProblem(row, f"JobID is {quoted(cell)}, no id of a job; correct it")
            ids["job"][row] = int(match[1])
            if match[2] is not None:
                ids["task"][row] = int(match[2])
            elif match[3] is not None:
                ids["tasks"][row] = _tasks(match[3])
            elif match[4] is not None:
                ids["part"][row] = int(match[4])
        return ids

    @staticmethod
    def _raw(cells: list[str] | None, count: int) -> np.ndarray:
        plain = None if cells is None else _plain_numbers(cells)
        if plain is not None:
            return plain
        numbers = np.full(count, NONE, dtype=np.int64)
        for row, cell in enumerate(cells or ()):
            if len(cell) <= 16 and cell.isascii() and cell.isdecimal() and int(cell) <= _LARGEST_ID:
                numbers[row] = int(cell)
        return numbers

    def _cached(self, name: str, cells: list[str], title: str) -> np.ndarray:
        cache = self._caches[name]
        try:
            return np.fromiter(map(cache.__getitem__, cells), dtype=np.int64, count=len(cells))
        except ValueError:
            raise _first_problem(cells, cache.__getitem__, title) from None

    @staticmethod
    def _times(name: str, cells: list[str] | None, count: int) -> tuple[np.ndarray, np.ndarray]:
        if cells is None:
            return np.full(count, NO_TIME, dtype=np.int64), np.zeros(count, dtype=bool)
        try:
            times = parse_times(cells)
        except StampError as error:
            raise _CellProblem(error.row, f"{name.capitalize()} {error}") from None
        return times.seconds, times.in_utc

    def _resources(self, side: str, cells: list[str] | None, count: int) -> dict[str, np.ndarray]:
        if cells is None:
            return {f"{side}_tres_{name}": np.full(count, NONE, dtype=np.int64) for name in _TRES}
        known = self._tres
        if len(known) > MOST_NODE_LISTS:
            known.clear()
        index = {cell: number for number, cell in enumerate(dict.fromkeys(cells))}
        try:
            for cell in index:
                if cell not in known:
                    known[cell] = values.tres(cell)
        except ValueError:
            title = "AllocTRES" if side == "allocated" else "ReqTRES"
            raise _first_problem(cells, values.tres, title) from None
        table = np.array([known[cell] for cell in index], dtype=np.int64).reshape(len(index), len(_TRES))
        chosen = np.fromiter(map(index.__getitem__, cells), np.int32, count)
        return {f"{side}_tres_{name}": table[chosen, at] for at, name in enumerate(_TRES)}

    def _memory(self, cells: list[str] | None, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Bytes, and 0 for all of the job, 1 for each node, 2 for each cpu."""
        if cells is None:
            return np.zeros(count, np.int64), np.zeros(count, np.int8)
        try:
            sizes = {cell: values.memory(cell) for cell in set(cells)}
        except ValueError:
            raise _first_problem(cells, values.memory, "") from None
        size = np.fromiter((sizes[cell].size for cell in cells), np.int64, count)
        each = np.fromiter(("nc".find(sizes[cell].each or "x") + 1 for cell in cells), np.int8, count)
        return size, each

    def _text_codes(self, name: str, cells: list[str] | None, count: int) -> np.ndarray:
        codes = self._codes[name]
        codes.setdefault("", 0)
        if cells is None:
            return np.zeros(count, dtype=np.int32)
        full = False
        for cell in dict.fromkeys(cells):
            if cell not in codes:
                full = name == "node_list" and len(codes) >= MOST_NODE_LISTS
                if not full:
                    codes[cell] = len(codes)
        if full:
            return np.fromiter((codes.get(cell, 0) for cell in cells), np.int32, count)
        return np.fromiter(map(codes.__getitem__, cells), np.int32, count)


def clean_text(text: str) -> str:
    """A name without outer spaces; '' where sacct has none."""
    text = text.strip()
    return "" if text in _UNKNOWN_TEXTS else text


class _CellProblem(Exception):
    """A cell that cannot be read: its row in the chunk, and why."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row
        self.reason = reason


def _first_problem(cells: list[str], read: Callable[[str], object], title: str) -> _CellProblem:
    """The first cell of a chunk that `read` refuses, with the field's name before its words."""
    for row, cell in enumerate(cells):
        try:
            read(cell)
        except ValueError as error:
            return _CellProblem(row, f"{title} {error}".strip())
    raise AssertionError("a cell was refused, and none is")


def _plain_numbers(cells: list[str]) -> np.ndarray | None:
    """The cells as whole numbers, where all are such; else None."""
    if (
        not all(map(str.isdecimal, cells))
        or len(max(cells, key=len)) > 15
        or not all(map(str.isascii, cells))
    ):
        return None
    return np.array(list(map(int, cells)), dtype=np.int64)


def _tasks(text: str) -> int:
    """How many tasks a list such as 4-9%2, 1,3-5 or 0-8:2 stands for; at least one."""
    total = 0
    for part in text.partition("%")[0].split(","):
        match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?", part, re.ASCII)
        if match is not None:
            first, last, step = int(match[1]), int(match[2] or match[1]), max(int(match[3] or 1), 1)
            total += max((last - first) // step + 1, 0)
    return max(min(total, 10**9), 1)
