"""Tables of a run's accounts, per user, group, service class and partition, and of its grid events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.report.metric_tables import DASH, FACTORS, written
from experiments.report.page_templates import Grid
from experiments.results.number_formats import duration, printable
from experiments.results.ranking import number, order
from experiments.results.run_folder import Compare, Run, load_run
from experiments.results.text_table import aligned_lines, fits, narrow_lines, terminal_width
from rare.metric_catalogue import METRICS

MOST_ROWS, MOST_EVENTS = 20, 40
IN_TERMINAL, MOST_IN_TERMINAL = ("user", "partition"), 5
TITLES = {
    "user": "Users",
    "group": "Groups",
    "account": "Accounts",
    "qos": "QOS",
    "service_class": "Service classes",
    "partition": "Partitions",
}
COLUMNS = {
    "jobs": ("Jobs", "jobs_submitted"),
    "completed": ("Completed", "jobs_completed"),
    "draw_kwh": ("Energy (kWh)", "energy_kwh"),
    "share": ("Of the run (%)", "renewable_share"),
    "renewable_share": ("Renewable (%)", "renewable_share"),
    "grid_kwh": ("From the grid (kWh)", "grid_kwh"),
    "grid_cost": ("Grid cost", "grid_cost"),
    "carbon_kg": ("Carbon (kg)", "carbon_kg"),
    "mean_wait_s": ("Mean wait (h)", "mean_wait_s"),
}
"""Columns of an account table: heading, and the metric that says how a number is written."""
SUMMED = ("jobs", "completed", "draw_kwh", "share", "grid_kwh", "grid_cost", "carbon_kg")
WEIGHED_BY = {"renewable_share": "draw_kwh", "mean_wait_s": "completed"}
ACCOUNTS_NOTE = (
    "Energy is the whole draw, shared among the jobs that ran at the same time by their active power and "
    "the idle power of the nodes they took; battery energy bears what its charging cost (RULES 13). The rows "
    "add up to the run."
)
CLASSES_NOTE = (
    "Served: completed, of those that completed or were not served (RULES 6.6). Late: after their deadline, "
    "or not served. Wait: mean of the completed ones."
)
EVENTS_NOTE = (
    "Complied after: from the start until the draw is at or below the limit for the rest of the event. "
    "Depth: by how much the mean draw from then on is below the draw at the notice. Shed: that draw times "
    "the length, less the energy drawn. Rebound: energy above that draw within one length of the event after "
    "its end. Late jobs are among those that waited or ran during the event."
)
EVENT_HEAD = (
    "Event",
    "Start (h)",
    "Notice",
    "Length",
    "Draw before (kW)",
    "Limit (kW)",
    "Complied after",
    "Depth (%)",
    "Shed (kWh)",
    "Rebound (kWh)",
    "Peak above (kW)",
    "Jobs",
    "Suspended",
    "Killed",
    "Slowed",
    "Late",
)
"""Columns of the table of grid events; behind them late jobs by service class."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a report with its title and a note, which may be empty."""

    title: str
    grid: Grid
    note: str = ""


def account_sections(run: Run) -> list[Section]:
    """A table for each kind of account that the run folder has. InputError for a damaged one."""
    sections = [
        Section(TITLES[row], account_grid(table, TITLES[row].lower())) for row, table in run.accounts.items()
    ]
    return [*sections[:-1], Section(sections[-1].title, sections[-1].grid, ACCOUNTS_NOTE)] if sections else []


def account_grid(table: pd.DataFrame, kind: str, most: int = MOST_ROWS) -> Grid:
    """The rows of the largest draw, the others together, what no job drew, and the sum of all."""
    whole_kwh = float(table["draw_kwh"].sum())
    table = table.assign(share=table["draw_kwh"] / whole_kwh if whole_kwh else math.nan)
    named = table[~table["row"].isin(("unused", "stored"))]
    shown, others = (
        (named.iloc[:most], named.iloc[most:]) if len(named) > most + 1 else (named, named.iloc[:0])
    )
    rows = [(name or "(none)", row) for name, (_, row) in zip(shown["name"], shown.iterrows(), strict=True)]
    if len(others):
        rows.append((f"{len(others):,} other {kind}", _together(others)))
    for row, words in (("unused", "while no job ran"), ("stored", "charged into the battery")):
        there = table[table["row"] == row]
        if there[["draw_kwh", "grid_kwh"]].to_numpy().any():
            rows.append((words, there.iloc[0]))
    rows.append(("whole run", _together(table)))
    columns = [name for name in COLUMNS if table[name].notna().any()]
    return Grid(
        ["", *(COLUMNS[name][0] for name in columns)],
        [[name, *(_cell(row[name], COLUMNS[name][1]) for name in columns)] for name, row in rows],
    )


def _together(table: pd.DataFrame) -> pd.Series:
    """Several rows as one."""
    sums = {name: table[name].sum(min_count=1) for name in SUMMED}
    for name, weigher in WEIGHED_BY.items():
        known = table[table[name].notna() & (table[weigher] > 0)]
        weight = float(known[weigher].sum())
        sums[name] = float(known[name] @ known[weigher]) / weight if weight else math.nan
    return pd.Series(sums)


