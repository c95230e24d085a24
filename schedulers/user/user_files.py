"""The files that a user's class depends on, whose hashes identify its results.

Besides its own file these are the modules of the user's that it imports, which are looked for where Python
would look, libraries left out; and what its arguments name: files, and all that is in a folder. What a class
opens by a name of its own is not known.
"""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from traces.errors import InputError
from traces.files.documents import is_regular, read_bytes

MOST_FILES = 2000
"""Of an argument's folder or of a package: who names a whole disk must not wait for it."""
_MOST_SOURCE_BYTES = 2**22
_OURS = Path(__file__).resolve().parents[2]


def user_files(path: Path, arguments: Any) -> list[Path]:
    """The file of a class, the modules it imports, and what its arguments name; each once, in a set order."""
    files: dict[Path, None] = {path: None}
    for file in (*imported_modules(path), *argument_files(arguments)):
        files.setdefault(file)
    return list(files)


def argument_files(value: Any) -> Iterator[Path]:
    """The files that texts in a value name, in lists and dicts too; of a folder the files in it."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set):
        for item in value:
            yield from argument_files(item)
    elif isinstance(value, str) and 0 < len(value) < 1000:
        with suppress(OSError, ValueError, RuntimeError):
            path = Path(value).expanduser()
            if is_regular(path):
                yield path
            elif path.is_dir():
                yield from _files_in(path)


def imported_modules(path: Path) -> list[Path]:
    """The files of the modules of the user's that a file imports, and that these import, in a set order."""
    places = _places(path)
    found_files: dict[Path, None] = {}
    waiting = [path]
    while waiting and len(found_files) < MOST_FILES:
        source = waiting.pop()
        for name in sorted(_imported_names(source)):
            for file in _module_files(name, places, source.parent):
                if file.resolve() not in found_files and file.resolve() != path.resolve():
                    found_files[file.resolve()] = None
                    waiting.append(file)
    return list(found_files)


def _places(path: Path) -> list[Path]:
    """Where modules of the user's may be: beside the file, and on Python's path outside of libraries."""
    keys = ("stdlib", "platstdlib", "purelib", "platlib")
    libraries = {Path(sysconfig.get_path(key)).resolve() for key in keys}
    places = [path.resolve().parent]
    for entry in sys.path:
        with suppress(OSError, ValueError):
            place = Path(entry or os.curdir).resolve()
            in_library = any(place == library or library in place.parents for library in libraries)
            if not in_library and place != _OURS and place not in places and place.is_dir():
                places.append(place)
    return places


def _imported_names(path: Path) -> set[str]:
    """Modules in the import statements of a file: `a.b` and, for `from a import b`, both `a` and `a.b`."""
    try:
        tree = ast.parse(read_bytes(path, _MOST_SOURCE_BYTES))
    except (InputError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # to import it tells what is wrong
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            joint = "." if node.module else ""
            names |= {start, *(f"{start}{joint}{alias.name}" for alias in node.names)}
    return names


def _module_files(name: str, places: list[Path], folder: Path) -> Iterator[Path]:
    """The files of a module: its own, and the `__init__` of the packages around it."""
    parts = name.lstrip(".").split(".")
    levels = len(name) - len(name.lstrip("."))
    for _ in range(levels - 1):
        folder = folder.parent
    for place in [folder] if levels else places:
        files = []
        for count in range(1, len(parts) + 1):
            stem = place.joinpath(*parts[:count])
            if parts[count - 1]:
                candidates = (stem / "__init__.py", stem.with_name(f"{stem.name}.py"))
                files += [candidate for candidate in candidates if is_regular(candidate)]
        if files:
            yield from files
            return


def _files_in(folder: Path) -> Iterator[Path]:
    """The files in a folder and below it, in the order of their names."""
    count = 0
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(where) / name
            if is_regular(path) and os.access(path, os.R_OK):
                count += 1
                if count > MOST_FILES:
                    return
                yield path
