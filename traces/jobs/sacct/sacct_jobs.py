"""Jobs of the rows of sacct: which count, when they arrived, what they asked for; and a Workload of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from traces.errors import InputError, Parameter, Phrase, quoted
from traces.files.text import place
from traces.jobs.repairs import Findings
from traces.jobs.sacct import sacct_requests as requests
from traces.jobs.sacct.rows.sacct_records import Records, clean_text
from traces.jobs.sacct.rows.sacct_stamps import NO_TIME
from traces.jobs.sacct.rows.sacct_values import ELSEWHERE, NONE, PENDING, RUNNING
from traces.jobs.sacct.sacct_clock import in_utc
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_tries import Runs, joined_tries, runs_of, without_repeats
from traces.jobs.sacct.sacct_wide import joined_parts
from traces.jobs.workload import NO_CANCEL_S, Workload
from traces.times.timezones import EPOCH


@dataclass(frozen=True, slots=True)
class Held:
    """What ran on the machine, every try of every job by itself: (n,) each.

    start_s, stop_s : [s UTC]; cores, gpus, nodes; partition, node_list : numbers of the texts in `texts`
    job, line : the id, and where it stands in the file
    """

    start_s: np.ndarray
    stop_s: np.ndarray
    cores: np.ndarray
    gpus: np.ndarray
    nodes: np.ndarray
    memory_mib: np.ndarray
    partition: np.ndarray
    node_list: np.ndarray
    job: np.ndarray
    line: np.ndarray
    texts: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Accounts:
    """The jobs of accounts of Slurm, and all that ran (requeued tries too), to see what machine it was."""

    workload: Workload
    held: Held


def accounts_of(records: Records, path: Path | str, findings: Findings, options: SacctOptions) -> Accounts:
    """Jobs of the rows of a file. InputError where none is one, times need a zone, or clusters mix."""
    count = len(records)
    findings.at(records["line"])
    records = _of_one_cluster(records, path, options, findings)
    records = in_utc(records, options.zone, findings)
    _refuse_without_submit(records, findings)
    records = without_repeats(records, findings)
    runs = runs_of(records, findings)
    cpus = requests.cpus_of(records, runs.ran)
    threads = options.threads_per_core
    cores = requests.cores_of(cpus, threads, records["job"], findings)
    records = records.replaced(
        cores=cores,
        gpus=requests.gpus_of(records, runs.ran),
        memory_mib=requests.memory_mib_of(records, runs.ran),
        node_count=requests.nodes_of(records, runs.ran),
    )
    records = records.without(requests.READ_HERE)
    held = _held(records, runs)
    records, runs = joined_tries(records, runs, findings)
    records, runs = joined_parts(records, runs, findings)
    return Accounts(_Jobs(records, runs, options, findings).workload(path, count), held)


def _of_one_cluster(records: Records, path: Path | str, options: SacctOptions, findings: Findings) -> Records:
    names = [name.strip() for name in records.texts["cluster"]]
    counts = np.bincount(records["cluster"], minlength=len(names))
    present = {name: int(count) for name, count in zip(names, counts, strict=True) if count and name}
    if options.cluster is None:
        if len(present) > 1:
            listed = ", ".join(f"{quoted(name)} ({count})" for name, count in list(present.items())[:5])
            raise InputError(
                f"holds jobs of {len(present)} clusters: {listed}",
                where=place(path),
                remedy=Phrase("name the one to read by ", Parameter("cluster")),
            )
        return records
    if options.cluster not in present:
        raise InputError(
            f"the file has no job of cluster {quoted(options.cluster)}",
            where=Parameter("cluster"),
            remedy=f"it has {', '.join(map(quoted, list(present)[:5])) or 'no column Cluster'}",
        )
    keep = np.array([name == options.cluster for name in names])[records["cluster"]]
    findings.add("notes", "other_clusters", ~keep, records["job"], "of another cluster, passed over")
    findings.at(findings.lines[keep])
    return records.take(keep)


def _refuse_without_submit(records: Records, findings: Findings) -> None:
    without = records["submit"] == NO_TIME
    text = "job {} has no Submit; leave its row out, or correct it"
    findings.refuse([(without, records["job"], text)])


def _held(records: Records, runs: Runs) -> Held:
    ran = np.flatnonzero(runs.ran & (runs.stop_s > runs.start_s))
    names = ("cores", "gpus", "node_count", "memory_mib", "partition", "node_list", "job", "line")
    cores, gpus, nodes, memory, partition, node_list, job, line = (records[name][ran] for name in names)
    return Held(
        runs.start_s[ran],
        runs.stop_s[ran],
        cores,
        gpus,
        nodes,
        memory,
        partition,
        node_list,
        job,
        line,
        records.texts,
    )


class _Jobs:
    """The rows that are left, one for each job, sorted out and made a workload."""

    def __init__(self, records: Records, runs: Runs, options: SacctOptions, findings: Findings) -> None:
        self._records, self._runs = records, runs
        self._options, self._findings = options, findings

    def workload(self, path: Path | str, rows: int) -> Workload:
        """The Workload; `rows` is how many the file had. InputError where no row is a job."""
        findings, options = self._findings, self._options
        self._estimate_s, self._unknown = requests.estimates_of(
            self._records, self._runs.run_s, options.limits_s, findings
        )
        self._gone_s = np.where(self._runs.ran, NO_TIME, self._records["end"])
        self._arrival_s = self._arrivals()
        self._take(self._jobs(), path, rows)
        records, runs, unknown = self._records, self._runs, self._unknown
        waited = ~runs.ran
        work_s = np.where(waited, self._estimate_s, runs.run_s)
        self._note(waited, unknown, work_s)
        first_s = int(self._arrival_s.min())
        ids = self._ids()
        if options.strict:
            findings.refuse_all()
        return Workload.from_columns(
            place(Path(path).name),
            job_id=ids,
            submit_s=self._arrival_s - first_s,
            work_s=work_s,
            estimate_s=self._estimate_s,
            cores=records["cores"],
            gpus_milli=records["gpus"] * 1000,
            memory_mib=records["memory_mib"],
            cancel_s=np.where(waited, self._gone_s - first_s, NO_CANCEL_S) if waited.any() else None,
            **{name: self._texts(name) for name in ("user", "group", "account", "qos")},
            partition=self._texts("partition", _first_partition),
            origin_utc=EPOCH + timedelta(seconds=first_s),
            zone=options.zone,
            estimates="run_time" if unknown.all() else "user",
            report=findings.report(rows),
        )

    def _arrivals(self) -> np.ndarray:
        """(n,) when each job arrives [s UTC]; NO_TIME for one that never could start."""
        records, runs, findings = self._records, self._runs, self._findings
        submit_s, eligible_s = records["submit"], records["eligible"]
        early = runs.ran & (runs.start_s < submit_s)
        text = "started before its Submit, which is moved to its start"
        findings.add("repairs", "start_before_submit", early, records["job"], text)
        submit_s = np.where(early, runs.start_s, submit_s)
        if (self._options.arrival or "eligible") == "submit" or "eligible" not in records.given:
            return submit_s
        never = (eligible_s == NO_TIME) & ~runs.ran
        known = eligible_s != NO_TIME
        later = np.where(known, np.maximum(eligible_s, submit_s), submit_s)
        # The accounts of a requeued job have the time from which it could start again.
        arrival_s = np.where(runs.ran, np.minimum(later, np.maximum(runs.start_s, submit_s)), later)
        text = Phrase(
            "could start only later than its Submit (begin time, dependency, hold, array limit) and arrives "
            "then; else give ",
            Parameter("arrival", "submit"),
        )
        findings.add("notes", "eligible_later", ~never & (arrival_s > submit_s), records["job"], text)
        return np.where(never, NO_TIME, arrival_s)

    def _jobs(self) -> np.ndarray:
        """Which rows are jobs; the others are counted, each under one code."""
        records, ran = self._records, self._runs.ran
        gone_s, arrival_s = self._gone_s, self._arrival_s
        keep = np.ones(len(records), dtype=bool)

        def skip(code: str, mask: np.ndarray, text: str) -> None:
            nonlocal keep
            self._findings.add("skips", code, mask & keep, records["job"], text)
            keep = keep & ~mask

        kind = records["kind"]
        skip("elsewhere", kind == ELSEWHERE, "revoked: it ran on another cluster of the federation, skipped")
        waiting = ~ran & ((kind == PENDING) | (kind == RUNNING) | (gone_s == NO_TIME))
        skip("pending", waiting, "had not started at the end of the file, skipped")
        nothing = (records["cores"] <= 0) & (records["gpus"] <= 0)
        skip("no_processors", nothing, "neither cpus nor GPUs known, skipped")
        text = "taken away before it could ever start (no Eligible), skipped"
        never = ~ran & ((arrival_s == NO_TIME) | (arrival_s > gone_s))
        skip("never_eligible", never, text)
        text = "cancelled before it ran, with neither run time nor time limit, skipped"
        skip("cancelled_without_estimate", ~ran & self._unknown, text)
        return keep

    def _take(self, keep: np.ndarray, path: Path | str, rows: int) -> None:
        """Keep these rows only. InputError for none; `rows` is how many the file had."""
        if not keep.any():
            raise InputError(
                f"none of its {rows} rows is a job that ran or was cancelled",
                where=place(path),
                remedy="print accounts of jobs that have ended: sacct --starttime",
            )
        self._findings.at(self._findings.lines[keep])
        self._records, self._runs = self._records.take(keep), self._runs.take(keep)
        self._estimate_s, self._unknown = self._estimate_s[keep], self._unknown[keep]
        self._arrival_s, self._gone_s = self._arrival_s[keep], self._gone_s[keep]

    def _note(self, waited: np.ndarray, unknown: np.ndarray, work_s: np.ndarray) -> None:
        records, findings = self._records, self._findings
        text = "no time limit, the run time stands in as estimate"
        findings.add("repairs", "estimate_from_run_time", unknown, records["job"], text)
        cut = self._runs.ran & (records["kind"] == RUNNING)
        text = "still running at the end of the file: what it had run by then is its work"
        findings.add("repairs", "still_running", cut, records["job"], text)
        text = (
            "taken away as it waited: leaves at its End unless it has started by then; its time limit stands "
            "in for the run time it never had"
        )
        findings.add("notes", "cancelled_while_waiting", waited, records["job"], text)
        many = records["tasks"] > 1
        if many.any():
            row = int(np.argmax(many))
            tasks = int(records["tasks"][row])
            text = f"tasks of an array that never started, one row for {tasks}; one job of it"
            findings.add("notes", "array_remainder", many, records["job"], text)
        several = np.array(["," in name for name in records.texts["partition"]])[records["partition"]]
        text = "asked for several partitions, the first counts"
        findings.add("notes", "several_partitions", several, records["job"], text)
        findings.note_jobs(~unknown, records["cores"], work_s, self._estimate_s, None)

    def _ids(self) -> np.ndarray:
        """Ids: Slurm's own number of each job where the file has it, else the id as printed.

        A job whose id an earlier one had gets a number above all others.
        """
        records, findings = self._records, self._findings
        raw = records["raw"]
        plain = (records["task"] == NONE) & (records["part"] == NONE)
        if (raw != NONE).all():
            ids = raw.copy()
        elif plain.all():
            ids = records["job"].copy()
        else:
            return self._text_ids()
        again = _repeats(ids)
        text = "its id was another job's before; it gets a number above all others"
        findings.add("repairs", "recycled_id", again, ids, text)
        ids[again] = int(ids.max()) + 1 + np.arange(int(again.sum()))
        return ids

    def _text_ids(self) -> np.ndarray:
        ids = np.array([self._records.id_text(row) for row in range(len(self._records))], dtype=object)
        again = _repeats(np.unique(ids.astype(str), return_inverse=True)[1])
        text = "its id was another job's before; its submit time is added to it"
        self._findings.add("repairs", "recycled_id", again, ids.tolist(), text)
        for row in np.flatnonzero(again).tolist():
            ids[row] = f"{ids[row]}@{int(self._records['submit'][row])}"
        return ids

    def _texts(self, name: str, clean: Callable[[str], str] = clean_text) -> np.ndarray | None:
        """The texts of a column; None where the file has none. InputError for what cannot be printed."""
        if name not in self._records.given:
            return None
        known = [clean(text) for text in self._records.texts[name]]
        wrong = np.array([not text.isprintable() for text in known])
        codes = self._records[name]
        if wrong[codes].any():
            row = int(np.argmax(wrong[codes]))
            raise InputError(
                f"{name.capitalize()} is {ascii(known[codes[row]])[:40]}, with characters that cannot be "
                "printed",
                where=self._findings.where(row),
            )
        return np.array([*known, ""], dtype=object)[:-1][codes]


def _first_partition(text: str) -> str:
    return clean_text(text.partition(",")[0])


def _repeats(ids: np.ndarray) -> np.ndarray:
    """Which ids an earlier row has: (n,) bool."""
    order = np.argsort(ids, kind="stable")
    repeated = np.zeros(len(ids), dtype=bool)
    repeated[order[1:]] = ids[order[1:]] == ids[order[:-1]]
    return repeated
