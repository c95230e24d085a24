"""`rare start-times` as a function: from a snapshot, wherever it comes from, to the object of its JSON."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import numpy as np

from experiments.operate.snapshots.cluster_snapshot import RUNNING, ClusterSnapshot, SnapshotJob
from experiments.operate.snapshots.queued_jobs import SQUEUE
from experiments.operate.snapshots.replay_snapshot import (
    on_utc,
    schedule_of_case,
    snapshot_of_schedule,
    utc_shift_s,
)
from experiments.operate.snapshots.slurm_shapes import MOST_BYTES
from experiments.operate.snapshots.slurm_snapshot import snapshot_of_slurm
from experiments.operate.snapshots.snapshot_case import NoJobs, SnapshotCase, snapshot_case
from experiments.operate.snapshots.snapshot_checks import refuse_overfull, with_one_clock
from experiments.operate.snapshots.snapshot_file import read_snapshot, write_snapshot
from experiments.operate.start_times.past_jobs import PastJobs, past_jobs
from experiments.operate.start_times.start_ranges import HORIZON_S, LEARN_S, Effort, StartTimes, start_times
from experiments.operate.start_times.start_times_folder import write_folder
from experiments.process.atomic_output import check_place
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.runs.output_targets import check_target
from rare.model import NEVER_S
from rare.scenario.case_builder import build
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scheduler import BaseScheduler, as_scheduler
from schedulers import make_scheduler
from traces.errors import InputError, quoted
from traces.files.documents import user_path
from traces.files.text import place
from traces.jobs.job_files import read_workload
from traces.jobs.workload import Workload
from traces.times.timezones import find_zone

SLURM_COMMANDS = (("squeue", "--json"), ("sinfo", "--json"))
SLURM_WAIT_S = 60
FEW_PAST_JOBS = 50
SOURCES = "a snapshot's file, --squeue and --sinfo, --slurm, or --workload and --at"


@dataclass(frozen=True, slots=True)
class StartTimesRequest:
    """What to predict, and from what.

    snapshot : a file in our own form; or squeue and sinfo: files with the JSON of these commands; or slurm:
               run both; or at: an instant of the scenario's workload, in its own seconds or as a date
    scheduler: who decides from the snapshot on
    history  : a trace of the cluster's past; None: of a workload its own past, else nothing is known
    scenario, wishes : the power side, and with `at` jobs and machine
    jobs     : ids to show; none: all that wait
    zone     : of times of day; None: the workload's, else this machine's
    save     : file that the snapshot is written to, in our own form; force: even if it exists
    out      : folder for figure, JSON and text
    """

    snapshot: str | None = None
    squeue: str | None = None
    sinfo: str | None = None
    slurm: bool = False
    at: str | None = None
    scheduler: str = "easy"
    history: str | None = None
    scenario: str = "plain"
    wishes: Wishes | None = None
    jobs: Sequence[str] = ()
    futures: int = 200
    horizon_s: int = HORIZON_S
    seed: int = 0
    zone: str | None = None
    save: str | None = None
    out: str | None = None
    force: bool = False

    def __post_init__(self) -> None:
        given = [self.snapshot, self.squeue or self.sinfo, self.slurm or None, self.at]
        if sum(one is not None for one in given) != 1:
            raise InputError(f"give one of {SOURCES}")
        if (self.squeue is None) != (self.sinfo is None):
            raise InputError("--squeue and --sinfo belong together: give both")
        if not 1 <= self.futures <= 10_000:
            raise InputError(f"--futures must be 1 to 10000, got {self.futures}")
        if self.horizon_s < 3600:
            raise InputError(f"--horizon must be at least one hour, got {self.horizon_s} s")


@dataclass(frozen=True, slots=True)
class _Scene:
    """A snapshot, the past that belongs to it, and the zone of its times of day."""

    snapshot: ClusterSnapshot
    past: PastJobs | None
    zone: str | None
    loaded: Loaded
    notes: tuple[str, ...] = ()


def predict_starts(request: StartTimesRequest, display: ProgressDisplay = QUIET) -> dict[str, Any]:
    """The object of `rare start-times --json`. InputError for bad input."""
    began_s = time.perf_counter()
    if request.save is not None:
        check_target(request.save, (".json",), request.force)
    if request.out is not None:
        check_place(request.out)
    scheduler = as_scheduler(make_scheduler(request.scheduler))
    scene = _of_trace(request, scheduler) if request.at is not None else _of_snapshot(request)
    found, left_out, notes = _found(scene, scheduler, request, display)
    rows = [] if found is None else _rows(found, request, _zone(request, scene))
    facts = {
        "scenario": scene.loaded.scenario.name,
        "scheduler": request.scheduler,
        "seed": request.seed,
        "taken_s": scene.snapshot.taken_s,
        "taken": _stamp(scene.snapshot.taken_s, _zone(request, scene)),
        "futures": request.futures,
        "horizon_s": request.horizon_s,
        "running": int(sum(job.state == RUNNING for job in scene.snapshot.jobs)),
        "history_jobs": 0 if scene.past is None else int(scene.past.ended.sum()),
        "waiting": len(rows),
        "jobs": rows,
        "left_out": [
            {"job_id": job.job_id, "user": job.user, "cores": job.cores, "reason": left_out[job.job_id]}
            for job in scene.snapshot.jobs
            if job.job_id in left_out
        ],
        "notes": notes,
        "seconds": round(time.perf_counter() - began_s, 3),
    }
    facts = _chosen(facts, request.jobs, scene.snapshot)
    if request.save is not None:
        write_snapshot(user_path(request.save), scene.snapshot)
    if request.out is not None:
        write_folder(request.out, facts)
    return facts


def _found(
    scene: _Scene, scheduler: BaseScheduler, request: StartTimesRequest, display: ProgressDisplay
) -> tuple[StartTimes | None, dict[str, str], list[str]]:
    """(start times, None where nobody waits; why jobs do not start, by id; notes). InputError."""
    try:
        part = _case(scene, scheduler, request.seed)
    except NoJobs as nothing:
        return None, nothing.left_out, list(scene.notes)
    notes = [*scene.notes, *part.notes, *_few_past_jobs(scene.past)]
    for text in notes:
        display.note(f"note: {text}")
    if len(part.waiting) == 0:
        return None, part.left_out, notes
    effort = Effort(request.futures, request.horizon_s, request.seed)
    with display.task("futures", "futures") as task:
        found = start_times(part, scheduler, scene.past, effort, task.update)
    return found, {**part.left_out, **found.never}, notes


def _few_past_jobs(past: PastJobs | None) -> list[str]:
    """A note where the past says little."""
    ended = 0 if past is None else int(past.ended.sum())
    if past is None or ended >= FEW_PAST_JOBS:
        return []
    return [f"{ended} past jobs have ended by then: the ranges rest on few jobs"]


def _case(scene: _Scene, scheduler: BaseScheduler, seed: int) -> SnapshotCase:
    """The case of a scene, its jobs without values unless the scheduler goes by them. InputError."""
    history = None if scene.past is None else scene.past.work
    part = snapshot_case(
        scene.snapshot, scene.loaded, history=history, zone=scene.zone, seed=seed, classes=False
    )
    try:
        scheduler.check(part.case)
    except InputError:
        part = snapshot_case(scene.snapshot, scene.loaded, history=history, zone=scene.zone, seed=seed)
        scheduler.check(part.case)
        note = "values and deadlines are drawn by the scenario's service classes; jobs may leave by these"
        part = dataclasses.replace(part, notes=(*part.notes, note))
    return part


# --- the scene ------------------------------------------------------------------------------------------


def _of_snapshot(request: StartTimesRequest) -> _Scene:
    loaded = load_scenario(request.scenario, request.wishes)
    notes: list[str] = []
    snapshot = _snapshot(request)
    if request.snapshot is None:
        snapshot, late = with_one_clock(snapshot, SQUEUE)
        notes += late
    refuse_overfull(snapshot)
    past = None
    if request.history is None:
        notes.append(
            "no history: run times are drawn from a general spread and nobody arrives; "
            "--history TRACE gives the cluster's past"
        )
    else:
        work = on_utc(read_workload(request.history))
        open_ids = frozenset(job.job_id for job in snapshot.jobs)
        last_s = min(snapshot.taken_s, int(work.submit_s[-1]) + 1)
        past = past_jobs(work, snapshot.taken_s, since_s=last_s - LEARN_S, without=open_ids)
        if past is None:
            raise InputError("begins after the snapshot", where=place(request.history))
    return _Scene(snapshot, past, request.zone, loaded, tuple(notes))


def _snapshot(request: StartTimesRequest) -> ClusterSnapshot:
    if request.snapshot is not None:
        return read_snapshot(request.snapshot)
    now_s = int(time.time())
    if request.slurm:
        squeue, sinfo = (_output(command) for command in SLURM_COMMANDS)
        return snapshot_of_slurm(squeue, sinfo, now_s)
    paths = [Path(str(request.squeue)), Path(str(request.sinfo))]
    squeue, sinfo = (_bytes(path) for path in paths)
    return snapshot_of_slurm(squeue, sinfo, int(paths[0].stat().st_mtime))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason})", where=place(path)) from None


def _output(command: tuple[str, ...]) -> bytes:
    """What a command of Slurm prints. InputError where it fails."""
    name = " ".join(command)
    try:
        done = subprocess.run(command, capture_output=True, timeout=SLURM_WAIT_S, check=False)
    except FileNotFoundError:
        raise InputError("is not installed here", where=name, remedy="give --squeue and --sinfo") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"did not run ({quoted(str(error), 120)})", where=name) from None
    if done.returncode != 0:
        said = quoted(done.stderr[-200:], 160)
        raise InputError(f"failed with exit code {done.returncode}: {said}", where=name)
    return done.stdout


def _of_trace(request: StartTimesRequest, scheduler: BaseScheduler) -> _Scene:
    """The snapshot of a replay of the scenario's workload."""
    if request.history is not None:
        raise InputError("--history goes with a snapshot; with --at the workload is its own past")
    moment = _moment(str(request.at))
    loaded = load_scenario(request.scenario, request.wishes)
    if loaded.scenario.workload.file is None and loaded.scenario.workload.model is None:
        raise InputError("--at needs a workload: give --workload FILE, or --scenario with one")
    built = build(loaded, seed=request.seed)
    work = built.case.workload
    zone = request.zone or work.zone
    taken_s = _utc_s(moment, work)
    schedule = schedule_of_case(built.case, scheduler)
    snapshot = snapshot_of_schedule(schedule, taken_s)
    if not snapshot.jobs and not int(work.submit_s[0]) <= taken_s - utc_shift_s(work) <= int(
        work.submit_s[-1]
    ):
        raise InputError(
            f"--at {request.at}: nothing runs or waits then; the workload's jobs are submitted from "
            f"{int(work.submit_s[0])} to {int(work.submit_s[-1])} s"
        )
    past = past_jobs(schedule.work, taken_s, end_s=schedule.end_s, since_s=taken_s - LEARN_S)
    return _Scene(snapshot, past, zone, loaded, tuple(built.warnings))


