"""Priorities worked out by hand, and what must hold of any: RULES §14."""

from __future__ import annotations

import copy
import pickle
import random
from dataclasses import replace

import numpy as np
import pytest

import rare
from rare.clocks.simpy_clock import SimpyClock
from rare.env.batch import Batch
from rare.episodes import Episode, Episodes
from rare.model import Case, Cluster, Partition
from rare.options.slurm_priority import Priority, PriorityShare
from rare.rules.priority.multifactor import age_s
from rare.scenario.case_hash import case_hash
from rare.world import build_world
from schedulers import make_scheduler
from schedulers.lookahead.belief import Believed
from schedulers.lookahead.estimate_accuracy import Accuracy
from tests.builders import random_case
from tests.priority_builders import with_priority
from tests.rare.clocks.test_clocks import compare_with_spurious_wakes
from tests.reference.site_priority import Accounts
from traces.errors import InputError
from traces.jobs.workload import Workload

ONE_CORE = Partition(nodes=1, cores_per_node=1)
SHORT = {"half_life_s": 100, "calc_period_s": 100}


def case_of(jobs, priority, *partitions, **more) -> Case:
    """jobs: (submit, work, cores, user, account) each."""
    submit_s, work_s, cores, users, accounts = zip(*jobs, strict=True)
    workload = Workload.from_columns(
        "by hand",
        submit_s=submit_s,
        work_s=work_s,
        cores=cores,
        user=np.array(users, object),
        account=np.array(accounts, object),
    )
    return Case(workload, Cluster(partitions or (ONE_CORE,)), priority=priority, begin_s=0, **more)


@pytest.fixture(params=["compiled", "simpy"])
def starts(request):
    """The starts of a case under a scheduler, by one of the clocks."""

    def of(case, name="multifactor"):
        return rare.simulate(case, make_scheduler(name), clock=request.param).jobs["start_s"].tolist()

    return of


def clock_at(case, time_s, name="multifactor"):
    clock = SimpyClock.of(case, make_scheduler(name))
    clock.step_until(time_s)
    return clock


