"""Formats of job files: who reads them, and how a file is recognised. Plug-ins add to them.

A plug-in is an entry point of the group `rare.trace_formats` that names a `JobFormat`; the entry point's
name is the format's (docs/guides/extending.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from traces.errors import InputError, one_line, quoted
from traces.files.documents import is_regular
from traces.files.text import place
from traces.jobs.read_options import ReadOptions as ReadOptions
from traces.name_registry import Entry, RegistrationError, Registry

if TYPE_CHECKING:
    from traces.jobs.workload import Workload


@dataclass(frozen=True, slots=True)
class JobFormat:
    """A format of job files.

    help : one line that says what such a file is
    read : the jobs of a file, in submit order. InputError for whatever cannot be read
    suffixes : by which a file is recognised, in small letters, with the dot; .gz behind them is allowed
    recognises : whether a file whose suffix is of no format is of this one, by its content
    takes_mapping : whether foreign columns can be mapped to ours
    """

    help: str
    read: Callable[[Path, ReadOptions], Workload]
    suffixes: tuple[str, ...] = ()
    recognises: Callable[[Path], bool] | None = None
    takes_mapping: bool = False


# Readers are imported when they read: who lists the names of formats must not wait for NumPy.


def _read_swf(path: Path, options: ReadOptions) -> Workload:
    from traces.jobs.readers.swf import read_swf

    return read_swf(
        path,
        strict=options.strict,
        max_bytes=options.max_bytes,
        cancellations=options.cancellations,
        dependencies=options.dependencies,
    )


def _read_csv(path: Path, options: ReadOptions) -> Workload:
    from traces.jobs.readers.csv_jobs import read_csv

    return read_csv(path, options)


def _read_parquet(path: Path, options: ReadOptions) -> Workload:
    from traces.jobs.readers.parquet_jobs import read_parquet

    return read_parquet(path, options)


def _read_sacct(path: Path, options: ReadOptions) -> Workload:
    from traces.jobs.sacct.sacct_reader import read_sacct

    return read_sacct(path, options)


def is_sacct(path: Path) -> bool:
    """Whether a file is recognised as accounts of Slurm."""
    from traces.jobs.sacct.sacct_reader import recognises

    return recognises(path)


def _read_batsim(path: Path, options: ReadOptions) -> Workload:
    from traces.jobs.readers.batsim_workload import read_batsim

    return read_batsim(path, options)


def _is_batsim(path: Path) -> bool:
    from traces.jobs.readers.batsim_workload import recognises_batsim

    return recognises_batsim(path)


def _check(job_format: JobFormat) -> None:
    """RegistrationError for a format without a reader, or without a way to recognise its files."""
    if not callable(job_format.read):
        raise RegistrationError("a trace format needs a reader: read(path, options) -> Workload")
    for suffix in job_format.suffixes:
        if suffix != suffix.lower() or suffix[:1] != "." or suffix[1:] in ("", "gz"):
            raise RegistrationError(f"suffix {quoted(suffix)} must be such as '.abc', in small letters")


def _format_of_plugin(plugin: object) -> tuple[str, JobFormat]:
    if not isinstance(plugin, JobFormat):
        raise RegistrationError("it is no traces.jobs.job_formats.JobFormat")
    return plugin.help, plugin


JOB_FORMATS: Registry[JobFormat] = Registry("format", _check)
for _name, _format in {
    "swf": JobFormat("traces of the Parallel Workloads Archive", _read_swf, (".swf",)),
    "csv": JobFormat(
        "all fields of a job, in the columns of RARE or, through a mapping, in others",
        _read_csv,
        (".csv",),
        takes_mapping=True,
    ),
    "parquet": JobFormat(
        "the same columns; needs pyarrow", _read_parquet, (".parquet", ".pq"), takes_mapping=True
    ),
    "sacct": JobFormat(
        "accounting records of Slurm, as sacct -P prints them, or the database of slurm2sql",
        _read_sacct,
        recognises=is_sacct,
    ),
    "batsim": JobFormat("workloads of Batsim (.json)", _read_batsim, recognises=_is_batsim),
}.items():
    JOB_FORMATS.register(_name, _format.help, _format)
JOB_FORMATS.accept_plugins("rare.trace_formats", _format_of_plugin)

#: What a renamed file of these could not be either.
_SPREADSHEETS = (".xlsx", ".xls", ".ods")
_PACKED = (".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz")


def file_suffix(path: Path | str) -> str:
    """The suffix that decides the format, in lower case: the last one, or the one before .gz; '' for none."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    last = suffixes[-2:-1] if suffixes[-1:] == [".gz"] else suffixes[-1:]
    return last[0] if last else ""


