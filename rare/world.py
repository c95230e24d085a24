"""From a case to the arrays of `state.World`, and more room in them when a run needs it."""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.job_records import build_jobs as build_jobs
from rare.model import GRID_CHARGE_NAMES, NEVER_S, Case
from rare.rules import orders
from rare.rules import queue_index as queue_index
from rare.rules.advance import take_inputs
from rare.rules.events.begin import begin_run_events
from rare.rules.job_life import HUGE, UNKNOWN
from rare.rules.limits.limit_arrays import GROUP_USE
from rare.rules.limits.limit_tables import limit_tables
from rare.rules.priority.ranking_tables import priority_arrays
from rare.state.arrays import (
    CELL,
    ENTRY,
    ENV,
    EVENT,
    FORECAST,
    INPUT,
    LIST_ENDS,
    LIVE,
    NEED_LIVE,
    NO_TIME,
    OUTCOME,
    PART,
    POWER,
    SETTLING,
    World,
    bind,
    plan_offset,
)
from rare.state.event_arrays import HELD_BACK, LIMIT, PACE
from rare.state.event_tables import (
    cancel_table,
    chain_tables,
    event_table,
    has_pace,
    moment_table,
    outage_table,
    speed_table,
)
from rare.state.index_arrays import BLOCK, CLASSES, LEAF, MARK
from rare.state.memory import behind, records
from rare.state.priority_arrays import ASSOCIATION

LOG_ROWS = 16_384
MANY_LIVE = 65_536  # live slots of one environment from which on they grow by a quarter and in place
RESERVE = 8  # times as many, in memory that the system gives only as it is touched
CELLS_AT_ONCE = 8_192
SAMPLE = 100_000  # jobs that say which sizes are frequent
LONG_WALK = 24  # jobs looked at per decision from which on an index over the queue pays


def build_inputs(case: Case) -> Any:
    """The inputs as records, the cluster's own PUE where it is not an input."""
    given = case.inputs
    rows = records((len(given.change_s),), INPUT)
    rows.change_s = given.change_s
    rows.supply_mw = given.supply_mw
    rows.import_mw = given.import_limit_mw
    rows.price_u = given.price_u_per_kwh
    rows.carbon_u = given.carbon_ukg_per_kwh
    rows.pue = case.cluster.pue_per_mille if given.pue_per_mille is None else given.pue_per_mille
    # a row that repeats the one before is no change, so it wakes nobody (RULES §1.2)
    names = [name for name in rows.dtype.names or () if name != "change_s"]
    changes = np.ones(len(rows), dtype=bool)
    changes[1:] = np.any([rows[name][1:] != rows[name][:-1] for name in names], axis=0)
    return rows[changes]


def build_forecast(case: Case) -> Any:
    """The forecasts as records, (0, 0) without any; rates without a forecast are taken to persist."""
    given = case.forecast
    if given is None:
        return records((0, 0), FORECAST)
    table = records(given.supply_mw.shape, FORECAST)
    for name in FORECAST.names or ():
        table[name] = getattr(given, name)
    return table


def build_partitions(case: Case, environments: int) -> Any:
    """The partitions of each environment, empty."""
    parts = records((environments, len(case.cluster.partitions)), PART)
    for index, part in enumerate(case.cluster.partitions):
        row = parts[:, index]
        memory = part.memory_mib_per_node
        row.nodes = row.all_nodes = part.nodes
        row.levels = 1 + len(part.speeds)
        row.node_cores = part.cores_per_node
        row.node_gpus_milli = part.gpus_per_node * 1000
        row.node_memory_mib = memory or 0
        row.cores = part.nodes * part.cores_per_node
        row.gpus_milli = part.nodes * part.gpus_per_node * 1000
        row.memory_mib = HUGE if memory is None else part.nodes * memory
        row.idle_mw = part.idle_mw
        row.rest_mw = part.rest_mw
        row.wake_s = part.wake_s if part.idle_nodes == "sleep" else 0
        row.free_cores = row.cores
        row.free_gpus_milli = row.gpus_milli
        row.free_memory_mib = row.memory_mib
    return parts


