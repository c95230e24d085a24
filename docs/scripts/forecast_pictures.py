"""The pictures of docs/results/forecast-reliability.md: reliability of the synthetic quantiles, and one fan chart.

`python -m docs.scripts.forecast_pictures OUT_DIR` writes forecast-reliability.png and forecast-fan.png and
prints the numbers that the page states. Site and plants are those of the scenario `islanded`, in units of
the cluster's peak draw. Of each four weeks two train climatology and the other two are judged, and again
with the two changing places, so that no hour is judged by a climatology that has seen it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from energy.forecasts import Climate, Synthetic
from energy.forecasts.fitting.forecast_scores import by_lead, coverage, fan, reliability
from energy.forecasts.fitting.held_out import test_weeks, train_weeks
from energy.plants.solar import SolarPlant, solar_power
from energy.plants.wind import WindPlant, wind_power
from energy.weather.sites import read_site
from experiments.figures.drawing import style
from rare.scenario.inputs.forecast_inputs import hourly_means

SITE, SOLAR_KW, WIND_KW = "greensboro", 1.6, 1.0
LEVELS = tuple(np.round(np.arange(0.1, 0.95, 0.1), 1))
HOURS, SEEDS = 48, 3
WEEK_H = 168
FAN_DAY = 104  # the first day of the fourth test fortnight of the year
COLOURS = {"wind": "#0072B2", "solar": "#D55E00"}


@dataclass(eq=False)
class Source:
    """Hourly means of one plant over the year [kW]; its forecasters, each with the hours to judge it on."""

    name: str
    actual: np.ndarray
    first_local: object
    made: list[tuple[Synthetic, np.ndarray]] = field(default_factory=list)


def sources() -> list[Source]:
    """Wind and sun of the islanded site, forecast as the scenario does, with nine quantiles."""
    weather = read_site(SITE)
    offset = timedelta(hours=-5)  # the file's local standard time, all year
    found = []
    for name, series in (
        ("wind", wind_power(weather, WindPlant(hub_height_m=135.0), capacity_kw=WIND_KW)),
        ("solar", solar_power(weather, SolarPlant(), capacity_kw=SOLAR_KW)),
    ):
        actual = hourly_means(series) / 1e6
        first = series.start_utc + offset
        source = Source(name, actual, first.replace(tzinfo=None))
        for train, test in _splits(len(actual)):
            climate = Climate.fit(actual, train=train, quantity=name, origin_s=int(first.timestamp()))
            for seed in range(SEEDS):
                forecaster = Synthetic(
                    actual, HOURS, quantity=name, seed=seed, site=SITE, climate=climate, quantiles=LEVELS
                )
                source.made.append((forecaster, test))
        found.append(source)
    return found


def _splits(length: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and test hours: two weeks of four, then the other two."""
    train, test = train_weeks(length), test_weeks(length)
    return [(train, test), (~train, np.roll(test_weeks(length + 4 * WEEK_H), -2 * WEEK_H)[:length])]


