"""Names and shapes of the weights of a SchedulerNet, known without torch."""

from __future__ import annotations

from rare.env.observation.layout import CLUSTER, FORECAST, QUEUE, RUNNING

SPANS = 5  # of the forecast (network.SPANS_H)


def weight_shapes(width: int, kind: str = "pointwise") -> dict[str, tuple[int, ...]]:
    """Shape of each tensor by its name in the state of the network. kind: of network.KINDS."""
    summary = len(CLUSTER) + SPANS * len(FORECAST) + 4 * width
    inputs = {
        "waiting_in": len(QUEUE), "running_in": len(RUNNING), "whole_in.0": summary, "whole_in.2": width,
        "whole_in.4": width, "join_waiting": 2 * width, "join_running": 2 * width,
    }  # fmt: skip
    layers = {
        f"{trunk}.{name}": (width, count) for trunk in ("actor", "critic") for name, count in inputs.items()
    }
    layers |= {
        f"{head}.{name}": (1, width)
        for head in ("logits", "advantages")
        for name in ("wait", "start", "stop")
    }
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
