"""Limits of what users, accounts, QOS and partitions may run, submit and ask for (RULES §15)."""

from __future__ import annotations

from dataclasses import dataclass

from traces.errors import InputError

HOLDERS = ("user", "account", "qos", "partition")
"""By what a limit goes."""
AMOUNTS = ("running_jobs", "cores", "submitted_jobs", "wall_s")
"""What a limit bounds."""
EACH = "*"
"""In place of a name: each name has the limit by itself."""
MOST = 10**12
NOWHERE, OVER_LIMIT = -1, -2
"""In place of the partition of a job: it fits none (§2.2); a limit rejects it whatever happens (§15.3)."""


@dataclass(frozen=True, slots=True)
class JobLimit:
    """One limit. It holds for the jobs of all holders that it names together; None: not named.

    running_jobs   : of these jobs, so many may run at once
    cores          : and take so many cores together
    submitted_jobs : so many may wait or run at once; one more is rejected as it is submitted
    wall_s         : longest estimate; a job with a longer one is rejected as it is submitted
    """

    user: str | None = None
    account: str | None = None
    qos: str | None = None
    partition: str | None = None
    running_jobs: int | None = None
    cores: int | None = None
    submitted_jobs: int | None = None
    wall_s: int | None = None

    def __post_init__(self) -> None:
        if not self.holders:
            raise InputError(f"limit: names nobody; give {', '.join(HOLDERS[:-1])} or {HOLDERS[-1]}")
        given = {name: getattr(self, name) for name in AMOUNTS if getattr(self, name) is not None}
        if not given:
            raise InputError(f"limit: bounds nothing; give {', '.join(AMOUNTS[:-1])} or {AMOUNTS[-1]}")
        for name, value in given.items():
            if not 0 <= value <= MOST:
                raise InputError(f"limit: {name} must be between 0 and 10^12, got {value}")

    @property
    def holders(self) -> dict[str, str]:
        """Those of HOLDERS that it names, with their names or EACH."""
        return {key: getattr(self, key) for key in HOLDERS if getattr(self, key) is not None}
