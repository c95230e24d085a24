"""Writes the tables of keys in docs/reference/scenarios.md, its sub-pages and other pages from their models.

python -m docs.scripts.scenario_tables

A table stands between `<!-- keys: NAME -->` and `<!-- end of keys -->`; everything else is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic.fields import FieldInfo

from docs.scripts.page_paths import page_path
from energy.datacenter.speed_levels import known_speed_levels, speed_levels
from experiments.engine.slurm.slurm_file import SlurmFile
from experiments.launchpad import experiment_file
from experiments.size import cost_table, size_file
from rare.scenario.config import scenario_config, supply_tables
from rare.scenario.config.field_types import LAYOUT_KEYS, Table
from rare.scenario.config.toml_tables import inner_table, limits, value_kind

DOCS = Path(__file__).resolve().parents[1]
LEVELS_PAGE = page_path("machine-events.md")
_BLOCK = re.compile(r"<!-- keys: (.+?) -->\n.*?<!-- end of keys -->\n", re.DOTALL)
_LEVELS = re.compile(r"<!-- speed levels -->\n.*?<!-- end of speed levels -->\n", re.DOTALL)
_OF_A_MODEL = ("model", "load", "days", "variant", "estimates", "max_estimate_s", "seed")
_OF_ANY_SOURCE = ("kind", "quantity")


def _keys(
    model: type[Table], names: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> dict[str, FieldInfo]:
    """The values of a table (not the tables in it): these, or all but those."""
    return {
        name: field
        for name, field in model.fields_by_key().items()
        if inner_table(field) is None and (name in names if names else name not in without)
    }


def _scenario_blocks() -> Mapping[str, dict[str, FieldInfo]]:
    tables = scenario_config
    source = tables.SourceTable
    return {
        "top level": _keys(tables.Scenario),
        "site": _keys(tables.SiteTable),
        "workload, of a file": _keys(tables.WorkloadTable, without=_OF_A_MODEL),
        "workload, of a model": _keys(tables.WorkloadTable, _OF_A_MODEL),
        "cluster": _keys(tables.ClusterTable),
        "node and partition": _keys(tables.PartitionTable),
        "speed": _keys(tables.SpeedTable),
        "supply": _keys(tables.SupplyTable),
        "source": _keys(source, _OF_ANY_SOURCE),
        "source, of a file": _keys(source, supply_tables.FILE_KEYS),
        "source, of a plant": _keys(source, supply_tables.PLANT_KEYS),
        "grid": _keys(tables.GridTable),
        "grid.price and grid.carbon": _keys(tables.RateTable, without=LAYOUT_KEYS),
        "battery": _keys(tables.BatteryTable),
        "rules": _keys(tables.RulesTable),
        "forecast": _keys(tables.ForecastTable, ("kind", "hours", "seed", "file", "issue_hour")),
        "windows": _keys(tables.WindowsTable),
        "objective": _keys(tables.ObjectiveTable),
        "service_class": _keys(tables.ServiceClassTable),
        "time": _keys(tables.TimeTable),
        "event": _keys(tables.EventTable),
        "events": _keys(tables.EventsTable),
        "outage": _keys(tables.OutageTable),
        "outages": _keys(tables.OutagesTable),
        "priority": _keys(tables.PriorityTable, without=("qos", "partition")),
        "priority.share": _keys(tables.ShareTable),
        "backfill": _keys(tables.BackfillTable),
        "limit": _keys(tables.LimitTable),
    }


def _experiment_blocks() -> Mapping[str, dict[str, FieldInfo]]:
    tables = {name: inner_table(field) for name, field in experiment_file.Experiment.model_fields.items()}
    blocks = {name: _keys(table) for name, table in tables.items() if table is not None}
    return {"top level": _keys(experiment_file.Experiment), **blocks}


def _slurm_blocks() -> Mapping[str, dict[str, FieldInfo]]:
    return {"top level": _keys(SlurmFile)}


def _size_blocks() -> Mapping[str, dict[str, FieldInfo]]:
    jobs = tuple(size_file.JobsTable.model_fields)
    return {
        "top level": _keys(size_file.SizeFile, without=jobs),
        "jobs": _keys(size_file.JobsTable),
        "year": _keys(size_file.YearTable, without=jobs),
        "solar and wind": _keys(size_file.SourceRange),
        "battery": _keys(size_file.BatteryRange),
        "grid": _keys(size_file.GridRange),
        "search": _keys(size_file.SearchTable),
        "cost": _keys(cost_table.CostTable),
    }


SCENARIO_PAGES = tuple(
    page_path(name)
    for name in (
        "scenarios.md",
        "scenario-jobs.md",
        "scenario-values.md",
        "scenario-cluster.md",
        "scenario-supply.md",
        "scenario-grid.md",
        "scenario-forecast.md",
        "scenario-events.md",
        "scenario-queue.md",
    )
)
"""The pages that share the tables of a scenario's keys; the first is the overview."""

