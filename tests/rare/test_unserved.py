"""The price of a job not served (RULES §6.6): by hand, on both clocks, in environments and from scenarios."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from rare.env.environment import GreenClusterEnv
from rare.episodes import Episode, Episodes
from rare.job_records import build_jobs, unserved_prices_u
from rare.model import Case, ClassPrice, Options, Partition
from rare.run import simulate
from rare.scenario.case_builder import build
from rare.scenario.case_hash import case_hash, config_hash
from rare.scenario.load import load_scenario
from rare.state.arrays import STATUS_NAMES
from schedulers import make_scheduler
from tests.builders import make_case
from tests.rare.twins import history
from tests.reference.simulator import fcfs, run_reference
from traces.errors import InputError
from traces.jobs.workload import NO_DEADLINE_S

CORES = Partition(nodes=1, cores_per_node=2, core_mw=100)
DARK_LATER = [{"t": 0, "supply": 200}, {"t": 50, "supply": 0}]
PRICES = {"unserved_penalty_u": 1000, "unserved_value_ppm": 500_000}
"""1,000 for each job, and half of its value."""


def job(work_s, **more):
    return {"work_s": work_s, "value_u": 10**6, "deadline_s": 100, **more}


BY_HAND = {
    # never any power: dropped at 100 + 600, half of 1,000,001 half up
    "expires": ([job(10, value_u=1_000_001)], [{"t": 0, "supply": 0}], {}, (1, 1_000 + 500_001)),
    # killed as the light goes, and that was its only chance; it has no deadline, so it is not late
    "fails": (
        [job(80, deadline_s=NO_DEADLINE_S, preemptible=False)],
        DARK_LATER,
        {"max_kills": 1},
        (1, 501_000),
    ),
    # the run is cut off at 300, after the deadline of the first and before that of the second
    "cut off": ([job(10), job(10, deadline_s=301)], [{"t": 0, "supply": 0}], {"window_s": 300}, (1, 501_000)),
    # served, though late and for nothing: it starts before its expiry at 700 and ends at 1,100
    "served late": ([job(1100)], [{"t": 0, "supply": 200}], {}, (0, 0)),
    "does not fit": ([job(10, cores=3), job(10)], [{"t": 0, "supply": 200}], {}, (0, 0)),
    # given up by its user before its deadline, and after it
    "cancelled": (
        [job(10, cancel_s=99), job(10, cancel_s=100)],
        [{"t": 0, "supply": 0}],
        {},
        (1, 501_000),
    ),
    # its predecessor fails, so it never comes
    "dropped": (
        [job(80, preemptible=False, job_id=1), job(1, submit_s=1, job_id=2, after=(1,), after_any=False)],
        DARK_LATER,
        {"max_kills": 1},
        (1, 501_000),
    ),
    "without a value": ([job(80, value_u=-1, preemptible=False)], DARK_LATER, {"max_kills": 1}, (1, 1000)),
    # a class with its own prices, and one without
    "by class": (
        [job(10, service_class=name) for name in ("urgent", "flexible", "other")],
        [{"t": 0, "supply": 0}],
        {"unserved_by_class": (ClassPrice("urgent", 7, 2_000_000), ClassPrice("flexible", 0, 0))},
        (3, 7 + 2_000_000 + 501_000),
    ),
}


def case_of(jobs, rows, more, **prices):
    classes = [each.get("service_class", "") for each in jobs]
    plain = [{key: value for key, value in each.items() if key != "service_class"} for each in jobs]
    case = make_case(plain, CORES, rows, **{"end_s": 3000, **prices, **more})
    if not any(classes):
        return case
    return replace(case, workload=replace(case.workload, service_class=np.array(classes, dtype=object)))


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand_on_both_clocks_and_in_the_reference(name):
    jobs, rows, more, expected = BY_HAND[name]
    case = case_of(jobs, rows, more, **PRICES)
    for clock in ("compiled", "simpy"):
        assert history(case, make_scheduler("fcfs"), clock)["unserved"] == expected
    reference = run_reference(case, fcfs)
    assert (reference.unserved, reference.unserved_u) == expected
    free = run_reference(case_of(jobs, rows, {**more, "unserved_by_class": ()}), fcfs)
    assert (free.unserved, free.unserved_u) == (expected[0], 0)


def test_the_objective_subtracts_the_price():
    jobs, rows, more, (_, unserved_u) = BY_HAND["by class"]
    case = case_of(jobs, rows, more, **PRICES, violation_penalty_u=10)
    metrics = simulate(case, make_scheduler("fcfs"), record=False).metrics
    assert metrics["objective_parts"]["unserved"] == unserved_u / 3e6
    assert metrics["objective_parts"]["penalties"] == 30 / 3e6
    assert metrics["objective"] == pytest.approx(-(unserved_u + 30) / 3e6, abs=1e-12)


@pytest.mark.parametrize("value_u", [0, 1, 10**6 - 1, 10**6, 3 * 10**12 + 7, 2**52 + 1])
def test_prices_are_exact(value_u):
    case = case_of(
        [job(10, value_u=value_u)], DARK_LATER, {}, unserved_penalty_u=5, unserved_value_ppm=123_457
    )
    assert build_jobs(case).unserved_u[0] == 5 + (value_u * 123_457 * 2 + 10**6) // (2 * 10**6)


def test_a_part_of_the_jobs_has_the_same_prices():
    jobs, rows, more, _ = BY_HAND["by class"]
    case = case_of(jobs, rows, more, **PRICES)
    prices_u = build_jobs(case).unserved_u.tolist()
    part = replace(case, workload=case.workload.select(1, 3))
    assert build_jobs(part).unserved_u.tolist() == prices_u[1:]
    assert unserved_prices_u(case.workload, case.options, slice(0, 2)).tolist() == prices_u[:2]
    assert build_jobs(pickle.loads(pickle.dumps(case))).unserved_u.tolist() == prices_u
    repriced = replace(case, options=replace(case.options, unserved_penalty_u=3, unserved_value_ppm=0))
    assert build_jobs(repriced).unserved_u.tolist() == [*prices_u[:2], 3]


def test_rewards_add_up_to_the_objective():
    generator = np.random.default_rng(3)
    jobs = [
        job(int(work_s), submit_s=100 * i, deadline_s=100 * i + int(work_s) + 50, cores=1 + i % 2)
        for i, work_s in enumerate(generator.integers(10, 400, 12))
    ]
    rows = [{"t": t, "supply": 100 * int(generator.integers(3))} for t in range(0, 3000, 150)]
    case = case_of(jobs, rows, {}, **PRICES)
    episode = Episode("all", "train", 0, 12, 0, 3000, 12 * 10**6, 12)
    env = GreenClusterEnv(Episodes("unserved", (case,), (episode,)))
    for action_of in (lambda options: options[-1], lambda options: int(generator.choice(options))):
        _, info = env.reset()
        total, over = info.get("reward", 0.0), False
        while not over:
            options = np.flatnonzero(info["action_mask"])
            _, reward, over, _, info = env.step(action_of(options))
            total += reward
        assert total == pytest.approx(info["episode_summary"]["objective"], abs=1e-9)
    unpriced = replace(case, options=Options())
    assert env.episodes.cases[0].options.unserved_penalty_u and not build_jobs(unpriced).unserved_u.any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"unserved_penalty_u": -1},
        {"unserved_value_ppm": 10**9 + 1},
        {"unserved_by_class": (ClassPrice("a", 0, -1),)},
    ],
)
def test_a_price_out_of_range_is_refused(wrong):
    with pytest.raises(InputError, match="a job not served costs"):
        Options(**wrong)


def test_prices_that_add_up_to_too_much_are_refused():
    with pytest.raises(InputError, match="more than can be counted"):
        case_of([job(10, value_u=2**51)] * 2, DARK_LATER, {}, unserved_value_ppm=10**9)


class TestScenario:
    def loaded(self, tmp_path, objective="", of_class=""):
        path = tmp_path / "priced.toml"
        path.write_text(
            f"""
            name = "priced"
            [workload]
            model = "lublin"
            days = 2
            load = 0.5
            processors = 32
            [[service_class]]
            name = "urgent"
            share = 0.5
            value_per_core_hour = 1.0
            {of_class}
            [[service_class]]
            name = "flexible"
            share = 0.5
            value_per_core_hour = 0.1
            [cluster.node]
            profile = "xeon-x5675-2s"
            cores_per_node = 8
            [objective]
            {objective}
            """
        )
        return load_scenario(str(path))

    def test_keys_become_prices(self, tmp_path):
        loaded = self.loaded(
            tmp_path, "unserved_penalty = 0.25\nunserved_value_share = 0.1", "unserved_value_share = 2"
        )
        case = build(loaded).case
        assert case.options.unserved_by_class == (ClassPrice("urgent", 250_000, 2_000_000),)
        urgent = case.workload.service_class == "urgent"
        value_u = case.workload.value_u
        expected = np.where(urgent, 250_000 + 2 * value_u, 250_000 + (value_u + 5) // 10)
        assert build_jobs(case).unserved_u.tolist() == expected.tolist()

    def test_hashes_tell_prices_apart_and_know_nothing_of_none(self, tmp_path):
        loaded = [
            self.loaded(tmp_path, *texts)
            for texts in (
                ("",),
                ("unserved_penalty = 0\nunserved_value_share = 0.0",),
                ("unserved_penalty = 1",),
                ("", "unserved_value_share = 1"),
            )
        ]
        configs = [config_hash(each.scenario) for each in loaded]
        cases = [case_hash(build(each).case) for each in loaded]
        for hashes in (configs, cases):
            assert hashes[0] == hashes[1] and len(set(hashes)) == 3

    @pytest.mark.parametrize(
        ("texts", "message"),
        [
            (("unserved_penalty = -1",), "objective.unserved_penalty must be between 0 and 1000000, got -1"),
            (
                ("unserved_value_share = 1001",),
                "objective.unserved_value_share must be between 0 and 1000, got 1001",
            ),
            (("", 'unserved_penalty = "much"'), "unserved_penalty must be a number"),
        ],
    )
    def test_bad_input_is_one_line(self, tmp_path, texts, message):
        with pytest.raises(InputError) as caught:
            self.loaded(tmp_path, *texts)
        assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("price_u", "served"), [(0, ["completed", "expired"]), (20, ["completed", "completed"])]
)
def test_lookahead_serves_whom_it_costs_more_to_lose(price_u, served):
    # the first is worth more and runs first by value; then the second is dropped at 1,800, before it ends
    jobs = [
        job(1900, cores=2, value_u=10 * 10**6, deadline_s=1900, service_class="a"),
        job(1900, cores=2, deadline_s=900, service_class="b"),
    ]
    prices = {"unserved_by_class": (ClassPrice("b", price_u * 10**6, 0),)}
    case = case_of(jobs, [{"t": 0, "supply": 200}], {"end_s": 6000}, **prices)
    result = simulate(case, make_scheduler("lookahead=hvf+greedy"), record=False)
    assert np.array(STATUS_NAMES)[result.jobs["status"]].tolist() == served


def test_a_case_without_prices_says_nothing_of_them():
    case: Case = case_of([job(10)], DARK_LATER, {})
    text = str(case.options)
    assert ", unserved_penalty_u=0, unserved_value_ppm=0, unserved_by_class=()" in text
