"""What stands in an output folder already: only a run of the same configuration is replaced unasked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rare.scenario.config.toml_tables import dotted
from traces.errors import InputError
from traces.files.documents import read_json, user_path

# Follow from the rest, or are chosen run by run: another seed or scheduler is the same experiment.
_LEFT_OUT = ("resolved", "run")
_TELLING = {"name": 0, "workload": 1, "description": 3}  # what to name first where much differs


def check_replace(out: str | Path | None, config: Mapping[str, Any], force: bool) -> None:
    """Refuse to replace a finished run or comparison of another configuration, unless `force`.

    A folder that is damaged, or that holds no run, is the business of `atomic_folder`.
    """
    previous = None if force or out is None else previous_config(out)
    if previous is None:
        return
    path = _difference(_compared(previous), _compared(config))
    if path is not None:
        raise InputError(
            f"{out}: holds a finished run of another configuration ({dotted(path)} differs), so it is not "
            "overwritten; add --force to replace it, or choose another --out"
        )


def previous_config(out: str | Path) -> dict[str, Any] | None:
    """The configuration of the finished run or comparison in this folder; None without a whole one."""
    try:
        folder = user_path(out)
        if not any((folder / name).is_file() for name in ("metrics.json", "compare.json")):
            return None
        config = read_json(folder / "config.json")
    except (OSError, RuntimeError, ValueError):
        return None
    return config if isinstance(config, dict) else None


def _compared(config: Mapping[str, Any]) -> Any:
    """The configuration as JSON gives it back, so that tuples and lists are the same."""
    kept = {key: value for key, value in config.items() if key not in _LEFT_OUT}
    return json.loads(json.dumps(kept, default=str))


def _difference(one: Any, other: Any) -> tuple[str | int, ...] | None:
    """Where two configurations differ first, the name last; None if they are equal."""
    if one == other:
        return None
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other}, key=lambda key: (_TELLING.get(key, 2), key))
        key = next(key for key in keys if (key in one, one.get(key)) != (key in other, other.get(key)))
        return (key, *(_difference(one.get(key), other.get(key)) or ()))
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        place = next(place for place, item in enumerate(one) if item != other[place])
        return (place, *(_difference(one[place], other[place]) or ()))
    return ()
