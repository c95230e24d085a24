"""Heuristics by name: order + backfill + victim rule, as one row of parameters for compiled code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rare.model import NEVER_S, Case
from rare.rules.orders import FCFS, ORDER_NAMES, ORDERS, SCALE_OF_ATC
from rare.scheduler import BaseScheduler
from rare.state.codes import CARBON, DEADLINE, PRICE, PRIORITY, RENEWABLES, VALUE
from schedulers.heuristics.chooser import (
    BACKFILL_NAMES,
    BACKFILLS,
    KEPT,
    NONE,
    POLICY,
)
from schedulers.heuristics.gates import GATES, NO_GATE, SHARE, GateChoice
from schedulers.heuristics.heuristic_decider import HeuristicDecider
from schedulers.heuristics.power_gate import GROUP, gate_of_plugin
from schedulers.heuristics.speeds import FULL_SPEED, SPEEDS
from schedulers.heuristics.victims import LATEST, VICTIM_NAMES, VICTIMS
from traces.errors import InputError
from traces.name_registry import Entry, Registry, did_you_mean

SHORT = {name: f"fcfs+{name}" for name in BACKFILLS.built_in[NONE + 1 :]}
"""A backfill alone stands for first come, first served with it."""
NEEDS_VALUE, NEEDS_DEADLINE = (
    tuple(name for name in ORDERS.built_in if ORDERS[name].value.needs == need) for need in (VALUE, DEADLINE)
)
_NEEDS_OF_GATE = {GATES[name].value.code: GATES[name].value.needs for name in GATES.built_in}
DEFAULT_PARAM, DEFAULT_GATE_PARAM = SCALE_OF_ATC.default, SHARE.default

VICTIMS.reserve(BACKFILLS.built_in, "backfill")
GATES.reserve([*BACKFILLS.built_in], "backfill")
GATES.reserve(VICTIMS.built_in, "victim rule")
GATES.reserve(SPEEDS.built_in, "speed rule")
GATES.accept_plugins(GROUP, gate_of_plugin)


@dataclass(frozen=True)
class Heuristic(BaseScheduler):
    """A composed heuristic. Runs on both clocks, through the same compiled `choose`."""

    compiled_entry = "replay"
    settling_entry = "settle_instant"
    records = True

    name: str
    order_name: str
    backfill: str
    victim: str
    order_param: float = DEFAULT_PARAM
    gate: int = NO_GATE
    gate_param: float = DEFAULT_GATE_PARAM
    speeds: int = FULL_SPEED

    @property
    def order(self) -> int:
        """Code of the order in which the queue is kept."""
        return ORDER_NAMES.index(self.order_name)

    @property
    def keeps_promises(self) -> bool:
        """Whether starts are promised also where nobody is asked (RULES §10.7)."""
        return self.backfill == BACKFILL_NAMES[KEPT] and self.gate == NO_GATE

    def check(self, case: Case) -> None:
        """Refuse a workload without the values or deadlines that this order ranks by."""
        jobs = case.workload
        remedy = "use a scenario with service classes, or a workload that has them"
        if self.order_name in NEEDS_VALUE and not (jobs.value_u > 0).any():
            raise InputError(f"scheduler {self.name!r} ranks by value, and no job has one; {remedy}")
        if self.order_name in NEEDS_DEADLINE and not (jobs.deadline_s < NEVER_S).any():
            raise InputError(f"scheduler {self.name!r} ranks by deadline, and no job has one; {remedy}")
        if ORDERS[self.order_name].value.needs == PRIORITY and case.priority is None:
            raise InputError(
                f"scheduler {self.name!r} ranks by the site's priorities, and the scenario has no "
                "[priority]; add it, or --set priority.fair_share_weight=1000 and further weights "
                "(docs/reference/slurm-priority.md)"
            )
        if self.gate != NO_GATE and not (jobs.deadline_s < NEVER_S).any():
            raise InputError(
                f"scheduler {self.name!r} makes flexible jobs wait, and no job has a deadline; {remedy}"
            )
        if self.backfill == BACKFILL_NAMES[KEPT] and case.options.backfill.is_limited:
            raise InputError(
                f"scheduler {self.name!r} promises every job a start, and [backfill] limits what is planned; "
                "use conservative, or leave [backfill] out"
            )
        needs = _NEEDS_OF_GATE.get(self.gate, "")
        if needs == RENEWABLES and not case.inputs.renewable:
            raise InputError(f"scheduler {self.name!r} waits for renewables, and there are none")
        for rate, known in ((PRICE, case.inputs.priced), (CARBON, case.inputs.carbon_known)):
            if needs == rate and not known:
                raise InputError(f"scheduler {self.name!r} needs a grid {rate}, and the scenario has none")

    def for_case(self, case: Case) -> HeuristicDecider:
        """InputError where `check` refuses the case; else the same decider for every case."""
        self.check(case)
        return self._decider

    @cached_property
    def _decider(self) -> HeuristicDecider:
        """It remembers nothing and depends on no case, so one will do."""
        return HeuristicDecider(self.name, self.row(), keeps_promises=self.keeps_promises)

    def row(self) -> np.recarray:
        """(1,) schedulers.heuristics.chooser.POLICY: what compiled code takes of it."""
        row = np.zeros(1, POLICY).view(np.recarray)
        row.order = self.order
        row.backfill = BACKFILL_NAMES.index(self.backfill)
        row.victim = VICTIM_NAMES.index(self.victim)
        row.param = self.order_param
        row.gate = self.gate
        row.gate_param = self.gate_param
        row.speeds = self.speeds
        return row


def known_names() -> list[str]:
    """Every order, and the short names; a backfill and a victim rule may be added with '+'."""
    return [*SHORT, *ORDER_NAMES]


def names_with_values() -> tuple[str, ...]:
    """Names of RARE's that may have something behind '=': a parameter or a variant."""
    registries: tuple[Registry[Any], ...] = (ORDERS, GATES)
    numbers = [
        name for each in registries for name in each.built_in if each[name].value.parameter is not None
    ]
    variants = [name for name in (*BACKFILLS.built_in, *SPEEDS.built_in) if "=" in name]
    return (*numbers, *(name.partition("=")[0] for name in variants))


