"""What one environment shows: the arrays of its mask, slots and observation, and how they are reached."""

from __future__ import annotations

import numpy as np

from rare.rules.decide import fastest_level
from rare.state.arrays import WAIT
from rare.state.compile import rule
from rare.state.decisions import RAISE, SLOW, decision, slot_of_decision, what_of_decision
from rare.state.memory import accessor, column_accessor, mover

VIEW = np.dtype(
    [
        # sizes, scales
        ("queue_slots", "i8"), ("running_slots", "i8"), ("forecast_hours", "i8"), ("local_offset_s", "i8"),
        ("peak_mw", "f8"), ("cores", "f8"), ("gpus_milli", "f8"), ("nodes", "f8"),
        # where this environment's mask, observation, slots, cards and MEMORY are; tables that it shares
        ("at_mask", "i8"), ("at_obs", "i8"), ("at_slots", "i8"), ("at_cards", "i8"), ("at_memory", "i8"),
        ("at_static", "i8"), ("at_hours", "i8"),
        # whether starts that would delay the most urgent job without room are withheld; how many were
        ("reservations", "i8"), ("withheld", "i8"),
        # what the last observation showed: jobs, its second, the forecast's issue and step
        ("shown_queue", "i8"), ("shown_running", "i8"), ("shown_s", "i8"),
        ("shown_issue", "i8"), ("shown_step", "i8"),
        # what the layout has beside (layout.Layout), and how long mask and observation are
        ("levels", "i8"), ("events", "i8"), ("prices", "i8"), ("actions", "i8"), ("length", "i8"),
        # where its blocks begin
        ("queue_at", "i8"), ("running_at", "i8"), ("cluster_at", "i8"), ("forecast_at", "i8"),
        ("queue_levels_at", "i8"), ("running_levels_at", "i8"), ("events_at", "i8"), ("limits_at", "i8"),
        ("queue_prices_at", "i8"), ("running_prices_at", "i8"), ("prices_at", "i8"), ("costs_at", "i8"),
        # what a late and an unserved job cost beside what it is worth; and cost of a microprice and of a
        # microgram of carbon beside what a kWh of work earns
        ("late", "f8"), ("unserved", "f8"), ("per_price", "f8"), ("per_carbon", "f8"),
        # factors on price and carbon intensity where they are shown by themselves, 1 without prices
        ("price_scale", "f8"), ("carbon_scale", "f8"),
        ("planned", "i8"),  # whether any outage of the case is planned
    ],
    align=True,
)  # fmt: skip
"""How one environment is looked at."""
STATIC = np.dtype(
    [
        ("unserved_u", "f8"), ("cores", "f4"), ("gpus", "f4"), ("memory", "f4"), ("power", "f4"),
        ("density", "f4"), ("late", "f4"), ("unserved", "f4"),
    ],
    align=True,
)  # fmt: skip
"""What of a job never changes, computed once: a table beside the workload."""
CARD = np.dtype(
    [
        ("job", "i4"), ("decline", "f4"), ("left", "i8"), ("submit_s", "i8"), ("latest_s", "i8"),
        ("wish", "f8"), ("saved", "f8"), ("cores", "f4"), ("gpus", "f4"), ("memory", "f4"), ("power", "f4"),
        ("density", "f4"), ("preemptible", "f4"), ("estimate", "f4"), ("suspended", "f4"),
    ],
    align=True,
)  # fmt: skip
"""What of a live job changes only when it is started or stopped; it holds while `job`, `left` and
`suspended` do.

left: its work left when it last stopped, in seconds, or thousandths where the case has levels or checkpoints;
latest_s: its latest start (RULES §3.8); decline: share of its value lost with each second after that;
wish: value per core-second of a start until then; saved: the price of not serving it, likewise, where the
layout has prices.
"""
SLOT = np.dtype([("slot", "i4")])
"""Which live job each action means: queue slots, then running slots."""
FLAG, NUMBER, WISH = np.dtype([("x", "u1")]), np.dtype([("x", "f4")]), np.dtype([("x", "f8")])
COUNT, WHOLE = np.dtype([("x", "i4")]), np.dtype([("x", "i8")])
COLUMNS = {
    "wanted": COUNT, "job": COUNT, "cores": COUNT, "worth": NUMBER, "decline": NUMBER,
    "submit_s": WISH, "latest_s": WISH,
    "power_mw": WHOLE, "changed_s": WHOLE, "may": FLAG, "waited": NUMBER, "slack": NUMBER, "share": NUMBER,
}  # fmt: skip
"""What is known of the waiting jobs shown, column by column, so that a loop works on several at once.

wanted: the job in each slot now; job: of the row; worth: 1 if it has value; decline, submit_s, latest_s: as
on its card; power_mw, changed_s: as of the live job; may: whether it may start; waited, slack, share: its
features that change with time.
"""
MEMORY = np.dtype(
    [
        ("rows", "i8"), ("rows_s", "i8"), ("decisions", "i8"), ("lost", "i8"), ("at_wishes", "i8"),
        *((f"at_{name}", "i8") for name in COLUMNS),
    ],
    align=True,
)  # fmt: skip
"""What the last look has left, and where the columns are. It saves time, and is no part of a saved state.

rows: queue rows of the observation that were right then; rows_s: the second that their features are of;
decisions, lost: of the environment then; wishes: room for one of each live job.
"""

