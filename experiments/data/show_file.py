"""`rare traces show`: a summary of a file, with repairs and skipped records."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.option_words import option_words
from experiments.data.waiting_jobs import waiting_figures
from experiments.results.number_formats import duration, energy, power, printable
from traces.errors import InputError, Parameter, Phrase
from traces.files.csv_head import NUMBER, STAMP, extra_lines, holds_values, kind_of_cell
from traces.files.csv_table import TableReader
from traces.files.text import place
from traces.jobs.job_files import read_workload
from traces.jobs.job_formats import formats_of_suffix, is_sacct
from traces.jobs.job_mapping import choose
from traces.jobs.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload
from traces.numbers.rate_units import units_written
from traces.numbers.units import units_declared
from traces.read_report import ReadReport
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate
from traces.series.series_columns import time_columns
from traces.times.clock_parts import STAMP as STAMP_ROLE
from traces.times.clock_parts import role_of
from traces.times.stamps import parse_stamps

KWH_MJ = 3_600_000_000


def show_file(
    path: str | Path, kind: str | None, workload: dict[str, Any], power: dict[str, Any]
) -> dict[str, Any]:
    """The summary of a workload, series or weather file. kind: None to detect it from the content.

    The options are those of `show_workload`, and as `power` those of `show_power`, `show_rate` or
    `show_weather`. InputError in the command line's words.
    """
    requested, kind = kind, kind or kind_of(path)
    try:
        if kind == "weather":
            from experiments.data.show_weather import OPTIONS, show_weather

            if requested == "weather" or power.keys() <= set(OPTIONS):
                return show_weather(path, **power)
            kind = "power"  # the options are those of a series, despite its first lines
        if kind == "rate":
            return show_rate(path, **power)
        if kind == "power" or (kind is None and power):
            return show_power(path, **power)
        return show_workload(path, **workload)
    except InputError as error:
        reworded = error.worded(option_words)
        if kind == "power" and error.parameters() == {"columns", "unit"}:
            reworded = reworded.also("of prices and carbon intensity, a unit such as EUR/MWh or kg/kWh")
            if not power:
                reworded = reworded.also(
                    "if these are jobs, --mapping FILE.toml, which says what their columns mean"
                )
            raise reworded from error
        if kind is None and not power:
            raise reworded.also("if it is a series, say --kind power or --kind rate") from error
        raise reworded from error


def kind_of(path: str | Path) -> str | None:
    """'workload', 'power', 'rate' or 'weather' by the first lines; None if they are ambiguous.

    A rate, of prices or carbon intensity, is recognised by its unit.
    """
    if all(entry.name == "csv" for entry in formats_of_suffix(path)):
        from energy.weather.weather_files import format_of

        if format_of(path) is not None:
            return "weather"
    if is_sacct(Path(path)):
        return "workload"
    if ".csv" not in (suffix.lower() for suffix in Path(path).suffixes):
        return "workload"
    try:
        header, *rows = TableReader(Path(path), header=False).below
    except (InputError, ValueError):
        return "workload"  # damaged: the reader reports it
    if holds_values(header, rows):
        return "power" if STAMP in map(kind_of_cell, header) else None
    if {"job_id", "submit_s", "work_s"} & set(header) or _fits_a_mapping(header):
        return "workload"
    if not _looks_like_series(header, rows, str(path)):
        return None
    extra = rows[: extra_lines(rows)]
    units = {name: [row[place] for row in extra if place < len(row)] for place, name in enumerate(header)}
    if any(units_declared(name, cells) for name, cells in units.items()):
        return "power"
    return "rate" if any(units_written(name, cells) for name, cells in units.items()) else "power"


def _fits_a_mapping(header: list[str]) -> bool:
    try:
        choose(header, None, "")
    except InputError:
        return False
    return True


def _looks_like_series(header: list[str], rows: list[list[str]], path: str) -> bool:
    """Whether the table has a column of times or of their parts, and a column of numbers."""
    rows = rows[extra_lines(rows) :]
    if {"year", "month", "day"} <= {role_of(name) for name in header}:
        times = [name for name in header if role_of(name) in ("year", "month", "day", "hour", "period")]
    else:
        try:
            columns = time_columns(header, None, path, rows)
            if STAMP_ROLE in columns:
                _parse_first(header, rows, columns[STAMP_ROLE], path)
        except (InputError, IndexError):
            return False
        times = list(columns.values())
    others = [place for place, name in enumerate(header) if name not in times]
    return any(_is_number(row[place]) for row in rows for place in others if place < len(row))


def _parse_first(header: list[str], rows: list[list[str]], name: str, path: str) -> None:
    """InputError unless the first cell of the column is a time stamp, with day and month in any order."""
    cells = [row[header.index(name)] for row in rows[:1]]
    parse_stamps(cells, [2] * len(cells), path, "day-first" if len(cells) and cells[0][:2] < "13" else None)


def _is_number(cell: str) -> bool:
    return kind_of_cell(cell) == NUMBER


def show_workload(path: str | Path, *, strict: bool = False, **how: Any) -> dict[str, Any]:
    """A summary of a trace of jobs, ready for JSON. InputError if it cannot be read.

    how : format, mapping, cancellations and dependencies, as in `read_workload`
    """
    jobs = read_workload(path, strict=strict, **how)
    summary: dict[str, Any] = {
        "kind": "workload",
        "name": jobs.name,
        "jobs": len(jobs),
        "processors": jobs.processors,
        "estimates": jobs.estimates,
        "start_utc": jobs.origin_utc.isoformat() if jobs.origin_utc else None,
        "zone": jobs.zone,
        "shift_s": jobs.report.shift_s,
    }
    if len(jobs):
        summary |= _figures(jobs)
        summary |= waiting_figures(jobs, path, how)
    return {**summary, **jobs.report.as_dict(option_words)}


def _figures(jobs: Workload) -> dict[str, Any]:
    span_s = int(jobs.submit_s[-1] - jobs.submit_s[0])
    core_hours = float((jobs.cores.astype(float) * jobs.work_s).sum()) / 3600
    hours = span_s / 3600 * (jobs.processors or 0)
    calendar = jobs.origin_utc is not None
    return {
        "first_submit_s": int(jobs.submit_s[0]),
        "last_submit_s": int(jobs.submit_s[-1]),
        "first_submit_utc": jobs.utc(int(jobs.submit_s[0])).isoformat() if calendar else None,
        "last_submit_utc": jobs.utc(int(jobs.submit_s[-1])).isoformat() if calendar else None,
        "span_s": span_s,
        "core_hours": round(core_hours, 3),
        "load": round(core_hours / hours, 4) if hours else None,
        "cores": _spread(jobs.cores),
        "gpus": _spread(jobs.gpus_milli / 1000) if jobs.gpus_milli.any() else None,
        "memory_gib": _spread(jobs.memory_mib / 1024) if jobs.memory_mib.any() else None,
        "work_s": _spread(jobs.work_s),
        "estimate_s": _spread(jobs.estimate_s),
        "jobs_with_power": int((jobs.power_mw != NO_POWER).sum()),
        "jobs_with_value": int((jobs.value_u != NO_VALUE).sum()),
        "jobs_with_deadline": int((jobs.deadline_s != NO_DEADLINE_S).sum()),
        "jobs_preemptible": int(jobs.preemptible.sum()),
        "jobs_of_zero_work": int((jobs.work_s == 0).sum()),
        "jobs_past_estimate": int((jobs.work_s > jobs.estimate_s).sum()),
        "sensitivity": None if jobs.sensitivity_milli is None else _spread(jobs.sensitivity_milli / 1000),
        "users": _distinct(jobs.user),
        "groups": _distinct(jobs.group),
        "accounts": _distinct(jobs.account),
        "qos": _distinct(jobs.qos),
    }


def _distinct(names: np.ndarray | None) -> int | None:
    """How many names there are, not counting '', which is unknown; None for no column."""
    return None if names is None else len(set(names) - {""})


def _spread(column: np.ndarray) -> dict[str, float]:
    low, middle, high = (float(np.quantile(column, share)) for share in (0.0, 0.5, 1.0))
    return {"min": low, "median": middle, "mean": round(float(column.mean()), 4), "max": high}


def show_power(path: str | Path, **options: Any) -> dict[str, Any]:
    """A summary of a power series, ready for JSON; `options` as in `traces.read_power`."""
    if options.get("columns"):
        options["columns"] = _columns(path, options["columns"], options.get("header", True))
    series = read_power(path, **options)
    mj = series.energy_mj(0, series.end_s)
    report = (series.report or ReadReport()).as_dict(option_words)
    del report["jobs_skipped"]  # there are no jobs in it
    step_s = report["notes"].get("step_s", {}).get("value")
    return {
        "kind": "power",
        "name": series.name,
        "values": len(series),
        "start_utc": series.start_utc.isoformat(),
        "end_utc": series.end_utc.isoformat(),
        "span_s": series.end_s,
        "step_s": int(step_s) if step_s is not None else None,
        "peak_kw": series.peak_mw / 1e6,
        "mean_kw": mj / series.end_s / 1e6,
        "min_kw": int(series.power_mw.min()) / 1e6,
        "energy_kwh": mj / KWH_MJ,
        **report,
    }


def show_rate(path: str | Path, **options: Any) -> dict[str, Any]:
    """A summary of a price or carbon series, ready for JSON; `options` as in `read_rate`."""
    columns = _columns(path, options.pop("columns", None) or [], options.get("header", True))
    if len(columns) > 1:
        raise InputError(
            f"a rate is one column, not {len(columns)}",
            where=place(path),
            remedy=Phrase("name one by ", Parameter("columns")),
        )
    series = read_rate(path, column=columns[0] if columns else None, **options)
    report = (series.report or ReadReport()).as_dict(option_words)
    del report["jobs_skipped"]
    step_s = report["notes"].get("step_s", {}).get("value")
    return {
        "kind": "rate",
        "name": series.name,
        "values": len(series),
        "start_utc": series.start_utc.isoformat(),
        "end_utc": series.end_utc.isoformat(),
        "span_s": series.end_s,
        "step_s": int(step_s) if step_s is not None else None,
        "unit": series.unit,
        "max": int(series.value_u.max()) / 1e6,
        "mean": float(series.mean_u(0, series.end_s)) / 1e6,
        "min": int(series.value_u.min()) / 1e6,
        **report,
    }


def _columns(path: str | Path, selection: str | Sequence[str], with_names: bool) -> list[str]:
    """Names of columns. A text that is no column name is split at + and commas."""
    header = {name.lower() for name in TableReader(Path(path), header=with_names).header}
    names: list[str] = []
    for text in [selection] if isinstance(selection, str) else selection:
        names += [text] if text.strip().lower() in header else re.split(r"[+,]", text)
    return [name.strip() for name in names if name.strip()]


def show_text(summary: dict[str, Any]) -> str:
    """The summary as lines of text."""
    lines = [f"{summary['name']}: {_headline(summary)}"]
    rows = [
        (key, _text(key, summary))
        for key, value in summary.items()
        if key not in _APART and value is not None
    ]
    width = max(len(_name(key)) for key, _ in rows)
    lines += [f"  {_name(key):<{width}}  {text}" for key, text in rows]
    for kind, verb in (("repairs", "repaired"), ("skips", "skipped"), ("notes", "noted")):
        for code, entry in summary.get(kind, {}).items():
            if code == "step_s":
                continue  # a line of its own above
            if code == "unit":
                lines.append(f"  {'read':<{width}}  {entry['text']}, in {entry['value']}")
                continue
            lines.append(f"  {verb:<{width}}  {entry['count']:,} x {entry['text']} ({code}{_where(entry)})")
    return printable("\n".join(lines))


_APART = {"kind", "name", "shift_s", "repairs", "skips", "notes"}
# Shown with a unit that suits the size.
_SIZED = {"peak_kw": power, "mean_kw": power, "min_kw": power, "energy_kwh": energy}


def _headline(summary: dict[str, Any]) -> str:
    if summary["kind"] == "weather":
        return f"weather of {summary['steps']:,} steps over {duration(summary['span_s'])}"
    if summary["kind"] == "rate":
        return f"{summary['records']:,} records over {duration(summary['span_s'])}, in {summary['unit']}"
    if summary["kind"] == "power":
        records, span = f"{summary['records']:,} records", duration(summary["span_s"])
        return f"{records} over {span}, peak {power(summary['peak_kw'])}"
    return f"{summary['jobs']:,} jobs of {summary['records']:,} records"


def _name(key: str) -> str:
    return key.rsplit("_", 1)[0] if key in _SIZED else key


def _where(entry: dict[str, Any]) -> str:
    parts = [] if entry["line"] is None else [f"line {entry['line']}"]
    parts += [] if entry["value"] is None else [f"value {entry['value']}"]
    return f"; first: {', '.join(parts)}" if parts else ""


def _text(key: str, summary: dict[str, Any]) -> str:
    value = summary[key]
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:,.6g}" for name, number in value.items())
    if key in _SIZED:
        return _SIZED[key](value)
    if key in ("span_s", "step_s"):
        return f"{value} ({duration(value)})"
    if key == "values" and value < summary["span_s"] // (summary["step_s"] or summary["span_s"]):
        return f"{value:,} (neighbouring steps of equal value are merged)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
