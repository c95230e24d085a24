"""Orders, backfills and victim rules on instances small enough to work out on paper."""

from __future__ import annotations

import math
import random

import pytest

import rare
from rare.rules.orders import ORDER_NAMES
from rare.scheduler import Decider
from schedulers import describe, known_names, make_scheduler
from schedulers.heuristics.chooser import BACKFILL_NAMES
from schedulers.heuristics.victims import VICTIM_NAMES
from tests.builders import make_case, random_case
from tests.rare.twins import history
from traces.errors import InputError

GRID = [{"t": 0, "grid": rare.UNLIMITED_MW}]
MINUTE = 60


@pytest.fixture(params=["compiled", "simpy"])
def clock(request):
    return request.param


def starts(jobs, scheduler, clock, *, cores=4, rows=GRID, partition=None, **options):
    """First start of each job."""
    case = make_case(jobs, partition or rare.Partition(nodes=cores), rows, **options)
    result = rare.simulate(case, make_scheduler(scheduler), clock=clock)
    return result.jobs["start_s"].tolist()


def order_of(jobs, scheduler, clock, **rest):
    """Indices of the jobs behind a blocker, in the order in which one core serves them."""
    blocker = {"submit_s": 0, "work_s": 1000, "value_u": 1, "deadline_s": 2000, "preemptible": False}
    first = starts([blocker, *jobs], scheduler, clock, cores=1, **rest)[1:]
    return sorted(range(len(first)), key=lambda i: first[i])


# Four one-core jobs, all waiting at 1000 s when the only core becomes free.
#            submit estimate value  deadline
WAITING = [
    {"submit_s": 10, "work_s": 400, "value_u": 8_000_000, "deadline_s": 9000},
    {"submit_s": 20, "work_s": 100, "value_u": 3_000_000, "deadline_s": 8000},
    {"submit_s": 30, "work_s": 300, "value_u": 9_000_000, "deadline_s": 7500},
    {"submit_s": 40, "work_s": 200, "value_u": 1_000_000, "deadline_s": 7450},
]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("fcfs", [0, 1, 2, 3]),
        ("sjf", [1, 3, 2, 0]),  # 100, 200, 300, 400
        ("ljf", [0, 2, 3, 1]),
        ("hvf", [2, 0, 1, 3]),  # 9, 8, 3, 1
        ("hvd", [1, 2, 0, 3]),  # per second: 0.03, 0.03 (lower job first), 0.02, 0.005
        ("edf", [3, 2, 1, 0]),
        ("slack", [2, 3, 1, 0]),  # 7200, 7250, 7900, 8600
    ],
)
def test_static_orders(order, expected, clock):
    assert order_of(WAITING, order, clock) == expected


def test_atc_prefers_density_until_a_deadline_presses(clock):
    # Same value per second; the second job's deadline is near, so it goes first.
    far = {"submit_s": 10, "work_s": 200, "value_u": 2_000_000, "deadline_s": 50_000}
    near = {"submit_s": 20, "work_s": 200, "value_u": 2_000_000, "deadline_s": 1300}
    assert order_of([far, near], "atc", clock) == [1, 0]
    # A value that is gone by the time the job could end weighs nothing.
    hopeless = {"submit_s": 20, "work_s": 900, "value_u": 9_000_000, "deadline_s": 620}
    assert order_of([far, hopeless], "atc", clock) == [0, 1]


@pytest.mark.parametrize("name", ["wfp3", "unicef"])
def test_waiting_orders_grow_with_the_wait(name, clock):
    # At 1000 s: waits 990 and 100 s; estimates 300 and 20 s. wait/estimate = 3.3 and 5.
    jobs = [{"submit_s": 10, "work_s": 300}, {"submit_s": 900, "work_s": 20}]
    assert order_of(jobs, name, clock) == [1, 0]


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("f1", lambda r, n, s: math.log10(r) * n + 870 * math.log10(s)),
        ("f2", lambda r, n, s: math.sqrt(r) * n + 25_600 * math.log10(s)),
        ("f3", lambda r, n, s: r * n + 6_860_000 * math.log10(s)),
        ("f4", lambda r, n, s: r * math.sqrt(n) + 530_000 * math.log10(s)),
    ],
)
def test_learned_priorities_are_the_published_formulas(name, formula, clock):
    rng = random.Random(name)
    jobs = [{"submit_s": rng.randint(1, 999), "work_s": rng.randint(1, 10**6)} for _ in range(12)]
    jobs.sort(key=lambda job: job["submit_s"])
    expected = sorted(range(12), key=lambda i: formula(jobs[i]["work_s"], 1, jobs[i]["submit_s"]))
    assert order_of(jobs, name, clock) == expected


