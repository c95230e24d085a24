"""From the event log to stretches of time in which a job was queued, running or suspended."""

import numpy as np
import pandas as pd

QUEUED, RUNNING, SUSPENDED, GONE = 0, 1, 2, 3
AFTER = {
    "submit": QUEUED,
    "kill": QUEUED,
    "start": RUNNING,
    "resume": RUNNING,
    "suspend": SUSPENDED,
    "shed": SUSPENDED,
    "end": GONE,
    "expire": GONE,
    "fail": GONE,
    "reject": GONE,
}


def stretches(events: pd.DataFrame, end_s: float) -> pd.DataFrame:
    """Rows job_id, state, from_s, to_s: what each event opens holds until the job's next event.

    A stretch still open at the end of the log is closed at `end_s`. Unknown events are ignored.
    """
    state = events["event"].map(AFTER)
    known = state.notna().to_numpy()
    job_code, job_ids = pd.factorize(events["job_id"].to_numpy()[known])
    order = np.argsort(job_code, kind="stable")  # by job, then as logged
    job, state_then = job_code[order], state.to_numpy(dtype=float)[known][order].astype(int)
    from_s = events["time_s"].to_numpy(dtype=float)[known][order]
    same_job = np.append(job[1:] == job[:-1], False) if len(job) else np.zeros(0, dtype=bool)
    to_s = np.where(same_job, np.append(from_s[1:], end_s)[: len(from_s)], max(end_s, 0))
    kept = state_then != GONE
    return pd.DataFrame(
        {
            "job_id": np.asarray(job_ids, dtype=object)[job[kept]],
            "state": state_then[kept],
            "from_s": from_s[kept],
            "to_s": np.maximum(to_s[kept], from_s[kept]),
        }
    )
