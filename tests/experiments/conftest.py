"""What the tests of the command line share: tiny files, and a stub of the simulator."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.rare.scenario.conftest import here, made

__all__ = ["here", "made"]


class StubResult:
    """A result with one row of everything, so that run folders can be written without simulating."""

    ended = "completed"

    def __init__(self, case):
        self.case = case
        self.metrics = {"mean_bounded_slowdown": 1.5, "objective": float("nan"), "decisions": np.int64(3)}

    def jobs_frame(self):
        jobs = self.case.workload
        return pd.DataFrame({
            "job_id": jobs.job_id, "submit_s": jobs.submit_s,
            "start_s": jobs.submit_s, "end_s": jobs.submit_s + 1,
            "cores": jobs.cores, "suspensions": 0, "value": np.nan, "earned": 0.0, "status": "completed",
        })  # fmt: skip

    def events_frame(self):
        return pd.DataFrame({"time_s": [100], "event": ["submit"], "job_id": [1]})

    def forecast_frame(self, every_s):
        return None

    def account_frames(self):
        return {}

    def grid_events_frame(self):
        return None

    def power_frame(self):
        row = dict.fromkeys(("supply_w", "draw_w", "battery_w", "battery_wh", "grid_w", "curtailed_w"), 1.0)
        return pd.DataFrame([{"time_s": 100, **row, "queued": 0, "running": 1, "used_cores": 2}])


@pytest.fixture
def stub(monkeypatch):
    """The simulator replaced: `calls` lists the schedulers, `before` may raise instead of running."""
    from experiments.runs import single_run

    state = SimpleNamespace(calls=[], before=lambda name: None)

    def engine(case, scheduler, **options):
        state.before(scheduler.name)
        state.calls.append(scheduler.name)
        return StubResult(case)

    monkeypatch.setattr(single_run, "_engine", engine)
    monkeypatch.setattr(single_run, "_note_compiling", lambda *_: None)
    return state
