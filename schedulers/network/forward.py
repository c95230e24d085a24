"""The pointwise network (schedulers.training.scheduler_net) in compiled code: one decision, without torch.

Only slots that hold a job are computed, and of the last layer only the valid actions. Weights lie input by
input, so that the inner loop runs over neighbours and becomes vector instructions. No sum is reordered:
the same weights and observation give the same scores on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from rare.env.observation.layout import (
    CLUSTER,
    COSTS,
    EVENTS,
    FORECAST,
    LIMITS,
    PRICES,
    QUEUE_LEVELS,
    QUEUE_PRICES,
    RUNNING_LEVELS,
    RUNNING_PRICES,
    Layout,
)
from rare.env.observation.layout import QUEUE as QUEUE_BLOCK
from rare.env.observation.layout import RUNNING as RUNNING_BLOCK
from rare.state.compile import rule
from rare.state.memory import Copyable, arguments, fresh, records
from schedulers.network.network_shapes import heads_of, inputs_of

MASKED = np.float32(-1e8)  # as schedulers.training.scheduler_net
SPANS_H = (1, 3, 6, 12, 24)  # likewise
QUEUE_F, RUNNING_F = len(QUEUE_BLOCK), len(RUNNING_BLOCK)
CLUSTER_F, HOUR_F = len(CLUSTER), len(FORECAST)
PLAIN = CLUSTER_F + len(SPANS_H) * HOUR_F  # numbers of cluster and forecast in the summary
EVENT_F, LIMIT_F = len(EVENTS), len(LIMITS)
EVENTS_END = PLAIN + EVENT_F + len(SPANS_H) * LIMIT_F
QUEUE_LEVEL_F, RUNNING_LEVEL_F = len(QUEUE_LEVELS), len(RUNNING_LEVELS)
QUEUE_PRICE_F, RUNNING_PRICE_F = len(QUEUE_PRICES), len(RUNNING_PRICES)
PRICE_F, COST_F = len(PRICES), len(COSTS)
POLICY, TWO_STEP, Q = HEADS = ("policy", "two-step", "q")
"""How a network chooses. "policy": the likeliest action. "two-step": of the same probabilities, first
whether to wait, and if that is not the likelier, the likeliest of the others. "q": the action with the
highest Q.

Where several jobs could well be started, their probabilities are small though WAIT is the least likely."""
CHOICES_OF_POLICY = (TWO_STEP, POLICY)
"""Which of the two is better is found on validation windows: to wait too often can pay, by chance."""

NET = np.dtype(
    [
        (name, "i8")
        for name in (
            "width", "queue_slots", "running_slots", "forecast_hours", "reservations", "two_step",
            # where in the weights each layer begins: rows of `width` outputs for each input, then the bias
            "waiting_in", "running_in", "whole_1", "whole_2", "whole_3", "join_waiting", "join_running",
            # and each head: a row, then its bias
            "wait", "start", "stop", "value", "slow", "faster",
            # what the layout has beside, how long mask and summary are, and where the blocks begin
            "levels", "events", "actions", "plain", "queue_levels_at", "running_levels_at", "events_at",
            "limits_at", "prices", "queue_prices_at", "running_prices_at", "prices_at", "costs_at",
        )
    ]
)  # fmt: skip
"""Sizes of a network, and where its parts are in one array of weights."""


@rule
def add_products(out, x, weights, at):
    """out += x @ the matrix that begins at `at`. Inputs that are 0 cost nothing: half behind a ReLU."""
    width = out.size
    for i in range(x.size):
        factor = x[i]
        if factor != 0:
            row = weights[at + i * width : at + (i + 1) * width]
            for j in range(width):
                out[j] += factor * row[j]


@rule
def copy_row(out, row):
    """Copy the first numbers of a row."""
    for j in range(out.size):
        out[j] = row[j]


@rule
def cut(out):
    """ReLU in place."""
    for j in range(out.size):
        out[j] = max(out[j], np.float32(0.0))


@rule
def linear(out, x, weights, at):
    """out = x @ matrix + bias, both from `at` on."""
    copy_row(out, weights[at + x.size * out.size :])
    add_products(out, x, weights, at)


@rule
def dot(x, weights, at):
    """Inner product with the row at `at`, and the bias behind it. Four sums side by side, for speed."""
    row = weights[at : at + x.size + 1]
    a = b = c = d = np.float32(0.0)
    whole = x.size // 4 * 4
    for j in range(0, whole, 4):
        a += x[j] * row[j]
        b += x[j + 1] * row[j + 1]
        c += x[j + 2] * row[j + 2]
        d += x[j + 3] * row[j + 3]
    for j in range(whole, x.size):
        a += x[j] * row[j]
    return (a + b) + (c + d) + row[x.size]


@rule
def see_jobs(items, pooled, obs, mask_at, blocks, weights, at):
    """Vectors of the jobs of a block into `items`, and into `pooled` their mean and their maximum.

    blocks: where the block begins and how many numbers a slot has, and the same of its levels and of its
    prices, 0 numbers without these.
    """
    first, features, levels_at, levels, prices_at, prices = blocks
    width = pooled.size // 2
    mean = pooled[:width]
    most = pooled[width:]
    for j in range(width):
        mean[j] = np.float32(0.0)
        most[j] = np.float32(0.0)
    present = 0
    for i in range(items.size // width):
        x = obs[first + i * features : first + (i + 1) * features]
        here = x[0] > 0.5
        if not here and obs[mask_at + i] <= 0.5:
            continue
        out = items[i * width : (i + 1) * width]
        copy_row(out, weights[at + (features + levels + prices) * width :])
        add_products(out, x, weights, at)
        if levels > 0:
            more = obs[levels_at + i * levels : levels_at + (i + 1) * levels]
            add_products(out, more, weights, at + features * width)
        if prices > 0:
            more = obs[prices_at + i * prices : prices_at + (i + 1) * prices]
            add_products(out, more, weights, at + (features + levels) * width)
        cut(out)
        if here:
            present += 1
            for j in range(width):
                mean[j] += out[j]
                most[j] = max(most[j], out[j])
    if present > 1:
        for j in range(width):
            mean[j] /= np.float32(present)


@rule
def mean_spans(spans, ahead, features):
    """Means of the hours ahead over spans from now on; zeros without any. features: numbers of an hour."""
    hours = ahead.size // features
    for k in range(features):
        total = np.float32(0.0)
        done = 0
        for n in range(len(SPANS_H)):
            while done < min(SPANS_H[n], hours):
                total += ahead[done * features + k]
                done += 1
            spans[n * features + k] = total / np.float32(max(done, 1))


@rule
def score_jobs(scores, items, obs, mask_at, whole, base, joint, weights, join, head):
    """Scores of the valid actions of a block, from each job together with the whole; the others MASKED."""
    width = whole.size
    known = False
    for i in range(scores.size):
        if obs[mask_at + i] <= 0.5:
            scores[i] = MASKED
            continue
        if not known:  # what the whole adds is the same for all
            copy_row(base, weights[join + 2 * width * width :])
            add_products(base, whole, weights, join + width * width)
            known = True
        copy_row(joint, base)
        add_products(joint, items[i * width : (i + 1) * width], weights, join)
        cut(joint)
        scores[i] = dot(joint, weights, head)


@rule
def log_sum(scores, highest):
    """Logarithm of the sum of e to the power of all scores but WAIT's. highest: the largest of them."""
    total = np.float32(0.0)
    for action in range(1, scores.size):
        if scores[action] != MASKED:
            total += np.exp(scores[action] - highest)
    return highest + np.log(total)


