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
from typing import NamedTuple

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


class Jobs(NamedTuple):
    """The jobs in the slots of a batch, one after the other: an empty slot takes no time.

    items (P, W), row (P,) the observation each belongs to, in order, action (P,) its place among the actions.
    """

    items: Tensor
    row: Tensor
    action: Tensor


class Trunk(nn.Module):
    """From flat observations to one vector for each job that may be acted on and one for the whole.

    forward: obs (B, D) -> waiting and running Jobs whose action is valid, whole (B, W), mask (B, A) bool.
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

    def forward(self, obs: Tensor) -> tuple[Jobs, Jobs, Tensor, Tensor]:
        """See the class."""
        mask = obs[:, self.layout.slices["mask"]] > 0.5
        waiting, queued = self.seen(obs, "queue", self.waiting_in, 1)
        running, busy = self.seen(obs, "running", self.running_in, 1 + self.layout.queue_slots)
        if self.size.kind == "attention":
            waiting = waiting._replace(items=waiting.items + self.look_around(waiting, queued))
        parts = [obs[:, self.layout.slices["cluster"]], self.spans(obs)]
        parts += [*pooled(waiting, queued), *pooled(running, busy)]
        whole = torch.relu(self.whole_in(torch.cat(parts, dim=1)))
        waiting = joined(self.join_waiting, valid(waiting, mask), whole)
        running = joined(self.join_running, valid(running, mask), whole)
        return waiting, running, whole, mask

    def seen(self, obs: Tensor, block: str, layer: nn.Linear, first: int) -> tuple[Jobs, Tensor]:
        """The jobs of a block, and how many (B,) each observation shows; `first` is their first action."""
        slots = obs[:, self.layout.slices[block]].reshape(len(obs), *self.layout.shapes[block])
        here = slots[:, :, 0] > 0.5
        row, slot = here.nonzero(as_tuple=True)
        return Jobs(torch.relu(layer(slots[row, slot])), row, slot + first), here.sum(dim=1)

    def look_around(self, waiting: Jobs, queued: Tensor) -> Tensor:
        """What each waiting job makes of the others of its observation, (P, W)."""
        slots = int(queued.max()) if len(queued) else 0
        if slots == 0:
            return waiting.items
        first = queued.cumsum(0) - queued
        place = torch.arange(len(waiting.row), device=queued.device) - first[waiting.row]
        padded = waiting.items.new_zeros(len(queued), slots, waiting.items.shape[1])
        padded = padded.index_put((waiting.row, place), waiting.items)
        empty = torch.arange(slots, device=queued.device) >= queued.clamp(min=1)[:, None]  # of nothing: NaN
        seen, _ = self.attention(padded, padded, padded, key_padding_mask=empty, need_weights=False)
        return self.after(seen[waiting.row, place])

    def spans(self, obs: Tensor) -> Tensor:
        """(B, spans x 5) means of the forecast; zeros without one."""
        hours = self.layout.forecast_hours
        if hours == 0:
            return obs.new_zeros(len(obs), len(SPANS_H) * len(FORECAST))
        ahead = obs[:, self.layout.slices["forecast"]].reshape(-1, hours, len(FORECAST))
        return torch.cat([ahead[:, : min(span, hours)].mean(dim=1) for span in SPANS_H], dim=1)


def pooled(jobs: Jobs, count: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and maximum (B, W) over each observation's jobs; zeros where it has none."""
    nothing = jobs.items.new_zeros(len(count), jobs.items.shape[1])
    if len(jobs.row) == 0:
        return nothing, nothing
    mean = nothing.index_add(0, jobs.row, jobs.items) / count.clamp(min=1)[:, None]
    # items are >= 0 (ReLU), so that 0 is right for no jobs and changes no maximum
    return mean, torch.segment_reduce(jobs.items, "max", lengths=count, axis=0, initial=0.0)


def valid(jobs: Jobs, mask: Tensor) -> Jobs:
    """Those whose action is valid: nobody asks for the score of another."""
    kept = mask[jobs.row, jobs.action].nonzero()[:, 0]
    return Jobs(jobs.items[kept], jobs.row[kept], jobs.action[kept])


def joined(layer: nn.Linear, jobs: Jobs, whole: Tensor) -> Jobs:
    """Each job together with the whole; the whole goes through the layer once, not once for each job."""
    width = whole.shape[1]
    of_items = nn.functional.linear(jobs.items, layer.weight[:, :width], layer.bias)
    of_whole = nn.functional.linear(whole, layer.weight[:, width:])
    return jobs._replace(items=torch.relu(of_items + of_whole[jobs.row]))


class ActionHead(nn.Module):
    """One number for each valid action, (B, A): WAIT from the whole, the others from their job.; 0 elsewhere."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wait, self.start, self.stop = (nn.Linear(width, 1) for _ in range(3))

    def forward(self, waiting: Jobs, running: Jobs, whole: Tensor, actions: int) -> Tensor:
        """See the class."""
        rows = torch.arange(len(whole), device=whole.device) * actions
        places = [rows, waiting.row * actions + waiting.action, running.row * actions + running.action]
        scores = [self.wait(whole), self.start(waiting.items), self.stop(running.items)]
        nothing = whole.new_zeros(len(whole) * actions)
        found = nothing.index_copy(0, torch.cat(places), torch.cat(scores)[:, 0])
        return found.reshape(len(whole), actions)


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
        return masked(self.logits(waiting, running, whole, mask.shape[1]), mask)

    def value(self, obs: Tensor) -> Tensor:
        """(B,) value of the state."""
        return self.values(self.critic(obs)[2])[:, 0]

    def q(self, obs: Tensor) -> Tensor:
        """(B, A) value of each action: the state's and the action's advantage."""
        return self.value_and_q(obs)[1]

    def value_and_q(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """(B,) value of the state and (B, A) of each action, from one pass through the critic."""
        waiting, running, whole, mask = self.critic(obs)
        value = self.values(whole)
        q = masked(value + self.advantages(waiting, running, whole, mask.shape[1]), mask)
        return value[:, 0], q

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and value."""
        return self.policy(obs), self.value(obs)


def masked(scores: Tensor, mask: Tensor) -> Tensor:
    """Invalid actions out of reach; where no action is valid (an episode's end) WAIT stays."""
    mask = mask.clone()
    mask[:, 0] |= ~mask.any(dim=1)
    return torch.where(mask, scores, scores.new_full((), MASKED))
