"""How well a network schedules: its best action at every decision, on whole windows, without training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

import numpy as np
import torch

from rare.env.batch import Batch
from rare.episodes import Episode, Episodes
from schedulers.network.forward import POLICY, Forward
from schedulers.network.learned_loops import play_on
from schedulers.training.scheduler_net import SchedulerNet, best_actions


class RewardOptions(TypedDict, total=False):
    """Of which score: a reward's name and its weight, as an environment takes them."""

    reward: str
    reward_eta: float


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

    reward, reward_eta: of which score, as an environment takes them. Pointwise networks play in compiled
    code, window after window; others in batches of torch. NaN where a window offers no value.
    """
    options: RewardOptions = {"reward": reward, "reward_eta": reward_eta}
    if net.size.kind == "pointwise":
        return _compiled(forward_of_net(net, head), episodes, windows, options)
    return by_torch(net, episodes, windows, head, options)


def best_choice(
    net: SchedulerNet,
    episodes: Episodes,
    windows: Sequence[Episode],
    heads: Sequence[str],
    **options: Unpack[RewardOptions],
) -> tuple[str, np.ndarray]:
    """The head with the highest mean score, the first of equals, and its (W,) scores.

    heads: those to compare. options: as in `greedy_scores`.
    """
    scores = {head: greedy_scores(net, episodes, windows, head=head, **options) for head in heads}
    best = max(scores, key=lambda head: float(np.nanmean(scores[head])))
    return best, scores[best]


def forward_of_net(net: SchedulerNet, head: str) -> Forward:
    """The compiled forward pass of a pointwise network, with a copy of its present weights."""
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in net.state_dict().items()}
    return Forward(weights, net.layout, net.size.width, head)


def _compiled(
    forward: Forward, episodes: Episodes, windows: Sequence[Episode], options: RewardOptions
) -> np.ndarray:
    batch = Batch(episodes, forward.layout, 1, **options)
    scores = np.full(len(windows), np.nan)
    for place, window in enumerate(windows):
        batch.set_up(0, window)
        batch.begin(0)
        while not batch.is_over(0):
            play_on(batch.places, forward.network, batch.obs[0])
            batch.make_room(0)
        score = batch.score(0)
        scores[place] = np.nan if score is None else score
    return scores


def by_torch(
    net: SchedulerNet, episodes: Episodes, windows: Sequence[Episode], head: str, options: RewardOptions
) -> np.ndarray:
    """(W,) scores as in `greedy_scores`, by torch on all windows at once: for networks not compiled."""
    batch = Batch(episodes, net.layout, len(windows), **options)
    for e, window in enumerate(windows):
        batch.set_up(e, window)
        batch.begin(e)
    device = next(net.parameters()).device
    actions = np.zeros(len(windows), np.int64)
    with torch.no_grad():
        while not batch.ended().all():
            unfinished = np.flatnonzero(~batch.ended())
            obs = torch.from_numpy(batch.obs[unfinished]).to(device)
            best = best_actions(net, obs, head).cpu().numpy()
            for e, action in zip(unfinished.tolist(), best.tolist(), strict=True):
                actions[e] = action
                batch.step_single(e, action)
    return np.array([np.nan if (score := batch.score(e)) is None else score for e in range(len(windows))])
