"""What a sweep shows, in sentences: what varied, who is best where, and whether the order changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.sweep.pages.axis_levels import SCHEDULER, Axis, Level, level_of
from experiments.sweep.pages.metric_scale import metric_words
from experiments.sweep.pages.sweep_summary import ENOUGH, SweepSummary
from experiments.sweep.pages.sweep_view import Group, SweepView, pairs_of, rank_agreement
from rare.metric_catalogue import Metric

NAMED = 3  # winners or levels that a sentence names
LITTLE, SOME = 0.8, 0.5  # mean tau from which on the order changes little, or somewhat


def sentences(view: SweepView) -> list[str]:
    """The sentences on top of the report: the winner first."""
    return [
        text
        for text in (
            _best(view),
            _lead(view),
            _without_numbers(view),
            _order(view),
            _varied(view),
            _counts(view),
        )
        if text
    ]


def title(view: SweepView, metric: Metric) -> str:
    """A few words on who is best by a metric, for the title of a figure; empty if nothing is ranked."""
    wins = _wins(view, metric)
    if len(view.lines) < 2 or not wins:
        return ""
    (line, count), *others = wins.most_common()
    if others and others[0][1] == count:
        return "no single best"
    name = view.line_label(line)
    if len(view.groups) == 1:
        return f"{name} is best"
    return (
        f"{name} is best in all {count}"
        if count == len(view.groups)
        else f"{name} is best in {count} of {len(view.groups)}"
    )


def compared(view: SweepView, count: int) -> str:
    """The compared things with their number: `4 schedulers`, `3 levels of supply`."""
    if view.roles.lines == SCHEDULER:
        return f"{count} scheduler{'' if count == 1 else 's'}"
    name = view.roles.lines or "the sweep"
    return f"{count} level{'' if count == 1 else 's'} of {name}"


def group_words(view: SweepView, group: Group) -> str:
    """A group in a sentence: `workload KTH, plant.scale 2`."""
    parts = [
        f"{axis} {view.label(axis, level)}" for axis, level in zip(view.roles.groups, group, strict=True)
    ]
    return ", ".join(parts)


def cell_words(summary: SweepSummary, values: Mapping[str, Any]) -> str:
    """A cell by its values on the axes that vary: `supply CISO, scheduler easy, seed 3`."""
    axes = [axis for axis in summary.levels.values() if axis.varies]
    return (
        ", ".join(f"{axis.name} {axis.label(level_of(values.get(axis.name)))}" for axis in axes) or "the cell"
    )


# --- who is best ----------------------------------------------------------------------------------------


def _best(view: SweepView) -> str:
    if not len(view.summary.table.rows):
        return "No cell has finished, so there is nothing to compare."
    if not view.metrics.drawn:
        return ""
    metric = view.metrics.drawn[0]
    if not metric.better:
        return f"{_capital(metric_words(metric))} is better neither high nor low, so nothing is ranked."
    if len(view.lines) == 1:
        return _best_group(view, metric)
    return _best_line(view, metric) if len(view.groups) == 1 else _most_wins(view, metric)


def _best_group(view: SweepView, metric: Metric) -> str:
    """The best group of a sweep that compares nothing within groups."""
    (line,) = view.lines
    means = {group: view.mean(metric, line, group) for group in view.groups}
    known = {group: mean for group, mean in means.items() if mean.mean is not None}
    best = max(known, key=lambda group: metric.better * (known[group].mean or 0.0))
    where = f" at {group_words(view, best)}" if len(known) > 1 else ""
    kind = "Best mean" if len(known) > 1 else "Mean"
    return f"{kind} {_plain(metric)}: {_mean_words(view, metric, line, best)}{where}."


def _best_line(view: SweepView, metric: Metric) -> str:
    """The winner of the only group."""
    (group,) = view.groups
    winners = view.winners(metric, group)
    names = _listed([view.line_label(line) for line in winners], NAMED)
    text = f"{names} {'has' if len(winners) == 1 else 'share'} the best mean {_plain(metric)}: "
    return f"{text}{_mean_words(view, metric, winners[0], group)}."


def _lead(view: SweepView) -> str:
    """How sure the winners are; empty with several winners of the only group, or without a second."""
    if not view.metrics.drawn:
        return ""
    if len(view.groups) != 1:
        return _sure_cases(view, view.metrics.drawn[0])
    metric, (group,) = view.metrics.drawn[0], view.groups
    if len(view.winners(metric, group)) != 1 or len(view.ranked(metric, group)) < 2:
        return ""
    first, second, *_ = view.ranked(metric, group)
    gain, scale = view.difference(metric, first, group, second), view.scale(metric)
    name = view.line_label(second)
    if gain.mean is None:
        return f"It has no repetition in common with {name}, the second."
    text = f"The difference to {name}, the second, is {scale.number(gain.mean, '+')}"
    if gain.low is None:
        return f"{text}, of {_counted(gain.count, 'repetition')}, too few for an interval."
    chance = "which excludes 0" if gain.excludes_zero else "which includes 0: within chance"
    return f"{text} ({scale.interval(gain, '+')}, {chance})."


def _sure_cases(view: SweepView, metric: Metric) -> str:
    """In how many of several groups the best is surely so; empty where nothing was repeated."""
    if not metric.better or len(view.lines) < 2:
        return ""
    judged = [sure for sure in (decided(view, metric, group) for group in view.groups) if sure is not None]
    if not judged:
        return ""
    return (
        f"The difference of the best to the second, paired by repetition, excludes 0 in {sum(judged)} of "
        f"{_counted(len(judged), 'case')}."
    )


def _most_wins(view: SweepView, metric: Metric) -> str:
    wins = _wins(view, metric)
    ranked = wins.most_common()
    if not ranked:
        return ""
    shown = [f"{view.line_label(line)} in {count}" for line, count in ranked[:NAMED]]
    rest = len(ranked) - NAMED
    shown += [f"{rest} more in fewer or as many"] if rest > 0 else []
    judged = sum(bool(view.winners(metric, group)) for group in view.groups)
    where = f"{_counted(judged, 'case')} ({_axes_words(view)})"
    if len(ranked) == 1 and judged > 1:
        return f"{view.line_label(ranked[0][0])} has the best mean {_plain(metric)} in all {where}."
    text = f"Best mean {_plain(metric)} in {where}: {', '.join(shown)}."
    shared = sum(len(view.winners(metric, group)) > 1 for group in view.groups)
    return text + (f" In {_counted(shared, 'case')} several share it." if shared else "")


def _wins(view: SweepView, metric: Metric) -> Counter[Level]:
    """How many groups each line wins, alone or not; equal counts in the order of the mean ranks."""
    order = view.ranked_overall(metric)
    wins = Counter(line for group in view.groups for line in view.winners(metric, group))
    return Counter({line: wins[line] for line in order if wins[line]})


def decided(view: SweepView, metric: Metric, group: Group) -> bool | None:
    """Whether the interval of the difference to the second excludes 0; None without a second or interval."""
    ranked = view.ranked(metric, group)
    if len(ranked) < 2:
        return None
    gain = view.difference(metric, ranked[0], group, ranked[1])
    return None if gain.low is None else gain.excludes_zero


# --- whether the order changes --------------------------------------------------------------------------


def _order(view: SweepView) -> str:
    """Kendall's tau between groups; empty without two groups that rank two lines."""
    if not view.metrics.drawn or not view.metrics.drawn[0].better or len(view.lines) < 2:
        return ""
    metric = view.metrics.drawn[0]
    matrix = rank_agreement(view, metric)
    pairs = pairs_of(matrix)
    if not pairs:
        return ""
    taus = np.array([tau for _, _, tau in pairs])
    noun = "schedulers" if view.roles.lines == SCHEDULER else f"levels of {view.roles.lines}"
    if taus.min() > 1 - 1e-9:
        return f"The order of the {noun} is the same in all cases."
    mean, (row, column, least) = float(taus.mean()), min(pairs, key=lambda pair: pair[2])
    change = (
        "changes little with" if mean >= LITTLE else "changes somewhat with" if mean >= SOME else "depends on"
    )
    numbers = f"{mean:.2f}" if len(pairs) == 1 else f"{mean:.2f} in the mean and {least:.2f} at least"
    where = ""
    if len(pairs) > 1:
        where = f" ({group_words(view, view.groups[row])} against {group_words(view, view.groups[column])})"
    text = f"The order of the {noun} {change} the case: Kendall's tau between two cases is {numbers}{where}"
    text += "; 1 is the same order, 0 no relation, -1 the reverse."
    return f"{text}{_by_axis(view, matrix)}".replace(" -", " −")


