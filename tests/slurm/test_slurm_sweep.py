"""`rare sweep` on a real Slurm: through Dask workers and as a job array, with time enough and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.slurm.slurm_daemons import Slurm

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).resolve().parents[2]
FORTY = ROOT / "examples" / "sweep.toml"
TABLES = ("results.parquet", "summary.csv", "manifest.jsonl")
#: A scheduler that takes the seconds of NAP_S; what it decides does not depend on them.
NAPPING = """\
import os, time
from rare import WAIT

class Nap:
    slept = False

    def choose(self, view):
        if not self.slept:
            self.slept = True
            time.sleep(float(os.environ.get("NAP_S", "0")))
        return view.startable[0].index if view.startable else WAIT
"""


def sweep(*words: object, code: int = 0, **environment: str) -> str:
    """Run `rare sweep` as a process of its own; what it prints on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "experiments.cli", "sweep", *map(str, words), "--no-figures"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == code, done.stderr
    return done.stderr


def tables(folder: Path) -> dict[str, bytes]:
    """The bytes of a sweep's tables."""
    return {name: (folder / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of the forty cells as one process makes them."""
    folder = tmp_path_factory.mktemp("alone") / "out"
    sweep(FORTY, "--workers", 1, "--out", folder)
    return tables(folder)


@pytest.fixture
def napping(tmp_path: Path) -> Path:
    """A sweep file of twelve cells, each of which takes the seconds of NAP_S."""
    (tmp_path / "napping.py").write_text(NAPPING)
    file = tmp_path / "napping.toml"
    file.write_text(f'scenarios = ["tiny"]\nseeds = 12\nschedulers = ["{tmp_path}/napping.py:Nap"]\n')
    return file


def slurm_file(folder: Path, **keys: object) -> Path:
    """A file for --dask-slurm: two jobs of a core each, and what else is given."""
    path = folder / "slurm.toml"
    content = {"workers": 2, "walltime": "5", "memory": "1 GiB", **keys}
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in content.items()))
    return path


def states(slurm: Slurm, out: Path) -> list[str]:
    """How the jobs of a sweep ended, which wrote their logs into its folder."""
    ids = sorted(int(log.stem) for log in out.rglob("slurm-logs/*.log"))
    answer = slurm.command("sacct", "-XnP", "-o", "State", "-j", ",".join(map(str, ids)))
    return [line.partition(" ")[0] for line in answer.splitlines()]


def test_forty_cells_on_dask_workers_with_tls(slurm: Slurm, tmp_path: Path, alone):
    out = tmp_path / "out"
    before = set(ROOT.iterdir())
    sweep(FORTY, "--dask-slurm", slurm_file(tmp_path), "--out", out)
    assert tables(out) == alone
    assert set(ROOT.iterdir()) == before, "job logs or keys in the working directory"
    assert not list(out.rglob("*.pem")), "keys are left"
    log = next(out.rglob("slurm-logs/*.log")).read_text()
    assert "tls://" in log
    assert "tcp://" not in log


def test_forty_cells_as_a_job_array(slurm: Slurm, tmp_path: Path, alone):
    out = tmp_path / "out"
    command = f"{sys.executable} -m experiments.cli sweep {FORTY} --out {out} --task $SLURM_ARRAY_TASK_ID/4"
    logs = f"--output={tmp_path}/%a.log"
    slurm.command("sbatch", "--array=1-4", "-t5", f"--chdir={ROOT}", logs, "-Jshares", "--wrap", command)
    limit = time.monotonic() + 300
    while slurm.command("squeue", "-h", "-n", "shares").strip():
        assert time.monotonic() < limit, [log.read_text() for log in tmp_path.glob("*.log")]
        time.sleep(0.5)
    sweep(FORTY, "--gather", "--out", out)
    assert tables(out) == alone


def test_walltime_too_short_for_the_work(slurm: Slurm, tmp_path: Path, napping: Path):
    """Workers of 28 seconds are replaced until twelve cells of six seconds are done: three fit into one."""
    sweep(napping, "--workers", 1, "--out", tmp_path / "alone")
    out, jobs = tmp_path / "out", slurm_file(tmp_path, walltime="1", margin_s=32, interface="lo")
    sweep(napping, "--dask-slurm", jobs, "--out", out, NAP_S="6")
    assert tables(out) == tables(tmp_path / "alone")
    ended = states(slurm, out)
    assert ended.count("COMPLETED") >= 2  # these left by themselves, before Slurm had to end them
    assert len(ended) >= 3
    assert "TIMEOUT" not in ended


def test_walltime_too_short_for_one_cell(slurm: Slurm, tmp_path: Path, napping: Path):
    """The cell is tried twice and named with Slurm's reason. Its input is not blamed; the others are done."""
    out, jobs = tmp_path / "out", slurm_file(tmp_path, walltime="1", margin_s=20, interface="lo")
    one = napping.read_text().replace("seeds = 12", "seeds = 1")
    napping.write_text(one.replace("schedulers = [", 'schedulers = ["easy", '))
    error = sweep(napping, "--dask-slurm", jobs, "--out", out, code=2, NAP_S="300")
    assert "1 cell failed" in error
    assert "its worker died twice" in error
    assert error.count("TIMEOUT") >= 2
    assert "the input may be right" in error
    assert "TIMEOUT" in (out / "failures.csv").read_text()
    assert "easy" in (out / "summary.csv").read_text()
    assert states(slurm, out).count("TIMEOUT") == 2
