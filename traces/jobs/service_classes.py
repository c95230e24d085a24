"""Service classes: values and deadlines for traces that have none.

Every draw depends on the seed, the job's id and a stream number alone (a counter-based generator), so
a job keeps its class, value and deadline whatever the order of the file and whichever jobs are
selected. They depend on estimate, cores, GPUs and class, never on the true run time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from traces.errors import InputError, quoted
from traces.jobs.dependencies.precedence import is_number_id
from traces.jobs.workload import NO_DEADLINE_S, NO_VALUE, Workload
from traces.numbers.constants import HOUR_S, MICRO

_PPM = MICRO
_WORD = 2**64 - 1
_CLASS, _VALUE, _SLACK = 1, 2, 3  # streams of draws
_LARGEST_RATE = 10**9
_LARGEST_FACTOR = 2000.0  # in ppm it fits 31 bits, as _between needs


@dataclass(frozen=True, slots=True)
class ServiceClass:
    """One class of jobs, such as urgent, normal or flexible.

    name                : its name
    share               : part of the jobs that belong to it; the shares of all classes add up to 1
    value_per_core_hour : value of a core for an hour of the estimate
    value_per_gpu_hour  : the same for a GPU, added to the cores'
    value_spread        : a job's value is multiplied by a factor drawn evenly between these two
    slack_factor        : deadline = submit + allowance, allowance = factor x estimate, rounded up, the
                          factor drawn evenly between these two; None: jobs of the class have no deadline
    min_allowance_s     : no allowance is shorter [s]
    preemptible         : whether its jobs may be suspended; None: as the trace says
    """

    name: str
    share: float
    value_per_core_hour: float
    value_per_gpu_hour: float = 0.0
    value_spread: tuple[float, float] = (1.0, 1.0)
    slack_factor: tuple[float, float] | None = (2.0, 4.0)
    min_allowance_s: int = 600
    preemptible: bool | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name and self.name.isprintable()):
            raise InputError(
                f"a service class has the name {quoted(self.name)}", remedy="give it a printable one"
            )
        if self.name != self.name.strip():
            raise InputError(
                f"service class {quoted(self.name)} has outer spaces in its name", remedy="drop them"
            )
        self._check_number("share", self.share, 1)
        self._check_number("value_per_core_hour", self.value_per_core_hour, _LARGEST_RATE)
        self._check_number("value_per_gpu_hour", self.value_per_gpu_hour, _LARGEST_RATE)
        self._check_number("min_allowance_s", self.min_allowance_s, 10**9)
        if self.min_allowance_s != int(self.min_allowance_s):
            raise self._error("min_allowance_s", self.min_allowance_s, "a whole number of seconds")
        self._check_range("value_spread", self.value_spread)
        if self.slack_factor is not None:
            self._check_range("slack_factor", self.slack_factor)
        if self.preemptible not in (None, True, False):
            raise self._error("preemptible", self.preemptible, "true, false or nothing")

    def _check_number(self, key: str, value: object, largest: float) -> None:
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not 0 <= value <= largest:  # type: ignore[operator]
            raise self._error(key, value, f"a number from 0 to {largest:g}")

    def _check_range(self, key: str, pair: object) -> None:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise self._error(key, pair, "two numbers, [low, high]")
        for value in pair:
            self._check_number(key, value, _LARGEST_FACTOR)
        if pair[0] > pair[1]:
            raise self._error(key, pair, "the lower number first")

    def _error(self, key: str, value: object, expected: str) -> InputError:
        return InputError(
            f"service class {quoted(self.name)}: {key} is {quoted(value)}", remedy=f"give {expected}"
        )


def assign_service(workload: Workload, classes: Sequence[ServiceClass], seed: int) -> Workload:
    """The workload with a class, a value and a deadline for every job that lacks them.

    Classes, values and deadlines of the trace are kept. The value is the class's rate x cores (and
    GPUs) x hours of the estimate x the drawn factor, rounded down, and at least one millionth.
    seed : 0 to 2^64 - 1.

    Raises InputError for shares that do not add up to 1, for a class of the trace that is not
    declared, and for values or deadlines beyond 64 bits.
    """
    _check(classes, seed)
    keys = _keys(workload.job_id)
    index = _class_index(workload, classes, _draw(keys, seed, _CLASS))
    value_u = _values(workload, classes, index, _draw(keys, seed, _VALUE))
    deadline_s = _deadlines(workload, classes, index, _draw(keys, seed, _SLACK))
    preemptible = workload.preemptible.copy()
    for number, service_class in enumerate(classes):
        if service_class.preemptible is not None:
            preemptible[index == number] = service_class.preemptible
    names = np.array([service_class.name for service_class in classes], dtype=object)
    return dataclasses.replace(
        workload, service_class=names[index], value_u=value_u, deadline_s=deadline_s, preemptible=preemptible
    )


def _check(classes: Sequence[ServiceClass], seed: int) -> None:
    if not classes:
        raise InputError("no service classes are declared", remedy="declare at least one")
    names = [service_class.name for service_class in classes]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"service class {quoted(name)} is declared twice", remedy="give each name once")
    total = math.fsum(service_class.share for service_class in classes)
    if abs(total - 1) > 1e-9:
        raise InputError(
            f"the shares of service classes {', '.join(names)} add up to {total:g}", remedy="make it 1"
        )
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed <= _WORD:
        raise InputError(f"seed is {quoted(seed)}", remedy="give a whole number from 0 to 2^64 - 1")


def _keys(job_id: np.ndarray) -> np.ndarray:
    """A 64-bit key per job, out of its id alone: the number, or a hash of the text.

    A text that is a whole number counts as that number: a selection in which only such ids are left
    stores them as numbers.
    """
    if job_id.dtype.kind == "i":
        return job_id.astype(np.uint64)
    return np.array([_key(text) for text in job_id], dtype=np.uint64)


def _key(text: str) -> int:
    if is_number_id(text):
        return int(text) & _WORD
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mix(words: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _draw(keys: np.ndarray, seed: int, stream: int) -> np.ndarray:
    """Evenly spread integers below 2^32, one per key, independent between seeds and streams."""
    gamma = 0x9E3779B97F4A7C15
    salt = np.array([(int(seed) + gamma) & _WORD], dtype=np.uint64)
    salt = _mix(_mix(salt) + np.uint64((stream * gamma) & _WORD))
    return _mix(_mix(keys + np.uint64(gamma)) ^ salt) >> np.uint64(32)


def _between(low: float, high: float, draws: np.ndarray) -> np.ndarray:
    """Whole millionths, evenly from low to high, both included, by integer arithmetic only."""
    low_ppm, high_ppm = _micro(low), _micro(high)
    return np.uint64(low_ppm) + ((draws * np.uint64(high_ppm - low_ppm + 1)) >> np.uint64(32))


def _micro(number: float) -> int:
    """Millionths, of the decimal number as written (0.1 is a tenth), rounded half to even."""
    return round(Fraction(repr(float(number))) * _PPM)


def _class_index(jobs: Workload, classes: Sequence[ServiceClass], draws: np.ndarray) -> np.ndarray:
    """The class of each job: the trace's own where it names one, else drawn by share."""
    shares = [_micro(service_class.share) for service_class in classes]
    bounds = np.cumsum(shares)
    # Draws cover 0 to the total in millionths evenly; a class of share 0 is never drawn.
    spots = (draws * np.uint64(int(bounds[-1]))) >> np.uint64(32)
    index = np.searchsorted(bounds, spots.astype(np.int64), side="right")
    if jobs.service_class is None:
        return index
    numbers = {service_class.name: number for number, service_class in enumerate(classes)}
    for row, name in enumerate(jobs.service_class):
        if name == "":
            continue
        if name not in numbers:
            raise InputError(
                f"job {quoted(jobs.job_id[row])} is of service class {quoted(name)}, which is "
                f"not declared; known: {', '.join(numbers)}",
                where=jobs.name,
                remedy="declare it, or drop the column service_class",
            )
        index[row] = numbers[name]
    return index