def build_world(
    case: Case,
    *,
    environments: int = 1,
    live: int = 128,
    order: int = orders.FCFS,
    order_param: float = 2.0,
    log_level: int = 1,
    record_jobs: bool = True,
) -> World:
    """The state at the beginning of a case, for so many environments with so many live slots each.

    ValueError for an order that rare.rules.orders does not have.
    """
    orders.check_order(order)
    jobs = build_jobs(case)
    begin_s = case.first_instant_s
    env = records((environments,), ENV)
    env.now_s = env.last_s = env.begin_s = env.wake_s = env.due_s = env.idle_s = begin_s
    env.phase = SETTLING  # the beginning is an instant like any other (RULES §3.8)
    env.jobs_end = len(jobs)
    env.inputs_end_s = case.inputs.end_s
    env.window_end_s = NEVER_S if case.end_s is None else case.end_s
    battery = case.battery
    env.capacity = battery.capacity_mj * 1000
    env.content = round(battery.initial_share * battery.capacity_mj * 1000)
    env.charge_limit_mw = battery.charge_limit_mw
    env.discharge_limit_mw = battery.discharge_limit_mw
    env.charge_factor = round(1000 * battery.charge_efficiency)
    env.discharge_factor = round(1000 / battery.discharge_efficiency)
    env.leak = battery.self_discharge_mw * 1000  # a second's worth, in mJ/1000
    options = case.options
    env.min_battery_s = options.min_battery_s
    env.restart_s = options.restart_s
    env.suspend_loss_s = options.suspend_loss_s
    env.max_kills = options.max_kills
    env.kill_at_estimate = options.kill_at_estimate
    env.voluntary = options.voluntary_suspension
    env.grid_first = options.grid_first
    env.tick_s = options.tick_s or 0
    env.grid_charge = GRID_CHARGE_NAMES.index(options.grid_charge)
    env.grid_charge_below = options.grid_charge_below_u
    env.least_cores = env.least_mw = HUGE
    env.need_mw = UNKNOWN
    env.found_changes = env.seen_changes = env.renewed_changes = -1
    env.order = order
    env.order_param = order_param
    env.keyed_s = env.pass_s = env.outlook_s = env.stopped_s = -NEVER_S
    for key in ("window_s", "resolution_s", "max_jobs", "interval_s"):
        env[f"bf_{key}"] = getattr(options.backfill, key)
    env.bf_limited = options.backfill.is_limited
    env.checkpoint_s = options.checkpoint_s
    env.checkpoint_cost_s = options.checkpoint_cost_s
    env.log_level = log_level
    env.record_jobs = record_jobs
    outcome = records((environments, len(jobs) if record_jobs else 1), OUTCOME)
    outcome.start_s = outcome.end_s = NO_TIME  # of a job that the run never comes to
    slots = records((environments, live), LIVE)
    slots.next_free = np.arange(1, live + 1)
    log_rows = LOG_ROWS if log_level else 1
    inputs = build_inputs(case)
    forecast = build_forecast(case)
    if case.forecast is not None:
        env.forecast_begin_s = case.forecast.begin_s
        env.issue_step_s = case.forecast.issue_step_s
        env.forecast_step_s = case.forecast.step_s
    partitions = len(case.cluster.partitions)
    events, outages = event_table(case.events), outage_table(case.outages)
    chains, followers = chain_tables(case.workload)
    group_limits, memberships = limit_tables(case, jobs.part)
    ranking = priority_arrays(case, jobs)
    world = World(
        env=env,
        part=build_partitions(case, environments),
        live=slots,
        lists=records((environments, 4, 2 * live), ENTRY),
        ends=records((environments, 4), LIST_ENDS),
        jobs=jobs,
        inputs=inputs,
        forecast=forecast,
        outcome=outcome,
        log=records((environments, log_rows), EVENT),
        power=records((environments, log_rows), POWER),
        scratch=_scratch(environments, live, partitions, forecast.shape[1], 2 * len(events) + len(outages)),
        leaves=records((environments, 0), LEAF),
        tree=records((environments, 0), MARK),
        pace=records((environments, live if has_pace(case) else 0), PACE),
        limits=records((environments, len(events)), LIMIT),
        held_back=records((environments, len(jobs) if len(chains) else 0), HELD_BACK),
        speeds=speed_table(case.cluster),
        grid_events=events,
        moments=moment_table(events, outages),
        outages=outages,
        chains=chains,
        followers=followers,
        cancels=cancel_table(case.workload),
        group_use=records((environments, len(group_limits)), GROUP_USE),
        group_limits=group_limits,
        memberships=memberships,
        associations=records((environments, len(ranking.shares)), ASSOCIATION),
        **ranking._asdict(),
        handles=None,
    )
    world = bind(world)
    for handle in world.handles:
        take_inputs(handle, begin_s)
        begin_run_events(handle)
    return world