# Four cores. 0 runs on 3 of them until 100 s; 1 needs all four; the others come after.
#  cores 4 |            11111
#          | 00000000000 ...
BACKFILL = [
    {"submit_s": 0, "work_s": 100, "cores": 3},
    {"submit_s": 1, "work_s": 50, "cores": 4},
    {"submit_s": 2, "work_s": 90, "cores": 1},  # would end at 92 <= 100
    {"submit_s": 3, "work_s": 99, "cores": 1},  # would end at 102 > 100
]


@pytest.mark.parametrize(
    ("backfill", "expected"),
    [
        ("none", [0, 100, 150, 150]),
        ("greedy", [0, 191, 2, 92]),  # 3 starts when 2 ends, and delays 1
        ("easy", [0, 100, 2, 150]),
        ("conservative", [0, 100, 2, 150]),
    ],
)
def test_backfill(backfill, expected, clock):
    assert starts(BACKFILL, f"fcfs+{backfill}", clock) == expected


def test_easy_lets_long_jobs_into_spare_cores(clock):
    # 0 holds 4 of 6 cores till 100; 1 needs 5 and is reserved for 100, leaving one core spare.
    jobs = [
        {"submit_s": 0, "work_s": 100, "cores": 4},
        {"submit_s": 1, "work_s": 50, "cores": 5},
        {"submit_s": 2, "work_s": 500, "cores": 1},  # takes the spare core
        {"submit_s": 3, "work_s": 500, "cores": 1},  # none is left: has to wait for 1
    ]
    assert starts(jobs, "easy", clock, cores=6) == [0, 100, 2, 150]


def test_conservative_protects_the_second_in_line_too(clock):
    # 3 fits beside 1's reservation, but would delay 2: EASY starts it, conservative does not.
    jobs = [
        {"submit_s": 0, "work_s": 100, "cores": 3},
        {"submit_s": 1, "work_s": 100, "cores": 2},  # reserved at 100, leaves 2 of 4
        {"submit_s": 2, "work_s": 100, "cores": 2},  # conservative: reserved at 100 as well
        {"submit_s": 3, "work_s": 150, "cores": 1},
    ]
    assert starts(jobs, "easy", clock) == [0, 100, 153, 3]
    assert starts(jobs, "conservative", clock) == [0, 100, 100, 200]


def test_a_job_past_its_estimate_holds_its_cores(clock):
    # 0 says 50 and runs 200. At 60 its end counts as "now": 1 is reserved at once, nothing passes it.
    jobs = [
        {"submit_s": 0, "work_s": 200, "estimate_s": 50, "cores": 3},
        {"submit_s": 60, "work_s": 10, "cores": 4},
        {"submit_s": 61, "work_s": 10, "cores": 1},
    ]
    assert starts(jobs, "easy", clock) == [0, 200, 210]


def test_easy_counts_overrun_jobs_as_ending_now(clock):
    jobs = [
        {"submit_s": 0, "work_s": 200, "estimate_s": 50, "cores": 2},
        {"submit_s": 60, "work_s": 10, "cores": 3},  # reserved "now", with one core to spare
        {"submit_s": 61, "work_s": 1000, "cores": 1},
    ]
    assert starts(jobs, "easy", clock) == [0, 200, 61]


def test_each_partition_has_its_own_reservation(clock):
    partitions = (rare.Partition("a", nodes=2), rare.Partition("b", nodes=2))
    jobs = [
        {"submit_s": 0, "work_s": 100, "cores": 1, "partition": "a"},
        {"submit_s": 0, "work_s": 60, "cores": 1, "partition": "b"},
        {"submit_s": 1, "work_s": 10, "cores": 2, "partition": "a"},  # reserved at 100
        {"submit_s": 1, "work_s": 10, "cores": 2, "partition": "b"},  # reserved at 60
        {"submit_s": 2, "work_s": 80, "cores": 1, "partition": "a"},  # ends at 82: may pass in a
        {"submit_s": 2, "work_s": 80, "cores": 1, "partition": "b"},  # ends at 82 > 60: may not in b
    ]
    assert starts(jobs, "easy", clock, partition=partitions) == [0, 0, 100, 60, 2, 70]


def test_easy_reserves_watts_as_well_as_cores(clock):
    # 30 W. 0 draws 20 W till 100; 1 needs 20 W: reserved at 100, then 10 W are spare.
    # 2 (10 W, long) takes the spare watts; 3 (10 W, long) finds none.
    jobs = [
        {"submit_s": 0, "work_s": 100, "cores": 1, "power_mw": 20_000},
        {"submit_s": 1, "work_s": 50, "cores": 1, "power_mw": 20_000},
        {"submit_s": 2, "work_s": 500, "cores": 1, "power_mw": 10_000},
        {"submit_s": 3, "work_s": 500, "cores": 1, "power_mw": 10_000},
    ]
    rows = [{"t": 0, "supply": 30_000}]
    assert starts(jobs, "easy", clock, rows=rows) == [0, 100, 2, 150]
    assert starts(jobs, "conservative", clock, rows=rows) == [0, 100, 2, 150]