def formats_of_suffix(path: Path | str) -> list[Entry[JobFormat]]:
    """RARE's formats of files with this suffix; where there is none, those of plug-ins."""
    suffix = file_suffix(path)
    shipped = [JOB_FORMATS[name] for name in JOB_FORMATS.built_in]
    return [entry for entry in shipped if suffix in entry.value.suffixes] or [
        entry for entry in JOB_FORMATS if suffix in entry.value.suffixes
    ]


def job_format(path: Path | str, format_name: str | None) -> Entry[JobFormat]:
    """The named format, or for None the file's by suffix, else by content. InputError if unknown."""
    if format_name is not None:
        return JOB_FORMATS[format_name]
    matching = formats_of_suffix(path) or _by_content(Path(path))
    if [entry.name for entry in matching] == ["csv"] and is_sacct(Path(path)):
        matching = [JOB_FORMATS["sacct"]]  # people save what sacct printed as .csv
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = " or ".join(entry.name for entry in matching)
        raise InputError(f"{place(path)}: may be of the format {names}; say which by the format")
    suffix = file_suffix(path)
    known = [extension for entry in JOB_FORMATS for extension in entry.value.suffixes]
    remedy = f"name it {', '.join(known)} (text also with .gz), or give the format"
    remedy = f"{remedy} ({', '.join(JOB_FORMATS.names())})"
    if suffix in _SPREADSHEETS:
        remedy = "save the spreadsheet's table as CSV"
    elif suffix in _PACKED:
        remedy = "unpack it; of packed files only gzip is read"
    raise InputError(f"{place(path)}: unknown format; {remedy}")


def _by_content(path: Path) -> list[Entry[JobFormat]]:
    """Formats that recognise a file by its content; only regular files are looked at."""
    matching = []
    for entry in JOB_FORMATS if is_regular(path) else ():
        try:
            if entry.value.recognises is not None and entry.value.recognises(path):
                matching.append(entry)
        except Exception as error:
            raise _failed(entry, path, error) from error
    return matching


def read_jobs(entry: Entry[JobFormat], path: Path, options: ReadOptions) -> Workload:
    """The jobs of a file of this format. InputError for whatever cannot be read."""
    if options.mapping is not None and not entry.value.takes_mapping:
        name = entry.name.upper() if not entry.origin else f"format {entry.name!r}"
        raise InputError(f"{place(path)}: {name} takes no mapping, its fields are fixed; drop it")
    if not entry.origin:
        return entry.value.read(path, options)
    try:
        workload = entry.value.read(path, options)
    except InputError:
        raise
    except Exception as error:
        raise _failed(entry, path, error) from error
    from traces.jobs.dependencies.unasked import as_asked  # needs NumPy, as the readers do
    from traces.jobs.workload import Workload

    if not isinstance(workload, Workload):
        raise InputError(
            f"{place(path)}: format {entry.name!r} of the plug-in {entry.origin} gave no Workload"
        )
    return as_asked(workload, options)


def _failed(entry: Entry[JobFormat], path: Path, error: Exception) -> InputError:
    return InputError(
        f"{place(path)}: format {entry.name!r} of the plug-in {entry.origin} failed: {type(error).__name__}: "
        f"{one_line(error)}"
    )
