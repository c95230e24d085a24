"""`rare traces import sacct`: accounts of Slurm to a workload and a guessed scenario, with a report."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from experiments.data.cluster_import.guessed_scenario import guessed_scenario
from experiments.data.cluster_import.run_sacct import sacct_output
from experiments.data.option_words import option_words
from experiments.runs.output_targets import check_target
from traces.errors import InputError
from traces.files.atomic import write_text
from traces.files.documents import user_path
from traces.files.text import MAX_BYTES, place, refuse_os
from traces.jobs.job_files import write_workload
from traces.jobs.sacct.anonymous import anonymous
from traces.jobs.sacct.sacct_jobs import Accounts
from traces.jobs.sacct.sacct_machine import GuessedPartition, guessed_partitions, overflow, peak_of
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_reader import read_accounts
from traces.jobs.slurm_settings.slurm_conf import SlurmConf, read_slurm_conf
from traces.jobs.workload import LARGEST_COUNT, NO_CANCEL_S, Workload

SUFFIXES = (".csv", ".csv.gz", ".parquet")
_STDIN = "standard input"
_PIECE = 2**20
#: Repairs whose value is the row that was repaired.
_ROWS = {"delimiter_in_name", "line_break", "not_utf8"}


@dataclass(frozen=True, slots=True)
class SacctImport:
    """Options of an import.

    out, scenario_out : where jobs and scenario go; no scenario_out: beside the jobs, as .toml
    zone, threads_per_core, arrival, cluster, delimiter, strict : as in `SacctOptions`
    processors : cores of the machine, against which is checked what ran; None: by slurm_conf, else unchecked
    slurm_conf : the cluster's slurm.conf: its cores, threads per core and time limits of partitions
    anonymize  : other names for users, groups and accounts, numbered by `seed`, None: in order of appearance
    run        : let sacct print the accounts from `since` to `until`, times as sacct takes them
    force      : replace files that exist
    """

    out: str
    scenario_out: str | None = None
    zone: str | None = None
    threads_per_core: int | None = None
    arrival: str | None = None
    cluster: str | None = None
    delimiter: str | None = None
    processors: int | None = None
    slurm_conf: str | None = None
    anonymize: bool = False
    seed: int | None = None
    run: bool = False
    since: str = "now-28days"
    until: str = "now"
    strict: bool = False
    force: bool = False


def import_sacct(source: str | None, request: SacctImport) -> dict[str, Any]:
    """Read accounts of Slurm, write jobs and scenario atomically, and return the report, ready for JSON.

    source : a file, '-' for standard input, or None with `run`. InputError in the command line's words.
    """
    try:
        return _import(source, request)
    except InputError as error:
        raise error.worded(option_words) from error


def _import(source: str | None, request: SacctImport) -> dict[str, Any]:
    if (source is None) != request.run:
        raise InputError("give either a FILE (- for standard input) or --run, which calls sacct")
    if request.seed is not None and not request.anonymize:
        raise InputError("--seed orders the names of --anonymize; give both or none")
    processors = request.processors
    if processors is not None and not 0 < processors <= LARGEST_COUNT:
        raise InputError(f"--processors is {processors}; expected 1 to {LARGEST_COUNT}")
    check_target(request.out, SUFFIXES, request.force)
    scenario_out = request.scenario_out or _beside(request.out)
    check_target(scenario_out, (".toml",), request.force)
    if source not in (None, "-") and _is_same_file(str(source), request.out):
        raise InputError(f"{place(request.out)}: is the file that is read; name another for the jobs")
    conf = None if request.slurm_conf is None else read_slurm_conf(user_path(request.slurm_conf))
    options = _options(request, conf)
    if conf is not None and processors is None:
        processors = conf.cores
    accounts = _accounts(source, request, options)
    jobs, partitions = accounts.workload, guessed_partitions(accounts.held)
    if request.anonymize:
        jobs = anonymous(jobs, request.seed)
    guessed = sum(part.nodes * part.cores_per_node for part in partitions)
    jobs = dataclasses.replace(jobs, processors=processors or guessed or None)
    text = guessed_scenario(
        Path(scenario_out).stem, _relative(request.out, scenario_out), partitions, jobs.cancel_s is not None
    )
    out, scenario = user_path(request.out), user_path(scenario_out)
    write_workload(jobs, str(out))
    try:
        write_text(scenario, text)
    except (OSError, ValueError) as error:
        refuse_os(scenario, error, "write")
    report = _report(accounts, jobs, partitions, processors)
    if request.anonymize:
        _hide_rows(report)
    return {**report, "out": request.out, "scenario": scenario_out, "anonymized": request.anonymize}


def _is_same_file(one: str, other: str) -> bool:
    """Whether both name one file that exists."""
    try:
        return os.path.samefile(user_path(one), user_path(other))
    except OSError:
        return False


def _options(request: SacctImport, conf: SlurmConf | None) -> SacctOptions:
    threads = request.threads_per_core
    return SacctOptions(
        zone=request.zone,
        threads_per_core=threads if threads is not None or conf is None else conf.threads_per_core,
        arrival=request.arrival,
        cluster=request.cluster,
        delimiter=request.delimiter,
        limits_s={} if conf is None else conf.limits_s,
        strict=request.strict,
    )


def _beside(out: str) -> str:
    """The name of the scenario beside a file of jobs: jobs.csv.gz has jobs.toml."""
    path = Path(out)
    name = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    return str(path.with_name(f"{Path(name).stem or 'jobs'}.toml"))


def _relative(out: str, scenario_out: str) -> str:
    """The file of jobs as the scenario names it: relative to the scenario's folder."""
    folder = user_path(scenario_out).resolve().parent
    return os.path.relpath(user_path(out).resolve(), folder)