def _cell(value: float, key: str) -> str:
    return written(
        METRICS[key], None if pd.isna(value) else float(value) * FACTORS.get(METRICS[key].form, 1.0)
    )


def accounts_text(folder: str | Path) -> str:
    """The users and partitions of a run folder with the largest draw, for a terminal; empty without any."""
    run, width = load_run(folder), terminal_width()
    parts = []
    for row in IN_TERMINAL:
        if row in run.accounts:
            grid = account_grid(run.accounts[row], TITLES[row].lower(), MOST_IN_TERMINAL)
            cells = [[TITLES[row].lower(), *grid.head[1:]], *grid.rows]
            lines = aligned_lines(cells)
            if width is not None and not fits(lines, width):
                lines = narrow_lines(cells, width, rest="the run folder has everything")
            parts.append("\n".join(lines))
    return printable("\n".join(parts))


def event_section(run: Run) -> list[Section]:
    """The table of the grid events; none without events. InputError for a damaged file."""
    table = run.grid_events
    if table is None or table.empty:
        return []
    classes = [name for name in table.columns if name.startswith("late_")]
    head = (*EVENT_HEAD, *(_late(name) for name in classes))
    begin_s = float(run.power["time_s"].iloc[0]) if len(run.power) else 0.0
    rows = [_event_cells(row, begin_s, classes) for _, row in table.iloc[:MOST_EVENTS].iterrows()]
    left = len(table) - MOST_EVENTS
    more = f" The first {MOST_EVENTS} of {len(table)} events; grid_events.csv has all." if left > 0 else ""
    return [Section("Grid events", Grid(head, rows), EVENTS_NOTE + more)]


def _event_cells(row: pd.Series, begin_s: float, classes: Sequence[str]) -> list[str]:
    complied = DASH if pd.isna(row["jobs"]) else "never"
    if pd.notna(row["complied_after_s"]):
        complied = duration(row["complied_after_s"])
    return [
        f"{row['number']:.0f}",
        f"{(row['start_s'] - begin_s) / 3600:,.1f}",
        duration(row["start_s"] - row["notice_s"]),
        duration(row["end_s"] - row["start_s"]),
        _cell(row["baseline_w"] / 1000, "energy_kwh"),
        _cell(row["limit_w"] / 1000, "energy_kwh"),
        complied,
        _cell(row["depth"], "grid_event_depth"),
        *(_cell(row[name], "energy_kwh") for name in ("shed_kwh", "rebound_kwh")),
        _cell(row["rebound_peak_w"] / 1000, "energy_kwh"),
        *(
            _cell(row[name], "jobs_submitted")
            for name in (
                "jobs",
                "suspensions",
                "kills",
                "slowdowns",
                "late",
                *classes,
            )
        ),
    ]


def compared_events_section(compare: Compare) -> list[Section]:
    """Jobs in grid events, and late ones by service class, a row for each scheduler; none without events."""
    tables = {
        compare.labels[place]: compare.runs[place].grid_events
        for place in order([result["metrics"] for result in compare.results])
    }
    met = {name: table for name, table in tables.items() if table is not None and table["jobs"].any()}
    if not met:
        return []
    classes = sorted({name for table in met.values() for name in table if name.startswith("late_")})
    columns = ["jobs", "suspensions", "kills", "slowdowns", "late", *classes]
    head = ["Scheduler", "Jobs", "Suspended", "Killed", "Slowed", "Late", *(_late(name) for name in classes)]
    rows = [
        [
            name,
            *(
                _cell(table[column].sum() if column in table else math.nan, "jobs_submitted")
                for column in columns
            ),
        ]
        for name, table in met.items()
    ]
    note = "Sums over the grid events; a job that was there in two of them counts twice."
    return [Section("Jobs in grid events", Grid(head, rows), note)]


def compared_classes_section(compare: Compare) -> list[Section]:
    """Who is served, late and waits, by service class, a row for each scheduler; none without classes."""
    runs = [result["metrics"] for result in compare.results]
    found = {
        compare.labels[place]: classes
        for place in order(runs)
        if isinstance(classes := runs[place].get("service_classes"), dict) and classes
    }
    names = sorted({name for classes in found.values() for name in classes})
    if not names:
        return []
    parts = (("served_share", "served (%)"), ("late", "late"), ("mean_wait_s", "wait (h)"))
    like = {"served_share": "busy_share", "late": "qos_violations", "mean_wait_s": "mean_wait_s"}
    head = ["Scheduler", *(f"{name}: {words}" for name in names for _, words in parts)]
    rows = [
        [label, *(_class_cell(classes, name, key, like[key]) for name in names for key, _ in parts)]
        for label, classes in found.items()
    ]
    return [Section("Service classes", Grid(head, rows), CLASSES_NOTE)]


def _class_cell(classes: dict[str, Any], name: str, key: str, like: str) -> str:
    """A number of a class, written as the metric that it is like."""
    of_class = classes.get(name)
    value = number(of_class.get(key)) if isinstance(of_class, dict) else None
    return _cell(math.nan if value is None else value, like)


def _late(column: str) -> str:
    return f"late: {column.removeprefix('late_')}"
