"""Mini-batches in d3rlpy's form, gathered from transitions in memory; the seed decides which."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from schedulers.training.offline.d3rlpy_base import TorchMiniBatch
from schedulers.training.offline.packed_observations import Packed, pack
from schedulers.training.offline.transitions import Transitions
from schedulers.training.resume import GeneratorState, generator_state, restore_generator
from schedulers.training.scheduler_net import Reading


class Batches:
    """Batches of `size` transitions drawn with replacement.

    with_next: gather the next observations as well; cloning needs none.
    """

    def __init__(self, data: Transitions, size: int, seed: int, with_next: bool = True) -> None:
        self.data, self.size, self.with_next = data, size, with_next
        self._packed = pack(data.obs, data.layout)
        self._draws = np.random.Generator(np.random.PCG64(seed))

    def draw(self) -> TorchMiniBatch:
        """The next batch."""
        chosen = torch.from_numpy(self._draws.integers(0, len(self.data), self.size))
        return gather(self.data, chosen.to(self.data.at.device), self.with_next, self._packed)

    def state(self) -> GeneratorState:
        """State of the random generator, for a resumed run."""
        return generator_state(self._draws)

    def restore(self, saved: GeneratorState) -> None:
        """Draw on from a `state`."""
        restore_generator(self._draws, saved)


def gather(
    data: Transitions, chosen: Tensor, with_next: bool = True, packed: Packed | None = None
) -> TorchMiniBatch:
    """The transitions with the numbers `chosen` (B,). `intervals` are hours, for gamma ** interval.

    Columns are (B, 1). Without `with_next` the next observations repeat the present ones and must not
    be read. With `packed`, observations are parsed (a Reading); d3rlpy's own loop needs tensors.
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


def _observations(data: Transitions, packed: Packed | None, rows: Tensor) -> Tensor | Reading:
    return data.obs.index_select(0, rows) if packed is None else packed.of(rows)
