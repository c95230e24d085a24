"""Workloads by the model of Lublin and Feitelson (2003): sizes, run times, arrivals with a daily cycle.

Paper and parameters: `traces.synthetic.lublin_parameters`. Sizes are 1, or a power of two, or anything,
with log2 uniform in two stages; the log of the run time is one of two gammas, the long one more likely
for larger jobs; the log of the gap between arrivals is a gamma, on a clock that follows the hour.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from traces.errors import InputError
from traces.jobs.workload import Workload
from traces.numbers.constants import DAY_S
from traces.synthetic import generator_arguments
from traces.synthetic.daily_cycle import DailyCycle, jobs_within, span_for_load, stretched
from traces.synthetic.generated_columns import as_workload
from traces.synthetic.lublin_parameters import LONGEST_LOG_GAP, LONGEST_LOG_WORK, Parameters, variant_of
from traces.synthetic.random_streams import draw_below, stream

_MODEL = 1
_SERIAL, _STAGE, _SIZE, _WORK, _GAP = range(5)  # columns: streams of their own


@dataclass(frozen=True, slots=True)
class _Draft:
    """Jobs before their arrivals are stretched to a load; all of the shape (jobs,).

    kind : index of the job's parameters; busy_s : the busy clock at its arrival [s]; cores; work_s [s]
    """

    kind: np.ndarray
    busy_s: np.ndarray
    cores: np.ndarray
    work_s: np.ndarray

    def first(self, count: int) -> _Draft:
        return _Draft(self.kind[:count], self.busy_s[:count], self.cores[:count], self.work_s[:count])

    def core_s(self) -> np.ndarray:
        return self.cores * self.work_s


def lublin(
    jobs: int | None = None,
    days: float | None = None,
    *,
    processors: int,
    load: float | None = None,
    seed: int = 0,
    variant: str = "typeless",
    origin_utc: datetime | None = None,
    zone: str | None = None,
) -> Workload:
    """A workload of so many jobs, or of so many days from local midnight, for this many processors.

    load    : sum(cores x run time) / (processors x last arrival), reached exactly but for whole seconds
              by stretching the gaps between arrivals while the day keeps its 24 hours; None: the published
              rate of arrivals, whatever the machine
    variant : 'typeless' (one kind of jobs), 'batch', 'interactive', or 'both' merged
    origin_utc, zone : calendar of time 0, which must be local midnight; none by default

    A pure function of its arguments. The first n jobs keep cores and run times when more are asked for,
    and their submit times, too, if no load is given. Estimates are the run times; see
    `traces.synthetic.with_estimates`. InputError: an argument out of range.

    >>> jobs = lublin(100, processors=64, load=0.8)
    >>> len(jobs), jobs.processors, int(jobs.cores.max()) <= 64
    (100, 64, True)
    """
    kinds = variant_of(variant)
    jobs, days = generator_arguments.checked_length(jobs, days)
    processors = generator_arguments.checked_integer(
        "processors", processors, 1, generator_arguments.MOST_PROCESSORS
    )
    seed = generator_arguments.checked_seed(seed)
    generator_arguments.check_calendar(origin_utc, zone)
    cycles = [DailyCycle(kind.weights()) for kind in kinds]

    def draft(count: int) -> _Draft:
        return _draft(kinds, cycles, count, processors, seed)

    if load is None:
        drawn = draft(jobs) if jobs is not None else _in_days(draft, cycles, days or 0.0)
        span_s = None
    else:
        load = generator_arguments.checked_load(load)
        drawn = draft(jobs) if jobs is not None else _in_loaded_days(draft, processors, load, days or 0.0)
        span_s = span_for_load(drawn.core_s(), processors, load)
    return as_workload(
        f"lublin-{variant}-{processors}-seed{seed}",
        stretched(cycles, drawn.kind, drawn.busy_s, span_s),
        drawn.cores,
        drawn.work_s,
        processors=processors,
        origin_utc=origin_utc,
        zone=zone,
    )


def _draft(
    kinds: tuple[Parameters, ...], cycles: list[DailyCycle], count: int, processors: int, seed: int
) -> _Draft:
    kind, busy_s = _arrivals(kinds, cycles, count, seed)
    cores = _sizes(kinds, kind, processors, seed)
    return _Draft(kind, busy_s, cores, _run_times(kinds, kind, cores, seed))


def _in_days(draft: Callable[[int], _Draft], cycles: list[DailyCycle], days: float) -> _Draft:
    """All jobs that arrive in these days at the published rate."""
    for count in _job_counts(int(100 * days) + 100):  # about the published rate, 85 jobs a day
        drawn = draft(count)
        arrived = stretched(cycles, drawn.kind, drawn.busy_s, None)
        if arrived[-1] >= days * DAY_S:
            return _not_empty(drawn.first(int(np.searchsorted(arrived, days * DAY_S))), days)
    raise _too_many(days)


def _in_loaded_days(draft: Callable[[int], _Draft], processors: int, load: float, days: float) -> _Draft:
    """As many jobs as make this load for these days."""
    for count in _job_counts(int(100 * days) + 100):
        drawn = draft(count)
        fit = jobs_within(drawn.core_s(), processors, load, days)
        if fit < count:
            return _not_empty(drawn.first(fit), days)
    raise _too_many(days)


def _job_counts(count: int) -> list[int]:
    """Numbers of jobs to try, doubling up to the most that a workload may have."""
    most = generator_arguments.MOST_JOBS
    counts = [min(count, most)]
    while counts[-1] < most:
        counts.append(min(2 * counts[-1], most))
    return counts


def _not_empty(draft: _Draft, days: float) -> _Draft:
    if not len(draft.kind):
        raise InputError(
            f"days is {days:g}: no job arrives in so short a time", remedy="give more days, or jobs"
        )
    return draft


def _too_many(days: float) -> InputError:
    return InputError(
        f"days is {days:g}: more than {generator_arguments.MOST_JOBS} jobs", remedy="give fewer days"
    )


def _arrivals(
    kinds: tuple[Parameters, ...], cycles: list[DailyCycle], count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Kind and busy clock [s] of the first `count` arrivals of all kinds."""
    readings = [
        np.cumsum(_gaps(kind_parameters, number, count, seed)) for number, kind_parameters in enumerate(kinds)
    ]
    if len(kinds) == 1:
        return np.zeros(count, dtype=np.int64), readings[0]
    arrived = np.concatenate([cycle.seconds(busy) for cycle, busy in zip(cycles, readings, strict=True)])
    order = np.argsort(arrived, kind="stable")[:count]
    return order // count, np.concatenate(readings)[order]


