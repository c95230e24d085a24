"""Limits of users and QOS hold for whoever decides, and wherever a state goes (RULES §15)."""

from __future__ import annotations

import copy
import pickle
import random
from dataclasses import replace

import numpy as np
import pytest

import rare
from rare import Layout
from rare.clocks.compiled_clock import CompiledClock
from rare.env.batch import Batch
from rare.episodes import Episodes, episodes_of_case
from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import EACH, JobLimit
from rare.rules.invariants import verify
from rare.run import CLOCKS
from rare.scenario.case_hash import case_hash
from rare.scheduler import as_decider, keep_queue
from rare.world import build_world
from schedulers import make_scheduler
from schedulers.oracle.bound import upper_bound
from schedulers.oracle.exact_search import exact_optimum
from tests.builders import make_case
from tests.rare.rules.hand import at, cores, job
from tests.rare.rules.hand_cases_limits import owned
from tests.rare.twins import Unfused, history
from traces.errors import InputError

ONE_EACH = (JobLimit(user=EACH, running_jobs=1),)
LAYOUT = Layout(8, 6, 2)


def crowd(seed: int = 0, limits: tuple[JobLimit, ...] = ONE_EACH):
    """Many short jobs of three users, with values, on a machine that could run more of them."""
    rng = random.Random(seed)
    jobs = [
        job(
            rng.randint(5, 60),
            submit_s=rng.randint(0, 100),
            estimate_s=rng.choice((60, 100)),
            cores=rng.randint(1, 2),
            value_u=rng.randint(1, 1000),
            deadline_s=rng.randint(200, 900),
        )
        for _ in range(24)
    ]
    case = make_case(
        jobs, cores(6), [at(0, 0, grid=600), at(300, 0, grid=300), at(500, 0, grid=600)], end_s=4000
    )
    names = [rng.choice(("a", "b", "c")) for _ in jobs]
    return owned(case, limits, user=names)


def most_at_once(result, users) -> int:
    """The most jobs of one user that ran at the same time."""
    rows = [
        (int(row["start_s"]), int(row["end_s"]), user)
        for row, user in zip(result.jobs, users, strict=True)
        if row["start_s"] >= 0
    ]
    return max(
        sum(other == user and first <= start_s < last for first, last, other in rows)
        for start_s, _, user in rows
    )


class TestWhoeverDecides:
    @pytest.mark.parametrize(
        "name",
        [
            "fcfs", "hvf+greedy", "easy", "conservative", "conservative=kept", "atc+easy",
            "lookahead=easy+budget=60+samples=2+horizon=0.25+arrivals=1", "oracle=20",
        ],
    )  # fmt: skip
    def test_limits_are_kept(self, name):
        case = crowd()
        result = rare.simulate(case, make_scheduler(name))
        assert most_at_once(result, case.workload.user) == 1
        assert (
            most_at_once(rare.simulate(replace(case, limits=()), make_scheduler(name)), case.workload.user)
            > 1
        )

    def test_a_refusal_names_the_limit(self):
        class Eager:
            def choose(self, view):
                return view.queue[0].index

        case = owned(
            make_case([job(10), job(5), job(5)], cores(3), [at(0, 300)]), ONE_EACH, user=("a", "a", "b")
        )
        with pytest.raises(
            ValueError, match=r"\[\[limit\]\] 1 of the scenario lets 1 of these jobs run at once"
        ):
            rare.simulate(case, Eager())
        wide = owned(
            make_case([job(10, cores=2), job(5, cores=2), job(5)], cores(5), [at(0, 500)]),
            [JobLimit(user="nobody", cores=1), JobLimit(user="a", cores=3)],
            user=("a", "a", "b"),
        )
        with pytest.raises(
            ValueError, match=r"\[\[limit\]\] 2 .* take 3 cores, they have 2, and it needs 2 \(RULES §15.2\)"
        ):
            rare.simulate(wide, Eager())

    def test_a_view_knows_who_may_start(self):
        seen = []

        class Look:
            def choose(self, view):
                seen.append(([job.index for job in view.startable], view.can_start(view.queue[0])))
                return view.startable[0].index

        case = owned(
            make_case([job(10), job(5), job(5)], cores(3), [at(0, 300)]), ONE_EACH, user=("a", "a", "b")
        )
        rare.simulate(case, Look())
        assert seen[:2] == [([0, 1, 2], True), ([2], False)]