static_at, slot_at, card_at = accessor(STATIC), accessor(SLOT), accessor(CARD)
flag_at, number_at, wish_at = accessor(FLAG), accessor(NUMBER), accessor(WISH)
memory_at = accessor(MEMORY)
count_in, whole_in, flag_in = column_accessor(COUNT), column_accessor(WHOLE), column_accessor(FLAG)
number_in, wish_in = column_accessor(NUMBER), column_accessor(WISH)
move_counts, move_wholes, move_numbers, move_wishes = mover(COUNT), mover(WHOLE), mover(NUMBER), mover(WISH)


@rule
def memory_of(v):
    """What the last look has left."""
    return memory_at(v.at_memory, 0)


@rule
def start_level(w, v, slot):
    """The level of a start: the fastest that there is power for; the full one if the layout has no levels."""
    if v.levels == 0 or w.speed_levels <= 1:
        return 0
    return max(fastest_level(w, slot), 0)


@rule
def decision_of(w, v, action):
    """What a valid action means: a decision (rare.state.decisions), or WAIT."""
    if action == 0:
        return WAIT
    if v.levels == 0:
        return slot_at(v.at_slots, action - 1).slot
    if action <= v.queue_slots:
        slot = slot_at(v.at_slots, action - 1).slot
        return decision(slot, start_level(w, v, slot))
    place = action - 1 - v.queue_slots
    slot = slot_at(v.at_slots, v.queue_slots + place % v.running_slots).slot
    kind = place // v.running_slots
    return slot if kind == 0 else decision(slot, SLOW if kind == 1 else RAISE)


@rule
def action_for(w, v, code):
    """The action that means a decision; -1: its job is in no slot, or no action means it.

    There is none for a start at another level than the fastest that there is power for, and without levels
    in the layout none for any change of level.
    """
    slot = slot_of_decision(code)
    what = what_of_decision(code)
    for action in range(1, 1 + v.shown_queue):
        if slot_at(v.at_slots, action - 1).slot == slot:
            return action if decision_of(w, v, action) == code else -1
    for action in range(1 + v.queue_slots, 1 + v.queue_slots + v.shown_running):
        if slot_at(v.at_slots, action - 1).slot == slot:
            if what == 0:
                return action
            further = v.running_slots if what == SLOW else 2 * v.running_slots
            return action + further if v.levels and what in (SLOW, RAISE) else -1
    return -1


@rule
def set_flag(v, action, valid):
    """One action of the mask, and of its copy at the head of the observation."""
    flag_at(v.at_mask, action).x = valid
    number_at(v.at_obs, action).x = 1.0 if valid else 0.0