PAGES: Mapping[Path, Callable[[], Mapping[str, dict[str, FieldInfo]]]] = {
    **dict.fromkeys(SCENARIO_PAGES, _scenario_blocks),
    page_path("launchpad.md"): _experiment_blocks,
    page_path("clusters.md"): _slurm_blocks,
    page_path("size.md"): _size_blocks,
}


def key_table(fields: Mapping[str, FieldInfo]) -> str:
    """The keys as a Markdown table: what each may be, what holds without it, and what it means."""
    lines = ["| key | may be | default | meaning and reason |", "|---|---|---|---|"]
    for name, field in fields.items():
        lines.append(f"| `{name}` | {_allowed(field)} | {_default(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _allowed(field: FieldInfo) -> str:
    allowed = limits(field)
    if allowed.choices:
        return ", ".join(f'`"{choice}"`' for choice in allowed.choices)
    kind = value_kind(field)
    if allowed.low is None or allowed.high is None:
        return kind
    low, high = _number(allowed.low), _number(allowed.high)
    return f"{kind} above {low}, up to {high}" if allowed.above else f"{kind} from {low} to {high}"


def _number(value: float) -> str:
    if value == 2**40:
        return "2^40"
    exponent = len(f"{abs(value):.0f}") - 1
    if value and abs(value) >= 10**5 and abs(value) == 10**exponent:
        return f"{'-' * (value < 0)}10^{exponent}"
    return f"{value:g}"


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "otherwise" in extra:
        return str(extra["otherwise"])
    if field.is_required():
        return "required"
    return "none" if field.default is None else _toml(field.default)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, tuple):
        inner = ", ".join(_toml(item).strip("`") for item in value)
        return f"`[{inner}]`"
    return f"{value:g}" if isinstance(value, float) else str(value)


def blocks_in(page: Path) -> list[str]:
    """Names of the tables of keys that a page has, from top to bottom."""
    return [match[1] for match in _BLOCK.finditer(page.read_text("utf-8"))]


def refreshed(page: Path) -> str:
    """The page's text with its tables as the models have them now. KeyError for a block that is unknown."""
    blocks = PAGES[page]()

    def block(match: re.Match[str]) -> str:
        return f"<!-- keys: {match[1]} -->\n{key_table(blocks[match[1]])}<!-- end of keys -->\n"

    return _BLOCK.sub(block, page.read_text("utf-8"))


def levels_refreshed(text: str) -> str:
    """The text of docs/reference/machine-events.md with the shipped speed levels as they are now."""
    lines = ["| `speeds` | levels: rate at power | of |", "|---|---|---|"]
    for levels in map(speed_levels, known_speed_levels()):
        pairs = ", ".join(
            f"{rate:g} at {power:g}" for rate, power in zip(levels.rate, levels.power, strict=True)
        )
        lines.append(f"| `{levels.name}` | {pairs} | {levels.description} |")
    table = "\n".join(lines)
    return _LEVELS.sub(f"<!-- speed levels -->\n{table}\n<!-- end of speed levels -->\n", text)


def main() -> None:
    """Write the pages."""
    LEVELS_PAGE.write_text(levels_refreshed(LEVELS_PAGE.read_text("utf-8")), "utf-8")
    for page in PAGES:
        page.write_text(refreshed(page), "utf-8")


if __name__ == "__main__":
    main()
