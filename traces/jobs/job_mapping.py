"""Which column of a foreign table becomes which field of a job: TOML files, and the built-in ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from traces.errors import InputError, Parameter, Phrase, quoted
from traces.files.documents import parse_toml, read_text, reading
from traces.files.text import place
from traces.jobs.job_cells import QUANTITIES, ROUNDINGS
from traces.jobs.job_metadata import Metadata, parse_metadata

REQUIRED = ("job_id", "submit_s", "cores", "work_s")
TEXT_FIELDS = (
    "job_id",
    "preemptible",
    "partition",
    "service_class",
    "after",
    "after_kind",
    "user",
    "group",
    "account",
    "qos",
)
#: These say how a job waits for those of `after`.
OF_AFTER = ("after_kind", "think_s")
KNOWN = (*REQUIRED, *(name for name in (*QUANTITIES, *TEXT_FIELDS) if name not in REQUIRED))
BUILT_IN = ("openb", "gaia")
_KEYS = ("column", "minus", "times", "unit", "round")
#: What pandas calls an index without a name: in Parquet, and when it reads it back from CSV.
_PANDAS_INDEX = re.compile(r"__index_level_\d+__|Unnamed: 0")


@dataclass(frozen=True, slots=True)
class Source:
    """How a field is computed: (column - minus) or (column x times), times `factor`, then rounded."""

    column: str
    minus: str | None = None
    times: str | None = None
    factor: Decimal = Decimal(1)
    rounding: str = "exact"
    #: The user chose the rounding (or the unit implies it), so it is not counted as a repair.
    quiet: bool = False

    def columns(self) -> list[str]:
        """The columns that this field needs."""
        return [name for name in (self.column, self.minus, self.times) if name is not None]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Sources by field; `skip`: code -> column whose empty cells mean that the row is no job.

    index : columns of the table that are the index of a data frame, and no field of a job.
    header : False: a CSV file without column names, whose columns are positions: "1", "2", ...
    """

    name: str
    sources: dict[str, Source]
    skip: dict[str, str] = field(default_factory=dict)
    metadata: Metadata = field(default_factory=Metadata)
    native: bool = False
    index: tuple[str, ...] = ()
    header: bool = True

    def columns(self) -> list[str]:
        """Names of all columns that the mapping reads, without repetition."""
        names = [name for source in self.sources.values() for name in source.columns()]
        return list(dict.fromkeys([*names, *self.skip.values()]))


def native_mapping(header: Sequence[str], where: str, index: Sequence[str] = ()) -> Mapping:
    """The mapping of RARE's own format for these columns; InputError for missing and unknown ones.

    index : columns that a data frame's index was stored in. They are left out, unless one has the name
    of a field.
    """
    left_out = tuple(
        name
        for place, name in enumerate(header)
        if name not in KNOWN
        and (name in index or _PANDAS_INDEX.fullmatch(name) or (name == "" and place == 0))
    )
    missing = [name for name in REQUIRED if name not in header]
    unknown = [name for name in header if name not in KNOWN and name not in left_out]
    if missing:
        raise InputError(
            f"column {missing[0]} is missing among {quoted(', '.join(header), 80)}; "
            f"needed: {', '.join(REQUIRED)}",
            where=where,
            remedy=Phrase(
                "rename your columns, or say what yours mean by ", Parameter("mapping"), ", a short TOML file"
            ),
        )
    if unknown:
        raise InputError(
            f"unknown column {quoted(unknown[0])}; known: {', '.join(KNOWN)}",
            where=where,
            remedy="rename it, or leave it out",
        )
    sources = {name: _source(name, {"column": name}, where) for name in header if name not in left_out}
    _refuse_lone(sources, where)
    return Mapping("own", sources, native=True, index=left_out)


def choose(
    header: Sequence[str], mapping: str | Path | None, where: str, index: Sequence[str] = ()
) -> Mapping:
    """The named mapping; for None RARE's own, or without `submit_s` a built-in that fits the columns."""
    if mapping is None:
        if "submit_s" not in header:
            for name in BUILT_IN:
                built_in = load(name)
                if set(built_in.columns()) <= set(header):
                    return built_in
        return native_mapping(header, where, index)
    requested = load(mapping)
    for name in requested.columns():
        if name not in header:
            raise InputError(
                f"column {quoted(name)}, which mapping {quoted(requested.name)} needs, is missing",
                where=where,
                remedy=f"found: {quoted(', '.join(header), 200)}",
            )
    return requested


