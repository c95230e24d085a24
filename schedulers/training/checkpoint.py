"""Checkpoints: weights as safetensors, everything else as JSON beside them. Loading runs no code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from rare.env.observation.layout import Layout
from schedulers.network.checkpoint_files import FACTS, VERSION, describe_checkpoint, head_of
from schedulers.network.weights_file import WEIGHTS, read_weights
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet
from traces.errors import InputError
from traces.files.atomic import replacing, write_json


@dataclass(frozen=True)
class Checkpoint:
    """A network and how it was trained. `facts`: scenario, data, seeds, metrics, versions, as JSON."""

    net: SchedulerNet
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """How the network chooses an action: one of schedulers.network.forward.HEADS."""
        return head_of(self.facts)


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint folder; whoever reads it meanwhile sees the old one or the new one, never half."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    net = checkpoint.net
    description = {
        "version": VERSION,
        "layout": json.loads(net.layout.to_json()),
        "network": asdict(net.size),
        "facts": checkpoint.facts,
    }
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in net.state_dict().items()}
    with replacing(folder / WEIGHTS) as partial:
        save_file(weights, partial, metadata={"description": json.dumps(description)})
    write_json(folder / FACTS, description)


def load(folder: Path) -> Checkpoint:
    """Read a checkpoint folder. InputError if it is no checkpoint, or has another version."""
    folder = Path(folder)
    description = describe_checkpoint(folder)
    network = description.network
    weights = read_weights(folder, network["width"], network["kind"], description.layout)
    net = SchedulerNet(description.layout, NetworkSize(**description.network))
    net.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    net.eval()
    return Checkpoint(net, description.facts)


def resized(net: SchedulerNet, layout: Layout) -> SchedulerNet:
    """The same weights for another number of slots or hours: nothing in them depends on it.

    InputError for a layout with other blocks: levels, events and prices have weights of their own.
    """
    for name in ("levels", "events", "prices"):
        if getattr(layout, name) != getattr(net.layout, name):
            given, asked = (getattr(each, name) for each in (net.layout, layout))
            raise InputError(
                f"the network was trained {_with(given)} {name} in its observations and is to see them "
                f"{_with(asked)}; train a new one"
            )
    copy = SchedulerNet(layout, net.size)
    copy.load_state_dict(net.state_dict())
    with torch.no_grad():
        copy.train(net.training)
    return copy


def _with(present: bool) -> str:
    return "with" if present else "without"
