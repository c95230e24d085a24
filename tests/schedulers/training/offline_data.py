"""Small data for tests of offline learning: a dataset of `tiny`, and transitions put together by hand."""

from __future__ import annotations

import numpy as np
import torch

from rare.env.observation.layout import Layout
from schedulers.training.offline.transitions import Transitions

SMALL = ["--queue-slots", "16", "--running-slots", "6", "--forecast-hours", "4"]


def by_hand(layout: Layout) -> Transitions:
    """Two transitions of one episode: wait 2 hours for 3, then wait 5 hours for 7 and the end."""
    obs = torch.zeros(3, layout.size)
    obs[:, layout.slices["mask"]] = 0.0
    obs[:2, 0] = 1.0
    obs[:2, 1] = 1.0  # the first queue slot may start, too
    obs[:2, layout.index("queue", "present")] = 1.0
    return Transitions(
        layout=layout,
        obs=obs,
        at=torch.tensor([0, 1]),
        action=torch.tensor([0, 1]),
        reward=torch.tensor([3.0, 7.0]),
        hours=torch.tensor([2.0, 5.0]),
        terminal=torch.tensor([0.0, 1.0]),
        probability=torch.ones(2),
        to_go=torch.tensor([3.0 + 0.5**2 * 7.0, 7.0]),
    )


def drawn_observations(layout: Layout, number: int, seed: int = 0) -> torch.Tensor:
    """Observations with jobs in the first slots, some of them startable; one in a hundred is an end."""
    draws = np.random.default_rng(seed)
    obs = draws.uniform(-1, 1, (number, layout.size)).astype(np.float32)
    mask = np.zeros((number, layout.actions), np.float32)
    first = 1
    for block, slots in (("queue", layout.queue_slots), ("running", layout.running_slots)):
        jobs = obs[:, layout.slices[block]].reshape(number, slots, -1)
        here = np.arange(slots) < draws.integers(0, slots + 1, (number, 1))
        jobs *= here[:, :, None]
        jobs[:, :, 0] = here
        obs[:, layout.slices[block]] = jobs.reshape(number, -1)
        mask[:, first : first + slots] = here & (draws.uniform(size=here.shape) < 0.3)
        first += slots
    mask[:, 0] = 1.0
    obs[:, layout.slices["mask"]] = mask
    obs[::100] = 0.0
    return torch.from_numpy(obs)