def _scratch(environments: int, live: int, partitions: int, forecast_steps: int, changes: int) -> Any:
    """Room for the outlook (rare.rules.outlook), and behind it for turns (promises.py) and a plan.

    A plan (rare.rules.backfill.conservative_plan) has a step for each running job, forecast step and change
    by a grid event or an outage, and two for each waiting job.
    """
    plan_steps = 2 * live + forecast_steps + 4 + changes
    cells = plan_offset(forecast_steps, live) + plan_steps * (3 + 3 * partitions)
    return records((environments, cells), CELL)


def more_live_slots(world: World) -> World:
    """The same state with more live slots (status NEED_LIVE): twice as many, a quarter more of very many.

    The live jobs of a single environment with very many may stay where they are: the world given is then
    over.
    """
    environments, old = world.live.shape
    many = environments == 1 and old >= MANY_LIVE
    slots = old + old // 4 if many else 2 * old
    live = _more_live(world.live, slots, many)
    for e in range(environments):
        free_new_slots(world.env[e], live[e], old)
    pace = records((environments, slots if world.pace.shape[1] else 0), PACE)
    pace[:, : world.pace.shape[1]] = world.pace
    lists = records((environments, 4, 2 * slots), ENTRY)
    if many:  # nothing but the entries: a list has written to more of its row
        for which, ends in enumerate(world.ends[0]):
            lists[0, which, ends.first : ends.last] = world.lists[0, which, ends.first : ends.last]
    else:
        lists[:, :, : 2 * old] = world.lists
    changes = 2 * len(world.grid_events) + len(world.outages)
    scratch = _scratch(environments, slots, world.part.shape[1], world.forecast.shape[1], changes)
    carry_scratch(world.scratch, scratch, world.forecast.shape[1], old, slots)
    return bind(world._replace(live=live, lists=lists, scratch=scratch, pace=pace))


def _more_live(old: Any, slots: int, many: bool) -> Any:
    """Records of more live slots that begin with the old ones, which need not move if they are many."""
    live = behind(old, slots) if many else None
    if live is None:
        live = records((old.shape[0], slots * RESERVE if many else slots), LIVE)[:, :slots]
        live[:, : old.shape[1]] = old
    return live


def carry_scratch(old: Any, new: Any, forecast_steps: int, old_live: int, new_live: int) -> None:
    """Copy scratch rows into zeroed rows for more live slots, where the plan begins further back."""
    before, after = plan_offset(forecast_steps, old_live), plan_offset(forecast_steps, new_live)
    _copy_written(old["value"][..., :before], new["value"][..., :before])
    _copy_written(old["value"][..., before:], new["value"][..., after : after + old.shape[-1] - before])


def _copy_written(old: np.ndarray, new: np.ndarray) -> None:
    """Copy rows into zeroed ones, without touching memory for what was never written."""
    for first in range(0, old.shape[-1], CELLS_AT_ONCE):
        cells = old[..., first : first + CELLS_AT_ONCE]
        if cells.any():
            new[..., first : first + CELLS_AT_ONCE] = cells


