"""Heuristics by name: order + backfill + victim rule, as one row of parameters for compiled code."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rare.model import NEVER_S, Case
from rare.rules.orders import ORDER_NAMES
from rare.scheduler import BaseScheduler
from schedulers.heuristics.chooser import BACKFILL_NAMES, KEPT, POLICY, VICTIM_NAMES
from schedulers.heuristics.gates import CARBON, GATE_NAMES, GREEN, NO_GATE, PRICE
from schedulers.heuristics.heuristic_decider import HeuristicDecider
from traces.errors import InputError

ORDER_HELP = {
    "fcfs": "first come, first served",
    "sjf": "shortest estimate first",
    "ljf": "longest estimate first",
    "hvf": "highest value first",
    "hvd": "highest value per core-second of the estimate first",
    "edf": "earliest deadline first",
    "slack": "least slack first (deadline less what is left of the estimate)",
    "atc": "apparent tardiness cost on the value still attainable (atc=K sets its k; default 2)",
    "wfp3": "cubed wait over estimate, times cores",
    "unicef": "wait over estimate, fewer cores first",
    "f1": "learned priority F1 (Carastan-Santos and de Camargo 2017)",
    "f2": "learned priority F2 (same)",
    "f3": "learned priority F3 (same)",
    "f4": "learned priority F4 (same)",
}
BACKFILL_HELP = {
    "none": "strict: only the head of the queue may start (default)",
    "greedy": "whoever fits starts, in order",
    "easy": "others may pass the head if they do not delay it",
    "conservative": "others may pass if they delay nobody before them; it replans in queue order, so a "
    "start may come later than first promised",
    "conservative=kept": "the same, but no promised start moves later; jobs are placed in the order of their "
    "promises, new ones last",
}
VICTIM_HELP = {
    "latest": "gives up the latest start or resume (default)",
    "lowvalue": "gives up the lowest value",
    "lowvaluewatt": "gives up the lowest value per watt",
    "slackest": "gives up the job with the most slack",
}
GATE_HELP = {
    "green": "flexible jobs wait until the forecast supply covers them (GreenSlot)",
    "price": "or until power is cheap: at most a share Q of the time left is cheaper (price=Q; default 0.25)",
    "carbon": "or until power is clean: likewise by carbon intensity (carbon=Q; default 0.25)",
}
SHORT = {
    "easy": "fcfs+easy",
    "conservative": "fcfs+conservative",
    "conservative=kept": "fcfs+conservative=kept",
    "greedy": "fcfs+greedy",
}
PRIVILEGED_HELP = {
    "oracle": "knows true run times and true power (oracle=N tries N small changes; default 4000)"
}
OVER_HELP = {
    "lookahead=NAME": "tries alternatives to what NAME would do on copies of the state (docs/lookahead.md)"
}
TRAINED_HELP = {
    "rare": "the network that ships with the package; out of its range a heuristic decides",
    "FOLDER": "a checkpoint that `rare train` wrote, by its folder (docs/checkpoints.md)",
}
NEEDS_VALUE = ("hvf", "hvd", "atc")
NEEDS_DEADLINE = ("edf", "slack")
DEFAULT_PARAM = 2.0  # k of atc
DEFAULT_GATE_PARAM = 0.25  # Q of the price and carbon gates


@dataclass(frozen=True)
class Heuristic(BaseScheduler):
    """A composed heuristic. Runs on both clocks, through the same compiled `choose`."""

    compiled_entry = "replay"
    records = True

    name: str
    order_name: str
    backfill: str
    victim: str
    order_param: float = DEFAULT_PARAM
    gate: int = NO_GATE
    gate_param: float = DEFAULT_GATE_PARAM

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
        if self.gate != NO_GATE and not (jobs.deadline_s < NEVER_S).any():
            raise InputError(
                f"scheduler {self.name!r} makes flexible jobs wait, and no job has a deadline; {remedy}"
            )
        if self.gate != NO_GATE and not case.inputs.renewable and self.gate == GREEN:
            raise InputError(f"scheduler {self.name!r} waits for renewables, and there are none")
        for gate, known, what in (
            (PRICE, case.inputs.priced, "price"),
            (CARBON, case.inputs.carbon_known, "carbon intensity"),
        ):
            if self.gate == gate and not known:
                raise InputError(f"scheduler {self.name!r} needs a grid {what}, and the scenario has none")

    def for_case(self, case: Case) -> HeuristicDecider:
        """InputError where `check` refuses the case; else the same decider for every case."""
        self.check(case)
        return self._decider

    @cached_property
    def _decider(self) -> HeuristicDecider:
        """It remembers nothing and depends on no case, so one will do."""
        row = np.zeros(1, POLICY).view(np.recarray)
        row.order = self.order
        row.backfill = BACKFILL_NAMES.index(self.backfill)
        row.victim = VICTIM_NAMES.index(self.victim)
        row.param = self.order_param
        row.gate = self.gate
        row.gate_param = self.gate_param
        return HeuristicDecider(self.name, row, keeps_promises=self.keeps_promises)


def known_names() -> list[str]:
    """Every order, and the short names; a backfill and a victim rule may be added with '+'."""
    return [*SHORT, *ORDER_NAMES]


def describe() -> dict[str, dict[str, str]]:
    """What each part of a name means."""
    return {
        "orders": ORDER_HELP,
        "backfill": BACKFILL_HELP,
        "gates": GATE_HELP,
        "victims": VICTIM_HELP,
        "short": SHORT,
        "privileged": PRIVILEGED_HELP,
        "over a heuristic": OVER_HELP,
        "trained": TRAINED_HELP,
    }


def parse(name: str, **params: float) -> Heuristic:
    """The heuristic called ORDER[+BACKFILL][+GATE][+VICTIM], such as 'hvf+easy+green', 'atc=0.5+greedy'.

    params: k of atc, as after the '=' in the name. InputError for anything unknown.
    """
    parts = name.strip().lower().split("+")
    if parts[0] in SHORT or parts[0].partition("=")[0] == "conservative":
        parts = [*SHORT.get(parts[0], f"fcfs+{parts[0]}").split("+"), *parts[1:]]
    parts[0], given, k_text = parts[0].partition("=")
    if given:
        if parts[0] != "atc":
            raise InputError(f"scheduler {name!r}: only atc takes a parameter, as in atc=0.5")
        try:
            params["k"] = float(k_text)
        except ValueError:
            raise InputError(f"scheduler {name!r}: {k_text!r} is not a number; write atc=0.5") from None
    order, chosen = parts[0], {"backfill": "none", "victim": "latest", "gate": GATE_NAMES[NO_GATE]}
    gate_param = DEFAULT_GATE_PARAM
    if order not in ORDER_NAMES:
        raise _unknown(name, order, "orders", known_names())
    seen: set[str] = set()
    for part in parts[1:]:
        text = given = ""
        if part not in BACKFILL_NAMES:
            part, given, text = part.partition("=")
        kind = _kind(part)
        if kind is None:
            known = [*BACKFILL_NAMES, *GATE_HELP, *VICTIM_NAMES]
            raise _unknown(name, part, "backfills, gates and victim rules", known)
        if given:
            gate_param = _share(name, part, text)
        if kind in seen:
            raise InputError(f"scheduler {name!r} names two {kind} rules; give one")
        seen.add(kind)
        chosen[kind] = part
    k = float(params.pop("k", DEFAULT_PARAM))
    if params:
        raise InputError(f"scheduler {name!r}: unknown parameter {sorted(params)[0]!r}; known: k (of atc)")
    if not 0.01 <= k <= 1000:
        raise InputError(f"scheduler {name!r}: k must be between 0.01 and 1000, got {k}")
    gate = GATE_NAMES.index(chosen["gate"])
    return Heuristic(name.strip().lower(), order, chosen["backfill"], chosen["victim"], k, gate, gate_param)


def _kind(part: str) -> str | None:
    """What a part of a name after the order is."""
    for kind, names in (("backfill", BACKFILL_NAMES), ("gate", GATE_HELP), ("victim", VICTIM_NAMES)):
        if part in names:
            return kind
    return None


def _share(name: str, part: str, text: str) -> float:
    """The Q of price=Q and carbon=Q."""
    if part == "conservative":
        raise InputError(
            f"scheduler {name!r}: conservative={text} is unknown; write conservative or conservative=kept"
        )
    if part not in (GATE_NAMES[PRICE], GATE_NAMES[CARBON]):
        raise InputError(f"scheduler {name!r}: {part} takes no parameter; atc, price and carbon do")
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise InputError(f"scheduler {name!r}: {part}={text} must be a share from 0 to 1, as in {part}=0.25")
    return share


def _unknown(name: str, part: str, what: str, known: list[str]) -> InputError:
    near = difflib.get_close_matches(part, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return InputError(
        f"unknown scheduler {name!r}: {part!r} is not among the {what} {', '.join(known)}{hint}"
    )
