"""Checks that the packages beside `rare` are RARE's own, before anything is imported from them.

Their names are common: a folder `traces` beside a script, or another distribution that installs `energy`, hides
ours, and the import would fail somewhere inside with a line that helps nobody. Nothing of RARE is imported here.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

DISTRIBUTION = "rare-datacenter"
MARK = f"# Part of the distribution {DISTRIBUTION}".encode()
"""Stands in the __init__.py of each package: another distribution of that name writes its own file there."""
OTHERS = ("traces", "energy", "schedulers", "experiments")
COMMANDS = ("rare", "experiments", "experiments.cli")
"""What runs the command line with `python -m`."""
_INIT = "__init__.py"


def check_packages(rare_init: str) -> None:
    """ImportError, in one line, if Python would import a package of one of our names from somewhere else.

    rare_init: the file of `rare/__init__.py`; the other packages have to stand beside that folder. As the
    command `rare` the line goes to stderr instead, and the exit code is 2.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(rare_init)))
    for name in OTHERS:
        trouble = _trouble(name, os.path.join(home, name))
        if trouble is None:
            continue
        if _is_command():
            print(f"rare: {trouble}", file=sys.stderr)
            raise SystemExit(2)
        raise ImportError(trouble, name=name)


def _trouble(name: str, ours: str) -> str | None:
    """What is wrong with this package, in one line; None if it is ours and whole."""
    spec = _spec(name)
    if spec is None:
        return f"the package {name!r} of RARE is missing in {os.path.dirname(ours)}; {_again()}"
    place = _place(spec)
    if place is None:  # built in or frozen: nobody's file
        return None
    if not _same(place, ours):
        return _hidden(name, place, ours)
    if spec.origin is None or spec.loader is None:
        return f"the package {name!r} of RARE in {ours} has lost its {_INIT}; {_again()}"
    if not _is_marked(spec):
        owner = _owner(name, os.path.join(ours, _INIT))
        other = f"the distribution {owner}" if owner else "another distribution"
        return (
            f"{other} has written its package {name!r} over that of RARE in {ours}; install it in another "
            f"environment than RARE, uninstall it here, and {_again()}"
        )
    return None


def _spec(name: str) -> ModuleSpec | None:
    """Where the package is, or would be imported from; nothing is imported."""
    try:
        return find_spec(name)
    except ValueError:  # a module without a spec stands under this name, such as a test's stub
        return ModuleSpec(name, None, origin=getattr(sys.modules[name], "__file__", None))


def _place(spec: ModuleSpec) -> str | None:
    """The folder of a package, or the file of a module."""
    if spec.submodule_search_locations is not None:
        places = list(spec.submodule_search_locations)
        return places[0] if places else None
    return spec.origin if spec.has_location else None


def _same(place: str, ours: str) -> bool:
    if place == ours:
        return True
    try:
        return os.path.samefile(place, ours)
    except OSError:  # inside a zip file
        return os.path.normpath(os.path.abspath(place)) == ours


def _is_marked(spec: ModuleSpec) -> bool:
    try:
        return MARK in spec.loader.get_data(spec.origin)  # type: ignore[union-attr]
    except (AttributeError, OSError):  # compiled files alone: taken as ours
        return True


def _hidden(name: str, place: str, ours: str) -> str:
    kind = "file" if place.endswith(".py") else "folder"
    owner = _owner(name, place if kind == "file" else os.path.join(place, _INIT))
    if owner is not None:
        remedy = f"it belongs to the distribution {owner}: install RARE in an environment without it"
    elif _same(os.path.dirname(place), os.getcwd()):
        remedy = f"it is in the current folder: rename this {kind}, or work in another folder"
    elif any(_same(os.path.dirname(place), entry) for entry in _from_environment()):
        remedy = f"it is found by PYTHONPATH: rename this {kind}, or take its folder out of PYTHONPATH"
    else:
        remedy = f"rename this {kind}, or move it away from your script"
    return f"{place} hides the package {name!r} of RARE ({ours}); {remedy}"


def _from_environment() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _owner(name: str, path: str) -> str | None:
    """The other installed distribution that this file belongs to, such as "traces 0.6.6"."""
    import importlib.metadata

    for entry in importlib.metadata.distributions():
        files = entry.files or []
        if any(file.parts[0] in (name, f"{name}.py") for file in files):
            owner = str(entry.metadata["Name"])
            if owner.lower().replace("_", "-") != DISTRIBUTION and _owns(entry, files, path):
                return f"{owner} {entry.version}"
    return None


def _owns(entry: object, files: object, path: str) -> bool:
    return any(_same(str(file.locate()), path) for file in files if file.name == os.path.basename(path))  # type: ignore[attr-defined]


def _again() -> str:
    return "install RARE again, with pip install --force-reinstall --no-deps"


def _is_command() -> bool:
    """Whether this process is the command line, and not somebody's script that imports RARE."""
    program = os.path.basename(sys.argv[0] if sys.argv else "")
    if program in ("rare", "rare.exe"):
        return True
    words = sys.orig_argv
    return program == "-m" and any(
        word == "-m" and following in COMMANDS for word, following in zip(words, words[1:], strict=False)
    )
