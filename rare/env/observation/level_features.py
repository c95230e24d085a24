"""Speed levels in an observation, where the layout has them: RULES.md §11, compiled.

Actions and features are of the jobs in the slots that queue and running blocks show.
"""

from __future__ import annotations

from rare.env.observation import layout
from rare.env.observation.buffers import number_at, set_flag, slot_at
from rare.env.observation.scaling import clear
from rare.rules.decide import OK, fastest_level, has_power_at, why_not_start
from rare.rules.progress.level_changes import saving_mw, why_not_raise, why_not_slow
from rare.rules.progress.pace import WHOLE, level_of, levels_of, rate_at
from rare.state.arrays import SHEDDING, WAIT, env_of, job_of, live_of
from rare.state.compile import rule
from rare.state.event_arrays import speed_of

QUEUE_LEVEL_FEATURES, RUNNING_LEVEL_FEATURES = len(layout.QUEUE_LEVELS), len(layout.RUNNING_LEVELS)
JOB_SENSITIVITY, START_POWER, START_RATE = layout.places(
    "queue_levels", "sensitivity", "start_power", "start_rate"
)
RUN_LEVEL, RUN_RATE, RUN_SENSITIVITY, RUN_SAVING, RUN_MAY_SLOW, RUN_MAY_RAISE = layout.places(
    "running_levels", "level", "rate", "sensitivity", "saving", "may_slow", "may_raise"
)


@rule
def may_start(w, v, slot):
    """Whether the action of a waiting job is valid: a start at any level, without levels in the layout at the
    full one."""
    if why_not_start(w, slot) != OK:
        return False
    return w.speed_levels <= 1 or v.levels != 0 or has_power_at(w, slot, 0)


@rule
def show_waiting_levels(w, v, slot, at):
    """The features of levels of a waiting job, from place `at` on."""
    live = live_of(w, slot)
    level = WAIT if env_of(w).phase == SHEDDING else fastest_level(w, slot)
    power = speed_of(w, live.part, level).power if level != WAIT else 0
    rate = rate_at(w, slot, level) if level != WAIT else 0
    number_at(v.at_obs, at + JOB_SENSITIVITY).x = job_of(w, live.job).sensitivity / WHOLE
    number_at(v.at_obs, at + START_POWER).x = power / WHOLE
    number_at(v.at_obs, at + START_RATE).x = rate / WHOLE


@rule
def show_running_levels(w, v, slot, at):
    """The features of levels of a running job, from place `at` on."""
    live = live_of(w, slot)
    level = level_of(w, slot)
    slower = level + 1 < levels_of(w, slot)
    saving = saving_mw(w, slot) / v.peak_mw if slower else 0.0
    number_at(v.at_obs, at + RUN_LEVEL).x = speed_of(w, live.part, level).power / WHOLE
    number_at(v.at_obs, at + RUN_RATE).x = rate_at(w, slot, level) / WHOLE
    number_at(v.at_obs, at + RUN_SENSITIVITY).x = job_of(w, live.job).sensitivity / WHOLE
    number_at(v.at_obs, at + RUN_SAVING).x = min(saving, 1.0)
    number_at(v.at_obs, at + RUN_MAY_SLOW).x = 1.0 if why_not_slow(w, slot) == OK else 0.0
    number_at(v.at_obs, at + RUN_MAY_RAISE).x = 1.0 if why_not_raise(w, slot) == OK else 0.0


@rule
def look_at_levels(w, v):
    """Levels of the jobs shown, and the mask of slower and faster; how many of these actions are valid."""
    at = v.queue_levels_at
    for i in range(v.shown_queue):
        show_waiting_levels(w, v, slot_at(v.at_slots, i).slot, at)
        at += QUEUE_LEVEL_FEATURES
    clear(v, at, v.running_levels_at - at)
    at = v.running_levels_at
    action = 1 + v.queue_slots + v.running_slots
    valid = 0
    for i in range(v.shown_running):
        slot = slot_at(v.at_slots, v.queue_slots + i).slot
        show_running_levels(w, v, slot, at)
        may_slow = why_not_slow(w, slot) == OK
        may_raise = why_not_raise(w, slot) == OK
        set_flag(v, action + i, may_slow)
        set_flag(v, action + v.running_slots + i, may_raise)
        valid += may_slow
        valid += may_raise
        at += RUNNING_LEVEL_FEATURES
    for i in range(v.shown_running, v.running_slots):
        set_flag(v, action + i, False)
        set_flag(v, action + v.running_slots + i, False)
    clear(v, at, (v.running_slots - v.shown_running) * RUNNING_LEVEL_FEATURES)
    return valid
