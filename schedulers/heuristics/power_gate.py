"""A power gate from outside: a Python class that says which waiting jobs a heuristic shall not see yet.

An installed distribution offers it as an entry point of the group `rare.gates`; the entry point's name is
how the gate is written, as in `easy+night` or `easy+night=0.3` (docs/guides/extending.md).
"""

from __future__ import annotations

from typing import ClassVar

from rare.model import Case
from rare.state.codes import NumberParameter
from rare.view import ClusterView, JobView
from schedulers.heuristics.gates import OUTSIDE, GateChoice
from traces.name_registry import RegistrationError, first_line

GROUP = "rare.gates"


class Gate:
    """Base class of gates from outside. One object answers for one run.

    The first line of its docstring is its help text in `rare schedulers`.

    parameter : of a gate that takes a number behind its name: default and range; None: it takes none

    The rules keep the rest (RULES §10.5): a gate is asked only about jobs with a deadline, and only before
    their latest start; then they are no longer hidden.
    """

    parameter: ClassVar[NumberParameter | None] = None

    def __init__(self, value: float | None = None) -> None:
        """value : of the parameter, as written or its default; None without one."""
        self.value = value

    def check(self, case: Case) -> None:
        """Refuse a case on which the gate cannot work, with traces.errors.InputError."""

    def holds(self, view: ClusterView, job: JobView) -> bool:
        """Whether this waiting job is hidden now. Asked anew at each decision."""
        raise NotImplementedError


def gate_of_plugin(plugin: object) -> tuple[str, GateChoice]:
    """(help text, choice) of what an entry point names. RegistrationError if it is no gate."""
    if not isinstance(plugin, type) or not issubclass(plugin, Gate):
        raise RegistrationError("it is no class derived from schedulers.Gate")
    if plugin.holds is Gate.holds:
        raise RegistrationError(
            f"{plugin.__name__} is not implemented: it has no method holds(self, view, job)"
        )
    parameter = plugin.parameter
    if parameter is not None and not isinstance(parameter, NumberParameter):
        raise RegistrationError(f"{plugin.__name__}.parameter must be a schedulers.NumberParameter, or None")
    return first_line(plugin), GateChoice(OUTSIDE, "deadline", parameter, plugin)
