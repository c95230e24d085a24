"""Columns of texts and of job ids: checked, and as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from traces.errors import InputError, quoted
from traces.jobs.dependencies.precedence import is_number_id


def ids_column(name: str, ids: np.ndarray) -> np.ndarray:
    """Job ids as int64 where all are whole numbers, else as texts. InputError for others."""
    array = np.asarray(ids)
    if len(array) == 0:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind in "iu" and array.max() <= np.iinfo(np.int64).max:
        return array.astype(np.int64, copy=False)
    texts = texts_column(name, "job_id", array)
    if all(is_number_id(text) for text in texts):
        return np.array([int(text) for text in texts], dtype=np.int64)
    return texts


def repeated_ids(ids: np.ndarray) -> np.ndarray:
    """Which ids (J,), int64 or texts, an earlier job has: (J,) bool."""
    repeated = np.zeros(len(ids), dtype=bool)
    if ids.dtype == object:
        if len(set(ids.tolist())) < len(ids):
            seen: set[object] = set()
            for row, text in enumerate(ids):
                repeated[row] = text in seen
                seen.add(text)
    elif not (ids[1:] > ids[:-1]).all():  # most traces count their jobs
        order = np.argsort(ids, kind="stable")
        repeated[order[1:]] = ids[order[1:]] == ids[order[:-1]]
    return repeated


def texts_column(name: str, column: str, values: np.ndarray) -> np.ndarray:
    """Strings as an object array; control characters and outer spaces would not survive a CSV file."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    for text in _distinct(array):
        empty = column == "job_id" and text == ""
        if not isinstance(text, str) or not (text.isprintable() and text == text.strip()) or empty:
            raise InputError(
                f"{column} {quoted(text)} is not a plain, printable text without outer spaces", where=name
            )
    return array


def _distinct(array: np.ndarray) -> Iterable[object]:
    """The distinct objects of an array in order of appearance; all of them where some have no hash."""
    try:
        return dict.fromkeys(array.tolist())  # not pandas.unique: importing it takes a quarter of a second
    except TypeError:
        return array