class Network(NamedTuple):
    """A network as compiled code takes it."""

    net: Any  # a NET record: sizes, and where each part of the weights begins
    weights: np.ndarray  # float32, all parts in a row
    scratch: np.ndarray  # float32, `scratch_size` numbers
    scores: np.ndarray  # (A,) float32, of the last observation; MASKED where an action is not valid


@rule
def see_whole(summary, net, obs, cluster_at):
    """What of an observation is of no job: the cluster, means of the forecast, where there are any the events
    and means of the limits ahead, and prices with means of the costs ahead."""
    copy_row(summary[:CLUSTER_F], obs[cluster_at:])
    hours_at = cluster_at + CLUSTER_F
    ahead = obs[hours_at : hours_at + net.forecast_hours * HOUR_F]
    mean_spans(summary[CLUSTER_F:PLAIN], ahead, HOUR_F)
    if net.events:
        copy_row(summary[PLAIN : PLAIN + EVENT_F], obs[net.events_at :])
        limits = obs[net.limits_at : net.limits_at + net.forecast_hours * LIMIT_F]
        mean_spans(summary[PLAIN + EVENT_F : EVENTS_END], limits, LIMIT_F)
    if net.prices:
        at = EVENTS_END if net.events else PLAIN
        copy_row(summary[at : at + PRICE_F], obs[net.prices_at :])
        costs = obs[net.costs_at : net.costs_at + net.forecast_hours * COST_F]
        mean_spans(summary[at + PRICE_F : net.plain], costs, COST_F)


