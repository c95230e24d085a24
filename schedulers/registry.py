"""Any scheduler by name: a heuristic, `lookahead`, `oracle`, `rare`, a checkpoint, `file.py:Class`."""

from __future__ import annotations

import re
from pathlib import Path

from rare.env.policy import AnyScheduler
from rare.scheduler import BaseScheduler
from schedulers.heuristics.heuristic import known_names, parse
from schedulers.lookahead.lookahead_scheduler import parse_lookahead
from schedulers.network.shipped_folders import SHIPPED, SHIPPED_FOLDERS, WITH_FORECAST, WITHOUT_FORECAST
from schedulers.user.user_class import is_user_class, load_user_class
from traces.errors import InputError

__all__ = [
    "SHIPPED", "SHIPPED_FOLDERS", "WITHOUT_FORECAST", "WITH_FORECAST", "checkpoint_folder", "is_shipped",
    "make_scheduler",
]  # fmt: skip
MOST_TRIALS = 10**7


def make_scheduler(name: str, **params: float) -> AnyScheduler:
    """The scheduler of this name, ready for `rare.simulate`. InputError for an unknown one."""
    if is_user_class(name):
        return load_user_class(name)
    if name.strip().lower().partition("=")[0] == "oracle":
        return _oracle(name.strip().lower())
    if re.match(r"lookahead($|[=+])", name.strip().lower()):
        return parse_lookahead(name, **params)
    folder = checkpoint_folder(name)
    if folder is None and not is_shipped(name):
        return parse(name, **params)
    if params:
        raise InputError(f"scheduler {name!r}: a checkpoint takes no parameter {sorted(params)[0]!r}")
    if folder is None:
        from schedulers.network.shipped_pair import ShippedPair

        return ShippedPair()
    return _learned(folder)


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


def checkpoint_folder(name: str) -> Path | None:
    """The folder of the trained network that a name means; None if it means something else, `rare` included.

    A folder never hides a heuristic of its name. InputError for a path where no checkpoint is.
    """
    if is_shipped(name):
        return None
    first = re.split(r"[+=]", name.strip().lower())[0]
    if is_user_class(name) or first in (*known_names(), "lookahead", "oracle"):
        return None
    from schedulers.network.checkpoint_files import find_folder, is_checkpoint_name

    return find_folder(name) if is_checkpoint_name(name) else None


def is_shipped(name: str) -> bool:
    """Whether this names the trained scheduler of the package. InputError for `rare` with parts behind it."""
    first, *parts = re.split(r"[+=]", name.strip().lower())
    if first == SHIPPED and parts:
        raise InputError(
            f"scheduler {name!r}: {SHIPPED} is a trained network and takes neither parts nor parameters; "
            f"write {SHIPPED}"
        )
    return first == SHIPPED


def _oracle(name: str) -> BaseScheduler:
    """`oracle`, or `oracle=N` with the number of small changes it tries; a quick one solves no program."""
    from schedulers.oracle.oracle_scheduler import FEWEST_WITH_PROGRAM, TRIALS, Oracle

    _, given, text = name.partition("=")
    if given and not (text.isdecimal() and int(text) <= MOST_TRIALS):
        raise InputError(f"scheduler {name!r}: {text!r} is not a number of trials; write oracle=1000")
    trials = int(text) if given else TRIALS
    return Oracle(trials, program=trials >= FEWEST_WITH_PROGRAM, name=name)