def _by_axis(view: SweepView, matrix: np.ndarray) -> str:
    """Mean tau between groups that differ in one axis alone: which axis changes the order most."""
    means = tau_by_axis(view, matrix)
    if len(means) < 2:
        return ""
    parts = [
        f"{axis} {tau:.2f}".replace("-", "−") for axis, tau in sorted(means.items(), key=lambda pair: pair[1])
    ]
    return f" Where one axis alone differs: {', '.join(parts)}."


def tau_by_axis(view: SweepView, matrix: np.ndarray) -> dict[str, float]:
    """For each axis of the groups the mean tau over the pairs of groups that differ in it alone."""
    taus: dict[str, list[float]] = {}
    for row, column, tau in pairs_of(matrix):
        pair = zip(view.roles.groups, view.groups[row], view.groups[column], strict=True)
        different = [axis for axis, one, other in pair if one != other]
        if len(different) == 1:
            taus.setdefault(different[0], []).append(tau)
    return {axis: float(np.mean(values)) for axis, values in taus.items()}


# --- what was run ---------------------------------------------------------------------------------------


def _varied(view: SweepView) -> str:
    summary = view.summary
    varied = [_axis_words(summary.levels[name]) for name in summary.varying]
    text = f"Varied: {'; '.join(varied)}." if varied else "Nothing was varied."
    repeats = [
        _axis_words(summary.levels[name]) for name in summary.table.replicates if summary.levels[name].varies
    ]
    text += f" Repeated over {'; '.join(repeats)}." if repeats else " Nothing was repeated."
    fixed = [
        f"{name} {summary.levels[name].labels[0]}"
        for name in summary.table.axes
        if len(summary.levels[name].levels) == 1 and summary.levels[name].levels != (None,)
    ]
    return text + (f" The same everywhere: {', '.join(fixed)}." if fixed else "")


