"""What the reference simulator (simulator.py) keeps of jobs, inputs and flows, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.reference.run_timeline import Run

WAIT = -1
SLOW, RAISE = 8, 9
FULL = 1000
"""Thousandths of a second of work that a second at full speed does; per mille of speed and sensitivity."""
KWH_MJ = 3_600_000_000
NO_DEADLINE_S = 2**62


class RuleError(Exception):
    """The scheduler asked for something the rules do not allow (§4.4)."""


def decision(index: int, what: int = 0) -> int:
    """The code of a decision: 0 start, suspend or give up; 1 to 7 start at that level; SLOW; RAISE."""
    return index + (what << 32)


def decoded(code: int) -> tuple[int, int]:
    """Job and what is to become of it."""
    return code & 0xFFFFFFFF, code >> 32


Event = tuple[int, str, int] | tuple[int, str, int, int]
"""Time, name, job; and the level in force afterwards, unless it is 0."""


@dataclass
class Job:
    """One job. Everything above `state` is fixed; everything below is its history so far."""

    index: int
    submit_s: int
    cores: int
    gpus_milli: int
    memory_mib: int
    work_s: int
    estimate_s: int
    own_power_mw: int | None
    value_u: int | None
    deadline_s: int | None
    preemptible: bool
    sensitivity: int = FULL  # per mille (§11.2)
    cancel_s: int | None = None
    after: tuple[int, ...] = ()  # predecessors that the workload has, by index (§12.4)
    after_any: bool = True
    think_s: int = 0
    partition: int | None = None  # None: it fits nowhere
    power_mw: int = 0  # active power in its partition at full speed (§2.3)

    # future held queued running suspended completed rejected expired failed cancelled dropped
    state: str = "future"  # held: submitted, but its predecessors have not ended (§12.4)
    arrived: bool = False
    kept: int = 0  # thousandths of work done in earlier runs and not lost
    kept_mj: int = 0  # active energy of that work
    run: Run | None = None  # while it runs
    moved_s: int | None = None  # its last transition (§4.3, §11.4)
    first_start_s: int | None = None
    end_s: int | None = None
    turned_away: bool = False  # rejected as one too many; its value was offered (§15.3)
    gone_s: int | None = None  # when it ended, however (§12.4)
    suspensions: int = 0
    kills: int = 0
    earned_u: int = 0
    waste_mj: int = 0  # §5.6

    @property
    def allowance_s(self) -> int:
        assert self.deadline_s is not None
        return max(self.deadline_s - self.submit_s, 600)

    @property
    def expiry_s(self) -> int | None:
        """When its value is gone (§6.2); None for a job that never expires (§6.4)."""
        if self.deadline_s is None or self.value_u is None:
            return None
        return self.deadline_s + self.allowance_s

    @property
    def began_s(self) -> int | None:
        """Its last start or resume, while it runs."""
        return None if self.run is None else self.run.began_s

    @property
    def level(self) -> int:
        """Its speed level; full speed while it does not run (§11.5, §11.6)."""
        return 0 if self.run is None else self.run.now.level

    @property
    def active_mw(self) -> int:
        """Its active power at its level."""
        return self.power_mw if self.run is None else self.run.now.power_mw

    def progress(self, now_s: int) -> int:
        """Thousandths of work done and not lost."""
        done = 0 if self.run is None else self.run.done(now_s)
        return min(self.kept + done, FULL * self.work_s)

    def left_estimate(self, now_s: int) -> int:
        """Thousandths that are left of its estimate, never negative (§9.4)."""
        return max(0, FULL * self.estimate_s - self.progress(now_s))

    def left_estimate_s(self, now_s: int) -> int:
        """The same in seconds at full speed, rounded up."""
        return -(-self.left_estimate(now_s) // FULL)


@dataclass(frozen=True)
class Row:
    """The inputs between two changes (§1.2)."""

    supply_mw: int
    import_mw: int
    price_u: int
    carbon_ukg: int
    pue: int


@dataclass(frozen=True)
class Flows:
    """Powers between two instants (§3.7)."""

    supply: int = 0
    draw: int = 0
    used: int = 0
    charge: int = 0
    curtailed: int = 0
    discharge: int = 0
    grid: int = 0
    grid_charge: int = 0  # the part of `charge` that is from the grid
    leak: int = 0  # content lost each second, mJ/1000


@dataclass
class ReferenceResult:
    """What happened. Energies in mJ, content in mJ/1000."""

    ended: str
    events: list[Event]
    instants: list[int]
    energy: dict[str, int]
    cost_u: int
    carbon_ukg: int
    content: int
    wasted_mj: int
    jobs: list[tuple[int | None, int | None, int, int, int, str]]
    decisions: int
    value_offered_u: int = 0
    violations: int = 0
    unserved: int = 0
    unserved_u: int = 0
    flows: list[Flows] = field(default_factory=list)  # in force after each instant but the last
