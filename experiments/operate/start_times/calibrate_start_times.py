"""How often true starts lie in the predicted ranges: on snapshots of a replayed trace, whose truth is known.

    python -m experiments.operate.start_times.calibrate_start_times TRACE.swf.gz --weeks 28:48
    python -m experiments.operate.start_times.calibrate_start_times --published FOLDER

replays a trace under `easy`, takes snapshots at random instants of these weeks, predicts each with what was
known at its instant, and compares with the replay's own starts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from energy.hash_noise import key_of, uniforms
from experiments.operate.snapshots.replay_snapshot import Schedule, schedule_of_case, snapshot_of_schedule
from experiments.operate.snapshots.snapshot_case import snapshot_case
from experiments.operate.start_times.arrival_blocks import WEEK_S
from experiments.operate.start_times.past_jobs import past_jobs
from experiments.operate.start_times.start_coverage import (
    GRID,
    HEADING,
    Sample,
    coverage_lines,
    joined,
    recalibrated_levels,
)
from experiments.operate.start_times.start_ranges import HORIZON_S, LEARN_S, Effort, start_times
from rare.model import Case, Cluster, Partition
from schedulers import make_scheduler
from traces.jobs.job_files import read_workload

HELD_BACK = {
    "KTH-SP2-1996-2.1-cln.swf.gz": (range(8, 28), range(29, 48)),
    "SDSC-SP2-1998-4.2-cln.swf.gz": (range(8, 52), range(53, 104)),
    "HPC2N-2002-2.2-cln.swf.gz": (range(20, 90), range(91, 181)),
}
"""Weeks since the first submit of each trace: those that choices were made on, and later ones held back."""


def replayed(file: str, scheduler: str = "easy") -> Schedule:
    """The schedule of a trace with all power there is. InputError for a bad file."""
    work = read_workload(file)
    cluster = Cluster((Partition(nodes=int(work.processors or work.cores.max())),))
    return schedule_of_case(Case(work, cluster), make_scheduler(scheduler), record=False)


def instants(schedule: Schedule, weeks: Sequence[int], a_week: int, seed: int) -> list[tuple[int, int]]:
    """(week, instant) of snapshots, `a_week` at random in each of the weeks since the first submit."""
    first_s = int(schedule.work.submit_s[0])
    shares = uniforms(key_of("snapshots", seed), np.array(weeks)[:, None], np.arange(a_week))
    return [
        (week, first_s + week * WEEK_S + int(share * WEEK_S))
        for week, row in zip(weeks, shares, strict=True)
        for share in np.sort(row)
    ]


def sample(
    schedule: Schedule, at: Sequence[tuple[int, int]], effort: Effort, scheduler: str = "easy"
) -> Sample:
    """Predict at these instants, and note the truth. Snapshots without a waiting job give nothing."""
    rows: list[Sample] = []
    for place, (week, taken_s) in enumerate(at):
        made = _sample_at(schedule, week, place, taken_s, effort, scheduler)
        if made is not None:
            rows.append(made)
    return joined(rows)


def _sample_at(
    schedule: Schedule, week: int, place: int, taken_s: int, effort: Effort, scheduler: str
) -> Sample | None:
    work = schedule.work
    snapshot = snapshot_of_schedule(schedule, taken_s)
    if not any(job.start_s is None for job in snapshot.jobs):
        return None
    past = past_jobs(work, taken_s, end_s=schedule.end_s, since_s=taken_s - LEARN_S)
    part = snapshot_case(snapshot, history=None if past is None else past.work, zone=work.zone)
    found = start_times(part, make_scheduler(scheduler), past, effort)
    last = int(np.searchsorted(work.submit_s, taken_s, side="right"))
    truth = dict(zip(work.job_id[:last].tolist(), schedule.start_s[:last].tolist(), strict=True))
    jobs = found.jobs
    true_s = np.array([truth[type(work.job_id[0].item())(job.job_id)] for job in jobs])
    users = {} if past is None or past.work.user is None else _counts(past.work.user[past.ended])
    ahead = np.minimum(np.stack([found.at(level) for level in GRID], 1) - taken_s, HORIZON_S + 1)
    return Sample(
        np.full(len(jobs), week),
        np.full(len(jobs), place),
        true_s - taken_s,
        np.minimum(found.by_limit_s - taken_s, HORIZON_S + 1),
        np.array([job.cores for job in jobs]),
        np.array([job.limit_s or 0 for job in jobs]),
        np.array([users.get(job.user, 0) for job in jobs]),
        ahead,
    )


def _counts(users: np.ndarray) -> dict[str, int]:
    names, counts = np.unique(users.astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def main() -> None:
    """Sample a trace, print its table, and keep the rows if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("traces", nargs="*", help="trace files, each with --weeks")
    parser.add_argument("--published", metavar="FOLDER", help="the three traces of HELD_BACK, in this folder")
    parser.add_argument("--weeks", default="28:48", help="FIRST:LAST, since the first submit")
    parser.add_argument("--snapshots", type=int, default=200, help="about so many, equally many a week")
    parser.add_argument("--futures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scheduler", default="easy")
    parser.add_argument("--rows", metavar="FOLDER", help="keep the rows in this folder, or take them from it")
    options = parser.parse_args()
    first, last = map(int, options.weeks.split(":"))
    if options.published is None:
        for trace in options.traces:
            found = _sampled(trace, range(first, last), options)
            print(HEADING)
            print("\n".join(coverage_lines(Path(trace).name, found, recalibrated_levels([found]))))
        return
    earlier, later = (
        {
            name: _sampled(f"{options.published}/{name}", weeks[half], options)
            for name, weeks in HELD_BACK.items()
        }
        for half in (0, 1)
    )
    levels = recalibrated_levels(list(earlier.values()))
    print(f"levels that hold 80 % of the earlier weeks: {levels[0]:.2f} to {levels[1]:.2f}\n{HEADING}")
    for name, one in earlier.items():
        print(coverage_lines(f"{name}, earlier weeks", one, levels)[0])
    for name, one in later.items():
        print("\n".join(coverage_lines(name, one, levels)), flush=True)


def _sampled(trace: str, weeks: Sequence[int], options: argparse.Namespace) -> Sample:
    """The sample of a trace, from the folder of rows where it is there already."""
    kept = None
    if options.rows is not None:
        kept = Path(options.rows) / f"{Path(trace).name}-{weeks[0]}-{weeks[-1]}.npz"
        if kept.is_file():
            with np.load(kept) as rows:
                return Sample(*(rows[field.name] for field in fields(Sample)))
    schedule = replayed(trace, options.scheduler)
    began_s = time.perf_counter()
    at = instants(schedule, weeks, max(round(options.snapshots / len(weeks)), 1), options.seed)
    found = sample(schedule, at, Effort(options.futures), options.scheduler)
    print(
        f"{trace}: {len(at)} snapshots, {len(found):,} rows, {time.perf_counter() - began_s:.0f} s",
        file=sys.stderr,
    )
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **{field.name: getattr(found, field.name) for field in fields(Sample)})
    return found


if __name__ == "__main__":
    main()
