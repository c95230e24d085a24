"""Reading a workload of any format, and writing one as CSV or Parquet."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from traces.errors import InputError
from traces.files.atomic import replacing
from traces.files.documents import reads_file
from traces.files.text import MAX_BYTES, place, refuse_os
from traces.jobs.dependencies.selected_chains import cut_chains
from traces.jobs.job_cells import id_list_cell
from traces.jobs.job_formats import JOB_FORMATS, formats_of_suffix, job_format, read_jobs
from traces.jobs.job_metadata import metadata_of
from traces.jobs.read_options import ReadOptions
from traces.jobs.readers.parquet_jobs import pyarrow_parquet
from traces.jobs.workload import (
    FULLY_SENSITIVE,
    NO_CANCEL_S,
    NO_DEADLINE_S,
    NO_POWER,
    NO_VALUE,
    Workload,
)

if TYPE_CHECKING:
    import pyarrow

#: field -> (column of Workload, its unit in whole numbers per unit written, the value for none)
_WRITTEN: dict[str, tuple[str, int, int | None]] = {
    "job_id": ("job_id", 1, None),
    "submit_s": ("submit_s", 1, None),
    "cores": ("cores", 1, None),
    "work_s": ("work_s", 1, None),
    "estimate_s": ("estimate_s", 1, None),
    "gpus": ("gpus_milli", 1000, 0),
    "memory_gib": ("memory_mib", 1024, 0),
    "power_w": ("power_mw", 1000, NO_POWER),
    "value": ("value_u", 10**6, NO_VALUE),
    "deadline_s": ("deadline_s", 1, NO_DEADLINE_S),
    "preemptible": ("preemptible", 1, None),
    "partition": ("partition", 1, None),
    "service_class": ("service_class", 1, None),
}
#: The same of columns that are written only where a job says something.
_WRITTEN_RARE: dict[str, tuple[str, int, int | None]] = {
    "sensitivity": ("sensitivity_milli", 1000, FULLY_SENSITIVE),
    "cancel_s": ("cancel_s", 1, NO_CANCEL_S),
    "after": ("after", 1, None),
    "after_kind": ("after_any", 1, None),
    "think_s": ("think_s", 1, 0),
    "user": ("user", 1, None),
    "group": ("group", 1, None),
    "account": ("account", 1, None),
    "qos": ("qos", 1, None),
    "nice": ("nice", 1, 0),
}


@reads_file
def read_workload(
    path: Path | str,
    *,
    format: str | None = None,
    mapping: str | Path | None = None,
    strict: bool = False,
    max_bytes: int = MAX_BYTES,
    cancellations: str = "skip",
    dependencies: str = "ignore",
) -> Workload:
    """The jobs of a trace file, plain or gzipped, in submit order.

    format : a name in `traces.jobs.job_formats.JOB_FORMATS`; None: by the file's suffix, else its content
    mapping : 'openb', 'gaia' or a TOML file that says what the columns of a foreign table mean;
              None: our own columns, or the built-in mapping that fits the column names
    strict : the first repair or skip is an error
    max_bytes : cap on the unpacked size of the file
    cancellations : 'skip' leaves out jobs that their users gave up while they waited; 'replay' keeps them,
              with `cancel_s`
    dependencies : 'ignore' reads no job as waiting for another; 'wait' fills `after`, `after_any`, `think_s`

    InputError, with file and line, where the file cannot be read. Format: docs/reference/workload-format.md.
    """
    if max_bytes < 1:
        raise InputError(f"max_bytes is {max_bytes}", remedy="give 1 or more")
    options = ReadOptions(mapping, strict, max_bytes, cancellations, dependencies)
    return read_jobs(job_format(path, format), Path(path), options)


def write_workload(workload: Workload, path: Path | str) -> None:
    """Write a workload as CSV (.csv, .csv.gz) or Parquet (.parquet), whole or not at all.

    `read_workload` gives back the same jobs, header and content hash; of jobs with `cancel_s` or `after`
    it does where it is asked to replay and to wait. InputError: unknown suffix, the folder cannot be
    written to, or a job waits for one that is not in the workload.
    """
    kind = next((entry.name for entry in formats_of_suffix(path)), None)
    if kind not in JOB_FORMATS.built_in:
        raise InputError("unknown format", where=place(path), remedy="name it .csv, .csv.gz or .parquet")
    if kind == "swf":
        raise InputError(
            "SWF cannot hold all fields of a job", where=place(path), remedy="write .csv or .parquet"
        )
    cut = cut_chains(workload)
    if cut:
        raise InputError(
            f"jobs wait for others that are not in the workload ({cut})",
            where=place(path),
            remedy="write what without_missing_predecessors(workload) gives",
        )
    packed = Path(path).suffix.lower() == ".gz"
    if packed and kind == "parquet":
        raise InputError("Parquet is compressed already", where=place(path), remedy="drop the .gz")
    if kind == "parquet":
        replace_file(path, lambda stream: _write_parquet(workload, stream))
    elif packed:
        replace_file(path, lambda stream: _write_packed(workload, stream))
    else:
        replace_file(path, lambda stream: _write_csv(workload, stream))


def replace_file(path: Path | str, write: Callable[[BinaryIO], object]) -> None:
    """Replace a user's file atomically by what `write` puts into the stream. InputError if that fails."""
    try:
        with replacing(path) as partial, partial.open("wb") as stream:
            write(stream)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        refuse_os(path, error, "write")


