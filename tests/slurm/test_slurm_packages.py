"""Why tests are skipped where there can be no Slurm. Nothing is installed here."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.slurm import slurm_packages


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine with apt-get alone, and no right to use it."""
    apt = tmp_path / "apt-get"
    apt.touch(mode=0o755)
    monkeypatch.setattr(slurm_packages, "search_path", lambda: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path


def test_without_root_the_packages_are_named(bare):
    assert shutil.which("slurmctld") is None
    reason = slurm_packages.install()
    assert reason is not None
    assert reason.startswith("Slurm is not installed (no munged")
    assert reason.endswith("as root: apt-get install slurm-wlm slurmdbd slurmrestd munge mariadb-server")


def test_without_apt_that_is_the_reason(bare):
    (bare / "apt-get").unlink()
    assert str(slurm_packages.install()).endswith("and there is no apt-get to install it with")


def test_what_is_there_needs_nothing(bare):
    for name in slurm_packages.PROGRAMS:
        (bare / name).touch(mode=0o755)
    assert slurm_packages.missing() == []
    assert slurm_packages.install() is None
