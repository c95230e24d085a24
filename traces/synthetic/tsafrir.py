"""User estimates by the model of Tsafrir, Etsion and Feitelson (2005): few round values, most of them long.

Paper and parameters: `traces.synthetic.tsafrir_parameters`. First the histogram: 20 popular values that
89 % of the jobs use, a tail of rare ones, nothing above the maximum. Then each job gets a value that is
no shorter than its run time, so that the histogram is exactly used up.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from traces.errors import InputError
from traces.jobs.workload import Workload
from traces.read_report import Finding
from traces.synthetic import generator_arguments
from traces.synthetic import tsafrir_parameters as published
from traces.synthetic.random_streams import stream

_MODEL = 2
_RANKS, _TAIL, _MATCH = range(3)
#: Below this, fewer than 20 multiples of five minutes are left for the head.
LEAST_MAXIMUM_S = published.HEAD * 5 * published.MINUTE_S
LARGEST_MAXIMUM_S = 10**9


def with_estimates(
    jobs: Workload, *, seed: int = 0, max_estimate_s: int | None = None, max_share: float | None = None
) -> Workload:
    """The workload with estimates by the model; `estimates` is 'model'.

    Arguments as of `tsafrir_estimates`. Run times above the maximum are cut to it, as a machine that kills
    at the limit would; the report counts them.
    """
    estimate_s, limit_s = tsafrir_estimates(
        jobs.work_s, seed=seed, max_estimate_s=max_estimate_s, max_share=max_share
    )
    work_s = np.minimum(jobs.work_s, limit_s)
    report = jobs.report
    cut = jobs.work_s > limit_s
    if cut.any():
        text = f"run time cut to the maximal estimate, {limit_s} s"
        first = Finding(int(cut.sum()), None, str(int(jobs.work_s[np.argmax(cut)])), text)
        report = dataclasses.replace(report, repairs={**report.repairs, "cut_to_max_estimate": first})
    return dataclasses.replace(jobs, work_s=work_s, estimate_s=estimate_s, estimates="model", report=report)


def tsafrir_estimates(
    work_s: np.ndarray,
    *,
    seed: int = 0,
    max_estimate_s: int | None = None,
    max_share: float | None = None,
) -> tuple[np.ndarray, int]:
    """(jobs,) int64 estimates [s], none shorter than min(run time, maximum), and the maximum [s].

    work_s         : (jobs,) run times [s]
    max_estimate_s : the longest estimate that the machine takes; None: the longest run time, rounded up
                     to whole hours, and 18 h or more
    max_share      : share of the jobs that ask for the maximum; None: as the model has it, 21.7 %

    The histogram belongs to the whole set: other jobs mean other estimates. InputError: an argument out
    of range, or so many long jobs that no estimates by this model cover them.
    """
    work_s = np.asarray(work_s, dtype=np.int64)
    seed = generator_arguments.checked_seed(seed)
    if max_estimate_s is None:
        longest_s = max(int(work_s.max(initial=0)), published.SHARED_HEAD_S[-1])
        max_estimate_s = -(-longest_s // published.HOUR_S) * published.HOUR_S
    limit_s = generator_arguments.checked_integer(
        "max_estimate_s", max_estimate_s, LEAST_MAXIMUM_S, LARGEST_MAXIMUM_S
    )
    if max_share is not None:
        max_share = generator_arguments.checked_number("max_share", max_share, 0.0, published.HEAD_SHARE)
    values_s, shares = histogram(len(work_s), limit_s, max_share, seed)
    return _match(np.minimum(work_s, limit_s), values_s, _counts(shares, len(work_s)), seed), limit_s


def histogram(count: int, limit_s: int, max_share: float | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values [s], rising, and the shares of `count` jobs that use them; the shares add up to 1."""
    head_s = _head_values(limit_s)
    shares, rank = _head_shares(max_share)
    ranks = _ranks(rank, stream(seed, _MODEL, _RANKS))
    distinct = round(float(np.interp(count, published.DISTINCT_JOBS, published.DISTINCT_VALUES)))
    tail_s = _tail_values(head_s, distinct, limit_s)
    tail = np.arange(published.HEAD + 1, published.HEAD + 1 + len(tail_s)) ** published.TAIL_POWER
    values_s = np.concatenate([head_s, tail_s])
    weights = np.concatenate([shares[ranks - 1], stream(seed, _MODEL, _TAIL).permutation(tail)])
    if len(tail_s):
        weights[published.HEAD :] *= (1 - published.HEAD_SHARE) / tail.sum()
    order = np.argsort(values_s)
    return values_s[order], weights[order] / weights.sum()


