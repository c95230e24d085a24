"""The scheduler NETWORK+guard: a network that a heuristic relieves (schedulers.guard.switching_decider)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from rare.env.policies.deciders import Observers
from rare.model import Case
from rare.scheduler import BaseScheduler
from rare.state.memory import Copyable
from schedulers.guard.switching_decider import CheckEffort, SwitchingDecider
from schedulers.heuristics.heuristic import Heuristic, parse
from schedulers.lookahead.effort_names import effort_of, split_parts
from schedulers.lookahead.rollout import terms_of
from schedulers.network.checkpoint_files import describe_checkpoint
from schedulers.network.learned_scheduler import POINTWISE, checkpoint_name, forward_of
from schedulers.network.shipped_scheduler import Guard, GuardedDecider, ShippedScheduler
from schedulers.network.trained_range import NAMES
from traces.errors import InputError

DEFAULT_RULE = "atc+easy"  # beside a checkpoint that names none
RANGES = {
    "every": (0, 720),
    "samples": (1, 64),
    "horizon": (0.25, 720),
    "margin": (0, 100),
    "budget": (0, 10**9),
    "arrivals": (0, 1),
    "unserved": (0, 1),
    "seed": (0, 2**31),
}


class Network(Protocol):
    """What can be guarded: a scheduler that has a network with a heuristic beside it."""

    def beside(self, rule: Heuristic | None, case: Case) -> GuardedDecider:
        """The decider of a case, with this heuristic; None for the network's own."""
        ...


class PolicySwitch(Copyable, BaseScheduler):
    """A network under guard of a heuristic. Any case will do."""

    compiled_entry = "play_network"

    def __init__(self, name: str, network: Network, rule: Heuristic | None, effort: CheckEffort) -> None:
        """rule: instead of the heuristic that the network itself falls back to."""
        self.name, self.network, self.rule, self.effort = name, network, rule, effort

    def for_case(self, case: Case) -> SwitchingDecider:
        """A decider that has seen no run yet. InputError where the heuristic cannot work on the case."""
        network = self.network.beside(self.rule, case)
        return SwitchingDecider(self.name, network, self.effort, terms_of(case, self.effort.unserved))


class Checkpoint(Copyable):
    """A checkpoint that says nothing of its range: its network decides everywhere.

    InputError for a network that is not compiled.
    """

    def __init__(self, folder: Path) -> None:
        description = describe_checkpoint(folder)
        if description.network["kind"] != POINTWISE:
            raise InputError(
                f"{folder}: is a network of kind {description.network['kind']!r}, which is not compiled; "
                "only a pointwise one can be guarded"
            )
        self.name = checkpoint_name(folder)
        self._forward = forward_of(description)
        self._observers = Observers(description.layout)

    def beside(self, rule: Heuristic | None, case: Case) -> GuardedDecider:
        """The decider of a case, with this heuristic; None for DEFAULT_RULE."""
        heuristic = (rule or parse(DEFAULT_RULE)).for_case(case)
        everywhere = np.full(len(NAMES), -np.inf, np.float32), np.full(len(NAMES), np.inf, np.float32)
        return GuardedDecider(
            self.name, self._observers.of(case), self._forward, Guard(everywhere, heuristic, "")
        )


def guarded_checkpoint(folder: Path) -> Network:
    """The network of a checkpoint folder, kept to its range where it knows one."""
    if "range" in describe_checkpoint(folder).facts:
        return ShippedScheduler(folder, checkpoint_name(folder))
    return Checkpoint(folder)


def policy_switch(name: str, network: Network, options: str, **params: float) -> PolicySwitch:
    """The scheduler of a name: options, what follows '+guard', is '[=HEURISTIC][+KEY=NUMBER...]'.

    Keys: those of CheckEffort, in the name or as parameters. InputError for anything unknown or out of range.
    """
    rule, numbers = split_parts(options.removeprefix("="), RANGES)
    effort = effort_of(CheckEffort, name, {**params, **numbers}, RANGES)
    return PolicySwitch(name, network, parse(rule) if rule else None, effort)