def judged(source: Source) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Shares at or below and strictly below each quantile, coverage of 10 to 90 %, and number of targets.

    Over the test hours of both splits, all leads and seeds; targets whose quantiles agree are left out.
    """
    last = len(source.actual) - HOURS
    values, truth = [], []
    for forecaster, test in source.made:
        table = forecaster.table(24, last)
        kept = (by_lead(table, test, 24) > 0) & (table[:, 0] < table[:, -1])
        values.append(table.transpose(0, 2, 1)[kept])
        truth.append(by_lead(table, source.actual, 24)[kept])
    quantiles, came = np.concatenate(values), np.concatenate(truth)
    at_most = reliability(LEVELS, quantiles + 1e-9, came)[:, 1]
    below = reliability(LEVELS, quantiles - 1e-9, came)[:, 1]
    return at_most, below, coverage(quantiles[:, 0] - 1e-9, quantiles[:, -1] + 1e-9, came), len(came)


def draw_reliability(found: list[Source]) -> tuple[Figure, list[str]]:
    """The diagram of nine quantiles, and a line of numbers for each source."""
    figure = style.new_figure(5.0, 5.0)
    axes = figure.subplots()
    axes.set_aspect("equal")
    axes.plot([0, 1], [0, 1], color=style.NEUTRAL, linewidth=1.0, linestyle=(0, (4, 2)), label="calibrated")
    lines = []
    for source in found:
        at_most, below, held, count = judged(source)
        colour = COLOURS[source.name]
        axes.vlines(LEVELS, below, at_most, color=colour, linewidth=4, alpha=0.3)
        axes.plot(LEVELS, at_most, color=colour, marker="o", markersize=5, linewidth=1.0, label=source.name)
        shares = ", ".join(f"{100 * share:.1f}" for share in at_most)
        strict = ", ".join(f"{100 * share:.1f}" for share in below)
        lines.append(
            f"{source.name}: at or below {shares} %; below {strict} %; band {100 * held:.1f} %; of {count:,}"
        )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axis.set_ticks([0.1, 0.3, 0.5, 0.7, 0.9])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("quantile")
    axes.set_ylabel("share of hours at or below it")
    style.legend_above(axes)
    return figure, lines


def draw_fan(found: list[Source]) -> tuple[Figure, list[str]]:
    """One forecast of each source, 10 to 90 % in four bands, against what came."""
    figure = style.new_figure(4.8, 8.0)
    panels = figure.subplots(len(found), 1, sharex=True)
    issue, lines = FAN_DAY * 24, []
    for axes, source in zip(panels, found, strict=True):
        one = fan(source.made[0][0], source.actual, issue)
        first = dates.date2num(source.first_local) + issue / 24
        _fan(axes, one, first + np.arange(-24, HOURS + 1) / 24, source, issue)
        inside = (one["values"][0] <= one["actual"]) & (one["actual"] <= one["values"][-1])
        lines.append(f"{source.name} fan: band holds {int(inside.sum())} of {HOURS} hours")
    locator = dates.AutoDateLocator(minticks=4, maxticks=9)
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))
    panels[-1].set_xlabel("local standard time")
    style.legend_above(panels[0])
    return figure, lines


def _fan(axes: Axes, one: dict[str, np.ndarray], x: np.ndarray, source: Source, issue: int) -> None:
    colour, values = COLOURS["wind"], one["values"]
    for low in range(4):
        axes.fill_between(
            x[24:],
            _held(values[low]),
            _held(values[-1 - low]),
            step="post",
            color=colour,
            alpha=0.17,
            linewidth=0,
            label="10 to 90 %, 20 to 80 %, 30 to 70 %, 40 to 60 %" if low == 0 else None,
        )
    axes.step(x[24:], _held(values[4]), where="post", color=colour, linewidth=1.3, label="median")
    came = source.actual[issue - 24 : issue + HOURS]
    axes.step(x, _held(came), where="post", color=style.DRAW, linewidth=1.3, label="came")
    axes.axvline(x[24], color=colour, linewidth=0.9, linestyle=(0, (2, 2)))
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{source.name}\n(share of peak draw)")


def _held(values: np.ndarray) -> np.ndarray:
    return np.append(values, values[-1])


def write(folder: Path) -> list[str]:
    """Draw both pictures into `folder`; returns the lines of numbers."""
    from PIL import Image

    found, said = sources(), []
    for name, draw in (("forecast-reliability", draw_reliability), ("forecast-fan", draw_fan)):
        with style.drawing():
            figure, lines = draw(found)
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name}.png"
            figure.savefig(path, dpi=style.PNG_DPI, metadata={"Software": None})
        image = (
            Image.open(path)
            .convert("RGB")
            .quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        )
        image.save(path, optimize=True)
        said += [*lines, f"{path.name}: {path.stat().st_size / 1000:.0f} kB"]
    return said


if __name__ == "__main__":
    print("\n".join(write(Path(sys.argv[1]))))
