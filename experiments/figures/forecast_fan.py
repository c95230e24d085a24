"""Figure of supply forecasts against the actual supply: fans over time, and reliability of the quantiles."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.figures.drawing import style
from experiments.figures.drawing.time_axis import TimeAxis, time_axis
from experiments.figures.forecast_judged import QUANTILES, Judged, judge
from experiments.results.run_folder import Run

DAY_S = 86400
SHORT_S = 3 * DAY_S  # up to this length a fan every 12 h, then one per day
MOST_SHOWN_S = 5 * DAY_S
FANS = ("#0072B2", "#CC79A7")  # alternating, so that neighbours differ
TRUTH = style.DRAW
RELIABLE = "#0072B2"


def draw(run: Run) -> Figure:
    """Figure of some forecasts against the actual supply, with the reliability of their quantiles."""
    judged = judge(run)
    if judged is None:
        return style.say(style.new_figure(3.0), "Forecasts", "No supply was forecast in this run.")
    figure = style.new_figure(4.6)
    style.title(figure, _title(judged))
    if not judged.count:  # perfect forecasts have no reliability
        fans(figure.subplots(), run, judged)
        return figure
    left, right = figure.subplots(1, 2, width_ratios=[2.6, 1])
    fans(left, run, judged)
    reliability(right, judged)
    return figure


def fans(axes: Axes, run: Run, judged: Judged) -> None:
    """Draw medians and 10 to 90 % bands of some issues, and the actual supply."""
    issues_s = shown_issues(judged)
    rows = judged.rows[judged.rows["issue_s"].isin(issues_s)]
    every_s = int(np.diff(issues_s).min()) if len(issues_s) > 1 else MOST_SHOWN_S
    rows = rows[rows["target_s"] < rows["issue_s"] + 2 * every_s]  # at most two fans at any time
    start_s, end_s = float(rows["target_s"].min()), float(rows["target_s"].max() + judged.step_s)
    time_s = run.power["time_s"]
    axis = time_axis(run, float(time_s.iloc[0]), float(time_s.iloc[-1]))
    axis = replace(axis, start_s=max(start_s, axis.start_s), end_s=min(end_s, axis.end_s))
    truth = judged.rows.drop_duplicates("target_s").dropna(subset="truth_w").sort_values("target_s")
    truth = truth[truth["target_s"].between(axis.start_s, axis.end_s)]
    factor, unit = style.watt_unit(float(max(truth["truth_w"].max(), rows["high_w"].max())))
    for place, (issue_s, fan) in enumerate(rows.groupby("issue_s")):
        _fan(axes, fan, axis, judged.step_s, factor, place)
        axes.axvline(
            float(axis.x(float(issue_s))), color=FANS[place % 2], linewidth=0.9, linestyle=(0, (2, 2))
        )
    _hold(axes, truth, "truth_w", axis, judged.step_s, factor, color=TRUTH, linewidth=1.3, label="came")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"wind and sun ({unit})")
    axis.dress(axes)
    style.legend_above(axes)


def _fan(axes: Axes, fan: pd.DataFrame, axis: TimeAxis, step_s: int, factor: float, place: int) -> None:
    colour, first = FANS[place % 2], place == 0
    look: dict[str, Any] = {
        "linewidth": 4.0,
        "alpha": 0.45,
    }  # without a band, the actual supply often covers it
    if (fan["low_w"] < fan["high_w"]).any():
        look = {"linewidth": 1.2}
        axes.fill_between(
            axis.x(_edges(fan, step_s)),
            _step_values(fan["low_w"]) / factor,
            _step_values(fan["high_w"]) / factor,
            step="post",
            color=colour,
            alpha=0.22,
            linewidth=0,
            label="10 to 90 %" if first else None,
        )
    label = "median forecast at the dotted line" if first else None
    _hold(axes, fan, "median_w", axis, step_s, factor, color=colour, label=label, **look)


def _hold(
    axes: Axes, rows: pd.DataFrame, name: str, axis: TimeAxis, step_s: int, factor: float, **look
) -> None:
    if len(rows):
        axes.step(axis.x(_edges(rows, step_s)), _step_values(rows[name]) / factor, where="post", **look)


def _edges(rows: pd.DataFrame, step_s: int) -> np.ndarray:
    return np.append(rows["target_s"].to_numpy(), rows["target_s"].iloc[-1] + step_s)


def _step_values(values: pd.Series) -> np.ndarray:
    return np.append(values.to_numpy(dtype=float), values.iloc[-1])


def shown_issues(judged: Judged) -> np.ndarray:
    """Issue times [s] to draw: one per day or every 12 h; for a long run, only of the days in its middle."""
    issues_s = np.unique(judged.rows["issue_s"].to_numpy())
    span_s = issues_s[-1] - issues_s[0]
    if span_s > MOST_SHOWN_S:
        from_s = issues_s[0] + (span_s - MOST_SHOWN_S) // 2 // DAY_S * DAY_S
        issues_s = issues_s[(issues_s >= from_s) & (issues_s < from_s + MOST_SHOWN_S)]
    every_s, selected = DAY_S if span_s > SHORT_S else DAY_S // 2, [issues_s[0]]
    for issue_s in issues_s:
        if issue_s >= selected[-1] + every_s:
            selected.append(issue_s)
    return np.array(selected)


def reliability(axes: Axes, judged: Judged) -> None:
    """Draw the share of targets at or below each quantile; on the diagonal if calibrated."""
    levels = [level for level, _ in QUANTILES]
    shares, below = judged.shares(), judged.shares_below()
    reliability_axes(axes)
    top, bottom = (np.array([part[level] for level in levels]) for part in (shares, below))
    axes.vlines(levels, bottom, top, color=RELIABLE, linewidth=3, alpha=0.4)
    axes.plot(levels, top, color=RELIABLE, linewidth=1.0, marker="o", markersize=6, clip_on=False)
    for level, share in zip(levels, top, strict=True):
        above = share >= level  # away from the diagonal
        axes.annotate(
            _percent(share),
            (level, share),
            xytext=(-3 if level < 0.2 else -6 if above else 6, 10 if above else -8),
            textcoords="offset points",
            ha="center" if level < 0.2 else "right" if above else "left",
            va="bottom" if above else "top",
            fontsize=9,
        )
    axes.set_title(f"{judged.count:,} targets", fontsize=10, fontweight="normal")


def reliability_axes(axes: Axes) -> None:
    """Set up square axes from 0 to 100 % with the diagonal."""
    axes.set_aspect("equal")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.plot([0, 1], [0, 1], color=style.NEUTRAL, linewidth=1.0, linestyle=(0, (4, 2)))
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_formatter(PercentFormatter(1.0, decimals=0))
        side.set_ticks([0.1, 0.5, 0.9])
    axes.set_xlabel("quantile")
    axes.set_ylabel("share of hours at or below it")


def caption(judged: Judged) -> str:
    """The caption of the figure, with counts and coverage."""
    text = "Forecasts of wind and sun (median and 10 to 90 % band) against what came, in means of "
    text += f"{style.duration(judged.step_s)}; dotted lines are the instants of issue. Of a run longer than "
    text += "five days those in its middle are shown. "
    if judged.foreseen:
        return text + "They are perfect: the scheduler saw the future."
    if not judged.count:
        return text + "The forecasts state no band, so there is no reliability to judge."
    text += (
        f"Right: for {judged.count:,} pairs of issue and target the share at or below each quantile, on the "
        "diagonal if calibrated; a bar reaches down to the share strictly below, where hours without wind or "
        f"sun equal the quantile. The band holds {100 * judged.coverage():.1f} % of these: 80 if calibrated, "
        "more with such ties"
    )
    certain = f"; {judged.certain:,} where the band has no width are left out" if judged.certain else ""
    return f"{text}{certain}. Neighbouring hours and issues are alike, so in a short run this says little."


def sentence(judged: Judged) -> str:
    """A sentence on the forecasts, for the report."""
    if judged.foreseen:
        return "The forecasts were perfect: the scheduler saw the future."
    name = judged.kind or "unnamed"
    if not judged.count:
        return f"Forecasts were of the kind {name}, without a band."
    return (
        f"Forecasts were of the kind {name}; their 10 to 90 % band held {_percent(judged.coverage())} "
        f"of what came (80 % if calibrated; {judged.count:,} targets)."
    )


def _title(judged: Judged) -> str:
    name = f"Forecasts ({judged.kind})" if judged.kind else "Forecasts"
    if judged.foreseen:
        return f"{name}: the scheduler saw the future"
    if not judged.count:
        return f"{name}: no band is given"
    return f"{name}: the 10 to 90 % band held {_percent(judged.coverage())} of what came"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
