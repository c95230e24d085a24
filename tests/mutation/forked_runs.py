"""A pytest plugin that judges mutants: everything is imported and collected once, then a fork for each mutant.

In the fork the changed function gets the changed code, in place, so that whoever holds the function has the
mutant, and a changed constant is put where it was imported; then the tests that run the changed line run until
one fails. What that cannot do (a decorator, a class's body, a default) is left to `fresh_runs`.
"""

from __future__ import annotations

import ast
import gc
import importlib
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.mutation.covering_tests import CoveringTests
from tests.mutation.forks import (
    ELSEWHERE,
    KILLED,
    NOT_RUN,
    in_fork,
    point_output_to_nothing,
    run_forks,
    run_items,
)
from tests.mutation.groups import ROOT, Group, draw_the_same_cases
from tests.mutation.mutants import Mutant, mutated, outer_function

OURS = ("traces", "energy", "rare", "schedulers", "tests")
Place = tuple[str, str, int]
"""File, name within the module and first line of a function."""


class Runner:
    """The plugin. `done` gets a verdict for each mutant, 'elsewhere' where a fork cannot tell."""

    def __init__(
        self,
        group: Group,
        mutants: list[Mutant],
        tests: CoveringTests,
        workers: int,
        done: Callable[..., None],
    ) -> None:
        self._group, self._mutants, self._tests = group, mutants, tests
        self._workers, self._done = workers, done
        self._functions: dict[Place, list[FunctionType]] = {}
        self._items: dict[str, Any] = {}
        self._config: Any = None

    def pytest_configure(self) -> None:
        """Before the tests are imported."""
        draw_the_same_cases()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Drop the tests that take no part."""
        items[:] = [item for item in items if self._group.takes(item.nodeid)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        """Instead of running the tests once, run them for each mutant."""
        self._group.make_cases_fewer()
        for file in self._group.files():  # some are imported when they are needed, and a fork may be too late
            importlib.import_module(file.removesuffix(".py").replace("/", "."))
        if new := self._tests.unknown(session.items):
            in_fork(lambda: self._tests.measure(session.config, self._group, new))
            self._tests.load()
        self._config, self._items = session.config, {item.nodeid: item for item in session.items}
        self._functions = _functions_by_place()
        run_forks(self._mutants, self._prepared, self._workers, self._done)
        return True

    def _prepared(self, mutant: Mutant) -> tuple[str, float, Callable[[], str]]:
        source = (ROOT / mutant.file).read_text(encoding="utf-8")
        place = outer_function(source, mutant.line, mutant.column)
        if place is None:
            try:
                change = changed_constants(mutant, mutated(source, mutant))
            except Exception:  # the import would have failed
                return KILLED, 0.0, str
            chosen = self._tests.of_file(mutant.file)
        else:
            change = self._changed_code(mutant, mutated(source, mutant), place)
            chosen = self._tests.of_lines(mutant.file, statement_lines(source, mutant.line))
        wanted = self._tests.within_budget([name for name in chosen if name in self._items])

        def judge() -> str:
            point_output_to_nothing()
            change()  # type: ignore[misc]
            return run_items(self._config, [self._items[name] for name in wanted])

        verdict = ELSEWHERE if change is None else "" if wanted else NOT_RUN
        return verdict, 5 + 1.5 * self._tests.seconds(wanted), judge

    def _changed_code(self, mutant: Mutant, text: str, place: tuple[str, int]) -> Callable[[], None] | None:
        """Puts the changed code into every function of that place; None where that does not tell all."""
        path = str(ROOT / mutant.file)
        code = _code_of(compile(text, path, "exec"), *place)
        functions = self._functions.get((path, *place), [])
        if (
            code is None
            or not functions
            or any(each.__code__.co_freevars != code.co_freevars for each in functions)
        ):
            return None

        def change() -> None:
            for function in functions:
                function.__code__ = code

        return change


def changed_constants(mutant: Mutant, text: str) -> Callable[[], None] | None:
    """Works out a module's constants anew, and puts them where they were imported; None where it cannot.

    What other modules worked out from a constant when they were imported stays.
    """
    module = sys.modules.get(mutant.file.removesuffix(".py").replace("/", "."))
    if module is None:
        return None
    old, new, names = vars(module), dict(vars(module)), set()  # type: dict[str, Any], dict[str, Any], set[str]
    for node in ast.parse(text).body:
        inside = node.lineno <= mutant.line <= (node.end_lineno or 0)
        if inside or names & _names_at_import(node):
            if not isinstance(node, ast.Assign | ast.AnnAssign):
                return None
            exec(compile(ast.Module([node], []), mutant.file, "exec"), new)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {
                each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
            }

    def change() -> None:
        for name, other in list(sys.modules.items()):
            if name.partition(".")[0] in OURS:
                for each in names:
                    if vars(other).get(each, other) is old[each]:
                        setattr(other, each, new[each])

    return change if names else None


def _names_at_import(node: ast.stmt) -> set[str]:
    """Names that a statement of a module looks up when the module is imported."""
    if isinstance(node, ast.FunctionDef):
        parts: list[ast.AST] = [*node.decorator_list, node.args]
    else:
        parts = [node]
    return {each.id for part in parts for each in ast.walk(part) if isinstance(each, ast.Name)}


def statement_lines(source: str, line: int) -> range:
    """Lines of the simple statement that holds a line; the line alone in the head of a block."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            last = node.end_lineno or node.lineno
            if node.lineno <= line <= last:
                return range(node.lineno, last + 1)
    return range(line, line + 1)


def _functions_by_place() -> dict[Place, list[FunctionType]]:
    places: dict[Place, list[FunctionType]] = {}
    for each in gc.get_objects():
        if type(each) is FunctionType:
            code = each.__code__
            places.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(each)
    return places


def _code_of(code: CodeType, name: str, first_line: int) -> CodeType | None:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == name and each.co_firstlineno == first_line:
                return each
            if (inner := _code_of(each, name, first_line)) is not None:
                return inner
    return None
