"""Heat maps of a sweep: means, and differences to the baseline paired by repetition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.figures.drawing import style
from experiments.figures.heat_map import HeatMap, State
from experiments.sweep.pages.axis_levels import Level, cut_labels
from experiments.sweep.pages.metric_scale import RELATIVE, MetricScale
from experiments.sweep.pages.sweep_summary import Mean, mean_of
from experiments.sweep.pages.sweep_view import BETWEEN, Group, SweepView
from rare.metric_catalogue import Form

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
    state: State
    value: float = np.nan
    text: str = ""
    bold: bool = False
    corner: bool = False


def heat_maps_of(view: SweepView, scale: MetricScale) -> dict[str, tuple[HeatMap, str]]:
    """The maps by kind, `heat` and `difference`, each with its caption; none of a single column.

    Columns are the groups. With one group they are its repetitions.
    """
    columns, axes = _columns(view)
    if len(columns) < 2:
        return {}
    maps = {"heat": _heat(view, scale, columns, axes)}
    if len(view.lines) > 1:
        maps["difference"] = _difference(view, scale, columns, axes)
    return maps


def _columns(view: SweepView) -> tuple[list[_Column], tuple[str, ...]]:
    """The columns, and the axes that their names are of."""
    summary = view.summary
    if len(view.groups) == 1 and summary.repeats > 1:
        names = tuple(name for name in summary.table.replicates if summary.levels[name].varies)
        group = view.groups[0]
        return [
            _Column(
                tuple(_label(view, name, level) for name, level in _named(view, levels) if name in names),
                group,
                at,
            )
            for at, levels in summary.repetitions.items()
        ], names
    axes = view.roles.groups
    columns = [
        _Column(tuple(_label(view, name, level) for name, level in zip(axes, group, strict=True)), group)
        for group in view.groups
    ]
    return columns, axes


def _named(view: SweepView, levels: tuple[Level, ...]) -> list[tuple[str, Level]]:
    return list(zip(view.summary.table.replicates, levels, strict=True))


def _label(view: SweepView, axis: str, level: Level) -> str:
    labels = view.summary.levels[axis].labels
    return cut_labels(labels, NAME)[labels.index(view.label(axis, level))]


def _heat(
    view: SweepView, scale: MetricScale, columns: list[_Column], axes: tuple[str, ...]
) -> tuple[HeatMap, str]:
    lines = view.ranked_overall(scale.metric)
    cells = [[_value_cell(view, scale, line, column) for column in columns] for line in lines]
    direction = f" ({scale.direction})" if scale.direction else ""
    what = "Single runs" if columns[0].repetition else "Means over repetitions"
    order = ", the best row by mean rank first" if scale.metric.better and len(lines) > 1 else ""
    caption = f"{what} of {scale.words}{direction}{order}. Columns: {BETWEEN.join(axes)}."
    heat = _made(
        view, lines, columns, axes, cells,
        title=f"{style.label(view.summary.table.name, TITLE)}: {scale.words}{direction}",
        bar_label=scale.name, better=scale.metric.better,
    )  # fmt: skip
    return heat, caption + _marks(cells)


def _made(
    view: SweepView, lines: list[Level], columns: list[_Column], axes: tuple[str, ...], cells: list[list[_Cell]],
    *, title: str, bar_label: str, better: int, limit: float | None = None,
) -> HeatMap:  # fmt: skip
    names = dict(
        zip(view.lines, cut_labels([view.line_label(line) for line in view.lines], NAME), strict=True)
    )

    def table(part: str, kind: type) -> np.ndarray:
        return np.array([[getattr(cell, part) for cell in row] for row in cells], dtype=kind)

    return HeatMap(
        rows=[names[line] for line in lines],
        columns=[column.names for column in columns],
        column_axes=axes,
        values=table("value", float),
        texts=table("text", object),
        states=table("state", int),
        bold=table("bold", bool),
        corners=table("corner", bool),
        title=title,
        bar_label=bar_label,
        better=better,
        limit=limit,
    )


def _state(view: SweepView, line: Level, column: _Column) -> State:
    """What a cell without a number is."""
    summary, combination = view.summary, view.combination(line, column.group)
    if column.repetition is not None:
        if summary.failed_at(combination, column.repetition):
            return State.FAILED
        done = bool(summary.finished[combination]) and summary.ran_at(combination, column.repetition)
        return State.NULL if done else State.ABSENT
    if summary.finished[combination]:
        return State.NULL
    return State.FAILED if summary.failed[combination] else State.ABSENT


def _mean(view: SweepView, key: str, line: Level, column: _Column) -> Mean:
    combination = view.combination(line, column.group)
    if column.repetition is None:
        return view.summary.mean(key, combination)
    return mean_of(view.summary.values(key, combination)[column.repetition].reshape(1, 1))


def _value_cell(view: SweepView, scale: MetricScale, line: Level, column: _Column) -> _Cell:
    mean = _mean(view, scale.metric.key, line, column).mean
    if mean is None:
        return _Cell(_state(view, line, column))
    corner = column.repetition is None and view.summary.incomplete(view.combination(line, column.group))
    return _Cell(State.NUMBER, mean / scale.factor, _short(mean, scale), corner=corner)


def _short(value: float, scale: MetricScale) -> str:
    """A number of few characters: 12,345 is 12k."""
    shown = value / scale.factor
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(shown) >= 10 * size:
            return f"{shown / size:.0f}{letter}".replace("-", "−")
    return scale.number(value).replace("-", "−")


# --- differences ----------------------------------------------------------------------------------------


def _difference(
    view: SweepView, scale: MetricScale, columns: list[_Column], axes: tuple[str, ...]
) -> tuple[HeatMap, str]:
    lines = view.ranked_overall(scale.metric)
    cells = [[_difference_cell(view, scale, line, column) for column in columns] for line in lines]
    base = view.line_label(view.baseline)
    unit = f"% of {base}" if scale.metric.form in RELATIVE else _points(scale)
    sizes = [abs(cell.value) for row in cells for cell in row if cell.state == State.NUMBER and cell.value]
    heat = _made(
        view, lines, columns, axes, cells,
        title=f"{style.label(view.summary.table.name, TITLE)}: {scale.words}, difference to {style.label(base, NAME)}",
        bar_label=f"difference ({unit})" if unit else "difference",
        better=scale.metric.better, limit=_limit(sizes, scale),
    )  # fmt: skip
    paired = "differences to" if columns[0].repetition else "mean differences, paired by repetition, to"
    caption = f"{scale.name}: {paired} {base}" + (f" ({unit})" if unit else "")
    caption += ". Blue-green: better, brown: worse." if scale.metric.better else "."
    if any(cell.bold for row in cells for cell in row):
        caption += " Bold: the 95 % interval of the difference excludes 0."
    return heat, caption + _marks(cells)


def _points(scale: MetricScale) -> str:
    return "percentage points" if scale.metric.form is Form.SHARE else scale.unit


def _difference_cell(view: SweepView, scale: MetricScale, line: Level, column: _Column) -> _Cell:
    key, summary = scale.metric.key, view.summary
    if column.repetition is None:
        gain = view.difference(scale.metric, line, column.group, view.baseline)
    else:
        at = column.repetition
        mine, base = (
            summary.values(key, view.combination(each, column.group))[at] for each in (line, view.baseline)
        )
        gain = mean_of((mine - base).reshape(1, 1))
    if gain.mean is None:
        state = _state(view, line, column)
        if state == State.NULL:  # it has a number perhaps, but the baseline has none
            state = _state(view, view.baseline, column)
        return _Cell(state)
    corner = column.repetition is None and summary.incomplete(view.combination(line, column.group))
    bold = gain.excludes_zero
    if scale.metric.form not in RELATIVE:
        text = scale.number(gain.mean, "+").replace("-", "−")
        return _Cell(
            State.NUMBER, gain.mean / scale.factor, "0" if line == view.baseline else text, bold, corner
        )
    base_mean = _paired_base(view, scale, line, column)
    if base_mean == 0:
        return _Cell(State.NUMBER, 0.0, "0", bold, corner) if gain.mean == 0 else _Cell(State.NULL)
    per_cent = 100 * gain.mean / abs(base_mean)
    return _Cell(State.NUMBER, per_cent, "0" if line == view.baseline else _per_cent(per_cent), bold, corner)


def _paired_base(view: SweepView, scale: MetricScale, line: Level, column: _Column) -> float:
    """The baseline's mean over the repetitions that both have."""
    mine, base = (
        view.summary.values(scale.metric.key, view.combination(each, column.group))
        for each in (line, view.baseline)
    )
    if column.repetition is not None:
        return float(base[column.repetition])
    return float(base[~np.isnan(mine) & ~np.isnan(base)].mean())


