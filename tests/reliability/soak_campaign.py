"""Runs one thing for long in one process, samples resident memory, and fits its slope.

    python -m tests.reliability.soak_campaign --events 100 --minutes 20 --out soak.csv

--events: millions, of each subject. The slope is that of a straight line through the samples after the first
third, in MB per million events, with a 95 % interval by Student's t from block means, because samples of memory
that follow each other are alike.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gc
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

import rare
from experiments.cli.root import main as command
from rare.run import CLOCKS
from rare.scenario.case_builder import build
from rare.scenario.load import Overrides, load_scenario
from rare.scheduler import as_decider
from rare.world import build_world
from schedulers import make_scheduler

MILLION = 1e6
BLOCKS = 12
FIELDS = (
    "subject",
    "million_events",
    "seconds",
    "first_mb",
    "last_mb",
    "peak_mb",
    "slope_mb",
    "low_mb",
    "high_mb",
)
SCHEDULERS = ("easy", "sjf+greedy", "wfp3+easy")
JOBS = 20_000

Steps = Iterator[int]
"""Events of each step of a soak, as many as one asks for."""


def resident_mb() -> float:
    """Resident memory of this process in MB of 10^6 bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MILLION


# --- subjects ------------------------------------------------------------------------------------------------


def compiled_clock(jobs: int = JOBS) -> Steps:
    """Runs of a synthetic workload on an island, under three schedulers in turn; log events and instants."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "jobs.csv"
        words = [
            "traces",
            "generate",
            "lublin",
            "--processors",
            "256",
            "--jobs",
            str(jobs),
            "--out",
            str(path),
        ]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert command(words) == 0
        case = build(load_scenario("plain", Overrides(workload=str(path)))).case
    counted = {}
    for scheduler in SCHEDULERS:
        decider = as_decider(make_scheduler(scheduler), case)
        world = build_world(case, order=decider.order, order_param=decider.order_param, log_level=2)
        runner = CLOCKS["compiled"](world, decider, case.workload.job_id)
        runner.run()
        counted[scheduler] = len(runner.recorder.events)
    while True:
        for scheduler, events in counted.items():
            rare.simulate(case, make_scheduler(scheduler))
            yield events


def vector_environment(environments: int = 256) -> Steps:
    """Random valid actions in many environments at once; an event is a decision."""
    from rare.env.vector_env import GreenClusterVectorEnv

    env, draw = GreenClusterVectorEnv(environments, "tiny"), np.random.default_rng(0)
    _, info = env.reset(seed=0)
    while True:
        for _ in range(50):
            mask = info["action_mask"]
            _, _, _, _, info = env.step((draw.random(mask.shape) * mask).argmax(axis=1))
        yield 50 * environments


def commands() -> Steps:
    """`rare simulate` again and again in this process; an event is a command."""
    with tempfile.TemporaryDirectory() as name:
        out = str(Path(name) / "run")
        words = ["simulate", "--scenario", "tiny", "--no-figures", "--quiet", "--out", out, "--force"]
        while True:
            with contextlib.redirect_stdout(io.StringIO()):
                assert command(words) == 0
            yield 1


def shadow_polls() -> Steps:
    """A shadow that observes a cluster; an event is a poll."""
    from tests.reliability.shadow_soak import polls

    return polls()


SUBJECTS: dict[str, Callable[[], Steps]] = {
    "compiled clock": compiled_clock,
    "vector environment": vector_environment,
    "commands": commands,
    "shadow": shadow_polls,
}
SHARES = {"commands": 1e-4, "shadow": 1e-4}  # of the events of the others: each takes far longer


# --- the soak ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Soak:
    """Samples of a soak: events so far, and resident memory in MB at each."""

    subject: str
    events: np.ndarray
    memory_mb: np.ndarray
    seconds: float

    def slope(self) -> tuple[float, float, float]:
        """MB per million events after the first third, and the bounds of its 95 % interval."""
        first = len(self.events) // 3
        x, y = self.events[first:] / MILLION, self.memory_mb[first:]
        blocks = min(BLOCKS, len(x))
        edges = np.linspace(0, len(x), blocks + 1).astype(int)
        means = [(x[a:b].mean(), y[a:b].mean()) for a, b in zip(edges, edges[1:], strict=False) if b > a]
        if len(means) < 3:
            return float("nan"), float("nan"), float("nan")
        x, y = np.array(means).T
        if np.ptp(y) == 0:
            return 0.0, 0.0, 0.0  # not a page more in all that time
        fit = stats.linregress(x, y)
        half = float(stats.t.ppf(0.975, len(means) - 2)) * float(fit.stderr)
        return float(fit.slope), float(fit.slope) - half, float(fit.slope) + half

    def row(self) -> dict[str, object]:
        """The line of the table."""
        slope, low, high = self.slope()
        numbers = (
            self.events[-1] / MILLION,
            self.seconds,
            self.memory_mb[0],
            self.memory_mb[-1],
            self.memory_mb.max(),
        )
        values = (*(f"{value:.4g}" for value in numbers), *(f"{value:.3g}" for value in (slope, low, high)))
        return dict(zip(FIELDS, (self.subject, *values), strict=True))


def soak(subject: str, steps: Steps, events: float, minutes: float) -> Soak:
    """Take steps until there were so many events or the time is over; a sample after each, thinned to 3,000."""
    seen, memory, count = [], [], 0
    began_s, next_at, gap = time.monotonic(), 0.0, events / 3000
    for step in steps:
        count += step
        if count >= next_at:
            gc.collect()
            seen.append(count)
            memory.append(resident_mb())
            next_at = count + gap
        if count >= events or time.monotonic() - began_s > 60 * minutes:
            break
    return Soak(subject, np.array(seen, float), np.array(memory), time.monotonic() - began_s)


def main() -> int:
    """The command: print and write the table; exit with 1 where memory grows by more than 1 MB in all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=float, default=100.0, help="millions, of each subject")
    parser.add_argument("--minutes", type=float, default=20.0, help="at most, of each subject")
    parser.add_argument("--only", action="append", default=[], choices=list(SUBJECTS), help="repeatable")
    parser.add_argument("--out", type=Path, default=Path("soak.csv"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for subject in options.only or SUBJECTS:
        events = options.events * MILLION * SHARES.get(subject, 1.0)
        found = soak(subject, SUBJECTS[subject](), events, options.minutes)
        rows.append(found.row())
        print(rows[-1], flush=True)
        samples = options.out.with_suffix(f".{subject.replace(' ', '-')}.npy")
        np.save(samples, np.stack([found.events, found.memory_mb]))
    with options.out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
