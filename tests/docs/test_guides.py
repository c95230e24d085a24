"""The examples of the guides, used as the guides say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from docs.scripts.page_paths import page_path
from rare import simulate
from rare.scenario import Overrides, build, load_scenario
from schedulers import make_scheduler
from tests.experiments.cli.test_plugins import NIGHT, write_jobs
from tests.plugin_distribution import make_distribution
from traces import read_workload

ROOT = Path(__file__).resolve().parents[2]


def code_of(page: str, has: str = "import ") -> str:
    """The first block of Python of a guide that can be run alone and has this text."""
    text = page_path(page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if "import " in block and has in block)


def entry_points_of(page: str) -> dict[str, dict[str, str]]:
    """Group -> {name: place} of the first block that names entry points."""
    text = page_path(page).read_text(encoding="utf-8")
    ((group, name, place),) = re.findall(
        r'^\[project\.entry-points\."(.+)"\]\n(\w+) = "(.+)"$', text, re.MULTILINE
    )
    return {group: {name: place}}


def test_the_shaper_slows_jobs_in_a_shortage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(code_of("scheduler-speed-levels.md"), encoding="utf-8")
    case = build(load_scenario("shaped", Overrides(window="validation-06"))).case
    shaped, plain = (simulate(case, make_scheduler(name)).metrics for name in ("mine.py:Shaper", "easy"))
    assert shaped["slowdowns"] > 0 and plain["slowdowns"] == 0


def test_the_gate_from_outside_holds_jobs_back(tmp_path):
    points = {group: {name: place.replace("my_package.", "") for name, place in names.items()}
              for group, names in entry_points_of("add-gate.md").items()}  # fmt: skip
    folder = make_distribution(
        tmp_path / "site", "outside", points, {"gates.py": code_of("add-gate.md", "class Night")}
    )
    write_jobs(tmp_path)
    (tmp_path / "night.toml").write_text(NIGHT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "experiments.cli", "compare", "--scenario", "night.toml",
         "--scheduler", "easy,easy+night", "--json", "--quiet"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    waits = {run["scheduler"]: run["metrics"]["mean_wait_s"] for run in json.loads(done.stdout)["results"]}
    assert waits["easy+night"] > waits["easy"]


def test_the_format_from_outside_reads_jobs(tmp_path):
    values: dict[str, Any] = {}
    exec(compile(code_of("add-trace-format.md"), "add-trace-format.md", "exec"), values)
    path = tmp_path / "jobs.xyz"
    path.write_text("7 0 4 60\n9 30 2 120\n", encoding="utf-8")
    jobs = values["FORMAT"].read(path, None)
    assert jobs.work_s.tolist() == [60, 120] and jobs.cores.tolist() == [4, 2] and jobs.report.records == 2


def test_the_mapping_gives_the_jobs_of_the_table(tmp_path):
    from docs.scripts.docs_pages import furnish

    furnish(tmp_path)
    jobs = read_workload(tmp_path / "my_table.csv", mapping=tmp_path / "my_mapping.toml")
    assert sorted(np.asarray(jobs.work_s).tolist()) == [5400, 7200] and sorted(jobs.submit_s.tolist()) == [
        0,
        900,
    ]
