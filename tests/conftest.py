"""Fixtures for all tests."""

import os
import random
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# A busy machine draws examples slowly, which says nothing about the code.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
if hypothesis.settings.get_current_profile_name() == "default":  # tests.mutation has one of its own
    hypothesis.settings.load_profile("busy")


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
