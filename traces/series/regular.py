"""From stamped rows to one value per step: order, duplicates, step, and gaps under a named policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from traces.errors import InputError, Parameter, Phrase
from traces.numbers.exact import divide_half_even
from traces.times.stamps import ShowTime, show

POLICIES = ("error", "hold", "interpolate", "zero")
MAX_STEPS = 50_000_000
# So many gaps of one length in a row are no gaps: the file goes on at another step.
SAME_GAPS_IN_A_ROW = 3

Count = Callable[[str, int, int, str, str], None]
"""Notes a repair: code, how many, line and value of the first, what was done."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """The policy for gaps, duplicates and daylight saving, and the policies that this kind of file knows."""

    policy: str
    known: tuple[str, ...] = POLICIES

    @property
    def remedy(self) -> Phrase:
        """Remedy of a message: the policies that would repair the gap."""
        policies = tuple(name for name in self.known if name != "error")
        return Phrase("fill with ", Parameter("gaps", policies))


@dataclass(slots=True)
class Rows:
    """Rows of a file, each field (N,): int64 start and length of the step, line, value; missing: bool.

    show_time : how messages print a start, which is in UTC but for local days (TimedFile.even_clock)
    """

    utc_s: np.ndarray
    lines: np.ndarray
    values: np.ndarray
    missing: np.ndarray
    length_s: np.ndarray
    show_time: ShowTime = show

    def keep(self, mask: np.ndarray) -> Rows:
        """The rows where `mask` is true."""
        return replace(
            self,
            utc_s=self.utc_s[mask],
            lines=self.lines[mask],
            values=self.values[mask],
            missing=self.missing[mask],
            length_s=self.length_s[mask],
        )


def usual_step_s(utc_s: np.ndarray) -> int | None:
    """The most frequent distance between neighbouring rows (the smallest of equals); None without any."""
    distances = np.diff(utc_s)
    distances = distances[distances > 0]
    if len(distances) == 0:
        return None
    values, counts = np.unique(distances, return_counts=True)
    return int(values[np.argmax(counts)])


def check_order(utc_s: np.ndarray, lines: np.ndarray, path: object, show_time: ShowTime = show) -> None:
    """InputError, with the line, where rows go back in time."""
    back = np.flatnonzero(np.diff(utc_s) < 0)
    if len(back):
        i = int(back[0]) + 1
        raise InputError(
            f"{show_time(utc_s[i])} comes after {show_time(utc_s[i - 1])}: sort the file by time",
            where=f"{path}:{lines[i]}",
        )


def check_steps(utc_s: np.ndarray, lines: np.ndarray, step_s: int, path: object) -> None:
    """InputError, with the line, where rows go back in time, leave the step or change to another one."""
    check_order(utc_s, lines, path)
    distances = np.diff(utc_s)
    off_step = np.flatnonzero(distances % step_s != 0)
    if len(off_step):
        i = int(off_step[0]) + 1
        raise InputError(
            f"{show(utc_s[i])} is {distances[i - 1]} s after the row before, the step is "
            f"{step_s} s: a series needs one step throughout, so split or resample it",
            where=f"{path}:{lines[i]}",
        )
    gap = distances > step_s
    run = (
        gap[:-2]
        & gap[1:-1]
        & gap[2:]
        & (distances[:-2] == distances[1:-1])
        & (distances[1:-1] == distances[2:])
    )
    if run.any():
        i = int(np.flatnonzero(run)[0]) + 1
        raise InputError(
            f"from here rows are {distances[i - 1]} s apart, elsewhere {step_s} s: "
            "a series needs one step throughout, so split or resample it",
            where=f"{path}:{lines[i]}",
        )


def drop_duplicates(rows: Rows, gaps: Gaps, unit: str, path: object, count: Count) -> Rows:
    """One row per instant: equal values collapse under any policy, unequal ones need 'hold' (the first).

    unit : of the values, for messages
    """
    repeated = np.append(False, np.diff(rows.utc_s) == 0)
    if not repeated.any():
        return rows
    first = int(np.flatnonzero(repeated)[0])
    if gaps.policy == "error":
        # Only 'hold' chooses between different values.
        differ = repeated[1:] & ~rows.missing[1:] & ~rows.missing[:-1] & (np.diff(rows.values) != 0)
        keep = Phrase("keep the first by ", Parameter("gaps", "hold"))
        raise InputError(
            f"{rows.show_time(rows.utc_s[first])} is there twice ({int(repeated.sum())} rows repeat a time)",
            where=f"{path}:{rows.lines[first]}",
            remedy=Phrase("remove one, or ", keep if differ.any() else gaps.remedy),
        )
    for i in np.flatnonzero(repeated):
        if rows.missing[i]:
            rows.missing[i], rows.values[i] = rows.missing[i - 1], rows.values[i - 1]
        elif not rows.missing[i - 1] and rows.values[i] != rows.values[i - 1]:
            if gaps.policy != "hold":
                raise InputError(
                    f"{rows.show_time(rows.utc_s[i])} is there twice with different values "
                    f"({rows.values[i - 1]} and {rows.values[i]} {unit})",
                    where=f"{path}:{rows.lines[i]}",
                    remedy=Phrase("remove one, or keep the first by ", Parameter("gaps", "hold")),
                )
            rows.values[i] = rows.values[i - 1]
    count(
        "duplicate_stamps",
        int(repeated.sum()),
        int(rows.lines[first]),
        rows.show_time(rows.utc_s[first]),
        "one row kept",
    )
    # Values were carried forward, so the last of equal stamps holds the group's result.
    return rows.keep(np.append(~repeated[1:], True))


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps from the first row to the last, those that lie in gaps included; each field (K,) int64.

    start_s, length_s : of each step
    row               : index of the step of each row, (N,)
    """

    start_s: np.ndarray
    length_s: np.ndarray
    row: np.ndarray