def load(mapping: str | Path) -> Mapping:
    """A built-in mapping by name, else the TOML file of that path."""
    name = str(mapping)
    if name in BUILT_IN:
        return parse(
            resources.files("traces.jobs").joinpath(f"mappings/{name}.toml").read_text("utf-8"), name
        )
    path = Path(mapping)
    if path.suffix.lower() != ".toml":
        known = ", ".join(BUILT_IN)
        raise InputError(
            f"unknown mapping {quoted(name)}", remedy=f"known: {known}, or the path of a .toml file"
        )
    with reading(path):
        return parse(read_text(path, remedy="give a mapping, a short TOML file"), place(path))


def parse(text: str, name: str) -> Mapping:
    """The mapping that a TOML text describes; InputError names the key."""
    try:
        tables = parse_toml(text)
    except ValueError as error:
        raise InputError(
            f"not valid TOML: {quoted(str(error).replace(chr(39), ''), 120)}", where=name
        ) from error
    for key in tables:
        if key not in ("columns", "skip", "file", "header"):
            raise InputError(
                f"unknown table {quoted(key)}", where=name, remedy="known: columns, skip, file, and header"
            )
    header = tables.get("header", True)
    if not isinstance(header, bool):
        raise InputError(
            f"header is {quoted(header)}", where=name, remedy="write header = false for a file without names"
        )
    columns = _table(tables, "columns", name)
    for required in REQUIRED[1:]:
        if required not in columns:
            raise InputError(
                f"[columns.{required}] is missing", where=name, remedy=f"needed: {', '.join(REQUIRED[1:])}"
            )
    sources = {}
    for target, keys in columns.items():
        if target not in KNOWN:
            raise InputError(
                f"unknown field columns.{target}", where=name, remedy=f"known: {', '.join(KNOWN)}"
            )
        sources[target] = _source(target, keys, name)
    _refuse_lone(sources, name)
    skip = _table(tables, "skip", name)
    for code, column in skip.items():
        if not isinstance(column, str):
            raise InputError(
                f"skip.{code} is {quoted(column)}", where=name, remedy="give the name of a column"
            )
    pairs = {key: str(value) for key, value in _table(tables, "file", name).items()}
    return Mapping(name, sources, dict(skip), parse_metadata(pairs, f"{name}: [file]"), header=header)


def _refuse_lone(sources: dict[str, Source], where: str) -> None:
    """InputError for a field that says how a job waits, where no field says for which jobs."""
    for name in OF_AFTER:
        if name in sources and "after" not in sources:
            raise InputError(
                f"{name} is given without after", where=where, remedy="give after, the ids of the jobs, too"
            )


def _table(tables: dict[str, object], key: str, name: str) -> dict[str, Any]:
    table = tables.get(key, {})
    if not isinstance(table, dict):
        raise InputError(f"{key} must be a table, [{key}]", where=name)
    return table


def _source(target: str, keys: object, name: str) -> Source:
    """The Source of field `target` from its TOML table. InputError names the key."""
    where = f"{name}: columns.{target}"
    if not isinstance(keys, dict) or "column" not in keys:
        raise InputError(f'give a table with a column, like columns.{target}.column = "..."', where=where)
    for key, value in keys.items():
        if key not in _KEYS or not isinstance(value, str):
            raise InputError(f"{where}.{key} = {quoted(value)}: known keys, all text: {', '.join(_KEYS)}")
    if target in TEXT_FIELDS:
        if len(keys) > 1:
            raise InputError("is text, so it takes a column and nothing else", where=where)
        return Source(keys["column"])
    if "minus" in keys and "times" in keys:
        raise InputError("give minus or times, not both", where=where)
    quantity = QUANTITIES[target]
    unit, rounding = keys.get("unit", quantity.unit), keys.get("round", quantity.rounding)
    if unit not in quantity.units:
        raise InputError(f"{where}.unit is {quoted(unit)}", remedy=f"known: {', '.join(quantity.units)}")
    if rounding not in ROUNDINGS:
        raise InputError(f"{where}.round is {quoted(rounding)}", remedy=f"known: {', '.join(ROUNDINGS)}")
    factor, quiet = Decimal(quantity.units[unit]), quantity.quiet or "round" in keys
    return Source(keys["column"], keys.get("minus"), keys.get("times"), factor, rounding, quiet)