def _per_cent(number: float) -> str:
    if number == 0:
        return "0"
    if number >= 1000:
        return f"×{1 + number / 100:,.0f}"
    return f"{number:+.0f}".replace("-", "−") if abs(number) >= 10 else f"{number:+.1f}".replace("-", "−")


def _limit(sizes: list[float], scale: MetricScale) -> float:
    """Where the colours end: a round number that most differences are within."""
    most = float(np.percentile(sizes, WITHIN)) if sizes else 1.0
    power = 10.0 ** np.floor(np.log10(most))
    limit = float(next(step * power for step in (1, 2, 5, 10) if step * power >= most * (1 - 1e-9)))
    return min(limit, MOST_PER_CENT) if scale.metric.form in RELATIVE else limit


def _marks(cells: list[list[_Cell]]) -> str:
    """What hatching, dash, blank and corner mean, as far as they occur."""
    every = [cell for row in cells for cell in row]
    texts = {
        State.FAILED: "hatched: failed",
        State.NULL: "a dash: without a number",
        State.ABSENT: "blank: not part of the sweep, or not run",
    }
    marks = [text for state, text in texts.items() if any(cell.state == state for cell in every)]
    if any(cell.corner for cell in every):
        marks.append("a corner: some repetitions failed")
    text = "; ".join(marks)
    return f" {text[0].upper()}{text[1:]}." if text else ""