def test_a_head_without_a_reservation_is_skipped_and_counted(clock):
    # 0 needs more watts than there are until 500 s: it has no reservation, so 1 may start.
    jobs = [
        {"submit_s": 0, "work_s": 10, "cores": 4, "power_mw": 50_000},
        {"submit_s": 1, "work_s": 1000, "cores": 4, "power_mw": 20_000, "preemptible": True},
    ]
    rows = [{"t": 0, "supply": 30_000}, {"t": 500, "supply": 90_000}]
    case = make_case(jobs, rare.Partition(nodes=4), rows)
    for name in ("easy", "conservative"):
        result = rare.simulate(case, make_scheduler(name), clock=clock)
        assert result.jobs["start_s"].tolist() == [1001, 1]
        assert result.metrics["reservations_skipped"] > 0


def test_a_head_that_its_nodes_power_forbids_blocks_nobody(clock):
    # A node of a draws 100 W before any core does, and there are 60 W: job 0 can never start.
    partitions = (
        rare.Partition("a", nodes=1, cores_per_node=4, idle_mw=100_000),
        rare.Partition("b", nodes=1, cores_per_node=1),
    )
    jobs = [
        {"work_s": 10, "power_mw": 1000, "partition": "a"},
        {"work_s": 10, "power_mw": 50_000, "partition": "b", "submit_s": 1},
    ]
    rows = [{"t": 0, "supply": 60_000}]
    for name in ("easy", "conservative"):
        assert starts(jobs, name, clock, partition=partitions, rows=rows) == [-1, 1]


def test_a_reservation_counts_the_power_of_whole_nodes(clock):
    # Two 4-core nodes of 100 W idle under 180 W: only one can be lit. Job 1 (3 cores) waits for job 0
    # (2 cores) until 1000 s; job 2 (2 cores, long) would then need the second node, so it may not pass.
    part = rare.Partition("a", nodes=2, cores_per_node=4, idle_mw=100_000)
    jobs = [
        {"work_s": 1000, "cores": 2, "power_mw": 0},
        {"work_s": 10, "cores": 3, "power_mw": 0, "submit_s": 1},
        {"work_s": 5000, "cores": 2, "power_mw": 0, "submit_s": 2},
    ]
    rows = [{"t": 0, "supply": 180_000}]
    for name in ("easy", "conservative"):
        assert starts(jobs, name, clock, partition=part, rows=rows) == [0, 1000, 1010]


# Three 10 W jobs under 30 W; at 100 s one has to go.
SHED = [
    {"submit_s": 0, "work_s": 500, "power_mw": 10_000, "value_u": 5_000_000, "deadline_s": 900},
    {"submit_s": 1, "work_s": 500, "power_mw": 10_000, "value_u": 4_000_000, "deadline_s": 5000},
    {"submit_s": 2, "work_s": 500, "power_mw": 10_000, "value_u": 6_000_000, "deadline_s": 800},
]


@pytest.mark.parametrize(
    ("victim", "expected"), [("latest", 2), ("lowvalue", 1), ("lowvaluewatt", 1), ("slackest", 1)]
)
def test_victims(victim, expected, clock):
    case = make_case(
        SHED, rare.Partition(nodes=3), [{"t": 0, "supply": 30_000}, {"t": 100, "supply": 20_000}]
    )
    events = history(case, make_scheduler(f"fcfs+{victim}"), clock)["events"]
    assert [event for event in events if event[1] == "shed"] == [(100, "shed", expected)]


def test_lowest_value_per_watt_weighs_the_power(clock):
    jobs = [dict(job) for job in SHED]
    jobs[0]["power_mw"] = 30_000  # value per watt 0.17 against 0.4 and 0.6
    rows = [{"t": 0, "supply": 50_000}, {"t": 100, "supply": 40_000}]
    case = make_case(jobs, rare.Partition(nodes=3), rows)
    events = history(case, make_scheduler("fcfs+lowvaluewatt"), clock)["events"]
    assert [event for event in events if event[1] == "shed"] == [(100, "shed", 0)]


