"""What a simulation is given: cluster, inputs, battery and options, validated where they are made."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rare.machine_events import GridEvents, Outages, Speed, check_speeds
from rare.options.job_limits import JobLimit
from rare.options.rule_options import BY_CARBON as BY_CARBON
from rare.options.rule_options import BY_PRICE as BY_PRICE
from rare.options.rule_options import GRID_CHARGE_NAMES as GRID_CHARGE_NAMES
from rare.options.rule_options import NOT_FROM_GRID as NOT_FROM_GRID
from rare.options.rule_options import ClassPrice as ClassPrice
from rare.options.rule_options import Options as Options
from rare.options.slurm_priority import Priority
from traces.errors import InputError
from traces.jobs.workload import Workload
from traces.numbers.constants import NEVER_S as NEVER_S
from traces.times.local_clock import LocalClock

MOST_MJ = 2**62
"""More energy than a case may be able to draw (RULES §1.4)."""
UNLIMITED_MW = 2**52
"""A power that no cluster reaches; 1000 times it still fits int64 (RULES §2.6)."""


INPUT_RANGES = {
    "supply_mw": (0, UNLIMITED_MW),
    "import_limit_mw": (0, UNLIMITED_MW),
    "price_u_per_kwh": (-(2**30), 2**30),
    "carbon_ukg_per_kwh": (0, 2**30),
    "pue_per_mille": (1000, 10_000),
}
"""What each input may be, so that no sum of products can overflow (RULES §1.4)."""
_FORECAST_RANGES = {
    "supply_mw": "supply_mw",
    "low_mw": "supply_mw",
    "high_mw": "supply_mw",
    "price_u": "price_u_per_kwh",
    "carbon_u": "carbon_ukg_per_kwh",
}


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(message)


@dataclass(frozen=True, slots=True)
class Partition:
    """Identical nodes, pooled (RULES §2.1). Powers in milliwatts, memory in MiB."""

    name: str = "main"
    nodes: int = 1
    cores_per_node: int = 1
    gpus_per_node: int = 0
    memory_mib_per_node: int | None = None  # None: memory is not limited
    idle_mw: int = 0  # a node in use, before any core is active
    sleep_mw: int = 0  # an unused node that sleeps
    core_mw: int = 0  # added by each busy core
    gpu_mw: int = 0  # added by each busy GPU
    idle_nodes: str = "sleep"  # what unused nodes do: "sleep" or "on"
    wake_s: int = 0  # what a sleeping node takes before jobs on it progress (§5.2a)
    speeds: tuple[Speed, ...] = ()  # below the full one, fastest first (§11)

    def __post_init__(self) -> None:
        where = f"partition {self.name!r}"
        _require(self.nodes >= 1, f"{where}: nodes must be at least 1, got {self.nodes}")
        _require(
            self.cores_per_node >= 0 and self.gpus_per_node >= 0,
            f"{where}: cores_per_node and gpus_per_node must not be negative",
        )
        _require(
            self.cores_per_node + self.gpus_per_node >= 1,
            f"{where}: a node needs at least one core or GPU",
        )
        _require(
            self.nodes * max(self.cores_per_node, 1000 * self.gpus_per_node) < 2**31 - 1,
            f"{where}: more than 2^31 cores or 2 million GPUs cannot be counted",
        )
        _require(
            self.memory_mib_per_node is None or self.memory_mib_per_node >= 1,
            f"{where}: memory_mib_per_node must be at least 1 or left out, got {self.memory_mib_per_node}",
        )
        for key in ("idle_mw", "sleep_mw", "core_mw", "gpu_mw"):
            value = getattr(self, key)
            _require(0 <= value < 2**40, f"{where}: {key} must be between 0 and 2^40 mW, got {value}")
        _require(0 <= self.wake_s <= 10**6, f"{where}: wake_s must be between 0 and 10^6, got {self.wake_s}")
        _require(
            self.idle_nodes in ("sleep", "on"),
            f"{where}: idle_nodes must be 'sleep' or 'on', got {self.idle_nodes!r}",
        )
        check_speeds(where, self.speeds)

    @property
    def rest_mw(self) -> int:
        """What a lit but unused node draws."""
        return self.idle_mw if self.idle_nodes == "on" else self.sleep_mw

    @property
    def peak_mw(self) -> int:
        """Every node on, every core and GPU active."""
        per_node = self.idle_mw + self.cores_per_node * self.core_mw + self.gpus_per_node * self.gpu_mw
        return self.nodes * max(per_node, self.rest_mw)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Partitions in file order, and the power usage effectiveness (PUE) in per mille."""

    partitions: tuple[Partition, ...]
    pue_per_mille: int = 1000

    def __post_init__(self) -> None:
        _require(len(self.partitions) >= 1, "cluster: at least one partition is needed")
        names = [p.name for p in self.partitions]
        _require(len(set(names)) == len(names), f"cluster: partition names repeat: {names}")
        _require(
            1000 <= self.pue_per_mille <= 10_000,
            f"cluster: PUE must be between 1 and 10, got {self.pue_per_mille / 1000}",
        )

    @property
    def cores(self) -> int:
        """Cores of all partitions."""
        return sum(p.nodes * p.cores_per_node for p in self.partitions)

    @property
    def peak_draw_mw(self) -> int:
        """PUE x everything on and active: what supplies and batteries are sized by."""
        it_mw = sum(p.peak_mw for p in self.partitions)
        return -(-it_mw * self.pue_per_mille // 1000)


@dataclass(frozen=True, slots=True)
class Battery:
    """A battery (RULES §7). Limits are on the AC side, in mW; capacity in mJ of content."""

    capacity_mj: int
    charge_limit_mw: int
    discharge_limit_mw: int
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    initial_share: float = 0.5
    self_discharge_mw: int = 0  # lost from the content all the time (§7.4a)

    def __post_init__(self) -> None:
        _require(
            0 <= self.capacity_mj < 2**52,
            f"battery: capacity must be between 0 and 2^52 mJ (1250 MWh), got {self.capacity_mj}",
        )
        for key in ("charge_limit_mw", "discharge_limit_mw", "self_discharge_mw"):
            value = getattr(self, key)
            _require(0 <= value <= 2**40, f"battery: {key} must be between 0 and 2^40 mW, got {value}")
        for key in ("charge_efficiency", "discharge_efficiency"):
            value = getattr(self, key)
            _require(0.1 <= value <= 1.0, f"battery: {key} must be between 0.1 and 1, got {value}")
        _require(
            0.0 <= self.initial_share <= 1.0,
            f"battery: initial_share must be between 0 and 1, got {self.initial_share}",
        )


NO_BATTERY = Battery(0, 0, 0, initial_share=0.0)


def _read_only(values: np.ndarray) -> np.ndarray:
    """The same values where nobody can write to them: a copy, unless they lie in such an array already."""
    part: object = values
    while isinstance(part, np.ndarray) and not part.flags.writeable:
        part = part.base
    if part is None:
        return values
    copied = values.copy()
    copied.flags.writeable = False
    return copied


@dataclass(frozen=True, slots=True)
class Inputs:
    """What changes from outside, constant from each change to the next (RULES §1.2).

    All arrays have length K. change_s is strictly increasing, on the workload's clock; the last row
    holds until `end_s` (NEVER_S: for ever). `renewable` says whether there is a renewable supply at
    all: without one its metrics are null. The arrays are kept as read-only copies.
    """

    change_s: np.ndarray  # (K,) int64
    supply_mw: np.ndarray  # (K,) int64, renewable power available
    import_limit_mw: np.ndarray  # (K,) int64, grid power available; UNLIMITED_MW: no limit
    price_u_per_kwh: np.ndarray  # (K,) int64, may be negative
    carbon_ukg_per_kwh: np.ndarray  # (K,) int64, micro-kilograms per kWh
    pue_per_mille: np.ndarray | None = None  # (K,) int64; None: the cluster's own figure all the time
    end_s: int = NEVER_S
    renewable: bool = True
    priced: bool = False
    carbon_known: bool = False

    def __post_init__(self) -> None:
        rows = len(self.change_s)
        _require(rows >= 1, "inputs: at least one row is needed")
        for key, (low, high) in INPUT_RANGES.items():
            column = getattr(self, key)
            if column is None:
                continue
            object.__setattr__(self, key, _read_only(column))
            _require(len(column) == rows, f"inputs: {key} has {len(column)} rows, change_s has {rows}")
            _require(
                bool((column >= low).all() and (column <= high).all()),
                f"inputs: {key} must be between {low} and {high}, got {column.min()} to {column.max()}",
            )
        object.__setattr__(self, "change_s", _read_only(self.change_s))
        _require(bool((np.diff(self.change_s) > 0).all()), "inputs: change_s must increase strictly")
        _require(self.end_s > int(self.change_s[-1]), "inputs: end_s must lie after the last change")


def constant_inputs(supply_mw: int = 0, import_limit_mw: int = UNLIMITED_MW, *, start_s: int = 0) -> Inputs:
    """Inputs that never change. By default: no renewable supply and a grid without limit."""

    def row(value: int) -> np.ndarray:
        return np.array([value], dtype=np.int64)

    return Inputs(row(start_s), row(supply_mw), row(import_limit_mw), row(0), row(0), renewable=supply_mw > 0)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was forecast when, on the workload's clock (RULES §10). All tables are (I, H) int64.

    Issue i comes out at begin_s + i * issue_step_s; its step h covers the `step_s` seconds from
    h * step_s after that. Supply has its median and its 10 and 90 % quantiles, rates their medians. The
    tables are kept as read-only copies.
    """

    name: str
    begin_s: int
    issue_step_s: int
    step_s: int
    supply_mw: np.ndarray
    low_mw: np.ndarray
    high_mw: np.ndarray
    price_u: np.ndarray
    carbon_u: np.ndarray

    def __post_init__(self) -> None:
        shape = self.supply_mw.shape
        _require(len(shape) == 2 and min(shape) >= 1, f"forecast: needs issues x steps, got shape {shape}")
        _require(self.issue_step_s >= 1 and self.step_s >= 1, "forecast: steps must be at least 1 s")
        for key in ("supply_mw", "low_mw", "high_mw", "price_u", "carbon_u"):
            table = _read_only(getattr(self, key))
            object.__setattr__(self, key, table)
            _require(table.shape == shape, f"forecast: {key} has shape {table.shape}, supply_mw {shape}")
            low, high = INPUT_RANGES[_FORECAST_RANGES[key]]
            _require(
                bool((table >= low).all() and (table <= high).all()),
                f"forecast: {key} must be between {low} and {high}, got {table.min()} to {table.max()}",
            )


@dataclass(frozen=True, slots=True)
class Case:
    """One simulation to run: everything but the scheduler.

    begin_s: the first instant (None: the first submit). end_s: a window's end (None: no window).
    For observations only: local_offset_s, from the workload's clock to the local time of day, and
    density_median, the value per core-second of the estimate that counts as usual (None: the median of this
    workload's jobs); the window of a scenario has those of the whole, so that it looks the same.
    calendar: the simulated local time, for views; None: that of the workload, if it has one.
    """

    workload: Workload
    cluster: Cluster
    inputs: Inputs = field(default_factory=constant_inputs)
    battery: Battery = NO_BATTERY
    options: Options = Options()
    begin_s: int | None = None
    end_s: int | None = None
    forecast: Forecast | None = None
    events: GridEvents | None = None  # §12.1
    outages: Outages | None = None  # §12.3
    limits: tuple[JobLimit, ...] = ()  # §15
    priority: Priority | None = None  # §14
    local_offset_s: int = 0
    density_median: float | None = None
    calendar: LocalClock | None = None

    def __post_init__(self) -> None:
        _require(len(self.workload) > 0, f"{self.workload.name}: no jobs to simulate")
        begin_s = self.first_instant_s
        _require(
            int(self.inputs.change_s[0]) <= begin_s < self.inputs.end_s,
            f"inputs: they cover {int(self.inputs.change_s[0])} s to {self.inputs.end_s} s of the "
            f"workload's clock, but the run begins at {begin_s} s",
        )
        _require(
            begin_s <= int(self.workload.submit_s[0]),
            f"{self.workload.name}: begin_s {begin_s} lies after the first submit",
        )
        _require(
            self.end_s is None or self.end_s > begin_s, f"window: end_s {self.end_s} must lie after {begin_s}"
        )
        partitions = len(self.cluster.partitions)
        _require(
            self.outages is None or bool((self.outages.partition < partitions).all()),
            f"outages: the cluster has the partitions 0 to {partitions - 1}",
        )
        self._refuse_overflow(begin_s)

    @property
    def first_instant_s(self) -> int:
        """When the run begins, on the workload's clock."""
        return int(self.workload.submit_s[0]) if self.begin_s is None else self.begin_s

    @property
    def local_clock(self) -> LocalClock | None:
        """The local time of day at a second of the workload's clock; None where nothing has a calendar."""
        jobs = self.workload
        if self.calendar is not None or jobs.origin_utc is None:
            return self.calendar
        return LocalClock(int(jobs.origin_utc.timestamp()), jobs.zone or "UTC")

    def _refuse_overflow(self, begin_s: int) -> None:
        """RULES §1.4: energies must fit int64 whatever the scheduler does."""
        jobs = self.workload
        offered = float(jobs.value_u.clip(min=0).astype(float).sum())
        _require(
            offered < 2**61,
            f"{jobs.name}: values add up to {offered / 1e6:.3g}, more than can be counted; use a larger unit",
        )
        prices = self.options.unserved_prices
        most_u = max(price.value_ppm for price in prices) / 1e6 * offered
        most_u += float(max(price.penalty_u for price in prices)) * len(jobs)
        _require(
            most_u < 2**61,
            f"{jobs.name}: jobs not served could cost {most_u / 1e6:.3g}, more than can be counted; lower "
            "their prices, or use a larger unit",
        )
        own_mw = int(jobs.power_mw.clip(min=0).max(initial=0)) * max(1, self.cluster.cores)
        pue = self.inputs.pue_per_mille
        highest_pue = self.cluster.pue_per_mille if pue is None else int(pue.max())
        peak_mw = (self.cluster.peak_draw_mw + own_mw) * highest_pue // 1000
        supply_mw = int(self.inputs.supply_mw[self.inputs.supply_mw < UNLIMITED_MW].max(initial=0))
        # the last thing to come from outside, then twice what the jobs need one beside the other
        core_s = float((jobs.cores.clip(min=1).astype(float) * jobs.work_s).sum())
        busy_s = int(2 * core_s / max(1, self.cluster.cores)) + int(jobs.work_s.max(initial=0))
        horizon_s = max(int(jobs.submit_s[-1]), int(self.inputs.change_s[-1])) - begin_s + busy_s
        for end_s in (self.inputs.end_s, NEVER_S if self.end_s is None else self.end_s):
            horizon_s = min(horizon_s, end_s - begin_s)
        power_mw = max(peak_mw, supply_mw, 1)
        _require(
            power_mw * max(horizon_s, 1) < MOST_MJ,
            f"{jobs.name}: {power_mw / 1e6:.0f} kW for {horizon_s} s is more energy than 2^62 mJ can count "
            "(RULES §1.4); use fewer jobs or a smaller cluster",
        )
