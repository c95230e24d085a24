"""Fixtures for all tests."""

import os
import random
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def repeatable_entropy(monkeypatch):
    """Give what a test draws without a seed the same bits in every run.

    An environment that is reset without a seed plays another window each time. A test that says "some
    episode is cut short" would then fail in one run of a hundred, far from the change that it judges.
    """
    monkeypatch.setattr(np.random.bit_generator, "randbits", random.Random(0).getrandbits)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout, or named by RARE_SHARED; skips where there is none."""
    beside = Path(__file__).resolve().parents[1].parent / "shared"
    folder = Path(os.environ.get("RARE_SHARED") or beside)
    if not folder.is_dir():
        pytest.skip("shared data absent: put the folder beside the checkout, or set RARE_SHARED")
    return folder
