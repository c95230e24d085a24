"""A scenario of a guessed machine, as TOML text for the user to correct."""

from __future__ import annotations

from collections.abc import Sequence

from traces.jobs.sacct.sacct_machine import GuessedPartition

#: Watts of the scenario `plain` for each core: a 32nd of a two-socket server. A GPU as an A100's busy draw.
IDLE_W, CORE_W, SLEEP_W, GPU_W = 4.0, 8.0, 0.5, 350.0


def toml_text(text: str) -> str:
    """A text as TOML writes it."""
    escaped = "".join(
        {'"': '\\"', "\\": "\\\\"}.get(char, char if char.isprintable() else f"\\U{ord(char):08x}")
        for char in text
    )
    return f'"{escaped}"'


def partition_table(
    name: str, nodes: int, cores_per_node: int, gpus_per_node: int, memory_gib_per_node: float | None = None
) -> str:
    """One [[cluster.partition]], with watts of the scenario `plain`."""
    lines = [
        "[[cluster.partition]]",
        f"name = {toml_text(name)}",
        f"nodes = {nodes}",
        f"cores_per_node = {cores_per_node}",
        f"idle_w = {IDLE_W * max(cores_per_node, 1):g}",
        f"core_w = {CORE_W:g}",
        f"sleep_w = {SLEEP_W * max(cores_per_node, 1):g}",
    ]
    if memory_gib_per_node is not None:
        lines.append(f"memory_gib_per_node = {memory_gib_per_node:g}")
    if gpus_per_node:
        lines += [f"gpus_per_node = {gpus_per_node}", f"gpu_w = {GPU_W:g}"]
    return "\n".join(lines) + "\n"


def guessed_scenario(
    name: str, jobs_file: str, partitions: Sequence[GuessedPartition], cancellations: bool
) -> str:
    """The text of a scenario that replays `jobs_file` on the guessed partitions, under unlimited power."""
    blocks = [
        "# Made by `rare traces import sacct`. The partitions are a guess from what ran:\n"
        "# correct nodes and cores.\n"
        "# Watts are those of the scenario `plain`, not of these nodes: give a profile or your own figures.\n"
        "# Every key: docs/reference/scenarios.md.\n"
        f"name = {toml_text(name)}\n"
        'description = "A cluster as its accounts show it, under unlimited power"\n',
        f"[workload]\nfile = {toml_text(jobs_file)}\n"
        + ('cancellations = "replay"\n' if cancellations else ""),
        *map(_partition, partitions),
        '[supply]\nkind = "unlimited"\n',
    ]
    return "\n".join(blocks)


def _partition(part: GuessedPartition) -> str:
    comment = f"# {part.jobs} runs, at most {part.peak_cores} cores at once.\n"
    if part.guests:
        listed = ", ".join(map(toml_text, part.guests))
        comment += (
            f"# Its nodes are also those of {listed}: such jobs run in the first partition where they fit.\n"
        )
    return comment + partition_table(part.name, part.nodes, part.cores_per_node, part.gpus_per_node)
