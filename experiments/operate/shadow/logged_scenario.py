"""Which scenario a log was observed with, and which one its readers take."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.operate.shadow.shadow_log import LoggedPoll
from rare.scenario.load import SHIPPED, Loaded, Overrides, load_scenario
from traces.errors import InputError, quoted
from traces.files.documents import user_path

KEY = "scenario"
LONGEST = 300


@dataclass(frozen=True)
class ChosenScenario:
    """A scenario, and in words which one it is and who chose it."""

    loaded: Loaded
    text: str


def scenario_record(name: str, loaded: Loaded, settings: Sequence[str]) -> dict[str, Any]:
    """What the log holds of a scenario: its name or the whole path of its file, and the settings.

    folder: what paths in the settings are relative to.
    """
    shipped = not name.endswith(".toml") and loaded.base.is_relative_to(SHIPPED)
    path = name if shipped else os.path.normpath(Path.cwd() / user_path(name))
    return {KEY: {"name": path, "settings": list(settings), "folder": str(Path.cwd())}}


def chosen_scenario(
    polls: Sequence[LoggedPoll], name: str | None, settings: Sequence[str], default: str
) -> ChosenScenario:
    """The scenario of that name; None: that of the log's last polls, the given settings after its own.

    default: for a log that does not say. InputError where the file of the log is gone.
    """
    if name is not None:
        return _chosen(name, Overrides(settings=settings), "")
    records = [poll.record[KEY] for poll in polls if KEY in poll.record]
    if not records:
        return _chosen(default, Overrides(settings=settings), ", for the log does not say which")
    name, logged, folder = _checked(records[-1])
    if os.path.isabs(name) and not os.path.exists(name):
        raise InputError(
            f"the log was observed with the scenario {quoted(name, LONGEST)}, and that file is gone",
            remedy="give --scenario",
        )
    whose = ", that of the log"
    if any(record != records[-1] for record in records):
        whose += "'s last polls; earlier ones had another"
    return _chosen(name, Overrides(settings=(*logged, *settings), base=Path(folder)), whose)


def _chosen(name: str, overrides: Overrides, whose: str) -> ChosenScenario:
    loaded = load_scenario(name, overrides)
    given = "".join(f" --set {quoted(setting, LONGEST)}" for setting in overrides.settings)
    return ChosenScenario(loaded, f"{quoted(name, LONGEST)}{given}{whose}")


def _checked(record: object) -> tuple[str, list[str], str]:
    """Name, settings and folder of a log's record. InputError for a log that was changed."""
    if isinstance(record, Mapping):
        name, settings, folder = (record.get(key) for key in ("name", "settings", "folder"))
        if (
            isinstance(name, str)
            and isinstance(folder, str)
            and isinstance(settings, list)
            and all(isinstance(setting, str) for setting in settings)
        ):
            return name, settings, folder
    raise InputError("the log names a scenario in no known form", remedy="give --scenario")