def free_new_slots(state: Any, live: Any, first: int) -> None:
    """Put the live slots of one environment from `first` on before the free ones that it has."""
    slots = len(live)
    rest = int(state["free_slot"]) if state["live"] < first else slots
    live["next_free"][first:] = np.append(np.arange(first + 1, slots), rest)
    state["free_slot"] = first


def without_live_jobs(world: World) -> World:
    """The world of a run that is over, without the memory of live jobs, lists, scratch and index."""
    none = {
        "live": records((1, 0), LIVE),
        "lists": records((1, 4, 0), ENTRY),
        "scratch": records((1, 0), CELL),
        "leaves": records((1, 0), LEAF),
        "tree": records((1, 0), MARK),
        "handles": [],
    }
    return world._replace(**none)


def should_index(world: World) -> bool:
    """Whether walks through the queue of environment 0 were long so far, and an index would spare them."""
    if world.leaves.shape[1] > 0 or world.speeds.shape[1] > 1:
        return False
    state = world.env.view(np.ndarray)  # asked often: a field of a record array costs microseconds
    order, walked, decisions = (int(state[name][0]) for name in ("order", "walked", "decisions"))
    return order == orders.FCFS and walked >= LONG_WALK * (decisions + 1)


def with_index(world: World) -> World:
    """The same state of one environment with an index over its queue, which must be in job order.

    The classes of size have about equally many jobs each, and a frequent size has one to itself.
    """
    partitions = world.part.shape[1]
    blocks = 1 << max(-(-len(world.jobs) // BLOCK) - 1, 0).bit_length()
    tree = records((1, partitions * 2 * blocks * CLASSES), MARK)
    nodes = tree.reshape(partitions, 2 * blocks, CLASSES)
    nodes["soon"][:, 0] = queue_index.TOP
    for p in range(partitions):
        sizes = world.jobs["gpus_milli" if world.part[0, p].gpus_milli > 0 else "cores"]
        mine = sizes[world.jobs.part == p][:SAMPLE]
        if len(mine):
            shares = np.arange(1, CLASSES) / CLASSES
            largest = np.unique(np.quantile(mine, shares, method="higher"))
            nodes["soon"][p, 0, : len(largest)] = largest
    world = bind(world._replace(leaves=records((1, blocks * BLOCK), LEAF), tree=tree))
    queue_index.fill(world.handles[0])
    world.env.seen_changes = -1  # the cursor of a pass becomes a job of the workload
    return world


class Recorder:
    """Collects the event and power logs of environment 0 as a run fills and empties them."""

    def __init__(self) -> None:
        self._events: list[np.ndarray] = []
        self._power: list[np.ndarray] = []

    def drain(self, world: World) -> None:
        """Take over what is in the logs, and empty them."""
        state = world.env[0]
        self._events.append(np.array(world.log[0, : state.log_rows]))
        self._power.append(np.array(world.power[0, : state.power_rows]))
        state.log_rows = 0
        state.power_rows = 0

    def make_room(self, world: World, status: int) -> World:
        """Answer NEED_LIVE, NEED_LOG and NEED_POWER."""
        if status == NEED_LIVE:
            return more_live_slots(world)
        self.drain(world)
        return world

    @property
    def events(self) -> np.ndarray:
        """(N,) EVENT, in order."""
        return np.concatenate(self._events) if self._events else np.zeros(0, EVENT)

    def power_until(self, end_s: int, content: int) -> np.ndarray:
        """(N,) POWER, in order; the last row is the end of the run, with the battery's content then."""
        rows = np.concatenate(self._power) if self._power else np.zeros(0, POWER)
        if len(rows) and rows["time_s"][-1] < end_s:
            last = rows[-1:].copy()
            last["time_s"] = end_s
            last["content"] = content
            rows = np.append(rows, last)
        return rows