class TestByHand:
    def test_three_users_whose_priorities_cross_at_a_mark(self, starts):
        """Classic fair share, three users with a third each; a half-life and a mark every 100 s.

          0: nobody has used anything. a's first job starts.
        100: a has run 100 s at half of its worth: 50. F(a) = 2^(-3) = 1/8, F(b) = F(c) = 1. b starts.
        150: another job of b comes: it has b's F of the last mark, 1, and would go before a's second job.
        200: a 25, b 50, c 0: F(a) = 2^(-1) = 1/2, F(b) = 2^(-2) = 1/4. They have crossed. c starts.
        300: a 12.5, b 25, c 50 of 87.5; 400: c has 75 more. F(a) stays above F(b).
        500: c ends; a goes before b.
        """
        priority = Priority(fair_share_weight=1000, fair_share="classic", **SHORT)
        jobs = [
            (0, 100, 1, "a", ""),
            (0, 50, 1, "a", ""),
            (1, 100, 1, "b", ""),
            (2, 300, 1, "c", ""),
            (150, 10, 1, "b", ""),
        ]
        assert starts(case_of(jobs, priority)) == [0, 500, 100, 200, 550]

    def test_the_factors_of_that_day(self):
        priority = Priority(fair_share_weight=1000, fair_share="classic", **SHORT)
        jobs = [(0, 100, 1, "a", ""), (0, 50, 1, "a", ""), (1, 100, 1, "b", ""), (2, 300, 1, "c", "")]
        case = case_of(jobs, priority)
        world = clock_at(case, 201).world
        row = {world.standings[job].association: user for job, user in enumerate(case.workload.user)}
        usage = {row[node]: float(world.associations[0][node].usage) for node in row}
        factor = {row[node]: float(world.associations[0][node].factor) for node in row}
        assert usage == pytest.approx({"a": 25.0, "b": 50.0, "c": 0.0}, abs=1e-3)
        assert factor == pytest.approx({"a": 0.5, "b": 0.25, "c": 1.0}, rel=1e-4)

    def test_a_mark_is_an_instant_while_jobs_wait(self, starts):
        """Two cores. At 100 the wide job of a is no longer the first, and c's narrow one fits beside b's.

        a's job runs to 30. Then b's narrow job starts, and a's wide one waits before c's: nobody sees the
        30 s of a before the mark. At 100 F(a) < F(c), and c starts, strict as it is.
        """
        priority = Priority(fair_share_weight=1000, fair_share="classic", half_life_s=0, calc_period_s=100)
        jobs = [(0, 30, 2, "a", ""), (1, 500, 1, "b", ""), (2, 50, 2, "a", ""), (3, 20, 1, "c", "")]
        assert starts(case_of(jobs, priority, Partition(nodes=1, cores_per_node=2))) == [0, 30, 530, 100]

    def test_age_overtakes_size_at_a_mark(self, starts):
        """Four cores. Size 4/4: 400 points. Age: one point a second, counted at the marks each 100 s.

        The narrow job of 1 core came at 0 and has 100 points of its size, and 300 more of its age at 300; the
        wide one came at 150 and has 400 + 150 at 300.
        """
        priority = Priority(age_weight=1000, max_age_s=1000, size_weight=400, **SHORT, size_nodes="one")
        jobs = [(0, 290, 4, "a", ""), (0, 10, 1, "a", ""), (150, 10, 4, "a", "")]
        node = Partition(nodes=1, cores_per_node=4)
        # sizes: (1/1 + 4/4) / 2 and (1/1 + 1/4) / 2 = 0.625: 400 and 250 points; at 200: 450 and 450, tied
        assert starts(case_of(jobs, priority, node)) == [0, 290, 300]
        jobs[1] = (1, 10, 1, "a", "")  # 449 at 200
        assert starts(case_of(jobs, priority, node)) == [0, 300, 290]

    def test_partition_qos_and_nice_count(self):
        parts = (Partition("slow", nodes=1, cores_per_node=2), Partition("fast", nodes=3, cores_per_node=2))
        priority = Priority(
            partition_weight=100,
            qos_weight=1000,
            size_weight=10_000,
            qos=(("high", 8), ("low", 2)),
            partition=(("fast", 4), ("slow", 1)),
        )
        case = case_of([(0, 9, 2, "a", ""), (0, 9, 3, "a", ""), (0, 9, 1, "a", "")], priority, *parts)
        workload = replace(
            case.workload,
            partition=np.array(["slow", "fast", "fast"], object),
            qos=np.array(["low", "high", "none"], object),
            nice=np.array([5, 0, -3]),
        )
        world = rare.world.build_world(replace(case, workload=workload))
        # 8 cores on 4 nodes: (1/4 + 2/8)/2, (2/4 + 3/8)/2, (1/4 + 1/8)/2
        assert world.standings.fixed.tolist() == [
            2500 + 25 + 250 - 5, 4375 + 100 + 1000, 1875 + 100 + 3
        ]  # fmt: skip


