"""Run times of jobs that have not ended, drawn from what past jobs took of their time limits.

A draw is a ratio of run time to limit, taken from one of several pools: the user's last jobs with this limit
and size, those with this limit, all of them, the cluster's last jobs with a like limit, all of those, and a
spread for a cluster without a past. A pool of n jobs has the share n / (n + SHRINK) of what the pools before
it have left. Jobs that still run are in the user's pools as censored (Kaplan and Meier 1958,
doi:10.1080/01621459.1958.10501452): they have taken at least so long. A job that has run for some time draws
only among longer ratios, and pools in which these are rare count less.

Jobs of one user with one limit are often tries of one thing: their draws are linked (a Gaussian copula).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from energy.hash_noise import key_of, normals, uniforms
from experiments.operate.start_times.past_jobs import PastJobs

PRIOR_RATIOS = np.append((np.arange(40) + 0.5) / 40, np.ones(5))
"""Without a past: any share of the limit alike, and one job in nine runs into it."""
SOON_S = 60
_OVERDUE = 0.1  # of the elapsed time, the mean rest of a job that has run longer than any known one


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What the model was tuned in.

    shrink        : jobs that a pool needs to count as much as all pools after it
    of_user, of_cluster : jobs of each pool at most, the last ones
    link, link_of_user  : correlation of draws of one user and limit, and of one user
    like          : limits within this factor are alike
    """

    shrink: float = 20.0
    of_user: int = 8
    of_cluster: int = 2000
    link: float = 0.7
    link_of_user: float = 0.25
    like: float = 1.5


@dataclass(frozen=True, slots=True)
class OpenJobs:
    """Jobs that have not ended: (N,) each. ran_s: 0 of those that wait."""

    user: np.ndarray
    limit_s: np.ndarray
    cores: np.ndarray
    ran_s: np.ndarray


class RunTimeModel:
    """The ratios of past jobs by user and limit, and draws from them."""

    def __init__(self, past: PastJobs | None, now: OpenJobs, choice: ModelChoice | None = None) -> None:
        """past: jobs up to the instant of the draws. now: those that have not ended, for what they ran."""
        self._choice = choice or ModelChoice()
        self._users: dict[str, _Pool] = {}
        self._cluster = _Pool.empty()
        if past is not None and past.ended.any():
            self._learn(past)
        self._censored = _by_user(now, now.ran_s > 0)

    def _learn(self, past: PastJobs) -> None:
        order = np.argsort(past.end_s, kind="stable")
        order = order[past.ended[order]]
        work = past.work
        limit_s = np.maximum(work.estimate_s[order], 1)
        ratio = work.work_s[order] / limit_s
        every = _Pool(ratio, limit_s, work.cores[order])
        self._cluster = every.last(self._choice.of_cluster)
        if work.user is None:
            return
        users = work.user[order]
        by_user = np.argsort(users, kind="stable")
        names, first = np.unique(users[by_user], return_index=True)
        for name, rows in zip(names.tolist(), np.split(by_user, first[1:]), strict=True):
            if name:
                self._users[name] = every.rows(rows)

    def draws(self, jobs: OpenJobs, futures: int, seed: int) -> np.ndarray:
        """(N, futures) run times in seconds, at least a second more than each job has run.

        Each depends on seed, job, user and future alone.
        """
        shares = self._shares(jobs, futures, seed)
        made = np.empty((len(jobs.limit_s), futures), np.int64)
        for row in range(len(jobs.limit_s)):
            made[row] = self._of_job(jobs, row, shares[row])
        return made

    def _shares(self, jobs: OpenJobs, futures: int, seed: int) -> np.ndarray:
        """(N, futures) uniform numbers, linked among jobs of one user and limit."""
        choice, columns = self._choice, np.arange(futures)
        users = np.unique(jobs.user, return_inverse=True)[1]
        pairs = np.unique(np.stack([users, jobs.limit_s], 1), axis=0, return_inverse=True)[1].ravel()
        rows = np.arange(len(users))
        score = np.sqrt(1 - choice.link - choice.link_of_user) * normals(
            key_of("start times, job", seed), rows[:, None], columns
        )
        score += np.sqrt(choice.link) * normals(key_of("start times, pair", seed), pairs[:, None], columns)
        score += np.sqrt(choice.link_of_user) * normals(
            key_of("start times, user", seed), users[:, None], columns
        )
        alone = jobs.user == ""
        linked = np.asarray(ndtr(score))
        linked[alone] = uniforms(key_of("start times, nobody", seed), rows[alone, None], columns)
        return linked

    def _of_job(self, jobs: OpenJobs, row: int, shares: np.ndarray) -> np.ndarray:
        limit_s, ran_s = max(int(jobs.limit_s[row]), 1), int(jobs.ran_s[row])
        ratio, weight = self._mixture(str(jobs.user[row]), limit_s, int(jobs.cores[row]))
        longer = ratio > ran_s / limit_s
        ratio, weight = ratio[longer], weight[longer]
        total = weight.sum()
        if total <= 0:
            rest_s = np.maximum(-np.log1p(-shares) * _OVERDUE * ran_s, SOON_S)
            return ran_s + np.ceil(rest_s).astype(np.int64)
        order = np.argsort(ratio)
        places = np.searchsorted(np.cumsum(weight[order]), shares * total, side="right")
        drawn = ratio[order][np.minimum(places, len(order) - 1)]
        return np.maximum(np.ceil(drawn * limit_s).astype(np.int64), ran_s + 1)

    def _mixture(self, user: str, limit_s: int, cores: int) -> tuple[np.ndarray, np.ndarray]:
        """Ratios and their weights for a job of this user, limit and size, over all pools."""
        rest, parts = 1.0, []
        of_user = self._users.get(user, _Pool.empty())
        running = self._censored.get(user, _Pool.empty())
        of_cluster = self._cluster
        most = self._choice.of_user
        pools = [
            (of_user.alike(limit_s, 1.0, cores).last(most), running.alike(limit_s, 1.0, cores)),
            (of_user.alike(limit_s, 1.0).last(most), running.alike(limit_s, 1.0)),
            (of_user.last(most), running),
            (of_cluster.alike(limit_s, self._choice.like), _Pool.empty()),
            (of_cluster, _Pool.empty()),
        ]
        for ended, censored in pools:
            count = len(ended.ratio)
            if count == 0:
                continue
            mass = _kaplan_meier(ended.ratio, censored.ratio)
            share = rest * count / (count + self._choice.shrink)
            parts.append((ended.ratio, share * mass))
            rest -= share * float(mass.sum())
        parts.append((PRIOR_RATIOS, np.full(len(PRIOR_RATIOS), rest / len(PRIOR_RATIOS))))
        return np.concatenate([ratio for ratio, _ in parts]), np.concatenate([mass for _, mass in parts])


