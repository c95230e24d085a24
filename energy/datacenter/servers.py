"""Servers with published power figures, by name; the figures and their sources are in servers.toml."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from traces.errors import InputError
from traces.files.documents import read_toml, reading
from traces.files.text import place

SHIPPED = Path(__file__).with_name("servers.toml")
MW_PER_W = 1000
MIB_PER_GIB = 1024
MOST_W = 1_000_000


@dataclass(frozen=True, slots=True)
class ServerProfile:
    """One kind of node. Watts at the wall.

    idle_w     : on, nothing running; core_w, gpu_w : added by a busy core or GPU; sleep_w : asleep
    memory_gib : 0 where it is not known: then it does not limit
    sources    : where each figure was published; assumed : which figures are not, and why
    """

    name: str
    description: str
    year: int
    cores_per_node: int
    gpus_per_node: int
    memory_gib: int
    idle_w: float
    core_w: float
    gpu_w: float
    sleep_w: float
    sources: tuple[str, ...]
    assumed: tuple[str, ...] = ()

    @property
    def peak_w(self) -> float:
        """Power with all cores and GPUs busy [W]."""
        return self.idle_w + self.cores_per_node * self.core_w + self.gpus_per_node * self.gpu_w

    @property
    def memory_mib(self) -> int | None:
        """Memory [MiB], or None where it is not known."""
        return self.memory_gib * MIB_PER_GIB or None

    @property
    def idle_mw(self) -> int:
        """Power of a node that is on and runs nothing [mW]."""
        return round(self.idle_w * MW_PER_W)

    @property
    def core_mw(self) -> int:
        """Power that one busy core adds [mW]."""
        return round(self.core_w * MW_PER_W)

    @property
    def gpu_mw(self) -> int:
        """Power that one busy GPU adds [mW]."""
        return round(self.gpu_w * MW_PER_W)

    @property
    def sleep_mw(self) -> int:
        """Power of a sleeping node [mW]."""
        return round(self.sleep_w * MW_PER_W)


def profile(name: str) -> ServerProfile:
    """The shipped profile of that name. InputError lists the known ones.

    >>> server = profile("epyc-9845-2s")
    >>> server.cores_per_node, server.idle_w, server.core_w
    (320, 135.0, 1.8)
    """
    known = _shipped()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(f"unknown server profile {name!r}: {hint}Known: {', '.join(known)}")


def known_profiles() -> tuple[str, ...]:
    """Names of the shipped profiles, in the order of the file."""
    return tuple(_shipped())


def load_profiles(path: str | Path) -> dict[str, ServerProfile]:
    """The profiles by name in a TOML file laid out as servers.toml. InputError for a wrong key or value."""
    path = Path(path)
    with reading(path):
        tables = read_toml(path)
        return {name: _profile(f"{place(path)}: [{name}]", name, table) for name, table in tables.items()}


@cache
def _shipped() -> dict[str, ServerProfile]:
    return load_profiles(SHIPPED)


def _profile(where: str, name: str, table: object) -> ServerProfile:
    """The profile of one TOML table. InputError for unknown, missing or impossible figures."""
    if not isinstance(table, dict):
        raise InputError(f"{where} must be a table of a server's figures")
    known = [field.name for field in fields(ServerProfile) if field.name != "name"]
    for key in table:
        if key not in known:
            raise InputError(f"unknown key {key!r}: use {', '.join(known)}", where=where)
    missing = [key for key in known if key not in table and key != "assumed"]
    if missing:
        raise InputError(
            f"{missing[0]!r} is missing: every figure is stated, 0 where there is none", where=where
        )
    values = {key: _value(where, key, table[key]) for key in table}
    profile = ServerProfile(name=name, **values)
    if profile.cores_per_node + profile.gpus_per_node < 1:
        raise InputError("a node needs at least one core or GPU", where=where)
    if profile.sleep_w > profile.idle_w:
        raise InputError(
            f"sleep_w {profile.sleep_w:g} is more than idle_w {profile.idle_w:g}: swap them", where=where
        )
    return profile


def _value(where: str, key: str, value: object) -> Any:
    """One figure of a profile, checked and converted to its field's type."""
    if key == "description":
        if isinstance(value, str) and value.strip():
            return value
        raise InputError(f"description {value!r} must be text", where=where)
    if key in ("sources", "assumed"):
        texts = isinstance(value, list) and all(isinstance(line, str) for line in value)
        if isinstance(value, list) and texts and (value or key == "assumed"):
            return tuple(value)
        raise InputError(f"{key} must be a list of texts, at least one source", where=where)
    number = int if not key.endswith("_w") else int | float
    if isinstance(value, bool) or not isinstance(value, number) or not 0 <= value <= MOST_W:
        kind = "watts" if key.endswith("_w") else "a whole number"
        raise InputError(f"{key} = {value!r} must be {kind} between 0 and {MOST_W}", where=where)
    return float(value) if key.endswith("_w") else value
