"""How far backfilling looks, as Slurm limits it (RULES §10.11 to §10.14)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from traces.errors import InputError

MOST = 10**9


@dataclass(frozen=True, slots=True)
class BackfillOptions:
    """0 stands for no limit, which is how RARE backfills without them.

    window_s     : planned starts later than so long from now are none (Slurm's bf_window)
    resolution_s : what waits holds its place from and until multiples of it (bf_resolution)
    max_jobs     : jobs of the queue that are tested in one pass (bf_max_job_test)
    interval_s   : passes are made at multiples of it (bf_interval); in between the queue is served in order
    """

    window_s: int = 0
    resolution_s: int = 0
    max_jobs: int = 0
    interval_s: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value <= MOST:
                raise InputError(f"backfill: {field.name} must be between 0 and 10^9, got {value}")

    @property
    def is_limited(self) -> bool:
        """Whether any of them is set."""
        return self != BackfillOptions()
