"""`rare traces show`: jobs of a trace that were cancelled as they waited, and jobs that wait for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.data.option_words import option_words
from traces.errors import InputError
from traces.jobs.dependencies.selected_chains import longest_chain
from traces.jobs.job_files import read_workload
from traces.jobs.workload import NO_CANCEL_S, Workload

#: Findings of a trace that may hold more jobs of these kinds than were read.
_MORE = ("unknown_run_time", "cancelled", "cancelled_while_waiting", "dependencies_ignored")
#: Cancelled jobs that do not say enough to be replayed.
_UNREPLAYABLE = ("cancelled_without_wait", "cancelled_without_estimate")


def waiting_figures(jobs: Workload, path: str | Path, how: dict[str, Any]) -> dict[str, Any]:
    """Counts of what the whole trace holds, also where `jobs` was read without these; ready for JSON.

    how : the options of `read_workload` that `jobs` was read with. dependencies_problem : why jobs cannot
    wait for each other, such as a cycle, or None
    """
    found = jobs.report.skips.keys() | jobs.report.notes.keys()
    problem = None
    if found & set(_MORE):
        try:
            jobs = read_workload(path, **how | {"cancellations": "replay", "dependencies": "wait"})
        except InputError as error:
            problem = error.line(option_words)
            jobs = read_workload(path, **how | {"cancellations": "replay", "dependencies": "ignore"})
    chain = longest_chain(jobs)
    lost = sum(jobs.report.skips[code].count for code in _UNREPLAYABLE if code in jobs.report.skips)
    return {
        "jobs_cancelled_while_waiting": 0
        if jobs.cancel_s is None
        else int((jobs.cancel_s < NO_CANCEL_S).sum()),
        "jobs_cancelled_unreplayable": lost or None,
        "jobs_waiting_for_others": 0 if jobs.after is None else sum(map(bool, jobs.after)),
        "longest_chain": chain or None,
        "dependencies_problem": problem,
    }
