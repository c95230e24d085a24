"""The programs of docs/scripts can be imported, say what they write, and need nothing of tests/."""

import ast
import importlib

import pytest

from docs.scripts.docs_pages import ROOT

SCRIPTS = [
    path
    for path in sorted((ROOT / "docs" / "scripts").glob("*.py"))
    if "__main__" in path.read_text(encoding="utf-8")
]
FIXTURES = {
    "tests.tiny_cases"
}  # the cases that docs/results/oracle.md measures are those of the oracle's tests


def test_there_are_generators():
    assert len(SCRIPTS) >= 8


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_generator_can_be_imported_and_says_what_it_writes(script):
    module = importlib.import_module(f"docs.scripts.{script.stem}")
    assert module.__doc__ is not None
    assert module.__doc__.partition("\n")[0].strip(), "the first line says what it writes"
    assert f"python -m docs.scripts.{script.stem}" in module.__doc__, "how it is run"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_generator_needs_nothing_of_the_tests(script):
    modules = set()
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    assert {name for name in modules if name.partition(".")[0] == "tests"} - FIXTURES == set()
