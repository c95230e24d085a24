"""What a caller of `read_workload` asks of a reader, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from traces.errors import InputError, Parameter, quoted
from traces.files.text import MAX_BYTES

CANCELLATIONS = ("skip", "replay")
DEPENDENCIES = ("ignore", "wait")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Arguments of `read_workload` that a format's reader gets.

    mapping : name or TOML file of a mapping of columns; only where the format takes one
    strict : the first repair or skip is an error
    max_bytes : cap on the unpacked size of the file
    cancellations : 'skip' or 'replay', of jobs that their users gave up while they waited
    dependencies : 'ignore' or 'wait', of jobs that wait for other jobs
    """

    mapping: str | Path | None = None
    strict: bool = False
    max_bytes: int = MAX_BYTES
    cancellations: str = "skip"
    dependencies: str = "ignore"

    def __post_init__(self) -> None:
        for key, known in (("cancellations", CANCELLATIONS), ("dependencies", DEPENDENCIES)):
            if getattr(self, key) not in known:
                raise InputError(
                    f"is {quoted(getattr(self, key))}",
                    where=Parameter(key),
                    remedy=f"known: {', '.join(known)}",
                )
