"""How well a network schedules: its best action at every decision, on whole windows, without training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from rare.batch import Batch
from rare.episodes import Episode, Episodes
from schedulers.learned.network import SchedulerNet


def greedy_objectives(
    net: SchedulerNet, episodes: Episodes, windows: Sequence[Episode], *, head: str = "policy"
) -> np.ndarray:
    """(W,) objective of each window under the network's best action. head: "policy" (logits) or "q"."""
    batch = Batch(episodes, net.layout, len(windows))
    for e, window in enumerate(windows):
        batch.set_up(e, window)
        batch.begin(e)
    score = net.q if head == "q" else net.policy
    actions = np.zeros(len(windows), np.int64)
    with torch.no_grad():
        while not batch.ended().all():
            open_ = np.flatnonzero(~batch.ended())
            best = score(torch.from_numpy(batch.obs[open_])).argmax(dim=1).numpy()
            for e, action in zip(open_.tolist(), best.tolist(), strict=True):
                actions[e] = action
                batch.step_single(e, action)
    return np.array([np.nan if (found := batch.objective(e)) is None else found for e in range(len(windows))])
