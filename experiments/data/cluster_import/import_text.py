"""What `rare traces import` prints: the report of an import as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.results.number_formats import printable
from traces.jobs.sacct.anonymous import HIDES

_LISTED = 40


def sacct_text(report: dict[str, Any]) -> str:
    """The report of `import_sacct`."""
    lines = [
        f"{report['out']}: {_count(report['jobs'], 'job')} of {_count(report['records'], 'row')}, "
        f"{report['core_hours']:,.0f} core-hours that ran",
        f"  from {report['start_utc']} to {report['end_utc'] or 'an unknown end'}"
        + (f", zone {report['zone']}" if report["zone"] else ""),
    ]
    if report["cancellations"]:
        lines.append(f"  of these {report['cancellations']:,} were taken away as they waited (cancel_s)")
    for kind, verb in (("repairs", "repaired"), ("skips", "skipped"), ("notes", "noted")):
        for code, entry in report[kind].items():
            lines.append(f"  {verb:<8}  {entry['count']:,} x {entry['text']} ({code}{_where(entry)})")
    if report["anonymized"]:
        lines.append(f"  anonymous: {HIDES}")
    lines += ["", f"{report['scenario']}: a guess from what ran; correct it before you rely on it"]
    lines += _partitions(report["partitions"], "runs")
    lines += list(_fit(report))
    return printable("\n".join(lines))


def _count(number: int, noun: str) -> str:
    """A number with its noun, such as 1 node or 1,024 nodes."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _where(entry: dict[str, Any]) -> str:
    parts = [] if entry["line"] is None else [f"line {entry['line']}"]
    parts += [] if entry["value"] is None else [f"value {entry['value']}"]
    return f"; first: {', '.join(parts)}" if parts else ""


def _partitions(partitions: list[dict[str, Any]], count: str | None) -> list[str]:
    width = max((len(part["name"]) for part in partitions), default=0)
    lines = []
    for part in partitions:
        size = f"{_count(part['nodes'], 'node')} of {_count(part['cores_per_node'], 'core')}"
        text = f"  {part['name']:<{width}}  {size}"
        if part["gpus_per_node"]:
            text += f" and {_count(part['gpus_per_node'], 'GPU')}"
        if count is not None:
            text += f"; {_count(part[count], 'run')}, at most {_count(part['peak_cores'], 'core')} at once"
        if part["shared_with"]:
            text += f"; shares them with {', '.join(part['shared_with'])}"
        lines.append(text)
    return lines


def _fit(report: dict[str, Any]) -> Iterator[str]:
    if report["processors"] is None:
        if report["peak_cores"]:
            yield f"  in all at most {report['peak_cores']:,} cores at once, at {report['peak_utc']}"
        return
    over = report["overflow"]
    if over is None:
        yield (
            f"  what ran fits the machine: at most {report['peak_cores']:,} of {report['processors']:,} "
            f"cores at once, at {report['peak_utc']}"
        )
        return
    beyond = over["most_cores"] - report["processors"]
    yield (
        f"  what ran does NOT fit the machine of {report['processors']:,} cores: more from "
        f"{over['first_utc']} on (job {over['job']}, line {over['line']}), at most {over['most_cores']:,} "
        f"({beyond:,} too many) at {over['most_utc']}, for {over['seconds']:,} s in all; cpus may be threads "
        "(--threads-per-core), or the machine larger"
    )


def slurmconf_text(report: dict[str, Any]) -> str:
    """The report of `import_slurmconf`."""
    parts = _count(len(report["partitions"]), "partition")
    lines = [f"{report['out']}: {_count(report['cores'], 'core')} in {parts}"]
    lines += _partitions(report["partitions"], None)
    for name in ("priority", "backfill"):
        table = report[name]
        if table is not None:
            words = ", ".join(f"{key} {str(value).lower()}" for key, value in table.items())
            lines.append(f"  [{name}] {words}")
    lines.append(f"  {_count(report['shares'], 'share')}, {_count(report['limits'], 'limit')}")
    lines += [f"  noted     {note}" for note in report["notes"]]
    ignored = list(report["ignored"])
    if ignored:
        more = f" and {len(ignored) - _LISTED} more" if len(ignored) > _LISTED else ""
        lines.append(f"  without meaning here, passed over: {', '.join(ignored[:_LISTED])}{more}")
    return printable("\n".join(lines))
