"""The folder of `rare size`: its files, its lock, and the refusal to mix two questions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from traces.errors import InputError
from traces.files.atomic import folder_lock, record_config, replacing
from traces.files.documents import read_json, reading

MARK = "size.json"
QUESTION = "question.json"
CELLS, BOOK, RUNS, FIGURES = "cells", "book", "runs", "figures"
POINTS, POINTS_CSV, REPORT = "points.parquet", "points.csv", "report.html"


@contextmanager
def opened(out: Path, question: dict[str, Any], force: bool) -> Iterator[None]:
    """Make and lock the folder of a question. InputError if it holds another one's results, or other files.

    question: what the results are of. force: take the folder for another question; results of plants that
    both have are used again.
    """
    if os.path.exists(out) and not out.is_dir():  # False for a name that no file can have
        raise InputError(f"--out {out}: is a file, not a folder; choose another name")
    if os.path.isdir(out) and any(out.iterdir()) and not (out / QUESTION).is_file():
        raise InputError(
            f"--out {out}: holds something that `rare size` did not write; choose another folder"
        )
    lock, new = ExitStack(), not os.path.exists(out)
    try:
        (out / CELLS).mkdir(parents=True, exist_ok=True)
        lock.enter_context(folder_lock(out, f"--out {out}", "another search is writing"))
        if force:
            (out / QUESTION).unlink(missing_ok=True)
        difference = record_config(out / QUESTION, question, "remove the folder, or choose another --out")
    except OSError as error:
        lock.close()
        raise InputError(f"--out {out}: cannot be made ({error.strerror}); choose another place") from None
    except InputError:
        lock.close()
        raise
    try:
        if difference is not None:
            raise InputError(
                f"--out {out}: holds another question ({difference.key} was {difference.recorded}, now "
                f"{difference.requested}); choose another folder, or replace it with --force"
            )
        yield
    except InputError:
        if new and not any((out / CELLS).iterdir()):  # refused before anything was simulated
            shutil.rmtree(out, ignore_errors=True)
        raise
    finally:
        lock.close()


def write_points(points: pd.DataFrame, out: Path) -> None:
    """Write the table as Parquet and as CSV."""
    with replacing(out / POINTS) as partial:
        points.to_parquet(partial, index=False)
    with replacing(out / POINTS_CSV) as partial:
        points.to_csv(partial, index=False)


def read_points(out: Path) -> pd.DataFrame:
    """The table of points. InputError if it cannot be read."""
    path = out / POINTS
    with reading(path):
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path}: is no table of points ({type(error).__name__}); give `rare size` again"
            ) from None


def read_size(out: Path) -> dict[str, Any]:
    """The object of size.json. InputError if it cannot be read."""
    path = out / MARK
    with reading(path):
        facts = read_json(path, remedy="give `rare size` again")
    if not isinstance(facts, dict) or "choices" not in facts:
        raise InputError(f"{path}: is no result of `rare size`; give it again")
    return facts
