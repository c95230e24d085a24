"""A fake Slurm for the tests of the shadow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.experiments.operate.shadow.fake_slurm import FakeSlurm


@pytest.fixture
def slurm_file(tmp_path: Path) -> FakeSlurm:
    """A cluster of four nodes of two cores with an empty queue."""
    return FakeSlurm(tmp_path / "slurm.json")
