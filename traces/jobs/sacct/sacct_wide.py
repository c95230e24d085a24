"""Heterogeneous jobs (`18+0`, `18+1`): parts that start together, as one job where they can be."""

from __future__ import annotations

import numpy as np

from traces.jobs.repairs import Findings
from traces.jobs.sacct.rows.sacct_records import Records
from traces.jobs.sacct.rows.sacct_values import NONE
from traces.jobs.sacct.sacct_tries import Runs

_SUMS = ("cores", "gpus", "memory_mib", "node_count")


def joined_parts(records: Records, runs: Runs, findings: Findings) -> tuple[Records, Runs]:
    """The records with one row for each heterogeneous job whose parts are of one partition.

    Its cores, GPUs and memory are the sums, its run time the longest. Parts of several partitions stay jobs
    of their own: a job of RARE runs in one.
    """
    parts = np.flatnonzero(records["part"] != NONE)
    if not len(parts):
        return records, runs
    groups: dict[tuple[int, int], list[int]] = {}
    for row in parts.tolist():
        groups.setdefault((int(records["job"][row]), int(records["submit"][row])), []).append(row)
    columns = {name: values.copy() for name, values in records.columns.items()}
    gone, apart = np.zeros(len(records), bool), np.zeros(len(records), bool)
    start_s, stop_s, run_s = runs.start_s.copy(), runs.stop_s.copy(), runs.run_s.copy()
    for rows in groups.values():
        rows.sort(key=lambda row: int(records["part"][row]))
        first = rows[0]
        alike = all(len(set(values[rows].tolist())) == 1 for values in (records["partition"], runs.ran))
        if len(rows) == 1 or not alike:
            apart[rows[1:]] = True
            continue
        for name in _SUMS:
            columns[name][first] = int(records[name][rows].sum())
        columns["part"][first] = NONE
        gone[rows[1:]] = True
        run_s[first], stop_s[first] = int(runs.run_s[rows].max()), int(runs.stop_s[rows].max())
        start_s[first] = int(runs.start_s[rows].min())
    text = "a part of a heterogeneous job, joined to its first: cores are added up, the longest run counts"
    findings.add("repairs", "parts_joined", gone, records["job"], text)
    text = "a part of a heterogeneous job in another partition than its first, a job of its own"
    findings.add("notes", "parts_apart", apart, records["job"], text)
    keep = ~gone
    findings.at(findings.lines[keep])
    taken = Runs(runs.ran, start_s, stop_s, run_s).take(keep)
    return Records(columns, records.texts, records.given).take(keep), taken
