"""Collects what a reader repairs, skips and notes; in strict mode, refuses the first of these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from traces.errors import InputError, quoted
from traces.files.text import place
from traces.read_report import Finding, ReadReport

#: A mask over the records, their values, and the message with {} for the value.
Check = tuple[np.ndarray, np.ndarray, str]


class Findings:
    """Findings of one file, with the place of the first of each kind.

    `lines` are the lines of the records that masks refer to; `unit` is what they count, 'line' or 'row'.
    """

    def __init__(self, path: Path | str, lines: np.ndarray, unit: str = "line") -> None:
        self._path = path
        self.lines = lines
        self.unit = unit
        self._kinds: dict[str, dict[str, Finding]] = {"repairs": {}, "skips": {}, "notes": {}}

    def at(self, lines: np.ndarray) -> None:
        """From now on, masks refer to the records on these lines."""
        self.lines = lines

    def where(self, row: int) -> str:
        """The place of a record, for the beginning of a message."""
        return self._place(int(self.lines[row]))

    def number(self, row: int) -> int:
        """The line (or row) of a record."""
        return int(self.lines[row])

    def _place(self, line: int) -> str:
        if self.unit == "line":
            return place(self._path, line)
        return f"{place(self._path)} {self.unit} {line}"

    def refuse(self, checks: Sequence[Check]) -> None:
        """Raise InputError for the earliest record that a check marks."""
        failed = [(int(np.argmax(mask)), values, text) for mask, values, text in checks if mask.any()]
        if failed:
            row, values, text = min(failed, key=lambda failure: failure[0])
            raise InputError(f"{text.replace('{}', plain(values[row]), 1)}", where=self.where(row))

    def add(
        self, kind: str, code: str, mask: np.ndarray, values: np.ndarray | Sequence[str], text: str
    ) -> None:
        """Count the marked records under `code`; `text` says what was done to them."""
        if mask.any():
            row = int(np.argmax(mask))
            finding = Finding(int(mask.sum()), int(self.lines[row]), plain(values[row]), text)
            self.put(kind, code, finding)

    def put(self, kind: str, code: str, finding: Finding) -> None:
        """Add a finding, or add its count to the one of the same code."""
        before = self._kinds[kind].get(code)
        if before is not None:
            first = min(before, finding, key=lambda entry: entry.line or 0)
            finding = Finding(before.count + finding.count, first.line, first.value, first.text)
        self._kinds[kind][code] = finding

    def note_jobs(
        self,
        known: np.ndarray,
        cores: np.ndarray,
        work: np.ndarray,
        estimate: np.ndarray,
        machine: int | None,
    ) -> None:
        """Notes on jobs that are used as they stand; `known` marks those with a user's estimate."""
        self.add("notes", "zero_work", work == 0, work, "run time 0, kept as a job without work")
        self.add("notes", "over_estimate", known & (work > estimate), work, "ran longer than its estimate")
        if machine is not None:
            text = f"asks for more than the machine's {machine} processors"
            self.add("notes", "larger_than_machine", cores > machine, cores, text)

    def refuse_all(self) -> None:
        """Strict mode: raise InputError for the first repair or skip in the file, if there is any."""
        refused = [
            (finding.line or 0, code, finding)
            for kind in ("repairs", "skips")
            for code, finding in self._kinds[kind].items()
        ]
        if refused:
            line, code, finding = min(refused, key=lambda entry: entry[0])
            raise InputError(
                f"{finding.text}: {finding.value} ({code})",
                where=self._place(line),
                remedy="correct the file, or read it without strict",
            )

    def report(self, records: int, shift_s: int = 0) -> ReadReport:
        """All findings as a report. records: number in the file; shift_s: seconds added to every time."""
        return ReadReport(records=records, shift_s=shift_s, **self._kinds)


def plain(value: object) -> str:
    """A value as the file's author wrote it: whole numbers without a decimal point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return quoted(value) if not isinstance(value, np.generic) else quoted(value.item())