@dataclass(frozen=True, slots=True)
class _Pool:
    """Jobs by the time of their end: ratio of run time to limit, limit, cores."""

    ratio: np.ndarray
    limit_s: np.ndarray
    cores: np.ndarray

    @staticmethod
    def empty() -> _Pool:
        return _Pool(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))

    def rows(self, rows: np.ndarray | slice) -> _Pool:
        return _Pool(self.ratio[rows], self.limit_s[rows], self.cores[rows])

    def last(self, most: int) -> _Pool:
        return self.rows(slice(max(len(self.ratio) - most, 0), None))

    def alike(self, limit_s: int, factor: float, cores: int | None = None) -> _Pool:
        """Those with a limit within a factor of this one, and with so many cores."""
        near = (self.limit_s <= limit_s * factor) & (self.limit_s * factor >= limit_s)
        return self.rows(np.flatnonzero(near if cores is None else near & (self.cores == cores)))


def _by_user(now: OpenJobs, chosen: np.ndarray) -> dict[str, _Pool]:
    pools: dict[str, list[int]] = {}
    for row in np.flatnonzero(chosen).tolist():
        if now.user[row]:
            pools.setdefault(str(now.user[row]), []).append(row)
    limit_s = np.maximum(now.limit_s, 1)
    every = _Pool(now.ran_s / limit_s, limit_s, now.cores)
    return {name: every.rows(np.array(rows)) for name, rows in pools.items()}


def _kaplan_meier(ended: np.ndarray, censored: Sequence[float] | np.ndarray) -> np.ndarray:
    """(n,) probability mass at each ended ratio; what lies beyond the longest is missing from the sum."""
    count = len(ended)
    if len(censored) == 0:
        return np.full(count, 1 / count)
    ratios = np.concatenate([ended, np.asarray(censored)])
    is_end = np.arange(len(ratios)) < count
    order = np.lexsort((~is_end, ratios))  # at a tie an end comes before a censoring
    at_risk = len(ratios) - np.arange(len(ratios))
    survival = np.cumprod(np.where(is_end[order], 1 - 1 / at_risk, 1.0))
    before = np.append(1.0, survival[:-1])
    mass = np.zeros(len(ratios))
    mass[order] = before - survival
    return mass[:count]
