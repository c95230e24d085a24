"""Report of what a reader repaired, skipped and noted: counts, and the line of the first of each kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from traces.errors import Phrase, Words


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of repair, skip or note: how often, and the first place and value in the file."""

    count: int
    line: int | None
    value: str | None
    text: str

    def worded(self, words: Words) -> str:
        """The text, with parameters in these words."""
        return self.text.worded(words) if isinstance(self.text, Phrase) else self.text

    def as_dict(self, words: Words = str) -> dict[str, object]:
        """Count, line, value and text, ready for JSON."""
        return {"count": self.count, "line": self.line, "value": self.value, "text": self.worded(words)}


@dataclass(frozen=True, slots=True)
class ReadReport:
    """Repairs, skips and notes of one file by code, in order of first occurrence.

    records : records in the file (jobs kept + jobs skipped + lines joined to another of the same job)
    shift_s : seconds that were added to every time of the file, so that the first submit is 0
    repairs : a value was changed or filled in
    skips   : a record is no job and was left out
    notes   : a record was used unchanged, but users should know of it
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

    def as_dict(self, words: Words = str) -> dict[str, Any]:
        """Plain dicts, numbers and strings, ready for JSON; parameters in these words."""
        out: dict[str, Any] = {"records": self.records, "jobs_skipped": self.jobs_skipped}
        for kind in ("repairs", "skips", "notes"):
            findings: dict[str, Finding] = getattr(self, kind)
            out[kind] = {code: finding.as_dict(words) for code, finding in findings.items()}
        return out
