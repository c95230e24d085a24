"""Any scheduler by name: a heuristic, one of SCHEDULERS, a checkpoint, `file.py:Class`, a plug-in."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rare.rules.orders import ORDERS
from rare.scheduler import BaseScheduler
from schedulers.heuristics.chooser import BACKFILLS
from schedulers.heuristics.gated_heuristic import make_heuristic
from schedulers.heuristics.gates import GATES
from schedulers.heuristics.heuristic import SHORT, known_names, parse_parts, unknown_part
from schedulers.heuristics.speeds import SPEEDS
from schedulers.heuristics.victims import VICTIMS
from schedulers.network.price_dial import MARK, parse_dial, split_dial
from schedulers.network.shipped_folder import SHIPPED, SHIPPED_FOLDER
from schedulers.user.gate_files import heuristic_with_gate_file
from schedulers.user.plugin_schedulers import SCHEDULERS, SchedulerFamily, first_word
from schedulers.user.user_class import is_user_class, load_user_class, split_gate_file
from schedulers.user.user_files import user_files
from traces.errors import InputError
from traces.files.documents import LONGEST_MESSAGE

if TYPE_CHECKING:
    from rare.env.policies.policy import AnyScheduler
    from schedulers.guard.policy_switch import Network

__all__ = [
    "SHIPPED", "SHIPPED_FOLDER", "checkpoint_folder", "is_shipped", "make_scheduler", "describe",
    "plugin_files",
]  # fmt: skip
MOST_TRIALS = 10**7
PRIVILEGED, OVER_A_HEURISTIC, TRAINED = "privileged", "over a heuristic", "trained"
OTHER_PROGRAM = "other programs"
_GUARD = re.compile(r"(?P<network>.+?)\+guard(?P<options>[=+].*)?", re.IGNORECASE | re.DOTALL)


def make_scheduler(name: str, **params: float) -> AnyScheduler:
    """The scheduler of this name, ready for `rare.simulate`. InputError for an unknown one.

    >>> make_scheduler("hvf+easy+green").name
    'hvf+easy+green'
    """
    try:
        return _made(name, **params)
    except InputError as error:  # it quotes the name, however long
        raise error.shortened(LONGEST_MESSAGE) from error.__cause__


def _made(name: str, **params: float) -> AnyScheduler:
    if split_gate_file(name) is not None:
        return heuristic_with_gate_file(name, **params)
    if is_user_class(name):
        return load_user_class(name)
    word = first_word(name)
    if word in SCHEDULERS.built_in:
        return SCHEDULERS[word].value.make(name, **params)
    if word in known_names():
        return make_heuristic(name, **params)
    folder = checkpoint_folder(name)
    if folder is not None:
        return _checkpoint(folder, name, **params)
    plugin = SCHEDULERS.find(word)
    if plugin is None:
        raise unknown_part(name, word, "orders and schedulers", [*known_names(), *SCHEDULERS.names()])
    return plugin.value.make(name, **params)


def _learned(folder: Path) -> BaseScheduler:
    """The scheduler of a checkpoint: compiled where its network is pointwise, else by torch."""
    from schedulers.network.checkpoint_files import describe_checkpoint
    from schedulers.network.learned_scheduler import POINTWISE, LearnedScheduler

    kind = describe_checkpoint(folder).network["kind"]
    if kind == POINTWISE:
        return LearnedScheduler(folder)
    try:
        from schedulers.training.torch_scheduler import TorchScheduler
    except ImportError as error:
        raise InputError(
            f"{folder}: is a network of kind {kind!r}, which needs torch ({error}); install the extra "
            "'learn', or train a pointwise one"
        ) from None
    return TorchScheduler(folder)


def describe() -> dict[str, dict[str, str]]:
    """Section -> {name or form of a name: what it means}; plug-ins are included."""
    sections = {
        "orders": ORDERS.helps(),
        "backfill": BACKFILLS.helps(),
        "gates": GATES.helps(),
        "victims": VICTIMS.helps(),
        "speeds": SPEEDS.helps(),
        "short": dict(SHORT),
    }
    for entry in SCHEDULERS:
        section = sections.setdefault(entry.value.section, {})
        section[entry.value.form or entry.name] = entry.help
    sections[TRAINED]["NETWORK+guard[=NAME]"] = (
        "either of these, relieved by the heuristic NAME where that does better in simulated futures "
        "(docs/guides/guard.md)"
    )
    sections[TRAINED]["FOLDER"] = (
        "a checkpoint that `rare train` wrote, by its folder (docs/guides/checkpoints.md)"
    )
    return sections


def plugin_files(name: str) -> list[Path]:
    """The source files of the plug-in that a scheduler's name uses, and of its neighbours; [] without one."""
    word = first_word(name)
    if is_user_class(name) or word in SCHEDULERS.built_in:
        return []
    source = ""
    if word in known_names():
        gate = parse_parts(name).gate
        source = gate.source if gate is not None else ""
    elif checkpoint_folder(name) is None:
        plugin = SCHEDULERS.find(word)
        source = plugin.source if plugin is not None else ""
    return user_files(Path(source), []) if source else []


