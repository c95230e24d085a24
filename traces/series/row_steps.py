"""How long each row of a series lasts: one step, or steps that change where rows stay contiguous."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traces.errors import InputError
from traces.numbers.constants import DAY_S
from traces.series.regular import check_order, usual_step_s
from traces.times.stamps import ShowTime, show

# So many equal distances in a row are a step of their own and no gaps.
LEAST_COARSER = 3
LEAST_FINER = 2
# At an end of the file two will do: lost rows would have to be as many, twice, and nowhere else.
LEAST_COARSER_AT_AN_END = 2
# A coarser stretch between finer rows that is shorter than this is a series of lost rows.
LEAST_ENCLOSED = 24
#: Steps that publishers use. 2 h is none: at a step of 1 h, rows 2 h apart have lost every other one.
USUAL_STEPS_S = (60, 300, 600, 900, 1800, 3600, 10800, 21600, 43200, DAY_S)


@dataclass(frozen=True, slots=True)
class RowSteps:
    """usual_s: the most frequent step. length_s: (N,) int64, what each row lasts.

    changes : (row, step before, step from there on) where the step changes
    """

    usual_s: int
    length_s: np.ndarray
    changes: list[tuple[int, int, int]]


def row_steps(
    utc_s: np.ndarray, lines: np.ndarray, stamp: str, path: object, show_time: ShowTime = show
) -> RowSteps:
    """The step in force at each row; of the last row (with stamps at the end: the first), its neighbour's.

    utc_s : (N,) int64, stamps in file order; rows may repeat a stamp
    InputError, with the line, where rows go back in time, or lie neither on a step nor at its end.
    """
    check_order(utc_s, lines, path, show_time)
    first_of = np.append(True, np.diff(utc_s) > 0)
    stamps_s, at = utc_s[first_of], np.cumsum(first_of) - 1
    usual_s = usual_step_s(stamps_s)
    if usual_s is None:
        raise InputError("one time only: at least two rows are needed to know the step", where=path)
    distances = np.diff(stamps_s)
    if stamp == "end":  # a row reaches back to the one before it
        steps_s = _steps_in_force(distances[::-1], usual_s)[::-1]
        length_s = np.append(steps_s[:1], steps_s)
    else:
        steps_s = _steps_in_force(distances, usual_s)
        length_s = np.append(steps_s, steps_s[-1:])
    where = lines[first_of]
    _check_distances(stamps_s, steps_s, length_s, where, path, show_time)
    rows = np.flatnonzero(np.diff(length_s)) + 1
    firsts = np.flatnonzero(first_of)
    changes = [(int(firsts[row]), int(length_s[row - 1]), int(length_s[row])) for row in rows.tolist()]
    return RowSteps(usual_s, length_s[at], changes)


def _steps_in_force(distances: np.ndarray, usual_s: int) -> np.ndarray:
    """(N - 1,) the step that each distance belongs to; gaps take that of the rows before them."""
    if (distances == usual_s).all():
        return distances
    edges = np.flatnonzero(np.diff(distances)) + 1
    begins = np.append(0, edges)
    counts = np.append(edges, len(distances)) - begins
    values = distances[begins]
    steps = values == usual_s
    usual = np.flatnonzero(steps)
    for run in np.flatnonzero(~steps & (counts >= LEAST_FINER)).tolist():
        if values[run] < usual_s:
            steps[run] = True
        elif values[run] in USUAL_STEPS_S:
            at_an_end = run in (0, len(values) - 1)
            enclosed = usual[0] < run < usual[-1]
            least = LEAST_ENCLOSED if enclosed else LEAST_COARSER_AT_AN_END if at_an_end else LEAST_COARSER
            steps[run] = counts[run] >= least
    run_of = np.maximum.accumulate(np.where(steps, np.arange(len(steps)), int(np.argmax(steps))))
    return np.repeat(values[run_of], counts)


def _check_distances(
    stamps_s: np.ndarray, steps_s: np.ndarray, length_s: np.ndarray, lines: np.ndarray, path: object,
    show_time: ShowTime,
) -> None:  # fmt: skip
    """InputError unless every gap is a whole number of the steps on one of its sides.

    steps_s : (N - 1,) the length of the row that each distance belongs to
    """
    distances, before_s, after_s = np.diff(stamps_s), length_s[:-1], length_s[1:]
    rest_s = distances - steps_s
    off_step = np.flatnonzero((rest_s < 0) | ((rest_s % before_s != 0) & (rest_s % after_s != 0)))
    if len(off_step):
        i = int(off_step[0])
        raise InputError(
            f"{show_time(stamps_s[i + 1])} is {distances[i]} s after the row before, "
            f"the step is {steps_s[i]} s: a series needs one step throughout, or another one from where a "
            "row ends: correct the stamp, or split or resample the file",
            where=f"{path}:{lines[i + 1]}",
        )
    gap = rest_s > 0
    run = gap[:-2] & gap[1:-1] & gap[2:] & (np.diff(distances[:-1]) == 0) & (np.diff(distances[1:]) == 0)
    if run.any():
        i = int(np.flatnonzero(run)[0])
        raise InputError(
            f"from here rows are {distances[i]} s apart, elsewhere {steps_s[i]} s, "
            "and whether rows are missing is unclear: complete, split or resample the file",
            where=f"{path}:{lines[i + 1]}",
        )
