"""Speed levels and events in the environment: features by hand, masks by the rules, decisions as actions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rare
from rare import GreenClusterEnv, Layout
from rare.env.batch import Batch
from rare.env.observation.layout import EVENTS, LIMITS, QUEUE_LEVELS, RUNNING_LEVELS
from rare.env.policies.play import play
from rare.episodes import episodes_of_case
from rare.rules.decide import OK, apply
from rare.state.arrays import fork
from rare.state.decisions import RAISE, SLOW, decision
from rare.view import ClusterView
from schedulers import make_scheduler
from tests.builders import make_workload
from tests.rare.env.level_cases import PEAK_MW, drawn_case, grid_events, level_case, planned_outages

SLOTS = {"queue_slots": 3, "running_slots": 2, "forecast_hours": 2}
HALF = {"cores": 4, "work_s": 10_000, "value_u": 10**6, "deadline_s": 20_000}
K, M = 3, 2
START, STOP, SLOWER, FASTER = 1, 1 + K, 1 + K + M, 1 + K + 2 * M


class Seen:
    """An environment and its last observation, read by names."""

    def __init__(self, case, **options):
        self.env = GreenClusterEnv(episodes_of_case(case), **SLOTS, **options)
        self.obs, self.info = self.env.reset(seed=0)

    def act(self, action):
        self.obs, _, over, _, self.info = self.env.step(action)
        assert not over
        return self

    def block(self, block, features, slot=0):
        return {f.name: float(self.obs[self.env.layout.index(block, f.name, slot)]) for f in features}

    @property
    def valid(self):
        return set(np.flatnonzero(self.info["action_mask"]).tolist())


@pytest.fixture
def short_of_power():
    """700 mW: a job of half the machine takes 2 x 50 + 400 mW, and of the second 2 x 50 + 100 fit: none."""
    rows = [{"t": 0, "supply": 700}, {"t": 1000, "supply": 900}, {"t": 2000, "supply": 750}]
    rows.append({"t": 3000, "supply": 1000})
    return Seen(level_case([HALF, HALF, {"submit_s": 1500}], rows, sensitivity=[500, 1000, 1000]))


class TestFeatures:
    def test_a_start_is_at_the_fastest_level_that_there_is_power_for(self, short_of_power):
        """400 mW at full speed; after it 200 mW are spare, and nodes and level 2 take 100 + 160 mW."""
        first = {"sensitivity": 0.5, "start_power": 1, "start_rate": 1}
        assert short_of_power.block("queue_levels", QUEUE_LEVELS) == pytest.approx(first)
        assert short_of_power.valid == {0, START, START + 1}
        short_of_power.act(START)  # to 1000 s: 400 mW are spare, level 1 takes 100 + 272 mW
        second = {"sensitivity": 1, "start_power": 0.68, "start_rate": 0.85}
        assert short_of_power.block("queue_levels", QUEUE_LEVELS) == pytest.approx(second, abs=1e-6)
        assert short_of_power.valid == {0, START}

    def test_in_a_shortage_jobs_may_be_slowed(self, short_of_power):
        """At 2000 s 750 mW serve 200 mW of nodes and twice 272 mW, but not 400 + 272 mW."""
        short_of_power.act(START).act(START)
        assert short_of_power.valid == {0, STOP, STOP + 1, SLOWER, SLOWER + 1}
        second = {
            "level": 0.68, "rate": 0.85, "sensitivity": 1, "saving": (272 - 160) / PEAK_MW, "may_slow": 1,
            "may_raise": 0,
        }  # fmt: skip
        assert short_of_power.block("running_levels", RUNNING_LEVELS, 1) == pytest.approx(second, abs=1e-6)
        assert short_of_power.block("queue_levels", QUEUE_LEVELS)["start_power"] == 0

    def test_with_power_to_spare_jobs_may_be_made_faster(self, short_of_power):
        short_of_power.act(START).act(START).act(SLOWER)
        assert short_of_power.env._batch.scalars["now_s"][0] == 3000
        assert short_of_power.valid == {0, FASTER, FASTER + 1}
        first = short_of_power.block("running_levels", RUNNING_LEVELS)
        assert first["level"] == pytest.approx(0.68) and first["rate"] == pytest.approx(0.925)
        assert first["may_raise"] == 1
        short_of_power.act(FASTER)
        assert short_of_power.block("running_levels", RUNNING_LEVELS)["level"] == 1

    def test_the_slack_of_a_slowed_job_is_to_its_deadline(self, short_of_power):
        """It ends at 1000 + 10,000 / 0.85 s by its estimate."""
        short_of_power.act(START).act(START)
        slack_s = 20_000 - (1000 + 11_765)
        place = short_of_power.env.layout.index("running", "slack", 1)
        assert short_of_power.obs[place] == pytest.approx(slack_s / (slack_s + 3600))

    def test_without_levels_jobs_start_at_full_speed_alone(self):
        rows = [{"t": 0, "supply": 450}, {"t": 1000, "supply": 900}]
        with_levels, without = (Seen(level_case([HALF], rows), levels=levels) for levels in (None, False))
        assert START in with_levels.valid
        assert without.env.layout == Layout(**SLOTS)
        assert without.env._batch.scalars["now_s"][0] == 1000 and without.valid == {0, START}
        assert without.env._batch.summary(0)["hidden_decisions"] == 1

    def test_events(self):
        """A limit of 300 mW from 1000 s to 5000 s, known from 500 s on, and two nodes away from 4000 s on."""
        case = level_case(
            [{**HALF, "cores": 1}] * 6,
            [{"t": 0, "supply": 1000}, {"t": 600, "supply": 999}],
            events=grid_events((500, 1000, 1200, 5000, 300, 0)),
            outages=planned_outages((2, 4000, 6000)),
        )
        seen = Seen(case)
        nothing = {
            "limit": 1, "on": 0, "comply": 0, "until": 0, "next": 1, "next_limit": 1, "next_end": 1,
            "nodes_away": 0, "next_outage": 4000 / 7600,
        }  # fmt: skip
        assert seen.block("events", EVENTS) == pytest.approx(nothing, abs=1e-6)
        assert seen.block("limits", LIMITS) == {"limit": 1}
        while seen.env._batch.scalars["now_s"][0] < 600:
            seen.act(0)
        ahead = {"next": 400 / 4000, "next_limit": 300 / PEAK_MW, "next_end": 4400 / 8000}
        ahead["next_outage"] = 3400 / 7000
        assert seen.block("events", EVENTS) == pytest.approx({**nothing, **ahead}, abs=1e-6)
        hours = [seen.block("limits", LIMITS, hour)["limit"] for hour in (0, 1)]
        assert hours == pytest.approx([0.3, 0.3])
        while seen.env._batch.scalars["now_s"][0] < 1000:
            seen.act(0)
        now = {"limit": 0.3, "on": 1, "comply": 200 / 3800, "until": 4000 / 7600, "next_outage": 3000 / 6600}
        assert seen.block("events", EVENTS) == pytest.approx({**nothing, **now}, abs=1e-6)
        while seen.env._batch.scalars["now_s"][0] < 4000:
            seen.act(0)
        shown = seen.block("events", EVENTS)
        assert shown["nodes_away"] == 0.5 and shown["next_outage"] == 1


class TestActions:
    def test_the_mask_is_what_the_rules_take(self):
        """Random actions; at each decision every action is tried on a copy of the state."""
        for voluntary in (False, True):
            batch = Batch(episodes_of_case(drawn_case(voluntary=voluntary, count=20)), LEVELS, 1)
            batch.set_up(0, batch.episodes.episodes[0])
            batch.begin(0)
            draws, kinds = np.random.default_rng(1), set()
            while not batch.is_over(0):
                mask = batch.mask[0].copy()
                for action in range(1, LEVELS.actions):
                    code = meaning(batch, action)
                    valid = code is not None and apply(fork(batch.world_of(0), 0).handles[0], code) == OK
                    assert valid == mask[action], (action, batch.scalars["now_s"][0])
                    if mask[action]:
                        assert batch.action_of(0, code) == action
                taken = draws.choice(np.flatnonzero(mask))
                kinds |= {name for name, span in LEVELS.action_ranges.items() if taken in span}
                decisions = int(batch.scalars["decisions"][0])
                batch.step_single(0, int(taken))
                assert batch.scalars["decisions"][0] > decisions
            assert kinds == {"wait", "start", "stop", "slow", "raise"}

    @pytest.mark.parametrize("name", ["fcfs", "atc+greedy+slow", "hvf+greedy+slow=raise-first"])
    @pytest.mark.parametrize("events", [True, False])
    def test_a_heuristic_plays_the_schedule_of_simulate(self, name, events):
        episodes = episodes_of_case(drawn_case(events=events))
        result = rare.simulate(episodes.cases[0], make_scheduler(name))
        found = play(episodes, make_scheduler(name), episodes.episodes[0].name)
        assert found["outside"] == found["hidden_decisions"] == 0
        assert found["return"] == pytest.approx(result.metrics["objective"], abs=1e-9)
        assert found["energy_kwh"] == result.metrics["energy_kwh"]
        assert found["suspensions"] == result.metrics["suspensions"]

    def test_what_no_action_means(self):
        """A start below the fastest level; in a layout without levels every change of level."""
        case = level_case([HALF, HALF], [{"t": 0, "supply": 1000}])
        batch = Batch(episodes_of_case(case), LEVELS, 1)
        batch.set_up(0, batch.episodes.episodes[0])
        batch.begin(0)
        slot = batch.visible(0)[0]
        assert batch.action_of(0, slot) == 1
        assert batch.action_of(0, int(decision(slot, 1))) is None
        batch.step_single(0, 1)
        running = LEVELS.action_ranges
        assert batch.action_of(0, int(decision(slot, SLOW))) == running["slow"].start
        assert batch.action_of(0, int(decision(slot, RAISE))) == running["raise"].start
        plain = Batch(episodes_of_case(case), Layout(3, 2, 2), 1)
        plain.set_up(0, plain.episodes.episodes[0])
        plain.begin(0)
        plain.step_single(0, 1)
        assert plain.action_of(0, int(decision(slot, SLOW))) is None and plain.action_of(0, slot) is not None


def meaning(batch, action):
    """The decision of an action by the documentation, found in another way than the environment's own."""
    kind = next(name for name, span in LEVELS.action_ranges.items() if action in span)
    place = action - LEVELS.action_ranges[kind].start
    world = batch.world_of(0)
    view = ClusterView(world, 0, batch.case_of(0).workload.job_id)
    slots = batch._slots["slot"][0]
    if kind == "start":
        if place >= len(batch.visible(0)):
            return None
        slot = int(slots[place])
        job = next(each for each in view.queue if each.slot == slot)
        level = next((level for level in range(job.levels) if view.can_start(job, level)), 0)
        return None if view.shortage else int(decision(slot, level))
    shown = int(batch._views["shown_running"][0])
    if place >= shown:
        return None
    what = {"stop": 0, "slow": SLOW, "raise": RAISE}[kind]
    return int(decision(int(slots[LEVELS.queue_slots + place]), what))


