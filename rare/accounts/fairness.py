"""Who is served: shares of service classes and users, and Jain's index over users."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.model import Case
from rare.rules.orders import densities
from rare.state.arrays import (
    S_CANCELLED,
    S_COMPLETED,
    S_DROPPED,
    S_EXPIRED,
    S_FAILED,
    S_HELD,
    S_REJECTED,
    S_UNFINISHED,
)
from traces.jobs.workload import NO_DEADLINE_S

FAIRNESS_METRICS = (
    "service_classes",
    "least_class_served_share",
    "lowest_class_wait_s",
    "mean_user_served_share",
    "lowest_user_served_share",
    "user_served_index",
    "user_slowdown_index",
)
SHORT_JOB_S = 10  # the bound of the bounded slowdown
TENTH = 10


def fairness_metrics(
    case: Case, outcome: np.ndarray, over_s: int, warmup_s: int, arrived: int
) -> dict[str, Any]:
    """The metrics of FAIRNESS_METRICS; parameters as in `rare.metrics.job_metrics`.

    Of a class or user only the jobs count that completed or were not served (RULES §6.6); those that were
    cancelled, or cut off before their deadline, do not.
    """
    values: dict[str, Any] = dict.fromkeys(FAIRNESS_METRICS)
    work = case.workload
    if work.service_class is None and work.user is None:
        return values
    fates = _Fates(case, outcome, over_s, warmup_s, arrived)
    if work.service_class is not None and (work.service_class != "").any():
        values |= _of_classes(case, fates)
    if work.user is not None and (work.user != "").any():
        values |= _of_users(case, fates)
    return values


def jain(shares: np.ndarray) -> float | None:
    """Jain's index of fairness: (sum x)^2 / (n sum x^2), 1 if all are alike, 1 / n if one has everything.

    None without any; 1 if all are 0. Jain, Chiu and Hawe, "A quantitative measure of fairness and
    discrimination for resource allocation in shared computer systems", DEC-TR-301, 1984.
    """
    if len(shares) == 0:
        return None
    squares = float((shares**2).sum())
    return float(shares.sum()) ** 2 / (len(shares) * squares) if squares else 1.0


class _Fates:
    """What became of the counted jobs. Arrays are (J,).

    done, unserved: bool. late: done after the deadline, or with one and not served. with_unfinished: those
    done, and those left, for which the end of the run stands as their end. turnaround_s: from the arrival on.
    """

    def __init__(self, case: Case, outcome: np.ndarray, over_s: int, warmup_s: int, arrived: int) -> None:
        work, status = case.workload, outcome["status"]
        counted = (work.submit_s >= case.first_instant_s + warmup_s) & (np.arange(len(work)) < arrived)
        dated = work.deadline_s < NO_DEADLINE_S
        overdue = (status == S_UNFINISHED) & (work.deadline_s <= over_s)
        self.done = (status == S_COMPLETED) & counted
        self.unserved = (np.isin(status, (S_EXPIRED, S_FAILED)) | overdue) & counted
        self.late = (self.done & (outcome["end_s"] > work.deadline_s)) | (self.unserved & dated)
        gone = np.isin(status, (S_REJECTED, S_CANCELLED, S_DROPPED, S_HELD))
        self.with_unfinished = counted & ~gone
        # in place where it can be: with millions of jobs these columns are the peak of memory
        self.turnaround_s = np.where(status == S_COMPLETED, outcome["end_s"], over_s)
        self.turnaround_s -= work.submit_s
        self.turnaround_s -= outcome["delay_s"]
        np.maximum(self.turnaround_s, 0, out=self.turnaround_s)


def _of_classes(case: Case, fates: _Fates) -> dict[str, Any]:
    """What each class got, by name; the least share served; the mean wait of the class of least value."""
    assert case.workload.service_class is not None
    names, place = _numbered(case.workload.service_class)
    kinds = len(names)
    done, unserved, late = (
        np.bincount(place[mask], minlength=kinds) for mask in (fates.done, fates.unserved, fates.late)
    )
    wait_s = np.maximum(fates.turnaround_s[fates.done] - case.workload.work_s[fates.done], 0)
    waits_s = np.bincount(place[fates.done], wait_s, kinds)
    worth = np.bincount(place, densities(case.workload), kinds) / np.bincount(place, minlength=kinds)
    found = {
        name: {
            "jobs": int(done[k] + unserved[k]),
            "served_share": _share(done[k], done[k] + unserved[k]),
            "late": int(late[k]),
            "mean_wait_s": _share(waits_s[k], done[k]),
        }
        for k, name in enumerate(names)
        if name
    }
    shares = [each["served_share"] for each in found.values() if each["served_share"] is not None]
    lowest = min((name for name in found), key=lambda name: float(worth[names.index(name)]))
    return {
        "service_classes": dict(sorted(found.items())),
        "least_class_served_share": min(shares) if shares else None,
        "lowest_class_wait_s": found[lowest]["mean_wait_s"],
    }


def _of_users(case: Case, fates: _Fates) -> dict[str, Any]:
    """Means over the users who have a name."""
    assert case.workload.user is not None
    names, place = _numbered(case.workload.user)
    kinds = len(names)
    named = np.array([name != "" for name in names])
    done = np.bincount(place[fates.done], minlength=kinds)
    decided = done + np.bincount(place[fates.unserved], minlength=kinds)
    shares = np.sort((done / np.maximum(decided, 1))[named & (decided > 0)])
    there = fates.with_unfinished
    work_s = np.maximum(case.workload.work_s[there], SHORT_JOB_S)
    bounded = np.maximum(fates.turnaround_s[there] / work_s, 1.0)
    jobs = np.bincount(place[there], minlength=kinds)
    slowdown = np.bincount(place[there], bounded, kinds) / np.maximum(jobs, 1)
    return {
        "mean_user_served_share": float(shares.mean()) if len(shares) else None,
        "lowest_user_served_share": float(shares[: -(-len(shares) // TENTH)].mean()) if len(shares) else None,
        "user_served_index": jain(shares),
        "user_slowdown_index": jain(slowdown[named & (jobs > 0)]),
    }


def _numbered(texts: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The different texts, and the (J,) place of each job's among them; fast for millions of jobs."""
    known: dict[str, int] = {}
    place = np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int64, len(texts))
    return list(known), place


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
