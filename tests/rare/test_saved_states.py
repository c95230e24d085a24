"""Saved states go back into environments of the same machine, options, jobs and inputs, and into no other."""

from __future__ import annotations

import pytest

from rare.environment import GreenClusterEnv


@pytest.mark.parametrize(
    "setting",
    ["supply.source.0.capacity=0.2", "battery.hours=1.0", "rules.restart_s=7", "workload.load=0.4"],
)
def test_a_state_of_the_same_windows_under_other_settings_is_refused(setting):
    """The windows have the same names, but inputs, battery, options or jobs are others."""
    here, there = GreenClusterEnv("tiny"), GreenClusterEnv("tiny", settings=(setting,))
    there.reset(seed=1)
    here.reset(seed=1)
    before = here.save_state()["env"].tobytes()
    with pytest.raises(ValueError, match=r"another scenario, or with other settings, than tiny.*window"):
        here.restore_state(there.save_state())
    assert here.save_state()["env"].tobytes() == before


def test_a_state_goes_into_another_environment_of_the_same_scenario():
    one, other = GreenClusterEnv("tiny"), GreenClusterEnv("tiny")
    observation, _ = one.reset(seed=3)
    assert (other.restore_state(one.save_state()) == observation).all()
