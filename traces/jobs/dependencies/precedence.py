"""Which job waits for which: predecessors by id, chains of jobs, and cycles among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from traces.errors import InputError, quoted

JobId = int | str


def normal_predecessors(name: str, ids: np.ndarray, after: Iterable[object]) -> np.ndarray:
    """Tuples of ids as an object array, the ids of the kind that `ids` has (int64, or str objects).

    InputError for anything but tuples of whole numbers and texts, and for an id that a tuple names twice.
    """
    numbers = ids.dtype != object
    return array_of_tuples([_normal(name, each, numbers) for each in after])


def _normal(name: str, each: object, numbers: bool) -> tuple[JobId, ...]:
    if not isinstance(each, tuple):
        raise InputError(f"after {quoted(each)} is not a tuple of job ids", where=name)
    if not each:
        return each
    normal = tuple(_normal_id(name, job, numbers) for job in each)
    if len(set(normal)) < len(normal):
        raise InputError(f"after {quoted(each)} names a job twice", where=name)
    return normal


def _normal_id(name: str, job: object, numbers: bool) -> JobId:
    whole = isinstance(job, (int, np.integer)) and not isinstance(job, bool)
    if not whole and not (isinstance(job, str) and job):
        raise InputError(f"after holds {quoted(job)}, which is no job id", where=name)
    if numbers:
        return int(job) if whole or is_number_id(str(job)) else str(job)  # type: ignore[call-overload]
    return str(job)


def array_of_tuples(rows: Sequence[tuple[JobId, ...]]) -> np.ndarray:
    """(J,) object array of these tuples; NumPy alone would make a table of tuples of one length."""
    array = np.empty(len(rows), dtype=object)
    for row, each in enumerate(rows):
        array[row] = each
    return array


def is_number_id(text: str) -> bool:
    """Whether a text id is a whole number written the one usual way, so that it can be stored as one."""
    digits = text.removeprefix("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= 18
    return plain and str(int(text)) == text


def rows_by_id(ids: np.ndarray) -> dict[JobId, int]:
    """Row of each job by its id."""
    return {job: row for row, job in enumerate(ids.tolist())}


def predecessor_rows(rows: Mapping[JobId, int], after: np.ndarray) -> dict[int, list[int]]:
    """Rows of the predecessors of each job that has some in `rows`; ids that are not there are left out."""
    return {
        row: known
        for row, ids in enumerate(after)
        if ids and (known := [rows[job] for job in ids if job in rows])
    }


def refuse_cycles(name: str, ids: np.ndarray, after: np.ndarray) -> None:
    """InputError that names the jobs of a cycle, if there is one."""
    before = predecessor_rows(rows_by_id(ids), after)
    cycle = find_cycle(before)
    if cycle:
        raise InputError(
            cycle_text([ids[row] for row in cycle]), where=name, remedy="leave out one of these dependencies"
        )


def cycle_text(ids: Sequence[object]) -> str:
    """Words for a cycle: each job waits for the next one, the last for the first."""
    named = [quoted(job) for job in ids]
    if len(named) == 1:
        return f"job {named[0]} waits for itself"
    shown = named if len(named) <= 8 else [*named[:7], f"({len(named) - 8} more)", named[-1]]
    return f"jobs wait for each other in a cycle: {' -> '.join([*shown, named[0]])}"


def find_cycle(before: Mapping[int, list[int]]) -> list[int]:
    """Rows of one cycle, each waiting for the next, from the smallest row on; [] where there is none.

    before : row -> rows of its predecessors
    """
    if all(row > max(earlier) for row, earlier in before.items()):
        return []  # as in most traces: jobs wait for jobs above them
    stuck = before.keys() - chain_lengths(before).keys()
    if not stuck:
        return []
    # Every job left over waits for another one left over: following them must come back to one seen.
    path: dict[int, int] = {}
    row = min(stuck)
    while row not in path:
        path[row] = len(path)
        row = min(each for each in before[row] if each in stuck)
    cycle = list(path)[path[row] :]
    first = cycle.index(min(cycle))
    return cycle[first:] + cycle[:first]


def chain_lengths(before: Mapping[int, list[int]]) -> dict[int, int]:
    """Jobs in the longest chain that ends at each row of `before` or of its predecessors, itself counted.

    Rows in a cycle, or behind one, are left out.
    """
    followers: dict[int, list[int]] = {}
    for row, earlier in before.items():
        for each in earlier:
            followers.setdefault(each, []).append(row)
    missing = {row: len(earlier) for row, earlier in before.items()}
    ready = [row for row in followers if row not in missing]
    lengths = dict.fromkeys(ready, 1)
    while ready:
        row = ready.pop()
        for follower in followers.get(row, ()):
            lengths[follower] = max(lengths.get(follower, 0), lengths[row] + 1)
            missing[follower] -= 1
            if missing[follower] == 0:
                ready.append(follower)
    return {row: length for row, length in lengths.items() if not missing.get(row)}
