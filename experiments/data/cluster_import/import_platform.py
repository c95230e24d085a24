"""`rare traces import batsim-platform`: the hosts of a SimGrid platform to the [cluster] of a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.data.cluster_import.guessed_scenario import CORE_W, IDLE_W, SLEEP_W, toml_text
from experiments.data.cluster_import.simgrid_platform import (
    HostKind,
    PowerState,
    SimgridPlatform,
    read_simgrid_platform,
)
from experiments.report.terminal_table import printable
from experiments.runs.output_targets import check_target
from rare.machine_events import MOST_LEVELS
from traces.files.atomic import write_text
from traces.files.documents import user_path
from traces.files.text import refuse_os

_MOST_PARTITIONS = 1000


@dataclass(frozen=True, slots=True)
class PlatformImport:
    """Options of an import: where the scenario goes, and whether a file there is replaced."""

    out: str
    force: bool = False


def import_platform(source: str, request: PlatformImport) -> dict[str, Any]:
    """Read a platform, write a scenario atomically, and return the report, ready for JSON. InputError."""
    check_target(request.out, (".toml",), request.force)
    platform = read_simgrid_platform(user_path(source))
    notes: list[str] = []
    target = user_path(request.out)
    text = scenario_text(Path(request.out).stem, platform, notes)
    try:
        write_text(target, text)
    except (OSError, ValueError) as error:
        refuse_os(target, error, "write")
    return {
        "out": request.out,
        "cores": sum(kind.cores * count for kind, count in platform.kinds.items()),
        "partitions": [
            {"name": name, "nodes": platform.kinds[kind], "cores_per_node": kind.cores}
            for kind, name in _names(platform).items()
        ],
        "other_hosts": dict(platform.others),
        "notes": notes,
    }


def platform_text(report: dict[str, Any]) -> str:
    """The report of `import_platform` as text."""
    lines = [f"{report['out']}: {report['cores']:,} cores in {len(report['partitions']):,} partitions"]
    lines += [
        f"  {part['name']}: {part['nodes']:,} nodes of {part['cores_per_node']} cores"
        for part in report["partitions"]
    ]
    lines += [f"  left out  {count:,} hosts of role {role}" for role, count in report["other_hosts"].items()]
    lines += [f"  noted     {note}" for note in report["notes"]]
    return printable("\n".join(lines))


def scenario_text(name: str, platform: SimgridPlatform, notes: list[str]) -> str:
    """A scenario with a partition for each kind of host; what does not carry over is added to `notes`."""
    head = (
        "# Made by `rare traces import batsim-platform`. Every key: docs/reference/scenarios.md.\n"
        f"name = {toml_text(name)}\n"
        'description = "A platform of SimGrid, under unlimited power"\n'
    )
    partitions = [
        _partition(part, kind, platform.kinds[kind], notes) for kind, part in _names(platform).items()
    ]
    if len(partitions) > 1:
        notes.append(
            "hosts of several kinds become partitions: a job runs within one, the first in which it fits"
        )
    return "\n".join([head, *partitions, '[supply]\nkind = "unlimited"\n'])


def _names(platform: SimgridPlatform) -> dict[HostKind, str]:
    """A name for each kind: that of its first host without the number, and a number where two are alike."""
    names: dict[HostKind, str] = {}
    for kind in list(platform.kinds)[:_MOST_PARTITIONS]:
        base = platform.names[kind].rstrip("0123456789-_.") or "hosts"
        base = base if base.isprintable() and len(base) <= 60 and base == base.strip() else "hosts"
        name, number = base, 2
        while name in names.values():
            name, number = f"{base}-{number}", number + 1
        names[kind] = name
    return names


def _partition(name: str, kind: HostKind, count: int, notes: list[str]) -> str:
    """One [[cluster.partition]] with its speed levels."""
    full, *slower = kind.states
    idle_w, busy_w = full.idle_w, full.busy_w
    sleep_w = kind.sleep_w
    if idle_w is None or busy_w is None:
        notes.append(f"{name}: no watt_per_state; watts are those of the scenario 'plain'")
        idle_w, core_w = IDLE_W * kind.cores, CORE_W
        sleep_w = SLEEP_W * kind.cores if sleep_w is None else sleep_w
    else:
        core_w = (busy_w - idle_w) / kind.cores
    lines = [
        "[[cluster.partition]]",
        f"name = {toml_text(name)}",
        f"nodes = {count}",
        f"cores_per_node = {kind.cores}",
        f"idle_w = {idle_w:.3f}",
        f"core_w = {core_w:.3f}",
    ]
    if sleep_w is None:
        notes.append(f"{name}: no state of sleep; unused nodes stay on")
        lines.append('idle_nodes = "on"')
    else:
        lines.append(f"sleep_w = {sleep_w:.3f}")
    levels = _levels(full, slower) if full.busy_w is not None else []
    if len(levels) < len(slower):
        notes.append(
            f"{name}: {len(slower) - len(levels)} of {len(slower)} further states are no speed levels"
        )
    for rate, power in levels:
        lines += ["", "[[cluster.partition.speed]]", f"rate = {rate / 1000:g}", f"power = {power / 1000:g}"]
    return "\n".join(lines) + "\n"


def _levels(full: PowerState, others: list[PowerState]) -> list[tuple[int, int]]:
    """(rate, power) in thousandths of the states that are slower and draw less, the fastest first."""
    if full.idle_w is None or full.busy_w is None or full.busy_w <= full.idle_w:
        return []
    rate, power = 1000, 1000
    levels: list[tuple[int, int]] = []
    for state in sorted(others, key=lambda other: -other.speed_flops):
        if state.busy_w is None:
            continue
        slower = round(1000 * state.speed_flops / full.speed_flops)
        less = round(1000 * (state.busy_w - full.idle_w) / (full.busy_w - full.idle_w))
        if 1 <= slower < rate and 0 <= less < power and len(levels) < MOST_LEVELS - 1:
            levels.append((slower, less))
            rate, power = slower, less
    return levels