class TestFairTree:
    #: as a real Slurm 22.05 ranked them: p and q are tied, e and news and root have used nothing
    SHARES = (
        ("p", "daemon", 3, 100), ("p", "bin", 1, 100), ("q", "games", 2, 100), ("q", "man", 2, 100),
        ("f", "mail", 1, 0), ("root", "news", 1, 0), ("root", "root", 1, 0),
    )  # fmt: skip

    def factors(self, shares, users):
        case = case_of([(0, 1, 1, user, "") for user in users], Priority(fair_share_weight=7, shares=shares))
        clock = clock_at(case, 1)
        world = clock.world
        return {
            user: float(world.associations[0][world.standings[job].association].factor)
            for job, user in enumerate(users)
        }

    def test_ties_rank_as_in_slurm(self):
        shares = tuple(
            PriorityShare(account, user, shares=n, usage_core_s=u) for account, user, n, u in self.SHARES
        )
        shares = (PriorityShare("f", parent="e"), *shares)
        users = [user for _, user, *_ in self.SHARES]
        expected = {"daemon": 4, "bin": 3, "games": 3, "man": 3, "mail": 7, "news": 7, "root": 7}
        assert self.factors(shares, users) == {user: rank / 7 for user, rank in expected.items()}

    def test_without_shares_comes_last(self):
        shares = (
            PriorityShare("a", "ann", shares=0),
            PriorityShare("a", "bea"),
            PriorityShare("b", shares=0),
        )
        shares += (PriorityShare("b", "cai"),)
        assert self.factors(shares, ["ann", "bea", "cai"]) == {"bea": 1.0, "ann": 2 / 3, "cai": 1 / 3}

    def test_every_tree_is_ranked_as_in_plain_python(self):
        for seed in range(40):
            rng = random.Random(seed)
            tree = [PriorityShare(f"a{i}", parent=f"a{rng.randrange(i)}" if i else "") for i in range(6)]
            tree += [
                PriorityShare(
                    f"a{rng.randrange(7)}",
                    f"u{i}",
                    shares=rng.randrange(4),
                    usage_core_s=rng.choice((0, 9, 18)),
                )
                for i in range(12)
            ]
            jobs = [(0, 1, 1, share.user, share.account) for share in tree if share.user]
            case = case_of(jobs, Priority(fair_share_weight=1, shares=tuple(tree)))
            clock = clock_at(case, 1)
            plain = Accounts(case)
            plain.set_factors(case.priority)
            ours = [clock.world.associations[0][s.association].factor for s in clock.world.standings]
            assert ours == [node.factor for node in plain.user_of], seed


class TestProperties:
    def test_by_age_alone_it_is_first_come_first_served(self):
        for seed in range(12):
            case = with_priority(random.Random(seed), random_case(random.Random(seed)))
            workload = replace(case.workload, nice=None)
            case = replace(case, workload=workload, priority=Priority(age_weight=7, max_age_s=10**6))
            for backfill in ("none", "easy", "conservative"):
                one = rare.simulate(case, make_scheduler(f"multifactor+{backfill}"))
                other = rare.simulate(case, make_scheduler(f"fcfs+{backfill}"))
                assert one.jobs.tolist() == other.jobs.tolist(), (seed, backfill)

    def test_it_does_not_matter_what_else_wakes_the_cluster(self):
        for seed in range(20):
            rng = random.Random(seed)
            case = with_priority(rng, random_case(rng))
            backfill = rng.choice(("none", "greedy", "easy", "conservative", "conservative=kept"))
            compare_with_spurious_wakes(case, make_scheduler(f"multifactor+{backfill}"))

    def test_by_size_alone_the_widest_goes_first_or_the_narrowest(self, starts):
        widths = [3, 1, 4, 1, 5, 2, 6, 5, 3]
        jobs = [(0, 10, 8, "a", ""), *((1, 10, width, "a", "") for width in widths)]
        node = Partition(nodes=1, cores_per_node=8)
        rules = Priority(size_weight=1000)
        for priority, sign in ((rules, -1), (replace(rules, favor_small=True), 1)):
            begun = starts(case_of([(s, w, 8 if i == 0 else c, u, a) for i, (s, w, c, u, a) in
                                    enumerate(jobs)], priority, node))[1:]  # fmt: skip
            order = sorted(range(len(widths)), key=lambda i: (begun[i], sign * widths[i], i))
            assert [widths[i] for i in order] == sorted(widths, key=lambda width: sign * width)

    @pytest.mark.parametrize("kind", ["tree", "classic"])
    def test_two_users_with_equal_shares_alternate(self, starts, kind):
        jobs = [(0, 100, 1, user, "lab") for user in "aaaabbbb"]
        rules = Priority(fair_share_weight=1000, fair_share=kind, half_life_s=0, calc_period_s=100)
        begun = starts(case_of(jobs, rules))
        assert [jobs[i][3] for i in np.argsort(begun)] == list("abababab")

    def test_usage_falls_to_a_half_in_a_half_life(self):
        shares = (PriorityShare("lab", "a", usage_core_s=1000),)
        rules = Priority(fair_share_weight=1, half_life_s=600, calc_period_s=60, shares=shares)
        for when_s in (600, 1200, 6000):
            clock = clock_at(case_of([(0, 0, 1, "a", "lab"), (when_s, 9, 1, "a", "lab")], rules), when_s + 1)
            world = clock.world
            usage = float(world.associations[0][world.standings[0].association].usage)
            assert usage == pytest.approx(1000 * 2 ** (-when_s / 600), rel=1e-9)

    def test_a_run_that_ends_between_marks_is_counted_once(self):
        """50 s, of which a share of 2^(-1/2) counts at 50, half of it at 100, and a quarter at 200."""
        jobs = [(0, 50, 1, "a", ""), (100, 0, 1, "b", ""), (200, 0, 1, "b", "")]
        for when_s, share in ((101, 0.5), (201, 0.25)):
            clock = clock_at(case_of(jobs, Priority(fair_share_weight=1, **SHORT)), when_s)
            row = clock.world.associations[0][clock.world.standings[0].association]
            assert float(row.usage) == pytest.approx(50 * 2**-0.5 * share, abs=1e-3)

    def test_age_begins_with_the_submit(self):
        """A job that came after a mark has no age there."""
        world = build_world(case_of([(100, 9, 1, "a", "lab")], Priority(age_weight=1)), log_level=0)
        w = world.handles[0]
        assert [age_s(w, 0, mark_s) for mark_s in (0, 99, 100, 101, 150)] == [0, 0, 0, 1, 50]

    def test_a_user_in_two_accounts_has_two_usages(self):
        shares = (PriorityShare("x"), PriorityShare("y"), PriorityShare("x", "a"))
        rules = Priority(fair_share_weight=1, half_life_s=0, calc_period_s=10, shares=shares)
        case = case_of([(0, 10, 1, "a", ""), (0, 10, 1, "a", "y"), (40, 1, 1, "", "")], rules)
        world = clock_at(case, 41).world
        own = [float(world.associations[0][s.association].usage) for s in world.standings]
        assert own == [10.0, 10.0, 0.0]


