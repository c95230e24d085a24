"""Heat maps of a sweep: means, and differences to the baseline paired by repetition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.figures.drawing import style
from experiments.figures.heat_map import HeatMap, State
from experiments.sweep.pages.axis_levels import Level, cut_labels
from experiments.sweep.pages.metric_scale import RELATIVE, MetricScale
from experiments.sweep.pages.sweep_summary import Mean, mean_of
from experiments.sweep.pages.sweep_view import BETWEEN, Group, SweepView
from rare.metric_catalogue import Form

ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
NAME, TITLE = 26, 60  # characters
MOST_PER_CENT = 200.0  # where colours end
WITHIN = 85  # percentile of the sizes of differences at which colours end: a few bad ones leave the rest grey


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: a group, or one repetition of the only group (its place in the summary's values)."""

    names: tuple[str, ...]
    group: Group
    repetition: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of a map, as HeatMap has it."""

    state: State
    value: float = np.nan
    text: str = ""
    bold: bool = False
    corner: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """What a map is made of. axes: what the columns' names are levels of. lines: the rows."""

    view: SweepView
    scale: MetricScale
    columns: Sequence[_Column]
    axes: tuple[str, ...]
    lines: Sequence[Level]

    @property
    def single(self) -> bool:
        """Whether cells are single repetitions."""
        return self.columns[0].repetition is not None

    def values(self, line: Level, column: _Column) -> np.ndarray:
        """The numbers behind a cell: (R, S), NaN where there is none."""
        view = self.view
        values = view.summary.values(self.scale.metric.key, view.combination(line, column.group))
        return values if column.repetition is None else values[column.repetition].reshape(1, 1)

    def incomplete(self, line: Level, column: _Column) -> bool:
        """Whether a cell is a mean of which some repetitions failed."""
        combination = self.view.combination(line, column.group)
        return column.repetition is None and self.view.summary.incomplete(combination)

    def state(self, line: Level, column: _Column) -> State:
        """What a cell without a number is."""
        summary, combination = self.view.summary, self.view.combination(line, column.group)
        if column.repetition is None:
            finished, failed = bool(summary.finished[combination]), bool(summary.failed[combination])
        else:
            finished = summary.ran_at(combination, column.repetition)
            failed = summary.failed_at(combination, column.repetition)
        return State.NULL if finished else State.FAILED if failed else State.ABSENT

    def name(self, text: str) -> str:
        """The title of a map."""
        return f"{style.label(self.view.summary.table.name, TITLE)}: {self.scale.words}{text}"


def heat_maps_of(view: SweepView, scale: MetricScale) -> dict[str, tuple[HeatMap, str]]:
    """The maps by kind, `heat` and `difference`, each with its caption; none of a single column.

    Columns are the groups. With one group they are its repetitions.
    """
    columns, axes = _columns(view)
    if len(columns) < 2:
        return {}
    source = _Source(view, scale, columns, axes, view.rows(scale.metric))
    maps = {"heat": _heat(source)}
    if len(view.lines) > 1:
        maps["difference"] = _difference(source)
    return maps


def _columns(view: SweepView) -> tuple[list[_Column], tuple[str, ...]]:
    """The columns, and the axes that their names are of."""
    summary, axes = view.summary, view.roles.groups
    if len(view.groups) > 1 or summary.repeats < 2:
        return [_Column(_names(view, axes, group), group) for group in view.groups], axes
    repeated = summary.table.replicates
    varying = tuple(name for name in repeated if summary.levels[name].varies)
    columns = [
        _Column(_names(view, varying, [levels[repeated.index(name)] for name in varying]), view.groups[0], at)
        for at, levels in summary.repetitions.items()
    ]
    return columns, varying


