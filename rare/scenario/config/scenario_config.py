"""A whole scenario file as one immutable model. docs/reference/scenarios.md shows the same keys.

Units are in the keys. A key that is None was left out; what holds then stands beside it (`otherwise`).
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field

from rare.model import Partition
from rare.scenario.config.cluster_tables import (
    PLAIN_NODE,
    BatteryTable,
    ClusterTable,
    NodeTable,
    PartitionTable,
    RulesTable,
    SpeedTable,
)
from rare.scenario.config.field_types import MOST_TABLES, Problems, Table, Tables, Text, otherwise
from rare.scenario.config.forecast_table import ForecastTable
from rare.scenario.config.grid_tables import GridTable, ImportTable, RateTable
from rare.scenario.config.job_tables import (
    ObjectiveTable,
    ServiceClassTable,
    TimeTable,
    WindowsTable,
    WorkloadTable,
    parse_span,
)
from rare.scenario.config.machine_event_tables import EventsTable, EventTable, OutagesTable, OutageTable
from rare.scenario.config.priority_tables import PriorityTable, ShareTable
from rare.scenario.config.queue_tables import BackfillTable, LimitTable
from rare.scenario.config.supply_tables import SiteTable, SourceTable, SupplyTable
from rare.scenario.config.toml_schema import toml_schema

__all__ = [
    "PLAIN_NODE",
    "BackfillTable",
    "BatteryTable",
    "ClusterTable",
    "EventTable",
    "EventsTable",
    "ForecastTable",
    "GridTable",
    "ImportTable",
    "LimitTable",
    "NodeTable",
    "ObjectiveTable",
    "OutageTable",
    "OutagesTable",
    "PartitionTable",
    "PriorityTable",
    "RateTable",
    "RulesTable",
    "Scenario",
    "ServiceClassTable",
    "ShareTable",
    "SiteTable",
    "SourceTable",
    "SpeedTable",
    "SupplyTable",
    "TimeTable",
    "WindowsTable",
    "WorkloadTable",
    "parse_span",
    "scenario_schema",
]


class Scenario(Table):
    """A whole scenario file."""

    name: Text = Field(
        description="name of the scenario in tables and results",
        json_schema_extra=otherwise("the file's name"),
    )
    description: Text = Field(
        default="(no description)", description="one line of description", json_schema_extra=otherwise("none")
    )
    window: Text | None = Field(
        default=None,
        description='name of the window of `[windows]` to run. `"all"`: the whole time',
        json_schema_extra=otherwise("`windows.default`"),
    )
    site: SiteTable = SiteTable()
    workload: WorkloadTable = WorkloadTable()
    cluster: ClusterTable = ClusterTable()
    supply: SupplyTable = SupplyTable()
    grid: GridTable = GridTable()
    battery: BatteryTable = BatteryTable()
    rules: RulesTable = RulesTable()
    objective: ObjectiveTable = ObjectiveTable()
    service_class: Annotated[tuple[ServiceClassTable, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    time: TimeTable = TimeTable()
    forecast: ForecastTable = ForecastTable()
    windows: WindowsTable | None = None
    event: Annotated[tuple[EventTable, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    events: EventsTable | None = None
    outage: Annotated[tuple[OutageTable, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    outages: OutagesTable | None = None
    backfill: BackfillTable | None = None
    limit: Annotated[tuple[LimitTable, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    priority: PriorityTable | None = None

    def problems(self) -> Problems:
        """What several tables say together."""
        names = [service_class.name for service_class in self.service_class]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield "service_class", f"has two classes named {name!r}; rename one"
        plants = [source.kind for source in self.supply.source if source.kind != "file"]
        if (plants or self.cluster.pue_model) and not self.site.present:
            consumer = f"a {plants[0]} plant" if plants else "cluster.pue_model"
            yield "site", f"says nothing of the weather that {consumer} needs; give site.name or site.weather"
        if self.window is not None and self.window != "all" and self.windows is None:
            yield (
                "window",
                f"is {self.window!r}, but the scenario has no [windows]; add it, or leave window out",
            )
        yield from self._grid_charging()
        yield from self._priority_of_partitions()
        shares = math.fsum(service_class.share for service_class in self.service_class)
        if names and abs(shares - 1) > 1e-9:
            yield "service_class", f"has shares that add up to {shares:g}; make it 1"
        if self.supply.resolved_kind == "none" and not self.grid.unlimited and not self.battery.present:
            limits = (self.grid.import_ratio, self.grid.import_kw)
            limited = limits != (None, None) or self.grid.unlimited is False
            if not any(limits) and limited and self.grid.import_series is None:
                yield "supply", 'has kind "none" and the grid gives nothing: there is no power at all'

    def _grid_charging(self) -> Problems:
        """A threshold on a price or a carbon intensity that nobody gives."""
        for name, constant in (("price", "price_per_kwh"), ("carbon", "carbon_g_per_kwh")):
            threshold = f"grid_charge_below_{constant}"
            has_rate = getattr(self.grid, name) is not None or getattr(self.grid, constant) is not None
            if getattr(self.battery, threshold) is not None and not has_rate:
                yield (
                    "battery",
                    f"has {threshold}, but the grid has no {name}; give [grid.{name}] or grid.{constant}",
                )

    def _priority_of_partitions(self) -> Problems:
        """A factor for a partition that the cluster does not have."""
        known = [partition.name for partition in self.cluster.partition] or [Partition().name]
        for name in () if self.priority is None else self.priority.partition:
            if name not in known:
                yield (
                    f"priority.partition.{name}",
                    f"is no partition of the cluster; known are {', '.join(known)}",
                )


def scenario_schema() -> dict[str, Any]:
    """The JSON schema of scenario files. A file without a name has that of the file."""
    return toml_schema(Scenario, "RARE scenario", given=("name",))
