"""The forecasts of a scenario, as the table that the simulation reads (RULES §10).

Wind and sun are forecast apart and added: medians as they are, the distances of the 10 and 90 % quantiles
in quadrature, as for independent errors.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rare.model import Forecast
from rare.scenario.config.scenario_config import ForecastTable
from rare.scenario.kept_arrays import find, keep
from traces.series.held import HeldSeries

if TYPE_CHECKING:
    from energy.forecasts import Climate

STEP_S = 3600


@dataclass(frozen=True, slots=True)
class Quantity:
    """A forecast quantity: hourly means from the timeline's start on."""

    kind: str  # wind, solar, supply, price, carbon
    means: np.ndarray


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a run is, on the supply's calendar.

    start_s    : second of the workload's clock at which the series begin
    begin_s, end_s : of the run, on the workload's clock
    origin_s   : Unix second of the start, plus the site's offset, so that days are local
    train      : which hours of the year climatologies may see; None: all
    """

    start_s: int
    begin_s: int
    end_s: int
    origin_s: int
    site: str
    train: np.ndarray | None = None


def hourly_means(series: HeldSeries) -> np.ndarray:
    """Means of the whole hours from the series' start on (float64)."""
    values = np.asarray(series.values, dtype=np.float64)
    edges = np.append(series.change_s, series.end_s)
    total = np.concatenate([[0.0], np.cumsum(values * np.diff(edges))])
    hours = np.arange(series.end_s // STEP_S + 1) * STEP_S
    return np.diff(np.interp(hours, edges, total)) / STEP_S


def make_forecast(
    table: ForecastTable,
    quantities: list[Quantity],
    time: Timeline,
    day_ahead: Quantity | None,
    constant: dict[str, int] | None = None,
) -> Forecast:
    """The forecasts issued during the run.

    given    : the day-ahead series of the supply, if there is one
    constant : price and carbon intensity that never change, in micro-units; they stay as they are
    """
    first, last = _hours(quantities, time)
    key = _key(table, quantities, time, day_ahead, constant or {})
    values = find(key)
    if values is None:
        values = _tables(table, quantities, time, day_ahead, constant or {})
        keep(key, values)
    median, low, high, price, carbon = values
    return Forecast(
        table.kind, int(time.start_s + first * STEP_S), STEP_S, STEP_S, median, low, high, price, carbon
    )  # fmt: skip


def _hours(quantities: list[Quantity], time: Timeline) -> tuple[int, int]:
    """First and last + 1 of the hours in which forecasts come out."""
    first = (time.begin_s - time.start_s) // STEP_S
    hours = min(len(quantity.means) for quantity in quantities)
    first = min(first, hours - 1)  # a supply may end within the hour in which the run begins
    return first, max(first + 1, min(-(-(time.end_s - time.start_s) // STEP_S), hours))


def _key(
    table: ForecastTable,
    quantities: list[Quantity],
    time: Timeline,
    day_ahead: Quantity | None,
    constant: dict[str, int],
) -> list[str | bytes]:
    """All that the forecasts depend on, for rare.scenario.kept_arrays."""
    key: list[str | bytes] = ["forecast", table.model_dump_json(), repr(sorted(constant.items())), time.site]
    key.append(repr([int(each) for each in (time.start_s, time.begin_s, time.end_s, time.origin_s)]))
    key.append(b"all" if time.train is None else time.train.tobytes())
    for quantity in [*quantities, *filter(None, [day_ahead])]:
        key += [quantity.kind, str(quantity.means.dtype), quantity.means.tobytes()]
    return key


def _tables(
    table: ForecastTable,
    quantities: list[Quantity],
    time: Timeline,
    day_ahead: Quantity | None,
    constant: dict[str, int],
) -> np.ndarray:
    """(5, I, H) int64: median, low and high supply [mW], price and carbon intensity [micro-units]."""
    first, last = _hours(quantities, time)
    sums = {name: np.zeros((last - first, 3, table.hours)) for name in ("supply", "price", "carbon")}
    for name, value in constant.items():
        sums[name] += value
    spread = np.zeros((2, *sums["supply"][:, 0].shape))
    for quantity in quantities:
        target = quantity.kind if quantity.kind in ("price", "carbon") else "supply"
        present = quantity.means[first:last] if target != "supply" else np.zeros(last - first)
        values = _filled(_forecaster(table, quantity, time, day_ahead).table(first, last), present)
        sums[target] += values
        if target == "supply":
            spread += np.square([values[:, 1] - values[:, 0], values[:, 2] - values[:, 1]])
    median = sums["supply"][:, 1]
    low, high = median - np.sqrt(spread[0]), median + np.sqrt(spread[1])
    price, carbon = sums["price"][:, 1], np.maximum(sums["carbon"][:, 1], 0)
    return np.rint([np.maximum(median, 0), np.maximum(low, 0), high, price, carbon]).astype(np.int64)


def _filled(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Targets past the end of the series hold the last one known.

    present : (I,) what an issue that knows nothing yet says: no supply to count on, and the rate of its own
              hour, for a price of 0 would be worth waiting for
    """
    unknown = np.isnan(values)
    if not unknown.any():
        return values
    place = np.where(unknown, 0, np.arange(values.shape[-1]))
    filled = np.take_along_axis(values, np.maximum.accumulate(place, axis=-1), axis=-1)
    return np.where(np.isnan(filled), present[:, None, None], filled)


FITTED_CLIMATES = 16
_climates: OrderedDict[bytes, Climate] = OrderedDict()


def _climate(means: np.ndarray, train: np.ndarray, quantity: str, origin_s: int) -> Climate:
    """The climatology of a series. The last few are kept: the windows and seeds of a scenario share it."""
    from energy import forecasts

    digest = hashlib.sha256(np.ascontiguousarray(means).tobytes())
    digest.update(np.packbits(train).tobytes())
    digest.update(f"{quantity} {origin_s} {means.dtype} {len(means)}".encode())
    key = digest.digest()
    if key not in _climates:
        _climates[key] = forecasts.Climate.fit(means, train=train, quantity=quantity, origin_s=origin_s)
        if len(_climates) > FITTED_CLIMATES:
            _climates.popitem(last=False)
    _climates.move_to_end(key)
    return _climates[key]


def _forecaster(table: ForecastTable, quantity: Quantity, time: Timeline, day_ahead: Quantity | None):
    from energy import forecasts

    means, steps = quantity.means, table.hours
    train = np.ones(len(means), dtype=bool)
    if time.train is not None:
        train = np.resize(time.train, len(means)) & (np.arange(len(means)) < len(time.train))
    kind = table.kind
    if kind == "day-ahead":
        if quantity.kind in ("price", "carbon") or day_ahead is None:
            kind = "daily-persistence"
        else:
            return forecasts.DayAhead(
                means, day_ahead.means, steps, quantity=quantity.kind, train=train,
                issue_hour=table.issue_hour, origin_s=time.origin_s,
            )  # fmt: skip
    makers: dict[str, Callable[[], forecasts.Forecaster]] = {
        "perfect": lambda: forecasts.PerfectForecast(means, steps),
        "persistence": lambda: forecasts.Persistence(means, steps, quantity=quantity.kind, train=train),
        "daily-persistence": lambda: forecasts.Persistence(
            means, steps, quantity=quantity.kind, daily=True, train=train
        ),
        "climatology": lambda: forecasts.Climatology(
            len(means),
            steps,
            climate=_climate(means, train, quantity.kind, time.origin_s),
        ),
        "synthetic": lambda: forecasts.Synthetic(
            means, steps, quantity=quantity.kind, seed=table.seed, site=time.site,
            climate=_climate(means, train, quantity.kind, time.origin_s),
        ),
    }  # fmt: skip
    return makers[kind]()
