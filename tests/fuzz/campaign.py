"""Reads damaged files through every reader and command line, in several processes, and counts what came of it.

    python -m tests.fuzz.campaign --executions 1000000 --workers 2 --minutes 45 --out fuzz.csv

A worker that dies or stands still is a fault like any other; another one goes on behind the file that it was at.
The counts of each reader depend on --executions alone, and each damaged file on its number (--seed and up).
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from tests.fuzz.harness import Tally, try_damaged
from tests.fuzz.mutation import MOST_BYTES
from tests.fuzz.next_steps import used_samples
from tests.fuzz.samples import Sample, put_beside, samples
from tests.fuzz.settings_samples import settings_samples

BATCH = 100
#: Readers of less than half a millisecond a file: they get more, so that all readers take about the same time.
QUICK, QUICK_SHARE = frozenset({
    "training run", "power feed, text", "power feed, JSON", "watts", "earlier configuration", "kept rows",
    "speed levels", "progress", "allow-list", "dask-slurm", "swf gzipped", "batsim answer", "mapping",
    "run's config.json", "years", "curve", "size", "run's provenance.json", "run's metrics.json", "layout",
    "windows", "sweep", "experiment", "qos", "checkpoint", "comparison", "parquet", "openmeteo", "openmeteo csv",
    "servers", "scenario", "power, periods",
}), 40  # fmt: skip
MOST_GROWTH_KIB = 1_500 * 1024
STANDSTILL_S = 300.0
SHORT_BYTES, LONG_ONE_IN = 16_000, 20  # long files take most of the time and seldom find more
OUTCOMES = ("read", "refused", "unforeseen", "fault")
MAKERS = (samples, used_samples, settings_samples)


def every_sample(folder: Path) -> list[Sample]:
    """All samples; each maker has a folder of its own for what it needs beside them."""
    found: list[Sample] = []
    for make in MAKERS:
        place = folder / make.__name__
        place.mkdir(parents=True)
        found += make(place)
    names = [sample.reader for sample in found]
    assert len(set(names)) == len(names)
    return found


@dataclass(frozen=True)
class Batch:
    """Some damaged files of one sample: numbers of `first` to `last`, which is not included."""

    sample: int
    first: int
    last: int


def batches_of(found: list[Sample], executions: int, seed: int) -> list[Batch]:
    """The batches of a campaign, samples in turn, so that a campaign cut short has tried all of them."""
    shares = [QUICK_SHARE if sample.reader in QUICK else sample.share for sample in found]
    counts = [max(1, round(executions * share / sum(shares))) for share in shares]
    batches = [
        (first / count, Batch(number, seed + first, seed + min(first + BATCH, count)))
        for number, count in enumerate(counts)
        for first in range(0, count, BATCH)
    ]
    return [batch for _, batch in sorted(batches, key=lambda pair: pair[0])]


# --- a worker --------------------------------------------------------------------------------------------


def _work(folder: Path, batches: list[Batch], place: Any, results: Path, until_s: float) -> None:
    """Do batches from `place[0]` on, telling in `place` which file is being read."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "work").mkdir(parents=True)
    put_beside(folder / "work")
    found = every_sample(folder)
    os.chdir(folder / "work")
    others = [sample.data[:20_000] for sample in found]
    warm = Tally()
    for sample in found:
        try_damaged(sample, others, folder / "work", 0, warm)
    _limit_memory()
    with results.open("a", encoding="utf-8") as stream:
        while place[0] < len(batches) and time.monotonic() < until_s:
            batch = batches[place[0]]
            tally, began_s = Tally(), time.process_time()
            for seed in range(max(batch.first, place[1]), batch.last):
                place[1] = seed
                sample = found[batch.sample]
                most = MOST_BYTES if seed % LONG_ONE_IN == 0 else max(SHORT_BYTES, 2 * len(sample.data))
                try_damaged(sample, others, folder / "work", seed, tally, most)
                place[2] += 1
            name = found[batch.sample].reader
            stream.write(json.dumps({
                "reader": name, "outcomes": tally.outcomes.get(name, {}), "faults": tally.faults,
                "unforeseen": dict(tally.unforeseen), "cpu_s": time.process_time() - began_s,
                "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }) + "\n")  # fmt: skip
            stream.flush()
            place[0], place[1] = place[0] + 1, 0


def _limit_memory() -> None:
    """Let this process take no more than MOST_GROWTH_KIB beyond what it has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    most = now + MOST_GROWTH_KIB * 1024
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


# --- the campaign ----------------------------------------------------------------------------------------


class _Worker:
    """A process that does every n-th batch, begun again behind the file that killed it."""

    def __init__(self, number: int, folder: Path, batches: list[Batch], until_s: float) -> None:
        self.folder, self.batches, self.until_s = folder / f"worker-{number}", batches, until_s
        self.results = folder / f"results-{number}.jsonl"
        self.place = RawArray("l", 3)  # batch, number of the file, files in all
        self.faults: list[str] = []
        self._moved = (0, time.monotonic())
        self._begin()

    def _begin(self) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                _work(self.folder, self.batches, self.place, self.results, self.until_s)
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                os._exit(code)

    def is_over(self) -> bool:
        """Whether the process has ended well. One that died or stands still is begun again."""
        if self.place[2] != self._moved[0]:
            self._moved = (self.place[2], time.monotonic())
        stands = time.monotonic() - self._moved[1] > STANDSTILL_S
        if stands:
            os.kill(self.pid, signal.SIGKILL)
        ended, status = os.waitpid(self.pid, 0 if stands else os.WNOHANG)
        if not ended:
            return False
        if status == 0:
            return True
        if self.place[2] == 0:
            raise SystemExit("a worker of the campaign died before its first file")
        batch = self.batches[self.place[0]]
        how = "stood still" if stands else f"killed the process (status {status})"
        self.faults.append(f"sample {batch.sample}, seed {self.place[1]}: {how}")
        self.place[1] += 1
        self._moved = (self.place[2], time.monotonic() + STANDSTILL_S)
        self._begin()
        return False


@dataclass
class Found:
    """What a campaign found: per reader a row, and every fault."""

    rows: list[dict[str, Any]]
    faults: list[str]
    unforeseen: Counter[str]
    wall_s: float

    @property
    def executions(self) -> int:
        """Damaged files read, refused or at fault."""
        return sum(sum(row[name] for name in OUTCOMES) for row in self.rows)


def campaign(executions: int, seed: int = 1, workers: int = 1, minutes: float = 60.0) -> Found:
    """Run a campaign in `workers` forked processes, of at most so many minutes."""
    began_s = time.monotonic()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        batches = batches_of(every_sample(Path(name) / "names"), executions, seed)
        until_s = began_s + 60 * minutes
        running = [
            _Worker(number, Path(name), batches[number::workers], until_s) for number in range(workers)
        ]
        every = list(running)
        while running:
            time.sleep(0.2)
            running = [worker for worker in running if not worker.is_over()]
        lines = [
            json.loads(line)
            for worker in every
            if worker.results.exists()
            for line in worker.results.read_text("utf-8").splitlines()
        ]
    faults = [fault for worker in every for fault in worker.faults]
    return _counted(lines, faults, time.monotonic() - began_s)


def _counted(lines: list[dict[str, Any]], faults: list[str], wall_s: float) -> Found:
    rows: dict[str, dict[str, Any]] = {}
    unforeseen: Counter[str] = Counter()
    for line in lines:
        row = rows.setdefault(
            line["reader"], {"reader": line["reader"], **dict.fromkeys(OUTCOMES, 0), "cpu_s": 0.0}
        )
        for name, count in line["outcomes"].items():
            row[name] += count
        row["cpu_s"] += line["cpu_s"]
        unforeseen.update(line["unforeseen"])
        faults += line["faults"]
    return Found(sorted(rows.values(), key=lambda row: row["reader"]), faults, unforeseen, wall_s)


def write_csv(found: Found, path: Path) -> None:
    """A row a reader, and a last one of all."""
    total = {"reader": "all", **{name: sum(row[name] for row in found.rows) for name in (*OUTCOMES, "cpu_s")}}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["reader", *OUTCOMES, "cpu_s"], lineterminator="\n")
        writer.writeheader()
        for row in (*found.rows, total):
            writer.writerow({**row, "cpu_s": round(row["cpu_s"], 1)})


def main() -> int:
    """The command: print the counts, write the table, exit with 1 if there are faults."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("fuzz.csv"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    found = campaign(options.executions, options.seed, options.workers, options.minutes)
    write_csv(found, options.out)
    options.out.with_suffix(".faults.txt").write_text(
        "".join(f"{line}\n" for line in found.faults)
        + "".join(f"unforeseen, {count} times: {text}\n" for text, count in found.unforeseen.most_common()),
        "utf-8", errors="backslashreplace",
    )  # fmt: skip
    print(f"{found.executions} executions through {len(found.rows)} readers in {found.wall_s:.0f} s: "
          f"{len(found.faults)} faults, {sum(found.unforeseen.values())} unforeseen")  # fmt: skip
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
