"""Variants of a scenario: other sizes, loads and supplies, for policies that must generalise."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from rare.episodes import Randomise
from rare.scenario.load import Loaded
from traces.errors import InputError

JOB_SEEDS = 2**31


def variant_of(loaded: Loaded, randomise: Randomise, index: int) -> Loaded:
    """One variant; a pure function of the scenario, what is randomised, its seed and the index."""
    generator = np.random.default_rng([randomise.seed, index])
    cluster, load, supply = (
        math.exp(generator.uniform(math.log(low), math.log(high)))
        for low, high in (randomise.cluster, randomise.load, randomise.supply)
    )
    shares = generator.dirichlet(np.ones(max(len(loaded.scenario.supply.source), 1)))
    jobs_seed = int(generator.integers(JOB_SEEDS))
    scenario = _sized(loaded, cluster)
    scenario = _loaded(loaded, scenario, randomise, load, jobs_seed)
    scenario = _supplied(loaded, scenario, supply, shares if randomise.mix else None)
    return dataclasses.replace(loaded, scenario=scenario)


def _sized(loaded: Loaded, factor: float) -> Any:
    """The cluster times a factor: partitions in whole nodes, else processors in whole nodes."""
    scenario = loaded.scenario
    if factor == 1.0:
        return scenario
    partitions = scenario.cluster.partition
    if partitions:
        sized = tuple(
            dataclasses.replace(part, nodes=max(1, round(part.nodes * factor))) for part in partitions
        )
        return dataclasses.replace(scenario, cluster=dataclasses.replace(scenario.cluster, partition=sized))
    processors, node = scenario.workload.processors, scenario.cluster.node
    if processors is None:
        raise InputError(
            f"{loaded.label}: randomise: cluster needs workload.processors or cluster partitions in the "
            "scenario; the size of the machine is in the trace's header alone"
        )
    step = (node.cores_per_node if node is not None else None) or 1
    sized_cores = max(1, round(processors * factor / step)) * step
    return dataclasses.replace(
        scenario, workload=dataclasses.replace(scenario.workload, processors=sized_cores)
    )


def _loaded(loaded: Loaded, scenario: Any, randomise: Randomise, factor: float, seed: int) -> Any:
    workload = scenario.workload
    if workload.model is None:
        if randomise.load != (1.0, 1.0):
            raise InputError(
                f"{loaded.label}: randomise: load needs jobs that are made (workload.model); those of a file "
                "are what they are"
            )
        return scenario
    assert workload.load is not None  # a model of jobs has one: checked where the scenario is read
    made = dataclasses.replace(workload, load=workload.load * factor, seed=seed)
    return dataclasses.replace(scenario, workload=made)


def _supplied(loaded: Loaded, scenario: Any, factor: float, shares: np.ndarray | None) -> Any:
    """Capacities times a factor, and dealt out anew by shares."""
    sources = scenario.supply.source
    sizes = [("peak" if source.peak is not None else "capacity") for source in sources]
    capacities = [getattr(source, name) for source, name in zip(sources, sizes, strict=True)]
    if factor == 1.0 and shares is None:
        return scenario
    if not sources or any(capacity is None for capacity in capacities):
        raise InputError(
            f"{loaded.label}: randomise: supply and mix need sources with a capacity or a peak relative to "
            "the cluster"
        )
    if shares is not None:
        total = sum(capacities)
        capacities = [total * float(share) for share in shares]
    sized = tuple(
        dataclasses.replace(source, **{name: capacity * factor})
        for source, name, capacity in zip(sources, sizes, capacities, strict=True)
    )
    return dataclasses.replace(scenario, supply=dataclasses.replace(scenario.supply, source=sized))
