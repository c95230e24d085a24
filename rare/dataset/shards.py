"""Shards: files of a few episodes each, written atomically, with consecutive episode numbers.

`episodes-000000-000031.hdf5` holds what became of the numbers 0 to 31: the episodes that count, and a
table of all of them. A file has its name only once it is whole, so that a run which is killed at any
moment leaves whole files, and at most one hidden one that nobody reads and the next run removes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from rare.dataset.checked.hdf5 import REMEDY, member, opened_hdf5, reading
from rare.dataset.checked.sheet_check import Keys, is_number
from rare.dataset.logged_episode import LoggedEpisode, copy_episode, write_episode
from traces.errors import InputError
from traces.files.documents import parse_json

_NAME = re.compile(r"episodes-(\d{6,20})-(\d{6,20})\.hdf5", re.ASCII)
MOST_TABLE_BYTES = 64 * 2**20  # a row takes some 500 bytes, and a shard ends at 20,000 decisions
_TABLE = "table"  # of a shard: one JSON object for each of its numbers


@dataclass(frozen=True, slots=True)
class Shard:
    """A complete shard. rows: facts of its episodes in order; those left out have `why_not`."""

    path: Path
    first: int
    last: int  # included
    rows: tuple[dict[str, Any], ...]


def group_name(number: int) -> str:
    """Name of an episode's group in its shard."""
    return f"number_{number}"


def shard_name(first: int, last: int) -> str:
    """Name of the file with the episodes `first` to `last`, which is included."""
    return f"episodes-{first:06d}-{last:06d}.hdf5"


def shards_in(folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Path, first and last number of each shard in a folder, by their names."""
    if folder.is_dir():
        for path in folder.iterdir():
            if (match := _NAME.fullmatch(path.name)) is not None:
                yield path, int(match[1]), int(match[2])


class ShardWriter:
    """Writes one shard into a hidden file; `close` renames it.

    By hand, not by traces.files.atomic: the name holds the last number, which is known only when it is
    closed.
    """

    def __init__(self, folder: Path, first: int) -> None:
        self._folder, self._first = folder, first
        self._partial = folder / f".episodes-{first:06d}.{os.getpid()}-{os.urandom(4).hex()}.part"
        self._file = h5py.File(self._partial, "w")
        self.rows: list[dict[str, Any]] = []
        self.decisions = 0

    def add(self, episode: LoggedEpisode) -> None:
        """Write an episode."""
        write_episode(self._file, group_name(episode.facts["number"]), episode)
        self.rows.append(episode.facts)
        self.decisions += len(episode)

    def copy(self, group: h5py.Group, facts: dict[str, Any]) -> None:
        """Write an episode of another shard."""
        copy_episode(group, self._file, group_name(facts["number"]), facts)
        self.rows.append(facts)
        self.decisions += facts["decisions"]

    def leave_out(self, facts: dict[str, Any]) -> None:
        """Record an episode that is left out."""
        self.rows.append(facts)

    def close(self) -> Shard:
        """Complete the shard and rename it."""
        self._file.create_dataset(_TABLE, data=json.dumps(self.rows))
        self._file.close()
        with self._partial.open("rb+") as file:
            os.fsync(file.fileno())
        last = self._first + len(self.rows) - 1
        path = self._folder / shard_name(self._first, last)
        os.replace(self._partial, path)
        return Shard(path, self._first, last, tuple(self.rows))

    def give_up(self) -> None:
        """Remove the incomplete shard."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def read_shards(folder: Path) -> list[Shard]:
    """The complete shards of a folder, in order. InputError if one is damaged or missing."""
    shards = sorted((read_shard(*found) for found in shards_in(folder)), key=lambda shard: shard.first)
    expected = 0
    for shard in shards:
        if shard.first != expected or len(shard.rows) != shard.last - shard.first + 1:
            raise InputError(
                f"{folder}: episodes {expected} to {shard.first - 1} are missing; make the dataset again"
            )
        expected = shard.last + 1
    return shards


def read_shard(path: Path, first: int, last: int) -> Shard:
    """The shard at a path, with the episodes that its name says. InputError if it is damaged."""
    with opened_hdf5(path) as file:
        rows = _rows(file, path)
    for place, row in enumerate(rows):
        _check_row(Keys(path, row, f"{_TABLE}[{place}]."), first + place)
    return Shard(path, first, last, tuple(rows))


def _rows(file: h5py.File, path: Path) -> list[dict[str, Any]]:
    """The table of a shard."""
    table = member(file, _TABLE, path)
    with reading(path, _TABLE):
        is_text = isinstance(table, h5py.Dataset) and table.shape == () and not table.is_virtual
        most_bytes = min(os.path.getsize(path), MOST_TABLE_BYTES)
        if not is_text or table.external or table.dtype.itemsize > most_bytes:
            raise InputError(f"{path}: {_TABLE} is no text; {REMEDY}")
        text = table[()]
        if not isinstance(text, bytes):
            raise InputError(f"{path}: {_TABLE} is no text; {REMEDY}")
        if len(text) > MOST_TABLE_BYTES:  # text of any length says nothing of its own in the header
            raise InputError(f"{path}: {_TABLE} is larger than {MOST_TABLE_BYTES} bytes; {REMEDY}")
        rows = parse_json(text.decode("utf-8"))
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: {_TABLE} must be a list with an object for each episode; {REMEDY}")
    return rows


def _check_row(row: Keys, number: int) -> None:
    """InputError unless a row has all facts that data sheet and learners use."""
    if row.count("number") != number:
        raise row.refuse("number", f"{number:,}, as the file's name says")
    row.count("seed", 0, 2**63 - 1)
    for key in ("window", "scheduler"):
        row.text(key)
    if row.table.get("why_not") is not None:
        row.text("why_not")
        return
    row.count("decisions", 1)
    if not isinstance(row.table.get("terminated"), bool):
        raise row.refuse("terminated", "true or false")
    if not is_number(row.table.get("total_reward")):
        raise row.refuse("total_reward", "a number")
    if not re.fullmatch(r"[0-9a-f]{64}", row.text("sha256")):
        raise row.refuse("sha256", "64 hexadecimal digits")
