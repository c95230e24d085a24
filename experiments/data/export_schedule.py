"""Schedules for other programs: SWF, core intervals for Gantt charts, energy per job.

>>> from experiments.data.export_schedule import export_run
>>> export_run("my-run", "swf", "my-run.swf")                           # doctest: +SKIP
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.data.export_swf import swf_lines
from experiments.results.run_folder import Run, load_run
from experiments.runs.output_targets import check_target
from rare.schedule import (
    CLOSES,
    CUT_OFF,
    UJ_PER_KWH,
    Schedule,
    closed_names,
    executions,
    joules,
    run_energy_uj,
)
from rare.state.arrays import END, EVENT, EVENT_NAMES
from traces.errors import InputError
from traces.files.documents import user_path
from traces.jobs.job_files import replace_file
from traces.jobs.workload import LARGEST_COUNT

_LONGEST_ENERGY = 40  # digits
_EXACT = Context(prec=2 * _LONGEST_ENERGY)
#: The columns of the file `_jobs.csv` of Batsim, which evalys draws.
BATSIM_COLUMNS = (
    "job_id",
    "workload_name",
    "profile",
    "submission_time",
    "requested_number_of_resources",
    "requested_time",
    "success",
    "final_state",
    "starting_time",
    "execution_time",
    "finish_time",
    "waiting_time",
    "turnaround_time",
    "stretch",
    "allocated_resources",
    "consumed_energy",
    "metadata",
)
#: Of these, what a job has that never started.
_OF_A_RUN = BATSIM_COLUMNS[BATSIM_COLUMNS.index("starting_time") : BATSIM_COLUMNS.index("metadata")]


def export_run(
    run: str | Path | Run | Schedule, format: str, out: str | Path, *, force: bool = False
) -> Path:
    """Write the schedule of a run to `out` atomically, and return its path.

    run    : a run folder, or a Schedule (`rare.Schedule.of(result)`)
    format : 'swf', 'gantt', 'batsim' or 'energy' (docs/guides/exports.md); .gz at the end of `out` packs the file
    force  : replace a file that exists

    InputError: no run folder, one of an earlier version, or a place that cannot be written.
    """
    if format not in FORMATS:
        raise InputError(f"unknown format {format!r}; known: {', '.join(FORMATS)}")
    suffix, write = FORMATS[format]
    out = user_path(out)
    check_target(out, (suffix, f"{suffix}.gz"), force)
    schedule = (
        run if isinstance(run, Schedule) else schedule_of(run if isinstance(run, Run) else load_run(run))
    )
    content = write(schedule).encode("utf-8")
    if out.name.lower().endswith(".gz"):
        packed = io.BytesIO()
        # without time stamp and name, so that equal runs give equal bytes
        with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as stream:
            stream.write(content)
        content = packed.getvalue()
    replace_file(out, lambda stream: stream.write(content))
    return out


def schedule_of(run: Run) -> Schedule:
    """The schedule of a run folder. InputError for a damaged one, or one of an earlier version."""
    jobs, table = run.jobs, run.path / "jobs.csv"
    for column in ("partition", "energy_j", "estimate_s", "work_s"):
        if column not in jobs:
            raise _earlier(table, f"has no column {column!r}")
    columns = _whole_columns(jobs, table)
    end_s = int(run.power["time_s"].iloc[-1]) if len(run.power) else 0
    draw_mw = np.rint(run.power["draw_w"].to_numpy() * 1000).astype(np.int64)
    partitions, origin_utc, zone = _machine(run)
    intervals = executions(_event_log(run), end_s)
    if not np.isin(intervals["closed_by"], (*CLOSES, CUT_OFF)).all():
        raise InputError(
            f"{run.path / 'events.csv'}: a job starts twice; the file is damaged, simulate again"
        )
    return Schedule(
        name=str(run.result.get("workload") or run.path.name),
        scheduler=run.scheduler,
        job_id=jobs["job_id"].to_numpy(dtype=object),
        status=jobs["status"].to_numpy(dtype=object),
        partition=jobs["partition"].to_numpy(dtype=object),
        partition_cores=partitions,
        held=intervals,
        energy_uj=_energies_uj(jobs["energy_j"], table),
        run_energy_uj=run_energy_uj(run.power["time_s"].to_numpy().astype(np.int64), draw_mw),
        end_s=end_s,
        origin_utc=origin_utc,
        zone=zone,
        **columns,
    )


def _machine(run: Run) -> tuple[dict[str, int], datetime | None, str | None]:
    """Cores by partition, the instant of time 0 and the zone, from config.json."""
    try:
        resolved = run.config["resolved"]
        partitions = {str(part["name"]): int(part["cores"]) for part in resolved["partitions"]}
        start_utc, zone = resolved["start_utc"], resolved["zone"]
        origin_utc = None if start_utc is None else datetime.fromisoformat(start_utc).astimezone(UTC)
        valid_zone = zone is None or isinstance(zone, str)
        if valid_zone and all(0 <= cores <= LARGEST_COUNT for cores in partitions.values()):
            return partitions, origin_utc, zone
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    raise _earlier(run.path / "config.json", "does not say what the machine and its clock are")


def _earlier(path: Path, problem: str) -> InputError:
    return InputError(f"{path}: {problem}, as folders of an earlier version or damaged ones; simulate again")


def _whole_columns(jobs: pd.DataFrame, path: Path) -> dict[str, np.ndarray]:
    columns = {}
    for name in ("submit_s", "cores", "work_s", "estimate_s"):
        numbers = pd.to_numeric(jobs[name], errors="coerce")
        wrong = ~(np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers))).to_numpy()
        if wrong.any():
            row = int(np.argmax(wrong))
            value = str(jobs[name].iloc[row])[:40]
            raise InputError(
                f"{path}:{row + 2}: column {name!r} holds {value!r}, no whole number; "
                "the file is damaged, simulate again"
            )
        columns[name] = numbers.to_numpy().astype(np.int64)
    return columns


def _event_log(run: Run) -> np.ndarray:
    """events.csv as the simulator's EVENT array. InputError for unknown jobs and events."""
    rows = pd.Series(np.arange(len(run.jobs)), index=run.jobs["job_id"])
    if rows.index.has_duplicates:
        raise InputError(f"{run.path / 'jobs.csv'}: has a job_id twice; the file is damaged, simulate again")
    kinds = pd.Series(np.arange(len(EVENT_NAMES)), index=EVENT_NAMES)
    job = rows.reindex(run.events["job_id"]).to_numpy()
    event = kinds.reindex(run.events["event"]).to_numpy()
    wrong = np.isnan(job) | np.isnan(event)
    if wrong.any():
        line = int(np.argmax(wrong)) + 2
        raise InputError(
            f"{run.path / 'events.csv'}:{line}: names a job or an event that there is not; "
            "the file is damaged, simulate again"
        )
    log = np.zeros(len(job), EVENT)
    log["time_s"], log["job"], log["event"] = run.events["time_s"].to_numpy(), job, event
    return log


