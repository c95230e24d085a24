"""The network of every learned scheduler: it scores each visible job from its own features and a summary.

One set of weights serves any number of slots, any cluster and any length of forecast: jobs go through the
same small network each, so the scores follow the jobs when they change places; hours of forecast enter as
means over spans from now on. `pointwise` sees of the other jobs only their means and maxima; `attention`
lets the visible jobs look at each other first.

Sources: deep sets (Zaheer et al. 2017, arXiv 1703.06114) for the pooling, scaled dot-product attention
(Vaswani et al. 2017, arXiv 1706.03762), scoring jobs one by one as RLScheduler's kernel network does
(Zhang et al., SC 2020, doi:10.1109/SC41405.2020.00035).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rare.layout import CLUSTER, FORECAST, QUEUE, RUNNING, Layout

MASKED = -1e8  # the logit of an invalid action: finite, so that no sum or difference is NaN
SPANS_H = (1, 3, 6, 12, 24)  # means of the forecast over so many hours from now on
KINDS = ("pointwise", "attention")


@dataclass(frozen=True)
class NetworkSize:
    """What a network is made of."""

    kind: str = "pointwise"
    width: int = 64
    heads: int = 4  # of attention

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"network kind {self.kind!r} is unknown; known are {', '.join(KINDS)}")


def perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
    )


class Trunk(nn.Module):
    """From flat observations to one vector for each job and one for the whole.

    forward: obs (B, D) -> waiting (B, K, W), running (B, M, W), whole (B, W), mask (B, A) bool.
    """

    def __init__(self, layout: Layout, size: NetworkSize) -> None:
        super().__init__()
        self.layout, self.size = layout, size
        width = size.width
        self.waiting_in = nn.Linear(len(QUEUE), width)
        self.running_in = nn.Linear(len(RUNNING), width)
        self.whole_in = perceptron(len(CLUSTER) + len(SPANS_H) * len(FORECAST) + 4 * width, width, width)
        self.join_waiting = nn.Linear(2 * width, width)
        self.join_running = nn.Linear(2 * width, width)
        if size.kind == "attention":
            self.attention = nn.MultiheadAttention(width, size.heads, batch_first=True)
            self.after = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU())

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """See the class."""
        blocks, shapes = self.layout.slices, self.layout.shapes
        mask = obs[:, blocks["mask"]] > 0.5
        queue = obs[:, blocks["queue"]].reshape(len(obs), *shapes["queue"])
        busy = obs[:, blocks["running"]].reshape(len(obs), *shapes["running"])
        waiting, running = torch.relu(self.waiting_in(queue)), torch.relu(self.running_in(busy))
        here, there = queue[:, :, :1], busy[:, :, :1]
        if self.size.kind == "attention":
            waiting = waiting + self.look_around(waiting, here)
        parts = [obs[:, blocks["cluster"]], self.spans(obs)]
        parts += [*pooled(waiting, here), *pooled(running, there)]
        whole = torch.relu(self.whole_in(torch.cat(parts, dim=1)))
        waiting = joined(self.join_waiting, waiting, whole)
        running = joined(self.join_running, running, whole)
        return waiting, running, whole, mask

    def look_around(self, waiting: Tensor, here: Tensor) -> Tensor:
        """What each waiting job makes of the others; empty slots are seen by nobody."""
        empty = here[:, :, 0] < 0.5
        empty = empty & ~empty.all(dim=1, keepdim=True)  # attention over nothing would be NaN
        seen, _ = self.attention(waiting, waiting, waiting, key_padding_mask=empty, need_weights=False)
        return self.after(seen)

    def spans(self, obs: Tensor) -> Tensor:
        """(B, spans x 5) means of the forecast; zeros without one."""
        hours = self.layout.forecast_hours
        if hours == 0:
            return obs.new_zeros(len(obs), len(SPANS_H) * len(FORECAST))
        ahead = obs[:, self.layout.slices["forecast"]].reshape(len(obs), hours, len(FORECAST))
        return torch.cat([ahead[:, : min(span, hours)].mean(dim=1) for span in SPANS_H], dim=1)


def pooled(items: Tensor, here: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and maximum (B, W) over the slots that hold something; zeros if none does."""
    if items.shape[1] == 0:
        nothing = items.new_zeros(items.shape[0], items.shape[2])
        return nothing, nothing
    items = items * here  # all are >= 0, so the maximum is right as well
    return items.sum(dim=1) / here.sum(dim=1).clamp(min=1.0), items.amax(dim=1)


def joined(layer: nn.Linear, items: Tensor, whole: Tensor) -> Tensor:
    """Each item together with the whole, (B, N, W); the whole goes through the layer once, not N times."""
    width = whole.shape[1]
    of_items = nn.functional.linear(items, layer.weight[:, :width], layer.bias)
    of_whole = nn.functional.linear(whole, layer.weight[:, width:])
    return torch.relu(of_items + of_whole[:, None, :])


class ActionHead(nn.Module):
    """One number for each action, (B, A): WAIT from the whole, the others from their job."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wait, self.start, self.stop = (nn.Linear(width, 1) for _ in range(3))

    def forward(self, waiting: Tensor, running: Tensor, whole: Tensor) -> Tensor:
        """See the class."""
        return torch.cat([self.wait(whole), self.start(waiting)[:, :, 0], self.stop(running)[:, :, 0]], dim=1)


class SchedulerNet(nn.Module):
    """Logits and value, or Q values, of observations of a layout.

    forward(obs) -> logits (B, A), MASKED where invalid, and value (B,). q(obs) -> (B, A) likewise.
    The critic has a trunk of its own: sharing one made the policy forget what it had cloned.
    """

    def __init__(self, layout: Layout, size: NetworkSize | None = None) -> None:
        super().__init__()
        self.layout, self.size = layout, size or NetworkSize()
        width = self.size.width
        self.actor, self.critic = Trunk(layout, self.size), Trunk(layout, self.size)
        self.logits, self.values = ActionHead(width), nn.Linear(width, 1)
        self.advantages = ActionHead(width)

    def policy(self, obs: Tensor) -> Tensor:
        """(B, A) logits."""
        waiting, running, whole, mask = self.actor(obs)
        return masked(self.logits(waiting, running, whole), mask)

    def value(self, obs: Tensor) -> Tensor:
        """(B,) value of the state."""
        return self.values(self.critic(obs)[2])[:, 0]

    def q(self, obs: Tensor) -> Tensor:
        """(B, A) value of each action: the state's and the action's advantage."""
        waiting, running, whole, mask = self.critic(obs)
        return masked(self.values(whole) + self.advantages(waiting, running, whole), mask)

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and value."""
        return self.policy(obs), self.value(obs)


def masked(scores: Tensor, mask: Tensor) -> Tensor:
    """Invalid actions out of reach; where no action is valid (an episode's end) WAIT stays."""
    mask = mask.clone()
    mask[:, 0] |= ~mask.any(dim=1)
    return torch.where(mask, scores, scores.new_full((), MASKED))
