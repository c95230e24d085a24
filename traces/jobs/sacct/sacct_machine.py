"""The machine behind accounts of Slurm: its partitions guessed from what ran, and whether all of it fits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from traces.jobs.sacct.rows.sacct_records import clean_text
from traces.jobs.sacct.sacct_jobs import Held
from traces.jobs.slurm_settings.node_names import node_names

#: The name of the one partition of accounts that name none.
ONLY = "main"
#: Names of nodes that are looked at; a cluster has fewer, and lists repeat.
_MOST_NAMES = 5_000_000


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that was held at once, and when first: `count` from `at_s` [s UTC] on."""

    count: int
    at_s: int


@dataclass(frozen=True, slots=True)
class GuessedPartition:
    """Identical nodes that would hold what ran in a partition.

    nodes : distinct nodes that the accounts name, of those this partition used most; without names as many
            as the largest simultaneous use needs
    cores_per_node, gpus_per_node : the most that a job held on a node, or that the peak needs
    peak_cores : the most cores held at once by its jobs
    guests : partitions whose nodes are all counted here, because they share them
    """

    name: str
    nodes: int
    cores_per_node: int
    gpus_per_node: int
    jobs: int
    peak_cores: int
    guests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overflow:
    """Where more was held than a machine has: from `first_s` on, most of all at `peak`, `over_s` in all."""

    peak: Peak
    first_s: int
    over_s: int
    line: int
    job: int


def peak_of(start_s: np.ndarray, stop_s: np.ndarray, amount: np.ndarray) -> Peak:
    """The largest sum of amounts held at one instant; what ends as another starts is not added to it."""
    times, sums = _levels(start_s, stop_s, amount)
    if not len(sums):
        return Peak(0, 0)
    at = int(np.argmax(sums))
    return Peak(int(sums[at]), int(times[at]))


def overflow(held: Held, processors: int) -> Overflow | None:
    """Where more cores were held than `processors`; None where all fits."""
    times, sums = _levels(held.start_s, held.stop_s, held.cores)
    over = sums > processors
    if not over.any():
        return None
    first, most = int(np.argmax(over)), int(np.argmax(sums))
    lengths = np.diff(np.append(times, times[-1]))
    # The job whose start took the machine over its size for the first time.
    starts = np.flatnonzero(held.start_s == times[first])
    job = int(starts[-1])
    return Overflow(
        Peak(int(sums[most]), int(times[most])),
        int(times[first]),
        int(lengths[over].sum()),
        int(held.line[job]),
        int(held.job[job]),
    )


def guessed_partitions(held: Held) -> list[GuessedPartition]:
    """The partitions that ran something, those of most core-hours first."""
    names = [clean_text(text.partition(",")[0]) or ONLY for text in held.texts["partition"]]
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    of_text = np.array([known[name] for name in names], dtype=np.int64)
    partition = of_text[held.partition]
    work = held.cores.astype(float) * (held.stop_s - held.start_s)
    owned, guests = _owners(held, partition, work)
    sizes: dict[int, GuessedPartition] = {}
    for name, number in known.items():
        rows = np.flatnonzero(partition == number)
        if len(rows):
            sizes[number] = _size(name, held, rows, owned.get(number))
    result = []
    hours = np.bincount(partition, work, minlength=len(known))
    for number in sorted(sizes, key=lambda number: (-hours[number], number)):
        if owned and number not in owned:
            continue
        part, visitors = sizes[number], [sizes[guest] for guest in guests.get(number, ()) if guest in sizes]
        alike = [part, *visitors]
        gone = tuple(visitor.name for visitor in visitors if known[visitor.name] not in owned)
        result.append(
            GuessedPartition(
                part.name,
                part.nodes,
                max(one.cores_per_node for one in alike),
                max(one.gpus_per_node for one in alike),
                part.jobs,
                part.peak_cores,
                gone,
            )
        )
    return result


def _size(name: str, held: Held, rows: np.ndarray, named: int | None) -> GuessedPartition:
    """What the jobs of one partition need; `named`: how many nodes the accounts name, None: not known."""
    cores, gpus, nodes = held.cores[rows], held.gpus[rows], held.nodes[rows]
    peak = peak_of(held.start_s[rows], held.stop_s[rows], cores).count
    peak_gpus = peak_of(held.start_s[rows], held.stop_s[rows], gpus).count
    cores_per_node = int((-(-cores // nodes)).max())
    gpus_per_node = int((-(-gpus // nodes)).max())
    if named is None:
        count = max(-(-peak // max(cores_per_node, 1)), int(nodes.max()))
        if gpus_per_node:
            count = max(count, -(-peak_gpus // gpus_per_node))
    else:
        count = named
        cores_per_node = max(cores_per_node, -(-peak // count))
        gpus_per_node = max(gpus_per_node, -(-peak_gpus // count))
    return GuessedPartition(name, count, cores_per_node, gpus_per_node, len(rows), peak)


def _owners(
    held: Held, partition: np.ndarray, work: np.ndarray
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """(partition -> nodes it owns, partition -> others that used its nodes); empty where nodes have no names.

    A node belongs to the partition that used it most.
    """
    pairs = np.stack([partition, held.node_list.astype(np.int64)], axis=1)
    distinct, place = np.unique(pairs, axis=0, return_inverse=True)
    totals = np.bincount(place.reshape(-1), work)
    use: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    looked_at = 0
    for (number, list_code), total in zip(distinct.tolist(), totals.tolist(), strict=True):
        text = clean_text(held.texts["node_list"][list_code])
        try:
            nodes = node_names(text)
        except ValueError:
            return {}, {}
        looked_at += len(nodes)
        if not nodes or looked_at > _MOST_NAMES:
            return {}, {}
        for node in nodes:
            use[node][number] += total / len(nodes)
    owned: dict[int, int] = defaultdict(int)
    guests: dict[int, list[int]] = defaultdict(list)
    for shares in use.values():
        owner = min(shares, key=lambda number: (-shares[number], number))
        owned[owner] += 1
        guests[owner] += [number for number in shares if number != owner and number not in guests[owner]]
    return dict(owned), dict(guests)


def _levels(start_s: np.ndarray, stop_s: np.ndarray, amount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(instants at which the sum changes, the sum from each of them on)."""
    times = np.concatenate([start_s, stop_s])
    changes = np.concatenate([amount, -amount])
    instants, place = np.unique(times, return_inverse=True)
    deltas = np.zeros(len(instants), dtype=np.int64)
    np.add.at(deltas, place.reshape(-1), changes)
    return instants, np.cumsum(deltas)
