"""The folder of a sweep: what lies where, and who may write into it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from experiments.sweep.manifest import Manifest, manifest_text
from experiments.sweep.sweep_table import SweepTable
from traces.errors import InputError
from traces.files.atomic import folder_lock, write_json, write_text
from traces.files.documents import read_json
from traces.files.text import place

MARK = "sweep.json"
BOOK, MANIFEST, FAILURES = "book", "manifest.jsonl", "failures.csv"
RESULTS, SUMMARY = "results.parquet", "summary.csv"
REPORT = "report.html"
FORMAT = 1


@contextmanager
def opened(out: Path, shared: bool) -> Iterator[None]:
    """Create the folder of a sweep, and lock it unless several tasks share it.

    InputError if it holds other files, is in use, or cannot be made.
    """
    if os.path.exists(out) and not out.is_dir():  # False for a name that no file can have
        raise InputError(f"--out {place(out)}: is a file, not a folder; choose another name")
    if os.path.isdir(out) and any(out.iterdir()) and not is_sweep(out):
        raise InputError(f"--out {place(out)}: holds something that no sweep wrote; choose another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not (out / MARK).is_file():
            write_json(out / MARK, {"format": FORMAT})
        lock = (
            nullcontext() if shared else folder_lock(out, f"--out {place(out)}", "another sweep is writing")
        )
        with lock:
            yield
    except OSError as error:
        raise InputError(
            f"--out {place(out)}: cannot be written ({error.strerror}); choose another place, or free space"
        ) from error


def is_sweep(folder: Path) -> bool:
    """Whether a sweep wrote this folder."""
    try:
        content = read_json(folder / MARK)
    except InputError:
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT


def write_manifest(out: Path, manifest: Manifest) -> None:
    """Write which cells there are."""
    write_text(out / MANIFEST, manifest_text(manifest))


def write_failures(out: Path, table: SweepTable) -> None:
    """Write the cells that failed, with their lines; no file if there are none."""
    if not table.failures:
        (out / FAILURES).unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*table.axes, "reason"])
    for point, line in table.failures:
        writer.writerow([*(point.get(axis) for axis in table.axes), line])
    write_text(out / FAILURES, text.getvalue(), errors="backslashreplace")
