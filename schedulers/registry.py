"""Any scheduler by name: a heuristic, or a user's own class as `path/to/file.py:ClassName`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from schedulers.heuristics import parse
from traces.errors import InputError


def make_scheduler(name: str, **params: float) -> Any:
    """The scheduler of this name, ready for `rare.simulate`. InputError for an unknown one."""
    if ".py:" in name:
        return _load_class(name)
    return parse(name, **params)


def _load_class(name: str) -> Any:
    """An instance of a class in a user's file."""
    path_text, _, class_name = name.rpartition(":")
    path = Path(path_text)
    if not path.is_file():
        raise InputError(f"scheduler {name!r}: there is no file {path_text}; give path/to/file.py:ClassName")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError(f"scheduler {name!r}: {path_text} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
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
