"""The figures of a sweep: small multiples of means, and heat maps of means and of differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from experiments.figures import heat_map, small_multiples
from experiments.figures.drawing import style
from experiments.figures.drawing.panels import scaling_of
from experiments.sweep.pages import sweep_heat_maps, sweep_panels
from experiments.sweep.pages.sweep_view import SweepView
from rare.metric_catalogue import Metric

PANELS, HEAT, DIFFERENCE = KINDS = ("panels", "heat", "difference")
"""What file names of figures begin with."""

MOST_PANELS = 20  # of a figure
MOST_COLUMNS = 48  # of a heat map
MOST_FIGURES = 4  # of one kind and metric


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure: its file stem, what it shows, and of which metric."""

    stem: str
    caption: str
    metric: Metric


def draw_figures(view: SweepView, folder: Path) -> list[Drawn]:
    """Write the figures of all metrics that have numbers, as PNG and SVG, into `folder`."""
    drawn = []
    with style.drawing():
        for metric in view.metrics.drawn:
            for figure, each in (*_panels(view, metric), *_heat_maps(view, metric)):
                style.save(figure, folder, each.stem)
                drawn.append(each)
    return drawn


def _panels(view: SweepView, metric: Metric) -> Iterator[tuple[Figure, Drawn]]:
    scale = view.scale(metric)
    panels = sweep_panels.panels_of(view, scale)
    scaling = scaling_of(panels)
    frame = sweep_panels.frame_of(view, scale, scaling)
    caption = sweep_panels.caption_of(view, scale, panels, scaling)
    draw = small_multiples.draw_lines if view.roles.x else small_multiples.draw_dots
    for place, part, note in _parts(len(panels), MOST_PANELS):
        figure = draw([panels[each] for each in part], frame)
        yield figure, Drawn(_stem(PANELS, metric, place), caption + note, metric)


def _heat_maps(view: SweepView, metric: Metric) -> Iterator[tuple[Figure, Drawn]]:
    for kind, (heat, caption) in sweep_heat_maps.heat_maps_of(view, view.scale(metric)).items():
        for place, part, note in _parts(heat.values.shape[1], MOST_COLUMNS):
            figure = heat_map.draw(heat.part(part))
            yield figure, Drawn(_stem(kind, metric, place), caption + note, metric)


def _stem(kind: str, metric: Metric, place: int) -> str:
    return f"{kind}-{metric.key}" + (f"-{place + 1}" if place else "")


def _parts(count: int, most: int) -> Iterator[tuple[int, range, str]]:
    """The places 0 to count in at most MOST_FIGURES parts of about equal size, none larger than `most`.

    Each with its number and a note for its caption.
    """
    parts = max(1, -(-count // most))
    size = -(-count // parts)
    for place in range(min(parts, MOST_FIGURES)):
        note = "" if parts == 1 else f" Part {place + 1} of {parts}."
        if place == MOST_FIGURES - 1 and parts > MOST_FIGURES:
            note += " The other parts are not drawn; summary.csv has their numbers."
        yield place, range(place * size, min((place + 1) * size, count)), note
