"""In which order the queue is kept: the priority of a waiting job, smaller first.

The orders are parameters of the state because the queue is part of it: it stays sorted as jobs come
and go. Ties are broken by the lower job (RULES §1.3). Orders that change while a job waits (`atc`,
`wfp3`, `unicef`) are computed anew once an instant, before the first decision or promise (§10.7).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rare.model import NEVER_S
from rare.rules.priority.multifactor import multifactor_key, rank_queue
from rare.state import live_lists
from rare.state.arrays import QUEUE, ends_of, entry_of, env_of, job_of, live_of
from rare.state.codes import DEADLINE, PRIORITY, VALUE, Choice, NumberParameter, check_branches
from rare.state.compile import rule
from rare.state.priority_arrays import MULTIFACTOR
from traces.name_registry import Registry

FCFS, SJF, LJF, HVF, HVD, EDF, SLACK, ATC, WFP3, UNICEF, F1, F2, F3, F4 = range(14)
SCALE_OF_ATC = NumberParameter("k", default=2.0, low=0.01, high=1000.0)

ORDERS: Registry[Choice] = Registry("order")
ORDERS.register("fcfs", "first come, first served", Choice(FCFS))
ORDERS.register("sjf", "shortest estimate first", Choice(SJF))
ORDERS.register("ljf", "longest estimate first", Choice(LJF))
ORDERS.register("hvf", "highest value first", Choice(HVF, VALUE))
ORDERS.register("hvd", "highest value per core-second of the estimate first", Choice(HVD, VALUE))
ORDERS.register("edf", "earliest deadline first", Choice(EDF, DEADLINE))
ORDERS.register(
    "slack", "least slack first (deadline less what is left of the estimate)", Choice(SLACK, DEADLINE)
)
ORDERS.register(
    "atc",
    "apparent tardiness cost on the value still attainable (atc=K sets its k; default 2)",
    Choice(ATC, VALUE, SCALE_OF_ATC),
)
ORDERS.register("wfp3", "cubed wait over estimate, times cores", Choice(WFP3))
ORDERS.register("unicef", "wait over estimate, fewer cores first", Choice(UNICEF))
ORDERS.register("f1", "learned priority F1 (Carastan-Santos and de Camargo 2017)", Choice(F1))
ORDERS.register("f2", "learned priority F2 (same)", Choice(F2))
ORDERS.register("f3", "learned priority F3 (same)", Choice(F3))
ORDERS.register("f4", "learned priority F4 (same)", Choice(F4))
ORDERS.register(
    "multifactor",
    "Slurm's multifactor priority by the scenario's [priority]: age, size, partition, QOS, nice, fair share",
    Choice(MULTIFACTOR, PRIORITY),
)
ORDER_NAMES = ORDERS.built_in  # by code

SHORTEST_ALLOWANCE_S = 600


@rule
def estimate_left_s(job, left_s):
    """What is left of the estimate; 0 for a job past it (§9.4)."""
    return max(job.estimate_s - (job.work_s - left_s), 0)


@rule
def latest_start_s(job, left_s, restart_s):
    """Latest start by which a job ends by its deadline, by its estimate (§3.8); NEVER_S without a deadline.

    restart_s: what a resume takes before it progresses; 0 for a job that is not suspended.
    """
    if job.deadline_s == NEVER_S:
        return NEVER_S
    return job.deadline_s - estimate_left_s(job, left_s) - restart_s


@rule
def allowance_s(job):
    """Time from submit to deadline, at least SHORTEST_ALLOWANCE_S (§6.2)."""
    return max(job.deadline_s - job.submit_s, SHORTEST_ALLOWANCE_S)


@rule
def worth_at(job, end_s):
    """Value earned by ending at `end_s` (§6.1, §6.2), in micro-units; 0 for a job without value."""
    if job.value_u <= 0:
        return 0
    if job.deadline_s == NEVER_S or end_s <= job.deadline_s:
        return job.value_u
    allowance = allowance_s(job)
    left = job.deadline_s + allowance - end_s
    if left <= 0:
        return 0
    # value x left / allowance without overflow: split the value by the allowance
    whole = job.value_u // allowance
    return whole * left + (job.value_u - whole * allowance) * left // allowance


def densities(jobs: Any) -> np.ndarray:
    """(J,) value per core-second of the estimate, in micro-units, of a workload or of job records."""
    width = np.maximum(jobs.cores, jobs.gpus_milli / 1000)
    core_s = np.maximum(width, 0.001) * np.maximum(jobs.estimate_s, 1)
    return np.asarray(np.maximum(jobs.value_u, 0) / core_s)


def density_median(jobs: Any) -> float | None:
    """Median density of the jobs that have a value; None if none has."""
    density = densities(jobs)
    valued = density[density > 0]
    return float(np.median(valued)) if len(valued) else None


def check_order(order: int) -> None:
    """ValueError for a code that is no order's."""
    if not 0 <= order < len(ORDER_NAMES):
        raise ValueError(
            f"order {order!r} is unknown; give the place of a name in rare.rules.orders.ORDER_NAMES: 0 to "
            f"{len(ORDER_NAMES) - 1}"
        )


