"""The tree keeps its plan: names, sizes of folders and files, docstrings of folders, no import circles."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from docs.scripts.architecture_page import PACKAGES, PAGE, ROOT, folders, purpose, refreshed
from tests.import_graph import circles, import_graph, imports_of, modules_below, names_in_text

MOST_MODULES = 14
MOST_LINES = 400
ONE_A_COMMAND = "experiments/cli/commands"  # as many as there are commands
MODULES = modules_below(ROOT, PACKAGES)
NAMED_ANYWHERE = ("__init__", "__main__")

# Old names of modules and their new places, in the lowest layer so that every import finds them.
# And the entry of the command line, and the check before it, which stand where importing `rare` checks the packages.
NAMES_HIGHER_LAYERS = ("traces.moved", "rare.__main__", "rare.start.package_origin")


def test_no_two_modules_have_one_name():
    places = defaultdict(list)
    for name, path in MODULES.items():
        if path.stem not in NAMED_ANYWHERE:
            places[path.stem].append(name)
    assert len(places) > 200
    assert [names for names in places.values() if len(names) > 1] == []


def test_no_folder_has_too_many_modules():
    counts = defaultdict(int)
    for path in MODULES.values():
        counts[path.parent.relative_to(ROOT).as_posix()] += path.stem not in NAMED_ANYWHERE
    counts[ONE_A_COMMAND] = 0
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_no_file_is_too_long():
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES.values()
    }
    long = {name: lines for name, lines in lengths.items() if lines > MOST_LINES}
    assert long == {}


def test_tests_mirror_the_tree():
    holders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    mirrored = {holder for holder in holders if holder.parts and holder.parts[0] in PACKAGES}
    assert len(mirrored) > 20
    assert mirrored - set(folders()) == set(), "a folder of tests without a folder of code"


# --- folders and docs/reference/architecture.md ---------------------------------------------------------------------


def test_every_folder_with_modules_is_a_package():
    """A folder without `__init__.py` has no docstring, and setuptools would leave it out."""
    holders = {path.parent.relative_to(ROOT) for path in MODULES.values()}
    assert holders == set(folders())


@pytest.mark.parametrize("folder", folders(), ids=str)
def test_every_folder_says_in_one_line_what_it_is_for(folder):
    line = purpose(folder)
    assert line.endswith(".") and len(line) <= 105, line
    assert not line.lower().startswith(f"{folder.name.lower()}."), "a docstring that repeats the name"


def test_the_page_draws_the_tree_as_it_is():
    text = PAGE.read_text(encoding="utf-8")
    assert refreshed(text) == text, "run: python -m docs.scripts.architecture_page"


def test_a_page_without_its_markers_is_refused():
    with pytest.raises(ValueError, match="put them back"):
        refreshed("# Architecture\n")


# --- imports ----------------------------------------------------------------------------------------------


def test_no_modules_import_each_other_in_a_circle():
    assert {tuple(sorted(circle)) for circle in circles(import_graph(MODULES))} == set()


def test_no_layer_names_a_higher_one_in_a_string():
    """What importlib is handed is invisible to import-linter."""
    upwards = []
    for name, path in MODULES.items():
        layer = PACKAGES.index(name.partition(".")[0])
        for other in names_in_text(path.read_text(encoding="utf-8"), MODULES):
            if PACKAGES.index(other.partition(".")[0]) > layer and name not in NAMES_HIGHER_LAYERS:
                upwards.append((name, other))
    assert upwards == []


def test_no_import_is_relative():
    """`imports_of` reads absolute imports only."""
    relative = [
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert relative == []


@pytest.mark.parametrize(
    "source",
    [
        "import a.b",
        "from a.b import thing",
        "from a import b",
        "def f():\n    from a.b import thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a.b import Thing",
    ],
)
def test_an_import_is_seen_wherever_it_stands(source):
    assert imports_of(source, {"a": 0, "a.b": 0, "a.c": 0}) == {"a.b"}


def test_a_circle_is_seen_through_any_number_of_modules():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}
    assert circles(graph) == {frozenset("abc")}
    assert circles({**graph, "c": set()}) == set()


def test_a_module_named_in_a_string_is_seen():
    source = "PLACES = {'x': 'a.b:Thing'}\nimport_module('a.c')\nname = 'a'"
    assert names_in_text(source, {"a": 0, "a.b": 0, "a.c": 0}) == {"a.b", "a.c"}
