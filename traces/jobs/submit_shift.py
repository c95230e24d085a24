"""Shift of the times of traces whose first job was submitted before second 0."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from traces.jobs.repairs import Findings
from traces.jobs.workload import LARGEST_S

#: Before this, dates come from a mistyped submit time, and sums with them leave the calendar.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def shift_to_zero(
    submit_s: np.ndarray, origin_utc: datetime | None, findings: Findings
) -> tuple[int, datetime | None]:
    """Seconds to add to every time of the trace so that the first submit is 0, and the new time 0's instant.

    submit_s : (J,) int64 [s], in any order, of the records that `findings` refers to. A trace that begins
    at 0 or later stays as it is. The shift is counted as a repair; absolute instants stay the same.
    InputError where the times then span more than LARGEST_S, or begin before the year 1900.
    """
    first_s = int(submit_s.min())
    if first_s >= 0:
        return 0, origin_utc
    text = f"submit time {{}} comes {LARGEST_S} s or more after the first, {first_s}; correct one of them"
    checks = [(submit_s > LARGEST_S + first_s, submit_s, text)]
    if origin_utc is not None and (_EARLIEST - origin_utc) // timedelta(seconds=1) > first_s:
        text = "submit time {} is before the year 1900 by the trace's own start time; correct it"
        checks.append((submit_s == first_s, submit_s, text))
    findings.refuse(checks)
    text = (
        f"submitted before second 0, all times and the calendar moved by {-first_s} s, so that the first is 0"
    )
    findings.add("repairs", "negative_submit", submit_s < 0, submit_s, text)
    return -first_s, None if origin_utc is None else origin_utc + timedelta(seconds=first_s)
