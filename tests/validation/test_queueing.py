"""Queueing theory (validation/README.md, section 2), each formula inside the 99 % confidence interval.

Statistics: 40 independent replications of 20,000 jobs (seeds 0 to 39 of each queue), the first 1,000
mean interarrival times cut off as warm-up, one mean per replication, Student-t interval over the 40.
The interval must also be narrow (half width under 6 % of the formula), or it would prove nothing.
Everything is simulated by the compiled clock under fcfs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from rare import Result, simulate
from rare.model import Case
from schedulers import make_scheduler
from tests.validation.queues import (
    Interval,
    Law,
    breakdowns_by_chain_s,
    breakdowns_s,
    constant,
    erlang_c_s,
    exponential,
    gamma,
    interval,
    on_and_off,
    pollaczek_khinchine_s,
    queue_case,
    stream,
)

REPLICATIONS, JOBS, WARMUP_JOBS = 40, 20_000, 1_000
NARROW = 0.06
SERVICE_S = 100_000.0


def assert_formula(expected: float, measured: Interval) -> None:
    assert measured.half_width < NARROW * expected, f"{measured} is too wide to test {expected}"
    assert expected in measured, f"{expected} is outside {measured}"


def replay(case: Case, between_s: float) -> Result:
    result = simulate(case, make_scheduler("fcfs"), warmup_s=round(WARMUP_JOBS * between_s))
    assert result.metrics["jobs_completed"] == JOBS
    return result


def replications(key: int, between_s: float, service: Law, servers: int) -> Iterator[Result]:
    for seed in range(REPLICATIONS):
        rng = np.random.default_rng((key, seed))
        yield replay(queue_case(stream(rng, JOBS, between_s, service), servers), between_s)


def mean_queue(result: Result, between_s: float) -> float:
    """Jobs waiting, averaged over time from the end of the warm-up to the last submit."""
    power = result.power
    span_s = np.array([round(WARMUP_JOBS * between_s), result.case.workload.submit_s[-1]])
    area = np.concatenate(([0], np.cumsum(power["queued"][:-1] * np.diff(power["time_s"]))))
    upto = np.interp(span_s, power["time_s"], area)
    return float((upto[1] - upto[0]) / (span_s[1] - span_s[0]))


def assert_littles_law_on_the_path(result: Result) -> None:
    """From empty to empty, the area under the number of jobs is the sum of their times, to the second."""
    held_s, jobs = np.diff(result.power["time_s"]), result.case.workload
    in_system_s = int((result.jobs["end_s"] - jobs.submit_s).sum())
    queued_s = int((result.power["queued"][:-1] * held_s).sum())
    running_s = int((result.power["running"][:-1] * held_s).sum())
    assert running_s == int(jobs.work_s.sum())
    assert queued_s + running_s == in_system_s


ONE_SERVER = {
    "M/M/1": (1, exponential(SERVICE_S), 0.7),
    "M/D/1": (2, constant(SERVICE_S), 0.8),
    "M/G/1, more even than exponential": (3, gamma(SERVICE_S, 0.25), 0.75),
    "M/G/1, more uneven": (4, gamma(SERVICE_S, 3.0), 0.5),
}


@pytest.mark.parametrize("queue", ONE_SERVER)
def test_mean_wait_and_queue_of_one_server(queue: str) -> None:
    """Pollaczek-Khinchine; for M/M/1 it is rho / (1 - rho) mean services. Queue length by Little's law."""
    key, service, load = ONE_SERVER[queue]
    between_s = service.mean_s / load
    expected_s = pollaczek_khinchine_s(1 / between_s, service)
    if queue == "M/M/1":
        assert math.isclose(expected_s, load / (1 - load) * service.mean_s)
    assert_waits_and_queue(expected_s, key, between_s, service, servers=1)


@pytest.mark.parametrize(("key", "servers", "load"), [(5, 3, 0.75), (6, 8, 0.75)])
def test_mean_wait_and_queue_of_many_servers(key: int, servers: int, load: float) -> None:
    """M/M/c: Erlang C, queue length by Little's law."""
    service = exponential(SERVICE_S)
    between_s = service.mean_s / servers / load
    expected_s = erlang_c_s(1 / between_s, service, servers)
    assert_waits_and_queue(expected_s, key, between_s, service, servers)


def assert_waits_and_queue(expected_s: float, key: int, between_s: float, service: Law, servers: int) -> None:
    waits, queues = [], []
    for result in replications(key, between_s, service, servers):
        waits.append(result.metrics["mean_wait_s"])
        queues.append(mean_queue(result, between_s))
        assert_littles_law_on_the_path(result)
    assert_formula(expected_s, interval(waits))
    assert_formula(expected_s / between_s, interval(queues))


UP_S = 200_000.0
SUPPLY_ON_AND_OFF = {
    "exponential": (7, exponential(SERVICE_S), exponential(80_000.0)),
    "constant service": (8, constant(SERVICE_S), exponential(80_000.0)),
    "constant down time": (9, exponential(SERVICE_S), constant(120_000.0)),
}


@pytest.mark.parametrize("kind", SUPPLY_ON_AND_OFF)
def test_supply_on_and_off(kind: str) -> None:
    """A supply that comes and goes is a server with breakdowns, busy or idle, preemptive resume."""
    key, service, down = SUPPLY_ON_AND_OFF[kind]
    between_s = 2 * service.mean_s  # load 0.5 when up, 0.7 and 0.8 with the down times
    times = []
    for seed in range(REPLICATIONS):
        rng = np.random.default_rng((key, seed))
        jobs = stream(rng, JOBS, between_s, service)
        inputs = on_and_off(rng, int(jobs.submit_s[-1]), UP_S, down)
        result = replay(queue_case(jobs, 1, inputs), between_s)
        assert result.power["time_s"][-1] < inputs.change_s[-1], "the supply ran out of changes"
        assert result.metrics["suspensions"] > JOBS // 4
        assert_littles_law_on_the_path(result)
        times.append(result.metrics["mean_turnaround_s"])
    assert_formula(breakdowns_s(1 / between_s, service, UP_S, down), interval(times))


@pytest.mark.parametrize("rates", [(0.5, 1.0, 0.25, 1.0), (0.3, 1.0, 0.5, 0.7), (0.6, 1.0, 0.1, 0.5)])
def test_the_formula_for_breakdowns_solves_the_chain(rates: tuple[float, float, float, float]) -> None:
    """Against the balance equations of its Markov chain, which know nothing of its derivation."""
    arrivals, services, failures, repairs = rates
    formula_s = breakdowns_s(arrivals, exponential(1 / services), 1 / failures, exponential(1 / repairs))
    assert math.isclose(formula_s, breakdowns_by_chain_s(*rates), rel_tol=1e-9)