class TestCopies:
    CASE = staticmethod(
        lambda: case_of(
            [(3 * i, 40 + 7 * i % 50, 1 + i % 3, "abc"[i * i % 3], "xy"[i % 2]) for i in range(40)],
            Priority(age_weight=9, size_weight=50, fair_share_weight=1000, half_life_s=90, calc_period_s=20),
            Partition(nodes=2, cores_per_node=2),
        )
    )

    @pytest.mark.parametrize("way", [copy.deepcopy, lambda world: pickle.loads(pickle.dumps(world))])
    def test_a_copied_world_goes_on_alike(self, way):
        case = self.CASE()
        scheduler = make_scheduler("multifactor+easy")
        whole = rare.simulate(case, scheduler).jobs["start_s"].tolist()
        clock = clock_at(case, 150, "multifactor+easy")
        twin = way(clock.world)
        decider = scheduler.for_case(case)
        for world in (twin, clock.world):
            assert decider.replay(world.handles[0], 10**6) == rare.state.arrays.ENDED
            assert world.outcome[0]["start_s"].tolist() == whole
        assert twin.associations.tolist() == clock.world.associations.tolist()

    def test_environments_of_several_cases_keep_their_own_accounts(self):
        """Many accounts, few, and no [priority] side by side in one batch, saved and restored."""
        first = self.CASE()
        few = replace(first, priority=replace(first.priority, half_life_s=0), workload=replace(
            first.workload, user=None, account=None))  # fmt: skip
        cases = (first, few, replace(first, priority=None))
        episodes = Episodes("three", cases, tuple(
            Episode(f"e{i}", "train", 0, len(case.workload), 0, None, 0, len(case.workload), i)
            for i, case in enumerate(cases)
        ))  # fmt: skip
        order = make_scheduler("multifactor").for_case(first).order
        batch = Batch(episodes, rare.Layout(), 3, order=order, reward="slowdown")
        for e, episode in enumerate(episodes.episodes):
            batch.set_up(e, episode)
            batch.begin(e)
        deciders = [make_scheduler("multifactor+easy").for_case(first)] * 3

        def play(e, steps):
            said = []
            for _ in range(steps):
                if batch.ended()[e]:
                    break
                action = batch.action_of(e, deciders[e].decide(batch.world_of(e), e, 2)) or 0
                batch.step_single(e, action)
                said.append((int(batch.world.env[e].now_s), action))
            return said

        for e in range(3):
            play(e, 12)
        saved = [batch.save(e) for e in range(3)]
        expected = [play(e, 15) for e in range(3)]
        assert len({str(said) for said in expected}) == 3
        for e in range(3):
            batch.restore(e, saved[e])
        assert [play(e, 15) for e in range(3)] == expected

    def test_the_lookahead_ranks_its_copies_alike(self):
        """What it plays on has the usage, and whom the arrivals that it draws belong to."""
        case = self.CASE()
        world = clock_at(case, 61, "multifactor+easy").world
        copy_ = Believed(world, 2, 24 * 3600, True, 0)
        copy_.lay(world, 0, 61 + 24 * 3600, Accuracy(0))
        copy_.draw(1)
        known, drawn = len(case.workload), len(copy_.drawn_jobs)
        assert copy_.world.associations[0].tolist() == world.associations[0].tolist()
        assert world.associations[0].usage.sum() > 0 and drawn > known
        new = copy_.world.standings[known : known + drawn]
        assert new.tolist() == world.standings[copy_.drawn_jobs].tolist()

    def test_the_lookahead_gives_the_same_on_both_clocks(self):
        case = self.CASE()
        case = replace(case, workload=replace(case.workload, value_u=np.full(40, 10**6)))
        name = "lookahead=multifactor+easy+budget=60+samples=2"
        runs = [rare.simulate(case, make_scheduler(name), clock=clock) for clock in ("compiled", "simpy")]
        assert runs[0].jobs.tolist() == runs[1].jobs.tolist()
        assert runs[0].metrics["jobs_completed"] == 40


