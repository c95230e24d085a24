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

    file: str | None = text(None)  # beside the scenario file; None: --workload, or a model
    model: str | None = text(None, choices=("lublin", "gpu"))  # made, not read (docs/synthetic-workloads.md)
    load: float | None = number(None, above=True, high=10.0)  # of the made jobs: busy share they would need
    days: int = whole(364, low=1, high=3660)  # of made jobs
    variant: str = text("typeless", choices=("typeless", "batch", "interactive", "both"))  # lublin only
    estimates: str = text("exact", choices=("exact", "tsafrir"))  # of made jobs
    max_estimate_s: int | None = whole(None, low=60, high=10**8)  # tsafrir: the longest run time asked for
    seed: int = whole(0)  # of made jobs
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
        if self.model is not None and self.file is not None:
            yield "model", "and file both say where the jobs come from; keep one"
        if self.model is not None and self.load is None:
            yield "load", "is missing: how busy shall the made jobs keep the machine? Such as 0.7"
        if self.model is None and self.load is not None:
            yield "load", "belongs to a model of jobs, and workload.model is not given"
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

    profile: str | None = text(None)  # a server that energy/servers.toml declares; keys below win over it
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
class SiteTable:
    """[site]: the weather that plants and outside air see."""

    name: str | None = text(None)  # a typical year that comes with pvlib: greensboro, miami, sand-point
    weather: str | None = text(None)  # or a file, beside the scenario file (docs/weather.md)
    format: str | None = text(None)  # None: by the content
    clear_sky: bool = flag(False)  # model the irradiance from clear sky and cloud cover where there is none
    gaps: str = text("error", choices=("error", "interpolate"))
    year: int | None = whole(None, low=1950, high=2100)  # place the weather in this year

    def problems(self) -> Problems:
        """Two weathers for one site."""
        if self.name is not None and self.weather is not None:
            yield "weather", "and name both say where the weather comes from; keep one"

    @property
    def present(self) -> bool:
        """Whether there is weather."""
        return self.name is not None or self.weather is not None


_SOLAR_KEYS = ("tilt_deg", "azimuth_deg", "tracking", "module", "inverter", "dc_ac_ratio")
_WIND_KEYS = ("turbine", "hub_height_m", "roughness_m")


@dataclass(frozen=True, slots=True)
class SourceTable:
    """[[supply.source]]: one series of renewable power, from a file or from the site's weather."""

    # file: read; solar, wind: a plant at [site]. None: solar or wind by the plant's keys, else file
    kind: str = text("file", choices=("file", "solar", "wind"))
    capacity: float | None = number(None, above=True, high=1e3)  # of a plant / peak draw
    capacity_kw: float | None = number(None, above=True, high=1e9)
    step_s: int | None = whole(None, low=60, high=86400)  # of a plant; None: the weather's
    interpolation: str | None = text(None, choices=("clear_sky_index", "linear", "hold"))  # to a finer step
    tilt_deg: float | None = number(None, high=90.0)  # None: the latitude
    azimuth_deg: float | None = number(None, high=360.0)  # None: towards the equator
    tracking: str | None = text(None, choices=("fixed", "single_axis"))
    module: str | None = text(None)
    inverter: str | None = text(None)
    dc_ac_ratio: float | None = number(None, above=True, high=10.0)
    turbine: str | None = text(None)  # a type that windpowerlib knows
    hub_height_m: float | None = number(None, low=5.0, high=300.0)
    roughness_m: float | None = number(None, above=True, high=5.0)
    losses_percent: float | None = number(None, high=99.0)
    quantity: str | None = text(
        None, choices=("wind", "solar", "supply")
    )  # which forecast error; None: by kind
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
        """Two sizes for one series, or keys of another kind of source."""
        foreign = {
            "file": (
                "capacity",
                "capacity_kw",
                "step_s",
                "interpolation",
                "losses_percent",
                *_SOLAR_KEYS,
                *_WIND_KEYS,
            ),
            "solar": _WIND_KEYS,
            "wind": _SOLAR_KEYS,
        }[self.kind]
        for key in _together(self, *foreign):
            yield key, f"is no key of a source of kind {self.kind!r}; set kind, or leave it out"
        if self.kind != "file":
            for key in _together(self, "file", "columns", "unit", "peak", "peak_kw", "scale"):
                yield (
                    key,
                    f"is no key of a source of kind {self.kind!r}, whose size is capacity or capacity_kw",
                )
            if len(_together(self, "capacity", "capacity_kw")) != 1:
                yield "capacity", "or capacity_kw says how large the plant is; give one of them"
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
class ImportTable:
    """[grid.import_series]: the import limit as a series."""

    file: str = text()
    columns: tuple[str, ...] | None = texts()
    unit: str | None = text(None)
    stamp: str = text("start", choices=("start", "end"))
    zone: str | None = text(None)
    gaps: str = text("error", choices=("error", "hold", "interpolate", "zero"))
    time_column: str | None = text(None)
    peak: float | None = number(None, above=True, high=1e3)  # the series' maximum / peak draw; None: as it is


