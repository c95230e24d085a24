"""The log of a shadow: one JSON object a line, a file a day (UTC), on disk when `append` returns.

`observed-2026-11-30.jsonl` holds, per poll, what changed in the queue since the one before, the power, what
RARE would do and what the scheduler did. The first record of a file and of a process holds the whole queue.
A poll that failed is a record of its own. A line that a killed process left half-written is ended by the
next one and counted as torn when the log is read.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from experiments.operate.shadow.queue_changes import Change, EndedJob, changes
from experiments.operate.snapshots.cluster_snapshot import ClusterSnapshot, SnapshotJob, SnapshotPartition
from traces.errors import InputError, one_line
from traces.files.documents import parse_json

VERSION = 1
LONGEST_LINE = 512 * 2**20
POLL, SKIPPED, NOTE = "poll", "skipped", "note"


class ShadowLog:
    """Appends records to the log in a folder. about: what records with the whole queue say beside it."""

    def __init__(self, folder: Path, about: Mapping[str, object] | None = None) -> None:
        self.folder, self._about = folder, about or {}
        self._last: ClusterSnapshot | None = None
        self._day = ""

    def append(self, kind: str, at_s: float, **record: object) -> None:
        """Append one record and wait for the disk. OSError where that is not possible."""
        path = self.folder / f"observed-{_day(at_s)}.jsonl"
        line = json.dumps({"version": VERSION, "kind": kind, "at_s": round(at_s, 3), **record})
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(fd).st_size
            torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
            data = (b"\n" if torn else b"") + line.encode() + b"\n"
            while data:
                data = data[os.write(fd, data) :]
            os.fsync(fd)
        finally:
            os.close(fd)

    def append_poll(
        self, snapshot: ClusterSnapshot, record: Mapping[str, object], ended: Iterable[EndedJob] = ()
    ) -> tuple[Change, ...]:
        """Append a poll, its queue as the difference from the last one; what the scheduler did since."""
        day, before = _day(snapshot.taken_s), self._last
        whole = before is None or day != self._day
        did = () if before is None else changes(before, snapshot, ended)
        known = {} if whole or before is None else {job.job_id: job for job in before.jobs}
        now = {job.job_id: job for job in snapshot.jobs}
        same_partitions = not whole and before is not None and before.partitions == snapshot.partitions
        queue: dict[str, object] = {
            "whole": whole,
            "jobs": [_short(job) for job in snapshot.jobs if known.get(job.job_id) != job],
            "gone": [name for name in known if name not in now],
            "did": [dataclasses.asdict(change) for change in did],
        }
        if not same_partitions:
            queue["partitions"] = [_short(partition) for partition in snapshot.partitions]
        if whole:
            queue.update(self._about)
        self.append(POLL, snapshot.taken_s, **queue, **record)
        self._last, self._day = snapshot, day
        return did

    def lost_sight(self) -> None:
        """Log the whole queue next time: something may have happened in between that no difference shows."""
        self._day = ""


def _day(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")


def _short(value: SnapshotJob | SnapshotPartition) -> dict[str, Any]:
    """The fields that are not at their defaults."""
    fields = dataclasses.fields(value)
    return {one.name: getattr(value, one.name) for one in fields if getattr(value, one.name) != one.default}


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LoggedPoll:
    """A poll as the log has it: the whole queue, what the scheduler did since the last one, and the rest."""

    snapshot: ClusterSnapshot
    did: tuple[Change, ...]
    record: Mapping[str, Any]


@dataclass
class LogCounts:
    """What was read and what was not."""

    polls: int = 0
    skipped: int = 0
    torn: int = 0


def read_log(folder: Path, counts: LogCounts) -> Iterator[LoggedPoll]:
    """The polls of a log, oldest first; counts what is there. InputError where there is no log."""
    paths = sorted(folder.glob("observed-????-??-??.jsonl")) if os.path.isdir(folder) else []
    if not paths:
        raise InputError("holds no log of a shadow (observed-DATE.jsonl)", where=folder)
    jobs: dict[str, SnapshotJob] = {}
    partitions: tuple[SnapshotPartition, ...] = ()
    for path in paths:
        for number, record in _records(path, counts):
            if record.get("kind") == SKIPPED:
                counts.skipped += 1
            if record.get("kind") != POLL:
                continue
            try:
                jobs = {} if record["whole"] else jobs
                jobs.update((one["job_id"], _job(one)) for one in record["jobs"])
                for name in record["gone"]:
                    jobs.pop(name, None)
                if "partitions" in record:
                    partitions = tuple(SnapshotPartition(**one) for one in record["partitions"])
                ordered = tuple(sorted(jobs.values(), key=lambda job: (job.submit_s, job.job_id)))
                snapshot = ClusterSnapshot(int(record["at_s"]), partitions, ordered)
                did = tuple(Change(**one) for one in record["did"])
            except InputError as error:
                raise error.within(f"{path}:{number}") from None
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise InputError(
                    f"is no record of a shadow's log ({type(error).__name__}: {one_line(error, 80)})",
                    where=f"{path}:{number}",
                ) from None
            counts.polls += 1
            yield LoggedPoll(snapshot, did, record)


def _job(fields: dict[str, Any]) -> SnapshotJob:
    return SnapshotJob(**{**fields, "after": tuple(fields.get("after", ()))})


def _records(path: Path, counts: LogCounts) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with their lines; what is none is counted as torn."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                value = parse_json(line.decode("utf-8"))
            except ValueError:
                value = None
            if isinstance(value, dict):
                yield number, value
            else:
                counts.torn += 1
