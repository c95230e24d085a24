"""A scenario's tables of what happens to the machine: grid events, and nodes that are away."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rare.scenario.config.field_types import (
    DayHours,
    Flag,
    Moment,
    Number,
    Problems,
    Shares,
    Table,
    Text,
    Whole,
    otherwise,
)
from rare.scenario.config.job_tables import MOST_PROCESSORS

_MOST_H = 10**5
_SEED = 2**40
_PER_MILLE = 1000

Notice = Annotated[
    Number,
    Field(
        ge=0,
        le=_MOST_H,
        description="notice: time before the start from which schedulers know of the event. 0: unannounced",
    ),
]
Comply = Annotated[
    Number,
    Field(
        ge=0,
        le=10**5,
        description="time after the start by which the draw must be at the limit. From the start on, no job "
        "starts above it. 0: at once",
    ),
]
_ZONE = "time zone of times in the file without an offset"


class EventTable(Table):
    """[[event]]: a time at which the facility may draw less."""

    start: Moment = Field(
        description="start of the event: a date with a time on the supply's calendar in this run (without an "
        "offset, in site time), or whole seconds of the workload's clock",
        examples=["2019-07-01T17:00"],
    )
    duration_h: Number = Field(gt=0, le=_MOST_H, description="duration")
    notice_h: Notice = 0.0
    depth: Number | None = Field(
        default=None,
        ge=0.001,
        le=1,
        description="share of the draw at the notice by which the draw is reduced; either `depth` or "
        "`limit_kw`",
        json_schema_extra=otherwise("-"),
    )
    limit_kw: Number | None = Field(
        default=None,
        ge=0,
        le=1e9,
        description="largest draw of the facility during the event",
        json_schema_extra=otherwise("-"),
    )
    comply_min: Comply = 0.0

    def problems(self) -> Problems:
        """Two limits or none, or more time to comply than the event lasts."""
        if len(self.stated("depth", "limit_kw")) != 1:
            yield "depth", "or limit_kw says how much less may be drawn; give exactly one of them"
        if round(self.comply_min * 60) >= round(self.duration_h * 3600):
            yield (
                "comply_min",
                f"is {self.comply_min:g}, but the event ends after {self.duration_h * 60:g} min",
            )


_OF_A_RANDOM_MODEL = (
    "per_year",
    "hours",
    "months",
    "weekdays",
    "duration_h",
    "depth",
    "notice_h",
    "comply_min",
    "seed",
)


class EventsTable(Table):
    """[events]: grid events of a file, or drawn at random."""

    file: Text | None = Field(
        default=None, description="CSV file of events, see below; either `file` or `model`"
    )
    zone: Text | None = Field(default=None, description=_ZONE, json_schema_extra=otherwise("the site's"))
    model: Literal["random"] | None = Field(
        default=None,
        description='`"random"`: at most one event a day, independent from day to day, by the keys below',
    )
    per_year: Number | None = Field(
        default=None,
        gt=0,
        le=366,
        description="mean number of events a year. No default, because programmes call from none to a hundred",
        json_schema_extra=otherwise("required with a model"),
    )
    hours: DayHours = Field(
        default=(16.0, 21.0),
        description="hours of the day, in the site's standard time, in which events lie. The default is that "
        "of California's Emergency Load Reduction Program (ELRP)",
    )
    months: Annotated[tuple[Whole, ...], Field(max_length=12)] = Field(
        default=(),
        description="months in which events fall, such as `[5, 6, 7, 8, 9, 10]` (ELRP)",
        json_schema_extra=otherwise("all"),
    )
    weekdays: Flag = Field(default=False, description="`true`: only Monday to Friday. ELRP calls on any day")
    duration_h: DayHours = Field(
        default=(1.0, 5.0),
        description="bounds of the duration, drawn uniformly. ELRP: one to five hours",
    )
    depth: Shares = Field(
        default=(0.25, 0.25),
        description="bounds of the share of the draw that is given up, drawn uniformly. The default is what "
        "256 GPUs gave up for three hours (arXiv 2507.00909)",
    )
    notice_h: Notice = 0.5
    comply_min: Comply = 0.0
    seed: Whole = Field(
        default=0, ge=0, le=_SEED, description="random seed of the draws; part of the scenario"
    )

    def problems(self) -> Problems:
        """Neither a file nor a model, or keys of the one that is not there."""
        if (self.file is None) == (self.model is None):
            yield "file", "or model says which grid events there are; give one of them"
        if self.model is None:
            for key in self.changed(*_OF_A_RANDOM_MODEL):
                yield key, "belongs to a model of events, and events.model is not given; leave it out"
            return
        if self.zone is not None:
            yield "zone", "belongs to a file of events, and they come from a model; leave it out"
        if self.per_year is None:
            yield "per_year", "is missing: how many events a year shall the model draw on average?"
        if self.duration_h[0] <= 0:
            yield "duration_h", "must be above 0"
        if self.duration_h[1] > self.hours[1] - self.hours[0]:
            yield (
                "duration_h",
                f"reaches {self.duration_h[1]:g} h, but hours leaves {self.hours[1] - self.hours[0]:g} h of "
                "the day; shorten it, or widen hours",
            )
        if any(not 1 <= month <= 12 for month in self.months):
            yield "months", f"must be months from 1 to 12, got {list(self.months)}"
        if round(self.comply_min * 60) >= round(self.duration_h[0] * 3600):
            yield (
                "comply_min",
                f"is {self.comply_min:g}, but events may end after {self.duration_h[0] * 60:g} min",
            )


class OutageTable(Table):
    """[[outage]]: nodes that are away for a time."""

    partition: Text | None = Field(
        default=None,
        description="partition whose nodes are out of service",
        json_schema_extra=otherwise("the cluster's only one"),
    )
    nodes: Whole = Field(default=1, ge=1, le=MOST_PROCESSORS, description="number of nodes")
    begin: Moment = Field(
        alias="from",
        description="start of the outage: a date with a time on the machine's own clock, as "
        "`workload.from_date` (site time for jobs without a calendar), or whole seconds of the "
        "workload's clock",
        examples=["2022-03-01T08:00"],
    )
    end: Moment | None = Field(
        default=None,
        alias="to",
        description="end of the outage",
        json_schema_extra=otherwise("to the end of the run"),
    )
    planned: Flag = Field(
        description="`true`: announced; schedulers reserve around it, and unused nodes are taken first. "
        "`false`: nodes fail at once, with the jobs on them"
    )

    def problems(self) -> Problems:
        """An end that is not behind the beginning, as far as both are on one clock."""
        if isinstance(self.begin, int) and isinstance(self.end, int) and self.end <= self.begin:
            yield "to", f"is {self.end}, which is not later than from, {self.begin}; swap or correct them"


_OF_AN_MTBF_MODEL = ("mtbf_h", "distribution", "shape", "repair_h", "repair_spread", "seed")


class OutagesTable(Table):
    """[outages]: outages of a file, or failures of nodes drawn at random."""

    file: Text | None = Field(
        default=None, description="CSV file of outages, see below; either `file` or `model`"
    )
    zone: Text | None = Field(default=None, description=_ZONE, json_schema_extra=otherwise("the machine's"))
    model: Literal["mtbf"] | None = Field(
        default=None,
        description='`"mtbf"`: each node fails and is repaired independently, unannounced, by the keys below',
    )
    mtbf_h: Number | None = Field(
        default=None,
        ge=1,
        le=1e8,
        description="mean time between failures of one node, from a repair to the next failure. No default, "
        "because machines differ by more than a factor of ten",
        json_schema_extra=otherwise("required with a model"),
    )
    distribution: Literal["weibull", "exponential"] = Field(
        default="weibull", description="distribution of the time between failures"
    )
    shape: Number = Field(
        default=0.7,
        ge=0.2,
        le=5,
        description="shape of the Weibull distribution; below 1, a failure is more likely soon after a repair",
    )
    repair_h: Number = Field(default=6.0, gt=0, le=1e5, description="mean time to repair (log-normal)")
    repair_spread: Number = Field(
        default=1.9,
        ge=0,
        le=5,
        description="standard deviation of the logarithm of the time to repair. 0: always `repair_h`",
    )
    seed: Whole = Field(
        default=0, ge=0, le=_SEED, description="random seed of the draws; part of the scenario"
    )

    def problems(self) -> Problems:
        """Neither a file nor a model, or keys of the one that is not there."""
        if (self.file is None) == (self.model is None):
            yield "file", "or model says which outages there are; give one of them"
        if self.model is None:
            for key in self.changed(*_OF_AN_MTBF_MODEL):
                yield key, "belongs to a model of outages, and outages.model is not given; leave it out"
            return
        if self.zone is not None:
            yield "zone", "belongs to a file of outages, and they come from a model; leave it out"
        if self.mtbf_h is None:
            yield "mtbf_h", "is missing: after how many hours does a node break on average?"
        if self.distribution == "exponential":
            for key in self.changed("shape"):
                yield key, 'belongs to distribution = "weibull"; leave it out'
