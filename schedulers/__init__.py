"""Schedulers: heuristics composed by name, users' own classes, and plug-ins."""

from rare.state.codes import Parameter
from schedulers.heuristics.heuristic import Heuristic, known_names
from schedulers.heuristics.power_gate import Gate
from schedulers.registry import describe, make_scheduler

__all__ = ["Gate", "Heuristic", "Parameter", "describe", "known_names", "make_scheduler"]
