"""Hashes of scenarios and cases, which identify the inputs of a result."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from rare.model import Case
from rare.scenario.config.scenario_config import Scenario
from rare.world import build_world


def config_hash(scenario: Scenario) -> str:
    """sha256 of every key of a scenario, in hex."""
    text = json.dumps(scenario.model_dump(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def case_hash(case: Case) -> str:
    """sha256 of jobs, inputs and forecasts as the simulator reads them, in hex."""
    world = build_world(case, live=1, log_level=0, record_jobs=False)
    digest = hashlib.sha256(str((case.cluster, case.options)).encode())
    for table in (world.jobs, world.inputs, world.forecast):
        digest.update(np.ascontiguousarray(table).tobytes())
    return digest.hexdigest()
