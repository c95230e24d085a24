"""What the numbers of an observation mean: names, units, scales and places, under one version."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rare.whole_numbers import whole_number
from traces.errors import InputError

VERSION = 2
"""1: the latest start of a suspended job left out the time that its resume takes (`restart_s`)."""
CHANGED = "since version 2 the latest start of a suspended job allows for restart_s"
REMEDY = "make the data or the checkpoint again with this version of rare"


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of an observation. scale: how it was made from its unit, so that it lies in [-1, 1]."""

    name: str
    unit: str
    scale: str


QUEUE = (
    Feature("present", "", "1: the slot holds a waiting job"),
    Feature("cores", "cores", "share of its partition's cores"),
    Feature("gpus", "GPUs", "share of its partition's GPUs"),
    Feature("memory", "MiB", "share of its partition's memory"),
    Feature("power", "W", "share of the cluster's peak draw"),
    Feature("density", "value per core-second of the estimate", "x / (x + the workload's median)"),
    Feature("preemptible", "", "1: it may be suspended"),
    Feature("suspended", "", "1: it ran before and was suspended"),
    Feature("estimate", "s", "what is left of it, x / (x + 1 h)"),
    Feature("waited", "s", "since submit, x / (x + 1 h)"),
    Feature("slack", "s", "to its latest start, x / (|x| + 1 h); 1 without a deadline"),
    Feature("attainable", "", "share of its value that a start now would earn; 0 without value"),
    Feature("startable", "", "1: it may start or resume now"),
)
RUNNING = (
    Feature("present", "", "1: the slot holds a running job"),
    Feature("cores", "cores", "share of its partition's cores"),
    Feature("power", "W", "share of the cluster's peak draw"),
    Feature("density", "value per core-second of the estimate", "x / (x + the workload's median)"),
    Feature("preemptible", "", "1: it is suspended when shed, not killed"),
    Feature("left", "s", "to its end by the estimate, x / (x + 1 h)"),
    Feature("ran", "s", "since its last start or resume, x / (x + 1 h)"),
    Feature("slack", "s", "from its expected end to its deadline, x / (|x| + 1 h); 1 without one"),
    Feature("may_stop", "", "1: it may be given up now"),
)
CLUSTER = (
    Feature("shortage", "", "1: a running job has to be given up"),
    Feature("free_cores", "cores", "share of all cores"),
    Feature("free_gpus", "GPUs", "share of all GPUs; 0 without any"),
    Feature("nodes_used", "nodes", "share of all nodes"),
    Feature("jobs_power", "W", "IT power of jobs and their nodes / peak draw, x / (x + 1)"),
    Feature("supply", "W", "renewable supply / peak draw, x / (x + 1)"),
    Feature("spare", "W", "IT power that new jobs may take / peak draw, x / (|x| + 1)"),
    Feature("import_limit", "W", "import limit / peak draw, x / (x + 1)"),
    Feature("battery", "", "share of its capacity; 0 without one"),
    Feature("price", "money per kWh", "x / (|x| + 0.1)"),
    Feature("carbon", "g per kWh", "x / (x + 400)"),
    Feature("pue", "", "PUE - 1, at most 1"),
    Feature("queued", "jobs", "waiting jobs, x / (x + 64)"),
    Feature("running", "jobs", "running jobs, x / (x + 16)"),
    Feature("hour_sin", "", "sine of the local hour of the day"),
    Feature("hour_cos", "", "cosine of it"),
    Feature("time_left", "s", "to the end of the window, x / (x + 1 d); 1 without one"),
)
FORECAST = (
    Feature("supply", "W", "median / peak draw, x / (x + 1)"),
    Feature("supply_low", "W", "10 % quantile / peak draw, x / (x + 1)"),
    Feature("supply_high", "W", "90 % quantile / peak draw, x / (x + 1)"),
    Feature("price", "money per kWh", "median, x / (|x| + 0.1)"),
    Feature("carbon", "g per kWh", "median, x / (x + 400)"),
)
_BLOCKS = {"queue": QUEUE, "running": RUNNING, "cluster": CLUSTER, "forecast": FORECAST}


