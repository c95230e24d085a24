"""Saved states go back into environments of the same machine, jobs and inputs, and into no other."""

from __future__ import annotations

import pytest

from rare.environment import GreenClusterEnv


def test_a_state_of_the_same_windows_under_another_load_is_refused():
    """The windows have the same names, but its job numbers are of other jobs: they might not even exist."""
    here = GreenClusterEnv("islanded")
    there = GreenClusterEnv("islanded", settings=("workload.load=0.4",))
    there.reset(seed=1)
    here.reset(seed=1)
    before = here.save_state()["env"].tobytes()
    with pytest.raises(ValueError, match=r"another scenario, or with other settings, than islanded.*window"):
        here.restore_state(there.save_state())
    assert here.save_state()["env"].tobytes() == before


def test_a_state_goes_into_another_environment_of_the_same_scenario():
    one, other = GreenClusterEnv("tiny"), GreenClusterEnv("tiny")
    observation, _ = one.reset(seed=3)
    assert (other.restore_state(one.save_state()) == observation).all()
