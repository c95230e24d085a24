"""The same jobs through a real Slurm and through RARE: a short run now, and records of long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.slurm.replay_deviation import SETTINGS, compared
from tests.slurm.slurm_packages import install
from tests.slurm.slurm_replay import VARIANTS, replay, requests

RECORDED = Path(__file__).with_name("recorded")


@pytest.mark.slurm
def test_slurm_and_rare_start_the_same_jobs_alike(tmp_path):
    """A minute and a half of jobs of a few seconds, so that Slurm's own second between two jobs counts a lot."""
    reason = install()
    if reason:
        pytest.skip(reason)
    jobs = requests(jobs=40)
    records = replay(VARIANTS["easy"], jobs)
    assert len(records) == len(jobs)
    deviation = compared(records, SETTINGS["easy"])
    assert abs(deviation.makespan) < 15, deviation
    assert deviation.same_order > 0.8, deviation
