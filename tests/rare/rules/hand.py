"""The form of a case worked out by hand from rare/RULES.md: what happens, when, and the energies.

Powers in mW, times in s, energies in mJ, battery content in mJ/1000. A machine is a row of cores of
100 mW without idle power unless a case says otherwise; inputs start as an island (grid 0).
ENERGY order: available, used, curtailed, charged, discharged, grid, draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rare.machine_events import Speed
from rare.model import Battery, Case, Partition
from tests.reference.model import RAISE, SLOW, Event
from tests.reference.simulator import WAIT, decision, greedy

ENERGY = ("available", "used", "curtailed", "charged", "discharged", "grid", "draw")


@dataclass(frozen=True)
class HandCase:
    """One case and what the rules make of it. `more` names further fields of the result."""

    name: str
    case: Case
    events: str  # "time event job, ..."; a speed level follows the job where it is not 0
    energy: tuple[int, ...]
    instants: list[int]
    ended: str = "completed"
    choose: Callable[[Any], int] = greedy
    victim: Callable[[Any], int] | None = None
    more: dict[str, Any] = field(default_factory=dict)
    script: dict[int, tuple[int, ...]] | None = None  # answers by instant instead of `choose`
    victims: dict[int, tuple[int, ...]] | None = None  # the same instead of `victim`

    @property
    def expected_events(self) -> list[Event]:
        """The event log as tuples."""
        split = (entry.split() for entry in self.events.split(",") if entry.strip())
        return [(int(time_s), name, *map(int, numbers)) for time_s, name, *numbers in split]

    @property
    def victim_chooser(self) -> Callable[[Any], int] | None:
        """`victim`, or a fresh one that follows its script."""
        return self.victim if self.victims is None else scripted(self.victims)

    @property
    def chooser(self) -> Callable[[Any], int]:
        """`choose`, or a fresh one that follows the script."""
        return self.choose if self.script is None else scripted(self.script)


def scripted(answers: dict[int, tuple[int, ...]]) -> Callable[[Any], int]:
    """A chooser that gives these answers at these instants, in order, and else waits."""
    left = {now_s: list(jobs) for now_s, jobs in answers.items()}

    def choose(view: Any) -> int:
        queue = left.get(view.now_s)
        return queue.pop(0) if queue else WAIT

    return choose


def slower(index: int) -> int:
    """The decision to make a running job one level slower."""
    return decision(index, SLOW)


def faster(index: int) -> int:
    """The decision to make a running job one level faster."""
    return decision(index, RAISE)


HALF = Speed(500, 600)
"""A level: half the rate at 60 % of the power."""


def cores(count: int, **others: Any) -> Partition:
    """One node of so many cores, 100 mW each, no idle power."""
    return Partition(**{"nodes": 1, "cores_per_node": count, "core_mw": 100, **others})


def battery(capacity: int, limit: int = 1000, share: float = 1.0, **others: Any) -> Battery:
    """Without losses, unless told."""
    losses = {"charge_efficiency": 1.0, "discharge_efficiency": 1.0, **others}
    charge = losses.pop("charge", limit)
    return Battery(capacity, charge, limit, initial_share=share, **losses)


def at(t: int, supply: int, **others: int) -> dict[str, int]:
    """A row of inputs."""
    return {"t": t, "supply": supply, **others}


def job(work_s: int = 10, **others: Any) -> dict[str, Any]:
    """A job of one core."""
    return {"work_s": work_s, **others}


def wait_for(*ids: int, any_end: bool = False, think_s: int = 0) -> dict[str, Any]:
    """Of a job that waits for others, by their ids: that they complete, or for any end."""
    return {"after": ids, "after_any": any_end, "think_s": think_s}
