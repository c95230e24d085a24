"""The machine that is guessed from what ran."""

import numpy as np
import pytest

from traces.jobs.sacct.sacct_jobs import Held
from traces.jobs.sacct.sacct_machine import guessed_partitions


def held(*node_lists):
    """A job of two nodes of four cores each in turn, an hour each, on these lists of nodes."""
    count = len(node_lists)
    numbers = {
        "start_s": 3600 * np.arange(count),
        "stop_s": 3600 * np.arange(1, count + 1),
        "cores": np.full(count, 8),
        "gpus": np.zeros(count, np.int64),
        "nodes": np.full(count, 2),
        "memory_mib": np.zeros(count, np.int64),
        "partition": np.zeros(count, np.int64),
        "node_list": np.arange(count),
        "job": np.arange(count),
        "line": np.arange(count) + 2,
    }
    return Held(**numbers, texts={"partition": ["batch"], "node_list": list(node_lists)})


@pytest.mark.parametrize(
    ("node_lists", "nodes"),
    [
        (("n[1-2]", "n[3-4]"), 4),
        (("n[1-2]", "n[3-"), 2),  # one that cannot be read: as if nodes had no names
        (("n[1-2]", ""), 2),
    ],
)
def test_nodes_are_counted_by_their_names_where_all_can_be_read(node_lists, nodes):
    (partition,) = guessed_partitions(held(*node_lists))
    assert (partition.name, partition.nodes, partition.cores_per_node) == ("batch", nodes, 4)
