"""A workload: the jobs of one trace as read-only columns, and the report of how they were read."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from traces.errors import InputError, quoted
from traces.jobs.columns import private_copy, repeats_one
from traces.jobs.dependencies.precedence import array_of_tuples, normal_predecessors, refuse_cycles
from traces.jobs.text_columns import ids_column, repeated_ids, texts_column
from traces.numbers.constants import NO_DEADLINE_S as NO_DEADLINE_S
from traces.numbers.constants import NO_POWER as NO_POWER
from traces.numbers.constants import NO_VALUE as NO_VALUE
from traces.read_report import ReadReport
from traces.times.timezones import is_zone

#: Largest time in seconds (31,700 years) and largest count of anything: sums of products stay in int64 range.
LARGEST_S = 10**12
LARGEST_COUNT = 10**12
NO_CANCEL_S = NO_DEADLINE_S
LARGEST_NICE = 2**31 - 1
FULLY_SENSITIVE = 1000
ESTIMATES = ("user", "run_time", "model")

#: column -> (smallest, largest)
_RANGES: dict[str, tuple[int, int]] = {
    "submit_s": (0, LARGEST_S),
    "cores": (0, LARGEST_COUNT),
    "gpus_milli": (0, LARGEST_COUNT),
    "memory_mib": (0, LARGEST_COUNT),
    "work_s": (0, LARGEST_S),
    "estimate_s": (0, LARGEST_S),
    "power_mw": (NO_POWER, 10**15),
    "value_u": (NO_VALUE, NO_DEADLINE_S - 1),
    "deadline_s": (0, NO_DEADLINE_S),
}
#: the same of columns that most traces do not have
_RARE_RANGES: dict[str, tuple[int, int]] = {
    "sensitivity_milli": (0, FULLY_SENSITIVE),
    "cancel_s": (0, NO_CANCEL_S),
    "think_s": (0, LARGEST_S),
    "nice": (-LARGEST_NICE, LARGEST_NICE),
}
_NAMES = ("user", "group", "account", "qos")
_TEXTS = ("partition", "service_class", *_NAMES)
COLUMNS = ("job_id", *_RANGES, "preemptible", "partition", "service_class")
RARE_COLUMNS = (*_RARE_RANGES, "after", "after_any", *_NAMES)
"""Columns that are None where the trace has none."""
#: The value of a job that says nothing.
_SILENT: dict[str, object] = {
    "sensitivity_milli": FULLY_SENSITIVE,
    "cancel_s": NO_CANCEL_S,
    "think_s": 0,
    "nice": 0,
    "after": (),
    "after_any": True,
    **dict.fromkeys(_NAMES, ""),
}
_NOT_HASHED = (*_NAMES, "nice")


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """Jobs ordered by (submit_s, place in the file); every column is a read-only array of length J.

    name          : file name, or the name of a generator
    job_id        : (J,) int64, or str objects where ids are text; no two alike
    submit_s      : (J,) int64 [s], on the file's own clock (moved by report.shift_s), never falling
    cores, gpus_milli, memory_mib : (J,) int64, of the whole job; GPUs in thousandths;
                    memory 0: none or unknown. At least one of cores and gpus_milli is above 0.
    work_s, estimate_s : (J,) int64 [s], the true run time and the one that schedulers see
    power_mw      : (J,) int64 [mW], the whole job's own active draw, or NO_POWER
    value_u       : (J,) int64 [millionths of value], or NO_VALUE
    deadline_s    : (J,) int64 [s], on the file's clock, or NO_DEADLINE_S
    preemptible   : (J,) bool
    partition     : (J,) str objects, '' = any; None: the trace has no partitions
    service_class : (J,) str objects, '' = none; None: the trace has no classes
    user, group, account, qos : (J,) str objects, '' = unknown; None: the trace has none
    nice          : (J,) int64, how far its user puts a job back (Slurm's sign); None: 0 for all
    sensitivity_milli : (J,) int64, how much of a lower speed a job suffers, in per mille; None: 1000 for all
    cancel_s      : (J,) int64 [s], on the file's clock: when its user gives up a job that has not started, or
                    NO_CANCEL_S; None: nobody does
    after         : (J,) tuples of ids of the jobs that a job waits for; None: no job waits for another
    after_any     : (J,) bool, True: however these end; False: all must have completed. Given with `after`
    think_s       : (J,) int64 [s], from the end of the last of these to the arrival; None: 0 for all
    origin_utc    : the UTC instant of time 0; None: the trace has no calendar
    zone          : IANA name of the machine's local time, or a fixed offset like UTC-05:00; or None
    processors    : size of the machine by the file's header, or None
    estimates     : 'user', 'run_time' (clairvoyant) or 'model'

    A column that repeats one value may hold it once in memory (strides 0). The constructor checks all of this
    and raises InputError. Text ids that are all whole numbers
    become numbers, so that a trace has the same ids whichever format carried it.
    """

    name: str
    job_id: np.ndarray
    submit_s: np.ndarray
    cores: np.ndarray
    gpus_milli: np.ndarray
    memory_mib: np.ndarray
    work_s: np.ndarray
    estimate_s: np.ndarray
    power_mw: np.ndarray
    value_u: np.ndarray
    deadline_s: np.ndarray
    preemptible: np.ndarray
    partition: np.ndarray | None = None
    service_class: np.ndarray | None = None
    origin_utc: datetime | None = None
    zone: str | None = None
    processors: int | None = None
    estimates: str = "user"
    report: ReadReport = field(default_factory=ReadReport)
    sensitivity_milli: np.ndarray | None = None
    cancel_s: np.ndarray | None = None
    after: np.ndarray | None = None
    after_any: np.ndarray | None = None
    think_s: np.ndarray | None = None
    user: np.ndarray | None = None
    group: np.ndarray | None = None
    account: np.ndarray | None = None
    qos: np.ndarray | None = None
    nice: np.ndarray | None = None

    def __post_init__(self) -> None:
        for column, (low, high) in _RANGES.items():
            self._freeze(column, _whole(self, column, low, high))
        flags = np.asarray(self.preemptible)
        if flags.dtype != np.bool_:
            raise InputError(f"preemptible must be true or false, not {flags.dtype}", where=self.name)
        self._freeze("preemptible", flags)
        self._freeze("job_id", ids_column(self.name, self.job_id))
        for column in _TEXTS:
            if getattr(self, column) is not None:
                self._freeze(column, texts_column(self.name, column, getattr(self, column)))
        for column, (low, high) in _RARE_RANGES.items():
            if getattr(self, column) is not None:
                self._freeze(column, _whole(self, column, low, high))
        self._freeze_chains()
        _check_rows(self)
        if self.after is not None:
            refuse_cycles(self.name, self.job_id, self.after)
        _check_header(self)

    def _freeze_chains(self) -> None:
        """Predecessors as tuples of ids of the kind of job_id, with after_any where it was not given."""
        if self.after is None:
            for column in ("after_any", "think_s"):
                if getattr(self, column) is not None:
                    raise InputError(f"{column} is given without after", where=self.name)
            return
        self._freeze("after", normal_predecessors(self.name, self.job_id, self.after))
        flags = np.ones(len(self), bool) if self.after_any is None else np.asarray(self.after_any)
        if flags.dtype != np.bool_:
            raise InputError(f"after_any must be true or false, not {flags.dtype}", where=self.name)
        self._freeze("after_any", flags)

    def _freeze(self, column: str, values: np.ndarray) -> None:
        """Store a private, read-only copy, so that no caller can change a job afterwards.

        What is read-only and owns its memory is kept as it is: a reader of millions of jobs hands it over so.
        """
        if values.flags.writeable or values.base is not None:
            values = private_copy(values)
        object.__setattr__(self, column, values)

    @classmethod
    def from_columns(
        cls,
        name: str,
        *,
        submit_s: Sequence[int] | np.ndarray,
        work_s: Sequence[int] | np.ndarray,
        job_id: Sequence[int] | Sequence[str] | np.ndarray | None = None,
        cores: Sequence[int] | np.ndarray | int = 1,
        estimate_s: Sequence[int] | np.ndarray | None = None,
        **others: Any,
    ) -> Workload:
        """A workload from the columns that differ from the defaults; jobs are put in submit order.

        Ids count from 1 in the order given; a column may be one number for all jobs; without
        estimates the run time stands in and `estimates` says so. `others` are the remaining fields.
        """
        count = len(submit_s)
        defaults: dict[str, Any] = {
            "gpus_milli": 0,
            "memory_mib": 0,
            "power_mw": NO_POWER,
            "value_u": NO_VALUE,
            "deadline_s": NO_DEADLINE_S,
            "preemptible": True,
        }
        columns: dict[str, Any] = {**defaults, "cores": cores, "submit_s": submit_s, "work_s": work_s}
        columns["job_id"] = np.arange(1, count + 1) if job_id is None else job_id
        columns["estimate_s"] = work_s if estimate_s is None else estimate_s
        if estimate_s is None:
            others.setdefault("estimates", "run_time")
        columns.update({key: others.pop(key) for key in (*COLUMNS, *RARE_COLUMNS) if key in others})
        if columns.get("after") is not None:
            columns["after"] = array_of_tuples(list(columns["after"]))
        order = np.argsort(np.asarray(submit_s), kind="stable")
        given = {
            key: _spread(name, key, values, count) for key, values in columns.items() if values is not None
        }
        all_columns: dict[str, Any] = {
            key: values if repeats_one(values) else values[order] for key, values in given.items()
        }
        return cls(name=name, **all_columns, **others)

    def __len__(self) -> int:
        return len(self.submit_s)

    def select(self, first: int | None = None, last: int | None = None) -> Workload:
        """Jobs first to last - 1, counted from 0 in submit order; None is the respective end.

        The clock, the header and the report stay those of the whole file.
        """
        start, stop = 0 if first is None else first, len(self) if last is None else last
        if not 0 <= start < stop <= len(self):
            raise InputError(
                f"cannot select jobs {start}:{stop} of {len(self)}",
                where=self.name,
                remedy=f"give 0 <= first < last <= {len(self)} (the last is not included)",
            )
        return self.take(slice(start, stop))

    def between(self, from_utc: datetime | None = None, to_utc: datetime | None = None) -> Workload:
        """Jobs submitted at or after `from_utc` and before `to_utc` (aware datetimes; None: open)."""
        if self.origin_utc is None:
            raise InputError(
                f"{self.name} has no calendar (no start time in its header)", remedy="select jobs by index"
            )
        first = 0 if from_utc is None else self._first_at_or_after(from_utc)
        last = len(self) if to_utc is None else self._first_at_or_after(to_utc)
        if first >= last:
            raise InputError(
                f"{self.name} has no job between {from_utc} and {to_utc}; its jobs were submitted from "
                f"{self.utc(int(self.submit_s[0])):%Y-%m-%d %H:%M} to "
                f"{self.utc(int(self.submit_s[-1])):%Y-%m-%d %H:%M} UTC"
                if len(self)
                else f"{self.name} has no jobs"
            )
        return self.take(slice(first, last))

    def _first_at_or_after(self, when: datetime) -> int:
        if when.tzinfo is None:
            raise InputError(
                f"{when} has no time zone", remedy=f"give an offset, for example {when.isoformat()}+00:00"
            )
        assert self.origin_utc is not None
        delta = when - self.origin_utc
        whole_s = delta.days * 86400 + delta.seconds + (delta.microseconds > 0)
        return int(np.searchsorted(self.submit_s, whole_s, side="left"))

    def utc(self, time_s: int) -> datetime:
        """The UTC instant of a second on the file's clock; InputError where there is no calendar."""
        if self.origin_utc is None:
            raise InputError(f"{self.name} has no calendar: its time 0 has no date")
        try:
            return self.origin_utc.astimezone(UTC) + timedelta(seconds=time_s)
        except OverflowError as error:
            raise InputError(f"second {time_s} is beyond the year 9999", where=self.name) from error

    def take(self, rows: slice | np.ndarray) -> Workload:
        """The same workload with only these rows (a slice, indices in rising order, or a mask)."""
        columns = {name: getattr(self, name) for name in (*COLUMNS, *RARE_COLUMNS)}
        chosen: dict[str, Any] = {
            name: None if array is None else array[rows] for name, array in columns.items()
        }
        return dataclasses.replace(self, **chosen)

    def stated(self, column: str) -> np.ndarray | None:
        """One of RARE_COLUMNS, or None where it says nothing of any job: all fully sensitive, no user, ..."""
        array: np.ndarray | None = getattr(self, column)
        silent = _SILENT[column]
        if array is None or all(value == silent for value in array.tolist()):
            return None
        return array

    def content_hash(self) -> str:
        """sha256, in hex, of columns, calendar, processors and kind of estimates; not of name and report.

        A column of RARE_COLUMNS counts where it is `stated`. Names of users and the like never count, nor
        does nice: traces kept their hashes when readers began to fill them. A case that goes by them counts
        them itself.
        """
        digest = hashlib.sha256(b"rare workload 1\n")
        counted = [name for name in RARE_COLUMNS if name not in _NOT_HASHED and self.stated(name) is not None]
        for name in (*COLUMNS, *counted):
            array = getattr(self, name)
            if array is None:
                digest.update(f"{name} none\n".encode())
                continue
            data = "\n".join(map(str, array)).encode() if array.dtype == object else array.tobytes()
            digest.update(f"{name} {array.dtype.str} {len(array)} {len(data)}\n".encode())
            digest.update(data)
        origin = None if self.origin_utc is None else self.origin_utc.astimezone(UTC).isoformat()
        digest.update(f"{origin}|{self.zone}|{self.processors}|{self.estimates}".encode())
        return digest.hexdigest()


def _spread(name: str, column: str, values: object, count: int) -> np.ndarray:
    """The values as an array of length `count`; a single one is repeated. InputError for another shape."""
    array = np.asarray(values)
    if array.ndim == 0:
        return np.broadcast_to(array, (count,))
    if array.shape != (count,):
        raise InputError(f"{column} has shape {array.shape}, expected ({count},) as submit_s", where=name)
    return array


def _whole(jobs: Workload, column: str, low: int, high: int) -> np.ndarray:
    """The column as int64, or InputError: other shapes, decimals and numbers out of range are refused."""
    array, count = np.asarray(getattr(jobs, column)), len(np.asarray(jobs.submit_s))
    if array.shape != (count,):
        raise InputError(
            f"{column} has shape {array.shape}, expected ({count},) as submit_s", where=jobs.name
        )
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind not in "iu":
        raise InputError(f"{column} must hold whole numbers, not {array.dtype}", where=jobs.name)
    seen = array[:1] if repeats_one(array) else array
    if seen.min() < low or seen.max() > high:
        row = int(np.argmax((seen < low) | (seen > high)))
        raise InputError(
            f"{column} of job {quoted(jobs.job_id[row])} is {array[row]}",
            where=jobs.name,
            remedy=f"expected {low} to {high}",
        )
    return array.astype(np.int64, copy=False)


def _check_rows(jobs: Workload) -> None:
    def refuse(mask: np.ndarray, problem: str) -> None:
        if mask.any():
            raise InputError(f"job {quoted(jobs.job_id[int(np.argmax(mask))])} {problem}", where=jobs.name)

    optional = ("after", "after_any", *_TEXTS)
    texts = [column for column in optional if getattr(jobs, column) is not None]
    for column in ("job_id", "preemptible", *texts):
        if getattr(jobs, column).shape != jobs.submit_s.shape:
            raise InputError(f"{column} and submit_s differ in length", where=jobs.name)
    refuse((jobs.cores == 0) & (jobs.gpus_milli == 0), "asks for no cores and no GPUs")
    refuse(jobs.deadline_s < jobs.submit_s, "has its deadline before its submit time")
    if jobs.cancel_s is not None:
        refuse(jobs.cancel_s < jobs.submit_s, "is given up before its submit time")
    if jobs.after is not None and jobs.think_s is not None:
        waits = np.fromiter(map(bool, jobs.after), bool, len(jobs))
        refuse(~waits & (jobs.think_s > 0), "has a think time and waits for no job")
    refuse(
        np.append(False, jobs.submit_s[1:] < jobs.submit_s[:-1])[: len(jobs)],
        "is out of order: jobs must be sorted by submit_s",
    )
    refuse(repeated_ids(jobs.job_id), "has an id that an earlier job has")


def _check_header(jobs: Workload) -> None:
    """InputError for calendar, zone, processors or kind of estimates that are not valid."""
    if jobs.origin_utc is not None and jobs.origin_utc.utcoffset() is None:
        raise InputError(f"origin_utc {jobs.origin_utc} has no time zone", where=jobs.name)
    if jobs.zone is not None and not is_zone(jobs.zone):
        raise InputError(
            f"unknown time zone {quoted(jobs.zone)}",
            where=jobs.name,
            remedy="give an IANA name, like Europe/Paris, or UTC+01:00",
        )
    if jobs.processors is not None and not 0 < jobs.processors <= LARGEST_COUNT:
        raise InputError(
            f"processors is {jobs.processors}", where=jobs.name, remedy=f"expected 1 to {LARGEST_COUNT}"
        )
    if jobs.estimates not in ESTIMATES:
        raise InputError(
            f"estimates is {quoted(jobs.estimates)}", where=jobs.name, remedy=f"known: {', '.join(ESTIMATES)}"
        )
