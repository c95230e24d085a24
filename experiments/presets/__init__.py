"""Cases of other people's papers: their jobs and power, our schedulers, and a scheduler trained for them.

A preset is a module with `run(data, out, ...)`, which trains what is missing and judges, and `text(found)`,
the table for the terminal. The files that a case needs are the user's own: none of them ships.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from traces.errors import InputError

PRESETS = {
    "gas-marl": "experiments.presets.gas_marl.run_gas_marl",
    "rlscheduler": "experiments.presets.rlscheduler.run_rlscheduler",
}


def preset_of(name: str) -> ModuleType:
    """The module of a preset. InputError for an unknown name."""
    if name not in PRESETS:
        raise InputError(f"--preset {name!r} is unknown; known are {', '.join(PRESETS)}")
    return importlib.import_module(PRESETS[name])
