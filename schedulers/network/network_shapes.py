"""Names and shapes of the weights of a SchedulerNet, known without torch."""

from __future__ import annotations

from typing import NamedTuple

from rare.env.observation.layout import (
    CLUSTER,
    COSTS,
    EVENTS,
    FORECAST,
    LIMITS,
    PRICES,
    QUEUE,
    QUEUE_LEVELS,
    QUEUE_PRICES,
    RUNNING,
    RUNNING_LEVELS,
    RUNNING_PRICES,
    Layout,
)

PLAIN_LAYOUT = Layout()
SPANS = 5  # of the forecast (network.SPANS_H)


class Inputs(NamedTuple):
    """How many numbers a network reads: of each waiting and running job, and of the whole but jobs."""

    waiting: int
    running: int
    plain: int


def inputs_of(layout: Layout) -> Inputs:
    """The numbers that a network of this layout reads."""
    waiting, running, plain = len(QUEUE), len(RUNNING), len(CLUSTER) + SPANS * len(FORECAST)
    if layout.levels:
        waiting, running = waiting + len(QUEUE_LEVELS), running + len(RUNNING_LEVELS)
    if layout.events:
        plain += len(EVENTS) + SPANS * len(LIMITS)
    if layout.prices:
        waiting, running = waiting + len(QUEUE_PRICES), running + len(RUNNING_PRICES)
        plain += len(PRICES) + SPANS * len(COSTS)
    return Inputs(waiting, running, plain)


def heads_of(layout: Layout) -> tuple[str, ...]:
    """The kinds of actions that a network scores: with levels also slower and faster."""
    return ("wait", "start", "stop", "slow", "faster") if layout.levels else ("wait", "start", "stop")


def weight_shapes(
    width: int, kind: str = "pointwise", layout: Layout = PLAIN_LAYOUT
) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor by its name in the state of the network. kind: of network.KINDS."""
    reads = inputs_of(layout)
    inputs = {
        "waiting_in": reads.waiting,
        "running_in": reads.running,
        "whole_in.0": reads.plain + 4 * width,
        "whole_in.2": width,
        "whole_in.4": width,
        "join_waiting": 2 * width,
        "join_running": 2 * width,
    }
    layers = {
        f"{trunk}.{name}": (width, count) for trunk in ("actor", "critic") for name, count in inputs.items()
    }
    layers |= {f"{head}.{name}": (1, width) for head in ("logits", "advantages") for name in heads_of(layout)}
    layers["values"] = (1, width)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in layers.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    if kind == "attention":
        for trunk in ("actor", "critic"):
            shapes |= _attention(trunk, width)
    return shapes


def _attention(trunk: str, width: int) -> dict[str, tuple[int, ...]]:
    """What a trunk has beside, where jobs look at each other."""
    return {
        f"{trunk}.attention.in_proj_weight": (3 * width, width),
        f"{trunk}.attention.in_proj_bias": (3 * width,),
        f"{trunk}.attention.out_proj.weight": (width, width),
        f"{trunk}.attention.out_proj.bias": (width,),
        f"{trunk}.after.0.weight": (width,),
        f"{trunk}.after.0.bias": (width,),
        f"{trunk}.after.1.weight": (width, width),
        f"{trunk}.after.1.bias": (width,),
    }
