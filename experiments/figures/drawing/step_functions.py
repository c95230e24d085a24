"""Step functions of time, and their means over bins when there are more steps than pixels."""

from dataclasses import dataclass

import numpy as np

MOST_STEPS = 900
MOST_BINS = 420
NICE_WIDTHS_S = (
    1,
    2,
    5,
    10,
    20,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
    2 * 86400,
    7 * 86400,
    14 * 86400,
    28 * 86400,
)


@dataclass(frozen=True)
class Steps:
    """Columns of values, each constant between neighbouring edges.

    edges_s : (B+1,) seconds; mean, low, high : name -> (B,). `width_s` is the bins' width, or
    None where the steps are the data's own; then low and high equal the mean.
    """

    edges_s: np.ndarray
    mean: dict[str, np.ndarray]
    low: dict[str, np.ndarray]
    high: dict[str, np.ndarray]
    width_s: int | None

    def line(self, name: str, which: str = "mean") -> np.ndarray:
        """(B+1,) values for a drawstyle of steps-post; the last value is repeated."""
        values = getattr(self, which)[name]
        return np.append(values, values[-1])


def view(time_s: np.ndarray, columns: dict[str, np.ndarray], width_s: int | None = None) -> Steps | None:
    """Steps of `columns`, whose values change at `time_s` and hold until the next change.

    The last time is the end; its values are not used. Long series become means over bins, which conserve
    energy: the sum of mean times width is the integral. width_s: width of the bins; None: chosen by length.
    Returns None if no time passes.
    """
    time_s = np.asarray(time_s, dtype=float)
    if len(time_s) < 2:
        return None
    last = np.append(np.diff(time_s) > 0, True)  # the last of several rows at one instant
    time_s = time_s[last]
    columns = {name: np.asarray(values, dtype=float)[last] for name, values in columns.items()}
    if len(time_s) < 2:
        return None
    if len(time_s) <= MOST_STEPS and width_s is None:
        values = {name: column[:-1] for name, column in columns.items()}
        return Steps(time_s, values, values, values, None)
    edges_s, width_s = bin_edges(time_s[0], time_s[-1], width_s=width_s)
    mean = {name: mean_in(edges_s, time_s, column) for name, column in columns.items()}
    ranges = {name: range_in(edges_s, time_s, column) for name, column in columns.items()}
    return Steps(
        edges_s,
        mean,
        {name: pair[0] for name, pair in ranges.items()},
        {name: pair[1] for name, pair in ranges.items()},
        width_s,
    )


def cut(
    time_s: np.ndarray, columns: dict[str, np.ndarray], from_s: float, to_s: float
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The part of a step function between two of its times, in the form that `view` takes."""
    first = max(int(np.searchsorted(time_s, from_s, side="right")) - 1, 0)
    stop = int(np.searchsorted(time_s, to_s, side="left"))
    times = np.concatenate(([from_s], time_s[first + 1 : stop], [to_s]))
    return times, {name: np.append(values[first:stop], values[stop - 1]) for name, values in columns.items()}


def bin_edges(
    start_s: float, end_s: float, most: int = MOST_BINS, width_s: int | None = None
) -> tuple[np.ndarray, int]:
    """Edges from start to end at a round width, and that width; the last bin may be shorter."""
    span_s = end_s - start_s
    fits = [width for width in NICE_WIDTHS_S if span_s / width <= most]
    width_s = width_s or (fits[0] if fits else int(np.ceil(span_s / most / 86400)) * 86400)
    return np.append(np.arange(start_s, end_s, width_s), end_s), width_s


def mean_in(edges_s: np.ndarray, time_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Time-weighted mean of a step function in each bin; NaN counts as zero."""
    step_values = np.nan_to_num(values[:-1])
    integral = np.concatenate(([0.0], np.cumsum(step_values * np.diff(time_s))))
    return np.diff(np.interp(edges_s, time_s, integral)) / np.diff(edges_s)


def range_in(edges_s: np.ndarray, time_s: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value that a step function takes in each bin."""
    step_values = np.append(np.nan_to_num(values[:-1]), 0.0)  # one more, so that every stop is a valid index
    first = np.clip(np.searchsorted(time_s, edges_s[:-1], side="right") - 1, 0, None)
    stop = np.searchsorted(time_s, edges_s[1:], side="left")
    pairs = np.column_stack((first, np.maximum(stop, first + 1))).ravel()
    return np.minimum.reduceat(step_values, pairs)[::2], np.maximum.reduceat(step_values, pairs)[::2]


def levels(from_s: np.ndarray, to_s: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times and total weight of the stretches [from, to) open at each time, as a step function."""
    times = np.concatenate((from_s, to_s))
    changes = np.concatenate((weight, -weight)).astype(float)
    order = np.argsort(times, kind="stable")
    times, total = times[order], np.cumsum(changes[order])
    last = np.append(np.diff(times) > 0, True) if len(times) else np.zeros(0, dtype=bool)
    return times[last], total[last]