def _axis_words(axis: Axis) -> str:
    """An axis with its levels: `supply (CISO, ERCOT)`, of many the first and the last."""
    labels = axis.labels
    if len(labels) > 6:
        return f"{axis.name} ({len(labels)}: {', '.join(labels[:2])}, … {labels[-1]})"
    return f"{axis.name} ({', '.join(labels)})"


def _counts(view: SweepView) -> str:
    summary = view.summary
    finished, failed = len(summary.table.rows), len(summary.table.failures)
    text = f"{_counted(summary.table.cells, 'cell')}: {finished:,} finished"
    text += f", {failed:,} failed" if failed else ", none failed"
    text += f", {summary.not_run:,} not run" if summary.not_run else ""
    holes = sum(map(summary.incomplete, summary.combinations))
    if not holes:
        return f"{text}."
    return (
        f"{text}. In {_counted(holes, 'combination')} some repetitions failed and others did not; their "
        "means are of fewer repetitions, perhaps of easier ones."
    )


def _without_numbers(view: SweepView) -> str:
    if not view.metrics.null or not len(view.summary.table.rows):
        return ""
    names = [f"{metric_words(metric)} ({metric.key})" for metric in view.metrics.null]
    return f"No cell has a number for {', '.join(names)}, so it is not drawn."


def interval_words(view: SweepView) -> str:
    """What the intervals of this sweep mean, or why there are none."""
    summary = view.summary
    axes = [name for name in summary.table.replicates if summary.levels[name].varies]
    if not axes:
        return (
            "Every combination ran once: there are no intervals, and how much of it is chance is not known."
        )
    if summary.repeats < ENOUGH:
        most = _counted(summary.repeats, "repetition")
        return (
            f"A combination has at most {most}. Intervals need {ENOUGH}, so there are none, and small "
            "differences may be chance."
        )
    over, crossed = " and ".join(axes), len(axes) > 1
    method = (
        "a bootstrap that draws both (Owen 2007, doi:10.1214/07-AOAS122)"
        if crossed
        else "the BCa bootstrap (Efron 1987, doi:10.2307/2289144)"
    )
    hole = f", nor where one is missing from the table of {over}" if crossed else ""
    return (
        f"Intervals are 95 % intervals of the mean over {over}, by {method}. They tell how far the mean "
        f"would move with other draws of {over}, and nothing about other workloads or settings. Differences "
        "are taken repetition by repetition, so that what all have in common cancels: two intervals may "
        f"overlap although the difference is sure. There is no interval of fewer than {ENOUGH} "
        f"repetitions{hole}. Of many intervals some exclude 0 by chance, one in twenty where nothing "
        "differs. Chance in means that lie close together also lowers Kendall's tau."
    )


# --- words ----------------------------------------------------------------------------------------------


def _mean_words(view: SweepView, metric: Metric, line: Level, group: Group) -> str:
    mean, scale = view.mean(metric, line, group), view.scale(metric)
    text = scale.with_unit(mean.mean)
    return text if mean.low is None else f"{text} ({scale.interval(mean)})"


def _plain(metric: Metric) -> str:
    """The name of a metric after `mean`: `mean wait` loses its own."""
    return metric_words(metric).removeprefix("mean ")


def _axes_words(view: SweepView) -> str:
    return " × ".join(view.roles.groups)


def _listed(names: Sequence[str], most: int) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
