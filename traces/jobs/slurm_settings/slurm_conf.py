"""slurm.conf: nodes, partitions and settings, as far as a simulation can use them.

Source of keys and defaults: Slurm's own page slurm.conf(5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from traces.errors import InputError, quoted
from traces.files.documents import reads_file
from traces.files.text import place
from traces.jobs.sacct.rows import sacct_values as values
from traces.jobs.sacct.rows.sacct_values import NONE
from traces.jobs.slurm_settings.conf_lines import ConfLine, conf_lines
from traces.jobs.slurm_settings.node_names import MOST_NODES, node_names

_NODE_KEYS = {"nodename", "cpus", "procs", "boards", "sockets", "socketsperboard", "corespersocket"} | {
    "threadspercore", "realmemory", "gres", "state", "feature", "features"
}  # fmt: skip
_PARTITION_KEYS = {"partitionname", "nodes", "default", "maxtime", "priorityjobfactor", "state"}
_AWAY = ("FUTURE", "DOWN", "FAIL", "DRAIN", "UNKNOWN_NODE")
_MOST_CORES, _MOST_MIB = 10**5, 10**9


@dataclass(frozen=True, slots=True, order=True)
class NodeKind:
    """What one node has: cores, cpus that Slurm counts, GPUs, MiB of memory (0: not said)."""

    cores: int = 1
    cpus: int = 1
    gpus: int = 0
    memory_mib: int = 0


@dataclass(frozen=True, slots=True)
class ConfPartition:
    """A partition as the file has it; max_time_s NONE: no limit."""

    name: str
    nodes: tuple[str, ...]
    default: bool = False
    max_time_s: int = NONE
    job_factor: int = 1
    where: str = ""


@dataclass(frozen=True, slots=True)
class SlurmConf:
    """What a slurm.conf says.

    nodes      : name -> kind, in file order
    partitions : those that are up, in file order
    settings   : keys in small letters -> (key as written, value, where), of other lines
    ignored    : key -> where it first stands, of what has no meaning here
    notes      : one line each, on what was left out
    """

    nodes: dict[str, NodeKind]
    partitions: tuple[ConfPartition, ...]
    settings: dict[str, tuple[str, str, str]]
    ignored: dict[str, str]
    notes: tuple[str, ...]

    @property
    def cores(self) -> int:
        """Cores of all nodes."""
        return sum(kind.cores for kind in self.nodes.values())

    @property
    def threads_per_core(self) -> int | None:
        """Cpus that Slurm counts for a core; None where nodes differ."""
        found = {-(-kind.cpus // kind.cores) for kind in self.nodes.values()}
        return found.pop() if len(found) == 1 else None

    @property
    def limits_s(self) -> dict[str, int]:
        """partition -> its longest run time [s], of those that have one."""
        return {part.name: part.max_time_s for part in self.partitions if part.max_time_s > 0}


@dataclass(slots=True)
class _Reader:
    """Gathers the lines of one file."""

    nodes: dict[str, NodeKind] = field(default_factory=dict)
    features: dict[str, list[str]] = field(default_factory=dict)
    sets: dict[str, list[str]] = field(default_factory=dict)
    partitions: list[tuple[dict[str, str], str]] = field(default_factory=list)
    settings: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    node_default: dict[str, str] = field(default_factory=dict)
    partition_default: dict[str, str] = field(default_factory=dict)

    def add(self, line: ConfLine) -> None:
        """Take one line in. InputError."""
        given = line.lowered()
        first = line.pairs[0][0].lower()
        if first == "nodename":
            self._ignore(line, _NODE_KEYS, "NodeName")
            self._node(given, line.where)
        elif first == "partitionname":
            self._ignore(line, _PARTITION_KEYS, "PartitionName")
            if given["partitionname"].upper() == "DEFAULT":
                self.partition_default |= given
            else:
                self.partitions.append((self.partition_default | given, line.where))
        elif first == "nodeset":
            names = self.sets.setdefault(given["nodeset"], [])
            names += _names(given.get("nodes", ""), line.where)
            names += [f"feature={feature}" for feature in given.get("feature", "").split(",") if feature]
        elif first in ("downnodes", "frontendname", "switchname"):
            self.ignored.setdefault(line.pairs[0][0], line.where)
        else:
            for key, value in line.pairs:
                self.settings[key.lower()] = key, value, line.where

    def _ignore(self, line: ConfLine, known: set[str], kind: str) -> None:
        for key, _ in line.pairs:
            if key.lower() not in known:
                self.ignored.setdefault(f"{kind} {key}", line.where)

    def _node(self, given: dict[str, str], where: str) -> None:
        if given["nodename"].upper() == "DEFAULT":
            self.node_default |= given
            return
        given = self.node_default | given
        kind = _kind(given, where)
        names = _names(given["nodename"], where)
        state = given.get("state", "").upper()
        if state.startswith(_AWAY):
            self.notes.append(f"{where}: nodes {given['nodename']} are {state}, left out")
            return
        if len(self.nodes) + len(names) > MOST_NODES:
            raise InputError(f"more than {MOST_NODES} nodes", where=where, remedy="correct NodeName")
        self.nodes |= dict.fromkeys(names, kind)
        for feature in (given.get("feature") or given.get("features") or "").split(","):
            if feature:
                self.features.setdefault(feature, []).extend(names)

    def conf(self, path: Path) -> SlurmConf:
        """All of it. InputError for a file without nodes or partitions."""
        if not self.nodes or not self.partitions:
            missing = "NodeName" if not self.nodes else "PartitionName"
            raise InputError(
                f"has no line {missing}", where=place(path), remedy="give the slurm.conf of the controller"
            )
        partitions = []
        for given, where in self.partitions:
            part = self._partition(given, where)
            if part is not None:
                partitions.append(part)
        if not partitions:
            raise InputError("has no partition with nodes that is up", where=place(path), remedy="correct it")
        return SlurmConf(self.nodes, tuple(partitions), self.settings, self.ignored, tuple(self.notes))

    def _partition(self, given: dict[str, str], where: str) -> ConfPartition | None:
        name, state = given["partitionname"], given.get("state", "UP").upper()
        if state != "UP":
            self.notes.append(f"{where}: partition {quoted(name)} is {state}, left out")
            return None
        nodes = self._members(given.get("nodes", ""), where)
        if not nodes:
            self.notes.append(f"{where}: partition {quoted(name)} has no nodes, left out")
            return None
        return ConfPartition(
            name,
            tuple(nodes),
            given.get("default", "NO").upper() in ("YES", "TRUE", "1"),
            duration_s(given.get("maxtime", "UNLIMITED"), "MaxTime", where),
            whole(given.get("priorityjobfactor", "1"), "PriorityJobFactor", where, 65533),
            where,
        )

    def _members(self, text: str, where: str) -> list[str]:
        """The names of a partition's nodes that the file has; sets and ALL are looked up."""
        if text.upper() == "ALL":
            return list(self.nodes)
        members: dict[str, None] = {}
        for name in _names(text, where):
            known = self.sets.get(name, [name])
            for entry in known:
                feature = entry.removeprefix("feature=") if entry.startswith("feature=") else None
                members |= dict.fromkeys(self.features.get(feature, []) if feature else [entry])
        missing = [name for name in members if name not in self.nodes]
        if missing:
            self.notes.append(
                f"{where}: {len(missing)} nodes without a line NodeName are left out, first "
                f"{quoted(missing[0])}"
            )
        return [name for name in members if name in self.nodes]


