"""What a reader repaired, skipped or found worth a note: counted, with the line of the first."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of repair, skip or note: how often, and the first place and value in the file."""

    count: int
    line: int | None
    value: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What a reader did to a file, by code, in the order in which the kinds were found.

    records : records in the file (jobs kept + jobs skipped + lines joined to another of the same job)
    shift_s : seconds that were added to every time of the file, so that the first submit is 0
    repairs : a value was changed or made up; skips : a record is no job and was left out;
    notes : the record was used as it stands, but users should know.
    """

    records: int = 0
    repairs: dict[str, Finding] = field(default_factory=dict)
    skips: dict[str, Finding] = field(default_factory=dict)
    notes: dict[str, Finding] = field(default_factory=dict)
    shift_s: int = 0

    @property
    def jobs_skipped(self) -> int:
        """Number of records of the file that are no jobs."""
        return sum(finding.count for finding in self.skips.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts, numbers and strings, ready for JSON."""
        out: dict[str, Any] = {"records": self.records, "jobs_skipped": self.jobs_skipped}
        for kind in ("repairs", "skips", "notes"):
            out[kind] = {code: dataclasses.asdict(found) for code, found in getattr(self, kind).items()}
        return out
