"""Files as sacct prints them, from the cells that matter."""

from __future__ import annotations

from pathlib import Path

from traces.jobs.sacct.sacct_jobs import Accounts
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_reader import read_accounts

#: A job that ran for ten minutes, an hour after it was submitted.
JOB = {
    "JobID": "17",
    "User": "ada",
    "Account": "physics",
    "Partition": "batch",
    "State": "COMPLETED",
    "Submit": "2024-01-10T08:00:00",
    "Start": "2024-01-10T09:00:00",
    "End": "2024-01-10T09:10:00",
    "Elapsed": "00:10:00",
    "Timelimit": "01:00:00",
    "ReqCPUS": "4",
    "AllocCPUS": "4",
    "AllocNodes": "1",
}
PENDING = {"State": "PENDING", "Start": "Unknown", "End": "Unknown", "Elapsed": "00:00:00", "AllocNodes": "0"}
GIVEN_UP = {
    "State": "CANCELLED by 1000",
    "Start": "None",
    "End": "2024-01-10T08:30:00",
    "Elapsed": "00:00:00",
    "AllocNodes": "0",
}


def printed(*rows: dict[str, str], delimiter: str = "|", **columns: str) -> str:
    """A file with a row for each change of JOB; `columns`: further columns, or other values, of all rows."""
    jobs = [{**JOB, **columns, **row} for row in rows or ({},)]
    names = list(dict.fromkeys(name for job in jobs for name in job))
    lines = [delimiter.join(names), *(delimiter.join(job.get(name, "") for name in names) for job in jobs)]
    return "\n".join(lines) + "\n"


def accounts(folder: Path, text: str | bytes, **options: object) -> Accounts:
    """What is read from such a file, in the zone UTC unless said otherwise."""
    path = folder / "accounts.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_accounts(path, SacctOptions(**{"zone": "UTC", **options}))  # type: ignore[arg-type]
