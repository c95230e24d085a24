"""Synthetic jobs for a training ground: Lublin's model, made burstier, wider or rounder, with estimates."""

from __future__ import annotations

import dataclasses

import numpy as np

from traces.errors import InputError
from traces.jobs.workload import Workload
from traces.numbers.constants import DAY_S, HOUR_S
from traces.synthetic import lublin, with_estimates

LONGEST_H = (6, 12, 18, 24, 36, 72)
ESTIMATES = ("tsafrir", "factors", "exact")
VARIANTS = ("typeless", "batch", "both", "interactive")


def drawn_jobs(draw: np.random.Generator, processors: int, days: int) -> tuple[Workload, float]:
    """Jobs of so many days for a machine of this size, and their load."""
    load = float(
        draw.choice(
            [draw.uniform(0.25, 0.7), draw.uniform(0.6, 1.0), draw.uniform(0.9, 1.4)], p=[0.35, 0.45, 0.2]
        )
    )
    jobs = lublin(
        processors=processors,
        days=float(days),
        load=load,
        seed=int(draw.integers(2**31)),
        variant=str(draw.choice(VARIANTS, p=[0.5, 0.2, 0.2, 0.1])),
    )
    longest_s = int(draw.choice(LONGEST_H)) * HOUR_S
    jobs = dataclasses.replace(
        jobs, work_s=np.minimum(jobs.work_s, longest_s), estimate_s=np.minimum(jobs.estimate_s, longest_s)
    )
    if draw.random() < 0.6:
        jobs = in_bursts(jobs, draw)
    if draw.random() < 0.3:
        jobs = with_widths(jobs, draw, processors)
    return estimated(jobs, draw, longest_s), load


def in_bursts(jobs: Workload, draw: np.random.Generator) -> Workload:
    """The same load, but users submit several alike jobs within minutes, as they do on real machines."""
    share, gap_s = draw.uniform(0.2, 0.8), draw.uniform(5, 600)
    follows = draw.random(len(jobs)) < share
    follows[0] = False
    leader = np.maximum.accumulate(np.where(follows, 0, np.arange(len(jobs))))
    noise = np.exp(draw.normal(0, draw.uniform(0.02, 0.5), len(jobs)))
    work_s = np.maximum((jobs.work_s[leader] * noise).astype(np.int64), 1)
    cores = jobs.cores[leader]
    steps_s = np.where(follows, draw.exponential(gap_s, len(jobs)), 0)
    since_s = np.cumsum(steps_s) - np.cumsum(steps_s)[leader]
    submit_s = jobs.submit_s[leader] + since_s.astype(np.int64)
    before, after = (float((c * w).sum()) for c, w in ((jobs.cores, jobs.work_s), (cores, work_s)))
    work_s = np.maximum((work_s * before / after).astype(np.int64), 1)
    order = np.argsort(submit_s, kind="stable")
    columns = {"submit_s": submit_s, "cores": cores, "work_s": work_s, "estimate_s": work_s}
    return dataclasses.replace(jobs, **{name: values[order] for name, values in columns.items()})


def with_widths(jobs: Workload, draw: np.random.Generator, processors: int) -> Workload:
    """The same jobs with powers of two alone, or with some that take a large part of the machine."""
    cores = jobs.cores
    if draw.random() < 0.5:
        cores = 2 ** np.round(np.log2(cores)).astype(np.int64)
    else:
        wide = draw.random(len(jobs)) < draw.uniform(0.005, 0.03)
        cores = np.where(wide, (processors * draw.uniform(0.3, 1.0, len(jobs))).astype(np.int64), cores)
    cores = np.clip(cores, 1, processors)
    before, after = (float((each * jobs.work_s).sum()) for each in (jobs.cores, cores))
    work_s = np.maximum((jobs.work_s * min(before / after, 1.0)).astype(np.int64), 1)
    return dataclasses.replace(jobs, cores=cores, work_s=work_s, estimate_s=work_s)


def estimated(jobs: Workload, draw: np.random.Generator, longest_s: int) -> Workload:
    """With estimates: round and much too long, off by a factor, or exact."""
    kind = str(draw.choice(ESTIMATES, p=[0.6, 0.3, 0.1]))
    if kind == "tsafrir":
        return _rounded(jobs, int(draw.integers(2**31)), max(longest_s, 2 * HOUR_S))
    if kind == "exact":
        return jobs
    factor = 1 + draw.exponential(draw.uniform(0.2, 6), len(jobs))
    estimate_s = np.minimum(jobs.work_s * factor, max(DAY_S, longest_s)).astype(np.int64)
    return dataclasses.replace(jobs, estimate_s=np.maximum(estimate_s, jobs.work_s), estimates="model")


def _rounded(jobs: Workload, seed: int, longest_s: int) -> Workload:
    """By Tsafrir's model, with the shortest limit of twice, four times, ... that covers these run times."""
    for doublings in range(6):
        try:
            return with_estimates(jobs, seed=seed, max_estimate_s=longest_s << doublings)
        except InputError:  # too many of the jobs run nearly as long as the limit
            continue
    return jobs
