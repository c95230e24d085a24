"""The network of every learned scheduler: it scores each visible job by its own features and a summary.

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

from rare.env.observation.layout import Layout
from schedulers.network.checkpoint_files import KINDS
from schedulers.network.forward import TWO_STEP, Q
from schedulers.network.network_shapes import heads_of, inputs_of

MASKED = -1e8  # the logit of an invalid action: finite, so that no sum or difference is NaN
SPANS_H = (1, 3, 6, 12, 24)  # means of the forecast over so many hours from now on


@dataclass(frozen=True)
class NetworkSize:
    """Hyperparameters of the architecture. ValueError for an unknown kind (checkpoint_files.KINDS)."""

    kind: str = "pointwise"
    width: int = 64
    heads: int = 4  # of attention

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"network kind {self.kind!r} is unknown; known are {', '.join(KINDS)}")


def perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """A network with two hidden layers of this width and rectified linear units."""
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
    )


@dataclass(frozen=True)
class Items:
    """P jobs of a batch of observations, in the order of rows, without the empty slots.

    row, slot (P,): observation and slot of each job. x (P, W): its features or embedding. Most slots are
    empty most of the time, so this makes training 2.5 to 8 times as fast as going through all of them.
    """

    row: Tensor
    slot: Tensor
    x: Tensor

    def mean_and_max(self, batch: int) -> tuple[Tensor, Tensor]:
        """Mean and maximum (B, W) over the jobs of each observation; zeros where there are none."""
        width = self.x.shape[1]
        total = self.x.new_zeros(batch, width).index_add(0, self.row, self.x)
        count = torch.bincount(self.row, minlength=batch)
        if not len(self.row):
            return total, total
        # all x are >= 0, so that starting from 0 does no harm to the maximum; rows are in order
        most = torch.segment_reduce(self.x, "max", lengths=count, axis=0, initial=0.0)
        return total / count.clamp(min=1)[:, None], most

    def valid(self, mask: Tensor, first: int) -> Items:
        """The jobs whose action is valid in mask (B, A); `first` is the action of slot 0."""
        kept = mask[self.row, first + self.slot].nonzero()[:, 0]
        return Items(self.row[kept], self.slot[kept], self.x[kept])


class Reading(NamedTuple):
    """Parsed observations, shared by all trunks that read them.

    waiting, running: jobs with their features. plain (B, C): cluster and spans of the forecast, then events
    and spans of the limits ahead, where the layout has them. mask (B, A).
    """

    waiting: Items
    running: Items
    plain: Tensor
    mask: Tensor


def read(obs: Tensor, layout: Layout) -> Reading:
    """Parse observations (B, D) of a layout."""
    blocks = layout.slices
    parts = [obs[:, blocks["cluster"]], _spans(obs, layout, "forecast")]
    if layout.events:
        parts += [obs[:, blocks["events"]], _spans(obs, layout, "limits")]
    plain = torch.cat(parts, dim=1)
    return Reading(
        _jobs(obs, layout, "queue"), _jobs(obs, layout, "running"), plain, obs[:, blocks["mask"]] > 0.5
    )


def _jobs(obs: Tensor, layout: Layout, block: str) -> Items:
    """The jobs in the filled slots of a block, queue or running, with what they show of levels."""
    slots = obs[:, layout.slices[block]].reshape(len(obs), *layout.shapes[block])
    if layout.levels:
        levels = f"{block}_levels"
        more = obs[:, layout.slices[levels]].reshape(len(obs), *layout.shapes[levels])
        slots = torch.cat([slots, more], dim=2)
    row, slot = (slots[:, :, 0] > 0.5).nonzero(as_tuple=True)
    return Items(row, slot, slots[row, slot])


def _spans(obs: Tensor, layout: Layout, block: str) -> Tensor:
    """(B, spans x features) means of the hours ahead in forecast or limits; zeros without any."""
    hours, features = layout.shapes[block]
    if hours == 0:
        return obs.new_zeros(len(obs), len(SPANS_H) * features)
    ahead = obs[:, layout.slices[block]].reshape(len(obs), hours, features)
    return torch.cat([ahead[:, : min(span, hours)].mean(dim=1) for span in SPANS_H], dim=1)


class Encoded(NamedTuple):
    """Embeddings by a trunk: of each job, and of the whole observation (B, W). mask (B, A) bool."""

    waiting: Items
    running: Items
    whole: Tensor
    mask: Tensor


class Trunk(nn.Module):
    """Encoder: from observations (B, D) or a Reading to embeddings of width W."""

    def __init__(self, layout: Layout, size: NetworkSize) -> None:
        super().__init__()
        self.layout, self.size = layout, size
        width, reads = size.width, inputs_of(layout)
        self.waiting_in = nn.Linear(reads.waiting, width)
        self.running_in = nn.Linear(reads.running, width)
        self.whole_in = perceptron(reads.plain + 4 * width, width, width)
        self.join_waiting = nn.Linear(2 * width, width)
        self.join_running = nn.Linear(2 * width, width)
        if size.kind == "attention":
            self.attention = nn.MultiheadAttention(width, size.heads, batch_first=True)
            self.after = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU())

    def forward(self, obs: Tensor | Reading) -> Encoded:
        """Embeddings of the jobs and of each whole observation."""
        reading = obs if isinstance(obs, Reading) else read(obs, self.layout)
        waiting = _embedded(self.waiting_in, reading.waiting)
        running = _embedded(self.running_in, reading.running)
        batch = len(reading.mask)
        if self.size.kind == "attention" and len(waiting.row):
            waiting = Items(waiting.row, waiting.slot, waiting.x + self.attend(waiting, batch))
        parts = [reading.plain, *waiting.mean_and_max(batch), *running.mean_and_max(batch)]
        whole = torch.relu(self.whole_in(torch.cat(parts, dim=1)))
        return Encoded(waiting, running, whole, reading.mask)

    def attend(self, waiting: Items, batch: int) -> Tensor:
        """(P, W) attention of each waiting job over those of its observation; empty slots are masked."""
        slots = int(waiting.slot.max()) + 1
        where = (waiting.row, waiting.slot)
        dense = waiting.x.new_zeros(batch, slots, waiting.x.shape[1]).index_put(where, waiting.x)
        empty = torch.ones(batch, slots, dtype=torch.bool, device=dense.device)
        empty[where] = False
        empty &= ~empty.all(dim=1, keepdim=True)  # attention over nothing would be NaN
        attended, _ = self.attention(dense, dense, dense, key_padding_mask=empty, need_weights=False)
        update: Tensor = self.after(attended[where])
        return update

    def join(self, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """Embeddings of waiting and of running jobs combined with the whole observation's, (P, W) both."""
        return (
            joined(self.join_waiting, encoded.waiting, encoded.whole),
            joined(self.join_running, encoded.running, encoded.whole),
        )


