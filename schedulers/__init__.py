"""Schedulers: heuristics composed by name, and users' own classes."""

from schedulers.heuristics.heuristic import Heuristic, describe, known_names
from schedulers.registry import make_scheduler

__all__ = ["Heuristic", "describe", "known_names", "make_scheduler"]
