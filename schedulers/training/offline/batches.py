"""Mini-batches in d3rlpy's form, gathered from resident transitions in an order that a seed decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch
from schedulers.training.offline.packed_observations import Packed, pack
from schedulers.training.offline.transitions import Transitions
from schedulers.training.resume import generator_state, restore_generator


class Batches:
    """Batches of `size` transitions drawn with replacement.

    with_next: gather what came after as well; cloning does without it.
    """

    def __init__(self, data: Transitions, size: int, seed: int, with_next: bool = True) -> None:
        self.data, self.size, self.with_next = data, size, with_next
        self._packed = pack(data.obs, data.layout)
        self._draws = np.random.Generator(np.random.PCG64(seed))

    def draw(self) -> TorchMiniBatch:
        """The next batch."""
        drawn = torch.from_numpy(self._draws.integers(0, len(self.data), self.size))
        return gather(self.data, drawn.to(self.data.at.device), self.with_next, self._packed)

    def state(self) -> dict[str, Any]:
        """Where the draws are, for a resumed run."""
        return generator_state(self._draws)

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from `state`."""
        restore_generator(self._draws, saved)


def gather(
    data: Transitions, chosen: Tensor, with_next: bool = True, packed: Packed | None = None
) -> TorchMiniBatch:
    """The transitions of these numbers. `intervals` are hours, so that gamma ** interval is by time.

    Columns are (B, 1). Without `with_next` the next observations are those before: nobody reads them.
    With `packed`, observations come taken apart (a Reading); d3rlpy's own loop wants tensors.
    """
    at = data.at[chosen]
    obs = _observations(data, packed, at)
    columns = {
        name: values[chosen][:, None]
        for name, values in (
            ("actions", data.action),
            ("rewards", data.reward),
            ("returns_to_go", data.to_go),
            ("terminals", data.terminal),
            ("intervals", data.hours),
        )
    }
    return TorchMiniBatch(
        observations=obs,
        next_observations=_observations(data, packed, at + 1) if with_next else obs,
        next_actions=columns["actions"],
        device=str(at.device),
        **columns,
    )


def _observations(data: Transitions, packed: Packed | None, rows: Tensor) -> Any:
    return data.obs.index_select(0, rows) if packed is None else packed.of(rows)
