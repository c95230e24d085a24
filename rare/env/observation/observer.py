"""What a learned scheduler sees of any running simulation: the environment's own observation and mask.

The environment binds its arrays to a Batch; an Observer brings its own, so that a policy can be asked by
either clock, or beside a batch, and sees bit for bit what it would see in the environment.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.env.case_tables import Tables, tables_of
from rare.env.observation.buffers import CARD, FLAG, NUMBER, SLOT, VIEW, decision_of
from rare.env.observation.features import look
from rare.env.observation.layout import Layout
from rare.env.observation.row_memory import RowMemory
from rare.model import NEVER_S, Case
from rare.rules.orders import FCFS
from rare.state.arrays import WAIT, World
from rare.state.compile import rule
from rare.state.memory import Copyable, accessor, fresh, records, register, without_addresses, zeros

view_at = accessor(VIEW)
ORDER, ORDER_PARAM = FCFS, 2.0  # how the rules keep the queue for who chooses by observations


@rule
def look_through(w, view):
    """Write the observation of an environment through the view at an address; number of valid actions."""
    return look(w, view_at(view, 0))


@rule
def decide_through(w, view, action):
    """What an action means, seen through the view at an address (buffers.decision_of)."""
    return decision_of(w, view_at(view, 0), action)


class Observer(Copyable):
    """Looks at the worlds of one case: (D,) float32 `obs` and (A,) bool `mask`, rewritten by each look.

    Follows a world whose live slots grow and takes one run after another. The worlds must be of this case,
    or be episodes of it. tables: what `tables_of` made of this case, layout and order before.
    """

    _shared = ("case",)

    def __init__(self, case: Case, layout: Layout, tables: Tables | None = None) -> None:
        self.case, self.layout = case, layout
        self.obs = zeros((layout.size,), np.dtype(np.float32))
        self.mask = zeros((layout.actions,), np.dtype(np.bool_))
        self.mask[0] = self.obs[0] = 1  # to wait is always valid
        # kept: the view holds addresses of its tables
        self._tables = tables_of(case, layout, ORDER, ORDER_PARAM) if tables is None else tables
        self._slots = records((layout.queue_slots + layout.running_slots,), SLOT)
        self._view = records((1,), VIEW)
        self._view[0] = self._tables.view[0]
        self._bind(1)

    def _bind(self, live_slots: int) -> None:
        """Lead the view to the arrays."""
        self._own = self.mask.view(FLAG).view(np.recarray), self.obs.view(NUMBER).view(np.recarray)
        for name, array in zip(("at_mask", "at_obs", "at_slots"), (*self._own, self._slots), strict=True):
            self._view[name] = register(array)
        for name in ("at_static", "at_hours"):
            self._view[name] = self._tables.view[name]
        self.view = register(self._view)
        self._live: Any = None
        self._jobs: Any = None
        self.make_room(live_slots)

    def __getstate__(self) -> dict[str, Any]:
        kept = ("case", "layout", "obs", "mask", "_tables", "_slots", "live_slots")
        return {**{name: getattr(self, name) for name in kept}, "_view": without_addresses(self._view)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.obs, self.mask = (fresh(state[name]) for name in ("obs", "mask"))
        self._slots, self._view = fresh(state["_slots"]), fresh(state["_view"])
        self._bind(state["live_slots"])

    @property
    def tables(self) -> Tables:
        """What it looks things up in: of its case, and read-only but for who made them."""
        return self._tables

    def make_room(self, live_slots: int) -> None:
        """Room for so many live jobs, and no memory of any."""
        self.live_slots = live_slots
        self._cards = records((live_slots,), CARD)
        self._cards["job"] = -1
        self._memory = RowMemory(1, self.layout.queue_slots, live_slots)
        self._view["at_cards"] = register(self._cards)
        self._view["at_memory"] = register(self._memory.records)

    def look_anew(self) -> None:
        """Take nothing over from the last observation: it may have been of another run.

        Cards need no care: they name the job and the state of it of which they tell.
        """
        for name in ("shown_s", "shown_issue", "shown_step"):
            self._view[name] = -NEVER_S
        self._memory.forget()

    def view_for(self, handle: np.void) -> int:
        """The address of the view, ready for a compiled loop over the environment of this handle."""
        live_slots = int(handle["live_slots"])
        if live_slots != self.live_slots:
            self.make_room(live_slots)
        self.look_anew()
        return self.view

    def look(self, world: World, e: int = 0) -> int:
        """Write `obs` and `mask`; the number of valid actions.

        Where only WAIT is valid, nobody is to be asked: the blocks of cluster and forecast are not written.
        ValueError for a world of another case.
        """
        self.turn_to(world)
        return int(look_through(world.handles[e], self.view))

    def turn_to(self, world: World) -> None:
        """Make ready to look at a world. ValueError if it is of another case."""
        if world.live is not self._live or world.jobs is not self._jobs:
            self._follow(world)
        self.look_anew()

    def _follow(self, world: World) -> None:
        if len(world.jobs) != len(self.case.workload):
            raise ValueError(
                f"this world has {len(world.jobs)} jobs and the observer's case {len(self.case.workload)}; "
                "make an Observer of its own case"
            )
        self.make_room(world.live.shape[1])
        self._live, self._jobs = world.live, world.jobs

    def decision_of(self, world: World, action: int, e: int = 0) -> int:
        """The decision (rare.state.decisions) that a valid action means at the last look; WAIT for WAIT."""
        if action == 0:
            return WAIT
        if not self.layout.levels:
            return int(self._slots["slot"][action - 1])
        return int(decide_through(world.handles[e], self.view, action))
