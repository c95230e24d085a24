"""The file of `rare size`: the jobs, the ranges of capacity, the costs, and how long to search."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from experiments.size.cost_table import CostTable
from rare.scenario.config.field_types import (
    MOST_TABLES,
    WRONG_VALUE,
    Number,
    Problems,
    Table,
    Tables,
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

MOST_KW = 1e6  # as much as a scenario's battery may have
MOST_RATIO = 1e3  # of the peak draw
MOST_STEPS = 1000
SERVICES = ("auto", "value", "late", "unserved", "slowdown")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _range(value: object) -> object:
    """Both ends of a range; a single number is a range of one value."""
    ends = (value, value) if _is_number(value) else value
    if not isinstance(ends, list | tuple) or len(ends) != 2 or not all(map(_is_number, ends)):
        message = f"must be a number or two, [least, most], got {shown(value)}"
        raise PydanticCustomError(WRONG_VALUE, "{message}", {"message": message})
    return tuple(ends)


def _range_of(most: float) -> Any:
    number = {"type": "number", "minimum": 0, "maximum": most}
    schema = {"anyOf": [number, {"type": "array", "items": number, "minItems": 2, "maxItems": 2}]}
    return Annotated[
        tuple[Annotated[Number, Field(ge=0, le=most)], Annotated[Number, Field(ge=0, le=most)]],
        BeforeValidator(_range),
        WithJsonSchema(schema),
    ]


KwRange: Any = _range_of(MOST_KW)
"""A number, or [least, most], in kW or kWh."""
RatioRange: Any = _range_of(MOST_RATIO)
"""The same in units of the cluster's peak draw."""
Steps = Annotated[
    Whole,
    Field(
        ge=1,
        le=MOST_STEPS,
        description="into how many equal steps the range is divided: what is tried lies on these",
    ),
]


class JobsTable(Table):
    """What is simulated, beside the scenario: as the options of `rare simulate`."""

    window: Text | None = Field(
        default=None,
        description="a window of the scenario",
        json_schema_extra=otherwise("the scenario's default"),
    )
    workload: Text | None = Field(
        default=None,
        description="a job trace in place of the scenario's jobs. Paths are relative to this file",
        json_schema_extra=otherwise("the scenario's"),
    )
    processors: Whole | None = Field(
        default=None,
        ge=1,
        le=10**9,
        description="of the machine",
        json_schema_extra=otherwise("the trace's"),
    )
    jobs: Text | None = Field(
        default=None,
        description="FIRST:LAST, only these jobs, from 0, LAST not included",
        json_schema_extra=otherwise("all"),
    )
    from_date: Text | None = Field(default=None, description="only jobs submitted from this day on")
    to_date: Text | None = Field(default=None, description="only jobs submitted before this day")
    power: Text | None = Field(
        default=None,
        description="power series (CSV) for the sources that name no file",
        json_schema_extra=otherwise("the scenario's"),
    )


class YearTable(JobsTable):
    """[[year]]: a weather year, or any other case that every plant must serve. Its keys win over those of
    the whole file."""

    name: Text = Field(description="what tables call it: letters, digits, '-', '_' and '.'")
    settings: Texts | None = Field(
        default=None,
        description="changes of the scenario, each as of `--set`, after those of the whole file",
        json_schema_extra=otherwise("none"),
    )

    def problems(self) -> Problems:
        """A name that is no name of a folder."""
        if not self.name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            yield "name", f"must be of letters, digits, '-', '_' and '.', got {self.name!r}"


class SourceRange(Table):
    """[solar], [wind]: nameplate capacity to choose. Without the table it stays as the scenario has it."""

    kw: KwRange | None = Field(
        default=None,
        description="a number, or `[least, most]`; in kW",
        json_schema_extra=otherwise("one of the two"),
    )
    ratio: RatioRange | None = Field(
        default=None,
        description="the same as ratios of the cluster's peak draw",
        json_schema_extra=otherwise("one of the two"),
    )
    steps: Steps = 20
    source: Whole | None = Field(
        default=None,
        ge=0,
        le=MOST_TABLES,
        description="which `[[supply.source]]` of the scenario it is, from 0",
        json_schema_extra=otherwise("the one of that kind or quantity"),
    )
    nameplate_ratio: Number = Field(
        default=1.0,
        gt=0,
        le=100,
        description="kW of nameplate to be bought for a kW of capacity. Above 1 where the source is a file: "
        "its capacity is the series' own maximum, which a fleet's nameplate exceeds",
    )

    def problems(self) -> Problems:
        """No size or two."""
        yield from _one_range(self, ("kw", "ratio"))


