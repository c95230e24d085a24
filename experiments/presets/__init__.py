"""Published cases: jobs and power of a paper, our schedulers, and a scheduler trained for the case.

A preset is a module with `run(data, out, ...)`, which trains missing agents and evaluates all schedulers, and
`text(results)`, the table for the terminal. The user supplies the files of a case; none is packaged.
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