def _head_values(limit_s: int) -> np.ndarray:
    """(20,) the popular estimates [s]: the maximum first, then the others from short to long."""
    values_s = [limit_s, *(value_s for value_s in published.SHARED_HEAD_S if value_s < limit_s)]
    for step_s in published.ROUND_S:
        for value_s in range(limit_s // step_s * step_s, 0, -step_s):
            if len(values_s) < published.HEAD and value_s not in values_s:
                values_s.append(value_s)
    return np.array([values_s[0], *sorted(values_s[1:])])


def _head_shares(max_share: float | None) -> tuple[np.ndarray, int]:
    """(20,) shares by popularity rank, falling, and the rank of the maximum."""
    a, b, c = published.HEAD_DECAY
    others = (a * np.exp(b * np.arange(2, published.HEAD + 1)) + c) / 100
    if max_share is None:
        max_share = published.HEAD_SHARE - others.sum()
    else:
        others *= (published.HEAD_SHARE - max_share) / others.sum()
    shares = np.sort(np.append(others, max_share))[::-1]
    return shares, 1 + int((others > max_share).sum())


def _ranks(rank_of_maximum: int, random: np.random.Generator) -> np.ndarray:
    """(20,) popularity rank by place in time, drawn from the ranks observed in four logs.

    A place takes the more popular of two free ranks drawn from those observed there or earlier. A rank that
    no log has at a later place comes first.
    """
    last_place = {rank: place for place, row in enumerate(published.RANKS_AT_PLACE) for rank in row}
    ranks = [rank_of_maximum]
    pool: list[int] = list(published.RANKS_AT_PLACE[0])
    for place in range(1, published.HEAD):
        pool = [rank for rank in [*pool, *published.RANKS_AT_PLACE[place]] if rank not in ranks]
        due = [rank for rank in sorted(last_place) if last_place[rank] <= place and rank not in ranks]
        ranks.append(due[0] if due else min(pool[int(drawn)] for drawn in random.integers(len(pool), size=2)))
    return np.array(ranks)


def _tail_values(head_s: np.ndarray, distinct: int, limit_s: int) -> np.ndarray:
    """The rare estimates [s]: whole minutes where free, else beside them, below the maximum."""
    p, q = published.TAIL_TIME
    count = max(distinct - published.HEAD, 0)
    taken_s = set(head_s.tolist())
    values: list[int] = []
    for place in range(1, count + 1):
        a, x = 1 + p * distinct**q, place / count
        minute_s = round((a - 1) * x / (a - x) * limit_s / 60) * 60
        for shift_s in published.TAIL_SHIFTS_S:
            value_s = minute_s + shift_s
            if 0 < value_s < limit_s and value_s not in taken_s:
                taken_s.add(value_s)
                values.append(value_s)
                break
    return np.array(values, dtype=np.int64)


def _counts(shares: np.ndarray, count: int) -> np.ndarray:
    """Whole numbers of jobs that add up to `count`: rounded down, the largest remainders up."""
    exact = shares * count
    counts = np.floor(exact).astype(np.int64)
    missing = count - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    return counts


def _match(work_s: np.ndarray, values_s: np.ndarray, counts: np.ndarray, seed: int) -> np.ndarray:
    """(jobs,) estimates: from the longest job down, each draws evenly from the unused ones that cover it.

    Jobs whose run times lie between the same two values draw from the same pool, so that they are
    served together: without replacement from its counts.
    """
    random = stream(seed, _MODEL, _MATCH)
    order = np.argsort(work_s, kind="stable")
    bounds = np.searchsorted(work_s[order], values_s, side="right")  # jobs that each value covers
    starts = np.concatenate([[0], bounds[:-1]])
    pool = np.zeros_like(counts)
    estimate_s = np.empty_like(work_s)
    for level in range(len(values_s) - 1, -1, -1):
        pool[level] = counts[level]
        rows = order[starts[level] : bounds[level]]
        if len(rows) > pool.sum():
            raise _no_cover(len(work_s), int(starts[level]), int(values_s[level]), counts, level)
        drawn = random.multivariate_hypergeometric(pool, len(rows))
        pool -= drawn
        estimate_s[rows] = random.permutation(np.repeat(values_s, drawn))
    return estimate_s


def _no_cover(jobs: int, shorter: int, value_s: int, counts: np.ndarray, level: int) -> InputError:
    longer, room = (jobs - shorter) / jobs, float(counts[level:].sum()) / jobs
    share = math.ceil(100 * (longer - room)) + math.ceil(100 * float(counts[-1]) / jobs)
    hint = min(share / 100, published.HEAD_SHARE)
    return InputError(
        f"{longer:.1%} of the jobs need an estimate of {value_s} s or more and the model gives it to "
        f"{room:.1%}",
        remedy=f"give a larger max_estimate_s, or max_share, such as {hint:g}",
    )
