"""A search in sentences and tables of text, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from experiments.report.page_templates import Grid
from experiments.results.number_formats import percent, plain, printable
from experiments.results.text_table import aligned_lines
from experiments.size.cost_table import sourced_defaults

Row = Mapping[str, Any]
COLUMNS = {
    "solar_kw": "sun kW",
    "wind_kw": "wind kW",
    "battery_kwh": "battery kWh",
    "grid_kw": "grid kW",
    "cost_per_year": "cost",
    "carbon_kg_per_year": "carbon kg",
    "value_per_year": "value",
    "late_per_year": "late jobs",
    "mean_bounded_slowdown": "slowdown",
    "served_share": "served",
    "worst_served_share": "worst year",
    "renewable_share": "renewable",
}
_SHARES = ("served_share", "worst_served_share", "renewable_share")


def sentences(facts: Mapping[str, Any]) -> list[str]:
    """What was found, in words."""
    years = facts["years"]
    least = f"{100 * facts['minimum_served']:g} %"
    among = "" if len(years) == 1 else f", averaged over {len(years)} years"
    plenty = sorted(percent(year["served_with_plenty_of_power"]) for year in years)
    span = plenty[0] if plenty[0] == plenty[-1] else f"{plenty[0]} to {plenty[-1]}"
    every = "" if len(years) == 1 else " in every year"
    lines = [
        f"{facts['plants']} plants were tried{among}; {facts['serving_enough']} serve at least {least} of "
        f"what is served when power never lacks ({span} of the jobs){every}, and {facts['on_front']} of "
        f"these are on the front of yearly cost, carbon and {facts['service']['label']}."
    ]
    if not facts["choices"]:
        lines.append(
            f"No plant serves enough: the best serves {percent(facts['most_served_share'])}. Widen the "
            "ranges, or lower minimum_served."
        )
        return lines
    lines += [_choice_sentence(name, choice, facts) for name, choice in facts["choices"].items()]
    lines += _from_cheap_to_clean(facts)
    return lines


def _choice_sentence(name: str, choice: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    row = choice["yearly"]
    service = facts["service"]
    several = len(facts["question"]["schedulers"]) > 1
    return (
        f"{name.capitalize()}: {choice['solar_kw']:.4g} kW of sun, {choice['wind_kw']:.4g} kW of wind, "
        f"{choice['battery_kwh']:.4g} kWh of battery, a grid line of {choice['grid_kw']:.4g} kW"
        f"{' under ' + choice['scheduler'] if several else ''}: {plain(row['cost_per_year'])} "
        f"{facts['currency']} and {plain(row['carbon_kg_per_year'])} kg CO2e a year, {service['label']} "
        f"{_service_text(service, row)}, {percent(row['served_share'])} of the jobs served."
    )


def _service_text(service: Mapping[str, Any], row: Row) -> str:
    value = row[service["column"]]
    return percent(value) if service["name"] == "unserved" else plain(value)


def _from_cheap_to_clean(facts: Mapping[str, Any]) -> Iterator[str]:
    """What carbon costs between the two ends."""
    cheap, clean = (facts["choices"][name]["yearly"] for name in ("cheapest", "cleanest"))
    more = clean["cost_per_year"] - cheap["cost_per_year"]
    less_kg = cheap["carbon_kg_per_year"] - clean["carbon_kg_per_year"]
    if more > 0 and less_kg > 0:
        yield (
            f"From the cheapest to the cleanest, {plain(less_kg)} kg CO2e a year less cost {plain(more)} "
            f"{facts['currency']} a year more: {plain(more / less_kg * 1000)} {facts['currency']} per tonne."
        )


def shown_columns(facts: Mapping[str, Any], rows: Sequence[Row]) -> list[str]:
    """Columns of COLUMNS that say something about these points."""
    columns = [name for name in COLUMNS if any(not _is_missing(row[name]) for row in rows)]
    return [name for name in columns if name != "worst_served_share" or len(facts["years"]) > 1]


def _is_missing(value: float | None) -> bool:
    return value is None or value != value


def cells(row: Row, columns: Sequence[str]) -> list[str]:
    """The numbers of a point as text."""
    return [_cell(name, row[name]) for name in columns]


def _cell(name: str, value: float | None) -> str:
    if value is None or _is_missing(value):
        return "-"
    if name in _SHARES:
        return percent(value)
    return f"{value:.4g}" if name.endswith(("_kw", "_kwh")) else plain(value)


def choices_grid(facts: Mapping[str, Any]) -> Grid:
    """A row for each named choice."""
    choices = facts["choices"]
    columns = shown_columns(facts, [choice["yearly"] for choice in choices.values()])
    rows = [
        (name, *_scheduler(facts, each["scheduler"]), *cells(each["yearly"], columns))
        for name, each in choices.items()
    ]
    head = ("choice", *_scheduler(facts, "scheduler"), *(COLUMNS[name] for name in columns))
    return Grid(head, rows, words=1 + len(_scheduler(facts, "")))


def _scheduler(facts: Mapping[str, Any], text: str) -> tuple[str, ...]:
    """A cell of the schedulers' column, which there is where several were tried."""
    return (text,) if len(facts["question"]["schedulers"]) > 1 else ()


