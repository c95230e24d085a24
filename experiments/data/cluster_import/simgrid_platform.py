"""Hosts of a SimGrid platform, as Batsim takes them: how many of each kind, their speeds and watts.

Format: SimGrid's documentation of platforms (XML, version 4 and 4.1), and of its energy plug-in for
`watt_per_state` and `watt_off`. The standard parser reads it: no entity is expanded and nothing is fetched.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from traces.errors import InputError, one_line, quoted
from traces.files.documents import read_bytes, reads_file
from traces.files.text import place

_MOST_BYTES = 64 * 2**20
_DEEPEST = 64
_MOST_HOSTS = 10**6
_MASTER = "master_host"
_UNITS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21, "Y": 1e24}
_SPEED = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([kMGTPEZY]?)(?:f|flops)?", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PowerState:
    """Speed [flop/s] and watts of a state: idle, and with all cores busy; None where they are not given."""

    speed_flops: float
    idle_w: float | None
    busy_w: float | None


@dataclass(frozen=True, slots=True)
class HostKind:
    """Hosts that are alike. states: those that compute, the one that they begin in first."""

    cores: int
    states: tuple[PowerState, ...]
    sleep_w: float | None


@dataclass(slots=True)
class SimgridPlatform:
    """The compute hosts of a platform by kind, in order of appearance, and how many other hosts there are."""

    kinds: Counter[HostKind] = field(default_factory=Counter)
    names: dict[HostKind, str] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)


@reads_file
def read_simgrid_platform(path: Path | str) -> SimgridPlatform:
    """The hosts of a platform file. InputError names the line."""
    data = read_bytes(path, _MOST_BYTES, "give a SimGrid platform (XML)")
    return _PlatformReader(path).read(data)


class _PlatformReader:
    """Collects hosts and clusters as the parser comes by them."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._platform = SimgridPlatform()
        self._depth = 0
        self._open: dict[str, str] | None = None  # attributes of the host or cluster at hand
        self._count = 0
        self._properties: dict[str, str] = {}
        self._total = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, data: bytes) -> SimgridPlatform:
        """The platform of a document."""
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            self._refuse(f"is no whole XML ({one_line(error, 80)})", "give a SimGrid platform", error.lineno)
        if not self._platform.kinds:
            raise InputError(
                "has no compute hosts", where=place(self._path), remedy="give a SimGrid platform"
            )
        return self._platform

    def _refuse(self, problem: str, remedy: str, line: int | None = None) -> NoReturn:
        where = place(self._path, line or self._parser.CurrentLineNumber)
        raise InputError(problem, where=where, remedy=remedy) from None

    def _doctype(self, name: str, system: str | None, public: str | None, internal: int) -> None:
        if internal:
            self._refuse("has declarations of its own (DOCTYPE with [...])", "remove them")

    def _entity(self, *_: Any) -> None:
        self._refuse("declares an entity", "write its text instead")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and tag != "platform":
            self._refuse(f"begins with {quoted(tag)}, not with platform", "give a SimGrid platform")
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse(f"is nested more than {_DEEPEST} deep", "give a SimGrid platform")
        if tag in ("host", "cluster"):
            self._open, self._properties = attributes, {}
            self._count = self._hosts_of(attributes) if tag == "cluster" else 1
        elif tag == "prop" and self._open is not None:
            self._properties[attributes.get("id", "")] = attributes.get("value", "")

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if tag in ("host", "cluster") and self._open is not None:
            self._add(self._open)
            self._open = None

    def _hosts_of(self, attributes: dict[str, str]) -> int:
        """How many hosts a cluster has by its radical, such as 0-127,130."""
        count = 0
        for word in attributes.get("radical", "").split(","):
            match = _RANGE.fullmatch(word.strip())
            if match is None or int(match[2] or match[1]) < int(match[1]):
                radical = quoted(attributes.get("radical"))
                self._refuse(f"radical of a cluster is {radical}", "write ranges such as 0-127,130")
            count += int(match[2] or match[1]) - int(match[1]) + 1
        return count

    def _add(self, attributes: dict[str, str]) -> None:
        self._total += self._count
        if self._total > _MOST_HOSTS:
            self._refuse(f"has more than {_MOST_HOSTS} hosts", "give a smaller platform")
        name = attributes.get("id", "")
        role = self._properties.get("role", "master" if name == _MASTER else "compute")
        if role not in ("compute", "compute_node"):
            self._platform.others[role] += self._count
            return
        kind = self._kind(attributes)
        self._platform.kinds[kind] += self._count
        self._platform.names.setdefault(kind, name)

    def _kind(self, attributes: dict[str, str]) -> HostKind:
        cores = attributes.get("core", "1")
        if not re.fullmatch(r"[0-9]{1,6}", cores, re.ASCII) or int(cores) == 0:
            self._refuse(f"core is {quoted(cores)}", "write a whole number, 1 or more")
        if "speed" not in attributes:
            self._refuse("a host has no speed", "give it one, such as 100Mf")
        speeds = [self._speed(word) for word in attributes["speed"].split(",")]
        watts = self._watts(len(speeds))
        states = [PowerState(speed, *pair) for speed, pair in zip(speeds, watts, strict=True)]
        begin = self._state(attributes.get("pstate", "0"), len(states))
        asleep = self._asleep(len(states))
        computing = [begin, *(place for place in range(len(states)) if place not in {begin, *asleep})]
        sleep_w = states[min(asleep)].idle_w if asleep else None
        if sleep_w is None and "watt_off" in self._properties:
            sleep_w = self._watt(self._properties["watt_off"])
        # the states of a transition between sleeping and computing are no speeds to run at
        transitions = {place for place in computing[1:] if asleep and place >= min(asleep)}
        kept = [states[place] for place in computing if place not in transitions]
        return HostKind(int(cores), tuple(kept), sleep_w)

    def _speed(self, word: str) -> float:
        match = _SPEED.fullmatch(word.strip())
        try:
            value = float(match[1]) * _UNITS[match[2]] if match else 0.0
        except ValueError:
            value = 0.0
        if not 0 < value < 1e30:
            self._refuse(f"speed is {quoted(word.strip())}", "write such as 100Mf or 1.5Gf")
        return value

    def _watts(self, count: int) -> list[tuple[float | None, float | None]]:
        """(idle, busy) of each state, from `95.0:190.7, 95.0:171.0`; of three values the last is busy."""
        text = self._properties.get("watt_per_state", self._properties.get("wattage_per_state"))
        if text is None:
            return [(None, None)] * count
        words = text.split(",")
        if len(words) != count:
            self._refuse(f"watt_per_state has {len(words)} states, and speed {count}", "give one for each")
        pairs: list[tuple[float | None, float | None]] = []
        for word in words:
            values = [self._watt(value) for value in word.split(":")]
            if len(values) not in (2, 3) or values[-1] < values[0]:
                self._refuse(f"watt_per_state has {quoted(word.strip())}", "write idle:busy, such as 95:190")
            pairs.append((values[0], values[-1]))
        return pairs

    def _watt(self, word: str) -> float:
        match = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,20})?", word.strip(), re.ASCII)
        if match is None or float(match[0]) > 10**6:
            self._refuse(f"{quoted(word.strip())} are no watts", "write a number, at most a million")
        return float(match[0])

    def _state(self, word: str, count: int) -> int:
        if not re.fullmatch(r"[0-9]{1,4}", word.strip(), re.ASCII) or int(word) >= count:
            self._refuse(f"{quoted(word.strip())} is no power state", f"write one of 0 to {count - 1}")
        return int(word)

    def _asleep(self, count: int) -> set[int]:
        """States of sleep. Batsim: `sleep_pstates` has sleep:switching on:switching off, between commas."""
        text = self._properties.get("sleep_pstates")
        if not text:
            return set()
        return {self._state(triple.split(":")[0], count) for triple in text.split(",")}
