"""A run's events by row of jobs.csv, worked out once for all columns of the timeline."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from experiments.figures.drawing.job_intervals import stretches
from experiments.figures.drawing.step_functions import levels
from experiments.results.run_folder import Run


class RunRows:
    """A run whose events and pieces name a job by its row in jobs.csv, which is much faster than by its id."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def cores(self) -> np.ndarray:
        """Cores of each job; 0 where unknown."""
        return self.run.jobs["cores"].fillna(0).to_numpy(dtype=float)

    @cached_property
    def time_s(self) -> np.ndarray:
        """The times of power.csv, s."""
        return self.run.power["time_s"].to_numpy(dtype=float)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Columns job (row of jobs.csv), time_s, event, level, as logged; without jobs that jobs.csv lacks."""
        jobs, events = self.run.jobs, self.run.events
        first_rows = np.flatnonzero(~jobs["job_id"].duplicated().to_numpy())
        index = pd.Index(jobs["job_id"].to_numpy(dtype=object)[first_rows])
        place = index.get_indexer(events["job_id"].to_numpy(dtype=object))
        known = place >= 0
        level = pd.to_numeric(events["level"], errors="coerce").fillna(0) if "level" in events else 0.0
        table = pd.DataFrame(
            {"time_s": events["time_s"].astype(float), "event": events["event"], "level": level}
        )
        return table[known].assign(job=first_rows[place[known]]).reset_index(drop=True)

    @cached_property
    def pieces(self) -> pd.DataFrame:
        """Columns job, state, from_s, to_s: job_intervals.stretches by row of jobs.csv."""
        end_s = float(self.time_s[-1]) if len(self.time_s) else 0.0
        pieces = stretches(self.events.rename(columns={"job": "job_id"}), end_s)
        return pieces.rename(columns={"job_id": "job"}).astype({"job": int})

    def cores_over_time(self, chosen: np.ndarray) -> np.ndarray:
        """The cores of the chosen rows of `pieces` at each of `time_s`."""
        pieces = self.pieces[chosen]
        times, total = levels(
            pieces["from_s"].to_numpy(), pieces["to_s"].to_numpy(), self.cores[pieces["job"].to_numpy()]
        )
        return np.concatenate(([0.0], total))[np.searchsorted(times, self.time_s, side="right")]
