"""The published rows (validation/README.md, sections 1 and 3), to every digit given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments.cli.root import main
from rare import simulate
from schedulers import make_scheduler
from tests.validation import gas_marl
from tests.validation.cases import CLOCK_NAMES, replay_case
from traces import read_workload
from traces.jobs.workload import Workload

# mean wait s, mean bounded slowdown, utilization, makespan s
DIGITS = {"mean_wait_s": 4, "mean_bounded_slowdown": 4, "utilization": 6, "makespan_s": 0}
ROWS = {
    "fcfs": (2388443.7601, 66502.4755, 0.654908, 12482549),
    "sjf": (275304.2226, 53.5435, 0.719683, 11359058),
    "easy": (97155.9945, 590.0538, 0.936343, 8730698),
}
START_TABLES = {
    "fcfs": "lublin_fcfs_pyss.csv.gz",
    "sjf": "lublin_sjf_accasim.csv.gz",
    "easy": "lublin_easy_pyss.csv.gz",
}
GREEDY_WAIT_S, GREEDY_SLOWDOWN = 6702.671, 18.2331  # the first 1,000 jobs


@pytest.fixture(scope="module")
def lublin(shared: Path) -> Workload:
    return read_workload(shared / "data/workloads/lublin_256.swf")


def rounded(metrics: dict[str, Any]) -> tuple[float, ...]:
    """The four published figures, to the digits published."""
    return tuple(round(metrics[name], digits) for name, digits in DIGITS.items())


@pytest.mark.parametrize("clock", CLOCK_NAMES)
@pytest.mark.parametrize("scheduler", ROWS)
def test_every_digit_and_every_start(shared: Path, lublin: Workload, scheduler: str, clock: str) -> None:
    result = simulate(replay_case(lublin, 256), make_scheduler(scheduler), clock=clock)
    assert result.ended == "completed" and result.metrics["jobs_completed"] == 10_000
    assert rounded(result.metrics) == ROWS[scheduler]
    table = pd.read_csv(shared / "validation" / START_TABLES[scheduler])
    assert len(table) == 10_000
    published = table.set_index("job")["start"].loc[lublin.job_id].to_numpy()
    assert np.flatnonzero(result.jobs["start_s"] != published).tolist() == []


@pytest.mark.parametrize("clock", CLOCK_NAMES)
def test_sjf_greedy_on_the_first_thousand_jobs(lublin: Workload, clock: str) -> None:
    case = replay_case(lublin.select(0, 1000), 256)
    metrics = simulate(case, make_scheduler("sjf+greedy"), clock=clock).metrics
    assert round(metrics["mean_wait_s"], 3) == GREEDY_WAIT_S
    assert round(metrics["mean_bounded_slowdown"], 4) == GREEDY_SLOWDOWN


def from_command_line(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What `rare simulate ... --json` prints."""
    assert main(["simulate", *words, "--json", "--quiet"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("clock", CLOCK_NAMES)
def test_fcfs_by_the_command_line(shared: Path, capsys: pytest.CaptureFixture[str], clock: str) -> None:
    file = str(shared / "data/workloads/lublin_256.swf")
    found = from_command_line(capsys, "--workload", file, "--scheduler", "fcfs", "--clock", clock)
    assert found["scheduler"] == "fcfs" and found["ended"] == "completed"
    assert rounded(found["metrics"]) == ROWS["fcfs"]


def test_sjf_greedy_by_the_command_line(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(shared / "data/workloads/lublin_256.swf")
    words = ("--workload", file, "--scheduler", "sjf+greedy", "--jobs", "0:1000", "--processors", "256")
    metrics = from_command_line(capsys, *words)["metrics"]
    assert metrics["jobs_submitted"] == metrics["jobs_completed"] == 1000
    assert round(metrics["mean_wait_s"], 3) == GREEDY_WAIT_S
    assert round(metrics["mean_bounded_slowdown"], 4) == GREEDY_SLOWDOWN


@pytest.mark.parametrize("clock", CLOCK_NAMES)
def test_renewable_share_of_ten_windows(shared: Path, clock: str) -> None:
    """GAS-MARL's windows under FCFS without backfill: each to six significant digits, and their means."""
    published = gas_marl.windows(shared)["fcfs_no_backfill"]
    results = [simulate(case, make_scheduler("fcfs"), clock=clock) for case in gas_marl.cases(shared)]
    for result in results:  # from the first start to the last end is the whole run
        assert result.jobs["start_s"][0] == result.case.first_instant_s
        assert result.jobs["end_s"].max() == result.power["time_s"][-1]
    for name in ("mean_bounded_slowdown", "renewable_share"):
        ours = [result.metrics[name] for result in results]
        assert [f"{value:.6g}" for value in ours] == [f"{value:.6g}" for value in published[name]]
    assert round(float(np.mean([r.metrics["mean_bounded_slowdown"] for r in results])), 4) == 5772.1135
    assert round(float(np.mean([r.metrics["renewable_share"] for r in results])), 6) == 0.597328
