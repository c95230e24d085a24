"""What Lublin and Feitelson's published parameters say, worked out with scipy and none of our code.

Parameters typed in from m_lublin99.c (typeless jobs). Every statistic is a share of the jobs or a mean,
with the standard error that it has among so many jobs.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma

PUBLISHED = {
    "serial": 0.244, "power_of_two": 0.576, "low": 0.8, "below_top": 2.5, "lower_share": 0.86,
    "a1": 4.2, "b1": 0.94, "a2": 312.0, "b2": 0.03, "pa": -0.0054, "pb": 0.78,
    "aarr": 10.2303, "barr": 0.4871, "arar": 1.0225, "anum": 8.1737, "bnum": 3.9631,
}  # fmt: skip
SIZE_CLASSES = {"serial": (1, 1), "2 to 16": (2, 16), "64 and more": (64, 1 << 30)}
GAPS_S = (10, 60, 300, 1800, 14400)
LONGEST_LOG_WORK, LONGEST_LOG_GAP = 12, 13


@dataclass
class Statistic:
    mean: float
    error: float


def share(part, count):
    return Statistic(part, np.sqrt(part * (1 - part) / count))


def stage_cdf(log2, values, processors):
    low, top = values["low"], np.log2(processors)
    middle = top - values["below_top"]
    return np.interp(log2, [low, middle, top], [0, values["lower_share"], 1])


def size_pmf(values, processors):
    """(processors + 1,) probability of each size."""
    pmf = np.zeros(processors + 1)
    sizes = np.arange(1, processors + 1)
    others = 1 - values["serial"] - values["power_of_two"]
    edges = [stage_cdf(np.log2(sizes + shift), values, processors) for shift in (-0.5, 0.5)]
    pmf[1:] += others * (edges[1] - edges[0])
    powers = np.arange(int(np.log2(processors)) + 1)
    upper = [stage_cdf(powers + shift, values, processors) for shift in (-0.5, 0.5)]
    pmf[2**powers] += values["power_of_two"] * (upper[1] - upper[0])
    pmf[1] += values["serial"]
    return pmf


def work_moment(values, size, order):
    """Mean of the log run time to a power, where it is at most 12; order 0: the share of such draws."""
    first = np.clip(values["pa"] * size + values["pb"], 0, 1)
    total = 0
    for part, a, b in ((first, values["a1"], values["b1"]), (1 - first, values["a2"], values["b2"])):
        rising = np.prod([a + step for step in range(order)]) * b**order
        total = total + part * rising * gamma.cdf(LONGEST_LOG_WORK, a + order, scale=b)
    return total


def statistics(values, processors, count):
    """name -> Statistic of the sizes, run times and gaps of `count` jobs."""
    pmf = size_pmf(values, processors)
    sizes = np.arange(processors + 1)
    found = {
        "serial": share(pmf[1], count),
        "powers of two": share(pmf[(sizes & (sizes - 1)) == 0].sum(), count),
        "two": share(pmf[2], count),
        "64 or more": share(pmf[64:].sum(), count),
    }
    log2 = np.log2(np.maximum(sizes, 1))
    mean = (pmf * log2).sum()
    found["mean log2 size"] = Statistic(mean, np.sqrt(((pmf * log2**2).sum() - mean**2) / count))
    for name, (first, last) in SIZE_CLASSES.items():
        inside = (sizes >= first) & (sizes <= last)
        weights = pmf[inside] / pmf[inside].sum()
        moments = [
            (
                weights * work_moment(values, sizes[inside], order) / work_moment(values, sizes[inside], 0)
            ).sum()
            for order in (1, 2, 3, 4)
        ]
        jobs = count * pmf[inside].sum()
        variance = moments[1] - moments[0] ** 2
        found[f"mean log work, {name}"] = Statistic(moments[0], np.sqrt(variance / jobs))
        found[f"mean squared log work, {name}"] = Statistic(
            moments[1], np.sqrt((moments[3] - moments[1] ** 2) / jobs)
        )
    shape = values["aarr"] * values["arar"]
    for gap_s in GAPS_S:
        below, all_ = gamma.cdf([np.log(gap_s), LONGEST_LOG_GAP], shape, scale=values["barr"])
        found[f"gaps below {gap_s} s"] = share(below / all_, count)
    return found


def half_hour_weights(values):
    """(48,) share of the arrivals in each half hour from midnight."""
    places = np.arange(11, 59)
    edges = gamma.cdf(np.append(places - 0.5, 58.5), values["anum"], scale=values["bnum"])
    weights = np.zeros(48)
    weights[(places - 1) % 48] = np.diff(edges) / (edges[-1] - edges[0])
    return weights


def busy_clock(submit_s, values):
    """Submit times on the clock whose rate follows the daily cycle [s]."""
    busy = np.concatenate([[0], np.cumsum(half_hour_weights(values))]) * 86400
    return submit_s // 86400 * 86400 + np.interp(submit_s % 86400, np.arange(49) * 1800, busy)


def measured(jobs, values):
    """The same statistics of a workload."""
    cores, log_work = jobs.cores, np.log(jobs.work_s + 0.5)  # whole seconds, rounded down
    found = {
        "serial": (cores == 1).mean(),
        "powers of two": ((cores & (cores - 1)) == 0).mean(),
        "two": (cores == 2).mean(),
        "64 or more": (cores >= 64).mean(),
        "mean log2 size": np.log2(cores).mean(),
    }
    for name, (first, last) in SIZE_CLASSES.items():
        inside = log_work[(cores >= first) & (cores <= last)]
        found[f"mean log work, {name}"] = inside.mean()
        found[f"mean squared log work, {name}"] = (inside**2).mean()
    gaps_s = np.diff(busy_clock(jobs.submit_s + 0.5, values))
    return found | {f"gaps below {gap_s} s": (gaps_s < gap_s).mean() for gap_s in GAPS_S}
