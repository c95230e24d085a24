"""Judges mutants by forks in which nothing of RARE is imported yet: the imports then meet the changed source.

For changes outside a function (a constant, a default, a decorator), and to look again at mutants that survived:
what the imports worked out with the unchanged code is then worked out anew.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.covering_tests import CoveringTests
from tests.mutation.forks import SURVIVED, point_output_to_nothing, run_forks, run_items
from tests.mutation.groups import ROOT, Group, draw_the_same_cases
from tests.mutation.mutants import Mutant, mutated

THIRD_PARTY = (
    "numba",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "hypothesis",
    "pvlib",
    "simpy",
    "pydantic",
)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads the changed source; keeps no bytecode."""

    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_data(self, path: str) -> bytes:
        return mutated(Path(path).read_text(encoding="utf-8"), self._mutant).encode()

    def path_stats(self, path: str) -> Any:
        raise OSError("no bytecode of a mutant")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self._mutant.file.removesuffix(".py").replace("/", "."):
            return None
        place = str(ROOT / self._mutant.file)
        return importlib.util.spec_from_file_location(
            fullname, place, loader=_Loader(fullname, place, self._mutant)
        )


class _Chosen:
    """A pytest plugin that runs the wanted tests in their order until one fails."""

    def __init__(self, group: Group, wanted: list[str]) -> None:
        self._group, self._wanted, self.told = group, wanted, ""

    def pytest_configure(self) -> None:
        """Before the tests are imported."""
        draw_the_same_cases()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        point_output_to_nothing()
        self._group.make_cases_fewer()
        items = {item.nodeid: item for item in session.items}
        lost = [name for name in self._wanted if name not in items]
        self.told = lost[0] if lost else run_items(session.config, [items[name] for name in self._wanted])
        return True


def judge_fresh(
    group: Group, mutants: list[Mutant], tests: CoveringTests, workers: int, done: Callable[..., None]
) -> None:
    """A verdict for each mutant, from the tests that run its file."""
    for name in THIRD_PARTY:
        importlib.import_module(name)

    def prepare(mutant: Mutant) -> tuple[str, float, Callable[[], str]]:
        wanted = tests.within_budget(tests.of_file(mutant.file))

        def judge() -> str:
            sys.meta_path.insert(0, _Finder(mutant))
            files = list(dict.fromkeys(name.partition("::")[0] for name in wanted))
            plugin = _Chosen(group, wanted)
            with open(os.devnull, "w") as nothing:
                sys.stdout = nothing
                code = pytest.main(
                    ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files], plugins=[plugin]
                )
            return plugin.told or ("import" if code else SURVIVED)

        return ("" if wanted else "not run"), 15 + 1.5 * tests.seconds(wanted), judge

    run_forks(mutants, prepare, workers, done)
