"""A pytest plugin that judges mutants: everything is imported and collected once, then a fork for each mutant.

In the fork the changed function gets the changed code, in place, so that whoever holds the function has the
mutant; then the tests that run the changed line run until one fails. A change outside a function (a constant, a
default, a decorator) is left to `fresh_runs`.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.mutation.covering_tests import CoveringTests
from tests.mutation.forks import ELSEWHERE, NOT_RUN, in_fork, point_output_to_nothing, run_forks, run_items
from tests.mutation.groups import ROOT, Group, draw_the_same_cases
from tests.mutation.mutants import Mutant, mutated, outer_function

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
        if new := self._tests.unknown(session.items):
            in_fork(lambda: self._tests.measure(session.config, self._group, new))
            self._tests.load()
        self._config, self._items = session.config, {item.nodeid: item for item in session.items}
        self._functions = _functions_by_place()
        run_forks(self._mutants, self._prepared, self._workers, self._done)
        return True

    def _prepared(self, mutant: Mutant) -> tuple[str, float, Callable[[], str]]:
        change = self._change(mutant)
        source = (ROOT / mutant.file).read_text(encoding="utf-8")
        chosen = self._tests.of_lines(mutant.file, statement_lines(source, mutant.line))
        wanted = self._tests.within_budget([name for name in chosen if name in self._items])

        def judge() -> str:
            point_output_to_nothing()
            for function, code in change:
                function.__code__ = code
            return run_items(self._config, [self._items[name] for name in wanted])

        verdict = ELSEWHERE if not change else "" if wanted else NOT_RUN
        return verdict, 10 + 3 * self._tests.seconds(wanted), judge

    def _change(self, mutant: Mutant) -> list[tuple[FunctionType, CodeType]]:
        """The functions that a mutant changes, with their code; none where that does not tell all."""
        path = ROOT / mutant.file
        source = path.read_text(encoding="utf-8")
        place = outer_function(source, mutant.line, mutant.column)
        if place is None:
            return []
        code = _code_of(compile(mutated(source, mutant), str(path), "exec"), *place)
        functions = self._functions.get((str(path), *place), [])
        if code is None or any(each.__code__.co_freevars != code.co_freevars for each in functions):
            return []
        return [(each, code) for each in functions]


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
