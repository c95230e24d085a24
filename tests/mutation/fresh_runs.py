"""A pytest plugin for one mutant in a process of its own, whose modules are imported with the change in them.

For changes outside a function, and to look again at mutants that survived: what the imports worked out with
the unchanged code is then worked out anew. RARE_MUTANT names the mutant, RARE_MUTANT_TESTS a file of tests.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.groups import GROUPS, ROOT
from tests.mutation.mutants import Mutant, mutated

PROBLEM = json.loads(os.environ["RARE_MUTANT"])
MUTANT = Mutant(**PROBLEM["mutant"])


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads the changed source; keeps no bytecode."""

    def get_data(self, path: str) -> bytes:
        return mutated(Path(path).read_text(encoding="utf-8"), MUTANT).encode()

    def path_stats(self, path: str) -> Any:
        raise OSError("no bytecode of a mutant")


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != MUTANT.file.removesuffix(".py").replace("/", "."):
            return None
        place = str(ROOT / MUTANT.file)
        return importlib.util.spec_from_file_location(fullname, place, loader=_Loader(fullname, place))


sys.meta_path.insert(0, _Finder())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Keep the tests that are wanted, in the order given, and make random cases fewer."""
    for module, name, value in GROUPS[PROBLEM["group"]].fewer_cases:
        if module in sys.modules:
            setattr(sys.modules[module], name, value)
    order = {name: place for place, name in enumerate(Path(PROBLEM["tests"]).read_text().splitlines())}
    items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])