def _columns(jobs: Workload) -> dict[str, tuple[np.ndarray, int, int | None]]:
    """field -> (values, scale, value for none) of the columns to write, without empty ones."""
    written = {}
    for name, (column, scale, none) in _WRITTEN.items():
        values = getattr(jobs, column)
        if values is not None and not (none is not None and (values == none).all()):
            written[name] = (values, scale, none)
    if jobs.preemptible.all():
        del written["preemptible"]
    for name, (column, scale, none) in _WRITTEN_RARE.items():
        values = jobs.stated(column)
        if values is not None:
            written[name] = (_AS_TEXTS[name](values) if name in _AS_TEXTS else values, scale, none)
    return written


def _kind_texts(after_any: np.ndarray) -> np.ndarray:
    return np.array(["" if any_end else "ok" for any_end in after_any], dtype=object)


def _id_texts(after: np.ndarray) -> np.ndarray:
    return np.array([id_list_cell(ids) for ids in after], dtype=object)


_AS_TEXTS = {"after": _id_texts, "after_kind": _kind_texts}


def _write_csv(jobs: Workload, stream: BinaryIO) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    for key, value in metadata_of(jobs).items():
        text.write(f"# {key}: {value}\n")
    columns = _columns(jobs)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(_texts(*column) for column in columns.values()), strict=True))
    text.flush()
    text.detach()


def _write_packed(jobs: Workload, stream: BinaryIO) -> None:
    # No time stamp and no name inside: the same jobs give the same bytes.
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as packed:
        _write_csv(jobs, packed)  # type: ignore[arg-type]


def _texts(values: np.ndarray, scale: int, none: int | None) -> list[str]:
    if values.dtype == np.bool_:
        return ["true" if value else "false" for value in values]
    if scale == 1:
        return ["" if value == none else str(value) for value in values.tolist()]
    return ["" if value == none else format(Decimal(value) / scale, "f") for value in values.tolist()]


def _write_parquet(jobs: Workload, stream: BinaryIO) -> None:
    parquet = pyarrow_parquet()
    import pyarrow

    arrays = {name: _array(*column) for name, column in _columns(jobs).items()}
    table = pyarrow.table(arrays).replace_schema_metadata(metadata_of(jobs))
    parquet.write_table(table, stream)


def _array(values: np.ndarray, scale: int, none: int | None) -> pyarrow.Array:
    import pyarrow

    if scale == 1:
        return pyarrow.array(
            [None if value is not None and value == none else value for value in values.tolist()]
        )
    # Decimals, not floats: thousandths and millionths stay exact at any size.
    digits = 10 if scale == 1024 else len(str(scale)) - 1
    numbers = [None if value == none else Decimal(value) / scale for value in values.tolist()]
    return pyarrow.array(numbers, type=pyarrow.decimal128(38, digits))
