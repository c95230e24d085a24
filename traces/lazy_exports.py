"""What a package hands on, imported when it is first used: names and messages must not wait for numba."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec


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
