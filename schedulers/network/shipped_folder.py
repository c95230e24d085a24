"""Folder and name of the packaged network."""

from __future__ import annotations

from pathlib import Path

SHIPPED = "rare"
SHIPPED_FOLDER = Path(__file__).resolve().parent / "shipped"
"""The checkpoint that ships."""
