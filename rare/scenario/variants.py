"""Variants of a scenario: other sizes, loads and supplies, for policies that must generalise."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from rare.episodes import Randomise
from rare.scenario.config.scenario_config import Scenario
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


def _sized(loaded: Loaded, factor: float) -> Scenario:
    """The cluster times a factor: partitions in whole nodes, else processors in whole nodes."""
    scenario = loaded.scenario
    if factor == 1.0:
        return scenario
    partitions = scenario.cluster.partition
    if partitions:
        sized = tuple(
            part.model_copy(update={"nodes": max(1, round(part.nodes * factor))}) for part in partitions
        )
        cluster = scenario.cluster.model_copy(update={"partition": sized})
        return scenario.model_copy(update={"cluster": cluster})
    processors, node = scenario.workload.processors, scenario.cluster.node
    if processors is None:
        raise InputError(
            "randomise: cluster needs workload.processors or cluster partitions in the scenario",
            where=loaded.label,
            remedy="the size of the machine is in the trace's header alone",
        )
    step = (node.cores_per_node if node is not None else None) or 1
    sized_cores = max(1, round(processors * factor / step)) * step
    workload = scenario.workload.model_copy(update={"processors": sized_cores})
    return scenario.model_copy(update={"workload": workload})


def _loaded(loaded: Loaded, scenario: Scenario, randomise: Randomise, factor: float, seed: int) -> Scenario:
    workload = scenario.workload
    if workload.model is None:
        if randomise.load != (1.0, 1.0):
            raise InputError(
                "randomise: load needs jobs that are made (workload.model)",
                where=loaded.label,
                remedy="those of a file are what they are",
            )
        return scenario
    assert workload.load is not None  # a model of jobs has one: checked where the scenario is read
    busier = workload.model_copy(update={"load": workload.load * factor, "seed": seed})
    return scenario.model_copy(update={"workload": busier})


def _supplied(loaded: Loaded, scenario: Scenario, factor: float, shares: np.ndarray | None) -> Scenario:
    """Capacities times a factor, and dealt out anew by shares."""
    sources = scenario.supply.source
    sizes = [("peak" if source.peak is not None else "capacity") for source in sources]
    capacities = [getattr(source, name) for source, name in zip(sources, sizes, strict=True)]
    if factor == 1.0 and shares is None:
        return scenario
    if not sources or any(capacity is None for capacity in capacities):
        raise InputError(
            "randomise: supply and mix need sources with a capacity or a peak relative to the cluster",
            where=loaded.label,
        )
    if shares is not None:
        total = sum(capacities)
        capacities = [total * float(share) for share in shares]
    sized = tuple(
        source.model_copy(update={name: capacity * factor})
        for source, name, capacity in zip(sources, sizes, capacities, strict=True)
    )
    supply = scenario.supply.model_copy(update={"source": sized})
    return scenario.model_copy(update={"supply": supply})
