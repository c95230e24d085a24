"""Snapshots as JSON files: the fields of ClusterSnapshot, SnapshotPartition and SnapshotJob by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, TypeVar

from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from experiments.operate.snapshots.slurm_shapes import LARGEST, LONGEST_TEXT, MOST_BYTES
from experiments.operate.snapshots.snapshot_checks import refuse_later
from traces.errors import InputError, quoted
from traces.files.atomic import write_text
from traces.files.documents import read_json, reading
from traces.files.json_file import brief, check_regular
from traces.files.text import place

FORMAT = "rare snapshot 1"
REMEDY = "docs/guides/start-times.md describes the form"
_Row = TypeVar("_Row", SnapshotPartition, SnapshotJob)


def snapshot_text(snapshot: ClusterSnapshot) -> str:
    """A snapshot as JSON; fields that have their default value are left out."""
    table = {
        "format": FORMAT,
        "taken_s": snapshot.taken_s,
        "partitions": [_stated(one) for one in snapshot.partitions],
        "jobs": [_stated(one) for one in snapshot.jobs],
    }
    return json.dumps(table, indent=1) + "\n"


def write_snapshot(path: str | Path, snapshot: ClusterSnapshot) -> None:
    """Write a snapshot as JSON, atomically. OSError where that fails."""
    write_text(path, snapshot_text(snapshot))


def read_snapshot(path: str | Path) -> ClusterSnapshot:
    """The snapshot in a file that `write_snapshot` or a program of yours wrote. InputError for another."""
    with reading(path):
        check_regular(Path(path), REMEDY, MOST_BYTES)
        return _snapshot(read_json(Path(path), MOST_BYTES, REMEDY), place(path))


def _snapshot(table: object, where: str) -> ClusterSnapshot:
    if not isinstance(table, dict):
        raise InputError(f"holds {brief(table)}, not an object with keys", where=where, remedy=REMEDY)
    unknown = sorted(set(table) - {"format", "taken_s", "partitions", "jobs"})
    if unknown:
        raise InputError(f"key {quoted(unknown[0])} is unknown", where=where, remedy=REMEDY)
    if table.get("format") != FORMAT:
        raise InputError(
            f"format is {quoted(table.get('format'))}, expected {FORMAT!r}", where=where, remedy=REMEDY
        )
    taken_s = table.get("taken_s")
    if not isinstance(taken_s, int) or isinstance(taken_s, bool) or not 0 <= taken_s <= LARGEST:
        raise InputError(
            f"taken_s is {quoted(taken_s)}; expected seconds since 1970, 0 to {LARGEST}", where=where
        )
    partitions = _rows(SnapshotPartition, table.get("partitions"), "partitions", where)
    jobs = _rows(SnapshotJob, table.get("jobs"), "jobs", where)
    _refuse_repeats([one.name for one in partitions], "partition", where)
    _refuse_repeats([one.job_id for one in jobs], "job", where)
    if not partitions:
        raise InputError("has no partitions", where=where, remedy=REMEDY)
    snapshot = ClusterSnapshot(taken_s, tuple(partitions), tuple(jobs))
    refuse_later(snapshot, where)
    return snapshot


def _rows(kind: type[_Row], rows: object, key: str, where: str) -> list[_Row]:
    if not isinstance(rows, list):
        raise InputError(f"{key} holds {brief(rows)}, not a list", where=where, remedy=REMEDY)
    made = []
    for place_in_list, row in enumerate(rows):
        here = f"{where}: {key}[{place_in_list}]"
        if not isinstance(row, dict):
            raise InputError(f"is {brief(row)}, not an object", where=here, remedy=REMEDY)
        made.append(_row(kind, row, here))
    return made


def _row(kind: type[_Row], row: dict[str, Any], where: str) -> _Row:
    """One partition or job; every value checked by the type that its field states."""
    fields = {one.name: one for one in dataclasses.fields(kind)}
    for name in row:
        if name not in fields:
            raise InputError(f"key {quoted(name)} is unknown", where=where, remedy=REMEDY)
    for name, one in fields.items():
        if name not in row and one.default is dataclasses.MISSING:
            raise InputError(f"key {name!r} is missing", where=where, remedy=REMEDY)
    given: dict[str, Any] = {
        name: _value(str(fields[name].type), name, value, where) for name, value in row.items()
    }
    try:
        return kind(**given)
    except InputError as error:
        raise error.at(where) from None


def _value(kind: str, name: str, value: object, where: str) -> object:
    """A value of the stated type: str, int, bool, a list of texts; with `| None` also null. InputError."""
    least = -LARGEST if name in ("nice", "priority") else 0
    if value is None and kind.endswith("| None"):
        return None
    kind = kind.removesuffix(" | None")
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        if least <= value <= LARGEST:
            return value
    elif (kind == "str" and isinstance(value, str) and len(value) <= LONGEST_TEXT) or (
        kind == "bool" and isinstance(value, bool)
    ):
        return value
    elif kind.startswith("tuple") and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    expected = {"int": f"a whole number, {least} to {LARGEST}", "str": "a text", "bool": "true or false"}
    raise InputError(
        f"{name} is {quoted(value)}; expected {expected.get(kind, 'a list of texts')}", where=where
    )


def _refuse_repeats(names: list[str], what: str, where: str) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise InputError(f"{what} {quoted(name)} is there twice", where=where)
        seen.add(name)


def _stated(row: SnapshotPartition | SnapshotJob) -> dict[str, Any]:
    return {
        one.name: getattr(row, one.name)
        for one in dataclasses.fields(row)
        if one.default is dataclasses.MISSING or getattr(row, one.name) != one.default
    }
