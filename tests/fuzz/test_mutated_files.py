"""Damaged files of every kind through every reader: read, or refused in one line; never anything else."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fuzz.harness import Tally, try_damaged
from tests.fuzz.samples import put_beside, samples

SEEDS = 50
SLOW_FILES = 100_000
MOST_GROWTH_KIB = 1_500 * 1024  # a gzipped file of 300 kB may unpack to 60 MB of text, in columns of strings
MIB = 2**20


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder to damage files in, and the whole ones."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "work").mkdir()
    put_beside(folder / "work")
    return folder / "work", samples(folder)


def test_the_samples_are_whole(place):
    """Else damage would be tried on what no reader gets into."""
    work, whole = place
    assert len(whole) >= 40
    for sample in whole:
        path = work / sample.file
        kept = path.read_bytes() if path.exists() else None
        path.write_bytes(sample.data)
        sample.read(path)
        path.unlink()
        if kept is not None:
            path.write_bytes(kept)


def test_damaged_files_are_read_or_refused(place):
    work, whole = place
    tally = run(work, whole, range(SEEDS))
    assert not tally.faults, "\n".join(tally.faults[:20])
    assert tally.total == SEEDS * len(whole) >= 2000


def test_the_same_seed_gives_the_same_damage(place):
    work, whole = place
    assert run(work, whole[:4], range(5)).outcomes == run(work, whole[:4], range(5)).outcomes


def run(work, whole, seeds):
    """The tally of each sample under each seed."""
    tally = Tally()
    others = [sample.data[:20_000] for sample in whole]
    for sample in whole:
        for seed in seeds:
            try_damaged(sample, others, work, seed, tally)
    return tally


@pytest.mark.slow
def test_a_hundred_thousand_damaged_files_in_bounded_memory(tmp_path):
    """In a process of its own, whose memory cannot grow by more than MOST_GROWTH_KIB."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.fuzz.test_mutated_files", str(tmp_path)],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    print(found)
    assert found["faults"] == []
    assert found["files"] >= SLOW_FILES
    assert found["growth_kib"] < MOST_GROWTH_KIB


def main(folder: Path) -> None:
    """Read SLOW_FILES damaged files under a limit of memory, and print what came of them as JSON."""
    (folder / "work").mkdir()
    put_beside(folder / "work")
    whole = samples(folder)
    run(folder / "work", whole, range(1))  # everything is imported once
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    most = now + MOST_GROWTH_KIB * 1024 + 256 * MIB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    tally = run(folder / "work", whole, range(1, 1 - SLOW_FILES // -len(whole)))
    outcomes: dict[str, int] = {}
    for counter in tally.outcomes.values():
        for name, count in counter.items():
            outcomes[name] = outcomes.get(name, 0) + count
    print(json.dumps({
        "files": tally.total, "readers": len(whole), "outcomes": outcomes, "faults": tally.faults,
        "unforeseen": dict(tally.unforeseen.most_common(40)),
        "growth_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before,
        "wall_s": round(time.monotonic() - began_s), "cpu_s": round(time.process_time() - began_cpu_s),
    }))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
