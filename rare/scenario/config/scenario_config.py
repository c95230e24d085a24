"""A scenario's tables as frozen dataclasses. docs/scenarios.md has the same keys with their reasons.

Units are in the keys. A key that is None was left out and its rule is in the comment beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rare.scenario.config.power_config import (
    BatteryTable,
    ForecastTable,
    GridTable,
    ImportTable,
    Problems,
    RateTable,
    SiteTable,
    SourceTable,
    SupplyTable,
    changed,
)
from rare.scenario.config.toml_tables import flag, many, number, one, pair, stamp, text, whole
from traces.jobs.job_formats import JOB_FORMATS

__all__ = [
    "PLAIN_NODE", "BatteryTable", "ClusterTable", "ForecastTable", "GridTable", "ImportTable", "NodeTable",
    "ObjectiveTable", "PartitionTable", "RateTable", "RulesTable", "Scenario", "ServiceClassTable",
    "SiteTable", "SourceTable", "SupplyTable", "TimeTable", "WindowsTable", "WorkloadTable", "parse_span",
]  # fmt: skip
NODES_HIGH = 10**7
WATTS_HIGH = 10**6


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


@dataclass(frozen=True, slots=True)
class WorkloadTable:
    """[workload]: which jobs, and what their file does not say."""

    file: str | None = text(None)  # beside the scenario file; None: --workload, or a model
    model: str | None = text(None, choices=("lublin", "gpu"))  # made, not read (docs/synthetic-workloads.md)
    load: float | None = number(None, above=True, high=10.0)  # of the made jobs: busy share they would need
    days: int = whole(364, low=1, high=3660)  # of made jobs
    variant: str = text("typeless", choices=("typeless", "batch", "interactive", "both"))  # lublin only
    estimates: str = text("exact", choices=("exact", "tsafrir"))  # of made jobs
    max_estimate_s: int | None = whole(None, low=6000, high=10**8)  # tsafrir: the longest run time asked for
    seed: int = whole(0)  # of made jobs
    format: str | None = text(None)  # a name in JOB_FORMATS; None: by the file's name
    mapping: str | None = text(None)  # a shipped mapping's name, or a TOML file
    jobs: str | None = text(None)  # FIRST:LAST, from 0, LAST not included
    from_date: str | None = stamp()  # on the machine's own calendar
    to_date: str | None = stamp()  # its day is not included
    processors: int | None = whole(None, low=1, high=NODES_HIGH)  # None: by the file's header
    zone: str | None = text(None)  # None: by the file's header, else the site's zone
    start_utc: str | None = stamp()  # instant of the file's time 0; None: by the file's header
    strict: bool = flag(False)  # repairs and skips are errors

    def problems(self) -> Problems:
        """Keys that do not go together."""
        if self.format is not None and self.format not in JOB_FORMATS:
            yield "format", f"is an {JOB_FORMATS.unknown(self.format)}"
        if self.model is not None and self.file is not None:
            yield "model", "and file both say where the jobs come from; keep one"
        if self.model is not None and self.load is None:
            yield "load", "is missing: how busy shall the made jobs keep the machine? Such as 0.7"
        if self.model is None:
            for key in changed(self, "load", "days", "variant", "estimates", "max_estimate_s", "seed"):
                yield key, "belongs to a model of jobs, and workload.model is not given; leave it out"
        else:
            for key in changed(
                self, "format", "mapping", "from_date", "to_date", "zone", "start_utc", "strict"
            ):
                yield key, "belongs to a file of jobs; those of workload.model are made, so leave it out"
        if self.model == "gpu":
            for key in changed(self, "variant", "processors"):
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


_PROFILED = ("cores_per_node", "idle_w", "core_w")


def _lacks(table: NodeTable | PartitionTable) -> Problems:
    """What a node without a profile must say itself."""
    for key in _PROFILED:
        if table.profile is None and getattr(table, key) is None:
            yield key, "is missing; give it, or a server profile (`profile`, docs/scenarios.md)"


@dataclass(frozen=True, slots=True)
class NodeTable:
    """[cluster.node]: one kind of node; how many follows from the processors of the trace."""

    profile: str | None = text(
        None
    )  # a server that energy/datacenter/servers.toml declares; keys below win over it
    cores_per_node: int | None = whole(None, low=1, high=10**5)
    idle_w: float | None = number(None, high=WATTS_HIGH)
    core_w: float | None = number(None, high=WATTS_HIGH)
    gpus_per_node: int | None = whole(None, high=10**4)  # None: the profile's, else 0
    memory_gib_per_node: float | None = number(
        None, above=True, high=10**6
    )  # None: the profile's, else no limit
    sleep_w: float | None = number(None, high=WATTS_HIGH)
    gpu_w: float | None = number(None, high=WATTS_HIGH)
    idle_nodes: str = text("sleep", choices=("sleep", "on"))
    wake_s: int = whole(0, high=10**6)  # what a sleeping node takes before its jobs progress

    def problems(self) -> Problems:
        """Watts that nobody gives."""
        yield from _lacks(self)


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """[[cluster.partition]]: identical nodes whose cores, GPUs and memory are pooled."""

    name: str = text()
    nodes: int = whole(low=1, high=NODES_HIGH)
    profile: str | None = text(None)
    cores_per_node: int | None = whole(None, high=10**5)
    idle_w: float | None = number(None, high=WATTS_HIGH)
    core_w: float | None = number(None, high=WATTS_HIGH)
    gpus_per_node: int | None = whole(None, high=10**4)
    memory_gib_per_node: float | None = number(None, above=True, high=10**6)
    sleep_w: float | None = number(None, high=WATTS_HIGH)
    gpu_w: float | None = number(None, high=WATTS_HIGH)
    idle_nodes: str = text("sleep", choices=("sleep", "on"))
    wake_s: int = whole(0, high=10**6)

    def problems(self) -> Problems:
        """A node without anything to compute on, or without its watts."""
        yield from _lacks(self)
        if self.cores_per_node == 0 and not self.gpus_per_node and self.profile is None:
            yield "cores_per_node", "and gpus_per_node are both 0; a node needs a core or a GPU"


# Per processor of a trace, a 32nd of a two-socket server: 128 W idle, 384 W busy, 16 W asleep.
PLAIN_NODE = NodeTable(cores_per_node=1, idle_w=4.0, core_w=8.0, sleep_w=0.5)


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """[cluster]: either partitions or one node profile; neither: a core per processor (plain)."""

    pue: float = number(1.0, low=1.0, high=10.0)
    pue_model: str | None = text(None, choices=("outside-air",))  # by the site's temperature, added to `pue`
    node: NodeTable | None = one(NodeTable, None)
    partition: tuple[PartitionTable, ...] = many(PartitionTable)

    def problems(self) -> Problems:
        """Partitions and a profile at once, or names that repeat."""
        if self.node is not None and self.partition:
            yield "node", "and [[cluster.partition]] exclude each other; keep one"
        names = [p.name for p in self.partition]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield "partition", f"has two partitions named {name!r}; rename one"


@dataclass(frozen=True, slots=True)
class RulesTable:
    """[rules]: choices that change rules; RULES.md has the paragraphs."""

    min_battery_s: int = whole(60, low=1, high=10**9)
    restart_s: int = whole(0, high=10**9)
    suspend_loss_s: int = whole(0, high=10**9)
    max_kills: int = whole(3, low=1, high=10**9)
    kill_at_estimate: bool = flag(False)
    voluntary_suspension: bool = flag(False)
    dispatch_first: str = text("battery", choices=("battery", "grid"))
    tick_s: int | None = whole(None, low=1, high=10**9)  # None: no ticks


@dataclass(frozen=True, slots=True)
class WindowsTable:
    """[windows]: spans of the year that are compared apart, by name (docs/scenarios.md)."""

    file: str = text()  # CSV: name, split, first_day, days, site
    default: str | None = text(None)  # the one that runs without --window; None: the whole
    jobs: int | None = whole(None, low=1)  # the first so many of each window; None: all


@dataclass(frozen=True, slots=True)
class ObjectiveTable:
    """[objective]: in the unit of the values."""

    carbon_price_per_kg: float = number(0.0, high=10**6)
    violation_penalty: float = number(0.0, high=10**6)


@dataclass(frozen=True, slots=True)
class ServiceClassTable:
    """[[service_class]]: values and deadlines for jobs whose trace gives none."""

    name: str = text()
    share: float = number(high=1.0)  # of the jobs; all shares add up to 1
    value_per_core_hour: float = number(high=10**6)  # of the estimate
    value_per_gpu_hour: float = number(0.0, high=10**6)
    value_spread: tuple[float, float] = pair((1.0, 1.0), high=2000.0)  # factor drawn for each job
    deadline: bool = flag(True)
    slack_factor: tuple[float, float] = pair((2.0, 4.0), high=2000.0)  # allowance / estimate, drawn
    min_allowance_s: int = whole(600, high=10**9)
    preemptible: bool | None = flag(None)  # None: as the trace says


@dataclass(frozen=True, slots=True)
class TimeTable:
    """[time]: which day of the supply the first job meets."""

    calendar: str = text("season", choices=("season", "start", "none"))
    # the second on the workload's clock at which the supply starts
    supply_start_s: int | None = whole(None, low=-(10**12), high=10**12)

    def problems(self) -> Problems:
        """An explicit shift that the calendar would overrule."""
        if self.supply_start_s is not None and self.calendar != "none":
            yield "supply_start_s", 'needs time.calendar = "none"; set it, or leave supply_start_s out'


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario file."""

    name: str = text()
    description: str = text("(no description)")
    window: str | None = text(None)  # one of [windows], or "all"; None: its default
    site: SiteTable = one(SiteTable)
    workload: WorkloadTable = one(WorkloadTable)
    cluster: ClusterTable = one(ClusterTable)
    supply: SupplyTable = one(SupplyTable)
    grid: GridTable = one(GridTable)
    battery: BatteryTable = one(BatteryTable)
    rules: RulesTable = one(RulesTable)
    objective: ObjectiveTable = one(ObjectiveTable)
    service_class: tuple[ServiceClassTable, ...] = many(ServiceClassTable)
    time: TimeTable = one(TimeTable)
    forecast: ForecastTable = one(ForecastTable)
    windows: WindowsTable | None = one(WindowsTable, None)

    def problems(self) -> Problems:
        """What several tables say together."""
        names = [each.name for each in self.service_class]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield "service_class", f"has two classes named {name!r}; rename one"
        plants = [source.kind for source in self.supply.source if source.kind != "file"]
        if (plants or self.cluster.pue_model) and not self.site.present:
            what = f"a {plants[0]} plant" if plants else "cluster.pue_model"
            yield "site", f"says nothing of the weather that {what} needs; give site.name or site.weather"
        if self.window is not None and self.window != "all" and self.windows is None:
            yield (
                "window",
                f"is {self.window!r}, but the scenario has no [windows]; add it, or leave window out",
            )
        yield from self._grid_charging()
        shares = math.fsum(each.share for each in self.service_class)
        if names and abs(shares - 1) > 1e-9:
            yield "service_class", f"has shares that add up to {shares:g}; make it 1"
        if self.supply.resolved_kind == "none" and not self.grid.unlimited and not self.battery.present:
            limits = (self.grid.import_ratio, self.grid.import_kw)
            given = limits != (None, None) or self.grid.unlimited is False
            if not any(limits) and given and self.grid.import_series is None:
                yield "supply", 'has kind "none" and the grid gives nothing: there is no power at all'

    def _grid_charging(self) -> Problems:
        """A threshold on a price or a carbon intensity that nobody gives."""
        for name, constant in (("price", "price_per_kwh"), ("carbon", "carbon_g_per_kwh")):
            threshold = f"grid_charge_below_{constant}"
            known = getattr(self.grid, name) is not None or getattr(self.grid, constant) is not None
            if getattr(self.battery, threshold) is not None and not known:
                yield (
                    "battery",
                    f"has {threshold}, but the grid has no {name}; give [grid.{name}] or grid.{constant}",
                )
