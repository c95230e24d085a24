"""Which version of RARE's code runs here, and with which libraries: results of one version go together."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
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
    for package in PACKAGES:
        for source in sorted((ROOT / package).rglob("*")):
            if source.suffix in _SOURCES and source.is_file():
                digest.update(f"{source.relative_to(ROOT)}\n".encode())
                digest.update(source.read_bytes())
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