@dataclass(frozen=True, slots=True)
class Parts:
    """What a heuristic's name says. gate: None without one; gate_param: its parameter, or the default.

    speeds: code of its speed rule, FULL_SPEED without one.
    """

    name: str
    order: str
    backfill: str
    victim: str
    order_param: float
    gate: Entry[GateChoice] | None
    gate_param: float
    speeds: int


def parse(name: str, **params: float) -> Heuristic:
    """The heuristic called ORDER[+BACKFILL][+GATE][+VICTIM][+SPEED], such as 'hvf+easy+green', 'atc=0.5'.

    params: k of atc, as after the '=' in the name. InputError for anything unknown, and for a gate from
    outside, which compiled code cannot ask.
    """
    parts = parse_parts(name, **params)
    if parts.gate is not None and parts.gate.value.make is not None:
        raise InputError(
            f"scheduler {name!r}: the gate {parts.gate.name!r} is a plug-in of {parts.gate.origin} and "
            f"answers in Python, which is not possible here; known here: {', '.join(GATES.built_in)}"
        )
    return heuristic_of(parts)


def heuristic_of(parts: Parts) -> Heuristic:
    """The compiled part of it; a gate from outside is still to be asked."""
    gate = NO_GATE if parts.gate is None else parts.gate.value.code
    return Heuristic(
        parts.name,
        parts.order,
        parts.backfill,
        parts.victim,
        parts.order_param,
        gate,
        parts.gate_param,
        parts.speeds,
    )


