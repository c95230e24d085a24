"""Names of the files in the folder of an experiment."""

from __future__ import annotations

from pathlib import Path

MARK = "launchpad.json"
"""What marks the folder as one of `rare launchpad`."""
STAGES, DONE, SPENT = "stages", "done.json", "spent.json"
CLAIMS, REPORT = "claims.json", "report.html"


def results_path(out: Path) -> Path:
    """Where results.json is."""
    return Path(out) / "results.json"
