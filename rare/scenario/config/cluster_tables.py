"""A scenario's tables of the machine: cluster, nodes and partitions, battery, and the rules of the run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rare.machine_events import MOST_LEVELS
from rare.scenario.config.field_types import (
    MOST_TABLES,
    Flag,
    Number,
    Problems,
    Table,
    Tables,
    Text,
    Whole,
    otherwise,
)
from rare.scenario.config.job_tables import MOST_PROCESSORS

_MOST_W = 10**6

# --- keys that a kind of node and a partition share ------------------------------------------------------

Profile = Annotated[
    Text | None,
    Field(
        description="server with published power figures, such as `xeon-x5675-2s`, `epyc-9845-2s`, "
        "`a100-8gpu`; names and sources are in energy/datacenter/servers.toml. The keys below "
        "override it"
    ),
]
IdleWatts = Annotated[
    Number | None,
    Field(
        ge=0,
        le=_MOST_W,
        description="draw of a node in use without a busy core. No default, because a wrong one would "
        "silently falsify the energy",
        json_schema_extra=otherwise("the profile's, else required"),
    ),
]
CoreWatts = Annotated[
    Number | None,
    Field(
        ge=0,
        le=_MOST_W,
        description="draw added by each busy core",
        json_schema_extra=otherwise("the profile's, else required"),
    ),
]
Gpus = Annotated[
    Whole | None,
    Field(
        ge=0, le=10**4, description="GPUs of one node", json_schema_extra=otherwise("the profile's, else 0")
    ),
]
Memory = Annotated[
    Number | None,
    Field(
        gt=0,
        le=10**6,
        description="memory of one node. Unlimited by default, because most traces do not state memory",
        json_schema_extra=otherwise("the profile's, else not limited"),
    ),
]
SleepWatts = Annotated[
    Number | None,
    Field(
        ge=0,
        le=_MOST_W,
        description="draw of an unused node that sleeps",
        json_schema_extra=otherwise("the profile's, else 0"),
    ),
]
GpuWatts = Annotated[
    Number | None,
    Field(
        ge=0,
        le=_MOST_W,
        description="draw added by each busy GPU",
        json_schema_extra=otherwise("the profile's, else 0"),
    ),
]
IdleNodes = Annotated[
    Literal["sleep", "on"],
    Field(
        description='state of unused nodes: `"sleep"`, or `"on"` at `idle_w`. Without power they are off '
        "either way"
    ),
]
WakeTime = Annotated[
    Whole,
    Field(
        ge=0,
        le=10**6,
        description="time a sleeping node needs to wake before its jobs progress (5.2a). 0, as in published "
        "comparisons",
    ),
]
Speeds = Annotated[
    Text | None,
    Field(
        description="published speed levels instead of `[[...speed]]`: `cpu`, `gpu`, or those of one device; "
        "names and sources are in energy/datacenter/speed_levels.toml",
        json_schema_extra=otherwise("none: full speed only"),
    ),
]
_CORES = "cores of one node"
_OF_PROFILE = otherwise("the profile's, else required")


def _lacks(table: NodeTable | PartitionTable) -> Problems:
    """What a node without a profile must say itself."""
    for key in ("cores_per_node", "idle_w", "core_w"):
        if table.profile is None and getattr(table, key) is None:
            yield key, "is missing; give it, or a server profile (`profile`, docs/reference/scenarios.md)"


class SpeedTable(Table):
    """[[cluster.node.speed]], [[cluster.partition.speed]]: a speed level below the full one."""

    rate: Number = Field(
        ge=0.001,
        le=0.999,
        description="rate of progress of a job of sensitivity 1, as a share of that at full speed; kept to "
        "1/1000",
    )
    power: Number = Field(
        ge=0,
        le=0.999,
        description="share of `core_w` and `gpu_w` (or of a job's own power) that is drawn; `idle_w` is "
        "unchanged",
    )

    @property
    def per_mille(self) -> tuple[int, int]:
        """Rate and power in whole thousandths."""
        return round(self.rate * 1000), round(self.power * 1000)


SpeedTables = Annotated[tuple[SpeedTable, ...], Tables, Field(max_length=MOST_LEVELS - 1)]


def _speed_problems(table: NodeTable | PartitionTable) -> Problems:
    """Levels that are given twice, or do not become slower and thriftier."""
    if table.speed and table.speeds is not None:
        yield "speeds", "and [[...speed]] both give speed levels; keep one"
    for before, after in zip(table.speed, table.speed[1:], strict=False):
        if not all(late < early for early, late in zip(before.per_mille, after.per_mille, strict=True)):
            yield (
                "speed",
                "must be given fastest first, each of a lower rate and power than the one before, got rate "
                f"{before.rate:g} and then {after.rate:g}, power {before.power:g} and then {after.power:g}",
            )


class NodeTable(Table):
    """[cluster.node]: one kind of node; how many follows from the processors of the trace."""

    profile: Profile = None
    cores_per_node: Whole | None = Field(
        default=None, ge=1, le=10**5, description=_CORES, json_schema_extra=_OF_PROFILE
    )
    idle_w: IdleWatts = None
    core_w: CoreWatts = None
    gpus_per_node: Gpus = None
    memory_gib_per_node: Memory = None
    sleep_w: SleepWatts = None
    gpu_w: GpuWatts = None
    idle_nodes: IdleNodes = "sleep"
    wake_s: WakeTime = 0
    speeds: Speeds = None
    speed: SpeedTables = ()

    def problems(self) -> Problems:
        """Watts that nobody gives, or levels that do not fit together."""
        yield from _lacks(self)
        yield from _speed_problems(self)


class PartitionTable(Table):
    """[[cluster.partition]]: identical nodes whose cores, GPUs and memory are pooled."""

    name: Text = Field(description="name of the partition, as in the jobs' column `partition`")
    nodes: Whole = Field(ge=1, le=MOST_PROCESSORS, description="number of nodes")
    profile: Profile = None
    cores_per_node: Whole | None = Field(
        default=None, ge=0, le=10**5, description=_CORES, json_schema_extra=_OF_PROFILE
    )
    idle_w: IdleWatts = None
    core_w: CoreWatts = None
    gpus_per_node: Gpus = None
    memory_gib_per_node: Memory = None
    sleep_w: SleepWatts = None
    gpu_w: GpuWatts = None
    idle_nodes: IdleNodes = "sleep"
    wake_s: WakeTime = 0
    speeds: Speeds = None
    speed: SpeedTables = ()

    def problems(self) -> Problems:
        """A node without anything to compute on, without its watts, or with levels that do not fit."""
        yield from _lacks(self)
        yield from _speed_problems(self)
        if self.cores_per_node == 0 and not self.gpus_per_node and self.profile is None:
            yield "cores_per_node", "and gpus_per_node are both 0; a node needs a core or a GPU"


# Per processor of a trace, a 32nd of a two-socket server: 128 W idle, 384 W busy, 16 W asleep.
PLAIN_NODE = NodeTable(cores_per_node=1, idle_w=4.0, core_w=8.0, sleep_w=0.5)


class ClusterTable(Table):
    """[cluster]: either partitions or one node profile; neither: a core per processor (plain)."""

    pue: Number = Field(
        default=1.0,
        ge=1,
        le=10,
        description="power usage effectiveness: factor on the whole draw, rounded to 1/1000. 1: the machine "
        "alone",
    )
    pue_model: Literal["outside-air"] | None = Field(
        default=None,
        description='`"outside-air"`: PUE by the site\'s temperature, from 1.06 in frost to 1.31 at 35 °C (Xu,'
        " Feng and Li 2013; docs/reference/grid-series.md). `pue` - 1 is added to it, for example"
        " for power conversion",
    )
    node: NodeTable | None = None
    partition: Annotated[tuple[PartitionTable, ...], Tables, Field(max_length=MOST_TABLES)] = ()

    def problems(self) -> Problems:
        """Partitions and a profile at once, or names that repeat."""
        if self.node is not None and self.partition:
            yield "node", "and [[cluster.partition]] exclude each other; keep one"
        names = [partition.name for partition in self.partition]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield "partition", f"has two partitions named {name!r}; rename one"


_EFFICIENCY = (
    "AC to cells, or cells to AC; 0.95 each way is usual for lithium-ion with its inverter (0.90 for "
    "a round trip)"
)


class BatteryTable(Table):
    """[battery]: none unless `hours` or `kwh` is given. Powers are on the AC side."""

    hours: Number | None = Field(
        default=None, ge=0, le=10**4, description="capacity, in hours of the peak draw"
    )
    kwh: Number | None = Field(default=None, ge=0, le=10**6, description="capacity, in kWh")
    charge_ratio: Number | None = Field(
        default=None,
        ge=0,
        le=1e3,
        description="charging limit, on the AC side, as a ratio of the peak draw",
        json_schema_extra=otherwise("1"),
    )
    charge_kw: Number | None = Field(
        default=None,
        ge=0,
        le=10**6,
        description="the same in kW",
        json_schema_extra=otherwise("by `charge_ratio`"),
    )
    discharge_ratio: Number | None = Field(
        default=None,
        ge=0,
        le=1e3,
        description="discharging limit, on the AC side, as a ratio of the peak draw",
        json_schema_extra=otherwise("1"),
    )
    discharge_kw: Number | None = Field(
        default=None,
        ge=0,
        le=10**6,
        description="the same in kW",
        json_schema_extra=otherwise("by `discharge_ratio`"),
    )
    charge_efficiency: Number = Field(default=0.95, ge=0.1, le=1, description=_EFFICIENCY)
    discharge_efficiency: Number = Field(default=0.95, ge=0.1, le=1, description=_EFFICIENCY)
    initial_share: Number = Field(
        default=0.5,
        ge=0,
        le=1,
        description="energy content at the start, as a share of the capacity",
    )
    self_discharge_percent_per_month: Number = Field(
        default=0.0,
        ge=0,
        le=100,
        description="self-discharge, in percent of the capacity in 30 days (7.4a). Lithium-ion loses 2 to 3",
    )
    grid_charge_below_price_per_kwh: Number | None = Field(
        default=None,
        ge=-1000,
        le=1000,
        description="at or below this price the battery is charged from the grid, and supplies only what the "
        "grid cannot (7.2a). Needs a price",
        json_schema_extra=otherwise("never"),
    )
    grid_charge_below_carbon_g_per_kwh: Number | None = Field(
        default=None,
        ge=0,
        le=10**5,
        description="the same by carbon intensity. Only one of the two keys may be given",
        json_schema_extra=otherwise("never"),
    )

    def problems(self) -> Problems:
        """Two sizes for one battery, or sizes without a battery."""
        for keys in (("hours", "kwh"), ("charge_ratio", "charge_kw"), ("discharge_ratio", "discharge_kw")):
            if len(self.stated(*keys)) > 1:
                yield keys[1], f"and {keys[0]} say the same thing twice; keep one"
        limits = self.stated("charge_ratio", "charge_kw", "discharge_ratio", "discharge_kw")
        thresholds = self.stated("grid_charge_below_price_per_kwh", "grid_charge_below_carbon_g_per_kwh")
        if len(thresholds) > 1:
            yield thresholds[1], f"and {thresholds[0]} both say when to charge from the grid; keep one"
        limits += thresholds
        if limits and not self.present:
            yield limits[0], "is given, but the battery has no size; give battery.hours or battery.kwh"

    @property
    def present(self) -> bool:
        """Whether there is a battery."""
        return self.hours is not None or self.kwh is not None


class RulesTable(Table):
    """[rules]: choices that change rules; RULES.md has the paragraphs."""

    min_battery_s: Whole = Field(
        default=60,
        ge=1,
        le=10**9,
        description="time for which the battery must be able to supply a start that needs it (2.6)",
    )
    restart_s: Whole = Field(
        default=0, ge=0, le=10**9, description="time after a resume that draws power without progress (5.2)"
    )
    suspend_loss_s: Whole = Field(
        default=0, ge=0, le=10**9, description="progress that a suspension loses (5.3)"
    )
    max_kills: Whole = Field(
        default=3,
        ge=1,
        le=10**9,
        description="number of kills after which a job that cannot be suspended fails (5.4)",
    )
    kill_at_estimate: Flag = Field(
        default=False,
        description="whether a job is ended at its estimate (5.5). Off, as published comparisons need it",
    )
    checkpoint_s: Whole = Field(
        default=0,
        ge=0,
        le=10**9,
        description="progress between checkpoints: progress up to the last one survives a kill or an outage "
        "(5.7). 0: no checkpoints",
    )
    checkpoint_cost_s: Whole = Field(
        default=0,
        ge=0,
        le=10**9,
        description="time to write a checkpoint, at full power without progress (5.7)",
    )
    voluntary_suspension: Flag = Field(
        default=False, description="whether schedulers may suspend jobs while there is enough power (4.2b)"
    )
    dispatch_first: Literal["battery", "grid"] = Field(
        default="battery", description="what covers the draw beyond the supply first (2.5)"
    )
    tick_s: Whole | None = Field(
        default=None, ge=1, le=10**9, description="interval of extra decision points (3.8)"
    )

    def problems(self) -> Problems:
        """A price of checkpoints that nobody writes."""
        if self.checkpoint_cost_s and not self.checkpoint_s:
            yield "checkpoint_cost_s", "is given, but there are no checkpoints; give rules.checkpoint_s"
