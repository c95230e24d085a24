"""How well a network schedules: its best action at every decision, on whole windows, without training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rare.env.batch import Batch
from rare.episodes import Episode, Episodes
from schedulers.network.forward import POLICY, Forward
from schedulers.network.learned_loops import play_on
from schedulers.training.scheduler_net import SchedulerNet, best_actions


def greedy_scores(
    net: SchedulerNet,
    episodes: Episodes,
    windows: Sequence[Episode],
    *,
    head: str = POLICY,
    reward: str = "objective",
    reward_eta: float = 0.002,
) -> np.ndarray:
    """(W,) score of each window under the network's best action. head: one of forward.HEADS.

    reward, reward_eta: what the score is of, as an environment has them. Pointwise networks play in compiled
    code, window after window; others in batches of torch. NaN where a window offers no value.
    """
    kind = {"reward": reward, "reward_eta": reward_eta}
    if net.size.kind == "pointwise":
        return _compiled(forward_of_net(net, head), episodes, windows, kind)
    return by_torch(net, episodes, windows, head, kind)


def best_choice(
    net: SchedulerNet, episodes: Episodes, windows: Sequence[Episode], heads: Sequence[str], **kind: Any
) -> tuple[str, np.ndarray]:
    """Of some ways to choose the one with the highest mean score, the first of equals, and its scores (W,).

    kind: reward and reward_eta, as in `greedy_scores`.
    """
    found = {head: greedy_scores(net, episodes, windows, head=head, **kind) for head in heads}
    best = max(found, key=lambda head: float(np.nanmean(found[head])))
    return best, found[best]


def forward_of_net(net: SchedulerNet, head: str) -> Forward:
    """The compiled twin of a pointwise network as it is now."""
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in net.state_dict().items()}
    return Forward(weights, net.layout, net.size.width, head)


def _compiled(
    forward: Forward, episodes: Episodes, windows: Sequence[Episode], kind: dict[str, Any]
) -> np.ndarray:
    batch = Batch(episodes, forward.layout, 1, **kind)
    found = np.full(len(windows), np.nan)
    for place, window in enumerate(windows):
        batch.set_up(0, window)
        batch.begin(0)
        while not batch.is_over(0):
            play_on(batch.places, forward.network, batch.obs[0])
            batch.make_room(0)
        score = batch.score(0)
        found[place] = np.nan if score is None else score
    return found


def by_torch(
    net: SchedulerNet, episodes: Episodes, windows: Sequence[Episode], head: str, kind: dict[str, Any]
) -> np.ndarray:
    """The same with torch: all windows side by side, for networks that are not compiled."""
    batch = Batch(episodes, net.layout, len(windows), **kind)
    for e, window in enumerate(windows):
        batch.set_up(e, window)
        batch.begin(e)
    device = next(net.parameters()).device
    actions = np.zeros(len(windows), np.int64)
    with torch.no_grad():
        while not batch.ended().all():
            open_ = np.flatnonzero(~batch.ended())
            obs = torch.from_numpy(batch.obs[open_]).to(device)
            best = best_actions(net, obs, head).cpu().numpy()
            for e, action in zip(open_.tolist(), best.tolist(), strict=True):
                actions[e] = action
                batch.step_single(e, action)
    return np.array([np.nan if (found := batch.score(e)) is None else found for e in range(len(windows))])
