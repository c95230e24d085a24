"""Which options of `rare traces show` go to which reader, and which do not go together."""

from __future__ import annotations

from typing import Any

import click

from energy.weather.weather_formats import WEATHER_FORMATS
from experiments.data.show_file import kind_of
from experiments.data.show_weather import OPTIONS as WEATHER
from traces.errors import InputError
from traces.jobs.job_formats import JOB_FORMATS

WORKLOAD = ("strict", "format", "mapping", "cancellations", "dependencies")
SERIES = (
    "strict",
    "columns",
    "unit",
    "stamp",
    "zone",
    "gaps",
    "negatives",
    "time_column",
    "header",
    "decimal",
    "date_order",
    "time_unit",
    "time_start",
)
_OF_KIND = {"workload": WORKLOAD, "power": SERIES, "rate": SERIES, "weather": WEATHER}
_ONLY_SERIES = {
    "columns",
    "unit",
    "stamp",
    "time_column",
    "header",
    "decimal",
    "date_order",
    "time_unit",
    "time_start",
}
_ONLY_WEATHER = {"year", "clear_sky", "latitude_deg", "longitude_deg", "altitude_m", "utc_offset_h"}


def sorted_options(
    file: str, kind: str | None, options: dict[str, Any]
) -> tuple[str | None, dict[str, Any], dict[str, Any]]:
    """(kind of the file, options of the reader of workloads, options of the reader of its kind otherwise).

    kind : as asked for; None: by the options and the file's content. click.UsageError for an option of
    another kind.
    """
    kind = kind or _kind(file, options)
    for key in options:
        if key not in _OF_KIND.get(kind or "power", SERIES) and not (kind is None and key in WORKLOAD):
            raise click.UsageError(_of_another_kind(key, kind))
    jobs = {key: options[key] for key in WORKLOAD if key in options}
    if kind == "workload":
        return kind, jobs, {}
    others = {
        key: value
        for key, value in options.items()
        if key not in WORKLOAD or key in _OF_KIND[kind or "power"]
    }
    return kind, jobs, others


def _kind(file: str, options: dict[str, Any]) -> str | None:
    format_name = options.get("format")
    if "mapping" in options or format_name in JOB_FORMATS:
        return "workload"
    if format_name is not None and format_name not in WEATHER_FORMATS:
        messages = [registry.unknown(format_name) for registry in (JOB_FORMATS, WEATHER_FORMATS)]
        raise InputError(f"--format: {'; '.join(messages)}")
    if "header" in options:
        kind: str | None = "power"
    elif "format" in options or _ONLY_WEATHER & options.keys():
        return "weather"
    else:
        kind = kind_of(file)
        if kind == "weather" and _ONLY_SERIES & options.keys():
            kind = "power"
    return "rate" if kind == "power" and "/" in options.get("unit", "") else kind


def _of_another_kind(key: str, kind: str | None) -> str:
    if key == "header":
        remedy = "for jobs write header = false in a mapping file"
        return f"--no-header is for --kind power; {remedy if kind == 'workload' else 'drop it'}"
    others = [name for name, known in _OF_KIND.items() if key in known]
    other = "power" if "power" in others else others[0]
    return f"--{key.replace('_', '-')} is for --kind {other}; add that, or drop it"
