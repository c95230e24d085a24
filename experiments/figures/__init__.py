"""Figures drawn from run folders: each as PNG for pages and SVG for print."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from experiments.figures import (
    event_response,
    forecast_fan,
    gantt,
    objective_parts,
    power_timeline,
    queue_length,
    slowdown_curve,
)
from experiments.figures.drawing import style
from experiments.results.ranking import order
from experiments.results.run_folder import Compare, Run, load_compare, load_run

__all__ = ["best_place", "draw_compare", "draw_run", "figure_names"]

RUN_FIGURES: dict[str, Callable[[Run], Figure]] = {
    "timeline": power_timeline.draw,
    "forecast": forecast_fan.draw,
    "grid_events": event_response.draw,
    "gantt": gantt.draw,
    "queue": queue_length.draw,
    "slowdown": slowdown_curve.draw,
}
COMPARE_FIGURES: dict[str, Callable[[Compare], Figure]] = {
    "objective": objective_parts.draw,
    "slowdown": slowdown_curve.draw_compare,
}
OF_BEST = ("timeline", "forecast", "grid_events", "gantt", "queue")  # a comparison has these of its best run


def figure_names(results: Run | Compare) -> tuple[str, ...]:
    """Figures of a run or a comparison, in the order of its report."""
    if isinstance(results, Compare):
        best = figure_names(results.runs[best_place(results)])
        return (*COMPARE_FIGURES, *(name for name in OF_BEST if name in best))
    absent = {"forecast": not results.has_forecast, "grid_events": not results.has_grid_events}
    return tuple(name for name in RUN_FIGURES if not absent.get(name, False))


def draw_run(run_dir: str | Path | Run) -> list[Path]:
    """Draw the figures of one run into its folder `figures`; return the files written.

    Raises InputError for a folder that is damaged or cannot be written.
    """
    run = run_dir if isinstance(run_dir, Run) else load_run(run_dir)
    return _save_all(run.path / "figures", {name: (RUN_FIGURES[name], run) for name in figure_names(run)})


def draw_compare(compare_dir: str | Path | Compare) -> list[Path]:
    """Draw the figures of a comparison into its folder `figures`; return the files written.

    Objective and slowdown of all runs; power, forecasts and jobs of the best run.
    Raises InputError for a folder that is damaged or cannot be written.
    """
    compare = compare_dir if isinstance(compare_dir, Compare) else load_compare(compare_dir)
    best = compare.runs[best_place(compare)]
    sources: dict[str, tuple[Callable, Run | Compare]] = {
        name: (COMPARE_FIGURES[name], compare) if name in COMPARE_FIGURES else (RUN_FIGURES[name], best)
        for name in figure_names(compare)
    }
    return _save_all(compare.path / "figures", sources)


def best_place(compare: Compare) -> int:
    """Place of the best result: highest objective, else lowest mean bounded slowdown, else first."""
    return order([result["metrics"] for result in compare.results])[0]


def _save_all(folder: Path, sources: dict[str, tuple[Callable, Run | Compare]]) -> list[Path]:
    paths = []
    with style.drawing():
        for name, (draw, source) in sources.items():
            paths += style.save(draw(source), folder, name)
    return paths