def test_preemptible_jobs_are_given_up_before_others(clock):
    jobs = [{**job, "preemptible": index == 0} for index, job in enumerate(SHED)]
    case = make_case(
        jobs, rare.Partition(nodes=3), [{"t": 0, "supply": 30_000}, {"t": 100, "supply": 20_000}]
    )
    for victim in VICTIM_NAMES:
        events = history(case, make_scheduler(f"fcfs+{victim}"), clock)["events"]
        assert (100, "shed", 0) in events


# --- the pass over the queue is an optimisation, not a rule -------------------------------------


class Forgetful(Decider):
    """A heuristic that begins every pass anew."""

    def __init__(self, heuristic):
        super().__init__(heuristic.name, order=heuristic.order, order_param=heuristic.order_param)
        self._decide = heuristic.decide

    def decide(self, world, e, status):
        world.env[e].pass_s = -1
        return self._decide(world, e, status)


@pytest.mark.parametrize("backfill", BACKFILL_NAMES[1:])
def test_a_remembered_pass_answers_like_a_fresh_one(backfill):
    for seed in range(120):
        case = random_case(random.Random(seed))
        scheduler = make_scheduler(f"sjf+{backfill}")
        remembered = history(case, scheduler, "compiled")
        assert remembered == history(case, Forgetful(scheduler.for_case(case)), "compiled"), seed


# --- names --------------------------------------------------------------------------------------


def test_every_name_composes_and_is_described():
    words = describe()
    assert set(words["orders"]) == set(ORDER_NAMES)
    assert set(words["backfill"]) == set(BACKFILL_NAMES)
    assert set(words["victims"]) == set(VICTIM_NAMES)
    for order in ORDER_NAMES:
        for backfill in BACKFILL_NAMES:
            for victim in VICTIM_NAMES:
                assert make_scheduler(f"{order}+{backfill}+{victim}").name == f"{order}+{backfill}+{victim}"
    assert [make_scheduler(name).name for name in known_names()] == known_names()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fifo", r"unknown scheduler 'fifo': 'fifo' is not among the orders .*fcfs"),
        ("hfv+easy", r"did you mean 'hvf'\?"),
        ("sjf+eazy", r"'eazy' is not among .* gates, victim and speed rules .*did you mean 'easy'\?"),
        ("easy+greedy", "names two backfill rules"),
        ("sjf+latest+lowvalue", "names two victim rules"),
        ("", "unknown scheduler"),
        ("sjf=2", "only atc takes a parameter"),
        ("atc=two+easy", "'two' is not a number"),
        ("atc=0", "k must be between 0.01 and 1000"),
        ("missing.py:Mine", "there is no file missing.py"),
    ],
)
def test_unknown_names_list_the_known_ones(name, message):
    with pytest.raises(InputError, match=message):
        make_scheduler(name)


def test_atc_takes_its_k_in_the_name():
    assert make_scheduler("atc=0.5+greedy").order_param == 0.5
    assert make_scheduler("atc=0.5+greedy").name == "atc=0.5+greedy"


@pytest.mark.parametrize("params", [{"k": 0}, {"k": float("nan")}, {"kappa": 1}])
def test_bad_parameters_are_refused(params):
    with pytest.raises(InputError, match="k"):
        make_scheduler("atc", **params)


@pytest.mark.parametrize("name", ["hvf", "hvd", "atc", "edf", "slack"])
def test_orders_that_rank_by_what_no_job_has_say_so(name):
    case = make_case([{"work_s": 10}], rare.Partition(), GRID)
    with pytest.raises(InputError, match=f"'{name}' ranks by (value|deadline), and no job has one"):
        rare.simulate(case, make_scheduler(name))


def test_a_users_class_runs_on_both_clocks(tmp_path, clock):
    source = tmp_path / "mine.py"
    source.write_text(
        "class Widest:\n"
        "    def choose(self, view):\n"
        "        jobs = view.startable\n"
        "        return max(jobs, key=lambda job: (job.cores, -job.index)).index if jobs else -1\n"
    )
    jobs = [{"work_s": 10, "cores": 1}, {"work_s": 10, "cores": 3}, {"work_s": 10, "cores": 2}]
    assert starts(jobs, f"{source}:Widest", clock) == [0, 0, 10]
    with pytest.raises(InputError, match="has no class Narrowest"):
        make_scheduler(f"{source}:Narrowest")
    source.write_text("class Broken(:\n")
    with pytest.raises(InputError, match="cannot import"):
        make_scheduler(f"{source}:Broken")


def test_a_run_by_its_decider_is_a_run_by_its_scheduler():
    case = random_case(random.Random(5))
    scheduler = make_scheduler("sjf+easy")
    runs = [rare.simulate(case, each) for each in (scheduler, scheduler.for_case(case))]
    assert (runs[0].events == runs[1].events).all()
