"""Parquet tables of jobs. The package pyarrow reads and writes them; it is imported when needed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from traces.documents import reads_file
from traces.errors import InputError
from traces.job_table import JobTable
from traces.mapping import choose
from traces.metadata import KEYS, parse_metadata
from traces.text import MAX_BYTES, open_file, place
from traces.workload import Workload, shown

_CHUNK_ROWS = 65536
#: Real tables take at least a bit a cell. A large one that takes far less holds the same values without end.
_MANY_CELLS, _ABSURD_RATIO = 2**24, 100


def pyarrow_parquet() -> Any:
    """The module pyarrow.parquet, or InputError where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise InputError("Parquet files need the package pyarrow; install it, or use CSV") from error
    return pyarrow.parquet


@reads_file
def read_parquet(
    path: Path | str, *, mapping: str | Path | None = None, strict: bool = False, max_bytes: int = MAX_BYTES
) -> Workload:
    """The workload of a Parquet file; arguments and errors as in `read_workload`."""
    parquet = pyarrow_parquet()
    from pyarrow import ArrowException

    with open_file(path) as stream:
        try:
            return _read(path, parquet.ParquetFile(stream), mapping, strict, max_bytes)
        except InputError:
            raise
        except (ArrowException, OSError, ValueError, OverflowError) as error:
            reason = shown(str(error).replace("'", ""), 100)
            raise InputError(f"{place(path)}: is no whole Parquet file ({reason}); write it again") from error


def _read(path: Path | str, file: Any, mapping: str | Path | None, strict: bool, max_bytes: int) -> Workload:
    names = list(file.schema_arrow.names)
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{place(path)}: column {shown(name)} is there twice; give each name once")
    if file.metadata.num_rows * max(len(names), 1) > max_bytes:  # every cell takes a byte as text
        raise InputError(f"{place(path)}: holds more than {max_bytes} cells, the limit (max_bytes); split it")
    cells = file.metadata.num_rows * max(len(names), 1)
    if cells > max(_MANY_CELLS, _ABSURD_RATIO * Path(path).stat().st_size):
        raise InputError(
            f"{place(path)}: unpacks to over {_ABSURD_RATIO} cells a byte, as no trace does; write it again"
        )
    chosen = choose(names, mapping, place(path))
    stored = file.schema_arrow.metadata or {}
    pairs = {key: stored[key.encode()].decode("utf-8", "replace") for key in KEYS if key.encode() in stored}
    table = JobTable(path, chosen, parse_metadata(pairs, f"{place(path)}: metadata"), unit="row")
    first = 1
    for batch in file.iter_batches(batch_size=_CHUNK_ROWS, columns=chosen.columns()):
        cells = {name: _cells(path, name, batch.column(name), first) for name in chosen.columns()}
        table.add(list(range(first, first + batch.num_rows)), cells)
        first += batch.num_rows
    return table.workload(strict)


def _cells(path: Path | str, name: str, column: Any, first: int) -> list[str]:
    """The column as the texts that a CSV file would hold; floats by their shortest exact form."""
    out = []
    for row, value in enumerate(column.to_pylist(), first):
        if value is None:
            out.append("")
        elif isinstance(value, str):
            out.append(value.strip())
        elif isinstance(value, (bool, int, float)):
            out.append(repr(value))
        elif isinstance(value, Decimal):
            out.append(format(value, "f"))
        else:
            kind = shown(str(column.type))
            where = f"{place(path)} row {row}"
            raise InputError(f"{where}: column {shown(name)} holds {kind}; store numbers or text")
    return out
