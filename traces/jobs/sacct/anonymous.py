"""Users, groups and accounts of a workload under other names: user1, user2, ..."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np

from traces.jobs.workload import Workload

HIDDEN = ("user", "group", "account")
#: What stays as it was, for the note that goes with it.
HIDES = (
    "users, groups and accounts have other names, and job names are not kept; job ids, times, sizes, "
    "partitions and QOS stay: who knows when somebody submitted what can recognise them"
)


def anonymous(workload: Workload, seed: int | None = None) -> Workload:
    """The workload under other names, the same one for the same name.

    seed : of the order in which numbers are given; None: in order of appearance, which tells who came first
    """
    changed: dict[str, Any] = {}
    for column in HIDDEN:
        names = getattr(workload, column)
        if names is None:
            continue
        distinct = [name for name in dict.fromkeys(names.tolist()) if name]
        if seed is not None:
            random.Random(f"{seed} {column}").shuffle(distinct)
        other = {name: f"{column}{number}" for number, name in enumerate(distinct, 1)} | {"": ""}
        changed[column] = np.array([*map(other.__getitem__, names.tolist()), ""], dtype=object)[:-1]
    return replace(workload, name="anonymous", **changed)