@reads_file
def read_slurm_conf(path: Path | str) -> SlurmConf:
    """The nodes, partitions and settings of a slurm.conf. InputError with file and line."""
    reader = _Reader()
    for line in conf_lines(Path(path)):
        reader.add(line)
    return reader.conf(Path(path))


def whole(text: str, key: str, where: str, most: int, least: int = 0) -> int:
    """A whole number of a key. InputError."""
    if text.isascii() and text.isdecimal() and len(text) < 16 and least <= int(text) <= most:
        return int(text)
    raise InputError(f"{key} is {quoted(text)}", where=where, remedy=f"expected {least} to {most}")


def duration_s(text: str, key: str, where: str) -> int:
    """Seconds of a duration, whose plain number counts minutes; NONE: without limit. InputError."""
    try:
        return values.minutes(text)
    except ValueError as error:
        raise InputError(f"{key} {error}", where=where) from None


def _names(text: str, where: str) -> list[str]:
    try:
        return node_names(text)
    except ValueError as error:
        raise InputError(f"Nodes {error}", where=where, remedy="correct it") from None


def _kind(given: dict[str, str], where: str) -> NodeKind:
    def number(*keys: str, most: int = _MOST_CORES, least: int = 1) -> int | None:
        found = [key for key in keys if key in given]
        return whole(given[found[0]], found[0], where, most, least) if found else None

    boards = number("boards") or 1
    sockets = number("sockets") or (number("socketsperboard") or 1) * boards
    cores_each, threads = number("corespersocket"), number("threadspercore") or 1
    cpus = number("cpus", "procs")
    if cores_each is None and not {"sockets", "socketsperboard", "boards"} & given.keys():
        cores = max((cpus or 1) // threads, 1)
    else:
        cores = sockets * (cores_each or 1)
    cpus = cpus or cores * threads
    if cores > _MOST_CORES:
        raise InputError(f"a node has {cores} cores", where=where, remedy=f"expected at most {_MOST_CORES}")
    memory = number("realmemory", most=_MOST_MIB, least=1)
    return NodeKind(min(cores, cpus), cpus, values.gres(given.get("gres", "")), memory or 0)
