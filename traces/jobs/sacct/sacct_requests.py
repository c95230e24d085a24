"""What a row of sacct asked for or held: cores, GPUs, memory, time limit."""

from __future__ import annotations

import numpy as np

from traces.errors import Parameter, Phrase
from traces.jobs.repairs import Findings
from traces.jobs.sacct.rows.sacct_records import Records
from traces.jobs.sacct.rows.sacct_values import NONE

#: Columns that only the functions here look at.
READ_HERE = (
    "allocated_cpus",
    "requested_cpus",
    "nodes",
    "memory",
    "memory_each",
    *(
        f"{side}_{name}"
        for side in ("allocated", "requested")
        for name in ("gres", "tres_cpus", "tres_memory", "tres_nodes", "tres_gpus")
    ),
)
_EACH_NODE, _EACH_CPU = 1, 2
#: GPUs of a node times nodes stay in int64, whatever a damaged file says.
_MOST_NODES = 10**6


def _first_known(*columns: np.ndarray) -> np.ndarray:
    """Of each row the first value above 0, else 0."""
    known = np.zeros(len(columns[0]), dtype=np.int64)
    for column in reversed(columns):
        known = np.where(column > 0, column, known)
    return known


def cpus_of(records: Records, ran: np.ndarray) -> np.ndarray:
    """(n,) cpus: those a job held if it ran, else those it asked for; 0 where no field says."""
    held = _first_known(records["allocated_cpus"], records["allocated_tres_cpus"])
    asked = _first_known(records["requested_cpus"], records["requested_tres_cpus"])
    return np.where(ran, _first_known(held, asked), _first_known(asked, held))


def nodes_of(records: Records, ran: np.ndarray) -> np.ndarray:
    """(n,) nodes, at least one."""
    held = _first_known(records["allocated_nodes"], records["allocated_tres_nodes"], records["nodes"])
    asked = _first_known(records["requested_tres_nodes"], records["nodes"])
    return np.maximum(np.where(ran, _first_known(held, asked), _first_known(asked, held)), 1)


def gpus_of(records: Records, ran: np.ndarray) -> np.ndarray:
    """(n,) whole GPUs."""
    nodes = np.minimum(nodes_of(records, ran), _MOST_NODES)
    held = _first_known(records["allocated_tres_gpus"], records["allocated_gres"] * nodes)
    asked = _first_known(records["requested_tres_gpus"], records["requested_gres"] * nodes)
    return np.where(ran & (held > 0), held, np.where(ran & _lists_held(records), 0, asked))


def _lists_held(records: Records) -> np.ndarray:
    """Which rows say what they held, so that GPUs missing there were not held."""
    return records["allocated_tres_cpus"] != NONE


def memory_mib_of(records: Records, ran: np.ndarray) -> np.ndarray:
    """(n,) MiB of the whole job, rounded up; 0 where unknown."""
    each = records["memory_each"]
    times = np.select(
        [each == _EACH_NODE, each == _EACH_CPU], [nodes_of(records, ran), cpus_of(records, ran)], 1
    )
    # In float64: sizes of damaged files would leave int64. Whole MiB of real machines are exact there.
    asked = np.ceil(records["memory"] / 2**20) * np.maximum(times, 1)
    held = np.ceil(np.where(ran, records["allocated_tres_memory"], NONE) / 2**20)
    listed = np.ceil(records["requested_tres_memory"] / 2**20)
    mib = np.where(held > 0, held, np.where(listed > 0, listed, asked))
    return np.minimum(np.maximum(mib, 0), 10**12).astype(np.int64)


def cores_of(cpus: np.ndarray, threads: int | None, ids: np.ndarray, findings: Findings) -> np.ndarray:
    """(n,) cores of these cpus, rounded up. A note where nobody says how many threads a core has."""
    if threads is None:
        text: str = Phrase(
            "cpus are taken as cores; where Slurm counts hardware threads as cpus, give ",
            Parameter("threads_per_core", 2),
            " as they are imported",
        )
        findings.add("notes", "cpus_as_cores", cpus > 0, cpus, text)
        return cpus
    part = (cpus % threads != 0) & (cpus > 0)
    text = f"cpus are no multiple of {threads} threads, rounded up to whole cores"
    findings.add("notes", "part_of_a_core", part, cpus, text)
    return -(-cpus // threads)


def estimates_of(
    records: Records, run_s: np.ndarray, limits_s: dict[str, int], findings: Findings
) -> tuple[np.ndarray, np.ndarray]:
    """((n,) time limits [s], (n,) bool where none is known and the run time stands in).

    limits_s : partition -> its limit, for jobs that have none of their own
    """
    limit_s = records["limit"]
    if limits_s:
        names = records.texts["partition"]
        of_partition = np.array([limits_s.get(name.strip(), NONE) for name in names], dtype=np.int64)
        given = of_partition[records["partition"]]
        filled = (limit_s <= 0) & (given > 0)
        text = "no time limit, its partition's stands in as estimate"
        findings.add("repairs", "estimate_from_partition", filled, records["job"], text)
        limit_s = np.where(filled, given, limit_s)
    unknown = limit_s <= 0
    return np.where(unknown, run_s, limit_s), unknown