LEVELS = Layout(8, 6, 2, levels=True, events=True)


class TestLayout:
    def test_a_layout_without_levels_and_events_is_that_of_version_2(self):
        plain, levels = Layout(3, 2, 4), Layout(3, 2, 4, levels=True, events=True)
        assert plain.version == 2 and '"version": 2' in plain.to_json()
        assert levels.version == 3 and Layout.from_json(levels.to_json()) == levels
        assert list(levels.shapes)[:5] == list(plain.shapes)
        assert levels.actions == plain.actions + 4
        assert (
            levels.size == plain.size + 4 + 3 * len(QUEUE_LEVELS) + 2 * len(RUNNING_LEVELS) + len(EVENTS) + 4
        )

    def test_what_levels_and_events_add_moves_no_other_number(self):
        """The same actions in a case without either, seen with and without the blocks."""
        episodes = episodes_of_case(drawn_case(speeds=(), events=False))
        seen = [Batch(episodes, replace(LEVELS, levels=more, events=more), 1) for more in (False, True)]
        for batch in seen:
            batch.set_up(0, episodes.episodes[0])
            batch.begin(0)
        plain, wide = seen
        blocks = [name for name in plain.layout.slices if name != "mask"]
        draws = np.random.default_rng(0)
        while not plain.is_over(0):
            for name in blocks:
                places = [batch.layout.slices[name] for batch in seen]
                assert np.array_equal(plain.obs[0, places[0]], wide.obs[0, places[1]]), name
            mask = plain.mask[0]
            assert np.array_equal(wide.mask[0, : len(mask)], mask) and not wide.mask[0, len(mask) :].any()
            action = int(draws.choice(np.flatnonzero(mask)))
            for batch in seen:
                batch.step_single(0, action)
        assert wide.is_over(0)

    def test_the_environment_takes_what_the_scenario_has(self):
        for speeds, events in (
            ((), False),
            ((), True),
            (level_case([HALF], [{"t": 0}]).cluster.partitions[0].speeds, False),
        ):
            layout = GreenClusterEnv(
                episodes_of_case(drawn_case(speeds=speeds, events=events)), **SLOTS
            ).layout
            assert (layout.levels, layout.events) == (bool(speeds), events)


