"""Numbers that all packages share: lengths of time, decimal prefixes, and values that stand for "none".

All are whole: exact in integers, and exact again where a formula turns them into floats.
"""

HOUR_S = 3600
DAY_S = 24 * HOUR_S

MICRO = 10**6
"""Micro-units in a unit of money or value, micrograms in a gram."""
MW_PER_KW = 10**6
"""Milliwatts."""
MJ_PER_KWH = MW_PER_KW * HOUR_S
"""Millijoules."""

NEVER_S = 2**62
"""No such instant."""
NO_DEADLINE_S = NEVER_S
NO_POWER = NO_VALUE = -1
"""In the columns of a workload: the job states none."""