def checkpoint_folder(name: str) -> Path | None:
    """The folder of the trained network that a name means; None if it means something else, `rare` included.

    A folder never hides a scheduler that RARE brings. InputError for a path where no checkpoint is.
    """
    if is_shipped(name):
        return None
    if is_user_class(name) or first_word(name) in (*known_names(), *SCHEDULERS.built_in):
        return None
    from schedulers.network.checkpoint_files import find_folder, is_checkpoint_name

    name = name if os.path.isdir(name) else _without_guard(name)
    return find_folder(name) if is_checkpoint_name(name) else None


def is_shipped(name: str) -> bool:
    """Whether this names the trained scheduler of the package. InputError for `rare` with parts behind it."""
    base, _ = split_dial(_without_guard(name.strip().lower()))
    first, *parts = re.split(r"[+=]", base)
    if first == SHIPPED and parts:
        raise InputError(
            f"scheduler {name!r}: {SHIPPED} is a trained network and takes no parts but +guard and prices; "
            f"write {SHIPPED}, {SHIPPED}+guard or {SHIPPED}:served=2,carbon=0.5"
        )
    return first == SHIPPED


def _without_guard(name: str) -> str:
    """The network in 'NETWORK+guard...'; any other name as it is."""
    guarded = _GUARD.fullmatch(name)
    return guarded["network"] if guarded else name


def _oracle(name: str) -> BaseScheduler:
    """`oracle`, or `oracle=N` with the number of small changes it tries; a quick one solves no program."""
    from schedulers.oracle.oracle_scheduler import FEWEST_WITH_PROGRAM, TRIALS, Oracle

    name = name.strip().lower()
    _, given, text = name.partition("=")
    if given and not (text.isdecimal() and int(text) <= MOST_TRIALS):
        raise InputError(f"scheduler {name!r}: {text!r} is not a number of trials; write oracle=1000")
    trials = int(text) if given else TRIALS
    return Oracle(trials, program=trials >= FEWEST_WITH_PROGRAM, name=name)


def _lookahead(name: str, **params: Any) -> BaseScheduler:
    from schedulers.lookahead.lookahead_scheduler import parse_lookahead  # with it come the rules of copies

    return parse_lookahead(name, **params)


def _batsim(name: str, **params: float) -> BaseScheduler:
    from schedulers.batsim.batsim_scheduler import batsim_scheduler

    if params:
        raise InputError(f"scheduler {name!r}: an endpoint takes no parameter {sorted(params)[0]!r}")
    return batsim_scheduler(name)


def _shipped(name: str, **params: float) -> BaseScheduler:
    """`rare`: the network that ships with the package, `rare:PRICES`, or either with `+guard`."""
    is_shipped(name)  # refuses other parts behind the name
    from rare.env.observation.shown_prices import AS_IN_THE_CASE
    from schedulers.network.shipped_scheduler import ShippedScheduler

    name = name.strip().lower()
    network, (_, prices) = _without_guard(name), split_dial(_without_guard(name))
    dial = parse_dial(name, prices) if MARK in network else AS_IN_THE_CASE
    scheduler = ShippedScheduler(SHIPPED_FOLDER, network, dial)
    guarded = _GUARD.fullmatch(name)
    if guarded:
        return _guarded(name, scheduler, guarded["options"], **params)
    _refuse_parameters(name, params)
    return scheduler


def _checkpoint(folder: Path, name: str, **params: float) -> BaseScheduler:
    guarded = None if os.path.isdir(name) else _GUARD.fullmatch(name.strip())
    if guarded:
        from schedulers.guard.policy_switch import guarded_checkpoint

        return _guarded(guarded.string, guarded_checkpoint(folder), guarded["options"], **params)
    _refuse_parameters(name, params)
    return _learned(folder)


def _guarded(name: str, network: Network, options: str | None, **params: float) -> BaseScheduler:
    from schedulers.guard.policy_switch import policy_switch

    return policy_switch(name, network, (options or "").lower(), **params)


def _refuse_parameters(name: str, params: dict[str, float]) -> None:
    if params:
        raise InputError(f"scheduler {name!r}: a checkpoint takes no parameter {sorted(params)[0]!r}")


SCHEDULERS.register(
    "oracle",
    "knows the true run times and the true power (oracle=N tries N small changes of a plan; default 4000)",
    SchedulerFamily(lambda name, **_: _oracle(name), PRIVILEGED),
)
SCHEDULERS.register(
    "lookahead",
    "simulates alternatives to each choice of the heuristic NAME, and takes the best "
    "(docs/guides/lookahead.md)",
    SchedulerFamily(_lookahead, OVER_A_HEURISTIC, "lookahead=NAME"),
)
SCHEDULERS.register(
    SHIPPED,
    "the trained network that ships with RARE; outside the range of its training data a heuristic decides",
    SchedulerFamily(_shipped, TRAINED),
)
SCHEDULERS.register(
    "batsim",
    "a scheduler in another program, connected by Batsim's protocol (docs/guides/batsim.md)",
    SchedulerFamily(_batsim, OTHER_PROGRAM, "batsim:ENDPOINT"),
)
SCHEDULERS.reserve(known_names(), "heuristic")
