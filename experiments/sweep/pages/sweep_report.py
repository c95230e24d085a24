"""The report of a sweep: figures and report.html from its table, and the frame of summary.csv."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from experiments.report.page_templates import Image, render_page, small_image
from experiments.sweep.pages import sweep_tables as tables
from experiments.sweep.pages.metric_scale import metric_words
from experiments.sweep.pages.report_choice import ReportChoice, check_choice
from experiments.sweep.pages.sweep_figures import KINDS, Drawn, draw_figures
from experiments.sweep.pages.sweep_summary import frame_of
from experiments.sweep.pages.sweep_view import SweepView
from experiments.sweep.pages.sweep_words import compared, interval_words, sentences
from experiments.sweep.sweep_table import SweepTable
from traces.files.atomic import write_json, write_text

__all__ = ["ReportChoice", "check_choice", "summary_frame", "write_sweep_report"]

FIGURES, REPORT, CHOICE = "figures", "report.html", "report.json"


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of one metric."""

    title: str
    figures: list[Image]


def write_sweep_report(folder: Path, table: SweepTable, choice: ReportChoice) -> None:
    """Write figures and report.html of a sweep into a folder, and the choice, for `redraw`.

    InputError as `check_choice`, or if a figure cannot be written.
    """
    view = SweepView(table, choice)
    drawn = draw_figures(view, folder / FIGURES)
    _remove_others(folder / FIGURES, {each.stem for each in drawn})
    write_json(folder / CHOICE, dataclasses.asdict(choice))
    page = render_page(
        "sweep.html.j2",
        title=f"{table.name}: {compared(view, len(view.lines))} compared"
        if len(view.lines) > 1
        else table.name,
        under=_under(view),
        sentences=sentences(view),
        best=tables.best_table(view),
        best_title="Best in each case" if len(view.groups) > 1 else "Best",
        best_note=tables.best_note(view),
        sections=_sections(drawn, folder / FIGURES),
        means=tables.means_table(view),
        intervals=interval_words(view),
        failed=tables.failed_table(view),
        failed_note=tables.failed_note(view),
    )
    write_text(folder / REPORT, page, errors="replace")


def summary_frame(table: SweepTable, choice: ReportChoice | None = None) -> pd.DataFrame:
    """The frame of summary.csv: a row for each combination of the axes that are no repetitions.

    Columns: see `frame_of`. InputError as `check_choice`.
    """
    view = SweepView(table, choice or ReportChoice())
    return frame_of(view.summary, (*view.metrics.drawn, *view.metrics.null))


def _remove_others(folder: Path, stems: Collection[str]) -> None:
    """Remove the figures of an earlier report that this one does not have."""
    for path in folder.glob("*-*.*") if folder.is_dir() else ():
        if (
            path.stem not in stems
            and path.stem.partition("-")[0] in KINDS
            and path.suffix in (".png", ".svg")
        ):
            path.unlink(missing_ok=True)


def _under(view: SweepView) -> str:
    """The line below the title: cells, groups and repetitions."""
    parts = [f"{view.summary.table.cells:,} cells", f"{len(view.summary.combinations):,} combinations"]
    if view.roles.groups:
        parts.append(f"{len(view.groups):,} cases of {' × '.join(view.roles.groups)}")
    if view.summary.repeats > 1:
        parts.append(f"{view.summary.repeats} repetitions each")
    return " · ".join(parts)


def _sections(drawn: list[Drawn], folder: Path) -> list[Section]:
    """The figures by metric, in the order of drawing."""
    metrics = dict.fromkeys(each.metric.key for each in drawn)
    return [
        Section(
            _title([each for each in drawn if each.metric.key == key][0]),
            [small_image(folder, each.stem, each.caption) for each in drawn if each.metric.key == key],
        )
        for key in metrics
    ]


def _title(drawn: Drawn) -> str:
    words = metric_words(drawn.metric)
    return words[:1].upper() + words[1:]
