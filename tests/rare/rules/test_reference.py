"""The reference simulator agrees with the cases worked out by hand, and with the rules' own promises."""

import random

import pytest

from rare.model import Partition
from tests.builders import make_case, random_case, random_event_case
from tests.rare.rules.hand import HALF, faster, slower
from tests.rare.rules.hand_cases import ENERGY, HAND_CASES, at, cores, job, scripted
from tests.rare.rules.world_look import Restless
from tests.reference.simulator import WAIT, RuleError, decision, fcfs, greedy, run_reference, sjf, wait

RANDOM_CASES = 60


@pytest.mark.parametrize("hand", HAND_CASES, ids=lambda hand: hand.name.replace(" ", "_"))
def test_hand_case(hand):
    result = run_reference(hand.case, hand.chooser, hand.victim_chooser)
    assert result.events == hand.expected_events
    assert result.instants == hand.instants
    assert result.ended == hand.ended
    assert tuple(result.energy[key] for key in ENERGY) == hand.energy
    assert {key: getattr(result, key) for key in hand.more} == hand.more


def test_names_of_hand_cases_differ():
    assert len({hand.name for hand in HAND_CASES}) == len(HAND_CASES)


@pytest.mark.parametrize("seed", range(RANDOM_CASES))
def test_random_cases_end_and_keep_the_energy_balance(seed):
    rng = random.Random(seed)
    case = random_case(rng)
    result = run_reference(case, rng.choice([fcfs, sjf, greedy, wait]), rng.choice([None, wait]))
    counted = [name for _, name, _ in result.events]
    assert counted.count("end") == sum(row[-1] == "completed" for row in result.jobs)
    assert counted.count("shed") + counted.count("suspend") == sum(row[2] for row in result.jobs)
    assert result.instants == sorted(set(result.instants))
    assert result.events == sorted(result.events, key=lambda event: event[0])


@pytest.mark.parametrize("seed", range(RANDOM_CASES))
def test_random_cases_with_levels_and_events_end_and_keep_the_balance(seed):
    case, restless = random_event_case(random.Random(seed)), Restless(seed)
    result = run_reference(case, restless.choose, restless.victim)
    counted = [event[1] for event in result.events]
    assert counted.count("end") == sum(row[-1] == "completed" for row in result.jobs)
    assert counted.count("kill") + counted.count("lose") == sum(row[3] for row in result.jobs)
    assert counted.count("cancel") == sum(row[-1] == "cancelled" for row in result.jobs)
    assert counted.count("drop") == sum(row[-1] == "dropped" for row in result.jobs)
    assert result.events == sorted(result.events, key=lambda event: event[0])


@pytest.mark.parametrize(
    ("answers", "victims", "rule"),
    [
        ({0: (decision(0, 2),)}, {}, "§4.2"),  # there is no such level
        ({0: (0,), 1: (faster(0),)}, {}, "§11.4"),  # it has its full speed
        ({0: (0,), 1: (slower(0),)}, {}, "§4.2c"),  # by choice, and that is not allowed
        ({0: (0,)}, {5: (slower(0), slower(0))}, "§11.4"),  # twice in an instant
        ({0: (decision(0, 1),)}, {5: (slower(0),)}, "§11.4"),  # it has the last level
        ({0: (0,)}, {5: (decision(0, 1),)}, "§11.4"),  # a start while power is short
    ],
)
def test_a_wrong_level_names_the_rule(answers, victims, rule):
    case = make_case([job(20), job(5, submit_s=1)], cores(2, speeds=(HALF,)), [at(0, 200), at(5, 30)])
    with pytest.raises(RuleError, match=rule):
        run_reference(case, scripted(answers), scripted(victims))


@pytest.mark.parametrize(
    ("answers", "rule"),
    [
        ({0: (5,)}, "§4.4"),  # there is no such job
        ({0: (1,)}, "§4.2"),  # not submitted yet
        ({0: (0,), 1: (0,)}, "§4.2"),  # runs, and voluntary suspension is not allowed
        ({0: (0,), 1: (2,)}, "§4.2"),  # its cores are not free
    ],
)
def test_a_wrong_answer_names_the_rule(answers, rule):
    case = make_case(
        [job(5), job(5, submit_s=1), job(5, submit_s=1, cores=2), job(5, submit_s=9)],
        Partition(nodes=1, cores_per_node=2),
        [at(0, 100)],
    )
    with pytest.raises(RuleError, match=rule):
        run_reference(case, scripted(answers))


def test_what_moved_at_an_instant_does_not_move_again():
    seen = []

    def watch(view):
        seen.append((view.now_s, view.possible, view.suspendable))
        return {0: 0, 3: 0}.get(view.now_s, WAIT)

    case = make_case(
        [job(10), job(10, submit_s=3, power_mw=500)], cores(2), [at(0, 100)], voluntary_suspension=True
    )
    run_reference(case, watch)
    assert seen == [(0, [0], []), (3, [], [0]), (4, [0], [])]  # 4: it may move again (§3.8)


def test_a_named_victim_must_run():
    case = make_case([job(10), job(10)], cores(2), [at(0, 100), at(5, 0)])
    with pytest.raises(RuleError, match="§4.1"):
        run_reference(case, greedy, lambda view: 1)


def test_the_head_blocks_strict_orders():
    case = make_case([job(5, cores=2), job(9), job(1, cores=2)], cores(2), [at(0, 200)])
    starts = {
        name: [index for _, event, index in run_reference(case, order).events if event == "start"]
        for name, order in (("fcfs", fcfs), ("sjf", sjf))
    }
    assert starts == {"fcfs": [0, 1, 2], "sjf": [2, 0, 1]}
