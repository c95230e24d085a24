"""A suspended job's latest start allows for its restart: in the rules, the observation, view and picture.

RULES §3.8. One job of 1,000 s with deadline 10,000 s and allowance 10,000 s runs until 100 s, is suspended
by choice, and needs 400 s to resume: 900 s of work are left, so the latest resume is at 8,700 s.
"""

import dataclasses

import numpy as np
import pytest

from rare import Case, Cluster, GreenClusterEnv, Options, Partition
from rare.env.observation.layout import Layout
from rare.env.render.picture import slack_s_of
from rare.episodes import episodes_of_case
from rare.rules.advance import next_event_s
from rare.state.arrays import SUSPENDED
from rare.view import ClusterView
from tests.builders import make_inputs, make_workload

RESTART_S, DEADLINE_S, LATEST_S = 400, 10_000, 8_700
LAYOUT = Layout(queue_slots=3, running_slots=2, forecast_hours=1)
JOB = {"submit_s": 0, "cores": 1, "work_s": 1_000, "value_u": 10**6, "deadline_s": DEADLINE_S}
WAIT, START_FIRST, SUSPEND_FIRST = 0, 1, 4


@pytest.fixture
def env():
    """At the decision at 100 s, where the first job runs and the second (100 s, no deadline) waits."""
    jobs = [JOB, {"submit_s": 100, "cores": 1, "work_s": 100}, {"submit_s": 200, "cores": 1, "work_s": 100}]
    case = Case(
        make_workload(jobs),
        Cluster((Partition(nodes=1, cores_per_node=2),)),
        make_inputs([{"t": 0, "supply": 10**9}]),
        options=Options(voluntary_suspension=True, restart_s=RESTART_S),
    )
    env = GreenClusterEnv(episodes_of_case(case), queue_slots=3, running_slots=2, forecast_hours=1)
    env.reset(seed=0)
    env.step(START_FIRST)
    assert now_s(env) == 100
    return env


def now_s(env):
    return int(env._batch.world.env[0].now_s)


def squash(x, half):
    return x / (abs(x) + half)


def view_of(env):
    return ClusterView(env._batch.world_of(0), 0, env._batch.case_of(0).workload.job_id)


def shown(obs, feature, block="queue", slot=0):
    return float(obs[LAYOUT.index(block, feature, slot)])


def suspend(env):
    """Suspend the first job and go on to the next decision, where it waits."""
    obs, *_ = env.step(SUSPEND_FIRST)
    assert SUSPENDED in env._batch.world.live[0].doing
    return obs


def test_the_observation_has_the_slack_of_the_rules(env):
    obs = suspend(env)
    assert shown(obs, "suspended") == 1
    assert shown(obs, "slack") == pytest.approx(squash(LATEST_S - now_s(env), 3600), abs=1e-6)
    timers = env._batch.world.live[0].timer_s[env._batch.world.live[0].doing == SUSPENDED]
    assert timers.tolist() == [LATEST_S]


def test_a_running_job_has_no_restart_to_come(env):
    before = shown(env._batch.obs[0], "slack", "running")
    assert before == pytest.approx(squash(DEADLINE_S - 1_000, 3600), abs=1e-6)


def test_value_attainable_falls_from_the_latest_resume_on(env):
    suspend(env)
    batch = env._batch
    while now_s(env) < LATEST_S:
        over, *_ = batch.step_single(0, WAIT)
        assert not over
    late_s = now_s(env) - LATEST_S
    attainable = shown(batch.obs[0], "attainable", slot=0)
    assert attainable == pytest.approx(1 - late_s / DEADLINE_S, abs=1e-6)
    assert next_event_s(batch.world.handles[0]) <= DEADLINE_S


def test_view_and_picture_say_the_same(env):
    running = view_of(env).running[0]
    assert view_of(env).latest_start_s(running) is None
    assert slack_s_of(view_of(env), running) == DEADLINE_S - 1_000
    late = dataclasses.replace(running, expected_end_s=50)
    assert slack_s_of(view_of(env), late) == DEADLINE_S - 100
    suspend(env)
    view = view_of(env)
    jobs = {job.index: job for job in view.queue}
    assert view.latest_start_s(jobs[0]) == LATEST_S
    assert slack_s_of(view, jobs[0]) == LATEST_S - now_s(env)
    free = next(job for index, job in jobs.items() if index > 0)
    assert (view.latest_start_s(free), slack_s_of(view, free)) == (None, None)


def test_what_never_ran_has_no_restart(env):
    env.reset(seed=0)
    assert view_of(env).latest_start_s(view_of(env).queue[0]) == DEADLINE_S - 1_000
    assert np.isclose(shown(env._batch.obs[0], "slack"), squash(DEADLINE_S - 1_000, 3600))
