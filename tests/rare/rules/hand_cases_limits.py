"""Worked out by hand: limits of users, accounts, QOS and partitions (RULES §15). See hand.py for the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rare.model import Case
from rare.options.job_limits import EACH, JobLimit
from tests.builders import make_case
from tests.rare.rules.hand import HandCase, at, cores, job


def owned(case: Case, limits: Sequence[JobLimit], **names: Sequence[str]) -> Case:
    """The case with limits, and with these names of its jobs, in their order."""
    columns: dict[str, Any] = {key: np.array(texts, dtype=object) for key, texts in names.items()}
    return replace(case, workload=replace(case.workload, **columns), limits=tuple(limits))


LIMIT_CASES = [
    # One job of each user at once: 1 waits for 0, of the same user, although two cores are free; 2 does not.
    HandCase(
        "each user runs one job",
        owned(
            make_case([job(10), job(5), job(5)], cores(3), [at(0, 300)]),
            [JobLimit(user=EACH, running_jobs=1)],
            user=("a", "a", "b"),
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 start 0, 0 start 2, 5 end 2, 10 end 0, 10 start 1, 15 end 1",
        (4500, 2000, 2500, 0, 0, 0, 2000), [0, 5, 10, 15], more={"decisions": 3},
    ),
    # Two cores for the QOS short: 0 has both until 10, so 1 waits; 3 needs three and never comes. 2 is free.
    HandCase(
        "cores of a QOS",
        owned(
            make_case([job(10, cores=2), job(5), job(3), job(1, cores=3)], cores(4), [at(0, 400)]),
            [JobLimit(qos="short", cores=2)],
            qos=("short", "short", "long", "short"),
        ),
        "0 submit 0, 0 submit 1, 0 submit 2, 0 reject 3, 0 start 0, 0 start 2, 3 end 2, 10 end 0, 10 start 1,"
        "15 end 1",
        (6000, 2800, 3200, 0, 0, 0, 2800), [0, 3, 10, 15],
    ),
    # Two of the account at once: 2 is one too many. At 12 job 0 has gone, so 3 is let in.
    HandCase(
        "submitted jobs of an account",
        owned(
            make_case([job(10), job(10), job(5), job(5, submit_s=12)], cores(1), [at(0, 100)]),
            [JobLimit(account="lab", submitted_jobs=2)],
            account=("lab",) * 4,
        ),
        "0 submit 0, 0 submit 1, 0 reject 2, 0 start 0, 10 end 0, 10 start 1, 12 submit 3, 20 end 1,"
        "20 start 3, 25 end 3",
        (2500, 2500, 0, 0, 0, 0, 2500), [0, 10, 12, 20, 25],
    ),
    # An estimate of 61 is longer than allowed; without a user nobody's limit counts it.
    HandCase(
        "wall time of a user",
        owned(
            make_case(
                [job(5, estimate_s=61), job(5, estimate_s=60), job(5, estimate_s=61)], cores(3), [at(0, 300)]
            ),
            [JobLimit(user=EACH, partition=EACH, wall_s=60)],
            user=("a", "a", ""),
        ),
        "0 reject 0, 0 submit 1, 0 submit 2, 0 start 1, 0 start 2, 5 end 1, 5 end 2",
        (1500, 1000, 500, 0, 0, 0, 1000), [0, 5],
    ),
    # At 4 the power of one is gone: 1 (the later index) is suspended and counts for nothing, so 2, of less
    # power, may start at 4. At 10 there is power for all, but not before 2 has ended may 1 resume.
    HandCase(
        "a suspended job holds no limit",
        owned(
            make_case(
                [job(20), job(10), job(8, submit_s=4, power_mw=20)],
                cores(3), [at(0, 200), at(4, 120), at(10, 300)],
            ),
            [JobLimit(qos="short", running_jobs=1)],
            qos=("", "short", "short"),
        ),
        "0 submit 0, 0 submit 1, 0 start 0, 0 start 1, 4 submit 2, 4 shed 1, 4 start 2, 12 end 2,"
        "12 resume 1, 18 end 1, 20 end 0",
        (4520, 3160, 1360, 0, 0, 0, 3160), [0, 4, 10, 12, 18, 20],
    ),
]  # fmt: skip
