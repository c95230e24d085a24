"""Names of what compiled code branches on: a registered code without a branch fails the import."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from traces.name_registry import RegistrationError, Registry

VALUE, DEADLINE, RENEWABLES, PRICE, CARBON = "value", "deadline", "renewables", "price", "carbon intensity"
PRIORITY = "priority"
_NEEDS = ("", VALUE, DEADLINE, RENEWABLES, PRICE, CARBON, PRIORITY)


@dataclass(frozen=True, slots=True)
class NumberParameter:
    """A number that a name may carry behind '=': what it is called, its default and its range."""

    symbol: str
    default: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.default <= self.high:
            raise RegistrationError(
                f"parameter {self.symbol}: default {self.default} is not between {self.low} and {self.high}"
            )


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the rules between which a compiled function branches.

    code : the number by which compiled code knows it, counted from 0
    needs : what a case must have for it: one of VALUE, DEADLINE, RENEWABLES, PRICE, CARBON, PRIORITY, or ''
    """

    code: int
    needs: str = ""
    parameter: NumberParameter | None = None

    def __post_init__(self) -> None:
        if self.needs not in _NEEDS:
            raise RegistrationError(f"needs {self.needs!r} is unknown; known: {', '.join(_NEEDS[1:])}")


def check_branches(
    registry: Registry[Any], function: Callable[..., Any], variable: str, without_name: tuple[int, ...] = ()
) -> None:
    """RegistrationError unless `function` has a branch for each code of the registry, and for no other.

    registry : of Choice. variable : the name, or the field, that holds the code and is compared by ==.
    without_name : codes that have a branch, and no name that a user could write
    """
    names: dict[int, str] = dict.fromkeys(without_name, "")
    for name in registry.built_in:
        code = registry[name].value.code
        if code in names:
            raise RegistrationError(f"{registry.kind} {name!r} has the code of {names[code]!r}, {code}")
        names[code] = name
    if sorted(names) != list(range(len(names))):
        raise RegistrationError(f"codes of {registry.kind}s are {sorted(names)}; count them from 0")
    handled = handled_codes(function, variable)
    for code in sorted(names.keys() ^ handled):
        where = function.__name__
        raise RegistrationError(
            f"{registry.kind} {names[code]!r} is not implemented: {where} has no branch for its code {code}"
            if code in names
            else f"{where} has a branch for code {code}, and no {registry.kind} has it; register one"
        )


def handled_codes(function: Callable[..., Any], variable: str) -> set[int]:
    """Codes with which a function, compiled or not, compares `variable` by ==: read from its source."""
    plain = inspect.unwrap(getattr(function, "py_func", function))
    tree = ast.parse(textwrap.dedent(inspect.getsource(plain)))
    codes = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq):
            continue
        left, right = node.left, node.comparators[0]
        holds_code = isinstance(left, ast.Name) and left.id == variable
        holds_code |= isinstance(left, ast.Attribute) and left.attr == variable
        if holds_code and isinstance(right, ast.Name):
            codes.add(int(plain.__globals__[right.id]))
    return codes