class TestCases:
    def test_without_priorities_it_refuses(self):
        case = case_of([(0, 1, 1, "a", "")], None)
        with pytest.raises(InputError, match=r"'multifactor\+easy' ranks by .* has no \[priority\]; add it"):
            make_scheduler("multifactor+easy").check(case)

    def test_who_runs_what_counts_in_the_hash_only_with_priorities(self):
        jobs = [(0, 1, 1, "a", ""), (0, 1, 1, "b", "")]
        other = [jobs[0], (0, 1, 1, "c", "")]
        rules = Priority(age_weight=1)
        assert case_hash(case_of(jobs, None)) == case_hash(case_of(other, None))
        hashes = {case_hash(case_of(j, p)) for j in (jobs, other) for p in (rules, Priority(), None)}
        assert len(hashes) == 5

    @pytest.mark.parametrize(
        "values, message",
        [
            ({"age_weight": -1}, "age_weight must be between 0 and 10000000000, got -1"),
            ({"max_age_s": 0}, "max_age_s must be between 1 and"),
            ({"calc_period_s": 0}, "calc_period_s must be between 1 and 100000, got 0"),
            ({"fair_share": "flat"}, "fair_share must be tree or classic, got 'flat'"),
            ({"qos": (("high", -2),)}, "qos 'high' must be between"),
            ({"shares": (PriorityShare("a", shares=-1),)}, "shares of 'a' must be between"),
            ({"shares": (PriorityShare("a"), PriorityShare("a"))}, "account 'a' has shares twice"),
            ({"shares": (PriorityShare("a", "u", "b"),)}, "user 'u' has a parent"),
            ({"shares": (PriorityShare("a", parent="b"), PriorityShare("b", parent="a"))}, "below itself"),
            ({"shares": (PriorityShare("root"),)}, "'root' is the root and has no shares"),
        ],
    )
    def test_wrong_values_are_one_clear_line(self, values, message):
        with pytest.raises(InputError, match=message):
            Priority(**values)