def _names(view: SweepView, axes: Sequence[str], levels: Sequence[Level]) -> tuple[str, ...]:
    """The short names of levels, one on each axis."""
    of_axes = [view.summary.levels[name] for name in axes]
    return tuple(
        cut_labels(axis.labels, NAME)[axis.levels.index(level)]
        for axis, level in zip(of_axes, levels, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """Title, label of the colour bar, and where diverging colours end (None: values by magnitude)."""

    title: str
    bar_label: str
    limit: float | None = None


def _made(source: _Source, cells: Sequence[Sequence[_Cell]], look: _Look) -> HeatMap:
    view = source.view
    short = cut_labels([view.line_label(line) for line in view.lines], NAME)
    names = dict(zip(view.lines, short, strict=True))

    def table(part: str, kind: type) -> np.ndarray:
        return np.array([[getattr(cell, part) for cell in row] for row in cells], dtype=kind)

    return HeatMap(
        rows=[names[line] for line in source.lines],
        columns=[column.names for column in source.columns],
        column_axes=source.axes,
        values=table("value", float),
        texts=table("text", object),
        states=table("state", int),
        bold=table("bold", bool),
        corners=table("corner", bool),
        title=look.title,
        bar_label=look.bar_label,
        better=source.scale.metric.better,
        limit=look.limit,
    )


def _marks(cells: Sequence[Sequence[_Cell]], failed: str, null: str) -> str:
    """What hatching, dash, blank and corner mean, as far as they occur."""
    every = [cell for row in cells for cell in row]
    texts = {
        State.FAILED: f"hatched: {failed}",
        State.NULL: f"a dash: {null}",
        State.ABSENT: "blank: not part of the sweep, or not run",
    }
    marks = [text for state, text in texts.items() if any(cell.state == state for cell in every)]
    if any(cell.corner for cell in every):
        marks.append("a corner: some repetitions failed")
    text = "; ".join(marks)
    return f" {text[0].upper()}{text[1:]}." if text else ""


# --- values ---------------------------------------------------------------------------------------------


def _heat(source: _Source) -> tuple[HeatMap, str]:
    scale = source.scale
    cells = [[_value_cell(source, line, column) for column in source.columns] for line in source.lines]
    direction = f" ({scale.direction})" if scale.direction else ""
    heat = _made(source, cells, _Look(source.name(direction), scale.name))
    what = "Single runs" if source.single else "Means over repetitions"
    ranked = scale.metric.better and len(source.lines) > 1 and not source.view.lines_are_numbers
    order = ", the best row by mean rank first" if ranked else ""
    caption = f"{what}: {scale.words}{direction}{order}. Columns: {BETWEEN.join(source.axes)}."
    return heat, caption + _marks(cells, "failed", "without a number")


def _value_cell(source: _Source, line: Level, column: _Column) -> _Cell:
    values, scale = source.values(line, column), source.scale
    if np.isnan(values).all():
        return _Cell(source.state(line, column))
    mean = float(np.nanmean(values))
    text, corner = _short(mean, scale), source.incomplete(line, column)
    return _Cell(State.NUMBER, mean / scale.factor, text, corner=corner)


def _short(value: float, scale: MetricScale) -> str:
    """A number of few characters: 12,345 is 12k."""
    shown = value / scale.factor
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(shown) >= 10 * size:
            return f"{shown / size:.0f}{letter}".replace("-", "−")
    return scale.number(value).replace("-", "−")


# --- differences ----------------------------------------------------------------------------------------


def _difference(source: _Source) -> tuple[HeatMap, str]:
    view, scale = source.view, source.scale
    cells = [[_difference_cell(source, line, column) for column in source.columns] for line in source.lines]
    base = view.line_label(view.baseline)
    percentage = scale.metric.form is Form.SHARE
    unit = (
        f"% of {base}" if scale.metric.form in RELATIVE else "percentage points" if percentage else scale.unit
    )
    sizes = [abs(cell.value) for row in cells for cell in row if cell.state == State.NUMBER and cell.value]
    look = _Look(
        title=source.name(f", difference to {style.label(base, NAME)}"),
        bar_label=f"difference ({unit})" if unit else "difference",
        limit=_limit(sizes, scale),
    )
    kind = "differences to" if source.single else "mean differences, paired by repetition, to"
    words = scale.words[:1].upper() + scale.words[1:]
    caption = f"{words}: {kind} {base}" + (f" ({unit})." if unit else ".")
    caption += " Blue-green: better, brown: worse." if scale.metric.better else ""
    if any(cell.bold for row in cells for cell in row):
        caption += " Bold: the 95 % interval of the difference excludes 0."
    marks = _marks(cells, f"it or {base} failed", f"without a number, or {base} has none or 0")
    return _made(source, cells, look), caption + marks


def _difference_cell(source: _Source, line: Level, column: _Column) -> _Cell:
    mine, base = source.values(line, column), source.values(source.view.baseline, column)
    if np.isnan(mine - base).all():
        return _Cell(_state_of_pair(source, line, column))
    gain = _gain(source, line, column)
    shown = _in_unit(gain.mean or 0.0, mine, base, source.scale)
    if shown is None:
        return _Cell(State.NULL)
    value, text = shown
    if line == source.view.baseline:
        text = "0"
    return _Cell(State.NUMBER, value, text, gain.excludes_zero, source.incomplete(line, column))


def _gain(source: _Source, line: Level, column: _Column) -> Mean:
    """The paired difference of a cell."""
    if column.repetition is None:
        return source.view.difference(source.scale.metric, line, column.group, source.view.baseline)
    return mean_of(source.values(line, column) - source.values(source.view.baseline, column))


def _state_of_pair(source: _Source, line: Level, column: _Column) -> State:
    """What a cell without a difference is: failed if one of the two is."""
    states = {source.state(line, column), source.state(source.view.baseline, column)}
    return State.FAILED if State.FAILED in states else State.ABSENT if State.ABSENT in states else State.NULL


def _in_unit(gain: float, mine: np.ndarray, base: np.ndarray, scale: MetricScale) -> tuple[float, str] | None:
    """A difference as number and text; of forms without an upper end in per cent of the baseline.

    None in per cent of 0. The baseline's mean is that of the repetitions that both have.
    """
    if scale.metric.form not in RELATIVE:
        return gain / scale.factor, scale.number(gain, "+").replace("-", "−")
    if gain == 0:
        return 0.0, "0"
    base_mean = float(base[~np.isnan(mine - base)].mean())
    if base_mean == 0:
        return None
    per_cent = 100 * gain / abs(base_mean)
    return per_cent, _per_cent(per_cent)


def _per_cent(number: float) -> str:
    """A difference in per cent, of few characters: from 1,000 % on as a multiple."""
    if number >= 1000:
        return f"×{1 + number / 100:,.0f}"
    return f"{number:+.{0 if abs(number) >= 10 else 1}f}".replace("-", "−")


def _limit(sizes: Sequence[float], scale: MetricScale) -> float:
    """Where the colours end: a round number that most differences are within."""
    most = float(np.percentile(sizes, WITHIN)) if sizes else 1.0
    power = 10.0 ** np.floor(np.log10(most))
    limit = float(next(step * power for step in ROUND if step * power >= most * (1 - 1e-9)))
    return min(limit, MOST_PER_CENT) if scale.metric.form in RELATIVE else limit
