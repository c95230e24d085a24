"""Intervals in which jobs were queued, running or suspended, from the event log."""

import numpy as np
import pandas as pd

QUEUED, RUNNING, SUSPENDED, ENDED = 0, 1, 2, 3
AFTER = {
    "submit": QUEUED,
    "kill": QUEUED,
    "lose": QUEUED,
    "start": RUNNING,
    "resume": RUNNING,
    "suspend": SUSPENDED,
    "shed": SUSPENDED,
    "end": ENDED,
    "expire": ENDED,
    "fail": ENDED,
    "reject": ENDED,
    "cancel": ENDED,
    "drop": ENDED,
}


def stretches(events: pd.DataFrame, end_s: float) -> pd.DataFrame:
    """Rows job_id, state, from_s, to_s: each event begins an interval until the job's next event.

    An interval still open at the end of the log ends at `end_s`. Unknown events are ignored.
    """
    state = events["event"].map(AFTER)
    is_known = state.notna().to_numpy()
    job_code, job_ids = pd.factorize(events["job_id"].to_numpy()[is_known])
    order = np.argsort(job_code, kind="stable")  # by job, then as logged
    job, state_then = job_code[order], state.to_numpy(dtype=float)[is_known][order].astype(int)
    from_s = events["time_s"].to_numpy(dtype=float)[is_known][order]
    same_job = np.append(job[1:] == job[:-1], False) if len(job) else np.zeros(0, dtype=bool)
    to_s = np.where(same_job, np.append(from_s[1:], end_s)[: len(from_s)], max(end_s, 0))
    is_open = state_then != ENDED
    return pd.DataFrame(
        {
            "job_id": np.asarray(job_ids, dtype=object)[job[is_open]],
            "state": state_then[is_open],
            "from_s": from_s[is_open],
            "to_s": np.maximum(to_s[is_open], from_s[is_open]),
        }
    )