def _energies_uj(cells: pd.Series, path: Path) -> np.ndarray:
    """(J,) Python integers, in millionths of a joule, from the exact decimals of jobs.csv."""
    out = np.zeros(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        try:
            amount = _EXACT.scaleb(Decimal(cell), 6)
            if not amount.is_finite() or amount.adjusted() > _LONGEST_ENERGY or amount != int(amount):
                raise ArithmeticError
        except ArithmeticError:
            raise InputError(
                f"{path}:{row + 2}: column 'energy_j' holds {str(cell)[:40]!r}, no energy; "
                "the file is damaged, simulate again"
            ) from None
        out[row] = int(amount)
    return out


# --- formats ------------------------------------------------------------------------------------------


def gantt_frame(schedule: Schedule) -> pd.DataFrame:
    """One row per execution, in Batsim's columns; jobs without cores are left out.

    A job that was suspended has a row for each time it held cores. A later one counts as submitted when
    the one before it ended. Energy [J] is the whole job's, in its last row.
    """
    intervals, job = schedule.held, schedule.held["job"]
    by_job = np.argsort(job, kind="stable")
    again = np.zeros(len(intervals), dtype=bool)  # in that order: not the first execution of the job
    again[1:] = job[by_job][1:] == job[by_job][:-1]
    submit_s = schedule.submit_s[job]
    submit_s[by_job[again]] = intervals["end_s"][by_job[np.flatnonzero(again) - 1]]
    last = np.ones(len(intervals), dtype=bool)
    last[by_job[np.flatnonzero(again) - 1]] = False
    run_s, completed, closed_by = (
        intervals["end_s"] - intervals["start_s"],
        intervals["closed_by"] == END,
        closed_names(intervals),
    )
    columns = (
        schedule.job_id[job],
        schedule.name,
        "rare",
        submit_s,
        schedule.cores[job],
        schedule.estimate_s[job],
        completed.astype(int),
        np.where(
            completed,
            "COMPLETED_SUCCESSFULLY",
            np.where(closed_by == "cut_off", "RUNNING", "COMPLETED_KILLED"),
        ),
        intervals["start_s"],
        run_s,
        intervals["end_s"],
        intervals["start_s"] - submit_s,
        intervals["end_s"] - submit_s,
        np.where(run_s > 0, (intervals["end_s"] - submit_s) / np.maximum(run_s, 1), 1.0),
        [_interval_set(spans) for spans in schedule.core_sets()],
        np.where(last, schedule.energy_uj[job].astype(float) / 1e6, 0.0),
        np.where(completed, "", np.char.add("ended_by=", closed_by)),
    )
    frame = pd.DataFrame(dict(zip(BATSIM_COLUMNS, columns, strict=True)), index=range(len(intervals)))
    return frame[frame["requested_number_of_resources"] > 0].reset_index(drop=True)


def _interval_set(spans: list[tuple[int, int]]) -> str:
    """Cores in Batsim's notation: `0-3 8`."""
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def batsim_frame(schedule: Schedule) -> pd.DataFrame:
    """One row per job, in Batsim's columns; fields of a job that never started are empty.

    A job that was suspended is one row: from its first start to its last end, on the cores that it had last.
    """
    intervals = schedule.held
    first, last = np.full(len(schedule.job_id), -1), np.full(len(schedule.job_id), -1)
    last[intervals["job"]] = np.arange(len(intervals))  # in the order in which they began: the last one wins
    first[intervals["job"][::-1]] = np.arange(len(intervals))[::-1]
    ran = first >= 0
    sets = schedule.core_sets()
    closed_by = closed_names(intervals)
    start_s, finish_s = np.zeros((2, len(ran)), dtype=np.int64)
    start_s[ran], finish_s[ran] = intervals["start_s"][first[ran]], intervals["end_s"][last[ran]]
    run_s = finish_s - start_s
    columns = (
        schedule.job_id,
        schedule.name,
        "rare",
        schedule.submit_s,
        schedule.cores,
        schedule.estimate_s,
        (schedule.status == "completed").astype(int),
        [
            _final_state(str(status), str(closed_by[row]) if row >= 0 else "")
            for status, row in zip(schedule.status, last, strict=True)
        ],
        *(
            column.astype(object)
            for column in (
                start_s,
                run_s,
                finish_s,
                start_s - schedule.submit_s,
                finish_s - schedule.submit_s,
            )
        ),
        np.where(run_s > 0, (finish_s - schedule.submit_s) / np.maximum(run_s, 1), 1.0).astype(object),
        [_interval_set(sets[row]) if row >= 0 else "" for row in last],
        (schedule.energy_uj.astype(float) / 1e6).astype(object),
        np.where(schedule.status == "completed", "", "status=" + schedule.status.astype(str).astype(object)),
    )
    frame = pd.DataFrame(dict(zip(BATSIM_COLUMNS, columns, strict=True)), index=range(len(ran)))
    frame.loc[~ran, [*_OF_A_RUN]] = ""
    return frame[frame["requested_number_of_resources"] > 0].reset_index(drop=True)


def _final_state(status: str, closed_by: str) -> str:
    """Batsim's word for what became of a job, by its status and the event that ended its last execution."""
    if status == "completed":
        return "COMPLETED_SUCCESSFULLY"
    if closed_by == "":
        return "SUBMITTED" if status in ("unfinished", "held") else "REJECTED"
    if closed_by == "fail":
        return "COMPLETED_WALLTIME_REACHED"
    return "RUNNING" if closed_by == "cut_off" else "COMPLETED_KILLED"


def energy_frame(schedule: Schedule) -> pd.DataFrame:
    """Energy of each job, idle energy and the total: part, job_id, core_s, energy_j, energy_kwh.

    energy_j is exact, as text. part: 'job', then one row 'idle' and one 'total'.
    """
    held_s = np.zeros(len(schedule.job_id), dtype=np.int64)
    np.add.at(held_s, schedule.held["job"], schedule.held["end_s"] - schedule.held["start_s"])
    jobs_uj = schedule.energy_uj.tolist()
    total_uj = schedule.run_energy_uj
    energies = [*jobs_uj, total_uj - sum(jobs_uj), total_uj]
    core_s = (held_s * schedule.cores).tolist()
    return pd.DataFrame(
        {
            "part": [*("job" for _ in jobs_uj), "idle", "total"],
            "job_id": [*schedule.job_id.tolist(), "", ""],
            "core_s": [*core_s, "", sum(core_s)],
            "energy_j": [joules(energy) for energy in energies],
            "energy_kwh": [energy / UJ_PER_KWH for energy in energies],
        }
    )


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")


FORMATS: dict[str, tuple[str, Callable[[Schedule], str]]] = {
    "swf": (".swf", lambda schedule: "\n".join([*swf_lines(schedule), ""])),
    "gantt": (".csv", lambda schedule: _csv(gantt_frame(schedule))),
    "batsim": (".csv", lambda schedule: _csv(batsim_frame(schedule))),
    "energy": (".csv", lambda schedule: _csv(energy_frame(schedule))),
}
