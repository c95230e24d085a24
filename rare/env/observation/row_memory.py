"""Room for what looks leave for the next look (buffers.MEMORY)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.env.observation.buffers import COLUMNS, MEMORY, WISH
from rare.state.memory import records, register


class RowMemory:
    """MEMORY of each environment, with nothing in it, and the arrays that it leads to."""

    def __init__(self, environments: int, queue_slots: int, live_slots: int) -> None:
        self.records = records((environments, 1), MEMORY)
        self._columns = {name: records((environments, queue_slots), dtype) for name, dtype in COLUMNS.items()}
        self._wishes = records((environments, live_slots), WISH)
        for name, column in {**self._columns, "wishes": self._wishes}.items():
            places = [[register(column[e])] for e in range(environments)]
            self.records[f"at_{name}"] = places

    def forget(self, e: Any = slice(None)) -> None:
        """Nothing is known of what the observation shows: the next look writes it anew."""
        np.asarray(self.records["rows"])[e] = 0
