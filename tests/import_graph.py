"""Which module imports which: at module level, inside functions and for type checkers alike."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path


def modules_below(root: Path, packages: Iterable[str]) -> dict[str, Path]:
    """Dotted name -> file of every module of these packages; a package is its `__init__.py`."""
    files = [path for package in packages for path in sorted((root / package).rglob("*.py"))]
    return {_dotted(path.relative_to(root)): path for path in files}


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, known: Mapping[str, object]) -> set[str]:
    """The known modules that a source text imports by statement, wherever the statement stands."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                named.add(submodule if submodule in known else node.module)
    return named & set(known)


def names_in_text(source: str, known: Mapping[str, object]) -> set[str]:
    """The known modules whose dotted name is a string in the source, alone or before a colon."""
    constants = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    texts = {value.partition(":")[0] for value in constants if isinstance(value, str)}
    return {text for text in texts if "." in text} & set(known)


def import_graph(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """Module -> the modules that it imports, itself left out."""
    return {
        name: imports_of(path.read_text(encoding="utf-8"), files) - {name} for name, path in files.items()
    }


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Sets of modules each of which reaches every other one of its set."""
    reach = {name: _reachable(graph, name) for name in graph}
    groups = {frozenset(b for b in reach[a] if a in reach[b]) for a in graph if a in reach[a]}
    return {group for group in groups if len(group) > 1}


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    open_names = list(graph[start])
    while open_names:
        name = open_names.pop()
        if name not in reached:
            reached.add(name)
            open_names += graph[name]
    return reached
