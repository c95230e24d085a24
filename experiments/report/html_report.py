"""One self-contained report.html from a run folder or a comparison folder, and from nothing else."""

from pathlib import Path
from typing import Any

from experiments.figures import best_place, draw_compare, draw_run, figure_names, forecast_fan
from experiments.figures.forecast_judged import judge
from experiments.process.atomic_output import LEARNING
from experiments.report.learned_facts import learning_section
from experiments.report.metric_tables import compare_table, privileged, run_table
from experiments.report.narrative import compare_sentences, run_sentences
from experiments.report.page_templates import Image, indented_json, render_page, small_image
from experiments.results.run_folder import Compare, Run, is_compare, load_compare, load_run
from traces.errors import InputError
from traces.files.atomic import write_text

NO_METRICS = "This run stored no metrics to tell of."
CAPTIONS = {
    "objective": "Value earned as a share of the value offered, and left of zero what was taken off: "
    "penalties, grid cost and the price of carbon. The diamond is the objective; the sum is on the right. "
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
    "gantt": "Jobs under the power curve: one bar per job where there are few; with many, the cores at "
    "work by size of job, and the cores that waiting and suspended jobs ask for.",
    "forecast": "No supply was forecast.",
    "queue": "Jobs in the queue, jobs running and cores in use over time.",
}


def write_report(folder: str | Path, redraw: bool = True) -> Path:
    """Write report.html into a run or comparison folder and return its path.

    Draws the figures first; with `redraw` false those in the folder are used if they are all there.
    Raises InputError for folders that are missing, damaged or cannot be written.
    """
    folder = Path(folder)
    whole: Run | Compare = load_compare(folder) if is_compare(folder) else load_run(folder)
    _read_tables(whole)
    names = figure_names(whole)
    complete = all(
        (folder / "figures" / f"{name}{suffix}").is_file() for name in names for suffix in (".png", ".svg")
    )
    if redraw or not complete:
        if isinstance(whole, Compare):
            draw_compare(whole)
        else:
            draw_run(whole)
    page = render_page(
        "report.html.j2",
        **(_of_comparison(whole) if isinstance(whole, Compare) else _of_single_run(whole)),
        title=_title(whole),
        learned=learning_section(folder / LEARNING),
        figures=[_figure(folder / "figures", name, _caption(whole, name)) for name in names],
        provenance=indented_json(whole.provenance),
        config=indented_json(whole.config),
    )
    return _write(folder / "report.html", page)


def _read_tables(whole: Run | Compare) -> None:
    """Read what is drawn before anything is, so that a damaged table leaves no half of a report."""
    figured = _of_run(whole)
    tables = [run.jobs for run in whole.runs] if isinstance(whole, Compare) else [whole.jobs]
    tables += [figured.events, figured.power, *([] if figured.forecast is None else [figured.forecast])]
    del tables  # each run keeps its own


def _title(whole: Run | Compare) -> str:
    scenario = whole.scenario or "run"
    if isinstance(whole, Compare):
        return f"{scenario}: {len(whole.results)} schedulers compared"
    return f"{scenario}: {whole.scheduler or 'one run'}"


def _of_comparison(compare: Compare) -> dict[str, Any]:
    """What the page of a comparison says above its figures."""
    return {
        "origin_line": _origin_line({"seed": compare.results[0].get("seed")}, compare.provenance),
        "sentences": [*compare_sentences(compare), *_forecast_words(compare)] or [NO_METRICS],
        "tables_title": "Results",
        "tables": compare_table(compare),
    }


def _of_single_run(run: Run) -> dict[str, Any]:
    """What the page of a run says above its figures."""
    return {
        "origin_line": _origin_line(run.result, run.provenance),
        "sentences": [*run_sentences(run), *_forecast_words(run)] or [NO_METRICS],
        "tables_title": "Metrics",
        "tables": run_table(run.metrics, privileged(run.result)),
    }


def _origin_line(result: dict[str, Any], provenance: dict[str, Any]) -> str:
    """Seed, ending and version, as far as they are known."""
    parts = [f"seed {result['seed']}"] if result.get("seed") is not None else []
    parts += [f"ended: {result['ended']}"] if result.get("ended") else []
    parts += [
        f"{key} {provenance[key]}"
        for key in ("rare", "version", "commit")
        if isinstance(provenance.get(key), str)
    ]
    return " · ".join(map(str, parts))


def _of_run(whole: Run | Compare) -> Run:
    """The run that figures of one run show: of a comparison, its best."""
    return whole.runs[best_place(whole)] if isinstance(whole, Compare) else whole


def _forecast_words(whole: Run | Compare) -> list[str]:
    """A sentence on the forecasts, where the supply was forecast."""
    judged = judge(_of_run(whole))
    return [forecast_fan.sentence(judged)] if judged is not None else []


def _caption(whole: Run | Compare, name: str) -> str:
    judged = judge(_of_run(whole)) if name == "forecast" else None
    text = CAPTIONS[name] if judged is None else forecast_fan.caption(judged)
    return _whose(whole, name) + text


def _whose(whole: Run | Compare, name: str) -> str:
    """For a comparison, whose run a figure of one run shows."""
    if not isinstance(whole, Compare) or name in ("objective", "slowdown"):
        return ""
    return f"The run of {whole.labels[best_place(whole)]}, the best. "


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
        write_text(path, text, errors="replace")  # lone surrogates can stand in JSON but not in UTF-8
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror or error}); check permissions and free space"
        ) from error
    return path
