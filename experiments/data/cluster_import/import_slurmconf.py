"""`rare traces import slurmconf`: slurm.conf, associations and QOS to the tables of a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.data.cluster_import.guessed_scenario import partition_table, toml_text
from experiments.data.cluster_import.manager_tables import ManagerTables, add_associations, add_qos
from experiments.data.cluster_import.owned_nodes import OwnedNodes, owned_nodes
from experiments.data.cluster_import.slurm_tables import SlurmTables, slurm_tables, toml_table
from experiments.data.option_words import option_words
from experiments.runs.output_targets import check_target
from traces.errors import InputError
from traces.files.atomic import write_text
from traces.files.documents import user_path
from traces.files.text import refuse_os
from traces.jobs.slurm_settings.sacctmgr_tables import read_manager_table
from traces.jobs.slurm_settings.slurm_conf import SlurmConf, read_slurm_conf

#: What a scenario may have of each kind of entry.
_MOST_ENTRIES = 1000
ASSOCIATIONS, QOS = "sacctmgr -P show assoc tree", "sacctmgr -P show qos"


@dataclass(frozen=True, slots=True)
class ConfImport:
    """Options of an import: where the scenario goes, and the printed tables of sacctmgr (None: not given)."""

    out: str
    associations: str | None = None
    qos: str | None = None
    force: bool = False


def import_slurmconf(source: str, request: ConfImport) -> dict[str, Any]:
    """Read the settings, write a scenario atomically, and return the report, ready for JSON. InputError."""
    try:
        return _import(source, request)
    except InputError as error:
        raise error.worded(option_words) from error


def _import(source: str, request: ConfImport) -> dict[str, Any]:
    check_target(request.out, (".toml",), request.force)
    conf = read_slurm_conf(user_path(source))
    tables, partitions = slurm_tables(conf), owned_nodes(conf)
    threads = conf.threads_per_core or 1
    if conf.threads_per_core is None:
        tables.notes.append("nodes differ in threads per core: cpus of limits are taken as cores")
    manager = ManagerTables()
    if request.associations is not None:
        rows = read_manager_table(user_path(request.associations), "account", ASSOCIATIONS)
        add_associations(rows, threads, manager)
    if request.qos is not None:
        add_qos(read_manager_table(user_path(request.qos), "name", QOS), threads, manager)
    if manager.limits and not _enforces_limits(conf):
        manager.notes.append(
            f"{len(manager.limits)} limits of associations and QOS are left out: Slurm does not enforce them "
            "(AccountingStorageEnforce names no limits)"
        )
        manager.limits.clear()
    limits = _limits(conf, partitions, manager)
    _only_owners(tables, partitions)
    _bound("[[priority.share]]", manager.shares, manager)
    _bound("[[limit]]", limits, manager)
    if tables.priority is None and (manager.shares or manager.qos_factors):
        manager.notes.append("shares and QOS priorities are left out: the order does not go by them")
    target = user_path(request.out)
    text = _scenario(Path(request.out).stem, conf, partitions, tables, manager, limits)
    try:
        write_text(target, text)
    except (OSError, ValueError) as error:
        refuse_os(target, error, "write")
    return {
        "out": request.out,
        "cores": conf.cores,
        "threads_per_core": conf.threads_per_core,
        "partitions": [
            {
                "name": part.name,
                "nodes": part.count,
                "cores_per_node": part.kind.cores,
                "gpus_per_node": part.kind.gpus,
                "shared_with": list(part.shared_with),
            }
            for part in partitions
        ],
        "shares": len(manager.shares) if tables.priority is not None else 0,
        "limits": len(limits),
        "priority": tables.priority,
        "backfill": tables.backfill,
        "notes": [*conf.notes, *tables.notes, *manager.notes],
        "ignored": tables.ignored | manager.ignored,
    }


def _enforces_limits(conf: SlurmConf) -> bool:
    """Whether Slurm holds jobs to the limits of associations and QOS: limits, or what implies them."""
    words = conf.settings.get("accountingstorageenforce", ("", "", ""))[1].lower().split(",")
    return bool({"limits", "safe", "all", "1"} & {word.strip() for word in words})


def _only_owners(tables: SlurmTables, partitions: list[OwnedNodes]) -> None:
    """Leave out the factors of partitions that own no node, with a note."""
    names = {part.name for part in partitions}
    gone = [name for name, factor in tables.partition_factors.items() if name not in names and factor != 1]
    if gone:
        tables.notes.append(f"PriorityJobFactor of partitions without nodes is left out: {', '.join(gone)}")
    kept = {name: factor for name, factor in tables.partition_factors.items() if name in names}
    tables.partition_factors = kept if set(kept.values()) - {1} else {}


def _limits(
    conf: SlurmConf, partitions: list[OwnedNodes], manager: ManagerTables
) -> list[dict[str, str | int]]:
    """Limits of associations and QOS, and the longest run of each partition that owns nodes."""
    names = {part.name for part in partitions}
    limits = []
    for limit in manager.limits:
        if limit.get("partition", "*") in (*names, "*"):
            limits.append(limit)
        else:
            manager.notes.append(
                f"a limit of partition {limit['partition']}, which owns no node, is left out"
            )
    for part in conf.partitions:
        if part.max_time_s > 0 and part.name in names:
            limits.append({"partition": part.name, "wall_s": part.max_time_s})
        elif part.max_time_s > 0:
            manager.notes.append(f"MaxTime of partition {part.name}, which owns no node, is left out")
    return limits


def _bound(table: str, entries: list[dict[str, str | int]], manager: ManagerTables) -> None:
    """Cut entries to what a scenario may have, and note it."""
    if len(entries) > _MOST_ENTRIES:
        manager.notes.append(f"{table}: {len(entries)} entries, the first {_MOST_ENTRIES} are kept")
        del entries[_MOST_ENTRIES:]


def _scenario(
    name: str,
    conf: SlurmConf,
    partitions: list[OwnedNodes],
    tables: SlurmTables,
    manager: ManagerTables,
    limits: list[dict[str, str | int]],
) -> str:
    """The text of the scenario."""
    blocks = [
        "# Made by `rare traces import slurmconf`. Watts are those of the scenario `plain`, not of these\n"
        "# nodes: give a profile or your own figures. Every key: docs/reference/scenarios.md.\n"
        f"name = {toml_text(name)}\n"
        'description = "A cluster by its slurm.conf, under unlimited power; give its jobs with --workload"\n',
        *(_partition(part, _counts_memory(conf)) for part in partitions),
        '[supply]\nkind = "unlimited"\n',
    ]
    if tables.priority is not None:
        blocks.append(toml_table("[priority]", tables.priority))
        if manager.qos_factors:
            blocks.append(_factors("[priority.qos]", manager.qos_factors))
        if tables.partition_factors:
            blocks.append(_factors("[priority.partition]", tables.partition_factors))
        blocks += [_entry("[[priority.share]]", share) for share in manager.shares]
    if tables.backfill is not None:
        blocks.append(toml_table("[backfill]", tables.backfill))
    blocks += [_entry("[[limit]]", limit) for limit in limits]
    return "\n".join(blocks)


def _counts_memory(conf: SlurmConf) -> bool:
    """Whether Slurm gives memory to jobs as it gives cores (SelectTypeParameters=CR_..._Memory)."""
    return "memory" in conf.settings.get("selecttypeparameters", ("", "", ""))[1].lower()


def _partition(part: OwnedNodes, with_memory: bool) -> str:
    comment = ""
    if part.shared_with:
        listed = ", ".join(map(toml_text, part.shared_with))
        comment = (
            f"# Its nodes are also those of {listed}: such jobs run in the first partition where they fit.\n"
        )
    kind = part.kind
    memory = kind.memory_mib / 1024 if kind.memory_mib and with_memory else None
    return comment + partition_table(part.name, part.count, kind.cores, kind.gpus, memory)


def _factors(header: str, factors: dict[str, int]) -> str:
    return toml_table(header, {}, {toml_text(name): str(factor) for name, factor in factors.items()})


def _entry(header: str, entry: dict[str, str | int]) -> str:
    written = {
        key: toml_text(value) if isinstance(value, str) else str(value) for key, value in entry.items()
    }
    return toml_table(header, {}, written)
