"""Schedulers that are no heuristics, by the first word of their name; plug-ins add to them.

A plug-in is an entry point of the group `rare.schedulers` that names a class with `choose(view)` or
`act(observation, mask)`, made without arguments. The first line of its docstring is its help text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from traces.errors import InputError
from traces.name_registry import RegistrationError, Registry, first_line

PLUGINS = "plug-ins"


@dataclass(frozen=True, slots=True)
class SchedulerFamily:
    """Schedulers whose names begin with one word.

    make : (whole name, keyword parameters) -> the scheduler
    section : heading in `rare schedulers`. form : how the name is written there, '' for the word alone
    """

    make: Callable[..., Any]
    section: str
    form: str = ""


def first_word(name: str) -> str:
    """The word with which a scheduler's name begins, before '+', '=' and ':'."""
    return re.split(r"[+=:]", name.strip().lower())[0]


def _family_of_plugin(plugin: object) -> tuple[str, SchedulerFamily]:
    """(help text, family) of what an entry point names. RegistrationError if it is no scheduler."""
    methods = [method for method in ("choose", "act") if callable(getattr(plugin, method, None))]
    if not isinstance(plugin, type) or not methods:
        raise RegistrationError(
            "it is no class with a method choose(self, view) or act(self, observation, mask)"
        )

    def make(name: str, **params: float) -> Any:
        word = first_word(name)
        if word != name.strip().lower() or params:
            raise InputError(
                f"scheduler {name!r}: it is a plug-in and takes neither parts nor parameters; write {word}"
            )
        try:
            return plugin()
        except Exception as error:
            raise InputError(
                f"scheduler {name!r}: {plugin.__name__}(): {type(error).__name__}: {error}"
            ) from error

    return first_line(plugin), SchedulerFamily(make, PLUGINS)


SCHEDULERS: Registry[SchedulerFamily] = Registry("scheduler")
SCHEDULERS.accept_plugins("rare.schedulers", _family_of_plugin)