class TestCounts:
    def test_metrics_tell_who_was_over_a_limit(self):
        limits = [JobLimit(account="lab", wall_s=60), JobLimit(user="a", submitted_jobs=1)]
        case = owned(
            make_case([job(9, cores=9), job(5, estimate_s=61), job(5), job(5)], cores(2), [at(0, 200)]),
            limits,
            user=("a", "b", "a", "a"),
            account=("lab", "lab", "lab", ""),
        )
        metrics = rare.simulate(case, make_scheduler("fcfs")).metrics
        assert (metrics["jobs_rejected"], metrics["jobs_over_limit"], metrics["jobs_completed"]) == (3, 2, 1)
        assert rare.simulate(replace(case, limits=()), make_scheduler("fcfs")).metrics["jobs_over_limit"] == 0

    def test_one_too_many_loses_its_value(self):
        """Its value was offered; that of a job that could never come was not."""
        case = owned(
            make_case(
                [job(5, value_u=3), job(5, value_u=5), job(5, value_u=7, estimate_s=99)],
                cores(1),
                [at(0, 100)],
            ),
            [JobLimit(user="a", submitted_jobs=1, wall_s=60)],
            user=("a", "a", "a"),
        )
        metrics = rare.simulate(case, make_scheduler("fcfs")).metrics
        assert (metrics["value_offered"], metrics["value_earned"]) == (8e-6, 3e-6)

    def test_the_hash_counts_limits_and_whose_jobs_they_are(self):
        case = crowd()
        plain = replace(case, limits=())
        other = np.array(["z", *case.workload.user[1:]], dtype=object)
        renamed = replace(case, workload=replace(case.workload, user=other))
        assert case_hash(plain) == case_hash(replace(plain, workload=replace(plain.workload, user=other)))
        hashes = {case_hash(each) for each in (plain, case, renamed)}
        assert len(hashes) == 3
        options = replace(plain.options, backfill=BackfillOptions(window_s=5))
        assert case_hash(replace(plain, options=options)) not in hashes


class TestStatesTravel:
    def test_a_fork_keeps_its_counts(self):
        case = crowd()
        decider = as_decider(make_scheduler("hvf+greedy"), case)
        seen = []

        def split(world):
            if int(world.env[0].decisions) == 9:
                seen.extend((copy.copy(world), pickle.loads(pickle.dumps(world))))

        world = build_world(case)
        keep_queue(world, 0, decider)
        whole = CLOCKS["compiled"](world, Unfused(decider, split), case.workload.job_id).run()
        assert len(seen) == 2
        for branch in seen:
            verify(branch)
            assert branch.group_use[0].running_jobs.sum() > 0
            rest = CompiledClock(branch, decider, case.workload.job_id).run()
            assert rest.outcome.tobytes() == whole.outcome.tobytes()

    def test_environments_with_and_without_limits_side_by_side(self):
        """Each as if alone; a copy goes on in the same way."""
        cases = {
            "limited": crowd(),
            "free": crowd(limits=()),
            "more": crowd(3, (JobLimit(user="a", cores=2), JobLimit(user=EACH, submitted_jobs=4))),
        }
        parts = [episodes_of_case(case, name) for name, case in cases.items()]
        episodes = [replace(part.episodes[0], case_index=place) for place, part in enumerate(parts)]
        mixed = Episodes("mixed", tuple(part.case for part in parts), tuple(episodes))
        batch = begun(mixed, mixed.episodes)
        alone = [begun(part, part.episodes) for part in parts]
        twin = pickle.loads(pickle.dumps(batch))
        for e in range(len(parts)):
            told = future(batch, e)
            assert told == future(alone[e], 0)
            assert told == future(twin, e)

    def test_the_mask_offers_nobody_over_a_limit(self):
        episodes = episodes_of_case(crowd(), "crowd")
        batch = begun(episodes, episodes.episodes)
        draws = np.random.default_rng(1)
        while not batch.is_over(0):
            verify(batch.world)
            batch.step_single(0, int(draws.choice(np.flatnonzero(batch.mask[0]))))
        assert batch.summary(0)["jobs_completed"] > 10


