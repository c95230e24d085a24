"""Shaped rewards: the potential by hand, and that an episode's shaped rewards add up to its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")

from rare.env.batch import Batch  # noqa: E402
from rare.env.observation.layout import Layout  # noqa: E402
from rare.env.sb3_vec_env import GreenClusterSB3VecEnv  # noqa: E402
from rare.episodes import episodes_of_case  # noqa: E402
from schedulers.training.online.learner_start import LearnerStart  # noqa: E402
from schedulers.training.online.online_options import PpoOptions  # noqa: E402
from schedulers.training.online.ppo import SchedulerPPO  # noqa: E402
from schedulers.training.online.promise_potential import PromisePotential  # noqa: E402
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet  # noqa: E402
from tests.builders import make_case  # noqa: E402
from tests.rare.rules.hand import at, cores  # noqa: E402

torch.set_num_threads(1)
JOBS = [
    {"cores": 4, "work_s": 1000, "value_u": 8_000_000, "deadline_s": 1_000},
    {"cores": 4, "work_s": 100, "value_u": 2_000_000, "deadline_s": 1_100},
    {"cores": 4, "work_s": 100, "value_u": 2_000_000},
]


@pytest.fixture
def episodes():
    case = make_case(JOBS, cores(4), [at(0, 10**9)])
    options = replace(case.options, violation_penalty_u=1_000_000, unserved_penalty_u=4_000_000)
    return episodes_of_case(replace(case, options=options))


def test_the_potential_grows_while_a_job_waits_and_goes_when_it_starts(episodes):
    batch = Batch(episodes, Layout(4, 2, 0), 1)
    batch.set_up(0, episodes.episodes[0])
    potential = PromisePotential(batch)
    batch.begin(0)
    assert potential()[0] == 0  # all wait since this instant
    offered = 12_000_000
    batch.step_single(0, 1)  # the first starts; the next decision is at its end, at 1000 s
    assert int(batch.world.env[0].now_s) == 1000
    # the second: latest start at 1000 s, so all of the price of a late job; served up to a start at 2100 s;
    # the third has no deadline
    assert potential()[0] == pytest.approx(-(1_000_000 + 4_000_000 * 1000 / 2100) / offered)
    batch.step_single(0, 1)
    assert potential()[0] == 0 or batch.is_over(0)


def test_shaped_rewards_of_an_episode_add_up_to_its_own(episodes):
    options = PpoOptions(environments=1, rollout=32, gamma=1.0, promises=1.0)
    vec = GreenClusterSB3VecEnv(1, episodes, split="train", queue_slots=4, running_slots=2, forecast_hours=0)
    vec.seed(0)
    net = SchedulerNet(vec.layout, NetworkSize(width=8))
    learner = SchedulerPPO(vec, options, 32, LearnerStart(net))
    assert learner.potential is not None
    learner._before = learner.potential()
    shaped = plain = 0.0
    done = False
    while not done:
        mask = vec.action_masks()[0]
        _, rewards, dones, _ = vec.step(np.array([np.flatnonzero(mask)[-1]]))
        shaped += float(learner._shaped(rewards, dones)[0])
        plain += float(rewards[0])
        done = bool(dones[0])
    assert shaped == pytest.approx(plain, abs=1e-6)
