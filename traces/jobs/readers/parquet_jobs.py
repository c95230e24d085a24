"""Parquet tables of jobs. The package pyarrow reads and writes them; it is imported when needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from traces.errors import InputError, quoted
from traces.files.documents import reads_file
from traces.files.text import open_file, place
from traces.jobs.job_cells import LARGEST_CELL, Cells, id_list_cell
from traces.jobs.job_mapping import KNOWN, choose
from traces.jobs.job_metadata import KEYS, parse_metadata
from traces.jobs.job_table import JobTable
from traces.jobs.read_options import ReadOptions
from traces.jobs.workload import Workload

if TYPE_CHECKING:
    import pyarrow.parquet

_CHUNK_ROWS = 65536
#: Real tables take at least a bit a cell. A large one that takes far less holds the same values without end.
_MANY_CELLS, _ABSURD_RATIO = 2**24, 100


def pyarrow_parquet() -> ModuleType:
    """The module pyarrow.parquet, or InputError where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise InputError("Parquet files need the package pyarrow", remedy="install it, or use CSV") from error
    return pyarrow.parquet


@reads_file
def read_parquet(path: Path | str, options: ReadOptions) -> Workload:
    """The workload of a Parquet file; errors as in `read_workload`."""
    parquet = pyarrow_parquet()
    from pyarrow import ArrowException

    with open_file(path) as stream:
        if stream.read(2) == b"\x1f\x8b":
            raise InputError(
                "is gzipped, and Parquet is packed in itself", where=place(path), remedy="unpack it (gunzip)"
            )
        stream.seek(0)
        try:
            return _read(path, parquet.ParquetFile(stream), options)
        except InputError:
            raise
        except (ArrowException, OSError, ValueError, OverflowError) as error:
            reason = quoted(str(error).replace("'", ""), 100)
            raise InputError(
                f"is no whole Parquet file ({reason})", where=place(path), remedy="write or fetch it again"
            ) from error


def _read(path: Path | str, file: pyarrow.parquet.ParquetFile, options: ReadOptions) -> Workload:
    mapping, max_bytes = options.mapping, options.max_bytes
    names = list(file.schema_arrow.names)
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"column {quoted(name)} is there twice", where=place(path), remedy="give each name once"
            )
    if file.metadata.num_rows * max(len(names), 1) > max_bytes:  # every cell takes a byte as text
        raise InputError(
            f"holds more than {max_bytes} cells, the limit (max_bytes)", where=place(path), remedy="split it"
        )
    cells = file.metadata.num_rows * max(len(names), 1)
    if cells > max(_MANY_CELLS, _ABSURD_RATIO * Path(path).stat().st_size):
        raise InputError(
            f"unpacks to over {_ABSURD_RATIO} cells a byte, as no trace does",
            where=place(path),
            remedy="write it again",
        )
    stored = file.schema_arrow.metadata or {}
    index, ranges = _pandas_index(stored)
    ranges = {
        name: values
        for name, values in ranges.items()
        if name not in names and len(values) == file.metadata.num_rows and (mapping or name in KNOWN)
    }
    columns_mapping = choose([*ranges, *names], mapping, place(path), index)
    pairs = {key: stored[key.encode()].decode("utf-8", "replace") for key in KEYS if key.encode() in stored}
    table = JobTable(path, columns_mapping, parse_metadata(pairs, f"{place(path)}: metadata"), unit="row")
    first = 1
    lists = {source.column for field, source in columns_mapping.sources.items() if field == "after"}
    in_file = [name for name in columns_mapping.columns() if name in names]
    for batch in file.iter_batches(batch_size=_CHUNK_ROWS, columns=in_file):  # one row group after the other
        rows = batch.num_rows
        cells: dict[str, Cells] = {}
        for name in in_file:
            numbers = _numbers(batch.column(name))
            if numbers is None:
                cells[name] = _cells(path, name, batch.column(name), first, name in lists)
            else:
                cells[name] = numbers
        for name in set(columns_mapping.columns()) & set(ranges):
            cells[name] = [str(value) for value in ranges[name][first - 1 : first - 1 + rows]]
        table.add(np.arange(first, first + rows), cells)
        first += rows
    return table.workload(options)


def _pandas_index(metadata: Mapping[bytes, bytes]) -> tuple[list[str], dict[str, range]]:
    """(columns that store a data frame's index, index ranges by name) from the metadata of pandas.

    Empty where the metadata is missing or not as pandas writes it.
    """
    try:
        levels = json.loads(metadata.get(b"pandas", b"{}"))["index_columns"]
        columns = [level for level in levels if isinstance(level, str)]
        ranges = [level for level in levels if isinstance(level, dict) and level["kind"] == "range"]
        return columns, {
            level["name"]: range(level["start"], level["stop"], level["step"])
            for level in ranges
            if isinstance(level["name"], str)
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], {}


def _numbers(column: pyarrow.Array) -> np.ndarray | None:
    """The column as int64 where it stores whole numbers as JobTable takes them; else None.

    Tens of millions of jobs are read so without a text for each cell.
    """
    import pyarrow

    if not pyarrow.types.is_integer(column.type) or column.null_count or len(column) == 0:
        return None
    numbers: np.ndarray = column.to_numpy(zero_copy_only=False)
    if numbers.min() < 0 or numbers.max() > LARGEST_CELL:
        return None
    return numbers.astype(np.int64)


def _cells(path: Path | str, name: str, column: pyarrow.Array, first: int, lists: bool) -> list[str]:
    """The column as the texts that a CSV file would hold; floats by their shortest exact form.

    lists : a cell may be a list, of job ids
    """
    texts = []
    for row, value in enumerate(column.to_pylist(), first):
        if value is None:
            texts.append("")
        elif isinstance(value, str):
            texts.append(value.strip())
        elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            texts.append(str(int(value)))  # whole numbers beside missing ones are floats in a data frame
        elif isinstance(value, (bool, int, float)):
            texts.append(repr(value))
        elif isinstance(value, Decimal):
            texts.append(format(value, "f"))
        elif lists and isinstance(value, list) and all(type(job) in (int, str) for job in value):
            texts.append(id_list_cell(value))
        else:
            kind = quoted(str(column.type))
            remedy = "text" if isinstance(value, bytes) else "numbers"
            if isinstance(value, (date, time, timedelta)):
                remedy = "seconds as numbers, counted from the start of the trace"
            where = f"{place(path)} row {row}"
            raise InputError(f"column {quoted(name)} holds {kind}", where=where, remedy=f"store {remedy}")
    return texts
