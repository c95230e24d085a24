"""The pass of a heuristic over the queue: how far it has come, and the level of a start. Compiled."""

from __future__ import annotations

from rare.rules.decide import OK, has_power_at, why_not_start
from rare.rules.progress.pace import levels_of
from rare.state.arrays import RUNNING, WAIT, env_of, live_of, part_of
from rare.state.compile import rule
from rare.state.decisions import decision
from schedulers.heuristics.speeds import FULL_SPEED, start_lasts


@rule
def continues_pass(w):
    """Whether the remembered pass still holds: same instant, and the job it chose was started and runs.

    A job that has ended within its own start (RULES §4.5, §5.5) holds nothing of what the pass gave it.
    """
    s = env_of(w)
    if s.pass_s != s.now_s or s.pass_decision + 1 != s.decisions or s.last_action != s.pass_choice:
        return False
    return live_of(w, s.pass_choice).doing == RUNNING


@rule
def begin_pass(w):
    """Forget what earlier passes reserved."""
    s = env_of(w)
    if s.pass_s != s.now_s:
        s.pass_started = 0
    s.pass_s = s.now_s
    s.pass_cursor = 0
    s.pass_tested = 0
    s.seen_changes = -1
    for p in range(w.partitions):
        part_of(w, p).reserved = 0
        part_of(w, p).blocked = 0


@rule
def is_tested_out(w):
    """Whether a pass of backfilling has tested as many jobs as it may; else one more counts (§10.13)."""
    s = env_of(w)
    if s.bf_max_jobs > 0 and s.pass_started + s.pass_tested >= s.bf_max_jobs:
        return True
    s.pass_tested += 1
    return False


@rule
def is_between_passes(w):
    """Whether the queue is served in order now, for backfilling has its next pass later (§10.14)."""
    s = env_of(w)
    return s.bf_interval_s > 0 and s.now_s % s.bf_interval_s != 0


@rule
def remember(w, slot, what, cursor):
    """Note how far the pass has come, and return its decision."""
    s = env_of(w)
    s.pass_decision = s.decisions
    s.pass_choice = slot
    s.pass_cursor = cursor
    return decision(slot, what)


@rule
def levels_to_try(w, slot, policy):
    """How many levels this heuristic tries for a start, from the full speed on."""
    return levels_of(w, slot) if policy.speeds != FULL_SPEED else 1


@rule
def may_start_at(w, slot, level, policy):
    """Whether a waiting job may start now at a level (RULES §4.2a, §11.3), and this heuristic would do it."""
    if why_not_start(w, slot) != OK:
        return False
    return w.speed_levels <= 1 or (has_power_at(w, slot, level) and start_lasts(w, slot, level, policy))


@rule
def fastest_start(w, slot, policy):
    """The fastest level at which this heuristic may start a job now; WAIT: at none."""
    if w.speed_levels <= 1:
        return 0 if why_not_start(w, slot) == OK else WAIT
    for level in range(levels_to_try(w, slot, policy)):
        if may_start_at(w, slot, level, policy):
            return level
    return WAIT