def _moment(text: str) -> int | datetime:
    """A count of seconds or a date. InputError for anything else."""
    try:
        if text.isascii() and text.isdigit() and len(text) <= 12:
            return int(text)
        return datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--at {quoted(text)}: is neither seconds nor a date", remedy="write 864000 or 1997-02-20T10:00"
        ) from None


def _utc_s(moment: int | datetime, work: Workload) -> int:
    """A moment as UTC seconds: one in seconds is on the workload's clock, a date in its zone."""
    if isinstance(moment, int):
        return moment + utc_shift_s(work)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC if work.zone is None else find_zone(work.zone))
    return int(moment.timestamp())


# --- rows ----------------------------------------------------------------------------------------------


def _rows(found: StartTimes, request: StartTimesRequest, zone: tzinfo | None) -> list[dict[str, Any]]:
    taken_s = found.part.taken_s
    levels = {key: found.at(level) for key, level in found.levels().items()}
    rows = []
    for column, job in enumerate(found.jobs):
        if job.job_id in found.never:
            continue
        starts = {key: _start(int(values[column]), taken_s, zone) for key, values in levels.items()}
        rows.append(
            {
                "job_id": job.job_id,
                "user": job.user,
                "cores": job.cores,
                "gpus": job.gpus_milli / 1000,
                "limit_s": job.limit_s,
                "waited_s": max(taken_s - job.submit_s, 0),
                **starts,
                "by_limits": _start(int(found.by_limit_s[column]), taken_s, zone),
                "share_in_horizon": float(np.mean(found.starts_s[:, column] < NEVER_S)),
                **({"after": list(job.after)} if job.after else {}),
            }
        )
    return rows


