"""Any scheduler by name: a heuristic, `lookahead`, `oracle`, `rare`, a checkpoint, `file.py:ClassName`."""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from schedulers.heuristics import known_names, parse
from schedulers.lookahead import parse_lookahead
from traces.documents import is_regular
from traces.errors import InputError

MOST_TRIALS = 10**7
SHIPPED, WITH_FORECAST, WITHOUT_FORECAST = "rare", "with-forecast", "without-forecast"
SHIPPED_FOLDERS = {
    kind: Path(__file__).resolve().parent / "shipped" / kind for kind in (WITH_FORECAST, WITHOUT_FORECAST)
}
"""The checkpoints that ship, by what they are for."""
_loads = itertools.count(1)


def make_scheduler(name: str, **params: float) -> Any:
    """The scheduler of this name, ready for `rare.simulate`. InputError for an unknown one."""
    if ".py:" in name:
        return _load_class(name)
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
        from schedulers.shipped_pair import ShippedPair

        return ShippedPair()
    from schedulers.learned_scheduler import LearnedScheduler

    return LearnedScheduler(folder)


def checkpoint_folder(name: str) -> Path | None:
    """The folder of the trained network that a name means; None if it means something else, `rare` included.

    A folder never hides a heuristic of its name. InputError for a path where no checkpoint is.
    """
    if is_shipped(name):
        return None
    first = re.split(r"[+=]", name.strip().lower())[0]
    if ".py:" in name or first in (*known_names(), "lookahead", "oracle"):
        return None
    from schedulers.learned.files import find_folder, is_checkpoint_name

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


def _oracle(name: str) -> Any:
    """`oracle`, or `oracle=N` with the number of small changes it tries; a quick one solves no program."""
    from schedulers.oracle.oracle import FEWEST_WITH_PROGRAM, TRIALS, Oracle

    _, given, text = name.partition("=")
    if given and not (text.isdecimal() and int(text) <= MOST_TRIALS):
        raise InputError(f"scheduler {name!r}: {text!r} is not a number of trials; write oracle=1000")
    trials = int(text) if given else TRIALS
    oracle = Oracle(trials, program=trials >= FEWEST_WITH_PROGRAM)
    oracle.name = name
    return oracle


def _load_class(name: str) -> Any:
    """An instance of a class in a user's file."""
    path_text, _, class_name = name.rpartition(":")
    path = Path(path_text)
    if not is_regular(path):
        raise InputError(f"scheduler {name!r}: there is no file {path_text}; give path/to/file.py:ClassName")
    try:
        module = _load_module(path)
    except (ImportError, SyntaxError, NameError) as error:
        raise InputError(f"scheduler {name!r}: cannot import {path_text}: {error}") from error
    scheduler_class = getattr(module, class_name, None)
    if scheduler_class is None or not callable(getattr(scheduler_class, "choose", None)):
        raise InputError(
            f"scheduler {name!r}: {path_text} has no class {class_name} with a method choose(self, view)"
        )
    scheduler = scheduler_class()
    if not hasattr(scheduler, "name"):
        scheduler.name = class_name
    return scheduler


def _load_module(path: Path) -> ModuleType:
    """The user's file as a module of a private name, so that it hides no module of that name.

    It is in `sys.modules` while it runs and afterwards: dataclasses and pickle look it up there.
    """
    name = f"_rare_scheduler_{next(_loads)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    whole = False
    try:
        spec.loader.exec_module(module)
        whole = True
    finally:
        if not whole:
            sys.modules.pop(name, None)
    return module
