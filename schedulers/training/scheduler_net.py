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
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rare.env.observation.layout import Layout
from schedulers.network.checkpoint_files import KINDS
from schedulers.network.forward import TWO_STEP, Q
from schedulers.network.network_shapes import heads_of, inputs_of
from schedulers.training.row_operations import largest_of_rows, scores_of_actions

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

    def mean_and_max(self, batch: int, count: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and maximum (B, W) over the jobs of each observation; zeros where there are none.

        count (B, 1): the number of jobs of each, at least 1."""
        total = self.x.new_zeros(batch, self.x.shape[1]).index_add(0, self.row, self.x)
        if not len(self.row):
            return total, total
        return total / count, largest_of_rows(self.x, self.row, batch)


class Choosable(NamedTuple):
    """The K jobs whose action of one kind is valid.

    at (K,): their numbers among the jobs of the block. row (K,). place (K,): row x A + action."""

    at: Tensor
    row: Tensor
    place: Tensor


@dataclass(frozen=True)
class Reading:
    """Parsed observations, shared by all trunks that read them.

    waiting, running: jobs with their features. plain (B, C): cluster and spans of the forecast, then events
    and spans of the limits ahead, prices and spans of the costs ahead, where the layout has them. mask (B,
    A). What follows from these is computed once, however many networks read it.
    """

    layout: Layout
    waiting: Items
    running: Items
    plain: Tensor
    mask: Tensor

    @cached_property
    def counts(self) -> tuple[Tensor, Tensor]:
        """(B, 1) waiting and running jobs of each observation, at least 1."""
        batch = len(self.mask)
        return tuple(  # type: ignore[return-value]
            torch.bincount(jobs.row, minlength=batch).clamp(min=1)[:, None]
            for jobs in (self.waiting, self.running)
        )

    @cached_property
    def allowed(self) -> Tensor:
        """(B, A) bool: the mask; where nothing is valid (an episode's end) WAIT stays."""
        allowed = self.mask.clone()
        allowed[:, 0] |= ~self.mask.any(dim=1)
        return allowed

    @cached_property
    def choosable(self) -> dict[str, Choosable]:
        """The jobs with a valid action, by the layout's names of kinds of actions."""
        ranges, width = self.layout.action_ranges, self.mask.shape[1]
        kinds = {"start": self.waiting, "stop": self.running}
        if self.layout.levels:
            kinds |= {"slow": self.running, "raise": self.running}
        found = {}
        for kind, jobs in kinds.items():
            place = jobs.row * width + (jobs.slot + ranges[kind].start)
            at = self.mask.view(-1).index_select(0, place).nonzero()[:, 0]
            found[kind] = Choosable(at, jobs.row.index_select(0, at), place.index_select(0, at))
        return found


def read(obs: Tensor, layout: Layout) -> Reading:
    """Parse observations (B, D) of a layout."""
    blocks = layout.slices
    parts = [obs[:, blocks["cluster"]], _spans(obs, layout, "forecast")]
    if layout.events:
        parts += [obs[:, blocks["events"]], _spans(obs, layout, "limits")]
    if layout.prices:
        parts += [obs[:, blocks["prices"]], _spans(obs, layout, "costs")]
    plain = torch.cat(parts, dim=1)
    mask = obs[:, blocks["mask"]] > 0.5
    return Reading(layout, _jobs(obs, layout, "queue"), _jobs(obs, layout, "running"), plain, mask)


def _jobs(obs: Tensor, layout: Layout, block: str) -> Items:
    """The jobs in the filled slots of a block, queue or running, with what they show of levels and prices."""
    slots = obs[:, layout.slices[block]].reshape(len(obs), *layout.shapes[block])
    for further in (f"{block}_levels", f"{block}_prices"):
        if further in layout.slices:
            more = obs[:, layout.slices[further]].reshape(len(obs), *layout.shapes[further])
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
    """Embeddings by a trunk: of each job, and of the whole observation (B, W). reading: of what."""

    waiting: Items
    running: Items
    whole: Tensor
    reading: Reading


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
        of_waiting, of_running = reading.counts
        pooled = (*waiting.mean_and_max(batch, of_waiting), *running.mean_and_max(batch, of_running))
        whole = torch.relu(self.whole_in(torch.cat([reading.plain, *pooled], dim=1)))
        return Encoded(waiting, running, whole, reading)

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


def _embedded(layer: nn.Linear, items: Items) -> Items:
    return Items(items.row, items.slot, torch.relu(layer(items.x)))


def joined(layer: nn.Linear, x: Tensor, row: Tensor, whole: Tensor) -> Tensor:
    """(K, W) a linear layer on each job x (K, W) and the whole of its row (K,), rectified.

    As on their concatenation, but a whole (B, W) goes through the layer once, not once for each job."""
    width = whole.shape[1]
    of_jobs = nn.functional.linear(x, layer.weight[:, :width], layer.bias)
    of_whole = nn.functional.linear(whole, layer.weight[:, width:])
    return torch.relu(of_jobs + of_whole.index_select(0, row))


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
        kinds = [("start", self.start, trunk.join_waiting), ("stop", self.stop, trunk.join_running)]
        if trunk.layout.levels:
            kinds += [("slow", self.slow, trunk.join_running), ("raise", self.faster, trunk.join_running)]
        places, scores = [], []
        for kind, head, join in kinds:
            at, row, place = encoded.reading.choosable[kind]
            jobs = encoded.waiting if kind == "start" else encoded.running
            scores.append(head(joined(join, jobs.x.index_select(0, at), row, encoded.whole))[:, 0])
            places.append(place)
        wait = self.wait(encoded.whole)
        return scores_of_actions(wait, torch.cat(places), torch.cat(scores), trunk.layout.actions)


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
        return masked(self.logits(self.actor, encoded), encoded.reading.allowed)

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
        return value[:, 0], masked(value + self.advantages(self.critic, encoded), encoded.reading.allowed)

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


def masked(scores: Tensor, allowed: Tensor) -> Tensor:
    """(B, A) scores with MASKED where an action is not allowed."""
    return torch.where(allowed, scores, scores.new_full((), MASKED))
