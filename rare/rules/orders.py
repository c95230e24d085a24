"""In which order the queue is kept: the priority of a waiting job, smaller first.

The orders are parameters of the state because the queue is part of it: it stays sorted as jobs come
and go. Ties are broken by the lower job (RULES §1.3). Orders that change while a job waits (`atc`,
`wfp3`, `unicef`) are computed anew once an instant, before the first decision.
"""

from __future__ import annotations

import math

from rare.model import NEVER_S
from rare.state.codes import DEADLINE, VALUE, Choice, NumberParameter, check_branches
from rare.state.compile import rule
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
ORDER_NAMES = ORDERS.built_in  # by code


@rule
def estimate_left_s(job, left_s):
    """What is left of the estimate; 0 for a job past it (§9.4)."""
    return max(job.estimate_s - (job.work_s - left_s), 0)


@rule
def allowance_s(job):
    """Time from submit to deadline, at least 600 s (§6.2)."""
    return max(job.deadline_s - job.submit_s, 600)


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
    return math.nan


check_branches(ORDERS, priority, "order")
