"""How often true starts lie in the predicted ranges: on snapshots of a replayed trace, whose truth is known.

    python -m experiments.operate.start_times.calibrate_start_times TRACE.swf.gz --weeks 28:48

replays the trace under `easy`, takes snapshots at random instants of these weeks, predicts each with what was
known at its instant, and compares with the replay's own starts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from energy.hash_noise import key_of, uniforms
from experiments.operate.snapshots.replay_snapshot import on_utc, snapshot_of_schedule
from experiments.operate.snapshots.snapshot_case import snapshot_case
from experiments.operate.start_times.arrival_blocks import MOST_WEEKS, WEEK_S
from experiments.operate.start_times.past_jobs import past_jobs
from experiments.operate.start_times.start_ranges import HORIZON_S, Effort, start_times
from rare.model import NEVER_S, Case, Cluster, Partition
from rare.run import simulate
from rare.state.arrays import NO_TIME
from schedulers import make_scheduler
from traces.jobs.job_files import read_workload
from traces.jobs.workload import Workload

GRID = np.round(np.arange(0.01, 1.0, 0.01), 2)
"""Levels whose quantiles are kept."""
LEARN_S = 26 * WEEK_S
"""Past from which run times are learnt."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Predictions and truths, one row a waiting job of a snapshot; (N,) each, `grid_s` (N, 99).

    wait_s : true time from the snapshot to the start. grid_s: predicted quantiles of it, of levels GRID;
    HORIZON_S + 1: later. by_limit_s: the estimate by time limits. share: of the futures that start it before
    its true start, half of the equal ones counted.
    """

    week: np.ndarray
    snapshot: np.ndarray
    wait_s: np.ndarray
    share: np.ndarray
    by_limit_s: np.ndarray
    cores: np.ndarray
    limit_s: np.ndarray
    known: np.ndarray
    grid_s: np.ndarray


@dataclass(frozen=True, slots=True)
class Schedule:
    """A replayed trace: jobs on the clock of UTC, when each started and ended, and the machine."""

    work: Workload
    start_s: np.ndarray
    end_s: np.ndarray
    cluster: Cluster
    scheduler: str


def replayed(file: str, scheduler: str = "easy") -> Schedule:
    """The schedule of a trace with all power there is. InputError for a bad file."""
    work = on_utc(read_workload(file))
    cluster = Cluster((Partition(nodes=int(work.processors or work.cores.max())),))
    jobs = simulate(Case(work, cluster), make_scheduler(scheduler), record=False).jobs
    end_s = np.where(jobs["end_s"] == NO_TIME, -1, jobs["end_s"])  # rejected: never there
    return Schedule(work, np.asarray(jobs["start_s"]), end_s, cluster, scheduler)


def instants(schedule: Schedule, weeks: Sequence[int], a_week: int, seed: int) -> list[tuple[int, int]]:
    """(week, instant) of snapshots, `a_week` at random in each of the weeks since the first submit."""
    first_s = int(schedule.work.submit_s[0])
    shares = uniforms(key_of("snapshots", seed), np.array(weeks)[:, None], np.arange(a_week))
    return [
        (week, first_s + week * WEEK_S + int(share * WEEK_S))
        for week, row in zip(weeks, shares, strict=True)
        for share in np.sort(row)
    ]


def sample(schedule: Schedule, at: Sequence[tuple[int, int]], effort: Effort) -> Sample:
    """Predict at these instants, and note the truth beside it. Snapshots without a waiting job give nothing."""
    rows: list[Sample] = []
    for place, (week, taken_s) in enumerate(at):
        made = _sample_at(schedule, week, place, taken_s, effort)
        if made is not None:
            rows.append(made)
    return joined(rows)


def joined(parts: Sequence[Sample]) -> Sample:
    """All rows of several samples."""
    return Sample(*(np.concatenate([getattr(one, field.name) for one in parts]) for field in fields(Sample)))


def _sample_at(
    schedule: Schedule, week: int, place: int, taken_s: int, effort: Effort
) -> Sample | None:
    work = schedule.work
    snapshot = snapshot_of_schedule(work, schedule.start_s, schedule.end_s, schedule.cluster, taken_s)
    if not any(job.start_s is None for job in snapshot.jobs):
        return None
    past = past_jobs(work, taken_s, end_s=schedule.end_s, since_s=taken_s - LEARN_S)
    part = snapshot_case(snapshot, history=None if past is None else past.work, zone=work.zone)
    found = start_times(part, make_scheduler(schedule.scheduler), past, effort)
    last = int(np.searchsorted(work.submit_s, taken_s, side="right"))
    truth = dict(
        zip(work.job_id[:last].tolist(), schedule.start_s[:last].tolist(), strict=True)
    )
    jobs = found.jobs
    true_s = np.array([truth[type(work.job_id[0].item())(job.job_id)] for job in jobs])
    users = {} if past is None or past.work.user is None else _counts(past.work.user[past.ended])
    below = (found.starts_s < true_s).mean(0) + 0.5 * (found.starts_s == true_s).mean(0)
    ahead = np.minimum(np.stack([found.at(level) for level in GRID], 1) - taken_s, HORIZON_S + 1)
    return Sample(
        np.full(len(jobs), week),
        np.full(len(jobs), place),
        true_s - taken_s,
        below,
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
    """Sample a trace and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace")
    parser.add_argument("--weeks", default="28:48")
    parser.add_argument("--a-week", type=int, default=14)
    parser.add_argument("--futures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", help="write the rows into this .npz file")
    options = parser.parse_args()
    first, last = map(int, options.weeks.split(":"))
    schedule = replayed(options.trace)
    began_s = time.perf_counter()
    at = instants(schedule, range(first, last), options.a_week, options.seed)
    found = sample(schedule, at, Effort(options.futures))
    print(f"{len(at)} snapshots, {len(found.week)} waiting jobs, {time.perf_counter() - began_s:.0f} s")
    if options.rows:
        np.savez(options.rows, **{field.name: getattr(found, field.name) for field in fields(Sample)})


if __name__ == "__main__":
    main()
