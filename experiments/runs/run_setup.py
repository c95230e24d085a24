"""What simulations of one command share: the request, the built case, and checks before the first minute."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.process.atomic_output import check_place
from experiments.process.code_identity import code_hash, library_versions
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.runs.previous_run import check_replace
from experiments.runs.provenance import file_hash, provenance, scheduler_files
from rare.scenario.case_builder import Built, build
from rare.scenario.load import Wishes, load_scenario
from rare.scheduler import as_scheduler
from schedulers import make_scheduler
from schedulers.user.user_class import users_error
from traces.errors import InputError

CLOCKS = ("compiled", "simpy")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is no part of the scenario: clock, seed, warm-up (seconds from the first submit)."""

    clock: str = "compiled"
    seed: int = 0
    warmup_s: int = 0

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise InputError(f"clock {self.clock!r} is unknown; known are {', '.join(CLOCKS)}")
        for key in ("seed", "warmup_s"):
            if getattr(self, key) < 0:
                raise InputError(f"{key} must not be negative, got {getattr(self, key)}")


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """What to simulate, and where the result goes; the schedulers are named beside it.

    scenario : a shipped scenario's name, or a TOML file
    wishes   : what changes of the scenario; None: nothing
    settings : clock, seed, warm-up; None: the defaults of Settings
    out      : the folder to write; None: none is written
    force    : replace a finished run of another configuration in `out`
    figures  : draw figures and write report.html into `out`
    command  : the words of the command line, for provenance.json
    """

    scenario: str = "plain"
    wishes: Wishes | None = None
    settings: Settings | None = None
    out: str | Path | None = None
    force: bool = False
    figures: bool = True
    command: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """What all runs of one command share. hashes: sha256 of each input file, by role."""

    built: Built
    settings: Settings
    display: ProgressDisplay = QUIET
    command: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)

    def key(self, scheduler: str) -> str:
        """Changes with everything that could change the result of this scheduler."""
        whole = [self.built.resolved(), repr(self.settings), dict(self.hashes), scheduler]
        whole += [code_hash(), library_versions()]
        whole += scheduler_files([scheduler]).values()
        text = json.dumps(whole, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def origin(self, schedulers: Sequence[str]) -> dict[str, Any]:
        """The object of provenance.json of a run or comparison of these schedulers."""
        files = scheduler_files(schedulers)
        extra = {"scheduler_files": files} if files else None
        return provenance(seed=self.settings.seed, files=self.built.files, command=self.command, extra=extra)


def prepare(request: SimulationRequest, schedulers: Sequence[str], display: ProgressDisplay) -> Work:
    """Build the case, and refuse whatever can be refused before the first simulation. InputError."""
    settings = request.settings or Settings()
    if request.out is not None:
        check_place(request.out)
    instances = [make_scheduler(name) for name in schedulers]
    loaded = load_scenario(request.scenario, request.wishes)
    if loaded.scenario.workload.file is None and loaded.scenario.workload.model is None:
        raise InputError("no workload: give --workload FILE (or --scenario with one)")
    built = build(loaded, seed=settings.seed)
    _check_warmup(built, settings.warmup_s)
    check_replace(request.out, built.resolved(), request.force)
    for name, scheduler in zip(schedulers, instances, strict=True):
        with users_error(name):
            as_scheduler(scheduler).check(built.case)
    for text in built.warnings:
        display.note(f"note: {text}")
    hashes = {role: file_hash(path) for role, path in built.files.items()}
    return Work(built, settings, display, tuple(request.command), hashes)


def _check_warmup(built: Built, warmup_s: int) -> None:
    """A warm-up that leaves no job to count is a slip; better refused now than after the simulation."""
    submit_s = built.case.workload.submit_s
    span_s = int(submit_s[-1] - submit_s[0])
    if warmup_s and warmup_s >= span_s:
        raise InputError(
            f"--warmup {warmup_s} s: the last job is submitted {span_s} s after the first, so no job would "
            "count; give a shorter one"
        )