def parse_parts(name: str, **params: float) -> Parts:
    """What the name says; InputError for anything unknown. params: as in `parse`."""
    written = name.strip().lower()
    words = written.split("+")
    if words[0].partition("=")[0] in SHORT:
        words = [ORDERS.built_in[FCFS], *words]
    order, k = _order(name, words[0], params)
    chosen: dict[str, Entry[Any]] = {}
    gate_param = DEFAULT_GATE_PARAM
    for word in words[1:]:
        kind, entry, text = _component(name, word)
        if kind in chosen:
            raise InputError(f"scheduler {name!r} names two {kind} rules; give one")
        chosen[kind] = entry
        parameter = entry.value.parameter
        if text is not None:
            gate_param = number_behind(name, entry, text)
        elif kind == "gate" and parameter is not None:
            gate_param = parameter.default
    return Parts(
        name=written,
        order=order,
        backfill=chosen["backfill"].name if "backfill" in chosen else BACKFILLS.built_in[NONE],
        victim=chosen["victim"].name if "victim" in chosen else VICTIMS.built_in[LATEST],
        order_param=k,
        gate=chosen.get("gate"),
        gate_param=gate_param,
        speeds=chosen["speed"].value.code if "speed" in chosen else FULL_SPEED,
    )


def _order(name: str, word: str, params: dict[str, float]) -> tuple[str, float]:
    """The order's name and its parameter."""
    order, given, k_text = word.partition("=")
    takers = [each for each in ORDERS.built_in if ORDERS[each].value.parameter is not None]
    if given:
        if order not in takers:
            raise InputError(f"scheduler {name!r}: only {_listed(takers)} takes a parameter, as in atc=0.5")
        try:
            params["k"] = float(k_text)
        except ValueError:
            raise InputError(f"scheduler {name!r}: {k_text!r} is not a number; write atc=0.5") from None
    if order not in ORDERS:
        raise unknown_part(name, order, "orders", known_names())
    k = float(params.pop("k", SCALE_OF_ATC.default))
    if params:
        raise InputError(f"scheduler {name!r}: unknown parameter {sorted(params)[0]!r}; known: k (of atc)")
    if not SCALE_OF_ATC.low <= k <= SCALE_OF_ATC.high:
        low, high = SCALE_OF_ATC.low, SCALE_OF_ATC.high
        raise InputError(f"scheduler {name!r}: k must be between {low:g} and {high:g}, got {k}")
    return order, k


def _component(name: str, word: str) -> tuple[str, Entry[Any], str | None]:
    """(kind, entry, text behind '=') of a part of a name after the order."""
    wholes: dict[str, Registry[Any]] = {"backfill": BACKFILLS, "speed": SPEEDS}
    for kind, registry in wholes.items():
        whole = registry.find(word)
        if whole is not None:
            return kind, whole, None
    part, given, text = word.partition("=")
    registries: dict[str, Registry[Any]] = {**wholes, "victim": VICTIMS, "gate": GATES}
    for kind, registry in registries.items():
        entry = registry.find(part)
        if entry is not None:
            return kind, entry, text if given else None
    known = [*BACKFILLS.built_in, *GATES.names(), *VICTIMS.built_in, *SPEEDS.built_in]
    raise unknown_part(name, part, "backfills, gates, victim and speed rules", known)


def number_behind(name: str, entry: Entry[Any], text: str) -> float:
    """The number behind '=' of a part that takes one, such as price=Q. InputError for anything else."""
    part, parameter = entry.name, entry.value.parameter
    variants = [each for each in (*BACKFILLS.built_in, *SPEEDS.built_in) if each.startswith(f"{part}=")]
    if variants:
        raise InputError(
            f"scheduler {name!r}: {part}={text} is unknown; write {' or '.join([part, *variants])}"
        )
    if parameter is None:
        takers = [each.name for each in (*ORDERS, *GATES) if each.value.parameter is not None]
        raise InputError(f"scheduler {name!r}: {part} takes no parameter; {_listed(takers)} do")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not parameter.low <= number <= parameter.high:
        share = (parameter.low, parameter.high) == (0, 1)
        what = f"a {'share' if share else 'number'} from {parameter.low:g} to {parameter.high:g}"
        raise InputError(
            f"scheduler {name!r}: {part}={text} must be {what}, as in {part}={parameter.default:g}"
        )
    return number


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def unknown_part(name: str, part: str, what: str, known: list[str]) -> InputError:
    """Why the scheduler `name` is unknown: `part` of it is not among the known ones."""
    return InputError(
        f"unknown scheduler {name!r}: {part!r} is not among the {what} {', '.join(known)}"
        f"{did_you_mean(part, known)}"
    )