def _gaps(kind: Parameters, number: int, count: int, seed: int) -> np.ndarray:
    shape, scale = kind.gap
    logs = draw_below(
        LONGEST_LOG_GAP,
        count,
        lambda rows, part: (
            scale
            * stream(seed, _MODEL, _GAP + number, part).standard_gamma(shape * kind.gap_all_day, len(rows))
        ),
    )
    return np.exp(logs)


def _by_kind(kinds: tuple[Parameters, ...], kind: np.ndarray, name: str) -> np.ndarray:
    """(jobs,) one parameter of each job's kind."""
    return np.array([getattr(parameters, name) for parameters in kinds])[kind]


def _sizes(kinds: tuple[Parameters, ...], kind: np.ndarray, processors: int, seed: int) -> np.ndarray:
    """(jobs,) processors; a power of two never exceeds the machine, nor does anything else."""
    count = len(kind)
    low, middle, top = np.array([parameters.size_range(processors) for parameters in kinds]).T[:, kind]
    lower = stream(seed, _MODEL, _STAGE).random(count) <= _by_kind(kinds, kind, "lower_share")
    place = stream(seed, _MODEL, _SIZE).random(count)
    log2 = np.where(lower, low + place * (middle - low), middle + place * (top - middle))
    draw = stream(seed, _MODEL, _SERIAL).random(count)
    serial = _by_kind(kinds, kind, "serial")
    powers = draw <= serial + _by_kind(kinds, kind, "power_of_two")
    log2 = np.where(powers, np.minimum(np.floor(log2 + 0.5), math.floor(math.log2(processors))), log2)
    sizes = np.floor(np.exp2(log2) + 0.5).astype(np.int64)
    return np.where(draw <= serial, 1, np.minimum(sizes, processors))


def _run_times(kinds: tuple[Parameters, ...], kind: np.ndarray, cores: np.ndarray, seed: int) -> np.ndarray:
    """(jobs,) whole seconds, rounded down, 1 or more, as in the authors' program."""
    share = _by_kind(kinds, kind, "p_slope") * cores + _by_kind(kinds, kind, "p_at_0")  # of the short gamma
    short, long = (_by_kind(kinds, kind, name).T for name in ("short", "long"))

    def draw(rows: np.ndarray, part: int) -> np.ndarray:
        random = stream(seed, _MODEL, _WORK, 2 * part)
        is_short = random.random(len(rows)) <= share[rows]
        shape, scale = np.where(is_short, short[:, rows], long[:, rows])
        return scale * stream(seed, _MODEL, _WORK, 2 * part + 1).standard_gamma(shape)

    return np.exp(draw_below(LONGEST_LOG_WORK, len(kind), draw)).astype(np.int64)
