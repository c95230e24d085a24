"""The CSV tables of a run folder: written with fixed columns first, read with every fault named."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.process.atomic_output import ACCOUNT_FILES, GRID_EVENTS_FILE
from traces.errors import InputError
from traces.files.documents import opened, reads_file

JOBS_COLUMNS = ("job_id", "submit_s", "start_s", "end_s", "cores", "suspensions", "value", "earned", "status")
EVENTS_COLUMNS = ("time_s", "event", "job_id")
POWER_COLUMNS = (
    "time_s",
    "supply_w",
    "draw_w",
    "battery_w",
    "battery_wh",
    "grid_w",
    "curtailed_w",
    "queued",
    "running",
    "used_cores",
)
FORECAST_COLUMNS = ("issue_s", "target_s", "low_w", "median_w", "high_w")
ACCOUNT_COLUMNS = (
    "row",
    "name",
    "jobs",
    "completed",
    "draw_j",
    "draw_kwh",
    "renewable_share",
    "grid_kwh",
    "grid_cost",
    "carbon_kg",
    "mean_wait_s",
)
GRID_EVENT_COLUMNS = (
    "number",
    "notice_s",
    "start_s",
    "comply_s",
    "end_s",
    "limit_w",
    "baseline_w",
    "complied_after_s",
    "depth",
    "shed_kwh",
    "rebound_kwh",
    "rebound_peak_w",
    "suspensions",
    "kills",
    "slowdowns",
    "jobs",
    "late",
)
RATE_COLUMNS = ("price_per_kwh", "carbon_g_per_kwh")  # of power.csv; absent in folders of earlier versions
MAX_BYTES = 2 * 2**30
LONGEST_HEADER, MOST_COLUMNS = 2**14, 256
# energy_j and draw_j are exact decimals, longer than a float holds.
TEXT_COLUMNS = {
    "job_id",
    "status",
    "event",
    "partition",
    "service_class",
    "energy_j",
    "draw_j",
    "user",
    "group",
    "row",
    "name",
}
# Cells that must hold a number in every row; other number columns may be empty.
NEEDED = {
    "jobs.csv": ("submit_s",),
    "events.csv": ("time_s",),
    "power.csv": ("time_s", "draw_w"),
    "forecast.csv": FORECAST_COLUMNS,
    GRID_EVENTS_FILE: ("number", "notice_s", "start_s", "end_s"),
    **dict.fromkeys(ACCOUNT_FILES.values(), ("draw_kwh",)),
}
WHOLE_COLUMNS = (
    "submit_s",
    "arrival_s",
    "start_s",
    "end_s",
    "work_s",
    "cores",
    "suspensions",
    "kills",
    "time_s",
    "issue_s",
    "target_s",
    "queued",
    "running",
    "used_cores",
    "jobs",
    "completed",
    "late",
    "number",
    "notice_s",
    "comply_s",
    "complied_after_s",
    "slowdowns",
)


@reads_file
def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The CSV file at `path` with numbers as numbers; raises InputError, which names file and line."""
    _check_ends(path)
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8",
            low_memory=False,
            skip_blank_lines=False,
        )
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text; the file is damaged, simulate again") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OverflowError) as error:
        first = " ".join(str(error).split())
        raise InputError(f"{path}: is not a table ({first}); the file is damaged, simulate again") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"{path}:1: has no column {missing[0]!r}; the file is damaged, simulate again")
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(f"{path}:2: has more fields than column names; the file is damaged, simulate again")
    for name in table.columns:
        if name in TEXT_COLUMNS:
            table[name] = table[name].fillna("")
        elif name in columns or name in WHOLE_COLUMNS or name in RATE_COLUMNS:
            table[name] = _numbers(table[name], path, needed=name in NEEDED[path.name])
    return table


def _check_ends(path: Path) -> None:
    """The column names are few; and a file that was cut off mid-write, whose rest pandas would fill in."""
    with opened(path, "simulate again") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        last = file.read(1)
        file.seek(0)
        names = file.readline(LONGEST_HEADER + 1)
    if size > MAX_BYTES:
        raise InputError(f"{path}: is larger than {MAX_BYTES} bytes; simulate again")
    if len(names) > LONGEST_HEADER or names.count(b",") >= MOST_COLUMNS:
        raise InputError(f"{path}:1: holds more column names than any table of a run; simulate again")
    if last != b"\n":
        raise InputError(f"{path}: is {'cut off in its last line' if size else 'empty'}; simulate again")


def _numbers(column: pd.Series, path: Path, needed: bool) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    bad = (numbers.isna() & column.notna()) | np.isinf(numbers)
    if needed:
        bad |= numbers.isna()
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = "nothing" if pd.isna(column.iloc[row]) else repr(str(column.iloc[row])[:40])
        raise InputError(
            f"{path}:{row + 2}: column {str(column.name)!r} holds {value}, not a number; "
            "the file is damaged, simulate again"
        )
    return numbers


def in_order(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """`table` itself; raises InputError, which names the line, if its time_s ever goes back."""
    back = np.flatnonzero(np.diff(table["time_s"].to_numpy()) < 0)
    if len(back):
        row = int(back[0]) + 1
        raise InputError(
            f"{path}:{row + 2}: time_s goes back to {table['time_s'].iloc[row]:g}; "
            "the file is damaged, simulate again"
        )
    return table


def write_table(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Write `table` with `columns` first; whole seconds as such, NaN as empty cells.

    Raises ValueError if one of `columns` is missing.
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"{path.name}: the table has no column {missing[0]!r}")
    extra = [name for name in table.columns if name not in columns]
    table = table[[*columns, *extra]]
    # Whole seconds that share a column with missing ones are floats in memory, not on disk.
    whole = {
        name: table[name].astype("Int64")
        for name in WHOLE_COLUMNS
        if name in table.columns and table[name].dtype.kind == "f"
    }
    table = table.assign(**whole)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(table.columns)
        writer.writerows(zip(*(_cells(table[name]) for name in table.columns), strict=True))


def _cells(column: pd.Series) -> list[object]:
    """The values as plain Python objects, '' for missing ones.

    With these `csv` writes what DataFrame.to_csv writes, in half the time: that makes objects of blocks
    of rows.
    """
    values: list[object] = column.tolist()
    missing = column.isna().to_numpy()
    if missing.all():
        return [""] * len(values)
    for row in np.flatnonzero(missing):
        values[row] = ""
    return values