def _start(start_s: int, taken_s: int, zone: tzinfo | None) -> dict[str, Any] | None:
    """A start as an instant and as seconds from the snapshot; None: not before the horizon."""
    if start_s >= NEVER_S:
        return None
    return {"in_s": start_s - taken_s, "at_s": start_s, "at": _stamp(start_s, zone)}


def _stamp(utc_s: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(utc_s, UTC).astimezone(zone).isoformat()


def _zone(request: StartTimesRequest, scene: _Scene) -> tzinfo | None:
    name = request.zone or scene.zone
    return None if name is None else find_zone(name, "--zone")


def _chosen(facts: dict[str, Any], wanted: Sequence[str], snapshot: ClusterSnapshot) -> dict[str, Any]:
    """Only the jobs that were asked for. InputError for one that does not wait."""
    if not wanted:
        return facts
    states = {job.job_id: job for job in snapshot.jobs}
    for name in wanted:
        if name not in states:
            raise InputError(f"--job {quoted(name)}: is not in the snapshot")
        job: SnapshotJob = states[name]
        if job.start_s is not None:
            raise InputError(f"--job {quoted(name)}: is {job.state}, it has started")
    kept = {key: [row for row in facts[key] if row["job_id"] in wanted] for key in ("jobs", "left_out")}
    return {**facts, **kept}