class TestHeldJobs:
    def test_nobody_sees_a_job_that_waits_for_another(self):
        """The second job waits for the first; nothing that is shown before tells how large it is."""
        rows = [{"t": 0, "supply": 1000}, {"t": 500, "supply": 990}, {"t": 2000, "supply": 980}]
        jobs = [
            {"work_s": 3000},
            {"submit_s": 100, "work_s": 10},
            {"submit_s": 200, "cores": 8},
            {"submit_s": 300},
        ]
        shown = []
        for cores in (1, 6):
            jobs[1]["cores"] = cores
            case = level_case(jobs, rows)
            after = np.empty(4, object)
            after[:] = [(), (1,), (), ()]
            case = replace(case, workload=replace(make_workload(jobs), after=after))
            env = GreenClusterEnv(episodes_of_case(case), **SLOTS, reward="slowdown")
            obs, info = env.reset(seed=0)
            shown.append([])
            action, over = 1, False  # the first job starts; then all wait
            while not over and env._batch.scalars["now_s"][0] < 3000:
                shown[-1].append((int(env._batch.scalars["now_s"][0]), obs.tobytes()))
                obs, _, over, _, info = env.step(action)
                action = 0
            queue = obs[env.layout.slices["queue"]].reshape(3, -1)
            assert queue[0, 1] == cores / 8  # it has come: lower jobs first
        assert len(shown[0]) > 2 and shown[0] == shown[1]
