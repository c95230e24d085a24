"""Rules of when a job may change its speed level, and start at one: RULES.md §11.3 and §11.4, compiled."""

from __future__ import annotations

from rare.rules.job_life import HUGE
from rare.rules.limits.start_reasons import (
    ERR_AGAIN,
    ERR_FASTEST,
    ERR_RAISE,
    ERR_SLOWEST,
    ERR_VOLUNTARY,
    OK,
    why_no_room,
)
from rare.rules.power_balance import node_increase_mw
from rare.rules.progress.pace import level_of, levels_of, power_at_mw
from rare.state.arrays import FINISH, QUEUE, SHEDDING, ends_of, entry_of, env_of, live_of
from rare.state.compile import rule


@rule
def saving_mw(w, slot):
    """Active power that a running job saves one level slower."""
    return live_of(w, slot).power_mw - power_at_mw(w, slot, level_of(w, slot) + 1)


@rule
def raise_mw(w, slot):
    """Active power that a running job, not at full speed, takes more one level faster."""
    return power_at_mw(w, slot, level_of(w, slot) - 1) - live_of(w, slot).power_mw


@rule
def why_not_slow(w, slot):
    """OK if this running job may be made one level slower now, else why not (§11.4)."""
    s = env_of(w)
    if s.phase != SHEDDING and not s.voluntary:
        return ERR_VOLUNTARY
    if level_of(w, slot) + 1 >= levels_of(w, slot):
        return ERR_SLOWEST
    return ERR_AGAIN if live_of(w, slot).changed_s == s.now_s else OK


@rule
def fits_raise(w, slot):
    """Whether there is power to make a running job one level faster (§11.4)."""
    s = env_of(w)
    return raise_mw(w, slot) <= s.start_cap_mw - s.active_mw - s.node_mw


@rule
def why_not_raise(w, slot):
    """OK if this running job may be made one level faster now, else why not (§11.4)."""
    s = env_of(w)
    if level_of(w, slot) == 0:
        return ERR_FASTEST
    if live_of(w, slot).changed_s == s.now_s:
        return ERR_AGAIN
    return OK if s.phase != SHEDDING and fits_raise(w, slot) else ERR_RAISE


@rule
def possible_change_of_level(w):
    """Whether a running job may be made faster, or by choice slower (§4.2c)."""
    voluntary = env_of(w).voluntary
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if why_not_raise(w, slot) == OK or (voluntary and why_not_slow(w, slot) == OK):
            return True
    return False


@rule
def raise_barred_only_now(w):
    """Whether a job that started or was slowed at this instant could be made faster but for §4.3."""
    now_s = env_of(w).now_s
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if live_of(w, slot).changed_s == now_s and level_of(w, slot) > 0 and fits_raise(w, slot):
            return True
    return False


@rule
def least_need_at_levels_mw(w, above_mw):
    """Least IT power above `above_mw` that a start at any level or a raise adds; HUGE: there is none.

    Of jobs whose cores, GPUs and memory are free, and that no limit holds back.
    """
    least_mw = HUGE
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        if why_no_room(w, slot) == OK:
            nodes_mw = node_increase_mw(w, slot)
            for level in range(levels_of(w, slot)):
                need_mw = power_at_mw(w, slot, level) + nodes_mw
                if above_mw < need_mw < least_mw:
                    least_mw = need_mw
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if level_of(w, slot) > 0 and above_mw < raise_mw(w, slot) < least_mw:
            least_mw = raise_mw(w, slot)
    return least_mw
