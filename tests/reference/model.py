"""What the reference simulator (simulator.py) keeps of jobs, inputs and flows, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field

WAIT = -1
KWH_MJ = 3_600_000_000
NO_DEADLINE_S = 2**62


class RuleError(Exception):
    """The scheduler asked for something the rules do not allow (§4.4)."""


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
    partition: int | None = None  # None: it fits nowhere
    power_mw: int = 0  # active power in its partition (§2.3)

    state: str = "future"  # queued running suspended completed rejected expired failed
    kept_s: int = 0  # progress it had at its last start or resume, or has while it is suspended
    began_s: int | None = None  # last start or resume
    progress_from_s: int = 0  # when progress begins: began_s, or restart_s later (§5.2)
    moved_s: int | None = None  # its last transition (§4.3)
    first_start_s: int | None = None
    end_s: int | None = None
    suspensions: int = 0
    kills: int = 0
    earned_u: int = 0
    waste_s: int = 0  # lost progress and time spent in restarts (§5.6)

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

    def progress_s(self, now_s: int) -> int:
        """Seconds of work done and not lost."""
        if self.state != "running":
            return self.kept_s
        return self.kept_s + max(0, now_s - self.progress_from_s)

    def restart_spent_s(self, now_s: int) -> int:
        """Seconds of its present run that went into a restart."""
        assert self.began_s is not None
        return min(now_s, self.progress_from_s) - self.began_s

    def left_estimate_s(self, now_s: int) -> int:
        """What is left of its estimate, never negative (§9.4)."""
        return max(0, self.estimate_s - self.progress_s(now_s))


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
    events: list[tuple[int, str, int]]
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
    flows: list[Flows] = field(default_factory=list)  # in force after each instant but the last
