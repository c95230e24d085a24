"""The figures and report.html of a search, from size.json and points.parquet alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.report.page_templates import Grid, render_page, small_image
from experiments.results.number_formats import percent
from experiments.size import size_folder
from experiments.size.pages import size_text
from experiments.size.pages.front_figure import FRONT, SIZES, draw_front
from traces.files.atomic import write_text

CAPTIONS = {
    FRONT: "Every plant that was tried, from three sides. The line joins the plants that are best in the two "
    "objectives shown; a plant on the front may be off it, because it is better in the third. Crosses serve "
    "too few jobs, however cheap and clean they are; those at the edge of a picture lie beyond it.",
    SIZES: "The capacities of the plants on the front.",
}


def redraw(out: str | Path) -> Path:
    """Figures and report from the folder's tables, without simulating; the report's path. InputError."""
    out = Path(out)
    write_page(size_folder.read_size(out), size_folder.read_points(out), out)
    return out / size_folder.REPORT


def write_page(facts: Mapping[str, Any], points: pd.DataFrame, out: Path) -> None:
    """Write the figures and report.html into `out`."""
    folder = out / size_folder.FIGURES
    stems = draw_front(facts, points, folder)
    page = render_page(
        "size.html.j2",
        title=f"{facts['name']}: which sun, wind, battery and grid line",
        sentences=size_text.sentences(facts),
        choices=size_text.choices_grid(facts),
        parts=size_text.parts_grid(facts),
        repeat=[(names, run["folder"], run["command"]) for names, run in size_text.commands(facts)],
        figures=[small_image(folder, stem, CAPTIONS[stem]) for stem in stems],
        front=size_text.front_grid(facts, points),
        years=_years(facts),
        notes=[f"{year['name']}: {note}" for year in facts["years"] for note in year["notes"]],
        costs=size_text.costs_grid(facts),
        minimum=f"{100 * facts['minimum_served']:g} %",
        question=json.dumps(facts["question"], indent=1),
        provenance=json.dumps(facts["provenance"], indent=1),
    )
    write_text(out / size_folder.REPORT, page)


def _years(facts: Mapping[str, Any]) -> Grid:
    """The cases that were averaged, and how their span was scaled."""
    rows = [
        (
            year["name"],
            f"{year['jobs']:,}",
            f"{year['span_days']:.1f}",
            f"{year['scale_to_year']:.2f}",
            percent(year["served_with_plenty_of_power"]),
        )
        for year in facts["years"]
    ]
    return Grid(
        (
            "year",
            "jobs",
            "days in which they are submitted",
            "times to a year",
            "served with power in plenty",
        ),
        rows,
    )
