"""Records of the index over a long queue (rare.rules.queue_index); only single environments keep one."""

from __future__ import annotations

import numpy as np

from rare.state.compile import rule
from rare.state.memory import accessor

I4 = np.int32

# not "size": without the compiler that is an attribute of every NumPy scalar
LEAF = np.dtype([("slot", I4), ("width", I4), ("soon", I4), ("light", I4)])
MARK = np.dtype([("soon", I4), ("light", I4), ("small", I4)])
BLOCK, CLASSES = 16, 16  # of the index: jobs in a block, classes of size (rare.rules.queue_index)

_leaf, _mark = accessor(LEAF), accessor(MARK)


@rule
def leaf_of(w, job):
    """A job of the workload in the index."""
    return _leaf(w.at_leaves, job)


@rule
def mark_of(w, i):
    """A figure of a node of the index."""
    return _mark(w.at_tree, i)
