"""Record of building a case: files read, and notes for the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class BuildRecord:
    """Collected while a case is built.

    files : what was read, by role, for provenance
    notes : what was found doubtful, left out or assumed, a line each
    """

    files: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        """Adds a note."""
        self.notes.append(line)