@rule
def best_action(network, obs):
    """Score all actions of an observation; the best valid one, of equals the first, WAIT where none is."""
    net, weights, scratch, scores = network
    width = net.width
    slots = net.queue_slots
    busy = net.running_slots
    at = (slots + busy) * width
    waiting = scratch[: slots * width]
    running = scratch[slots * width : at]
    pooled = net.plain
    summary = scratch[at : at + pooled + 4 * width]
    at += summary.size
    one = scratch[at : at + width]
    two = scratch[at + width : at + 2 * width]
    whole = scratch[at + 2 * width : at + 3 * width]
    queue_at = net.actions
    running_at = queue_at + slots * QUEUE_F
    cluster_at = running_at + busy * RUNNING_F
    of_waiting = summary[pooled : pooled + 2 * width]
    more = QUEUE_LEVEL_F if net.levels else 0
    priced = QUEUE_PRICE_F if net.prices else 0
    blocks = (queue_at, QUEUE_F, net.queue_levels_at, more, net.queue_prices_at, priced)
    see_jobs(waiting, of_waiting, obs, 1, blocks, weights, net.waiting_in)
    of_running = summary[pooled + 2 * width :]
    more = RUNNING_LEVEL_F if net.levels else 0
    priced = RUNNING_PRICE_F if net.prices else 0
    blocks = (running_at, RUNNING_F, net.running_levels_at, more, net.running_prices_at, priced)
    see_jobs(running, of_running, obs, 1 + slots, blocks, weights, net.running_in)
    see_whole(summary, net, obs, cluster_at)
    linear(one, summary, weights, net.whole_1)
    cut(one)
    linear(two, one, weights, net.whole_2)
    cut(two)
    linear(whole, two, weights, net.whole_3)
    cut(whole)
    value = dot(whole, weights, net.value)
    scores[0] = dot(whole, weights, net.wait)
    score_jobs(scores[1 : 1 + slots], waiting, obs, 1, whole, one, two, weights, net.join_waiting, net.start)
    join = net.join_running
    stop_at = 1 + slots
    slow_at = stop_at + busy
    score_jobs(scores[stop_at:slow_at], running, obs, stop_at, whole, one, two, weights, join, net.stop)
    if net.levels:
        at = slow_at + busy
        score_jobs(scores[slow_at:at], running, obs, slow_at, whole, one, two, weights, join, net.slow)
        score_jobs(scores[at:], running, obs, at, whole, one, two, weights, join, net.faster)
    best = 0
    highest = MASKED
    for action in range(1, scores.size):
        if obs[action] > 0.5:
            scores[action] += value
            if scores[action] > highest:
                highest = scores[action]
                best = action
    if obs[0] > 0.5 or best == 0:  # where nothing is valid, an episode's end, as the network has it
        scores[0] += value
        if scores[0] >= (log_sum(scores, highest) if net.two_step and best > 0 else highest):
            best = 0
    else:
        scores[0] = MASKED
    return best


def scratch_size(layout: Layout, width: int) -> int:
    """Numbers that one forward pass writes."""
    return (layout.queue_slots + layout.running_slots + 7) * width + inputs_of(layout).plain


class Forward(Copyable):
    """The actions that a network chooses. weights: by the names of SchedulerNet's state. head: of HEADS."""

    def __init__(self, weights: Mapping[str, np.ndarray], layout: Layout, width: int, head: str) -> None:
        self.layout, self.width, self.head = layout, width, head
        row = records((1,), NET)
        row.width, row.forecast_hours = width, layout.forecast_hours
        row.queue_slots, row.running_slots = layout.queue_slots, layout.running_slots
        row.reservations, row.two_step = layout.reservations, head == TWO_STEP
        row.levels, row.events, row.prices = layout.levels, layout.events, layout.prices
        row.actions = layout.actions
        row.plain = inputs_of(layout).plain
        for name, place in layout.slices.items():
            if f"{name}_at" in (NET.names or ()):
                row[f"{name}_at"] = place.start
        parts, at = [], 0
        for name, part in _parts(weights, head, width, heads_of(layout)).items():
            row[name] = at
            parts.append(part)
            at += len(part)
        self._row = row  # kept: `net` may point into it
        self.net: Any = arguments(row)[0]
        self.weights = np.ascontiguousarray(np.concatenate(parts), dtype=np.float32)
        self.scratch = np.zeros(scratch_size(layout, width), np.float32)
        self.scores = np.zeros(layout.actions, np.float32)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "net"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in ("weights", "scratch", "scores"):  # compiled for arrays that may be written to
            setattr(self, name, fresh(state[name]))
        self._row = fresh(state["_row"])
        self.net = arguments(self._row)[0]

    @property
    def network(self) -> Network:
        """The arrays and places that compiled code takes."""
        return Network(self.net, self.weights, self.scratch, self.scores)

    def best(self, obs: np.ndarray) -> int:
        """The best valid action of an observation (D,) float32; `scores` then has those of all actions."""
        return int(best_action(self.network, obs))


def _parts(
    weights: Mapping[str, np.ndarray], head: str, width: int, actions: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Each part as one row of numbers: by input, then the bias."""
    trunk, scores = ("critic", "advantages") if head == Q else ("actor", "logits")

    def layer(name: str) -> np.ndarray:
        return np.concatenate([weights[f"{name}.weight"].T.ravel(), weights[f"{name}.bias"].ravel()])

    of_trunk = {
        "waiting_in": "waiting_in", "running_in": "running_in",
        "whole_1": "whole_in.0", "whole_2": "whole_in.2", "whole_3": "whole_in.4",
        "join_waiting": "join_waiting", "join_running": "join_running",
    }  # fmt: skip
    found = {part: layer(f"{trunk}.{name}") for part, name in of_trunk.items()}
    found |= {part: layer(f"{scores}.{part}") for part in actions}
    found["value"] = layer("values") if head == Q else np.zeros(width + 1, np.float32)
    return found
