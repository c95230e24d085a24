"""What the numbers of an observation mean: names, units, scales and places, under one version."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rare.whole_numbers import whole_number
from traces.errors import InputError

VERSION, LEVEL_VERSION, PLAIN_VERSION = 4, 3, 2
"""1: the latest start of a suspended job left out the time that its resume takes (`restart_s`). 3: blocks of
speed levels and events. 4: blocks of prices. A layout without these blocks has the numbers of version 2, and
says so."""
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
QUEUE_LEVELS = (
    Feature("sensitivity", "", "1: its rate falls with the level's; 0: it loses nothing"),
    Feature("start_power", "W", "at the fastest level at which it may start / at full speed; 0: at none"),
    Feature("start_rate", "", "its rate at that level / the full one; 0: it may not start"),
)
RUNNING_LEVELS = (
    Feature("level", "W", "active power at its level / at full speed"),
    Feature("rate", "", "its rate at its level / the full one"),
    Feature("sensitivity", "", "1: its rate falls with the level's; 0: it loses nothing"),
    Feature("saving", "W", "what one level slower saves, share of the cluster's peak draw; 0: there is none"),
    Feature("may_slow", "", "1: it may be made one level slower now"),
    Feature("may_raise", "", "1: it may be made one level faster now"),
)
EVENTS = (
    Feature("limit", "W", "what starts may draw now / peak draw, at most 1; 1 without a grid event"),
    Feature("on", "", "1: a grid event is on"),
    Feature("comply", "s", "until the draw must be below it, x / (x + 1 h); 0: it must, or no event"),
    Feature("until", "s", "to the end of the events that are on, x / (x + 1 h); 0 without one"),
    Feature("next", "s", "to the next announced start, x / (x + 1 h); 1 without one"),
    Feature("next_limit", "W", "its limit / peak draw, at most 1; 1 if it is not known yet"),
    Feature("next_end", "s", "to its end, x / (x + 1 h); 1 without one"),
    Feature("nodes_away", "nodes", "share of all nodes that outages take away"),
    Feature("next_outage", "s", "to the next planned outage, x / (x + 1 h); 1 without one"),
)
QUEUE_PRICES = RUNNING_PRICES = (
    Feature(
        "late",
        "value per core-second of the estimate",
        "price if late / median value, ln(1 + x) / 12, at most 1",
    ),
    Feature("unserved", "value per core-second of the estimate", "price if not served, likewise"),
)
PRICES = (
    Feature("late", "", "price of a late job / the mean value of a job, x / (x + 1)"),
    Feature("unserved", "", "mean price of a job not served / the mean value of a job, x / (x + 1)"),
    Feature("cost", "", "price and carbon price of grid energy / what work earns with it, x / (|x| + 1)"),
)
COSTS = (Feature("cost", "", "the same by the forecast's medians"),)
LIMITS = (Feature("limit", "W", "lowest known limit in that hour / peak draw, at most 1; 1 without one"),)
_BLOCKS = {
    "queue": QUEUE,
    "running": RUNNING,
    "cluster": CLUSTER,
    "forecast": FORECAST,
    "queue_levels": QUEUE_LEVELS,
    "running_levels": RUNNING_LEVELS,
    "events": EVENTS,
    "limits": LIMITS,
    "queue_prices": QUEUE_PRICES,
    "running_prices": RUNNING_PRICES,
    "prices": PRICES,
    "costs": COSTS,
}
_SINGLE = ("cluster", "events", "prices")  # blocks without slots
FLAGS = ("reservations", "levels", "events", "prices")


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
    machine has no room for (rare.env.observation.mask). levels: the running slots have two more actions each,
    slower and faster, and levels are seen (blocks queue_levels and running_levels); without it jobs start at
    full speed alone. events: grid events and outages are seen (blocks events and limits).
    prices: what the objective charges is seen (blocks queue_prices, running_prices, prices and costs).

    >>> layout = Layout(queue_slots=2, running_slots=1, forecast_hours=1)
    >>> layout.actions, layout.size, layout.slices["cluster"]
    (4, 61, slice(39, 56, None))
    """

    queue_slots: int = 64
    running_slots: int = 16
    forecast_hours: int = 24
    reservations: bool = False
    levels: bool = False
    events: bool = False
    prices: bool = False

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
    def version(self) -> int:
        """The first version that has all of its blocks."""
        if self.prices:
            return VERSION
        return LEVEL_VERSION if self.levels or self.events else PLAIN_VERSION

    @property
    def action_ranges(self) -> dict[str, range]:
        """The actions by what they do: wait, start, stop (suspend, give up), with levels slow, raise."""
        slots = {"wait": 1, "start": self.queue_slots, "stop": self.running_slots}
        if self.levels:
            slots |= {"slow": self.running_slots, "raise": self.running_slots}
        ranges, at = {}, 0
        for name, count in slots.items():
            ranges[name] = range(at, at + count)
            at += count
        return ranges

    @property
    def actions(self) -> int:
        """Number of actions."""
        return 1 + self.queue_slots + self.running_slots * (3 if self.levels else 1)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each block, in order."""
        shapes: dict[str, tuple[int, ...]] = {
            "mask": (self.actions,),
            "queue": (self.queue_slots, len(QUEUE)),
            "running": (self.running_slots, len(RUNNING)),
            "cluster": (len(CLUSTER),),
            "forecast": (self.forecast_hours, len(FORECAST)),
        }
        if self.levels:
            shapes["queue_levels"] = (self.queue_slots, len(QUEUE_LEVELS))
            shapes["running_levels"] = (self.running_slots, len(RUNNING_LEVELS))
        if self.events:
            shapes["events"] = (len(EVENTS),)
            shapes["limits"] = (self.forecast_hours, len(LIMITS))
        if self.prices:
            shapes["queue_prices"] = (self.queue_slots, len(QUEUE_PRICES))
            shapes["running_prices"] = (self.running_slots, len(RUNNING_PRICES))
            shapes["prices"] = (len(PRICES),)
            shapes["costs"] = (self.forecast_hours, len(COSTS))
        return shapes

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks of features, in order: all but the mask."""
        return tuple(self.shapes)[1:]

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
        return max(place.stop for place in self.slices.values())

    def features(self, block: str) -> tuple[Feature, ...]:
        """The features of a block, in order."""
        if block not in self.blocks:
            raise InputError(f"layout: block {block!r} is unknown; known are {', '.join(self.blocks)}")
        return _BLOCKS[block]

    def index(self, block: str, feature: str, slot: int = 0) -> int:
        """Place of one number in the flat observation. slot: of the block; of the forecast, the hour.

        InputError for a block, feature or slot that there is not.
        """
        names = [known.name for known in self.features(block)]
        if feature not in names:
            raise InputError(f"layout: {block} has no feature {feature!r}; it has {', '.join(names)}")
        slots = 1 if block in _SINGLE else self.shapes[block][0]
        if slots == 0:
            raise InputError(f"layout: {block} has no slots in this layout")
        place = whole_number(slot)
        if place is None or not 0 <= place < slots:
            raise InputError(f"layout: {block} has the slots 0 to {slots - 1}, got slot {slot!r}")
        return self.slices[block].start + place * len(names) + names.index(feature)

    def to_json(self) -> str:
        """Version, sizes and features, for checkpoints and datasets."""
        blocks = {name: [[f.name, f.unit, f.scale] for f in self.features(name)] for name in self.blocks}
        sizes = [self.queue_slots, self.running_slots, self.forecast_hours]
        described = {"version": self.version, "sizes": sizes, "blocks": blocks}
        return json.dumps(described | {name: True for name in FLAGS if getattr(self, name)})

    @classmethod
    def from_json(cls, text: str, remedy: str = REMEDY) -> Layout:
        """The layout of a checkpoint or dataset. InputError, ending in `remedy`, if of another version."""
        from traces.files.documents import parse_json  # here: compiled code is keyed to this module's imports

        try:
            described = parse_json(text)
            version = described["version"]
            queue_slots, running_slots, forecast_hours = described["sizes"]
            flags = {name: bool(described.get(name)) for name in FLAGS}
            layout = cls(queue_slots, running_slots, forecast_hours, **flags)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise InputError(f"layout: is not one of ours ({error})") from None
        if version not in (PLAIN_VERSION, LEVEL_VERSION, VERSION) and isinstance(version, int):
            raise InputError(
                f"layout: is of version {version}, and this rare has version {VERSION} ({CHANGED}); {remedy}"
            )
        if layout.to_json() != json.dumps(described):
            raise InputError(f"layout: comes with other features than version {version} has; {remedy}")
        return layout
