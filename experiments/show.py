"""`rare traces show`: what is in a file, and what was repaired or skipped to read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from experiments.text_table import duration, printable
from traces.files import read_workload
from traces.power_csv import read_power
from traces.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, ReadReport, Workload

KWH_MJ = 3_600_000_000


def show_workload(
    path: str | Path, *, format: str | None = None, mapping: str | None = None, strict: bool = False
) -> dict[str, Any]:
    """A summary of a trace of jobs, ready for JSON. InputError if it cannot be read."""
    jobs = read_workload(path, format=format, mapping=mapping, strict=strict)
    found: dict[str, Any] = {
        "kind": "workload",
        "name": jobs.name,
        "jobs": len(jobs),
        "processors": jobs.processors,
        "estimates": jobs.estimates,
        "start_utc": jobs.origin_utc.isoformat() if jobs.origin_utc else None,
        "zone": jobs.zone,
    }
    if len(jobs):
        found |= _figures(jobs)
    return {**found, **jobs.report.as_dict()}


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
    }


def _spread(column: np.ndarray) -> dict[str, float]:
    low, middle, high = (float(np.quantile(column, share)) for share in (0.0, 0.5, 1.0))
    return {"min": low, "median": middle, "mean": round(float(column.mean()), 4), "max": high}


def show_power(path: str | Path, **options: Any) -> dict[str, Any]:
    """A summary of a power series, ready for JSON; `options` as in `traces.read_power`."""
    series = read_power(path, **options)
    mj = series.energy_mj(0, series.end_s)
    report = (series.report or ReadReport()).as_dict()
    return {
        "kind": "power",
        "name": series.name,
        "values": len(series),
        "start_utc": series.start_utc.isoformat(),
        "end_utc": series.end_utc.isoformat(),
        "span_s": series.end_s,
        "peak_kw": series.peak_mw / 1e6,
        "mean_kw": mj / series.end_s / 1e6,
        "min_kw": int(series.power_mw.min()) / 1e6,
        "energy_kwh": mj / KWH_MJ,
        **report,
    }


def show_text(found: dict[str, Any]) -> str:
    """The summary as lines of text."""
    lines = [f"{found['name']}: {_headline(found)}"]
    rows = [
        (key, _text(key, value)) for key, value in found.items() if key not in _APART and value is not None
    ]
    width = max(len(key) for key, _ in rows)
    lines += [f"  {key:<{width}}  {value}" for key, value in rows]
    for kind, said in (("repairs", "repaired"), ("skips", "skipped"), ("notes", "noted")):
        for code, each in found.get(kind, {}).items():
            first = (
                f" (first: {_where(each)})" if each["line"] is not None or each["value"] is not None else ""
            )
            lines.append(f"  {said:<8}  {each['count']:>7,}  {code}: {each['text']}{first}")
    return printable("\n".join(lines))


_APART = {"kind", "name", "repairs", "skips", "notes"}


def _headline(found: dict[str, Any]) -> str:
    if found["kind"] == "power":
        return f"{found['values']:,} values over {duration(found['span_s'])}, peak {found['peak_kw']:,.6g} kW"
    return f"{found['jobs']:,} jobs of {found['records']:,} records"


def _where(each: dict[str, Any]) -> str:
    parts = [] if each["line"] is None else [f"line {each['line']}"]
    return ", ".join(parts + ([] if each["value"] is None else [str(each["value"])]))


def _text(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:,.6g}" for name, number in value.items())
    if key == "span_s":
        return f"{value} ({duration(value)})"
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
