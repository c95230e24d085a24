"""Which version of RARE's code runs here, and with which libraries: results of one version go together."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")
# What a result can depend on; `experiments` is in it because it turns a scenario into a case.
_SOURCES = (".py", ".toml")
_LIBRARIES = ("numpy", "pandas", "numba", "simpy", "scipy", "pvlib", "windpowerlib")


@cache
def code_hash() -> str:
    """sha256 of the sources that decide a result: an edited rule is never mistaken for the old one."""
    digest = hashlib.sha256()
    sources = [
        os.path.join(folder, name)
        for package in PACKAGES
        for folder, _, names in os.walk(ROOT / package)
        for name in names
        if name.endswith(_SOURCES)
    ]
    for source in sorted(sources):
        digest.update(f"{os.path.relpath(source, ROOT)}\n".encode())
        with open(source, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


@cache
def library_versions() -> dict[str, str]:
    """Versions of the installed libraries whose arithmetic a result goes through."""
    versions = {}
    for name in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


@cache
def code_identity() -> str:
    """A short hash of code and libraries; equal on machines whose results go together."""
    text = json.dumps([code_hash(), library_versions()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
