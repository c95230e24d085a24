"""What sacct does not print and its reader must be told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from traces.errors import InputError, Parameter, quoted
from traces.files.text import MAX_BYTES
from traces.times.timezones import find_zone

ARRIVALS = ("eligible", "submit")
MOST_THREADS = 64


@dataclass(frozen=True, slots=True)
class SacctOptions:
    """How accounts of Slurm are read.

    zone      : of the cluster's clock, such as Europe/Berlin; None: a line `# zone:` of the file, if any
    threads_per_core : hardware threads that Slurm counts as cpus of one core; None: the file's line, else 1
    arrival   : 'eligible' (when a job could start: after its begin time, dependencies and holds) or 'submit'
    cluster   : the rows of this cluster only; None: the file must hold one
    delimiter : between fields; None: by the header
    limits_s  : partition -> its longest run time [s], the estimate of jobs without a limit of their own
    strict    : the first repair or skip is an error
    max_bytes : cap on the unpacked size of the file
    """

    zone: str | None = None
    threads_per_core: int | None = None
    arrival: str | None = None
    cluster: str | None = None
    delimiter: str | None = None
    limits_s: dict[str, int] = field(default_factory=dict)
    strict: bool = False
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        if self.zone is not None:
            find_zone(self.zone, Parameter("zone"))
        threads = self.threads_per_core
        if threads is not None and not 1 <= threads <= MOST_THREADS:
            raise InputError(
                f"is {threads}", where=Parameter("threads_per_core"), remedy=f"expected 1 to {MOST_THREADS}"
            )
        if self.arrival is not None and self.arrival not in ARRIVALS:
            raise InputError(
                f"is {quoted(self.arrival)}",
                where=Parameter("arrival"),
                remedy=f"known: {', '.join(ARRIVALS)}",
            )
        if self.delimiter is not None and (not self.delimiter or self.delimiter.isalnum()):
            raise InputError(
                f"is {quoted(self.delimiter)}", where=Parameter("delimiter"), remedy="give a mark such as '|'"
            )

    def with_leads(self, leads: dict[str, str], where: str) -> SacctOptions:
        """The same with what lines `# key: value` of the file say and the caller does not. InputError."""
        threads = leads.get("threads_per_core")
        if threads is not None and not (threads.isascii() and threads.isdecimal() and len(threads) < 4):
            raise InputError(
                f"threads_per_core is {quoted(threads)}", where=where, remedy="give a whole number"
            )
        try:
            return replace(
                self,
                zone=self.zone or leads.get("zone"),
                threads_per_core=self.threads_per_core or (int(threads) if threads is not None else None),
                arrival=self.arrival or leads.get("arrival"),
                cluster=self.cluster or leads.get("cluster"),
            )
        except InputError as error:
            raise error.within(where) from None