def make_grid(rows: Rows, path: object) -> Grid:
    """Every row's own step and, in a gap, steps as long as the row before it (else as the row behind it)."""
    end_s = rows.utc_s + rows.length_s
    gap_s = rows.utc_s[1:] - end_s[:-1]
    before_s, after_s = rows.length_s[:-1], rows.length_s[1:]
    filler_s = np.where(gap_s % before_s == 0, before_s, after_s)
    missing_steps = np.append(gap_s // filler_s, 0)
    steps = len(rows.utc_s) + int(missing_steps.sum())
    if steps > MAX_STEPS:
        raise InputError(
            f"{steps} steps of {int(filler_s.min())} s between the first and the last row: split the file",
            where=path,
        )
    row = np.arange(len(rows.utc_s)) + np.append(0, np.cumsum(missing_steps)[:-1])
    length_s = np.repeat(np.append(filler_s, 0), missing_steps + 1)
    length_s[row] = rows.length_s
    start_s = rows.utc_s[0] + np.append(0, np.cumsum(length_s)[:-1])
    return Grid(start_s, length_s, row)


def fill(rows: Rows, gaps: Gaps, path: object, count: Count) -> tuple[np.ndarray, int, np.ndarray]:
    """(UTC seconds at which each step starts, at which the last ends, int64 value per step), gaps filled.

    Rows are in order, on their steps, and none twice. Leading steps without a value are left out under
    'hold' and 'interpolate', trailing ones under 'interpolate': there is nothing to fill them from.
    """
    grid = make_grid(rows, path)
    steps = len(grid.start_s)
    values = np.zeros(steps, np.int64)
    known = np.zeros(steps, bool)
    values[grid.row], known[grid.row] = rows.values, ~rows.missing
    if not known.any():
        raise InputError("no row has a value: check the columns", where=path)
    ends_s = grid.start_s + grid.length_s
    if known.all():
        return grid.start_s, int(ends_s[-1]), values
    policy = gaps.policy
    if policy == "error":
        raise _first_gap(rows, grid, known, gaps, path)
    _count_gaps(rows, grid, known, policy, count)
    has_value = np.flatnonzero(known)
    first = 0 if policy == "zero" else int(has_value[0])
    last = int(has_value[-1]) + 1 if policy == "interpolate" else steps
    dropped = first + steps - last
    if dropped:
        at_s = int(grid.start_s[0 if first else last])
        count(
            "edge_steps",
            dropped,
            0,
            rows.show_time(at_s),
            "steps at the ends of the file without a value left out",
        )
    start_s, values, known = grid.start_s[first:last], values[first:last], known[first:last]
    if policy == "hold":
        values = values[np.maximum.accumulate(np.where(known, np.arange(len(known)), 0))]
    elif policy == "interpolate":
        _interpolate(values, known, start_s)
    return start_s, int(ends_s[last - 1]), values


def _interpolate(values: np.ndarray, known: np.ndarray, start_s: np.ndarray) -> None:
    """Fills the unknown steps in place, each on the line between its known neighbours, half to even."""
    has_value, unknown = np.flatnonzero(known), np.flatnonzero(~known)
    right = np.searchsorted(has_value, unknown)
    left_at, right_at = has_value[right - 1], has_value[right]
    for i, a, b in zip(unknown.tolist(), left_at.tolist(), right_at.tolist(), strict=True):
        from_s, at_s, to_s = (int(start_s[place]) for place in (a, i, b))
        weighted = int(values[a]) * (to_s - at_s) + int(values[b]) * (at_s - from_s)
        values[i] = divide_half_even(np.array([weighted], dtype=object), to_s - from_s)[0]


def _first_gap(rows: Rows, grid: Grid, known: np.ndarray, gaps: Gaps, path: object) -> InputError:
    first = int(np.flatnonzero(~known)[0])
    later = np.flatnonzero(known[first:])
    last = first + int(later[0]) if len(later) else len(known)
    line = int(rows.lines[np.searchsorted(grid.row, first)])
    to_s = int(grid.start_s[last - 1] + grid.length_s[last - 1])
    length = last - first
    span = f"from {rows.show_time(grid.start_s[first])} to {rows.show_time(to_s)}"
    return InputError(
        f"no value {span} ({length} step{'s' if length > 1 else ''} of {grid.length_s[first]} s; "
        f"{int((~known).sum())} in the whole file)",
        where=f"{path}:{line}",
        remedy=gaps.remedy,
    )


def _count_gaps(rows: Rows, grid: Grid, known: np.ndarray, policy: str, count: Count) -> None:
    present = np.zeros(len(known), bool)
    present[grid.row] = True
    for code, unknown in (("missing_rows", ~present), ("missing_values", present & ~known)):
        if unknown.any():
            first = int(np.flatnonzero(unknown)[0])
            line = int(rows.lines[np.searchsorted(grid.row, first)])
            count(
                code,
                int(unknown.sum()),
                line,
                rows.show_time(grid.start_s[first]),
                f"steps filled by gaps={policy!r}",
            )
