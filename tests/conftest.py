"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout, or named by RARE_SHARED; skips where there is none."""
    beside = Path(__file__).resolve().parents[1].parent / "shared"
    folder = Path(os.environ.get("RARE_SHARED") or beside)
    if not folder.is_dir():
        pytest.skip("shared data absent: put the folder beside the checkout, or set RARE_SHARED")
    return folder
