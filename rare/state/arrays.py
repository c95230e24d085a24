"""The state of E simulations at once, as a few arrays: environment axis first.

A single simulation is a batch of one. The workload (`jobs`) and the inputs are shared and read-only;
everything else belongs to one environment, so copying its rows forks the future. Rules see one
environment through its handle `w` and the `*_of` functions below (why: memory.py).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rare.state.compile import rule
from rare.state.env_record import ENV as ENV
from rare.state.index_arrays import BLOCK
from rare.state.memory import accessor, arguments, fresh, register

I8, I4, F8 = np.int64, np.int32, np.float64

# What a live job is doing.
FREE, QUEUED, SUSPENDED, RUNNING, HELD = range(5)
# Where an instant stands (§3), and why `advance` came back.
IDLE, SETTLING, SHEDDING, STARTING, CLOSING, OVER = 0, 1, 2, 3, 4, 5
DECIDE_SHED, DECIDE_START, CLOSED, ENDED, NEED_LIVE, NEED_LOG, NEED_POWER = 1, 2, 3, 4, 5, 6, 7
# How a run ended (§8).
NOT_ENDED, COMPLETED_ALL, SUPPLY_END, WINDOW_END, STALLED = 0, 1, 2, 3, 4
ENDED_NAMES = ("running", "completed", "supply_end", "window_end", "stalled")
# Events of the log.
SUBMIT, START, RESUME, SUSPEND, SHED, KILL, END, EXPIRE, FAIL, REJECT, INSTANT = range(11)
SLOWED, RAISED, CANCEL, DROP, LOSE = range(11, 16)
EVENT_NAMES = (
    "submit", "start", "resume", "suspend", "shed", "kill", "end", "expire", "fail", "reject", "instant",
    "slow", "raise", "cancel", "drop", "lose",
)  # fmt: skip
# What became of a job.
S_UNFINISHED, S_COMPLETED, S_REJECTED, S_EXPIRED, S_FAILED, S_CANCELLED, S_DROPPED, S_HELD = range(8)
STATUS_NAMES = (
    "unfinished", "completed", "rejected", "expired", "failed", "cancelled", "dropped", "held",
)  # fmt: skip
# The sorted lists of live jobs, and their keys.
QUEUE, FINISH, EXPECTED, TIMER = 0, 1, 2, 3
WAIT = -1
NO_TIME = -1
NO_PROMISE = -1

PART = np.dtype(
    [
        ("nodes", I8), ("cores", I8), ("gpus_milli", I8), ("memory_mib", I8),
        ("node_cores", I8), ("node_gpus_milli", I8), ("node_memory_mib", I8),
        ("idle_mw", I8), ("rest_mw", I8), ("wake_s", I8),
        ("free_cores", I8), ("free_gpus_milli", I8), ("free_memory_mib", I8), ("nodes_used", I8),
        # what a projection expects to be free at its time (rare.rules.backfill.reservation)
        ("plan_cores", I8), ("plan_gpus_milli", I8), ("plan_memory_mib", I8),
        # reservation of a backfilling pass: when, and what it leaves spare from then on; `kept` is set
        # aside while an observer makes one of its own (rare.env.observation.mask)
        ("reserved", I8), ("shadow_s", I8), ("spare_cores", I8), ("spare_gpus_milli", I8),
        ("spare_memory_mib", I8), ("spare_mw", I8), ("kept", I8),
        # speeds, the full one included (§11.1); nodes without outages, and those that outages take (§12.3)
        ("levels", I8), ("all_nodes", I8), ("away", I8),
        ("blocked", I8),  # a job waits in it, between two passes of backfilling (§10.14)
    ],
    align=True,
)  # fmt: skip

JOB = np.dtype(
    [
        ("submit_s", I8), ("work_s", I8), ("estimate_s", I8), ("power_mw", I8),
        ("value_u", I8), ("deadline_s", I8), ("memory_mib", I8), ("cores", I4), ("gpus_milli", I4),
        ("part", np.int16), ("preemptible", np.int8), ("sensitivity", np.int16),
        ("unserved_u", I8),  # charged if the job is not served (§6.6)
    ],
    align=True,
)  # fmt: skip

LIVE = np.dtype(
    [
        # one cache line: what a walk over the queue reads
        ("key", F8), ("changed_s", I8), ("left_s", I8), ("power_mw", I8), ("memory_mib", I8),
        ("job", I4), ("cores", I4), ("gpus_milli", I4), ("part", np.int16), ("doing", np.int8),
        ("preemptible", np.int8), ("most_mw", I8),
        # another: the rest of a job's life
        ("resumed_s", I8), ("progress_s", I8), ("finish_s", I8), ("expected_s", I8), ("timer_s", I8),
        ("first_start_s", I8), ("next_free", I4), ("suspensions", I4), ("kills", I4),
        ("promised_wait_s", I4),  # of a waiting job: to start so long after its submit at the latest
    ],
    align=True,
)  # fmt: skip

ENTRY = np.dtype([("key", F8), ("job", I4), ("slot", I4)], align=True)
INPUT = np.dtype(
    [("change_s", I8), ("supply_mw", I8), ("import_mw", I8), ("price_u", I8), ("carbon_u", I8), ("pue", I8)]
)
FORECAST = np.dtype(
    [("supply_mw", I8), ("low_mw", I8), ("high_mw", I8), ("price_u", I8), ("carbon_u", I8)]
)  # median supply and its 10 and 90 % quantiles; medians of the rates
OUTCOME = np.dtype(
    [("start_s", I8), ("end_s", I8), ("earned_u", I8), ("suspensions", I4), ("kills", I4), ("status", I4)]
    + [("delay_s", I4)],  # from its submit to its arrival (§12.4)
    align=True,
)
EVENT = np.dtype([("time_s", I8), ("job", I4), ("event", np.int16), ("level", np.int16)])
POWER = np.dtype(
    [
        ("time_s", I8), ("supply_mw", I8), ("draw_mw", I8), ("battery_mw", I8), ("content", I8),
        ("grid_mw", I8), ("curtailed_mw", I8), ("queued", I4), ("running", I4), ("used_cores", I8),
    ]
)  # fmt: skip


LIST_ENDS = np.dtype([("first", I8), ("last", I8)])
CELL = np.dtype([("value", I8)])

_ARRAYS = (
    "env", "part", "live", "lists", "ends", "jobs", "inputs", "forecast", "outcome", "log", "power",
    "scratch", "leaves", "tree", "pace", "limits", "held_back", "speeds", "grid_events", "moments", "outages",
    "chains", "followers", "cancels", "group_use", "group_limits", "memberships", "associations", "weights",
    "standings", "shares",
)  # fmt: skip
SHARED = (
    "jobs", "inputs", "forecast", "speeds", "grid_events", "moments", "outages", "chains", "followers",
    "cancels", "group_limits", "memberships", "weights", "standings", "shares",
)  # fmt: skip
_SIZES = (
    "partitions", "live_slots", "list_rows", "input_rows", "forecast_issues", "forecast_steps",
    "outcome_rows", "log_room", "power_room", "scratch_cells",
    "blocks", "pace_rows", "speed_levels", "event_rows", "moment_rows", "outage_rows", "chain_rows",
    "cancel_rows", "groups", "groups_per_job", "association_rows",
)  # fmt: skip
HANDLE = np.dtype(
    [(f"at_{name}", I8) for name in _ARRAYS] + [("at_plan", I8)] + [(name, I8) for name in _SIZES]
)
"""What a rule is given: where the arrays of one environment are, and how long they are.

