"""Formulas of queueing theory, streams of jobs that follow them, and confidence intervals.

Seconds throughout. Mean service times are of the order of 10^5 s, so whole seconds change nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from rare.model import NEVER_S, Case, Cluster, Inputs, Partition, constant_inputs
from traces.jobs.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload

CONFIDENCE = 0.99
CORE_MW = 1000


# --- formulas -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Law:
    """A distribution of times: name, mean, and squared coefficient of variation (variance / mean^2)."""

    name: str
    mean_s: float
    scv: float

    @property
    def second_moment(self) -> float:
        """E[X^2]."""
        return self.mean_s**2 * (1 + self.scv)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """So many times, in whole seconds, at least 1."""
        if self.name == "constant":
            drawn = np.full(count, self.mean_s)
        elif self.name == "exponential":
            drawn = rng.exponential(self.mean_s, count)
        else:
            assert self.name == "gamma"
            drawn = rng.gamma(1 / self.scv, self.mean_s * self.scv, count)
        return np.maximum(np.rint(drawn), 1).astype(np.int64)


def exponential(mean_s: float) -> Law:
    return Law("exponential", mean_s, 1.0)


def constant(mean_s: float) -> Law:
    return Law("constant", mean_s, 0.0)


def gamma(mean_s: float, scv: float) -> Law:
    return Law("gamma", mean_s, scv)


def pollaczek_khinchine_s(arrivals_per_s: float, service: Law) -> float:
    """Mean wait in M/G/1; M/M/1 and M/D/1 are its cases with scv 1 and 0."""
    return arrivals_per_s * service.second_moment / (2 * (1 - arrivals_per_s * service.mean_s))


def erlang_c_s(arrivals_per_s: float, service: Law, servers: int) -> float:
    """Mean wait in M/M/c: probability of waiting (Erlang's C) / (c mu - lambda)."""
    load = arrivals_per_s * service.mean_s
    waiting = load**servers / math.factorial(servers) / (1 - load / servers)
    none = sum(load**k / math.factorial(k) for k in range(servers))
    return waiting / (none + waiting) / (servers / service.mean_s - arrivals_per_s)


def breakdowns_s(arrivals_per_s: float, service: Law, up_s: float, down: Law) -> float:
    """Mean time in system, M/G/1 whose server breaks down, busy or idle; preemptive resume.

    Model A of Avi-Itzhak and Naor (Oper. Res. 11, 1963, doi:10.1287/opre.11.3.303): breakdowns are a
    Poisson process in up time, whether anybody is served or not. White and Christie (Oper. Res. 6,
    1958) have the exponential case. Derived here, so that it can be checked: the completion time C
    of a job is its service S and the down times in it, Poisson with mean S / up_s in number, so
      E[C] = E[S] (1 + r),  E[C^2] = E[S^2] (1 + r)^2 + E[S] E[D^2] / up_s,  r = E[D] / up_s.
    The time in system is that of an M/G/1 queue with service C, and what an arrival to an empty
    system finds left of a down time: E[D^2] / (2 up_s (1 + r)) (decomposition of M/G/1 with vacations).
    """
    ratio = down.mean_s / up_s
    completion_s = service.mean_s * (1 + ratio)
    second = service.second_moment * (1 + ratio) ** 2 + service.mean_s * down.second_moment / up_s
    queueing_s = arrivals_per_s * second / (2 * (1 - arrivals_per_s * completion_s))
    return completion_s + queueing_s + down.second_moment / (2 * up_s * (1 + ratio))


def breakdowns_by_chain_s(arrivals: float, services: float, breakdowns: float, repairs: float) -> float:
    """The same for exponential times, from the balance equations of (number in system, up or down).

    By cuts between n and n + 1: lambda (u_n + d_n) = mu u_(n+1); by the balance of (n, down):
    (lambda + repairs) d_n = breakdowns u_n + lambda d_(n-1). From u_0 = 1 upwards, until nothing is left.
    """
    up, down = 1.0, breakdowns / (arrivals + repairs)
    mass, number, n = up + down, 0.0, 0
    while up + down > 1e-18 * mass:
        n += 1
        up = arrivals * (up + down) / services
        down = (breakdowns * up + arrivals * down) / (arrivals + repairs)
        mass += up + down
        number += n * (up + down)
    return number / mass / arrivals


# --- cases ----------------------------------------------------------------------------------------------


def stream(rng: np.random.Generator, jobs: int, between_s: float, service: Law) -> Workload:
    """Poisson arrivals of one-core jobs whose estimate is their run time."""
    submit_s = np.rint(np.cumsum(rng.exponential(between_s, jobs))).astype(np.int64)
    work_s = service.draw(rng, jobs)
    none = np.zeros(jobs, dtype=np.int64)
    return Workload(
        name="poisson",
        job_id=np.arange(jobs),
        submit_s=submit_s,
        cores=none + 1,
        gpus_milli=none,
        memory_mib=none,
        work_s=work_s,
        estimate_s=work_s.copy(),
        power_mw=none + NO_POWER,
        value_u=none + NO_VALUE,
        deadline_s=none + NO_DEADLINE_S,
        preemptible=np.ones(jobs, dtype=bool),
        estimates="run_time",
    )


def queue_case(jobs: Workload, servers: int, inputs: Inputs | None = None) -> Case:
    """That many cores; without inputs, power without limit."""
    machine = Partition(nodes=1, cores_per_node=servers, core_mw=CORE_MW)
    return Case(jobs, Cluster((machine,)), inputs or constant_inputs(), begin_s=0)


def on_and_off(rng: np.random.Generator, last_submit_s: int, up_s: float, down: Law) -> Inputs:
    """An island that feeds one core or nothing: up times exponential. On for ever in the end."""
    cycles = int(1.5 * last_submit_s / (up_s + down.mean_s)) + 100
    lengths = np.column_stack((exponential(up_s).draw(rng, cycles), down.draw(rng, cycles)))
    change_s = np.concatenate(([0], np.cumsum(lengths.ravel())))
    supply_mw = np.zeros(len(change_s), dtype=np.int64)
    supply_mw[::2] = CORE_MW
    none = np.zeros(len(change_s), dtype=np.int64)
    return Inputs(change_s, supply_mw, none, none, none, end_s=NEVER_S)


# --- statistics -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """Mean of independent replications and half the width of its Student-t confidence interval."""

    mean: float
    half_width: float

    def __contains__(self, value: float) -> bool:
        return abs(value - self.mean) <= self.half_width


def interval(replications: list[float]) -> Interval:
    """99 %, from replications that share nothing but the law they were drawn from."""
    count = len(replications)
    error = float(np.std(replications, ddof=1)) / math.sqrt(count)
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
    return Interval(float(np.mean(replications)), quantile * error)
