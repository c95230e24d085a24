"""Modules that the documentation named before they moved: scripts that import them go on for one version.

The old name gives the module at its new place, with a DeprecationWarning. To be removed in version 0.3.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "energy.pue": "energy.datacenter.pue",
    "energy.servers": "energy.datacenter.servers",
    "energy.solar": "energy.plants.solar",
    "energy.wind": "energy.plants.wind",
    "experiments.build": "rare.scenario.case_builder",
    "experiments.dataset_run": "experiments.data.log_dataset",
    "experiments.dataset_show": "experiments.data.show_dataset",
    "experiments.episodes": "rare.scenario.scenario_episodes",
    "experiments.evaluate_run": "experiments.evaluation.evaluate_run",
    "experiments.export": "experiments.data.export_schedule",
    "experiments.scenario": "rare.scenario.load",
    "experiments.train_offline": "experiments.training.train_offline",
    "experiments.train_online": "experiments.training.train_online",
    "rare.drive": "rare.env.policies.play",
    "rare.environment": "rare.env.environment",
    "rare.layout": "rare.env.observation.layout",
    "rare.observer": "rare.env.observation.observer",
    "rare.sb3_vec_env": "rare.env.sb3_vec_env",
    "rare.simpy_clock": "rare.clocks.simpy_clock",
    "rare.vector_env": "rare.env.vector_env",
    "schedulers.learned": "schedulers.training",
    "schedulers.learned.network": "schedulers.training.scheduler_net",
    "schedulers.learned.sb3_policy": "schedulers.training.sb3_policy",
    "traces.workload": "traces.jobs.workload",
}


class _Moved(MetaPathFinder, Loader):
    """Import finder and loader of the old module names; leaves all other names to the next finder."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        new = MOVED[spec.name]
        warnings.warn(f"{spec.name} is now {new}", DeprecationWarning, stacklevel=2)
        module = importlib.import_module(new)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put the spec of the old name into it.
        if module.__spec__ is not None:
            module.__spec__ = self._specs.get(module.__spec__.name)


def install() -> None:
    """Make the old names importable; further calls in the same process change nothing."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Moved())
