"""Figures drawn from run folders: each as PNG for pages and SVG for print."""

import math
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from experiments.figures import gantt, objective, queue, slowdown, style, timeline
from experiments.runfolder import Compare, Run, load_compare, load_run

__all__ = ["best_place", "draw_compare", "draw_run"]

RUN_FIGURES: dict[str, Callable[[Run], Figure]] = {
    "timeline": timeline.draw,
    "gantt": gantt.draw,
    "queue": queue.draw,
    "slowdown": slowdown.draw,
}


def draw_run(run_dir: str | Path | Run) -> list[Path]:
    """Draw the figures of one run into its folder `figures`; return the files written.

    Raises InputError for a folder that is damaged or cannot be written.
    """
    run = run_dir if isinstance(run_dir, Run) else load_run(run_dir)
    return _save_all(run.path / "figures", {name: (draw, run) for name, draw in RUN_FIGURES.items()})


def draw_compare(compare_dir: str | Path | Compare) -> list[Path]:
    """Draw the figures of a comparison into its folder `figures`; return the files written.

    The objective and the slowdown of all, and the power and the jobs of the best one.
    Raises InputError for a folder that is damaged or cannot be written.
    """
    compare = compare_dir if isinstance(compare_dir, Compare) else load_compare(compare_dir)
    best = compare.runs[best_place(compare)]
    return _save_all(
        compare.path / "figures",
        {
            "objective": (objective.draw, compare),
            "slowdown": (slowdown.draw_compare, compare),
            "timeline": (timeline.draw, best),
            "gantt": (gantt.draw, best),
            "queue": (queue.draw, best),
        },
    )


def best_place(compare: Compare) -> int:
    """Place of the best result: highest objective, else lowest mean bounded slowdown, else first."""
    metrics = [result["metrics"] for result in compare.results]
    scores = [objective.number(each.get("objective")) for each in metrics]
    if all(score is None for score in scores):
        slow = [objective.number(each.get("mean_bounded_slowdown")) for each in metrics]
        scores = [None if each is None else -each for each in slow]
    ranked = [-math.inf if score is None else score for score in scores]
    return ranked.index(max(ranked))


def _save_all(folder: Path, wanted: dict[str, tuple[Callable, Run | Compare]]) -> list[Path]:
    paths = []
    with style.drawing():
        for name, (draw, source) in wanted.items():
            paths += style.save(draw(source), folder, name)
    return paths