def _accounts(source: str | None, request: SacctImport, options: SacctOptions) -> Accounts:
    if source is not None and source != "-":
        return read_accounts(user_path(source), options)
    with tempfile.TemporaryDirectory(prefix="rare-sacct-") as folder:
        path = Path(folder) / "printed.txt"
        if request.run:
            name = "sacct"
            with path.open("wb") as stream:
                sacct_output(request.since, request.until, request.cluster, stream)
        else:
            name = _STDIN
            with path.open("wb") as stream:
                _spool(sys.stdin.buffer, stream)
        try:
            accounts = read_accounts(path, options)
        except InputError as error:
            raise _renamed(error, str(path), name) from None
        workload = dataclasses.replace(accounts.workload, name=name)
        return dataclasses.replace(accounts, workload=workload)


def _spool(source: BinaryIO, stream: BinaryIO) -> None:
    """Copy standard input to a file, so that it can be recognised and read like one. InputError."""
    total = 0
    while piece := source.read(_PIECE):
        total += len(piece)
        if total > MAX_BYTES:
            raise InputError(f"{_STDIN}: holds more than {MAX_BYTES} bytes; split it")
        stream.write(piece)


def _renamed(error: InputError, path: str, name: str) -> InputError:
    """The error with the name of where it came from instead of our copy's."""
    where = error.where.replace(path, name) if isinstance(error.where, str) else error.where
    return InputError(
        error.what.replace(path, name) if path in error.what else error.what,
        where=where,
        value=error.value,
        remedy=error.remedy,
    )


# --- report ---------------------------------------------------------------------------------------------


def _report(
    accounts: Accounts, jobs: Workload, partitions: list[GuessedPartition], processors: int | None
) -> dict[str, Any]:
    """The facts of an import, ready for JSON."""
    held = accounts.held
    peak = peak_of(held.start_s, held.stop_s, held.cores)
    over = None if processors is None else overflow(held, processors)
    return {
        "jobs": len(jobs),
        "cancellations": 0 if jobs.cancel_s is None else _cancelled(jobs),
        "core_hours": round(float((held.cores.astype(float) * (held.stop_s - held.start_s)).sum()) / 3600, 3),
        "start_utc": _instant(int(jobs.utc(0).timestamp())),
        "end_utc": _instant(int(held.stop_s.max())) if len(held.stop_s) else None,
        "zone": jobs.zone,
        "processors": processors,
        "peak_cores": peak.count,
        "peak_utc": _instant(peak.at_s) if peak.count else None,
        "overflow": None
        if over is None
        else {
            "first_utc": _instant(over.first_s),
            "line": over.line,
            "job": over.job,
            "most_cores": over.peak.count,
            "most_utc": _instant(over.peak.at_s),
            "seconds": over.over_s,
        },
        "partitions": [
            {
                "name": part.name,
                "nodes": part.nodes,
                "cores_per_node": part.cores_per_node,
                "gpus_per_node": part.gpus_per_node,
                "runs": part.jobs,
                "peak_cores": part.peak_cores,
                "shared_with": list(part.guests),
            }
            for part in partitions
        ],
        **jobs.report.as_dict(option_words),
    }


def _hide_rows(report: dict[str, Any]) -> None:
    """Take out the values that are rows of the file, which name users."""
    for code in _ROWS & report["repairs"].keys():
        report["repairs"][code]["value"] = None


def _cancelled(jobs: Workload) -> int:
    return 0 if jobs.cancel_s is None else int((jobs.cancel_s != NO_CANCEL_S).sum())


def _instant(second: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
