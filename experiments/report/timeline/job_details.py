"""The jobs of a run as columns for the timeline: fields, waits, and what happened between start and end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.report.timeline.packed_columns import Packed, pack_numbers, pack_texts
from experiments.report.timeline.run_rows import RunRows
from experiments.report.timeline.wait_reasons import WaitReasons, wait_reasons

CLOSING = ("end", "expire", "fail", "reject", "cancel", "drop")
# What happens between a job's first start and its end. Codes are places in this tuple.
BETWEEN = ("start", "resume", "suspend", "shed", "kill", "lose", "slow", "raise")
CATEGORIES = ("status", "user", "group", "account", "qos", "service_class", "partition")
MICRO = 1e-6


@dataclass(frozen=True)
class JobTimes:
    """Seconds of each job, in the rows of jobs.csv; NaN where there is none.

    arrive_s: joined the queue (the submit, or later where it waited for other jobs), NaN for jobs that never
    did; start_s: first start; gone_s: completed or left. between: rows job (row of jobs.csv), time_s, code and
    level, by job and then time.
    """

    arrive_s: np.ndarray
    start_s: np.ndarray
    gone_s: np.ndarray
    start_level: np.ndarray
    between: pd.DataFrame


def job_times(rows: RunRows) -> JobTimes:
    """Times from jobs.csv and events.csv. Events of jobs that jobs.csv lacks are left out."""
    jobs, events = rows.run.jobs, rows.events
    submit_s = jobs["submit_s"].to_numpy(dtype=float)
    arrive_s, start_s, gone_s = np.full(len(jobs), np.nan), _seconds(jobs, "start_s"), _seconds(jobs, "end_s")
    _put(arrive_s, events[events["event"].eq("submit")], first=True)
    arrive_s = np.where(np.isnan(arrive_s) & ~np.isnan(start_s), submit_s, arrive_s)
    every_start = events[events["event"].eq("start")]
    starts = events.index.isin(every_start.drop_duplicates("job").index)
    _put(start_s, events[starts], first=True)
    _put(gone_s, events[events["event"].isin(CLOSING)], first=False)
    start_level = np.zeros(len(jobs))
    start_level[events.loc[starts, "job"]] = events.loc[starts, "level"]
    codes = events["event"].map({name: number for number, name in enumerate(BETWEEN)})
    kept = codes.notna() & ~starts
    between = events.loc[kept, ["job", "time_s", "level"]].assign(code=codes[kept].astype(int))
    return JobTimes(arrive_s, start_s, gone_s, start_level, between.sort_values("job", kind="stable"))


def pack_jobs(rows: RunRows) -> dict[str, Packed]:
    """The packed columns of a run's jobs by name; a column that the run lacks is left out.

    Of the fields that all runs of a comparison share, the packed columns are equal.
    """
    jobs, times = rows.run.jobs, job_times(rows)
    submit_s = jobs["submit_s"].to_numpy(dtype=float)
    work_s = _seconds(jobs, "work_s")
    packed = _pack_ids(jobs["job_id"])
    packed["submit"] = pack_numbers(submit_s, differences=True)
    packed["delay"] = pack_numbers(times.arrive_s - submit_s)
    packed["wait"] = pack_numbers(times.start_s - times.arrive_s)
    came_s = np.where(np.isnan(times.arrive_s), submit_s, times.arrive_s)
    begun_s = np.where(np.isnan(times.start_s), came_s, times.start_s)
    # Most jobs stay exactly as long as they have work: the difference costs nothing.
    packed["stay"] = pack_numbers(times.gone_s - begun_s - np.nan_to_num(work_s))
    for name, values in (("work", work_s), ("estimate", _seconds(jobs, "estimate_s"))):
        if not np.isnan(values).all():
            packed[name] = pack_numbers(values)
    packed["cores"] = pack_numbers(jobs["cores"].fillna(0).to_numpy(dtype=float))
    packed["suspensions"] = pack_numbers(_seconds(jobs, "suspensions"))
    packed["kills"] = pack_numbers(_seconds(jobs, "kills"))
    packed["start_level"] = pack_numbers(times.start_level)
    deadline_s, value = _seconds(jobs, "deadline_s"), _seconds(jobs, "value")
    if not np.isnan(deadline_s).all():
        packed["deadline"] = pack_numbers(deadline_s - submit_s)
    if not np.isnan(value).all():
        packed["value"] = pack_numbers(value, quantum=MICRO)
        packed["lost"] = pack_numbers(np.nan_to_num(value) - _seconds(jobs, "earned"), quantum=MICRO)
    for name in CATEGORIES:
        if name in jobs:
            packed |= _pack_category(name, jobs[name])
    packed |= _pack_between(times.between)
    return packed | _pack_reasons(wait_reasons(rows, times.arrive_s, times.start_s, times.gone_s))


def _pack_reasons(reasons: WaitReasons | None) -> dict[str, Packed]:
    if reasons is None:
        return {}
    return {
        "wait_cores": pack_numbers(reasons.cores_s),
        "wait_power": pack_numbers(reasons.power_s),
        "wait_turn": pack_numbers(reasons.turn_s),
    }


def _pack_ids(job_id: pd.Series) -> dict[str, Packed]:
    """Ids as numbers where each is written as a whole number is, else as texts."""
    try:
        numbers = job_id.astype(np.int64)
    except (ValueError, OverflowError):
        numbers = None
    if numbers is not None and numbers.astype(str).eq(job_id).all() and (numbers.abs() < 2**47).all():
        return {"id": pack_numbers(numbers.to_numpy(), differences=True)}
    return {"id": pack_texts(job_id.tolist())}


def _pack_category(name: str, column: pd.Series) -> dict[str, Packed]:
    codes, names = pd.factorize(column.fillna("").astype(str))
    if len(names) == 1 and names[0] == "":
        return {}
    return {name: pack_numbers(codes), f"{name}_names": pack_texts(list(names))}


def _pack_between(between: pd.DataFrame) -> dict[str, Packed]:
    if between.empty:
        return {}
    return {
        "between_job": pack_numbers(between["job"].to_numpy(), differences=True),
        "between_time": pack_numbers(between["time_s"].to_numpy(), differences=True),
        "between_code": pack_numbers(between["code"].to_numpy()),
        "between_level": pack_numbers(between["level"].to_numpy()),
    }


def _seconds(jobs: pd.DataFrame, name: str) -> np.ndarray:
    """A column of numbers; NaN throughout where the run lacks it."""
    if name not in jobs:
        return np.full(len(jobs), np.nan)
    return pd.to_numeric(jobs[name], errors="coerce").to_numpy(dtype=float, copy=True)


def _put(target: np.ndarray, events: pd.DataFrame, *, first: bool) -> None:
    """Set the time of each job in `events`: of its first or its last one."""
    chosen = events.drop_duplicates("job", keep="first" if first else "last")
    target[chosen["job"].to_numpy()] = chosen["time_s"].to_numpy()