def _values(
    jobs: Workload, classes: Sequence[ServiceClass], index: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """(J,) int64 values in micro-units: the trace's, else drawn. InputError beyond 64 bits."""
    values_u = jobs.value_u.copy()
    for number, service_class in enumerate(classes):
        rows = (index == number) & (jobs.value_u == NO_VALUE)
        # Python integers: the products pass 64 bits long before the values do.
        factor_ppm = _between(*service_class.value_spread, draws[rows]).astype(object)
        rate = jobs.cores[rows].astype(object) * (1000 * _micro(service_class.value_per_core_hour))
        rate += jobs.gpus_milli[rows].astype(object) * _micro(service_class.value_per_gpu_hour)
        value_u = rate * jobs.estimate_s[rows].astype(object) * factor_ppm // (1000 * HOUR_S * _PPM)
        values_u[rows] = _as_int64(jobs, rows, np.maximum(value_u, 1), "value", "value_per_core_hour")
    if sum(values_u[values_u > 0].tolist()) >= NO_DEADLINE_S:
        raise InputError(
            "the values of all jobs add up to over 4.6e12, more than 64 bits hold in millionths",
            where=jobs.name,
            remedy="declare smaller rates of value",
        )
    return values_u


def _deadlines(
    jobs: Workload, classes: Sequence[ServiceClass], index: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """(J,) int64 deadlines [s]: the trace's, else submit + drawn allowance. InputError beyond 64 bits."""
    deadlines_s = jobs.deadline_s.copy()
    for number, service_class in enumerate(classes):
        if service_class.slack_factor is None:
            continue
        rows = (index == number) & (jobs.deadline_s == NO_DEADLINE_S)
        factor_ppm = _between(*service_class.slack_factor, draws[rows]).astype(object)
        allowance_s = -(-factor_ppm * jobs.estimate_s[rows].astype(object) // _PPM)
        deadline_s = jobs.submit_s[rows] + np.maximum(allowance_s, int(service_class.min_allowance_s))
        deadlines_s[rows] = _as_int64(jobs, rows, deadline_s, "deadline", "slack_factor")
    return deadlines_s


def _as_int64(jobs: Workload, rows: np.ndarray, numbers: np.ndarray, noun: str, key: str) -> np.ndarray:
    """The numbers as int64. InputError where one reaches the value that stands for "none"."""
    if len(numbers) and numbers.max() >= NO_DEADLINE_S:
        job_id = jobs.job_id[rows][int(np.argmax(numbers))]
        subject = f"{jobs.name}: the {noun} of job {quoted(job_id)}"
        raise InputError(f"{subject} passes 64 bits", remedy=f"declare a smaller {key}")
    return numbers.astype(np.int64)