def _embedded(layer: nn.Linear, items: Items) -> Items:
    return Items(items.row, items.slot, torch.relu(layer(items.x)))


def joined(layer: nn.Linear, items: Items, whole: Tensor) -> Tensor:
    """(P, W) a linear layer on each item and the whole of its row, rectified.

    As on their concatenation, but a whole (B, W) goes through the layer once, not once for each job."""
    width = whole.shape[1]
    of_items = nn.functional.linear(items.x, layer.weight[:, :width], layer.bias)
    of_whole = nn.functional.linear(whole, layer.weight[:, width:])
    return torch.relu(of_items + of_whole[items.row])


class ActionHead(nn.Module):
    """A score for each action, (B, A): WAIT by the whole, valid others by their job, 0 elsewhere."""

    wait: nn.Linear
    start: nn.Linear
    stop: nn.Linear
    slow: nn.Linear
    faster: nn.Linear

    def __init__(self, width: int, layout: Layout) -> None:
        super().__init__()
        for name in heads_of(layout):
            setattr(self, name, nn.Linear(width, 1))

    def forward(self, trunk: Trunk, encoded: Encoded) -> Tensor:
        """(B, A) scores. trunk: the one that encoded the observations."""
        ranges = trunk.layout.action_ranges
        first_stop = ranges["stop"].start
        startable = encoded.waiting.valid(encoded.mask, 1)
        stoppable = encoded.running.valid(encoded.mask, first_stop)
        waiting, running = trunk.join(encoded._replace(waiting=startable, running=stoppable))
        scores = nn.functional.pad(self.wait(encoded.whole), (0, trunk.layout.actions - 1))
        scores = scores.index_put((startable.row, 1 + startable.slot), self.start(waiting)[:, 0])
        scores = scores.index_put((stoppable.row, first_stop + stoppable.slot), self.stop(running)[:, 0])
        if not trunk.layout.levels:
            return scores
        for head, first in ((self.slow, ranges["slow"].start), (self.faster, ranges["raise"].start)):
            changing = encoded.running.valid(encoded.mask, first)
            joint = joined(trunk.join_running, changing, encoded.whole)
            scores = scores.index_put((changing.row, first + changing.slot), head(joint)[:, 0])
        return scores