def begun(episodes, playing):
    batch = Batch(episodes, LAYOUT, len(playing), live=4)
    for e, episode in enumerate(playing):
        batch.set_up(e, episode)
        batch.begin(e)
    return batch


def future(batch, e):
    """What an environment shows from now on, under actions drawn by a fixed seed."""
    draws, seen = np.random.default_rng(5), []
    while not batch.is_over(e):
        seen.append((batch.obs[e].tobytes(), float(batch.reward[e])))
        batch.step_single(e, int(draws.choice(np.flatnonzero(batch.mask[e]))))
    return seen


def test_a_heuristic_with_limits_is_the_same_over_an_index_of_the_queue():
    """A long queue is kept under an index; without limits it would be walked by other ways."""
    rng = random.Random(1)
    jobs = [job(rng.randint(1, 30), submit_s=k // 20, cores=rng.randint(1, 3)) for k in range(400)]
    case = owned(
        make_case(jobs, cores(8), [at(0, 800)]),
        [JobLimit(user=EACH, running_jobs=2)],
        user=[rng.choice("abc") for _ in jobs],
    )
    for backfill in (BackfillOptions(), BackfillOptions(max_jobs=50)):
        each = replace(case, options=replace(case.options, backfill=backfill))
        assert history(each, make_scheduler("easy"), "compiled") == history(
            each, make_scheduler("easy"), "simpy", checked=False
        )


def test_limits_that_say_nothing_are_refused():
    with pytest.raises(InputError, match="names nobody"):
        JobLimit(cores=3)
    with pytest.raises(InputError, match="bounds nothing"):
        JobLimit(user="a")
    with pytest.raises(InputError, match="window_s must be between"):
        BackfillOptions(window_s=-1)


def test_the_exact_optimum_and_the_bound_know_limits():
    """Two jobs of one user, due at 100: the second ends at 200, when 500 of 600 s of value are left."""
    jobs = [job(100, deadline_s=100, value_u=600)] * 2
    case = owned(make_case(jobs, cores(2), [at(0, 200)], end_s=2000), ONE_EACH, user=("a", "a"))
    exact, free = exact_optimum(case), exact_optimum(replace(case, limits=()))
    assert exact is not None and free is not None
    assert (exact.objective, free.objective) == (1100 / 1200, 1.0)
    bound = upper_bound(case, step_s=100, grant_share=0.0).bound
    assert bound is not None and bound >= exact.objective
    assert rare.simulate(case, make_scheduler("oracle=20")).metrics["objective"] == exact.objective


def test_a_bound_leaves_out_what_no_limit_allows():
    """A job that is rejected offers no value, so the other one is all there is to earn."""
    jobs = [job(10, deadline_s=100, value_u=1), job(10, deadline_s=5, value_u=9, estimate_s=99)]
    case = owned(
        make_case(jobs, cores(2), [at(0, 200)], end_s=2000), [JobLimit(user="a", wall_s=50)], user=("a", "a")
    )
    exact, bound = exact_optimum(case), upper_bound(case, step_s=100, grant_share=0.0).bound
    assert exact is not None and exact.objective == 1.0
    assert bound is not None and bound >= 1.0 - 1e-6
