"""The fitted parameters of the GPU mix, read from `gpu_mix.toml`, and the nodes that suit it."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from traces.errors import InputError
from traces.synthetic import generator_arguments

PARAMETER_FILE = Path(__file__).with_name("gpu_mix.toml")

#: The most frequent node of the Alibaba cluster that has 8 GPUs: 549 of its 1,213 nodes, 4,392 of its
#: 6,212 GPUs (openb_node_list_gpu_node.csv, model G2): 96 cores and 384 GiB.
GPUS_PER_NODE, CORES_PER_NODE, MEMORY_GIB_PER_NODE = 8, 96, 384


@dataclass(frozen=True, slots=True)
class RequestClass:
    """Jobs that ask for the same number of GPUs.

    share    : of all jobs; gpus : per job, each to the thousandths that the request says
    run_time : two (knots,) arrays, shares and quantiles [s]
    requests : (requests, 4) int64: thousandths of each GPU, thousandths of a core, MiB, weight
    """

    share: float
    gpus: int
    run_time: tuple[np.ndarray, np.ndarray]
    requests: np.ndarray


@dataclass(frozen=True, slots=True)
class GpuParameters:
    """hour_weights : (24,) arrivals by local hour; gap : shares and quantiles, mean 1; classes by name."""

    hour_weights: np.ndarray
    gap: tuple[np.ndarray, np.ndarray]
    classes: dict[str, RequestClass]


@cache
def gpu_parameters() -> GpuParameters:
    """The parameters in the packaged `gpu_mix.toml`."""
    table = tomllib.loads(PARAMETER_FILE.read_text(encoding="utf-8"))
    classes = {
        name: RequestClass(
            values["share"],
            values["gpus"],
            (np.array(values["run_time_shares"]), np.array(values["run_time_values"])),
            np.array(values["requests"], dtype=np.int64),
        )
        for name, values in table["classes"].items()
    }
    arrivals = table["arrivals"]
    gap = (np.array(arrivals["gap_shares"]), np.array(arrivals["gap_values"]))
    return GpuParameters(np.array(arrivals["hour_weights"]), gap, classes)


@dataclass(frozen=True, slots=True)
class NodeLayout:
    """Identical nodes: how many, and what each has."""

    count: int
    gpus: int
    cores: int
    memory_gib: int


def node_layout(gpus: int) -> NodeLayout:
    """Nodes for so many GPUs, for a scenario: 8 GPUs, 96 cores and 384 GiB each, as most in the trace.

    Fewer than 8 GPUs make one smaller node with its part of the cores and the memory. InputError: the
    GPUs do not fill the nodes.
    """
    gpus = generator_arguments.checked_integer("gpus", gpus, 1, generator_arguments.MOST_PROCESSORS)
    if gpus < GPUS_PER_NODE:
        part = gpus / GPUS_PER_NODE
        return NodeLayout(1, gpus, math.ceil(CORES_PER_NODE * part), math.ceil(MEMORY_GIB_PER_NODE * part))
    if gpus % GPUS_PER_NODE:
        below = gpus // GPUS_PER_NODE * GPUS_PER_NODE
        raise InputError(
            f"gpus is {gpus}, which does not fill nodes of {GPUS_PER_NODE}",
            remedy=f"give {below} or {below + GPUS_PER_NODE}",
        )
    return NodeLayout(gpus // GPUS_PER_NODE, GPUS_PER_NODE, CORES_PER_NODE, MEMORY_GIB_PER_NODE)
