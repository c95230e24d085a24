"""Settings of slurm.conf as the tables [priority] and [backfill] of a scenario, each key with its source.

Source of keys and defaults: Slurm's own page slurm.conf(5), version 22.05.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from traces.errors import InputError, quoted
from traces.jobs.sacct.rows.sacct_values import NONE
from traces.jobs.slurm_settings.slurm_conf import SlurmConf, duration_s, whole

Value = int | str | bool
_MOST_WEIGHT = 2**32 - 1
_WEIGHTS = {
    "priorityweightage": "age_weight",
    "priorityweightjobsize": "size_weight",
    "priorityweightpartition": "partition_weight",
    "priorityweightqos": "qos_weight",
    "priorityweightfairshare": "fair_share_weight",
}
#: key of slurm.conf -> (our key, Slurm's default [s])
_DURATIONS = {
    "prioritymaxage": ("max_age_s", 7 * 86400),
    "prioritydecayhalflife": ("half_life_s", 7 * 86400),
    "prioritycalcperiod": ("calc_period_s", 300),
}
#: option of SchedulerParameters -> (our key, seconds or jobs that one counts, Slurm's default)
_BACKFILL = {
    "bf_window": ("window_s", 60, 1440),
    "bf_resolution": ("resolution_s", 1, 60),
    "bf_max_job_test": ("max_jobs", 1, 500),
    "bf_interval": ("interval_s", 1, 30),
}
_READ = {*_WEIGHTS, *_DURATIONS, "prioritytype", "priorityfavorsmall", "priorityflags", "schedulertype"} | {
    "schedulerparameters", "selecttypeparameters", "accountingstorageenforce"
}  # fmt: skip


@dataclass(slots=True)
class SlurmTables:
    """Tables of a scenario, and what of the settings has no place there.

    priority, backfill : keys and values; None: the table is left out
    partition_factors  : partition -> PriorityJobFactor, where one differs from 1
    ignored : what was passed over -> where it stands
    notes   : a line each
    """

    priority: dict[str, Value] | None = None
    backfill: dict[str, Value] | None = None
    partition_factors: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def slurm_tables(conf: SlurmConf) -> SlurmTables:
    """The tables of a slurm.conf. InputError for values that Slurm would not take."""
    tables = SlurmTables(ignored=dict(conf.ignored))
    for key, (written, _, where) in conf.settings.items():
        if key not in _READ:
            tables.ignored.setdefault(written, where)
    _priority(conf, tables)
    _backfill(conf, tables)
    return tables


def _priority(conf: SlurmConf, tables: SlurmTables) -> None:
    settings = conf.settings
    kind = settings.get("prioritytype", ("", "", ""))[1].rpartition("/")[2].lower()
    weighted = any(key in settings for key in _WEIGHTS)
    if kind == "basic" or (not kind and not weighted):
        what = "PriorityType is basic" if kind else "no PriorityType and no weights"
        tables.notes.append(f"{what}: jobs are served in order of arrival (--scheduler easy), no [priority]")
        return
    table: dict[str, Value] = {}
    for key, ours in _WEIGHTS.items():
        if key in settings:
            _, text, where = settings[key]
            table[ours] = whole(text, settings[key][0], where, _MOST_WEIGHT)
    for key, (ours, default_s) in _DURATIONS.items():
        _, text, where = settings.get(key, (key, "", ""))
        seconds = duration_s(text, settings[key][0], where) if text else default_s
        table[ours] = 0 if seconds == NONE and ours == "half_life_s" else seconds
        if ours != "half_life_s" and seconds <= 0:
            raise InputError(f"{settings[key][0]} is {quoted(text)}", where=where, remedy="give a duration")
    favor = settings.get("priorityfavorsmall", ("", "NO", ""))[1].upper()
    table["favor_small"] = favor in ("YES", "TRUE", "1")
    _, text, where = settings.get("priorityflags", ("", "", ""))
    flags = [flag for flag in text.upper().split(",") if flag]
    table["fair_share"] = "classic" if "NO_FAIR_TREE" in flags else "tree"
    for flag in flags:
        if flag not in ("FAIR_TREE", "NO_FAIR_TREE"):
            tables.ignored.setdefault(f"PriorityFlags {flag}", where)
    tables.priority = table
    factors = {part.name: part.job_factor for part in conf.partitions}
    tables.partition_factors = factors if set(factors.values()) != {1} else {}


def _backfill(conf: SlurmConf, tables: SlurmTables) -> None:
    settings = conf.settings
    kind = settings.get("schedulertype", ("", "sched/backfill", ""))[1].rpartition("/")[2].lower()
    _, text, where = settings.get("schedulerparameters", ("", "", ""))
    options = _options(text)
    for name in options:
        if name not in _BACKFILL:
            tables.ignored.setdefault(f"SchedulerParameters {name}", where)
    if kind != "backfill":
        tables.notes.append(f"SchedulerType is {quoted(kind)}: no backfilling, no [backfill]")
        return
    table: dict[str, Value] = {}
    for name, (ours, unit, default) in _BACKFILL.items():
        table[ours] = unit * (whole(options[name], name, where, 10**6, 1) if name in options else default)
    defaults = [name for name in _BACKFILL if name not in options]
    if defaults:
        tables.notes.append(f"not in SchedulerParameters, Slurm's defaults (22.05): {', '.join(defaults)}")
    tables.backfill = table


def _options(text: str) -> dict[str, str]:
    """SchedulerParameters, such as bf_window=2880,bf_continue."""
    pairs = (option.strip().partition("=") for option in text.split(",") if option.strip())
    return {name.lower(): value for name, _, value in pairs}


def toml_table(header: str, values: Mapping[str, Value], text: Mapping[str, str] | None = None) -> str:
    """One table of TOML; `text`: keys that are written quoted already -> values."""
    lines = [header]
    for key, value in values.items():
        if isinstance(value, bool):
            lines.append(f"{key} = {str(value).lower()}")
        else:
            lines.append(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}")
    return "\n".join(lines + [f"{key} = {value}" for key, value in (text or {}).items()]) + "\n"