@dataclass(frozen=True, slots=True)
class RateTable:
    """[grid.price], [grid.carbon]: what imported power costs and emits, by the hour."""

    file: str | None = text(None)  # beside the scenario file
    model: str | None = text(None, choices=("duck",))  # or made: docs/grid-series.md
    mean: float | None = number(None, above=True, high=10**5)  # of a model: per kWh, in currency or in g
    source: str | None = text(None)  # whose file: electricity-maps, eia, sgip; de-lu, ercot, caiso
    column: str | None = text(None)
    unit: str | None = text(None)
    stamp: str | None = text(None, choices=("start", "end"))
    zone: str | None = text(None)
    gaps: str = text("error", choices=("error", "hold", "interpolate"))
    time_column: str | None = text(None)
    exchange_rate: float | None = number(None, above=True, high=10**6)  # grid.currency per unit of the file's

    def problems(self) -> Problems:
        """Neither a file nor a model, or both."""
        if (self.file is None) == (self.model is None):
            yield "file", "or model says where the hourly values come from; give one of them"
        if self.model is not None and self.mean is None:
            yield "mean", "is missing: the mean of the model, per kWh (price: grid.currency; carbon: g)"


@dataclass(frozen=True, slots=True)
class GridTable:
    """[grid]: imported power. Without an import key there is no grid beside a series (islanded)."""

    import_ratio: float | None = number(None, high=1e3)  # of peak draw
    import_kw: float | None = number(None, high=1e9)
    unlimited: bool | None = flag(None)
    price_per_kwh: float | None = number(None, low=-1000, high=1000)  # None: no cost is computed
    carbon_g_per_kwh: float | None = number(None, high=10**5)  # None: no carbon is computed
    currency: str | None = text(None)  # of price_per_kwh and of values, such as EUR; None: the price file's
    import_series: ImportTable | None = one(ImportTable, None)
    price: RateTable | None = one(RateTable, None)
    carbon: RateTable | None = one(RateTable, None)

    def problems(self) -> Problems:
        """Two limits for one grid, or two prices."""
        for series, constant in (("price", "price_per_kwh"), ("carbon", "carbon_g_per_kwh")):
            if getattr(self, series) is not None and getattr(self, constant) is not None:
                yield constant, f"and [grid.{series}] say the same thing twice; keep one"
        if self.import_series is not None and (
            _together(self, "import_ratio", "import_kw") or self.unlimited
        ):
            yield "import_series", "and a constant import limit exclude each other; keep one"
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
    self_discharge_percent_per_month: float = number(0.0, high=100.0)  # of the capacity, in 30 days
    # at or below: charge from the grid, and spare the battery; at most one of the two
    grid_charge_below_price_per_kwh: float | None = number(None, low=-1000, high=1000)
    grid_charge_below_carbon_g_per_kwh: float | None = number(None, high=10**5)

    def problems(self) -> Problems:
        """Two sizes for one battery, or sizes without a battery."""
        for keys in (("hours", "kwh"), ("charge_ratio", "charge_kw"), ("discharge_ratio", "discharge_kw")):
            if len(_together(self, *keys)) > 1:
                yield keys[1], f"and {keys[0]} say the same thing twice; keep one"
        limits = _together(self, "charge_ratio", "charge_kw", "discharge_ratio", "discharge_kw")
        thresholds = _together(self, "grid_charge_below_price_per_kwh", "grid_charge_below_carbon_g_per_kwh")
        if len(thresholds) > 1:
            yield thresholds[1], f"and {thresholds[0]} both say when to charge from the grid; keep one"
        limits += thresholds
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
class ForecastTable:
    """[forecast]: what schedulers know of tomorrow (docs/forecasts.md)."""

    kind: str = text(
        "none",
        choices=(
            "none",
            "perfect",
            "persistence",
            "daily-persistence",
            "climatology",
            "day-ahead",
            "synthetic",
        ),
    )
    hours: int = whole(24, low=1, high=168)  # how far one reaches
    seed: int = whole(0)  # of the errors of `synthetic`
    # day-ahead: the forecast supply, sized as the only source is
    file: str | None = text(None)
    columns: tuple[str, ...] | None = texts()
    unit: str | None = text(None)
    stamp: str = text("start", choices=("start", "end"))
    zone: str | None = text(None)
    gaps: str = text("error", choices=("error", "hold", "interpolate", "zero"))
    time_column: str | None = text(None)
    issue_hour: int = whole(12, high=23)  # local hour at which a day-ahead forecast comes out

    def problems(self) -> Problems:
        """A forecast file without use, or none where one is needed."""
        if (self.kind == "day-ahead") != (self.file is not None):
            yield "file", 'and kind = "day-ahead" go together; give both or neither'


@dataclass(frozen=True, slots=True)
class WindowsTable:
    """[windows]: spans of the year that are compared apart, by name (docs/scenarios.md)."""

    file: str = text()  # CSV: name, split, first_day, days, site
    default: str | None = text(None)  # the one that runs without --window; None: the whole


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
            yield "window", f"is {self.window!r}, but the scenario has no [windows]"
        shares = math.fsum(each.share for each in self.service_class)
        if names and abs(shares - 1) > 1e-9:
            yield "service_class", f"has shares that add up to {shares:g}; make it 1"
        if self.supply.resolved_kind == "none" and not self.grid.unlimited and not self.battery.present:
            limits = (self.grid.import_ratio, self.grid.import_kw)
            if not any(limits) and (limits != (None, None) or self.grid.unlimited is False):
                yield "supply", 'has kind "none" and the grid gives nothing: there is no power at all'
