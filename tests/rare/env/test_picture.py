"""`render_mode="rgb_array"`: frames that recorders can take, which leave the simulation alone."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import RenderCollection

from rare import Case, Cluster, GreenClusterEnv, Partition
from rare.env.render.picture import slack_colour
from rare.scenario.scenario_episodes import episodes_of


def play(env, steps, seed=0):
    """Random valid actions; the rewards."""
    generator = np.random.default_rng(seed)
    _, info = env.reset(seed=seed)
    rewards = []
    for _ in range(steps):
        _, reward, terminated, _, info = env.step(int(generator.choice(np.flatnonzero(info["action_mask"]))))
        rewards.append(reward)
        if terminated:
            break
    return rewards


@pytest.mark.parametrize("scenario", ["tiny", "islanded", "grid-tied", "gpu-cluster"])
def test_a_frame_is_a_picture_and_shows_what_changes(scenario):
    env = GreenClusterEnv(scenario, render_mode="rgb_array")
    env.reset(seed=1)
    first = env.render()
    play(env, 60, seed=1)
    later = env.render()
    for frame in (first, later):
        assert frame.shape == (640, 960, 3) and frame.dtype == np.uint8
        assert frame.mean() > 150 and frame.std() > 20  # a white sheet with something on it
    assert (first != later).any()
    assert np.array_equal(later, env.render())  # and nothing of an older frame stays
    fresh = GreenClusterEnv(scenario, render_mode="rgb_array")
    fresh.restore_state(env.save_state())
    assert np.array_equal(later, fresh.render())


def test_looking_changes_nothing():
    class Watched(GreenClusterEnv):
        def step(self, action):
            self.render()
            return super().step(action)

    assert play(Watched("tiny", render_mode="rgb_array"), 80) == play(GreenClusterEnv("tiny"), 80)


def test_recorders_can_take_it():
    env = gymnasium.make("rare:rare/GreenCluster-v0", scenario="tiny", render_mode="rgb_array")
    assert env.metadata["render_fps"] > 0 and "rgb_array" in env.metadata["render_modes"]
    recorded = RenderCollection(env)
    played = len(play(recorded, 10))
    frames = recorded.render()
    assert len(frames) == played + 1 and {frame.shape for frame in frames} == {(640, 960, 3)}


def test_the_end_of_an_episode_and_a_cluster_without_limits_can_be_drawn():
    tiny = episodes_of("tiny").case
    jobs = tiny.workload.select(0, 12)
    nothing = dataclasses.replace(jobs, deadline_s=np.full_like(jobs.deadline_s, 2**62))
    plain = Case(nothing, Cluster((Partition(name="$a_$", nodes=16, core_mw=8000),)))
    env = GreenClusterEnv(plain, render_mode="rgb_array", forecast_hours=0)
    play(env, 1000)
    with pytest.raises(ValueError, match="the episode is over"):
        env.step(0)
    assert env.render().std() > 20


def test_before_the_first_reset_there_is_nothing_to_show():
    for mode in ("ansi", "rgb_array"):
        with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
            GreenClusterEnv("tiny", render_mode=mode).render()


def test_each_class_of_slack_has_a_colour_of_its_own():
    colours = [slack_colour(slack_s) for slack_s in (None, -1, 0, 3600, 6 * 3600, 24 * 3600)]
    assert len(set(colours)) == 6


def test_matplotlib_waits_for_the_first_frame():
    code = "import sys, rare; print([name for name in sys.modules if name.startswith('matplotlib')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
