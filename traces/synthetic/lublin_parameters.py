"""The published parameters of the Lublin-Feitelson model, and what of them follows the machine's size.

Source: U. Lublin and D. G. Feitelson, "The workload on parallel supercomputers: modeling the
characteristics of rigid jobs", J. Parallel Distrib. Comput. 63(11), 2003,
doi:10.1016/S0743-7315(03)00108-4. Digits as in the authors' program m_lublin99.c of the Parallel
Workloads Archive (its parameters for typeless, batch and interactive jobs, fitted to machines of about
128 processors). Gamma distributions are (shape, scale); times are natural logarithms of seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from traces.errors import InputError, quoted

#: Log of the longest run time (45 h) and of the longest inter-arrival gap at the rush hour (5 days).
LONGEST_LOG_WORK = 12.0
LONGEST_LOG_GAP = 13.0
#: Parts of the day; the cycle's gamma distribution counts them, shifted so that it begins in the night.
HALF_HOURS = 48
FIRST_HALF_HOUR = 11
#: Lublin's example for 8 processors: the middle of the sizes stays this far above the smallest [log2].
_LEAST_SPREAD = 0.7


@dataclass(frozen=True, slots=True)
class Parameters:
    """One kind of jobs.

    serial, power_of_two : shares of the jobs on 1 processor and on a power of two
    smallest             : log2 of the smallest parallel size
    below_top            : log2 distance from the largest size to where the two uniforms meet
    top_below_machine    : log2 distance from the machine's size to the largest size
    lower_share          : share of the lower uniform
    short, long          : gammas of the log run time; p(short) = p_slope * processors + p_at_0 in [0, 1]
    gap                  : gamma of the log inter-arrival time at the rush hour; its shape is multiplied
                           by gap_all_day, which makes it hold for the whole day
    cycle                : gamma over the half hours of the day: jobs that arrive in each
    """

    serial: float
    power_of_two: float
    smallest: float
    below_top: float
    top_below_machine: float
    lower_share: float
    short: tuple[float, float]
    long: tuple[float, float]
    p_slope: float
    p_at_0: float
    gap: tuple[float, float]
    gap_all_day: float
    cycle: tuple[float, float]

    def size_range(self, processors: int) -> tuple[float, float, float]:
        """log2 of the smallest, middle and largest size of the two-stage uniform on this machine.

        The published ones hold for 128 processors. The largest follows the machine, the middle keeps
        its distance below the largest, as the authors ask for.
        """
        machine = math.log2(processors)
        top = max(machine - self.top_below_machine, min(machine, self.smallest))
        low = min(self.smallest, top)
        return low, min(top, max(top - self.below_top, low + _LEAST_SPREAD)), top

    def weights(self) -> np.ndarray:
        """(48,) shares of the arrivals in each half hour from midnight, not normalised."""
        shape, scale = self.cycle
        places = np.arange(FIRST_HALF_HOUR, FIRST_HALF_HOUR + HALF_HOURS)
        edges = [gamma_cdf((place - 0.5) / scale, shape) for place in (*places, places[-1] + 1)]
        shares = np.empty(HALF_HOURS)
        shares[(places - 1) % HALF_HOURS] = np.diff(edges)  # the program counts half hours from 1
        return shares


_TYPELESS = Parameters(
    serial=0.244, power_of_two=0.576, smallest=0.8, below_top=2.5, top_below_machine=0.0, lower_share=0.86,
    short=(4.2, 0.94), long=(312.0, 0.03), p_slope=-0.0054, p_at_0=0.78,
    gap=(10.2303, 0.4871), gap_all_day=1.0225, cycle=(8.1737, 3.9631),
)  # fmt: skip
_BATCH = Parameters(
    serial=0.2927, power_of_two=0.6686, smallest=1.2, below_top=2.0, top_below_machine=0.0, lower_share=0.875,
    short=(6.57, 0.823), long=(639.1, 0.0156), p_slope=-0.003, p_at_0=0.6986,
    gap=(6.0415, 0.8531), gap_all_day=1.0519, cycle=(6.1271, 5.2740),
)  # fmt: skip
_INTERACTIVE = Parameters(
    serial=0.1541, power_of_two=0.625, smallest=1.0, below_top=2.5, top_below_machine=1.5, lower_share=0.705,
    short=(3.8351, 0.6605), long=(7.073, 0.6856), p_slope=-0.0118, p_at_0=0.9156,
    gap=(6.5510, 0.6621), gap_all_day=0.9797, cycle=(8.9186, 3.6680),
)  # fmt: skip

#: variant -> the kinds of jobs whose arrivals it merges
VARIANTS: dict[str, tuple[Parameters, ...]] = {
    "typeless": (_TYPELESS,),
    "batch": (_BATCH,),
    "interactive": (_INTERACTIVE,),
    "both": (_BATCH, _INTERACTIVE),
}


def variant_of(name: object) -> tuple[Parameters, ...]:
    """The kinds of jobs of a variant; InputError lists the known ones."""
    if not isinstance(name, str) or name not in VARIANTS:
        raise InputError(
            f"unknown variant {quoted(name)} of the Lublin model", remedy=f"known: {', '.join(VARIANTS)}"
        )
    return VARIANTS[name]


def gamma_cdf(x: float, shape: float) -> float:
    """P(gamma(shape, 1) <= x), by its power series (Abramowitz and Stegun 6.5.29); x of a few dozen."""
    term = total = 1.0 / shape
    step = shape
    while term > 1e-17 * total:
        step += 1.0
        term *= x / step
        total += term
    return total * math.exp(shape * math.log(x) - x - math.lgamma(shape))
