"""What a package hands on, imported when it is first used: names and messages must not wait for numba."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def lazy_exports(package: str, places: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package. places: name -> the module that has it; modules of the package follow.

    The same names stand below `if TYPE_CHECKING:` for type checkers.
    """

    def get(name: str) -> object:
        if name in places:
            value = getattr(import_module(places[name]), name)
            setattr(sys.modules[package], name, value)
            return value
        if not name.startswith("_") and find_spec(f"{package}.{name}") is not None:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get


def when_imported(package: str, action: Callable[[], None]) -> None:
    """Do this when a module has been imported: now, if it has been, else after its import."""
    if package in sys.modules:
        action()
    else:
        sys.meta_path.insert(0, _AfterImport(package, action))


class _AfterImport:  # a finder; importlib.abc has a base for them, and brings tempfile with it
    """Finds nothing by itself: has the others find the package, and the action done after its loading."""

    def __init__(self, package: str, action: Callable[[], None]) -> None:
        self._package, self._action = package, action
        self._asking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._package or self._asking:
            return None
        self._asking = True
        try:
            spec = find_spec(fullname)
        finally:
            self._asking = False
        loader = None if spec is None else spec.loader
        if spec is None or loader is None:
            return spec
        load = loader.exec_module

        def load_and_act(module: ModuleType) -> None:
            load(module)
            if self in sys.meta_path:  # until now: others may only ask whether the package is there
                sys.meta_path.remove(self)
                self._action()

        loader.exec_module = load_and_act  # type: ignore[method-assign]
        return spec
