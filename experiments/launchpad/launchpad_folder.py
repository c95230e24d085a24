"""Names of the files in the folder of an experiment."""

from __future__ import annotations

from pathlib import Path

MARK = "launchpad.json"
"""The file that identifies a folder of `rare launchpad`."""
STAGES, DONE, SPENT = "stages", "done.json", "spent.json"
BOOK = "book"
"""Tries and failures of stages."""
CLAIMS, REPORT = "claims.json", "report.html"


def results_path(out: Path) -> Path:
    """The path of results.json in the folder."""
    return Path(out) / "results.json"
