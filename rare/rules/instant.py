"""The rules of the simulation, compiled. RULES.md in the same folder says them in words; § is there.

Every function takes `w`, the handle of one environment (state.HANDLE), and reaches its state through
`env_of(w)`, `live_of(w, slot)` and so on. Clocks decide *when* something is settled, these functions
*what* happens. Start reading at `instant`; what it calls is in
settle.py (§3), decide.py (§4), job_life.py (§5, §6) and power_balance.py (§2, §7).
"""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.backfill import promises
from rare.rules.bookkeeping import count_slowdown, count_unserved, log_event, log_room, record
from rare.rules.decide import barred_only_now, charged_enough_s, overdrawn, possible, possible_start
from rare.rules.events.grid_events import next_moment_s
from rare.rules.forced_victim import ANYWHERE, forced_victim
from rare.rules.job_life import shed
from rare.rules.limits.start_reasons import OK
from rare.rules.outlook import next_issue_s
from rare.rules.power_balance import account, battery_instant_s, set_flows
from rare.rules.priority.multifactor import next_mark_s
from rare.rules.progress.pace import restart_mj
from rare.rules.settle import settle
from rare.state import live_lists
from rare.state.arrays import (
    CLOSED,
    CLOSING,
    COMPLETED_ALL,
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    FINISH,
    FREE,
    HANDLE,
    HELD,
    IDLE,
    INSTANT,
    NEED_LOG,
    NEED_POWER,
    NOT_ENDED,
    OVER,
    QUEUE,
    RUNNING,
    S_HELD,
    S_UNFINISHED,
    SETTLING,
    SHEDDING,
    STARTING,
    SUPPLY_END,
    TIMER,
    WINDOW_END,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
    power_of,
)
from rare.state.compile import rule, shared_rule