class SchedulerNet(nn.Module):
    """Logits and value, or Q values, of observations of a layout.

    forward(obs) -> logits (B, A), MASKED where invalid, and value (B,). q(obs) -> (B, A) likewise. obs:
    (B, D), or the result of `read` where several networks evaluate the same observations.
    Actor and critic have separate trunks: with a shared one the policy forgot what it had cloned.
    """

    def __init__(self, layout: Layout, size: NetworkSize | None = None) -> None:
        super().__init__()
        self.layout, self.size = layout, size or NetworkSize()
        width = self.size.width
        self.actor, self.critic = Trunk(layout, self.size), Trunk(layout, self.size)
        self.logits, self.values = ActionHead(width, layout), nn.Linear(width, 1)
        self.advantages = ActionHead(width, layout)

    def policy(self, obs: Tensor | Reading) -> Tensor:
        """(B, A) logits, MASKED where invalid."""
        encoded = self.actor(obs)
        return masked(self.logits(self.actor, encoded), encoded.mask)

    def value(self, obs: Tensor | Reading) -> Tensor:
        """(B,) value of the state."""
        return self.values(self.critic(obs).whole)[:, 0]

    def q(self, obs: Tensor | Reading) -> Tensor:
        """(B, A) value of each action: the state's value plus the action's advantage."""
        return self.value_and_q(obs)[1]

    def value_and_q(self, obs: Tensor | Reading) -> tuple[Tensor, Tensor]:
        """(B,) value of the state and (B, A) of each action, from one pass through the critic."""
        encoded = self.critic(obs)
        value = self.values(encoded.whole)
        return value[:, 0], masked(value + self.advantages(self.critic, encoded), encoded.mask)

    def forward(self, obs: Tensor | Reading) -> tuple[Tensor, Tensor]:
        """(B, A) logits and (B,) value."""
        return self.policy(obs), self.value(obs)


def best_actions(net: SchedulerNet, obs: Tensor | Reading, head: str) -> Tensor:
    """(B,) actions that a network chooses. head: one of schedulers.network.forward.HEADS."""
    scores = net.q(obs) if head == Q else net.policy(obs)
    if head != TWO_STEP:
        return scores.argmax(dim=1)
    return two_step(scores)


def two_step(logits: Tensor) -> Tensor:
    """(B,) actions of logits (B, A): WAIT if likelier than all others together, else the best of these."""
    others = logits[:, 1:]
    return torch.where(logits[:, 0] >= others.logsumexp(dim=1), 0, 1 + others.argmax(dim=1))


def masked(scores: Tensor, mask: Tensor) -> Tensor:
    """(B, A) scores with MASKED for invalid actions; where none is valid (an episode's end) WAIT stays."""
    mask = mask.clone()
    mask[:, 0] |= ~mask.any(dim=1)
    return torch.where(mask, scores, scores.new_full((), MASKED))
