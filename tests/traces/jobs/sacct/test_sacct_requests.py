"""Nodes and GPUs of a job, from what it held and what it asked for."""

import numpy as np
import pytest

from traces.jobs.sacct.rows.sacct_values import NONE
from traces.jobs.sacct.sacct_requests import gpus_of

NAMES = [
    f"{side}_{name}" for side in ("allocated", "requested") for name in ("gres", "tres_nodes", "tres_gpus")
]


def records(**given):
    """One job; what is not given is not said."""
    columns = {
        name: np.array([NONE], np.int64)
        for name in (*NAMES, "nodes", "allocated_nodes", "allocated_tres_cpus")
    }
    return columns | {name: np.array([value], np.int64) for name, value in given.items()}


@pytest.mark.parametrize("nodes", [1, 7, 200_000, 10**6])
def test_gpus_of_each_node_times_nodes(nodes):
    found = gpus_of(records(requested_gres=4, requested_tres_nodes=nodes, nodes=nodes), np.array([False]))
    assert found.tolist() == [4 * nodes]


def test_more_nodes_than_any_machine_has_overflow_nothing():
    asked = records(requested_gres=2**31, requested_tres_nodes=2**62, nodes=2**62)
    assert gpus_of(asked, np.array([False])).tolist() == [2**31 * 10**6]
