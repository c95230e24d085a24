"""Judges a random sample of mutants. `python -m tests.mutation --help` lists the commands."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Before numba is imported: compiled code would not see a change, and would take minutes for each.
os.environ["NUMBA_DISABLE_JIT"] = "1"

import pytest
from hypothesis import settings

from tests.mutation.forked_runs import (
    BROKEN,
    ELSEWHERE,
    KILLED,
    NOT_RUN,
    SURVIVED,
    TIMED_OUT,
    Runner,
    TestMap,
)
from tests.mutation.groups import GROUPS, ROOT
from tests.mutation.mutants import Mutant, mutants_of, mutated, sample, what_changed

COLUMNS = ("group", "file", "line", "column", "operator", "occurrence", "change", "verdict", "by", "explanation")
FOLDER = ROOT / "tests" / "mutation" / "results"
Row = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("command", choices=("run", "again", "one"))
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--sample", type=int, default=200, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--row", type=int, help="for `one`: a line of the table, the first mutant is 1")
    parser.add_argument("--map", type=Path, help="which test runs which line; measured where the file is absent")
    parser.add_argument("--fresh", action="store_true", help="look again at survivors in a process of their own")
    options = parser.parse_args()
    table = FOLDER / f"{options.group}.csv"
    if options.command == "run":
        mutants = sample([m for f in GROUPS[options.group].files() for m in mutants_of(ROOT, f)], options.sample, options.seed)
        rows = [row_of(options.group, mutant) for mutant in mutants]
    else:
        rows = read(table)
    chosen = [row for row in rows if row["verdict"] not in (KILLED, TIMED_OUT)]
    if options.command == "one":
        chosen = [rows[options.row - 1]]
    judge(options, chosen)
    if options.command == "one":
        print("\n".join(f"{key}: {value}" for key, value in chosen[0].items()))
        return
    write(table, rows)


def judge(options: argparse.Namespace, rows: list[Row]) -> None:
    """Fill in the verdicts: by forks first, then in processes of their own where a fork cannot tell."""
    group = GROUPS[options.group]
    map_file = options.map or Path(tempfile.mkdtemp()) / "map.json"
    by_mutant = {mutant_of(row): row for row in rows}

    def done(mutant: Mutant, verdict: str, by: str, seconds: float) -> None:
        by_mutant[mutant].update(verdict=verdict, by=by)
        print(f"{verdict:10} {seconds:5.1f} s  {mutant.file}:{mutant.line}  {by_mutant[mutant]['change'][:90]}", flush=True)

    runner = Runner(group, list(by_mutant), map_file, options.workers, done)
    settings.register_profile("mutation", derandomize=True, max_examples=25, deadline=None, database=None)
    settings.load_profile("mutation")
    code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *group.tests], plugins=[runner])
    if code:
        sys.exit(int(code))
    again = (ELSEWHERE, BROKEN, SURVIVED, NOT_RUN) if options.fresh else (ELSEWHERE, BROKEN)
    waiting = [(mutant, row) for mutant, row in by_mutant.items() if row["verdict"] in again]
    with ThreadPoolExecutor(options.workers) as pool:
        for (mutant, _), (verdict, by) in zip(
            waiting, pool.map(lambda each: fresh(options.group, each[0], runner.map), waiting), strict=True
        ):
            done(mutant, verdict, by, 0.0)


def fresh(name: str, mutant: Mutant, tests: TestMap) -> tuple[str, str]:
    """Judge one mutant in a process that imports it."""
    chosen = tests.tests_of_file(mutant.file)
    if not chosen:
        return NOT_RUN, ""
    limit_s = int(60 + 3 * tests.seconds(chosen))
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "tests"
        wanted.write_text("\n".join(chosen), encoding="utf-8")
        problem = {"group": name, "mutant": dataclasses.asdict(mutant), "tests": str(wanted)}
        files = sorted({each.partition("::")[0] for each in chosen})
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.mutation.fresh_runs", "-p", "no:cacheprovider",
             "-p", "no:xdist", "--tb=no", "-rfE", "--basetemp", f"{folder}/base", *files],
            env=os.environ | {"RARE_MUTANT": json.dumps(problem), "PYTHONPATH": str(ROOT)},
            cwd=ROOT, capture_output=True, text=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s)),
        )
    if run.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return TIMED_OUT, ""
    if run.returncode == 0:
        return SURVIVED, ""
    failed = [line.split()[1] for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return KILLED, failed[0] if failed else "import"


def row_of(group: str, mutant: Mutant) -> Row:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    row = dict.fromkeys(COLUMNS, "") | {key: str(value) for key, value in dataclasses.asdict(mutant).items()}
    return row | {"group": group, "change": what_changed(source, mutated(source, mutant))}


def mutant_of(row: Row) -> Mutant:
    return Mutant(row["file"], int(row["line"]), int(row["column"]), row["operator"], int(row["occurrence"]))


def read(table: Path) -> list[Row]:
    with table.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def write(table: Path, rows: list[Row]) -> None:
    table.parent.mkdir(exist_ok=True)
    with table.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