@rule
def changes_with_time(order):
    """Whether the priority of a waiting job depends on the time."""
    return order in (ATC, WFP3, UNICEF)


@rule
def priority(job, left_s, order, now_s, mean_run_s, param):
    """Priority of a waiting job, smaller is first; NaN for an order without a formula (none is).

    f1 to f4: Carastan-Santos and de Camargo, SC 2017, doi:10.1145/3126908.3126955, table 3, with the
    submit time in the workload's seconds (at least 1). wfp3 and unicef: Tang et al., Cluster 2009,
    doi:10.1109/CLUSTR.2009.5289184. atc: Vepsalainen and Morton, Management Science 33(8), 1987,
    doi:10.1287/mnsc.33.8.1035, with the value still attainable per core-second as the weight.
    """
    if order == FCFS:
        return 0.0
    run_s = max(float(estimate_left_s(job, left_s)), 1.0)
    width = max(float(job.cores), job.gpus_milli / 1000.0)
    if order == SJF:
        return float(estimate_left_s(job, left_s))
    if order == LJF:
        return -float(estimate_left_s(job, left_s))
    if order == HVF:
        return -float(job.value_u)
    if order == HVD:
        return -job.value_u / (width * run_s)
    if order == EDF:
        return float(job.deadline_s)
    if order == SLACK:
        return float(job.deadline_s - estimate_left_s(job, left_s))
    if order == ATC:
        weight = worth_at(job, now_s + estimate_left_s(job, left_s)) / (width * run_s)
        slack_s = 0.0
        if job.deadline_s != NEVER_S:
            slack_s = max(float(job.deadline_s - now_s) - run_s, 0.0)
        return -weight * math.exp(-slack_s / (param * mean_run_s))
    if order == WFP3:
        return -(((now_s - job.submit_s) / run_s) ** 3) * width
    if order == UNICEF:
        # log2(1) is 0: one-core jobs count as two, which keeps the priority finite
        return -(now_s - job.submit_s) / (math.log2(max(width, 2.0)) * run_s)
    submit_s = max(float(job.submit_s), 1.0)
    if order == F1:
        return math.log10(run_s) * width + 870.0 * math.log10(submit_s)
    if order == F2:
        return math.sqrt(run_s) * width + 25_600.0 * math.log10(submit_s)
    if order == F3:
        return run_s * width + 6_860_000.0 * math.log10(submit_s)
    if order == F4:
        return run_s * math.sqrt(width) + 530_000.0 * math.log10(submit_s)
    if order == MULTIFACTOR:
        return -math.inf  # it depends on more than the job: see key_of
    return math.nan


check_branches(ORDERS, priority, "order")


@rule
def key_of(w, slot):
    """What the queue is sorted by of a job that comes to it now; of `atc` not yet the scale (renew_order)."""
    s = env_of(w)
    live = live_of(w, slot)
    if s.order == MULTIFACTOR:
        return multifactor_key(w, live.job)
    return priority(job_of(w, live.job), live.left_s, s.order, s.now_s, 1.0, s.order_param)


@rule
def mean_estimate_s(w):
    """Mean of what is left of the estimates in the queue, at least 1 s: the scale of `atc`."""
    total = 0.0
    count = live_lists.size(w, QUEUE)
    first = ends_of(w, QUEUE).first
    for i in range(first, first + count):
        live = live_of(w, entry_of(w, QUEUE, i).slot)
        total += estimate_left_s(job_of(w, live.job), live.left_s)
    return max(total / max(count, 1), 1.0)


@rule
def renew_order(w):
    """Give the waiting jobs their priorities of this instant and sort the queue, once an instant.

    Nothing to do for an order that time does not change. `multifactor` changes at its marks (§14.2).
    """
    s = env_of(w)
    if s.order == MULTIFACTOR:
        rank_queue(w)
    if not changes_with_time(s.order) or s.keyed_s == s.now_s:
        return
    mean_s = mean_estimate_s(w)
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        entry = entry_of(w, QUEUE, i)
        live = live_of(w, entry.slot)
        live.key = priority(job_of(w, live.job), live.left_s, s.order, s.now_s, mean_s, s.order_param)
        entry.key = live.key
    live_lists.sort(w, QUEUE)
    s.keyed_s = s.now_s
