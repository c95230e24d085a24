"""Reading accounts of Slurm: what sacct prints, or slurm2sql's database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from traces.errors import InputError
from traces.files.documents import is_regular, reads_file
from traces.files.text import blocks, place
from traces.jobs.dependencies.unasked import as_asked
from traces.jobs.read_options import ReadOptions
from traces.jobs.repairs import Findings
from traces.jobs.sacct.rows.sacct_database import database_chunks, is_database
from traces.jobs.sacct.rows.sacct_fields import is_header
from traces.jobs.sacct.rows.sacct_records import RecordReader
from traces.jobs.sacct.rows.sacct_text import SacctText, delimiter_of
from traces.jobs.sacct.sacct_jobs import Accounts, accounts_of
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.workload import Workload
from traces.read_report import Finding

_MOST_LEADS = 20


@reads_file
def read_accounts(path: Path | str, options: SacctOptions | None = None) -> Accounts:
    """The jobs of sacct's output or slurm2sql's database, plain or (text) gzipped.

    InputError names file, line, field and value. What is repaired and skipped: docs/reference/workload-format.md.
    """
    options = options or SacctOptions()
    found: list[tuple[str, str, Finding]] = []
    if is_database(path):
        reader = RecordReader(path, "row")
        for rows, cells in database_chunks(path, found):
            reader.add(rows, cells)
    else:
        reader = RecordReader(path)
        printed = SacctText(path, options.max_bytes, options.delimiter)
        for lines, cells in printed.chunks():
            reader.add(lines, cells)
        found = printed.findings
        options = options.with_leads(printed.leads, place(path))
    findings = Findings(path, np.zeros(0, dtype=np.int64), reader.unit)
    for kind, code, finding in found:
        findings.put(kind, code, finding)
    return accounts_of(reader.records(), path, findings, options)


def read_sacct(path: Path, options: ReadOptions) -> Workload:
    """The workload of sacct's output, for `traces.read_workload`. The zone stands in a line of the file."""
    jobs = read_accounts(path, SacctOptions(strict=options.strict, max_bytes=options.max_bytes)).workload
    if options.cancellations == "replay" or jobs.cancel_s is None:
        return jobs
    notes = {code: note for code, note in jobs.report.notes.items() if code != "cancelled_while_waiting"}
    return as_asked(replace(jobs, report=replace(jobs.report, notes=notes)), options)


def recognises(path: Path) -> bool:
    """Whether a file is a database of SQLite, or its first line that is no comment is a header of sacct."""
    if not is_regular(path):
        return False
    try:
        if is_database(path):
            return True
        first = next(blocks(path), b"").removeprefix(b"\xef\xbb\xbf")
    except InputError:  # whoever reads it will say why
        return False
    for line in first.split(b"\n", _MOST_LEADS)[:_MOST_LEADS]:
        text = line.strip().decode("utf-8", "replace")
        if text and not text.startswith("#"):
            return delimiter_of(text) is not None or is_header(text.split())
    return False
