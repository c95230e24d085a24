"""The one place where Python becomes machine code.

numba's disk cache looks only at the file of the function it compiled: after an edit to a function in
another file, callers kept running the old rule (measured). The cache folder is therefore named after
a hash of every source that holds compiled code, of what those import from these packages, and of
numba's version: it cannot be stale, and an edit to a reader or a figure compiles nothing again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

from rare.state.cache_place import private_folder
from rare.state.compilation_unit import Rule, SharedRule
from traces.numbers.constants import DAY_S

_numba_config: Any = numba.config
F = TypeVar("F", bound=Callable[..., Any])
_PACKAGES = ("traces", "energy", "rare", "schedulers")
_COMMENTS = re.compile(r"#[^\n]*|\\\n")  # and line continuations
_FROM = re.compile(r"^from +([\w.]+) +import +(\([^)]*\)|[^\n]*)", re.MULTILINE)
_IMPORT = re.compile(r"^import +([^\n;]+)", re.MULTILINE)
_KEEP_S = 30 * DAY_S
_OPTIONS: dict[str, Any] = {"nopython": True, "error_model": "numpy", "nogil": True}


def compiled_sources(root: Path) -> dict[str, str]:
    """Text of each file, by its path below `root`, that compiled code consists of or takes constants from."""
    every = {
        source.relative_to(root).as_posix(): source.read_text(encoding="utf-8")
        for package in _PACKAGES
        for source in (root / package).rglob("*.py")
    }
    sources: dict[str, str] = {}
    waiting = [name for name, text in every.items() if _compiles(name, text)]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = every[name]
            waiting += _imported(name, every[name], every)
    return sources


def _compiles(name: str, text: str) -> bool:
    """Whether a source takes `rule` or `shared_rule`, in whatever way, from this module."""
    if "compile" not in text or "rule" not in text:
        return False
    for module, names in _imports(name, text):
        whole = (module == "rare.state.compile" and not names) or (
            module == "rare.state" and "compile" in names
        )
        if whole or (module == "rare.state.compile" and {"rule", "shared_rule"} & set(names)):
            return True
    return False


def _imported(name: str, text: str, every: Collection[str]) -> list[str]:
    """Files that a source imports at module level; a package itself only for names that are no modules."""
    files = []
    for module, names in _imports(name, text):
        path = module.replace(".", "/")
        if f"{path}.py" in every:
            files.append(f"{path}.py")
            continue
        modules = [f"{path}/{each}.py" for each in names] or [f"{path}/__init__.py"]
        files += [file if file in every else f"{path}/__init__.py" for file in modules]
    return [file for file in files if file in every]


def _imports(name: str, text: str) -> list[tuple[str, list[str]]]:
    """(module, names taken from it) of each import that begins a line of the source `name`."""
    text = _COMMENTS.sub("", text)
    imports: list[tuple[str, list[str]]] = [
        (each.split()[0], []) for line in _IMPORT.findall(text) for each in line.split(",") if each.split()
    ]
    for module, names in _FROM.findall(text):
        taken = re.findall(r"\w+", re.sub(r"\bas +\w+", "", names))
        imports.append((_absolute(name, module), taken))
    return [(module, taken) for module, taken in imports if module.partition(".")[0] in _PACKAGES]


def _absolute(name: str, module: str) -> str:
    """A module by its whole name, also where it is named from its package: `from .state import x`."""
    dots = len(module) - len(module.lstrip("."))
    if dots == 0:
        return module
    packages = name.split("/")[:-dots]
    return ".".join([*packages, *filter(None, [module[dots:]])])


@cache
def cache_folder() -> Path | None:
    """Folder of the compiled code of exactly these sources, made if need be; None: no folder is safe.

    Only this user can write to it (rare.state.cache_place): numba runs what its index says.
    """
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {sys.version}".encode())
    root = Path(__file__).resolve().parents[2]
    for name, content in sorted(compiled_sources(root).items()):
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content.encode())
    folder, lasting = private_folder(digest.hexdigest()[:16])
    if folder is not None and lasting:
        _forget_old(folder.parent, folder)
    return folder


def _forget_old(base: Path, current: Path) -> None:
    """Remove the compiled code of sources that nobody has run for a month.

    Another process may be doing the same: what it takes away first is gone, which is all we want.
    """
    with suppress(OSError):
        os.utime(current)
    for folder in base.iterdir():
        with suppress(OSError):
            if folder != current and folder.is_dir() and time.time() - folder.stat().st_mtime > _KEEP_S:
                shutil.rmtree(folder, ignore_errors=True)


def is_compiled(function: str = "replay") -> bool:
    """Whether this entry point is already compiled on disk (else its first call takes a while).

    `replay` runs heuristics on the compiled clock, `advance` a user's scheduler, `instant` the SimPy clock.
    """
    folder = cache_folder()
    kept = folder is not None and any(folder.rglob(f"*.{function}-*.nbc"))
    return kept or bool(_numba_config.DISABLE_JIT)


def rule(function: F) -> F:
    """Compile a rule: a function of arrays and numbers without allocation, strings or exceptions.

    It lets other Python threads run meanwhile.
    """
    return function if _numba_config.DISABLE_JIT else _cached(function, Rule(function, _OPTIONS))


def shared_rule(*arguments: np.dtype) -> Callable[[F], F]:
    """As `rule`, as a unit of its own that is compiled once for all who call it.

    arguments: types of its arguments, records or numbers. Callers do not see into it, which costs some
    nanoseconds at each call: it is for functions that are large.
    """

    def compiled(function: F) -> F:
        if _numba_config.DISABLE_JIT:
            return function
        kinds = tuple(numba.from_dtype(each) for each in arguments)
        return _cached(function, SharedRule(function, _OPTIONS, kinds))

    return compiled


def _cached(function: F, made: Any) -> F:
    """What compiles a function, set up to keep its code in our folder."""
    before, folder = _numba_config.CACHE_DIR, cache_folder()
    if folder is not None:
        _numba_config.CACHE_DIR = str(folder)  # read when the cache is set up, so only ours moves
        try:
            made.enable_caching()
        finally:
            _numba_config.CACHE_DIR = before
    return cast(F, made)


def most_threads() -> int:
    """Threads that compiled loops may use on this machine."""
    return int(_numba_config.NUMBA_NUM_THREADS)
