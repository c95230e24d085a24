"""Which cores each job holds: the simulation pools those of a partition, a scheduler of Batsim names them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rare.model import Cluster
from schedulers.batsim.interval_sets import format_interval_set, parse_interval_set

FREE = -1


class CoreBook:
    """Who holds each core, and which free cores have no power.

    Cores are numbered through all partitions, in file order.
    """

    def __init__(self, cluster: Cluster) -> None:
        sizes = [part.nodes * part.cores_per_node for part in cluster.partitions]
        self._ends = np.cumsum(sizes)
        self._owner = np.full(int(self._ends[-1]), FREE, dtype=np.int64)
        self._held: dict[int, list[int]] = {}
        self.unpowered = np.zeros(len(self._owner), dtype=bool)

    @property
    def cores(self) -> int:
        """Cores of all partitions."""
        return len(self._owner)

    def partition_of(self, core: int) -> int:
        """The partition to which a core belongs."""
        return int(np.searchsorted(self._ends, core, side="right"))

    def span(self, partition: int) -> slice:
        """The cores of a partition."""
        last = int(self._ends[partition])
        return slice(int(self._ends[partition - 1]) if partition else 0, last)

    def take(self, job: int, text: str, count: int, partition: int) -> None:
        """Give a job the cores of an interval set. ValueError, in words, where it cannot have them."""
        numbers = parse_interval_set(text, self.cores)
        if len(numbers) != count:
            raise ValueError(f"has {len(numbers)} resources, and the job needs {count}")
        busy = [core for core in numbers if self._owner[core] != FREE]
        if busy:
            raise ValueError(f"has the resource {busy[0]}, which another job holds")
        foreign = [core for core in numbers if self.partition_of(core) != partition]
        if foreign:
            raise ValueError(
                f"has the resource {foreign[0]}, which is not of the job's partition "
                f"({format_interval_set(range(*self.span(partition).indices(self.cores)))})"
            )
        dark = [core for core in numbers if self.unpowered[core]]
        if dark:
            raise ValueError(f"has the resource {dark[0]}, which was told to be unavailable")
        self._owner[numbers] = job
        self._held[job] = numbers

    def release(self, job: int) -> str:
        """Free the cores of a job; they as an interval set, '' if it held none."""
        numbers = self._held.pop(job, [])
        self._owner[numbers] = FREE
        return format_interval_set(numbers)

    def free(self, partition: int) -> int:
        """Free cores of a partition, with power or without."""
        return int((self._owner[self.span(partition)] == FREE).sum())

    def set_powered(self, powered: Sequence[int]) -> tuple[str, str]:
        """Let so many free cores of each partition have power; (cores that lost it, cores that got it).

        The highest numbers go without. A core that has none keeps having none as long as enough others do,
        so that little is told.
        """
        before = self.unpowered.copy()
        free = self._owner == FREE
        self.unpowered &= free
        for partition, count in enumerate(powered):
            span = self.span(partition)
            places = np.flatnonzero(free[span]) + span.start
            dark = places[self.unpowered[places]]
            missing = max(len(places) - count, 0) - len(dark)
            if missing > 0:
                lit = places[~self.unpowered[places]]
                self.unpowered[lit[len(lit) - missing :]] = True
            elif missing < 0:
                self.unpowered[dark[:-missing]] = False
        lost = np.flatnonzero(self.unpowered & ~before).tolist()
        got = np.flatnonzero(before & ~self.unpowered).tolist()
        return format_interval_set(lost), format_interval_set(got)
