"""A scenario's tables of jobs and time: workload, service classes, windows, time and objective."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rare.scenario.config.field_types import (
    Factors,
    Flag,
    Instant,
    Number,
    Problems,
    Table,
    Text,
    Whole,
    otherwise,
)
from traces.jobs.job_formats import JOB_FORMATS

MOST_PROCESSORS = 10**7
_MOST = 2**40


def parse_span(span: str) -> tuple[int | None, int | None]:
    """`FIRST:LAST`, either may be empty, as numbers; ValueError if it is anything else."""
    first, colon, last = span.partition(":")
    if not colon:
        raise ValueError(span)
    ends = [int(part) if part.strip() else None for part in (first, last)]
    if any(end is not None and end < 0 for end in ends):
        raise ValueError(span)
    if ends[0] is not None and ends[1] is not None and ends[1] <= ends[0]:
        raise ValueError(span)
    return ends[0], ends[1]


_OF_A_MODEL = ("load", "days", "variant", "estimates", "max_estimate_s", "seed")
_OF_A_FILE = (
    "format",
    "mapping",
    "from_date",
    "to_date",
    "zone",
    "start_utc",
    "strict",
    "cancellations",
    "dependencies",
)
_SENSITIVITY = (
    "how much a lower speed slows a job (11.2), where the trace does not say. 1: as much as the "
    "level's `rate`; 0: not at all (it waits for memory or disks)"
)


class WorkloadTable(Table):
    """[workload]: which jobs, and what their file does not say."""

    file: Text | None = Field(
        default=None,
        description="path of the job trace: SWF, CSV, Parquet, sacct or Batsim "
        "(docs/reference/workload-format.md). Leave it out to give it with `--workload`",
    )
    model: Literal["lublin", "gpu"] | None = Field(
        default=None,
        description='synthetic jobs (docs/guides/synthetic-workloads.md). `"lublin"`: parallel jobs (Lublin '
        'and Feitelson 2003) for `processors`, else the partitions\' cores. `"gpu"`: the mix of '
        "Alibaba's GPU cluster for the partitions' GPUs",
    )
    load: Number | None = Field(
        default=None,
        gt=0,
        le=10,
        description="load: the share of the cores (`gpu`: of the GPUs) that the jobs would keep busy if there"
        " were always power. No default, because it decides how scarce everything is",
        json_schema_extra=otherwise("required with a model"),
    )
    days: Whole = Field(
        default=364,
        ge=1,
        le=3660,
        description="days of jobs. The default is 52 weeks, so that windows all through the year have jobs",
    )
    variant: Literal["typeless", "batch", "interactive", "both"] = Field(
        default="typeless",
        description="`lublin`: kind of jobs; `both` merges batch and interactive jobs. The default has one "
        "kind, as the authors' program has",
    )
    estimates: Literal["exact", "tsafrir"] = Field(
        default="exact",
        description='run times that users request: `"exact"`, or `"tsafrir"` (Tsafrir, Etsion and Feitelson '
        "2005: round numbers, much longer than the run times)",
    )
    max_estimate_s: Whole | None = Field(
        default=None,
        ge=6000,
        le=10**8,
        description="`tsafrir`: longest run time that may be requested (the model needs 20 steps of 5 "
        "minutes); longer jobs are cut to it",
        json_schema_extra=otherwise("the longest run time, at least 18 h"),
    )
    seed: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="random seed of the jobs. It is part of the scenario, unlike `--seed`: other seeds of a "
        "comparison draw other values for the same jobs",
    )
    format: Text | None = Field(
        default=None,
        description="format of the file: "
        + ", ".join(f'`"{name}"`' for name in JOB_FORMATS.built_in)
        + ", or one that a plug-in adds",
        json_schema_extra=otherwise("by the file's name"),
    )
    mapping: Text | None = Field(
        default=None,
        description="meaning of the columns of another table: name of a shipped mapping, or path of a TOML "
        "file",
    )
    jobs: Text | None = Field(
        default=None,
        description="range of jobs `FIRST:LAST`, counted from 0 in submit order, without LAST; either may be "
        "empty",
        examples=["0:5000"],
        json_schema_extra=otherwise("all"),
    )
    from_date: Instant | None = Field(
        default=None,
        description="only jobs submitted from this date on, on the machine's own clock (`zone`). Not together"
        " with `jobs`",
        examples=["2022-03-01"],
        json_schema_extra=otherwise("no bound"),
    )
    to_date: Instant | None = Field(
        default=None,
        description="only jobs submitted before this date; the day itself is not included",
        examples=["2022-04-01"],
        json_schema_extra=otherwise("no bound"),
    )
    processors: Whole | None = Field(
        default=None,
        ge=1,
        le=MOST_PROCESSORS,
        description="processors of the machine. With `[cluster.node]` the number of nodes follows from it",
        json_schema_extra=otherwise("the file's header"),
    )
    zone: Text | None = Field(
        default=None,
        description="IANA time zone of the machine's local time",
        examples=["Europe/Berlin"],
        json_schema_extra=otherwise("the file's header, else the site's zone"),
    )
    start_utc: Instant | None = Field(
        default=None,
        description="instant of the file's time 0, with offset. Without it the trace has no calendar",
        examples=["2022-01-01T00:00:00Z"],
        json_schema_extra=otherwise("the file's header"),
    )
    strict: Flag = Field(
        default=False, description="`true`: every repair or skipped row in the file is an error"
    )
    cancellations: Literal["skip", "replay"] = Field(
        default="skip",
        description='jobs cancelled by their users while they waited: `"skip"` leaves them out. `"replay"` '
        "queues them; each leaves when it was cancelled, unless it has started (12.2)",
    )
    dependencies: Literal["ignore", "wait"] = Field(
        default="ignore",
        description='jobs that depend on others in the trace: `"ignore"` admits them at their submit time, '
        '`"wait"` after the others have ended (12.4)',
    )
    sensitivity: Number | None = Field(
        default=None,
        ge=0,
        le=1,
        description=_SENSITIVITY,
        json_schema_extra=otherwise("1"),
    )

    def problems(self) -> Problems:
        """Keys that do not go together."""
        if self.format is not None and self.format not in JOB_FORMATS:
            yield "format", f"is an {JOB_FORMATS.unknown(self.format)}"
        if self.model is not None and self.file is not None:
            yield "model", "and file both say where the jobs come from; keep one"
        if self.model is not None and self.load is None:
            yield "load", "is missing: how busy shall the synthetic jobs keep the machine? Such as 0.7"
        if self.model is None:
            for key in self.changed(*_OF_A_MODEL):
                yield key, "belongs to a model of jobs, and workload.model is not given; leave it out"
        else:
            for key in self.changed(*_OF_A_FILE):
                yield key, "belongs to a file of jobs; those of workload.model are synthetic, so leave it out"
        if self.model == "gpu":
            for key in self.changed("variant", "processors"):
                yield key, 'belongs to workload.model = "lublin"; leave it out'
        if self.estimates == "exact" and self.max_estimate_s is not None:
            yield "max_estimate_s", 'belongs to workload.estimates = "tsafrir"; set that, or leave it out'
        if self.jobs is not None:
            try:
                parse_span(self.jobs)
            except ValueError:
                yield "jobs", f"must be FIRST:LAST with 0 <= FIRST < LAST, such as 0:5000, got {self.jobs!r}"
        if self.jobs is not None and (self.from_date or self.to_date):
            yield "jobs", "and from_date/to_date both choose the jobs; keep one"
        if self.start_utc is not None and len(self.start_utc) <= 10:
            yield "start_utc", f"must have a time and an offset, such as {self.start_utc}T00:00:00Z"


class ServiceClassTable(Table):
    """[[service_class]]: values and deadlines for jobs whose trace gives none."""

    name: Text = Field(description="name of the class, such as urgent, normal or flexible")
    share: Number = Field(
        ge=0, le=1, description="share of the jobs; the shares of all classes must add up to 1"
    )
    value_per_core_hour: Number = Field(
        ge=0, le=10**6, description="value of one core for one hour of the estimated run time"
    )
    value_per_gpu_hour: Number = Field(
        default=0.0, ge=0, le=10**6, description="value of one GPU for one hour of the estimate, added"
    )
    value_spread: Factors = Field(
        default=(1.0, 1.0), description="bounds of a factor on the value, drawn uniformly for each job"
    )
    deadline: Flag = Field(default=True, description="`false`: jobs of the class have no deadline")
    slack_factor: Factors = Field(
        default=(2.0, 4.0),
        description="bounds of allowance / estimate, drawn uniformly; deadline = submit + allowance",
    )
    min_allowance_s: Whole = Field(default=600, ge=0, le=10**9, description="shortest allowance")
    preemptible: Flag | None = Field(
        default=None,
        description="whether jobs of the class may be suspended",
        json_schema_extra=otherwise("as the trace says"),
    )
    sensitivity: Number | None = Field(
        default=None,
        ge=0,
        le=1,
        description=_SENSITIVITY,
        json_schema_extra=otherwise("`workload.sensitivity`"),
    )
    unserved_penalty: Number | None = Field(
        default=None,
        ge=0,
        le=10**6,
        description="price of each job of the class that is not served (6.6)",
        json_schema_extra=otherwise("`objective.unserved_penalty`"),
    )
    unserved_value_share: Number | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="share of its value that is added to that price",
        json_schema_extra=otherwise("`objective.unserved_value_share`"),
    )


class WindowsTable(Table):
    """[windows]: spans of the year that are compared apart, by name (docs/reference/scenarios.md)."""

    file: Text = Field(description="CSV file with the columns `name,split,first_day,days[,site]`, see below")
    default: Text | None = Field(
        default=None,
        description="window that runs if `window` names none",
        json_schema_extra=otherwise("the whole of the time"),
    )
    jobs: Whole | None = Field(
        default=None,
        ge=1,
        le=_MOST,
        description="only the first so many jobs of each window",
        json_schema_extra=otherwise("all"),
    )


class ObjectiveTable(Table):
    """[objective]: in the unit of the values."""

    carbon_price_per_kg: Number = Field(
        default=0.0, ge=0, le=10**6, description="price of carbon, in the currency of the values"
    )
    violation_penalty: Number = Field(
        default=0.0,
        ge=0,
        le=10**6,
        description="penalty for each late job. 0: a late job still loses its value",
    )
    unserved_penalty: Number = Field(
        default=0.0,
        ge=0,
        le=10**6,
        description="price of each job not served (6.6): expired, failed, or past its deadline at the end",
    )
    unserved_value_share: Number = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="share of its value that is added to the price of a job not served",
    )


class TimeTable(Table):
    """[time]: which day of the supply the first job meets."""

    calendar: Literal["season", "start", "none"] = Field(default="season", description="see below")
    supply_start_s: Whole | None = Field(
        default=None,
        ge=-(10**12),
        le=10**12,
        description='only with `calendar = "none"`: the second of the workload\'s clock at which the supply '
        "starts",
        json_schema_extra=otherwise("0"),
    )

    def problems(self) -> Problems:
        """An explicit shift that the calendar would overrule."""
        if self.supply_start_s is not None and self.calendar != "none":
            yield "supply_start_s", 'needs time.calendar = "none"; set it, or leave supply_start_s out'
