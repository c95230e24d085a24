"""The file of `--dask-slurm`: how many Slurm jobs, and what each of them asks for."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

from pydantic import Field

from rare.scenario.config.field_types import (
    Flag,
    Number,
    Problems,
    Table,
    Text,
    Texts,
    Whole,
    otherwise,
    shown,
)
from rare.scenario.config.toml_schema import toml_schema
from rare.scenario.config.toml_tables import TableProblem, parse_table
from traces.files.documents import read_toml, reads_file
from traces.files.text import place

MEMORY_A_CORE_GIB = 2
LONGEST_MARGIN_S = 60.0
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_WALLTIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
_MEMORY = re.compile(r"\d+(\.\d+)? ?[kKMGT]i?B?")


class SlurmFile(Table):
    """The keys of a file for `--dask-slurm`."""

    workers: Whole = Field(ge=1, le=10_000, description="Slurm jobs that run side by side")
    walltime: Text = Field(
        description="time limit of a job, as of sbatch: minutes, `hours:minutes:seconds`, `days-hours`; at "
        "least a minute"
    )
    partition: Text | None = Field(
        default=None,
        description="partition (queue) of the jobs",
        json_schema_extra=otherwise("Slurm's default"),
    )
    account: Text | None = Field(
        default=None,
        description="account that the jobs are charged to",
        json_schema_extra=otherwise("Slurm's default"),
    )
    cores: Whole = Field(
        default=1, ge=1, le=1024, description="cores of a job; each runs a worker process of one thread"
    )
    memory: Text | None = Field(
        default=None,
        description='memory of a job, such as `"4 GiB"`',
        json_schema_extra=otherwise(f"{MEMORY_A_CORE_GIB} GiB for each core"),
    )
    interface: Text | None = Field(
        default=None,
        description='network interface of scheduler and workers, such as `"ib0"`',
        json_schema_extra=otherwise("the one that leads out of this machine"),
    )
    margin_s: Number | None = Field(
        default=None,
        ge=0,
        le=_DAY_S,
        description="seconds before the end of the walltime when a worker begins nothing more",
        json_schema_extra=otherwise(f"a tenth of the walltime, at most {LONGEST_MARGIN_S:g} s"),
    )
    python: Text | None = Field(
        default=None,
        description="command that starts Python on the nodes",
        json_schema_extra=otherwise("the interpreter of this command, by its path"),
    )
    prologue: Texts = Field(default=(), description="lines of shell before the worker, such as `module load`")
    job_extra_directives: Texts = Field(
        default=(), description='further options of sbatch, each as in `"--qos=low"`'
    )
    insecure: Flag = Field(
        default=False, description="no TLS between scheduler and workers, on a network that you trust"
    )

    def problems(self) -> Problems:
        """Values that sbatch would misread, and times that do not go together."""
        if _walltime_s(self.walltime) is None:
            yield (
                "walltime",
                "must be minutes, hours:minutes:seconds or days-hours:minutes:seconds, got "
                f"{shown(self.walltime)}",
            )
        elif self.walltime_s < _MINUTE_S:
            yield (
                "walltime",
                f"must be at least a minute, for Slurm counts in minutes, got {shown(self.walltime)}",
            )
        elif self.margin_s is not None and self.margin_s >= self.walltime_s:
            yield "margin_s", f"must be below the walltime of {self.walltime_s} s, got {self.margin_s:g}"
        if self.memory is not None and not _MEMORY.fullmatch(self.memory):
            yield "memory", f'must be a number with a unit, such as "4 GiB", got {shown(self.memory)}'
        for key in ("partition", "account", "interface"):
            if (value := getattr(self, key)) is not None and re.search(r"\s", value):
                yield key, f"must be one word, got {shown(value)}"
        for directive in self.job_extra_directives:
            if not directive.startswith("-") or "\n" in directive:
                yield "job_extra_directives", f'must be options such as "--qos=low", got {shown(directive)}'

    @property
    def walltime_s(self) -> int:
        """The walltime in seconds."""
        seconds = _walltime_s(self.walltime)
        assert seconds is not None
        return seconds

    @property
    def spare_s(self) -> float:
        """Seconds before the end of the walltime when a worker begins nothing more."""
        return min(self.walltime_s / 10, LONGEST_MARGIN_S) if self.margin_s is None else self.margin_s

    @property
    def memory_text(self) -> str:
        """The memory of a job, with its unit."""
        return self.memory or f"{MEMORY_A_CORE_GIB * self.cores} GiB"

    @property
    def python_command(self) -> str:
        """The shell's words for Python on a node."""
        return self.python or shlex.quote(sys.executable)


def _walltime_s(text: str) -> int | None:
    """Seconds of a time limit in one of sbatch's forms; None for other texts and for no time at all."""
    match = _WALLTIME.fullmatch(text.strip())
    if match is None:
        return None
    first, second, third = (int(part or 0) for part in match.groups()[1:])
    if match[1] is not None:  # days-hours, days-hours:minutes, days-hours:minutes:seconds
        seconds = int(match[1]) * _DAY_S + first * _HOUR_S + second * _MINUTE_S + third
    elif match[4] is not None:
        seconds = first * _HOUR_S + second * _MINUTE_S + third
    else:  # minutes, minutes:seconds
        seconds = first * _MINUTE_S + second
    return seconds or None


def slurm_file_schema() -> dict[str, Any]:
    """The JSON schema of files for `--dask-slurm`."""
    return toml_schema(SlurmFile, "RARE workers on Slurm")


@reads_file
def read_slurm_file(path: Path) -> SlurmFile:
    """The content of a file for `--dask-slurm`. InputError names file, key and remedy."""
    table = read_toml(path, "docs/guides/clusters.md has the keys")
    try:
        return parse_table(SlurmFile, table)
    except TableProblem as problem:
        raise problem.located(place(path)) from None
