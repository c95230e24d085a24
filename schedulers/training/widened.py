"""A trained network for a layout with more blocks than it was trained on, so that it can go on learning."""

from __future__ import annotations

import torch

from rare.env.observation.layout import Layout
from schedulers.network.network_shapes import SPANS
from schedulers.training.scheduler_net import SchedulerNet
from traces.errors import InputError

OPTIONAL = ("levels", "events", "prices")
_WHOLE_BLOCKS = [
    ("cluster", 1),
    ("forecast", SPANS),
    ("events", 1),
    ("limits", SPANS),
    ("prices", 1),
    ("costs", SPANS),
]


def widened(net: SchedulerNet, layout: Layout) -> SchedulerNet:
    """The network for a layout that has more blocks: it chooses as before, until it learns what they mean.

    Weights of new inputs are 0; actions that the old layout lacks get the weights of a new network.
    InputError if the layout lacks a block of the network's.
    """
    for name in OPTIONAL:
        if getattr(net.layout, name) and not getattr(layout, name):
            raise InputError(f"the network sees {name}, which the layout lacks; give a layout that has them")
    wide = SchedulerNet(layout, net.size)
    known = net.state_dict()
    kept = {name: known.get(name, own) for name, own in wide.state_dict().items()}
    for trunk in ("actor", "critic"):
        for name, sources in _input_places(net.layout, layout, net.size.width).items():
            weight = known[f"{trunk}.{name}.weight"]
            columns = torch.zeros(len(weight), len(sources))
            for place, source in enumerate(sources):
                if source is not None:
                    columns[:, place] = weight[:, source]
            kept[f"{trunk}.{name}.weight"] = columns
    wide.load_state_dict(kept)
    wide.train(net.training)
    return wide


def _input_places(old: Layout, new: Layout, width: int) -> dict[str, list[int | None]]:
    """For each layer that reads observations: which input of the old network each of the new one's is."""
    pooled = 4 * width
    return {
        "waiting_in": _sources(_job_blocks("queue"), old, new),
        "running_in": _sources(_job_blocks("running"), old, new),
        "whole_in.0": _sources([*_WHOLE_BLOCKS, ("", pooled)], old, new),
    }


def _job_blocks(kind: str) -> list[tuple[str, int]]:
    return [(kind, 1), (f"{kind}_levels", 1), (f"{kind}_prices", 1)]


def _sources(blocks: list[tuple[str, int]], old: Layout, new: Layout) -> list[int | None]:
    """blocks: in the order in which a layer reads them, each with how often; without a name: so many numbers
    that every network has."""
    sources: list[int | None] = []
    at = 0
    for name, times in blocks:
        if name and name not in new.slices:
            continue
        numbers = times * (len(new.features(name)) if name else 1)
        known = not name or name in old.slices
        sources += list(range(at, at + numbers)) if known else [None] * numbers
        at += numbers if known else 0
    return sources
