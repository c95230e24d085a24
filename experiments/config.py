"""A scenario's tables as frozen dataclasses. docs/scenarios.md has the same keys with their reasons.

Units are in the keys. A key that is None was left out and its rule is in the comment beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from experiments.tables import flag, many, number, one, pair, stamp, text, texts, whole

Problems = Iterator[tuple[str, str]]

NODES_HIGH = 10**7
WATTS_HIGH = 10**6


def _together(table: Any, *names: str) -> list[str]:
    return [name for name in names if getattr(table, name) is not None]


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

    file: str | None = text(None)  # beside the scenario file; None: --workload
    format: str | None = text(None, choices=("swf", "csv", "parquet"))  # None: by the file's name
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
        if self.jobs is not None:
            try:
                parse_span(self.jobs)
            except ValueError:
                yield "jobs", f"must be FIRST:LAST with 0 <= FIRST < LAST, such as 0:5000, got {self.jobs!r}"
        if self.jobs is not None and (self.from_date or self.to_date):
            yield "jobs", "and from_date/to_date both choose the jobs; keep one"
        if self.start_utc is not None and len(self.start_utc) <= 10:
            yield "start_utc", f"must have a time and an offset, such as {self.start_utc}T00:00:00Z"


@dataclass(frozen=True, slots=True)
class NodeTable:
    """[cluster.node]: one kind of node; how many follows from the processors of the trace."""

    cores_per_node: int = whole(low=1, high=10**5)
    idle_w: float = number(high=WATTS_HIGH)
    core_w: float = number(high=WATTS_HIGH)
    gpus_per_node: int = whole(0, high=10**4)
    memory_gib_per_node: float | None = number(None, above=True, high=10**6)  # None: not limited
    sleep_w: float = number(0.0, high=WATTS_HIGH)
    gpu_w: float = number(0.0, high=WATTS_HIGH)
    idle_nodes: str = text("sleep", choices=("sleep", "on"))


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """[[cluster.partition]]: identical nodes whose cores, GPUs and memory are pooled."""

    name: str = text()
    nodes: int = whole(low=1, high=NODES_HIGH)
    cores_per_node: int = whole(high=10**5)
    idle_w: float = number(high=WATTS_HIGH)
    core_w: float = number(high=WATTS_HIGH)
    gpus_per_node: int = whole(0, high=10**4)
    memory_gib_per_node: float | None = number(None, above=True, high=10**6)
    sleep_w: float = number(0.0, high=WATTS_HIGH)
    gpu_w: float = number(0.0, high=WATTS_HIGH)
    idle_nodes: str = text("sleep", choices=("sleep", "on"))

    def problems(self) -> Problems:
        """A node without anything to compute on."""
        if self.cores_per_node + self.gpus_per_node == 0:
            yield "cores_per_node", "and gpus_per_node are both 0; a node needs a core or a GPU"


# Per processor of a trace, a 32nd of a two-socket server: 128 W idle, 384 W busy, 16 W asleep.
PLAIN_NODE = NodeTable(cores_per_node=1, idle_w=4.0, core_w=8.0, sleep_w=0.5)


@dataclass(frozen=True, slots=True)
class ClusterTable:
    """[cluster]: either partitions or one node profile; neither: a core per processor (plain)."""

    pue: float = number(1.0, low=1.0, high=10.0)
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
class SourceTable:
    """[[supply.source]]: one series of renewable power. Sources add up."""

    file: str | None = text(None)  # beside the scenario file; None: --power
    columns: tuple[str, ...] | None = texts()  # summed; None: the one that declares a unit
    unit: str | None = text(None)  # None: by the column's name
    stamp: str = text("start", choices=("start", "end"))
    zone: str | None = text(None)  # of stamps without an offset
    gaps: str = text("error", choices=("error", "hold", "interpolate", "zero"))
    negatives: str = text("error", choices=("error", "zero"))
    time_column: str | None = text(None)
    peak: float | None = number(None, above=True, high=1e3)  # the series' maximum / peak draw
    peak_kw: float | None = number(None, above=True, high=1e9)
    scale: float | None = number(None, above=True, high=1e9)  # all three None: 1

    def problems(self) -> Problems:
        """Two sizes for one series."""
        sizes = _together(self, "peak", "peak_kw", "scale")
        if len(sizes) > 1:
            yield sizes[1], f"and {sizes[0]} both size the series; keep one"


@dataclass(frozen=True, slots=True)
class SupplyTable:
    """[supply]: the renewable power."""

    # unlimited: the grid gives whatever is drawn; none: no renewable supply; series: the sources
    kind: str | None = text(None, choices=("unlimited", "none", "series"))
    site_zone: str | None = text(None)  # None: the first source's zone, else UTC
    repeat: bool = flag(False)  # begin again when the series ends
    source: tuple[SourceTable, ...] = many(SourceTable)

    def problems(self) -> Problems:
        """A kind that does not fit the sources."""
        if self.kind == "series" and not self.source:
            yield "kind", "is 'series', but there is no [[supply.source]]; add one"
        if self.kind in ("unlimited", "none") and self.source:
            yield "kind", f"is {self.kind!r}, but there is a [[supply.source]]; remove one of them"

    @property
    def resolved_kind(self) -> str:
        """The kind, by the sources where it was left out."""
        return self.kind or ("series" if self.source else "unlimited")


@dataclass(frozen=True, slots=True)
class GridTable:
    """[grid]: imported power. Without an import key there is no grid beside a series (islanded)."""

    import_ratio: float | None = number(None, high=1e3)  # of peak draw
    import_kw: float | None = number(None, high=1e9)
    unlimited: bool | None = flag(None)
    price_per_kwh: float | None = number(None, low=-1000, high=1000)  # None: no cost is computed
    carbon_g_per_kwh: float | None = number(None, high=10**5)  # None: no carbon is computed

    def problems(self) -> Problems:
        """Two limits for one grid."""
        limits = _together(self, "import_ratio", "import_kw") + ["unlimited"] * bool(self.unlimited)
        if len(limits) > 1:
            yield limits[1], f"and {limits[0]} both set the import limit; keep one"


@dataclass(frozen=True, slots=True)
class BatteryTable:
    """[battery]: none unless `hours` or `kwh` is given. Powers are on the AC side."""

    hours: float | None = number(None, high=10**4)  # capacity in hours of peak draw
    kwh: float | None = number(None, high=10**6)
    charge_ratio: float | None = number(None, high=1e3)  # of peak draw
    charge_kw: float | None = number(None, high=10**6)  # both None: ratio 1
    discharge_ratio: float | None = number(None, high=1e3)
    discharge_kw: float | None = number(None, high=10**6)
    charge_efficiency: float = number(0.95, low=0.1, high=1.0)
    discharge_efficiency: float = number(0.95, low=0.1, high=1.0)
    initial_share: float = number(0.5, high=1.0)

    def problems(self) -> Problems:
        """Two sizes for one battery, or sizes without a battery."""
        for keys in (("hours", "kwh"), ("charge_ratio", "charge_kw"), ("discharge_ratio", "discharge_kw")):
            if len(_together(self, *keys)) > 1:
                yield keys[1], f"and {keys[0]} say the same thing twice; keep one"
        limits = _together(self, "charge_ratio", "charge_kw", "discharge_ratio", "discharge_kw")
        if limits and not self.present:
            yield limits[0], "is given, but the battery has no size; give battery.hours or battery.kwh"

    @property
    def present(self) -> bool:
        """Whether there is a battery."""
        return self.hours is not None or self.kwh is not None


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
    workload: WorkloadTable = one(WorkloadTable)
    cluster: ClusterTable = one(ClusterTable)
    supply: SupplyTable = one(SupplyTable)
    grid: GridTable = one(GridTable)
    battery: BatteryTable = one(BatteryTable)
    rules: RulesTable = one(RulesTable)
    objective: ObjectiveTable = one(ObjectiveTable)
    service_class: tuple[ServiceClassTable, ...] = many(ServiceClassTable)
    time: TimeTable = one(TimeTable)

    def problems(self) -> Problems:
        """What several tables say together."""
        names = [each.name for each in self.service_class]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield "service_class", f"has two classes named {name!r}; rename one"
        shares = math.fsum(each.share for each in self.service_class)
        if names and abs(shares - 1) > 1e-9:
            yield "service_class", f"has shares that add up to {shares:g}; make it 1"
        if self.supply.resolved_kind == "none" and not self.grid.unlimited and not self.battery.present:
            limits = (self.grid.import_ratio, self.grid.import_kw)
            if not any(limits) and (limits != (None, None) or self.grid.unlimited is False):
                yield "supply", 'has kind "none" and the grid gives nothing: there is no power at all'
