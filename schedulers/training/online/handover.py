"""How fast an online learner leaves the policy of its checkpoint, in steps and by validation scores.

The checkpoint's policy is kept, and does three things. A KL term holds the learned policy near it: its weight
fades with the steps, or adapts to the scores (as the penalty of PPO adapts to a target, Schulman et al. 2017,
arXiv 1707.06347, section 4). The actor's learning rate rises from 0. And the checkpoint's policy can play the
first decisions of each rollout (Jump-Start, Uchendu et al. 2022, arXiv 2204.02372), fewer after each
validation that shows no loss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import torch

from schedulers.training.online.online_options import PpoOptions
from schedulers.training.scheduler_net import SchedulerNet

MOST = 10.0  # the greatest weight of the KL term that adapts


class HandoverState(TypedDict):
    """The keys of the hand-over in state.pt. first: scores of the checkpoint; none before a validation."""

    first: list[float]
    weight: float
    guided: float


class Handover:
    """The schedule of a learner's hand-over. from_checkpoint: without one nothing is held back.

    Steps are those of the whole run. weight: of the KL term, where it adapts. guided: share of each rollout
    that the checkpoint's policy plays.
    """

    def __init__(self, options: PpoOptions, from_checkpoint: bool) -> None:
        self.options, self.active = options, from_checkpoint
        self.weight = options.clone_weight
        self.guided = options.guide_share if from_checkpoint else 0.0
        self.first: list[float] = []

    def acts(self, steps: int) -> bool:
        """Whether the actor learns; before that only the critic does."""
        return not self.active or steps > self.options.critic_steps

    def actor_rate(self, steps: int) -> float:
        """The share of the learning rate that the actor learns with."""
        if not self.active or self.options.actor_steps == 0:
            return 1.0
        return min(1.0, max(0, steps - self.options.critic_steps) / self.options.actor_steps)

    def clone_weight(self, steps: int) -> float:
        """Weight of the KL term: adapted, or on a straight line from `clone_weight` to `clone_last`."""
        options = self.options
        if not self.active:
            return 0.0
        if options.clone_factor > 1:
            return self.weight
        if options.clone_steps == 0:
            return options.clone_last
        left = max(0.0, 1.0 - max(0, steps - options.critic_steps) / options.clone_steps)
        return options.clone_last + (options.clone_weight - options.clone_last) * left

    def judge(self, scores: Sequence[float], steps: int) -> None:
        """Adapt to the scores on the validation windows; the first ones are the checkpoint's own."""
        if not self.first:
            self.first = list(scores)
        if not self.active or not self.acts(steps):
            return
        change = float(np.nanmean(np.subtract(scores, self.first)))
        if change < -self.options.tolerance:
            self.weight = min(self.weight * max(self.options.clone_factor, 1.0), MOST)
            return
        self.weight = max(self.weight / max(self.options.clone_factor, 1.0), self.options.clone_last)
        self.guided = max(0.0, self.guided - self.options.guide_fall)

    def state(self) -> HandoverState:
        """Everything that later steps depend on."""
        return {"first": list(self.first), "weight": self.weight, "guided": self.guided}

    def restore(self, state: HandoverState) -> None:
        """Resume from a `state`."""
        self.first, self.weight, self.guided = list(state["first"]), state["weight"], state["guided"]


def for_start(options: PpoOptions, from_checkpoint: bool) -> PpoOptions:
    """The options with the rate and the averaging that hold for such a start."""
    if not from_checkpoint:
        return options
    return dataclasses.replace(
        options,
        learning_rate=options.learning_rate * options.rate_share,
        rate_share=1.0,
        average=options.average or options.average_after,
    )


@torch.no_grad()
def sharpen(net: SchedulerNet, power: float) -> None:
    """Raise the policy's probabilities to a power: the heads of its logits are linear, so they are scaled."""
    if power != 1.0:
        for weights in net.logits.parameters():
            weights.mul_(power)