class BatteryRange(Table):
    """[battery]: capacity to choose, and the power that goes with it."""

    kwh: KwRange | None = Field(
        default=None,
        description="a number, or `[least, most]`; in kWh",
        json_schema_extra=otherwise("one of the two"),
    )
    hours: RatioRange | None = Field(
        default=None,
        description="the same as hours of the cluster's peak draw",
        json_schema_extra=otherwise("one of the two"),
    )
    steps: Steps = 20
    duration_h: Number | None = Field(
        default=None,
        gt=0,
        le=1e4,
        description="hours in which full power empties it: its power, both ways, is capacity by this",
        json_schema_extra=otherwise("4, without `kw`"),
    )
    kw: KwRange | None = Field(
        default=None,
        description="or a power of its own: a number or `[least, most]`",
        json_schema_extra=otherwise("by `duration_h`"),
    )
    kw_steps: Steps = 20

    def problems(self) -> Problems:
        """No size or two, and two powers."""
        yield from _one_range(self, ("kwh", "hours"))
        yield from _low_first("kw", self.kw)
        if self.kw is not None and self.duration_h is not None:
            yield "kw", "and duration_h both say how much power the battery has; keep one"


class GridRange(Table):
    """[grid]: the line's import limit to choose."""

    kw: KwRange | None = Field(
        default=None,
        description="a number, or `[least, most]`; in kW",
        json_schema_extra=otherwise("one of the two"),
    )
    ratio: RatioRange | None = Field(
        default=None,
        description="the same as ratios of the cluster's peak draw",
        json_schema_extra=otherwise("one of the two"),
    )
    steps: Steps = 20

    def problems(self) -> Problems:
        """No size or two."""
        yield from _one_range(self, ("kw", "ratio"))


def _one_range(table: Table, keys: tuple[str, str]) -> Problems:
    stated = table.stated(*keys)
    if len(stated) != 1:
        yield keys[0], f"or {keys[1]} says how large it may be; give exactly one of them"
    for key in keys:
        yield from _low_first(key, getattr(table, key))


def _low_first(key: str, limits: tuple[float, float] | None) -> Problems:
    if limits is not None and limits[0] > limits[1]:
        yield key, f"must have the lower number first, got [{limits[0]:g}, {limits[1]:g}]"


class SearchTable(Table):
    """[search]: how many plants are tried."""

    trials: Whole = Field(default=96, ge=1, le=100_000, description="plants in all")
    sample: Whole | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="how many of them are spread over the ranges before the front is refined",
        json_schema_extra=otherwise("half of the trials"),
    )
    batch: Whole = Field(
        default=8,
        ge=1,
        le=10_000,
        description="trials at a time near the front. Small batches learn more from each other, large ones "
        "keep more workers busy",
    )
    seed: Whole = Field(default=0, ge=0, le=10**9, description="of the sample and of the refinement")

    def problems(self) -> Problems:
        """A sample larger than all trials."""
        if self.sample is not None and self.sample > self.trials:
            yield "sample", f"is {self.sample}, more than the {self.trials} trials; lower it"

    @property
    def sample_size(self) -> int:
        """Trials of the designed sample."""
        return self.sample if self.sample is not None else max(1, self.trials // 2)


class SizeFile(JobsTable):
    """A whole file of `rare size`."""

    name: Text = Field(description="what the report calls it", json_schema_extra=otherwise("the file's name"))
    scenario: Text = Field(
        default="grid-tied", description="a shipped scenario's name, or a file relative to this one"
    )
    settings: Texts | None = Field(
        default=None,
        description="changes of the scenario, each as of `--set`",
        json_schema_extra=otherwise("none"),
    )
    schedulers: Texts = Field(default=("easy",), description="one, or several, of which the search chooses")
    seed: Whole = Field(default=0, ge=0, le=10**18, description="draws service classes, as `--seed`")
    service: Literal["auto", "value", "late", "unserved", "slowdown"] = Field(
        default="auto",
        description="the third objective: value earned, late jobs, unserved jobs, or the mean bounded "
        'slowdown with unfinished jobs. `"auto"`: the first of value, late jobs, slowdown that applies',
    )
    minimum_served: Number = Field(
        default=0.95,
        ge=0,
        le=1,
        description="what a plant must serve in every year to be on the front: completed jobs, as a share of "
        "those that are completed when power never lacks (some expire however much power there is)",
    )
    year: Annotated[tuple[YearTable, ...], Tables, Field(max_length=100)] = ()
    solar: SourceRange | None = None
    wind: SourceRange | None = None
    battery: BatteryRange | None = None
    grid: GridRange | None = None
    cost: CostTable = CostTable()
    search: SearchTable = SearchTable()

    def problems(self) -> Problems:
        """Nothing to size, or a name twice."""
        if not self.stated("solar", "wind", "battery", "grid"):
            yield None, "sizes nothing; give [solar], [wind], [battery] or [grid] with a range"
        for key, names in (("year", [year.name for year in self.year]), ("schedulers", self.schedulers)):
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield key, f"has {name!r} twice; give each once"


def size_schema() -> dict[str, Any]:
    """The JSON schema of the files of `rare size`. A file without a name has that of the file."""
    return toml_schema(SizeFile, "RARE size", given=("name",))


@reads_file
def read_size_file(path: Path) -> SizeFile:
    """The question of a TOML file. InputError names file, key and remedy."""
    table = read_toml(path, "docs/guides/size.md has the keys")
    table.setdefault("name", path.stem)
    try:
        return parse_table(SizeFile, table)
    except TableProblem as problem:
        raise problem.located(place(path)) from None
