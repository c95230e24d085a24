"""The sweep file: which scenarios, workloads, supplies, settings, schedulers, seeds and windows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from rare.scenario.config.field_types import MOST_TABLES, Number, Problems, Table, Tables, Text, Texts, Whole
from rare.scenario.config.toml_schema import toml_schema
from rare.scenario.config.toml_tables import TableProblem, parse_table
from traces.files.documents import read_toml, reads_file, user_path
from traces.files.text import place

MOST_CELLS = 1_000_000
MOST_VALUES = 10_000
LARGEST_SEED = 2**63 - 1
TAKEN = ("scenario", "workload", "supply", "case", "window", "seed", "scheduler", "cell", "ended")
"""Names of columns, which no key of [grid] may have."""

Values = tuple[Any, ...]


def _seeds(value: object) -> object:
    """A number of seeds stands for that many, from 0 on."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_VALUES:
        return tuple(range(value))
    return tuple(value) if isinstance(value, list) else value


def _value_lists(value: object) -> object:
    """Values by dotted key; without quotes around it, TOML makes tables inside each other of such a key."""
    if not isinstance(value, dict):
        return value
    lists: dict[str, tuple[object, ...]] = {}
    for key, entry in value.items():
        if isinstance(entry, dict):
            inner = _value_lists(entry)
            assert isinstance(inner, dict)
            lists |= {f"{key}.{rest}": values for rest, values in inner.items()}
        else:
            lists[key] = tuple(entry) if isinstance(entry, list) else (entry,)
    return lists


Seeds = Annotated[
    tuple[Annotated[Whole, Field(ge=0, le=LARGEST_SEED)], ...],
    BeforeValidator(_seeds, json_schema_input_type=int | list[int]),
]
Grid = Annotated[dict[str, Values], BeforeValidator(_value_lists, json_schema_input_type=dict[str, Any])]


class SweepWorkload(Table):
    """[[workload]]: one of the job traces, or one change of the scenario's synthetic jobs."""

    name: Text = Field(description="what tables and figures call it")
    file: Text | None = Field(
        default=None, description="a job trace, relative to the sweep file; left out: the scenario's jobs"
    )
    mapping: Text | None = Field(
        default=None, description="what the trace's columns mean: a shipped mapping, or a TOML file"
    )
    processors: Whole | None = Field(default=None, ge=1, description="processors of the machine")
    jobs: Text | None = Field(default=None, description="only these jobs, FIRST:LAST from 0")
    from_date: Text | None = Field(default=None, description="only jobs from this day on")
    to_date: Text | None = Field(default=None, description="only jobs before this day")
    settings: Texts = Field(default=(), description="changes of the scenario, each as of `--set`")


class SweepSupply(Table):
    """[[supply]]: one of the power supplies."""

    name: Text = Field(description="what tables and figures call it")
    file: Text | None = Field(
        default=None, description="a power series as of `--power`, or `unlimited`; left out: the scenario's"
    )
    settings: Texts = Field(default=(), description="changes of the scenario, each as of `--set`")


class SweepCase(Table):
    """[[case]]: one entry of a list of settings that belong together, where a grid would be too much."""

    name: Text = Field(description="what tables and figures call it")
    settings: Texts = Field(default=(), description="changes of the scenario, each as of `--set`")


class ReportTable(Table):
    """[report]: what the figures show; by default what the sweep's axes suggest."""

    metrics: Texts = Field(default=(), description="metrics to draw, by their names in metrics.json")
    x: Text | None = Field(default=None, description="the axis along which curves are drawn")
    lines: Text | None = Field(default=None, description="the axis whose values are lines or rows")
    panels: Text | None = Field(default=None, description="the axis whose values are panels")


class SweepFile(Table):
    """A whole sweep file. Every value of one axis meets every value of the others."""

    name: Text = Field(default="sweep", description="what the report calls it")
    scenarios: Texts = Field(default=("plain",), description="names or files of scenarios")
    schedulers: Texts = Field(description="names, checkpoints, classes in files; the first is the baseline")
    seeds: Seeds = Field(
        default=(0,), min_length=1, description="a number of seeds from 0 on, or a list; draw service classes"
    )
    windows: Texts = Field(
        default=(), description="windows or splits of the scenario; left out: its default window"
    )
    settings: Texts = Field(default=(), description="changes of every scenario, each as of `--set`")
    clock: Literal["compiled", "simpy"] = Field(default="compiled", description="as of `--clock`")
    warmup_s: Number = Field(default=0, ge=0, description="seconds from the first submit left out of waits")
    grid: Grid = Field(
        default={}, description="a key as of `--set`, and its values; each meets each of the others"
    )
    workload: Annotated[tuple[SweepWorkload, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    supply: Annotated[tuple[SweepSupply, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    case: Annotated[tuple[SweepCase, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    report: ReportTable = ReportTable()

    def problems(self) -> Problems:
        """Names that are given twice, and axes without values."""
        for key in ("scenarios", "schedulers", "seeds", "windows"):
            values = getattr(self, key)
            twice = [value for place, value in enumerate(values) if value in values[:place]]
            if twice:
                yield key, f"has {twice[0]!r} twice; name it once"
        for key in ("workload", "supply", "case"):
            names = [table.name for table in getattr(self, key)]
            twice = [name for place, name in enumerate(names) if name in names[:place]]
            if twice:
                yield key, f"has two entries named {twice[0]!r}; give each its own name"
        for key, values in self.grid.items():
            if key in TAKEN:
                yield "grid", f"has {key!r}, which is no key of a scenario; write table.key"
            if not values:
                yield "grid", f"has no value for {key!r}; give a list of values"
            if any(value in values[:place] for place, value in enumerate(values)):
                yield "grid", f"has a value of {key!r} twice; name it once"


def sweep_schema() -> dict[str, Any]:
    """The JSON schema of sweep files."""
    return toml_schema(SweepFile, "RARE sweep")


@reads_file
def read_sweep(path: str | Path) -> SweepFile:
    """The sweep of a TOML file. InputError names file, key and remedy."""
    path = user_path(path)
    table = read_toml(path, "docs/guides/sweeps.md has the keys")
    table.setdefault("name", path.stem)
    try:
        return parse_table(SweepFile, table)
    except TableProblem as problem:
        raise problem.located(place(path)) from None
