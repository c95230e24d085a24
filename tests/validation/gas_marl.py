"""The case of GAS-MARL (validation/README.md, section 3), from the shared files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from experiments.presets.gas_marl.gas_marl_case import (
    FIRST_JOBS,
    FIRST_SUBMIT_S,
    JOBS_PER_WINDOW,
    judged_cases,
    read_data,
)
from rare.model import Case


def windows(shared: Path) -> dict[str, Any]:
    """First job of each window, and the published figures per window."""
    found: dict[str, Any] = json.loads((shared / "validation/gas_marl_windows.json").read_text())
    return found


def cases(shared: Path) -> list[Case]:
    """One case a window: 1,024 jobs on 32 machines under wind and sun, the grid without limit."""
    found = windows(shared)
    assert found["jobs_per_window"] == JOBS_PER_WINDOW
    assert tuple(found["windows_first_job_index"]) == FIRST_JOBS
    data = read_data([shared / "data/workloads", shared / "data/gas_marl"])
    assert int(data.jobs.submit_s[0]) == FIRST_SUBMIT_S
    return judged_cases(data)
