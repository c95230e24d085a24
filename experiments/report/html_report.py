"""A self-contained report.html, from the files of a run or comparison folder alone."""

from pathlib import Path
from typing import Any

from experiments.figures import best_place, draw_compare, draw_run, figure_names, forecast_fan
from experiments.figures.forecast_judged import judge
from experiments.process.atomic_output import LEARNING
from experiments.report.learned_facts import learning_section
from experiments.report.metric_tables import compare_table, privileged, run_table
from experiments.report.narrative import compare_sentences, run_sentences
from experiments.report.page_templates import Image, indented_json, render_page, small_image
from experiments.report.timeline.timeline_section import timeline_section
from experiments.report.usage_tables import (
    account_sections,
    compared_classes_section,
    compared_events_section,
    event_section,
)
from experiments.results.run_folder import Compare, Run, is_compare, load_compare, load_run
from traces.errors import InputError
from traces.files.atomic import write_text

MOST_BYTES = 9_900_000  # of a report: 10 MB with something to spare
NO_METRICS = "This run stored no metrics to tell of."
CAPTIONS = {
    "objective": "Value earned as a share of the value offered, and left of zero what was taken off: "
    "penalties, the price of jobs not served, grid cost and the price of carbon. The diamond is the "
    "objective; the sum is on the right. "
    "Without values: mean bounded slowdown and mean wait.",
    "slowdown": "Share of the jobs with at most this bounded slowdown, max(1, (end − submit) / "
    "max(work, 10 s)). Rejected jobs and jobs that had not arrived by the end are left out; "
    "a curve below 100 % at its right end did not complete the rest.",
    "timeline": "Who served the draw: green, plain blue and orange add up to it. Above the draw, up to the "
    "supply: what went into the battery and what was curtailed; these hang below zero where means over "
    "days and nights, or a grid that serves first, would hide them. Where "
    "there are more changes than pixels the parts are averages that keep the energy; thin lines give the "
    "smallest and largest draw in each. Below, where there are any: the battery's content (shaded: its range "
    "in each mean) and, in runs of up to three weeks, price and carbon of the grid where they change.",
    "grid_events": "The draw around each grid event: from the notice (yellow) through the event (red) to as "
    "long again after its end. The thick line is the limit, the dashed one the draw at the notice; from the "
    "dotted one on the draw is at or below the limit until the event ends. Of more than nine events, those "
    "that shed the most.",
    "gantt": "Jobs under the power curve: one bar per job where there are few; with many, the cores at "
    "work by size of job, and the cores that waiting and suspended jobs ask for.",
    "forecast": "No supply was forecast.",
    "queue": "Jobs in the queue, jobs running and cores in use over time.",
}


def write_report(folder: str | Path, redraw: bool = True) -> Path:
    """Write report.html into a run or comparison folder and return its path.

    Draws the figures first; with `redraw` false, existing figures are used if complete.
    Raises InputError for folders that are missing, damaged or cannot be written.
    """
    folder = Path(folder)
    results: Run | Compare = load_compare(folder) if is_compare(folder) else load_run(folder)
    _read_tables(results)
    names = figure_names(results)
    complete = all(
        (folder / "figures" / f"{name}{suffix}").is_file() for name in names for suffix in (".png", ".svg")
    )
    if redraw or not complete:
        if isinstance(results, Compare):
            draw_compare(results)
        else:
            draw_run(results)
    values = dict(
        **(_of_comparison(results) if isinstance(results, Compare) else _of_single_run(results)),
        title=_title(results),
        compared=[*compared_classes_section(results), *compared_events_section(results)]
        if isinstance(results, Compare)
        else [],
        sections=[*event_section(_drawn_run(results)), *account_sections(_drawn_run(results))],
        sections_note=_run_note(results, "timeline").strip(),
        learned=learning_section(folder / LEARNING),
        figures=[_figure(folder / "figures", name, _caption(results, name)) for name in names],
        provenance=indented_json(results.provenance),
        config=indented_json(results.config),
    )
    without = len(render_page("report.html.j2", timeline=None, **values).encode(errors="replace"))
    timeline = timeline_section(results, MOST_BYTES - without)
    return _write(folder / "report.html", render_page("report.html.j2", timeline=timeline, **values))


