"""The same jobs through a real Slurm and through RARE: a short run now, and records of long ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.slurm.replay_deviation import (
    RECORDED,
    SETTINGS,
    between,
    compared,
    late_share,
    starts_and_ends,
    table,
)
from tests.slurm.slurm_packages import install
from tests.slurm.slurm_replay import VARIANTS, read_records, replay, requests

PAGE = Path(__file__).parents[2] / "docs/results/slurm-deviation.md"
#: Of the makespan and of the mean wait [% of Slurm's], about twice what they are.
MOST_OFF = {
    "easy": (3, 12), "conservative": (3, 14), "coarse": (7, 18), "multifactor": (7, 20), "limited": (5, 10),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_rare_is_near_a_recorded_run_of_slurm(name):
    records = read_records(RECORDED / f"slurm-{name}.csv")
    assert len(records) == 200 and 0.4 < late_share(records) < 0.7
    found = compared(records, SETTINGS[name], draws=5)
    makespan, wait = MOST_OFF[name]
    assert abs(found.makespan) < makespan and abs(found.wait) < wait, found
    assert found.same_order > 0.88, found


def test_rare_is_as_near_to_slurm_as_slurm_is_to_itself():
    """Two runs of Slurm with the same jobs and settings put as many pairs of them in the same order."""
    first, again = (read_records(RECORDED / f"slurm-{name}.csv") for name in ("easy", "easy-again"))
    makespan, wait, same_order = between(first, *starts_and_ends(again))
    assert abs(makespan) < 1 and 3 < abs(wait) < 8 and 0.94 < same_order < 0.96
    found = compared(again, SETTINGS["easy"], draws=5)
    assert abs(found.wait) < 8 and found.same_order > same_order - 0.015


def test_the_settings_matter():
    """Another scheduler, or no limit, is further from what Slurm did."""
    for name, others in (
        ("easy", {"scheduler": "fcfs"}),
        ("limited", {"limits": ()}),
        ("multifactor", {"scheduler": "easy", "priority": None}),
    ):
        records = read_records(RECORDED / f"slurm-{name}.csv")
        ours = compared(records, SETTINGS[name], draws=5)
        other = compared(records, replace(SETTINGS[name], **others), draws=5)
        assert other.same_order < ours.same_order - 0.01, (name, ours, other)


@pytest.mark.slow
def test_the_page_shows_these_figures():
    assert table() in PAGE.read_text(encoding="utf-8"), "run: python -m tests.slurm.replay_deviation"


@pytest.mark.slurm
def test_slurm_and_rare_start_the_same_jobs_alike(tmp_path):
    """A minute and a half of jobs of a few seconds, so that Slurm's own second between two counts a lot."""
    reason = install()
    if reason:
        pytest.skip(reason)
    jobs = requests(jobs=40)
    records = replay(VARIANTS["easy"], jobs)
    assert len(records) == len(jobs)
    deviation = compared(records, SETTINGS["easy"])
    assert abs(deviation.makespan) < 15, deviation
    assert deviation.same_order > 0.8, deviation
