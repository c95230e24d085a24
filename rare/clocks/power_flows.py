"""The power flows of a simulation at one time, in watts: for programs that drive a clock from outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare.rules.power_balance import set_flows
from rare.rules.settle import apply_inputs
from rare.state import live_lists
from rare.state.arrays import FINISH, OVER, QUEUE, World, bind
from traces.numbers.constants import MJ_PER_KWH

MW_PER_W = 1000
MJ_PER_WH = MJ_PER_KWH / 1000
CONTENT_PER_WH = float(MJ_PER_KWH)  # mJ/1000 (RULES §7.3)


@dataclass(frozen=True, slots=True)
class PowerFlows:
    """Power in W, constant until the next instant; nothing is negative but battery_w.

    time_s       : the time on the workload's clock
    supply_w     : renewable power available
    jobs_w       : jobs and the nodes they use
    it_w         : these and the unused nodes that are lit
    draw_w       : it_w x PUE: what the facility takes
    renewable_w  : the part of the supply that the facility takes
    battery_w    : into the battery (positive) or out of it (negative)
    battery_wh   : what the battery holds at time_s
    grid_w       : from the grid, for the facility and for the battery
    curtailed_w  : the part of the supply that nobody takes
    energy_wh    : what the facility has drawn from the beginning of the run until time_s
    queued, running : jobs (suspended ones are queued); used_cores : cores that they hold
    """

    time_s: int
    supply_w: float
    jobs_w: float
    it_w: float
    draw_w: float
    renewable_w: float
    battery_w: float
    battery_wh: float
    grid_w: float
    curtailed_w: float
    energy_wh: float
    queued: int
    running: int
    used_cores: int


def power_flows(world: World, time_s: int) -> PowerFlows:
    """The flows of environment 0 at `time_s`, which no instant separates from the last one.

    Once the run is over no job is left: these are the flows of the unused nodes under the inputs that were
    set last, with the battery as it was at the end. Nothing of that is accounted. The world is not changed.
    """
    if world.env[0].phase == OVER:
        world = _without_jobs(world)
    s = world.env[0]
    change = int(s.charge_mw) * int(s.charge_factor) - int(s.discharge_mw) * int(s.discharge_factor)
    passed_s = 0 if s.phase == OVER else time_s - int(s.last_s)
    return PowerFlows(
        time_s=time_s,
        supply_w=int(s.supply_mw) / MW_PER_W,
        jobs_w=int(s.active_mw + s.node_mw) / MW_PER_W,
        it_w=int(s.active_mw + s.node_mw + s.lit_mw) / MW_PER_W,
        draw_w=int(s.draw_mw) / MW_PER_W,
        renewable_w=int(s.used_mw) / MW_PER_W,
        battery_w=int(s.charge_mw - s.discharge_mw) / MW_PER_W,
        battery_wh=(int(s.content) + (change - int(s.leak_rate)) * passed_s) / CONTENT_PER_WH,
        grid_w=int(s.grid_mw) / MW_PER_W,
        curtailed_w=int(s.curtailed_mw) / MW_PER_W,
        energy_wh=(int(s.draw_mj) + int(s.draw_mw) * passed_s) / MJ_PER_WH,
        queued=int(live_lists.size(world.handles[0], QUEUE)),
        running=int(live_lists.size(world.handles[0], FINISH)),
        used_cores=int(s.used_cores),
    )


def _without_jobs(world: World) -> World:
    """A copy of what the flows depend on, in which nobody runs or waits, with its flows fixed anew."""
    bare = bind(world._replace(env=world.env.copy(), part=world.part.copy(), ends=np.zeros_like(world.ends)))
    state = bare.env[0]
    state.active_mw = state.node_mw = state.used_cores = 0
    bare.part.nodes_used[0] = 0
    apply_inputs(bare.handles[0])
    set_flows(bare.handles[0])
    return bare
