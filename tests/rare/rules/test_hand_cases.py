"""Both clocks do what was worked out by hand from RULES.md."""

import pytest

from tests.rare.rules.hand_cases import ENERGY, HAND_CASES
from tests.rare.twins import history

MONEY = ("cost_u", "carbon_ukg", "content", "wasted_mj")
COUNTS = ("decisions", "violations", "value_offered_u")


class Seen:
    """The simulator's view under the names that the hand-written choosers use."""

    def __init__(self, view):
        self.now_s = view.now_s
        self.possible = sorted(job.index for job in view.startable)
        self.running = sorted(job.index for job in view.running)


class ByHand:
    """A hand-written chooser as a user's scheduler."""

    def __init__(self, hand):
        self._choose = hand.chooser
        self._victim = hand.victim_chooser

    def choose(self, view):
        return self._choose(Seen(view))


class ByHandWithVictims(ByHand):
    """One that names victims too."""

    def victim(self, view):
        return self._victim(Seen(view))


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize("hand", HAND_CASES, ids=lambda hand: hand.name.replace(" ", "_"))
def test_a_clock_follows_the_hand_drawn_timeline(hand, clock):
    ours = history(hand.case, (ByHandWithVictims if hand.victim_chooser else ByHand)(hand), clock)
    assert ours["events"] == hand.expected_events
    assert ours["instants"] == hand.instants
    assert ours["ended"] == hand.ended
    assert tuple(ours["energy"][key] for key in ENERGY) == hand.energy
    more = {**dict(zip(MONEY, ours["money"], strict=True)), **dict(zip(COUNTS, ours["counts"], strict=True))}
    more["jobs"] = ours["jobs"]
    assert {key: more[key] for key in hand.more} == hand.more