@rule
def next_tick_s(w):
    """The next optional tick (§3.8)."""
    s = env_of(w)
    if s.tick_s <= 0:
        return NEVER_S
    return (s.now_s // s.tick_s + 1) * s.tick_s


@rule
def cycles_alone(w):
    """Whether the battery fills and leaks for its own sake: no job runs that could notice (§8.4)."""
    return env_of(w).leak > 0 and live_lists.size(w, FINISH) == 0


@rule
def next_idle_s(w):
    """Next instant that does not keep a run alive: a tick, a mark, or of a battery that cycles (§8.4)."""
    next_s = next_tick_s(w)
    if w.association_rows > 0:
        next_s = min(next_s, next_mark_s(w))
    return min(next_s, battery_instant_s(w)) if cycles_alone(w) else next_s


@rule
def next_internal_s(w):
    """Next instant that the cluster itself brings about: ends, battery, timers (§3.8)."""
    s = env_of(w)
    if (s.stopped_s == s.now_s or w.speed_levels > 1) and barred_only_now(w):
        return s.now_s + 1
    next_s = min(charged_enough_s(w), next_issue_s(w))
    if not cycles_alone(w):
        next_s = min(next_s, battery_instant_s(w))
    if live_lists.size(w, FINISH) > 0:
        next_s = min(next_s, live_of(w, entry_of(w, FINISH, ends_of(w, FINISH).first).slot).finish_s)
    if live_lists.size(w, TIMER) > 0:
        next_s = min(next_s, live_of(w, entry_of(w, TIMER, ends_of(w, TIMER).first).slot).timer_s)
    if w.moment_rows > 0:
        next_s = min(next_s, next_moment_s(w))
    if s.bf_interval_s > 0 and s.now_s % s.bf_interval_s != 0 and possible_start(w):
        next_s = min(next_s, (s.now_s // s.bf_interval_s + 1) * s.bf_interval_s)  # the next pass (§10.14)
    return next_s


@rule
def log_power(w):
    """Append the flows to the power log if anything in it has changed. Room was made sure of."""
    s = env_of(w)
    row = power_of(w, s.power_rows)
    queued = live_lists.size(w, QUEUE)
    running = live_lists.size(w, FINISH)
    battery_mw = s.charge_mw - s.discharge_mw
    if s.power_rows > 0:
        last = power_of(w, s.power_rows - 1)
        if (
            last.supply_mw == s.supply_mw
            and last.draw_mw == s.draw_mw
            and last.battery_mw == battery_mw
            and last.grid_mw == s.grid_mw
            and last.curtailed_mw == s.curtailed_mw
            and last.queued == queued
            and last.running == running
            and last.used_cores == s.used_cores
        ):
            return
    row.time_s = s.now_s
    row.supply_mw = s.supply_mw
    row.draw_mw = s.draw_mw
    row.battery_mw = battery_mw
    row.content = s.content
    row.grid_mw = s.grid_mw
    row.curtailed_mw = s.curtailed_mw
    row.queued = queued
    row.running = running
    row.used_cores = s.used_cores
    s.power_rows += 1


@rule
def close_instant(w):
    """After the decisions: fix the flows, count the instant, see whether the run is complete."""
    s = env_of(w)
    set_flows(w)
    s.instants += 1
    if s.log_level > 0:
        log_power(w)
        if s.log_level > 1:
            log_event(w, INSTANT, s.instants - 1)
    if s.live == 0 and s.next_job == s.jobs_end:
        s.ended = COMPLETED_ALL


@rule
def end_run(w, ended):
    """The run is over: jobs still here are unfinished (§8.5)."""
    s = env_of(w)
    s.ended = ended
    s.phase = OVER
    for slot in range(w.live_slots):
        live = live_of(w, slot)
        if live.doing == HELD:
            record(w, slot, S_HELD, 0)
        elif live.doing != FREE:
            count_slowdown(w, live.job)
            if job_of(w, live.job).deadline_s <= s.now_s:
                s.violations += 1
                count_unserved(w, live.job)
            if live.doing == RUNNING:
                s.wasted_mj += restart_mj(w, slot)
            record(w, slot, S_UNFINISHED, 0)


@rule
def inputs_differ(w):
    """Whether an input staged for this second differs from the one in force."""
    s = env_of(w)
    return (
        s.new_supply_mw != s.supply_mw
        or s.new_import_mw != s.import_mw
        or s.new_price_u != s.price_u
        or s.new_carbon_u != s.carbon_u
        or s.new_pue != s.pue
    )


@rule
def due(w):
    """Whether `wake_s` is an instant (§3.8). At any other second a wake changes nothing."""
    s = env_of(w)
    if s.wake_s >= min(s.due_s, s.idle_s, s.inputs_end_s, s.window_end_s):
        return True
    if s.next_job < s.jobs_end and job_of(w, s.next_job).submit_s <= s.wake_s:
        return True
    return inputs_differ(w)


@rule
def begin_shortage_or_start(w):
    """Settle the instant at hand and see what is to be decided. CLOSED: it is none, or nothing is left."""
    s = env_of(w)
    if not due(w):
        account(w, s.wake_s)
        s.phase = IDLE
        return CLOSED
    status = settle(w, s.wake_s)
    if status != OK:
        return status
    if s.now_s >= s.inputs_end_s or s.now_s >= s.window_end_s:
        close_instant(w)
        ended = s.ended
        if ended == NOT_ENDED:
            ended = SUPPLY_END if s.now_s >= s.inputs_end_s else WINDOW_END
        end_run(w, ended)
        return ENDED
    s.declined = 0
    s.pass_s = -NEVER_S  # what a scheduler's pass remembered of this second is stale
    s.keyed_s = -NEVER_S
    s.outlook_s = -NEVER_S
    s.phase = SHEDDING
    return OK


@shared_rule(HANDLE)
def instant(w):
    """Work on the instant `wake_s` until a decision is needed or the instant is closed.

    Returns DECIDE_SHED, DECIDE_START, CLOSED, ENDED, or what is needed first: NEED_LIVE, NEED_LOG,
    NEED_POWER (room in that array). Call again afterwards.
    """
    s = env_of(w)
    if s.phase == OVER:
        return ENDED
    if not log_room(w):
        return NEED_LOG
    if s.log_level > 0 and s.power_rows == w.power_room:
        return NEED_POWER
    if s.phase == SETTLING:
        status = begin_shortage_or_start(w)
        if status != OK:
            return status
    while s.phase == SHEDDING:
        if not overdrawn(w):
            s.phase = STARTING
        elif s.declined == 0:
            return DECIDE_SHED
        elif log_room(w):
            shed(w, forced_victim(w, ANYWHERE))
        else:
            return NEED_LOG
    if s.phase == STARTING:
        if possible(w):
            return DECIDE_START
        if s.keeps_promises:  # who comes when nothing can start is promised a start all the same (§10.7)
            promises.renew(w)
        s.phase = CLOSING
    if s.phase == CLOSING:
        close_instant(w)
        s.phase = IDLE
        if s.ended != NOT_ENDED:
            end_run(w, s.ended)
            return ENDED
        s.due_s = next_internal_s(w)
        s.idle_s = next_idle_s(w)
    return CLOSED
