"""Synthetic users of a workload, some of whose jobs wait for the user's previous job and a think time.

Sessions of users, and think times between the end of one job and the submittal of the next: N. Zakay and
D. G. Feitelson, Preserving user behavior characteristics in trace-based simulation of parallel job
scheduling, MASCOTS 2014, doi:10.1109/MASCOTS.2014.15. A think time of more than 20 minutes begins another
session: the same authors, On identifying user session boundaries in parallel workload logs, JSSPP 2012,
doi:10.1007/978-3-642-35867-8_12. The figures below are our own measurements of two traces of the Parallel
Workloads Archive (docs/reference/synthetic-models.md).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from traces.jobs.dependencies.precedence import array_of_tuples
from traces.jobs.workload import Workload
from traces.synthetic import generator_arguments
from traces.synthetic.random_streams import draw_below, stream

_MODEL = 4
_USER, _WAITS, _THINK = range(3)
#: SDSC-SP2 has 137 jobs a user, KTH-SP2 133; the jobs of the r-th busiest of them fall about as r^-0.6.
JOBS_PER_USER = 135
ACTIVITY_POWER = -0.6
#: Of a normal distribution of logarithms (of seconds) that, cut off at 20 minutes, has the mean 5.33 and the
#: standard deviation 1.16 of think times: between those of SDSC-SP2 (5.15, 1.27) and KTH-SP2 (5.51, 1.06).
THINK_LOG_MEAN, THINK_LOG_STD = 5.96, 1.57
LONGEST_THINK_S = 1200


def with_chains(jobs: Workload, share: float, seed: int = 0, users: int | None = None) -> Workload:
    """The jobs with users, and with this share of them waiting for the previous job of their user.

    share : 0 to 1, of the jobs that have an earlier job of their user; SDSC-SP2 has 0.27, KTH-SP2 0.23
    users : how many; None: one per 135 jobs, at least one. They are called u1, u2, ..., the busiest first

    The submit times stay: a job is submitted ahead, and arrives at the later of its submit and its
    predecessor's end plus a think time of up to 20 minutes. InputError: an argument out of range.
    """
    share = generator_arguments.checked_number("chains", share, 0.0, 1.0)
    seed = generator_arguments.checked_seed(seed)
    count = len(jobs)
    most = max(1, round(count / JOBS_PER_USER))
    users = most if users is None else generator_arguments.checked_integer("users", users, 1, 10**6)
    weights = np.cumsum(np.arange(1, users + 1, dtype=float) ** ACTIVITY_POWER)
    user = np.searchsorted(weights / weights[-1], stream(seed, _MODEL, _USER).random(count), side="right")
    previous = _previous(user)
    waits = (previous >= 0) & (stream(seed, _MODEL, _WAITS).random(count) < share)
    ids = jobs.job_id.tolist()
    after = [(ids[before],) if wait else () for before, wait in zip(previous.tolist(), waits, strict=True)]
    think_s = draw_below(LONGEST_THINK_S, count, lambda rows, part: _think_s(seed, len(rows), part))
    return dataclasses.replace(
        jobs,
        user=np.array([f"u{number + 1}" for number in user.tolist()], dtype=object),
        after=array_of_tuples(after) if waits.any() else None,
        after_any=None,
        think_s=np.where(waits, think_s, 0) if waits.any() else None,
    )


def _previous(user: np.ndarray) -> np.ndarray:
    """(J,) row of the previous job of the same user, -1 where there is none."""
    order = np.argsort(user, kind="stable")
    before = np.concatenate([[-1], order[:-1]])[: len(order)]
    same = np.diff(user[order], prepend=-1) == 0
    previous = np.full(len(user), -1)
    previous[order] = np.where(same, before, -1)
    return previous


def _think_s(seed: int, count: int, part: int) -> np.ndarray:
    """(count,) think times in whole seconds."""
    random = stream(seed, _MODEL, _THINK, part)
    return np.rint(np.exp(random.normal(THINK_LOG_MEAN, THINK_LOG_STD, count))).astype(np.int64)
