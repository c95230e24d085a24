"""The published parameters of the model of user run-time estimates.

Source: D. Tsafrir, Y. Etsion and D. G. Feitelson, "Modeling user runtime estimates", JSSPP 2005, LNCS
3834, doi:10.1007/11605300_1. Digits as in the authors' program m_tsafrir05 of the Parallel Workloads
Archive (est_model.hh, est_model.cc): defaults fitted to SDSC-106, CTC, KTH4H and BLUE.
"""

from __future__ import annotations

MINUTE_S, HOUR_S = 60, 3600

#: Number of popular estimates, and the share of jobs that use one of them.
HEAD = 20
HEAD_SHARE = 0.89
#: Per cent of the jobs that use the estimate of popularity rank r = 2..20: a exp(b r) + c.
HEAD_DECAY = (14.0491, -0.177531, 0.462513)
#: The same for r > 20, before scaling to what the head leaves: proportional to r ** b.
TAIL_POWER = -2.267

#: The 15 popular estimates that all four logs share [s].
SHARED_HEAD_S = tuple(
    [minutes * MINUTE_S for minutes in (5, 10, 15, 20, 30)]
    + [hours * HOUR_S for hours in (1, 2, 3, 4, 5, 6, 8, 10, 12, 18)]
)
#: What else is popular: multiples of these [s], the first ones first, the largest multiples first.
ROUND_S = tuple(
    [hours * HOUR_S for hours in (200, 100, 50, 10, 5, 2, 1)]
    + [minutes * MINUTE_S for minutes in (20, 10, 5)]
)

#: Popularity ranks seen at each place in time among the popular estimates, in the four logs above.
#: Place 0 is the maximal estimate; 1 to 19 are the others from short to long.
RANKS_AT_PLACE = (
    (3, 1, 1, 1), (1, 3, 4, 6), (4, 4, 10, 5), (17, 2, 14, 3), (13, 12, 20, 7),
    (7, 9, 2, 2), (8, 8, 3, 18), (18, 18, 7, 19), (2, 6, 12, 4), (6, 7, 6, 11),
    (16, 11, 19, 20), (10, 20, 5, 9), (5, 16, 18, 10), (15, 5, 16, 14), (14, 14, 9, 13),
    (19, 13, 17, 16), (11, 10, 15, 15), (12, 15, 13, 17), (9, 17, 8, 8), (20, 19, 11, 12),
)  # fmt: skip

#: How many different estimates occur among so many jobs: straight lines between these points.
DISTINCT_JOBS = (0, 20, 200, 1_000, 10_000, 70_000, 250_000)
DISTINCT_VALUES = (0, 10, 20, 35, 90, 340, 565)

#: Tail estimate of relative place x in time: (a - 1) x / (a - x) of the maximum; among K values,
#: a = 1 + p K ** q.
TAIL_TIME = (12.1039, -0.6026)
#: Shifts tried, in this order, where a tail estimate falls on another one [s].
TAIL_SHIFTS_S = (0, 30, -30, 20, -20, 10, -10)