def front_grid(facts: Mapping[str, Any], points: pd.DataFrame) -> Grid:
    """A row for each point on the front, the cheapest first."""
    front = points[points["on_front"]].sort_values(["cost_per_year", "point"]).to_dict("records")
    columns = shown_columns(facts, front)
    rows = [
        (
            str(row["point"]),
            row["choice"].replace("+", ", "),
            *_scheduler(facts, row["scheduler"]),
            *cells(row, columns),
        )
        for row in front
    ]
    head = ("point", "choice", *_scheduler(facts, "scheduler"), *(COLUMNS[name] for name in columns))
    return Grid(head, rows, words=2 + len(_scheduler(facts, "")))


def commands(facts: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The runs of the choices with what to call them; choices that are the same plant share theirs."""
    names: dict[str, list[str]] = {}
    runs: dict[str, Mapping[str, Any]] = {}
    for name, choice in facts["choices"].items():
        for run in choice["runs"]:
            names.setdefault(run["command"], []).append(name)
            runs.setdefault(run["command"], run)
    several = len(facts["years"]) > 1
    return [
        (", ".join(names[command]) + (f" ({run['year']})" if several else ""), run)
        for command, run in runs.items()
    ]


def parts_grid(facts: Mapping[str, Any]) -> Grid:
    """Of each choice, what its cost and its carbon are made of."""
    columns = {
        "solar_cost_per_year": "sun", "wind_cost_per_year": "wind", "battery_cost_per_year": "battery",
        "grid_line_cost_per_year": "grid line", "grid_energy_cost_per_year": "energy imported",
        "cost_per_year": "cost", "embodied_kg_per_year": "embodied kg",
        "grid_carbon_kg_per_year": "imported kg", "carbon_kg_per_year": "carbon kg",
    }  # fmt: skip
    rows = [
        (name, *(plain(choice["yearly"][column]) for column in columns))
        for name, choice in facts["choices"].items()
    ]
    return Grid(("per year", *columns.values()), rows)


def costs_grid(facts: Mapping[str, Any]) -> Grid:
    """The cost table that was used, and where each number comes from."""
    used = facts["question"]["cost"]
    rows = []
    for key, number in sourced_defaults().items():
        asset, _, name = key.rpartition(".")
        value = (used[asset] if asset else used)[name]
        rows.append(
            (
                key,
                f"{value:g}",
                number.unit,
                number.source if value == number.value else "the question's file",
            )
        )
    return Grid(("key", "value", "unit", "source"), rows, words=4)


def costs_text() -> str:
    """The packaged cost table as text, with its sources."""
    lines = []
    for number in sourced_defaults().values():
        lines += [f"{number.key} = {number.value:g}  ({number.unit})", f"    {number.source}"]
    return "\n".join(lines)


def size_text(facts: Mapping[str, Any], out: str) -> str:
    """What the command prints."""
    grid = choices_grid(facts)
    lines = sentences(facts)
    if grid.rows:
        lines += ["", *aligned_lines([grid.head, *grid.rows], grid.words), ""]
        first_year = facts["years"][0]["name"]
        lines += [f"{names}: {run['command']}" for names, run in commands(facts) if run["year"] == first_year]
        if len(facts["years"]) > 1:
            lines.append(f"The commands of the other years are in {out}/report.html.")
    return printable("\n".join([*lines, "", f"written: {out}/report.html, {out}/points.csv"]))
