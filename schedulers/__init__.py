"""Schedulers: heuristics composed by name, users' own classes, and plug-ins.

What is listed here is imported when it is first used: names of algorithms must not wait for numba.
"""
# Part of the distribution rare-datacenter: rare.start.package_origin looks for this line.

from typing import TYPE_CHECKING

import rare  # noqa: F401 - it checks that all five packages are ours
from traces.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from rare.state.codes import NumberParameter
    from schedulers.heuristics.heuristic import Heuristic, known_names
    from schedulers.heuristics.power_gate import Gate
    from schedulers.registry import describe, make_scheduler

__all__ = ["Gate", "Heuristic", "NumberParameter", "describe", "known_names", "make_scheduler"]

__getattr__ = lazy_exports(
    "schedulers",
    {
        "Gate": "schedulers.heuristics.power_gate",
        "Heuristic": "schedulers.heuristics.heuristic",
        "NumberParameter": "rare.state.codes",
        "describe": "schedulers.registry",
        "known_names": "schedulers.heuristics.heuristic",
        "make_scheduler": "schedulers.registry",
    },
)
