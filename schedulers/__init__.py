"""Schedulers: heuristics composed by name, users' own classes, and plug-ins.

What is listed here is imported when it is first used: names of algorithms must not wait for numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rare.state.codes import NumberParameter
    from schedulers.heuristics.heuristic import Heuristic, known_names
    from schedulers.heuristics.power_gate import Gate
    from schedulers.registry import describe, make_scheduler

__all__ = ["Gate", "Heuristic", "NumberParameter", "describe", "known_names", "make_scheduler"]

_PLACES = {
    "Gate": "schedulers.heuristics.power_gate",
    "Heuristic": "schedulers.heuristics.heuristic",
    "NumberParameter": "rare.state.codes",
    "describe": "schedulers.registry",
    "known_names": "schedulers.heuristics.heuristic",
    "make_scheduler": "schedulers.registry",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'schedulers' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return value
