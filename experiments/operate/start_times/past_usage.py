"""What accounts and users had used before a snapshot, for a fair share that decays (RULES §14.3)."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np

from experiments.operate.snapshots.snapshot_case import SnapshotCase
from experiments.operate.start_times.past_jobs import PastJobs
from rare.options.slurm_priority import MOST_USAGE_CORE_S, ROOT_ACCOUNT, Priority, PriorityShare


def with_past_usage(part: SnapshotCase, past: PastJobs | None) -> SnapshotCase:
    """The case in which users begin with the core-seconds of their past jobs, decayed to its first instant.

    The same case where its priority counts no fair share, or nobody knows whose the past jobs were. What the
    scenario says of usage is added to. Past jobs count if they had ended; running ones count by themselves.
    """
    priority = part.case.priority
    if priority is None or priority.fair_share_weight == 0 or past is None or past.work.user is None:
        return part
    used = _used_core_s(past, part.case.first_instant_s, priority.half_life_s)
    shares = _with_usage(priority, used)
    case = dataclasses.replace(part.case, priority=dataclasses.replace(priority, shares=shares))
    return dataclasses.replace(part, case=case)


def _used_core_s(past: PastJobs, begin_s: int, half_life_s: int) -> dict[tuple[str, str], float]:
    """Core-seconds by (account, user), decayed to `begin_s`; what ended later counts for more than it was."""
    work, ended = past.work, past.ended
    core_s = (work.cores[ended] * work.work_s[ended]).astype(float)
    if half_life_s > 0:
        core_s = core_s * np.exp2(np.clip((past.end_s[ended] - begin_s) / half_life_s, -60.0, 60.0))
    users = np.asarray(work.user)[ended].tolist()
    accounts = [""] * len(users) if work.account is None else work.account[ended].tolist()
    used: dict[tuple[str, str], float] = defaultdict(float)
    for account, user, amount in zip(accounts, users, core_s.tolist(), strict=True):
        if user:
            used[account, user] += amount
    return used


def _with_usage(priority: Priority, used: dict[tuple[str, str], float]) -> tuple[PriorityShare, ...]:
    """The scenario's shares with this usage added; who has none there has one (RULES §14.4)."""
    shares = {(one.account, one.user): one for one in priority.shares}
    first_account: dict[str, str] = {}
    for one in priority.shares:
        first_account.setdefault(one.user, one.account)
    for (account, user), amount in used.items():
        key = (account or first_account.get(user, ROOT_ACCOUNT), user)
        one = shares.get(key, PriorityShare(*key))
        most = min(one.usage_core_s + round(amount), MOST_USAGE_CORE_S)
        shares[key] = dataclasses.replace(one, usage_core_s=most)
    return tuple(shares.values())