def places(block: str, *written: str) -> range:
    """Places within a block of the features that code writes, which names them in order.

    RuntimeError if they are not those of the layout: the code would write over other numbers.
    """
    names = tuple(feature.name for feature in _BLOCKS[block])
    if written != names:
        raise RuntimeError(
            f"rare.env.observation.layout: block {block} has the features {', '.join(names)}; what writes it "
            f"has {', '.join(written)}. Change both alike, and VERSION"
        )
    return range(len(names))


@dataclass(frozen=True, slots=True)
class Layout:
    """An observation: mask | queue slots x features | running slots x features | cluster | forecast.

    Row-major: slot by slot, hour by hour. The mask has one number an action: WAIT, the queue slots, the
    running slots. reservations: it withholds starts that would delay the most urgent visible job that the
    machine has no room for (rare.env.observation.mask).

    >>> layout = Layout(queue_slots=2, running_slots=1, forecast_hours=1)
    >>> layout.actions, layout.size, layout.slices["cluster"]
    (4, 61, slice(39, 56, None))
    """

    queue_slots: int = 64
    running_slots: int = 16
    forecast_hours: int = 24
    reservations: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (
            ("queue_slots", 1, 4096),
            ("running_slots", 0, 4096),
            ("forecast_hours", 0, 168),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(f"{name} must be a whole number from {low} to {high}, got {value!r}")

    @property
    def actions(self) -> int:
        """Number of actions."""
        return 1 + self.queue_slots + self.running_slots

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each block, in order."""
        return {
            "mask": (self.actions,),
            "queue": (self.queue_slots, len(QUEUE)),
            "running": (self.running_slots, len(RUNNING)),
            "cluster": (len(CLUSTER),),
            "forecast": (self.forecast_hours, len(FORECAST)),
        }

    @property
    def slices(self) -> dict[str, slice]:
        """Where each block lies in the flat observation."""
        slices, at = {}, 0
        for name, shape in self.shapes.items():
            length = shape[0] * (shape[1] if len(shape) > 1 else 1)
            slices[name] = slice(at, at + length)
            at += length
        return slices

    @property
    def size(self) -> int:
        """Numbers in an observation."""
        return self.slices["forecast"].stop

    def features(self, block: str) -> tuple[Feature, ...]:
        """The features of a block, in order."""
        if block not in _BLOCKS:
            raise InputError(f"layout: block {block!r} is unknown; known are {', '.join(_BLOCKS)}")
        return _BLOCKS[block]

    def index(self, block: str, feature: str, slot: int = 0) -> int:
        """Place of one number in the flat observation. slot: of the block; of the forecast, the hour.

        InputError for a block, feature or slot that there is not.
        """
        names = [known.name for known in self.features(block)]
        if feature not in names:
            raise InputError(f"layout: {block} has no feature {feature!r}; it has {', '.join(names)}")
        slots = 1 if block == "cluster" else self.shapes[block][0]
        if slots == 0:
            raise InputError(f"layout: {block} has no slots in this layout")
        place = whole_number(slot)
        if place is None or not 0 <= place < slots:
            raise InputError(f"layout: {block} has the slots 0 to {slots - 1}, got slot {slot!r}")
        return self.slices[block].start + place * len(names) + names.index(feature)

    def to_json(self) -> str:
        """Version, sizes and features, for checkpoints and datasets."""
        blocks = {name: [[f.name, f.unit, f.scale] for f in features] for name, features in _BLOCKS.items()}
        sizes = [self.queue_slots, self.running_slots, self.forecast_hours]
        described = {"version": VERSION, "sizes": sizes, "blocks": blocks}
        return json.dumps(described | {"reservations": True} if self.reservations else described)

    @classmethod
    def from_json(cls, text: str, remedy: str = REMEDY) -> Layout:
        """The layout of a checkpoint or dataset. InputError, ending in `remedy`, if of another version."""
        from traces.files.documents import parse_json  # here: compiled code is keyed to this module's imports

        try:
            described = parse_json(text)
            version = described["version"]
            queue_slots, running_slots, forecast_hours = described["sizes"]
            layout = cls(queue_slots, running_slots, forecast_hours, bool(described.get("reservations")))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise InputError(f"layout: is not one of ours ({error})") from None
        if version != VERSION and isinstance(version, int):
            raise InputError(
                f"layout: is of version {version}, and this rare has version {VERSION} ({CHANGED}); {remedy}"
            )
        if layout.to_json() != json.dumps(described):
            raise InputError(f"layout: comes with other features than version {VERSION} has; {remedy}")
        return layout
