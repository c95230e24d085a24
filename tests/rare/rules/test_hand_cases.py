"""Both clocks do what was worked out by hand from RULES.md."""

import pytest

from tests.rare.rules.hand_cases import ENERGY, HAND_CASES
from tests.rare.rules.world_look import LookScheduler
from tests.rare.twins import history

MONEY = ("cost_u", "carbon_ukg", "content", "wasted_mj")
COUNTS = ("decisions", "violations", "value_offered_u")


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize("hand", HAND_CASES, ids=lambda hand: hand.name.replace(" ", "_"))
def test_a_clock_follows_the_hand_drawn_timeline(hand, clock):
    scheduler = LookScheduler(lambda: (hand.chooser, hand.victim_chooser))
    ours = history(hand.case, scheduler, clock, checked=True)
    assert ours["events"] == hand.expected_events
    assert ours["instants"] == hand.instants
    assert ours["ended"] == hand.ended
    assert tuple(ours["energy"][key] for key in ENERGY) == hand.energy
    more = {**dict(zip(MONEY, ours["money"], strict=True)), **dict(zip(COUNTS, ours["counts"], strict=True))}
    more["jobs"] = ours["jobs"]
    assert {key: more[key] for key in hand.more} == hand.more
