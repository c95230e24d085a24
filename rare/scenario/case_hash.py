"""Hashes of scenarios and cases, which identify the inputs of a result.

What a scenario does not use does not count, so that keys which came later leave the hashes of older scenarios
as they were.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from rare.model import Case
from rare.scenario.config.scenario_config import Scenario
from rare.world import build_world

_UNUSED: dict[str, tuple[Any, ...]] = {
    "event": ((),),
    "events": (None,),
    "outage": ((),),
    "outages": (None,),
    "speed": ((),),
    "speeds": (None,),
    "cancellations": ("skip",),
    "dependencies": ("ignore",),
    "sensitivity": (None,),
    "checkpoint_s": (0,),
    "checkpoint_cost_s": (0,),
    "unserved_penalty": (0.0, None),
    "unserved_value_share": (0.0, None),
    "backfill": (None,),
    "limit": ((),),
    "priority": (None,),
}
"""Keys, of whichever table, that came after the first hashes, with the values that say nothing."""
_UNUSED_TEXTS = (
    ", speeds=()",
    ", checkpoint_s=0, checkpoint_cost_s=0",
    ", unserved_penalty_u=0, unserved_value_ppm=0, unserved_by_class=()",
    ", backfill=BackfillOptions(window_s=0, resolution_s=0, max_jobs=0, interval_s=0)",
)
"""The same in the text of a cluster and of options."""
_LATER_FIELDS = ("sensitivity", "cancel_s", "unserved_u")
"""Fields of a job's record that count where the workload or the options have them."""
_OWNERS = ("account", "qos", "user")
"""Columns that count where a limit goes by them."""
_EXTRA_COLUMNS = ("sensitivity_milli", "cancel_s", "after", "after_any", "think_s")
_RANKED_BY = ("user", "account", "qos", "nice")
"""Columns that count where the scenario has a [priority]."""


def config_hash(scenario: Scenario) -> str:
    """sha256 of every key of a scenario, in hex."""
    text = json.dumps(_used(scenario.model_dump()), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _used(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _used(item)
            for key, item in value.items()
            if not any(item == says and type(item) is type(says) for says in _UNUSED.get(key, ()))
        }
    return [_used(item) for item in value] if isinstance(value, list | tuple) else value


def case_hash(case: Case) -> str:
    """sha256 of jobs, inputs, forecasts, grid events and outages as the simulator reads them, in hex."""
    world = build_world(case, live=1, log_level=0, record_jobs=False)
    text = str((case.cluster, case.options))
    for unused in _UNUSED_TEXTS:
        text = text.replace(unused, "")
    digest = hashlib.sha256(text.encode())
    for table in (_first_fields(world.jobs), world.inputs, world.forecast):
        digest.update(np.ascontiguousarray(table).tobytes())
    if world.jobs.unserved_u.any():  # by class, which nothing else here tells
        digest.update(f"unserved_u {world.jobs.unserved_u.tolist()}".encode())
    for name in _EXTRA_COLUMNS:
        column = getattr(case.workload, name)
        if column is not None:
            digest.update(f"{name} {column.tolist()}".encode())
    if case.limits:
        digest.update(f"limits {case.limits}".encode())
        for key in (key for key in _OWNERS if any(key in limit.holders for limit in case.limits)):
            names = getattr(case.workload, key)
            digest.update(f"{key} {None if names is None else names.tolist()}".encode())
    for kind, rows in (("events", case.events), ("outages", case.outages)):
        if rows is not None:
            columns = [getattr(rows, name).tolist() for name in rows.__dataclass_fields__]
            digest.update(f"{kind} {columns}".encode())
    if case.priority is not None:  # and whom and what it ranks by
        names = {name: _listed(getattr(case.workload, name)) for name in _RANKED_BY}
        digest.update(f"priority {case.priority} {names}".encode())
    return digest.hexdigest()


def _listed(column: np.ndarray | None) -> list[Any] | None:
    return None if column is None else column.tolist()


def _first_fields(jobs: np.ndarray) -> np.ndarray:
    """The jobs' records without the later fields, laid out as if these were not there."""
    kinds = [(name, jobs.dtype[name]) for name in jobs.dtype.names or () if name not in _LATER_FIELDS]
    table = np.zeros(jobs.shape, np.dtype(kinds, align=True))
    for name, _ in kinds:
        table[name] = jobs[name]
    return table
