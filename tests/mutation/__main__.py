"""Judges a random sample of the mutants of a group, and keeps the verdicts in a table of its own.

draw   : draw a sample; its mutants have no verdict yet
judge  : give a verdict to mutants that have none, or survived
fresh  : as `judge`, in processes that import the changed source (mutants outside functions need it)
one    : judge the mutant in line --row of the table and print it
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import os
import random
import sys
from pathlib import Path

# Before numba is imported: compiled code would not see a change, and would take minutes for each.
os.environ["NUMBA_DISABLE_JIT"] = "1"

import pytest

from tests.mutation.covering_tests import CoveringTests
from tests.mutation.forked_runs import Runner
from tests.mutation.forks import BROKEN, ELSEWHERE, NOT_RUN, SURVIVED
from tests.mutation.fresh_runs import judge_fresh
from tests.mutation.groups import GROUPS, ROOT
from tests.mutation.mutants import Mutant, mutants_of, mutated, sample, what_changed

COLUMNS = (
    "group",
    "file",
    "line",
    "column",
    "operator",
    "occurrence",
    "change",
    "verdict",
    "by",
    "explanation",
)
FOLDER = ROOT / "tests" / "mutation" / "results"
Row = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", choices=("draw", "judge", "fresh", "one"))
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--sample", type=int, default=200, help="mutants to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--row", type=int, help="for `one`; the first mutant is 1")
    parser.add_argument("--map", type=Path, help="file that keeps which test runs which line")
    parser.add_argument("--verdicts", nargs="*", default=["", ELSEWHERE, BROKEN], help="those to judge again")
    parser.add_argument("--without", nargs="*", default=[], help="parts of names of tests to leave out")
    options = parser.parse_args()
    table = FOLDER / f"{options.group}.csv"
    if options.command == "draw":
        write(table, draw(options.group, options.sample, options.seed))
        return
    rows = read(table)
    chosen = [row for row in rows if row["verdict"] in options.verdicts]
    if options.command == "one":
        chosen = [rows[options.row - 1]]
    random.Random(0).shuffle(chosen)  # what is judged when time runs out is a random part
    judge(options, table, rows, chosen)
    if options.command == "one":
        print("\n".join(f"{key}: {value}" for key, value in chosen[0].items()))


def draw(name: str, size: int, seed: int) -> list[Row]:
    """Mutants of a group without verdicts."""
    mutants = [mutant for file in GROUPS[name].files() for mutant in mutants_of(ROOT, file)]
    return [row_of(name, mutant) for mutant in sample(mutants, size, seed)]


def judge(options: argparse.Namespace, table: Path, rows: list[Row], chosen: list[Row]) -> None:
    """Fill in verdicts, and write the table after each."""
    group = GROUPS[options.group]
    group = dataclasses.replace(group, without=(*group.without, *options.without))
    by_mutant = {mutant_of(row): row for row in chosen}
    tests = CoveringTests(options.map or FOLDER / f".{options.group}-map.json", group.last)

    def done(mutant: Mutant, verdict: str, by: str, seconds: float) -> None:
        row = by_mutant[mutant]
        row.update(verdict=verdict, by=by)
        print(f"{verdict:10} {seconds:5.1f} s  {mutant.file}:{mutant.line}  {row['change'][:90]}", flush=True)
        if options.command != "one":
            write(table, rows)

    if options.command == "fresh":
        judge_fresh(group, list(by_mutant), tests, options.workers, done)
        return
    runner = Runner(group, list(by_mutant), tests, options.workers, done)
    code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *group.tests], plugins=[runner])
    if code:
        sys.exit(int(code))
    if options.command == "one" and chosen[0]["verdict"] in (ELSEWHERE, NOT_RUN, SURVIVED):
        print("look again with `fresh`: a fork cannot tell what imports worked out")


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
