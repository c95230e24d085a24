"""Counts the hostile inputs that the tests hold, by kind, from what pytest collects.

    python -m tests.reliability.hostile_count --out hostile.csv

A hostile input is a test id in a module that holds nothing else, each with an input of its own that must be
refused in one line; or a damaged file that tests/fuzz draws in each run of the default tests.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "names, settings and files on command lines": (
        "tests/fuzz/test_hostile_command_line.py",
        "tests/experiments/cli/test_hostile_cli.py",
    ),
    "scenario files and power models": ("tests/experiments/cli/test_hostile_energy.py",),
    "job traces": (
        "tests/traces/jobs/test_hostile_workloads.py",
        "tests/traces/jobs/test_swf_awkward.py",
        "tests/traces/jobs/test_workload_remedies.py",
    ),
    "accounts of Slurm": ("tests/traces/jobs/sacct/test_hostile_sacct.py",),
    "power, price and carbon series": (
        "tests/traces/series/test_hostile_power.py",
        "tests/traces/series/test_hostile_rates.py",
        "tests/traces/series/test_series_remedies.py",
    ),
    "weather and forecasts": (
        "tests/energy/weather/test_weather_hostile.py",
        "tests/energy/weather/test_weather_mutations.py",
        "tests/energy/forecasts/test_forecasts_hostile.py",
    ),
    "datasets": ("tests/rare/dataset/test_hostile_datasets.py",),
    "checkpoints": ("tests/schedulers/network/test_hostile_checkpoints.py",),
    "answers of other schedulers": ("tests/schedulers/batsim/test_batsim_faults.py",),
}


def collected(paths: list[str]) -> Counter[str]:
    """Test ids by module."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-m",
        "",
        "-p",
        "no:cacheprovider",
        *paths,
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"pytest could not collect: {done.stdout[-500:]}{done.stderr[-500:]}")
    return Counter(line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line)


def damaged_files() -> int:
    """Files that tests/fuzz damages in each run of the default tests."""
    from tests.fuzz.samples import samples
    from tests.fuzz.test_mutated_files import SEEDS

    with tempfile.TemporaryDirectory() as name:
        return SEEDS * len(samples(Path(name)))


def hostile_inputs() -> dict[str, int]:
    """Hostile inputs by kind."""
    paths = [path for places in KINDS.values() for path in places]
    counts = collected(paths)
    found = {kind: sum(counts[path] for path in places) for kind, places in KINDS.items()}
    return {**found, "files damaged by a program": damaged_files()}


def main() -> int:
    """The command: print and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = hostile_inputs()
    rows = [*found.items(), ("all", sum(found.values()))]
    for kind, count in rows:
        print(f"{count:6,}  {kind}")
    if options.out is not None:
        with options.out.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([("kind", "inputs"), *rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())