def _read_tables(results: Run | Compare) -> None:
    """Read all tables before drawing, so that a damaged one leaves no incomplete report."""
    drawn = _drawn_run(results)
    tables = [run.jobs for run in results.runs] if isinstance(results, Compare) else [results.jobs]
    tables += [drawn.events, drawn.power, *([] if drawn.forecast is None else [drawn.forecast])]
    if isinstance(results, Compare):
        tables += [run.grid_events for run in results.runs if run.grid_events is not None]
    tables += [*drawn.accounts.values(), *([] if drawn.grid_events is None else [drawn.grid_events])]
    del tables  # they are cached in the runs


def _title(results: Run | Compare) -> str:
    scenario = results.scenario or "run"
    if isinstance(results, Compare):
        return f"{scenario}: {len(results.results)} schedulers compared"
    return f"{scenario}: {results.scheduler or 'one run'}"


def _of_comparison(compare: Compare) -> dict[str, Any]:
    """Values of the template for a comparison, above the figures."""
    return {
        "origin_line": _origin_line({"seed": compare.results[0].get("seed")}, compare.provenance),
        "sentences": [*compare_sentences(compare), *_forecast_sentences(compare)] or [NO_METRICS],
        "tables_title": "Results",
        "tables": compare_table(compare),
    }


def _of_single_run(run: Run) -> dict[str, Any]:
    """Values of the template for a run, above the figures."""
    return {
        "origin_line": _origin_line(run.result, run.provenance),
        "sentences": [*run_sentences(run), *_forecast_sentences(run)] or [NO_METRICS],
        "tables_title": "Metrics",
        "tables": run_table(run.metrics, privileged(run.result)),
    }


def _origin_line(result: dict[str, Any], provenance: dict[str, Any]) -> str:
    """Text with seed, end and version, as far as they are known."""
    parts = [f"seed {result['seed']}"] if result.get("seed") is not None else []
    parts += [f"ended: {result['ended']}"] if result.get("ended") else []
    parts += [
        f"{key} {provenance[key]}"
        for key in ("rare", "version", "commit")
        if isinstance(provenance.get(key), str)
    ]
    return " · ".join(map(str, parts))


def _drawn_run(results: Run | Compare) -> Run:
    """The run in figures of a single run: for a comparison, its best one."""
    return results.runs[best_place(results)] if isinstance(results, Compare) else results


def _forecast_sentences(results: Run | Compare) -> list[str]:
    """A sentence on the forecasts; none without forecasts."""
    judged = judge(_drawn_run(results))
    return [forecast_fan.sentence(judged)] if judged is not None else []


def _caption(results: Run | Compare, name: str) -> str:
    judged = judge(_drawn_run(results)) if name == "forecast" else None
    text = CAPTIONS[name] if judged is None else forecast_fan.caption(judged)
    return _run_note(results, name) + text


def _run_note(results: Run | Compare, name: str) -> str:
    """For a comparison, the sentence that names the run in a figure of a single run."""
    if not isinstance(results, Compare) or name in ("objective", "slowdown"):
        return ""
    return f"The run of {results.labels[best_place(results)]}, the best. "


def _figure(folder: Path, name: str, caption: str) -> Image:
    """The figure as an image of the page. InputError if it cannot be read."""
    try:
        return small_image(folder, name, caption)
    except OSError as error:
        raise InputError(
            f"{folder}: figure {name} cannot be read ({error.strerror}); draw it again"
        ) from error


def _write(path: Path, text: str) -> Path:
    try:
        write_text(path, text, errors="replace")  # JSON may have lone surrogates, UTF-8 may not
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror or error}); check permissions and free space"
        ) from error
    return path
