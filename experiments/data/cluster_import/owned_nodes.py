"""Nodes of slurm.conf in partitions that own them: a node that several partitions list goes to one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from traces.jobs.slurm_settings.slurm_conf import ConfPartition, NodeKind, SlurmConf


@dataclass(frozen=True, slots=True)
class OwnedNodes:
    """Identical nodes under the name of a partition.

    shared_with : partitions of slurm.conf that own no node, because others own those they list
    """

    name: str
    kind: NodeKind
    count: int
    shared_with: tuple[str, ...] = ()


def owned_nodes(conf: SlurmConf) -> list[OwnedNodes]:
    """The partitions that own nodes, in the order of the file.

    A node belongs to the first partition that lists it, of: those of identical nodes before others, the
    default before others, larger before smaller, the file's order. Nodes of another kind than most of a
    partition's become a partition of their own, whose name has a number.
    """
    ranked = sorted(conf.partitions, key=lambda part: _rank(conf, part))
    owner: dict[str, str] = {}
    for part in ranked:
        for node in part.nodes:
            owner.setdefault(node, part.name)
    kinds: dict[str, Counter[NodeKind]] = {}
    for node, name in owner.items():
        kinds.setdefault(name, Counter())[conf.nodes[node]] += 1
    guests: dict[str, list[str]] = {}
    for part in conf.partitions:
        if part.name not in kinds:
            guests.setdefault(owner[part.nodes[0]], []).append(part.name)
    taken = {part.name for part in conf.partitions}
    result = []
    for name in dict.fromkeys(part.name for part in conf.partitions):
        for place, (kind, count) in enumerate(kinds.get(name, Counter()).most_common()):
            shown = name if place == 0 else _free(name, taken)
            shared = tuple(guests.get(name, ())) if place == 0 else ()
            result.append(OwnedNodes(shown, kind, count, shared))
    return result


def _rank(conf: SlurmConf, part: ConfPartition) -> tuple[bool, bool, int]:
    """Smaller first."""
    alike = len({conf.nodes[node] for node in part.nodes}) == 1
    return not alike, not part.default, -len(part.nodes)


def _free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    taken.add(f"{name}-{number}")
    return f"{name}-{number}"