at_plan: where the plan begins in the scratch row (`plan_offset`).
"""


class World(NamedTuple):
    """E simulations over one workload: NumPy record arrays, environment axis first."""

    env: Any  # (E,)        ENV      scalars of each simulation
    part: Any  # (E, P)     PART     partitions: sizes, what is free
    live: Any  # (E, L)     LIVE     jobs queued, suspended or running, in slots
    lists: Any  # (E, 4, 2L) ENTRY   slots sorted by order, end, expected end, next timer
    ends: Any  # (E, 4)     LIST_ENDS  where each list begins and ends
    jobs: Any  # (J,)       JOB      the workload, shared, read-only
    inputs: Any  # (K,)     INPUT    shared, read-only
    forecast: Any  # (I, H)     FORECAST  shared, read-only; (0, 0) without forecasts
    outcome: Any  # (E, J or 1) OUTCOME   what became of each job, if recorded
    log: Any  # (E, G)      EVENT    drained by the clock when full
    power: Any  # (E, H)    POWER    likewise
    scratch: Any  # (E, S)  CELL     for planning schedulers
    leaves: Any  # (E, J or 0) LEAF   index over a long queue, if kept (rare.rules.queue_index)
    tree: Any  # (E, N)     MARK     the nodes of the index
    pace: Any  # (E, L or 0)  PACE   level and progress of live jobs (this and the rest: event_arrays.py)
    limits: Any  # (E, V)     LIMIT    of each grid event
    held_back: Any  # (E, J or 0) HELD_BACK  jobs that wait for others
    speeds: Any  # (P, S)     SPEED       shared, as all below
    grid_events: Any  # (V,)  GRID_EVENT
    moments: Any  # (M,)      MOMENT
    outages: Any  # (C,)      OUTAGE
    chains: Any  # (J + 1 or 0,)  CHAIN
    followers: Any  # (F,)    FOLLOWER
    cancels: Any  # (J or 0,) MOMENT  when users give up jobs that have not started
    group_use: Any  # (E, G)  GROUP_USE   what each group of limited jobs has (limit_arrays.py)
    group_limits: Any  # (G,) GROUP_LIMIT  shared
    memberships: Any  # (J or 0, M) MEMBERSHIP  the groups of each job, shared
    associations: (
        Any  # (E, N) ASSOCIATION  usage of accounts and users (this and the rest: priority_arrays.py)
    )
    weights: Any  # (1 or 0,) WEIGHT  shared, as those below
    standings: Any  # (J or 0,) STANDING
    shares: Any  # (N,)       SHARE
    handles: Any  # E records of HANDLE, what rules are called with

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle holds the arrays; the handles are made anew, for they are addresses."""
        return _bound, tuple(getattr(self, name) for name in _ARRAYS)

    def __copy__(self) -> World:
        return fork(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> World:
        return fork(self)


def fork(world: World, e: int | None = None) -> World:
    """A copy of the state of all environments, or of one alone, with a future of its own.

    Jobs, inputs and forecast are read-only and stay shared.
    """
    some = slice(None) if e is None else slice(e, e + 1)
    return _bound(
        *(getattr(world, name) if name in SHARED else getattr(world, name)[some] for name in _ARRAYS)
    )


def _bound(*arrays: Any) -> World:
    """A world of these arrays, in the order of _ARRAYS, which it copies where it writes to them."""
    pairs = zip(_ARRAYS, arrays, strict=True)
    given = {name: array if name in SHARED else fresh(array) for name, array in pairs}
    return bind(World(**given, handles=None))


def plan_offset(forecast_steps: int, live_slots: int) -> int:
    """Cells of the scratch row before the plan (conservative_plan.py): the outlook's projection, then turns.

    The turns (rare.rules.backfill.promises) are their number and one cell for each live slot.
    """
    return 2 * (forecast_steps + 1) + 1 + live_slots


def handle_records(world: World) -> np.ndarray:
    """(E,) HANDLE: where the arrays of each environment are, as compiled loops over environments take it."""
    environments = len(world.env)
    handles = np.zeros(environments, HANDLE)  # no record array yet: its fields cost microseconds each
    for name in _ARRAYS:
        array = getattr(world, name)
        base = register(array)
        if name in SHARED or environments == 1:
            handles["at_" + name] = base
            continue
        for e in range(environments):
            register(array[e : e + 1])
        handles["at_" + name] = base + array.strides[0] * np.arange(environments)
    before_plan = plan_offset(world.forecast.shape[1], world.live.shape[1])
    handles["at_plan"] = handles["at_scratch"] + before_plan * CELL.itemsize
    if before_plan < world.scratch.shape[1]:
        for e in range(environments):
            register(world.scratch[e : e + 1, before_plan:])
    handles["partitions"] = world.part.shape[1]
    handles["live_slots"] = world.live.shape[1]
    handles["list_rows"] = world.lists.shape[2]
    handles["input_rows"] = world.inputs.shape[0]
    handles["forecast_issues"], handles["forecast_steps"] = world.forecast.shape
    handles["outcome_rows"] = world.outcome.shape[1]
    handles["log_room"], handles["power_room"] = world.log.shape[1], world.power.shape[1]
    handles["scratch_cells"] = world.scratch.shape[1]
    handles["blocks"] = world.leaves.shape[1] // BLOCK
    handles["pace_rows"], handles["speed_levels"] = world.pace.shape[1], world.speeds.shape[1]
    handles["event_rows"], handles["moment_rows"] = len(world.grid_events), len(world.moments)
    handles["outage_rows"], handles["chain_rows"] = len(world.outages), max(len(world.chains) - 1, 0)
    handles["cancel_rows"], handles["association_rows"] = len(world.cancels), len(world.shares)
    handles["groups"], handles["groups_per_job"] = len(world.group_limits), world.memberships.shape[1]
    return handles.view(np.recarray)


def bind(world: World) -> World:
    """The same world with handles to its arrays. Needed whenever an array was replaced."""
    return world._replace(handles=arguments(handle_records(world)))


_env, _part, _live, _entry = accessor(ENV), accessor(PART), accessor(LIVE), accessor(ENTRY)
_ends, _job, _input, _outcome = accessor(LIST_ENDS), accessor(JOB), accessor(INPUT), accessor(OUTCOME)
_event, _power, _cell = accessor(EVENT), accessor(POWER), accessor(CELL)
_forecast = accessor(FORECAST)


@rule
def env_of(w):
    """The scalars of an environment."""
    return _env(w.at_env, 0)


@rule
def part_of(w, p):
    """A partition."""
    return _part(w.at_part, p)


@rule
def live_of(w, slot):
    """The live job in a slot."""
    return _live(w.at_live, slot)


@rule
def entry_of(w, which, i):
    """An entry of a sorted list."""
    return _entry(w.at_lists, which * w.list_rows + i)


@rule
def ends_of(w, which):
    """Where a sorted list begins and ends."""
    return _ends(w.at_ends, which)


@rule
def job_of(w, index):
    """A job of the workload."""
    return _job(w.at_jobs, index)


@rule
def input_of(w, row):
    """A row of the inputs."""
    return _input(w.at_inputs, row)


@rule
def forecast_of(w, row):
    """A row of the forecast table: issue x steps + step."""
    return _forecast(w.at_forecast, row)


@rule
def outcome_of(w, index):
    """What became of a job."""
    return _outcome(w.at_outcome, index)


@rule
def event_of(w, row):
    """A row of the event log."""
    return _event(w.at_log, row)


@rule
def power_of(w, row):
    """A row of the power log."""
    return _power(w.at_power, row)


@rule
def cell_of(w, i):
    """A number of the scratch row."""
    return _cell(w.at_scratch, i)


@rule
def plan_cell_of(w, i):
    """A number of the plan in the scratch row; each has its address in the handle: it is read the most."""
    return _cell(w.at_plan, i)
