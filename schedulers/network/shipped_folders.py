"""Folders and names of the packaged networks."""

from __future__ import annotations

from pathlib import Path

SHIPPED, WITH_FORECAST, WITHOUT_FORECAST = "rare", "with-forecast", "without-forecast"
SHIPPED_FOLDERS = {
    kind: Path(__file__).resolve().parent / "shipped" / kind for kind in (WITH_FORECAST, WITHOUT_FORECAST)
}
"""The checkpoints that ship, by what they are for."""
