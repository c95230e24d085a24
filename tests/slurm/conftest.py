"""The fixture `slurm`: a real Slurm, once for all tests, or a skip with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.slurm.slurm_daemons import Slurm, running_slurm
from tests.slurm.slurm_packages import install


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """A Slurm of four nodes of two cores, found by SLURM_CONF in this process's environment too."""
    reason = install()
    if reason:
        pytest.skip(reason)
    with running_slurm() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment().items():
            patch.setenv(name, value)
        yield running
