"""Rules of progress: speed levels, checkpoints and the one function of work left and rate. Compiled.

RULES.md §5.1, §5.6, §5.7 and §11. Work is counted in thousandths of a second. A live job's work left is
left_s, less `credit` thousandths where its case has levels or checkpoints; it changes when a run ends. What a
run has done so far follows from its segments: the time since its last change of level, and what was before.
"""

from __future__ import annotations

from rare.rules.orders import estimate_left_s
from rare.state.arrays import RUNNING, env_of, job_of, live_of, part_of
from rare.state.compile import rule
from rare.state.event_arrays import pace_of, speed_of

WHOLE = 1000  # per mille, and thousandths of a second of work


# --- levels -----------------------------------------------------------------------------------


@rule
def levels_of(w, slot):
    """Number of speeds that a live job's partition has, the full one included."""
    return part_of(w, live_of(w, slot).part).levels if w.speed_levels > 1 else 1


@rule
def level_of(w, slot):
    """The level at which a running job runs; 0 is the full speed."""
    return pace_of(w, slot).level if w.pace_rows > 0 else 0


@rule
def rate_at(w, slot, level):
    """Thousandths of a second of work that a job does in a second at a level (§11.2)."""
    if level == 0:
        return WHOLE
    live = live_of(w, slot)
    slower = WHOLE - speed_of(w, live.part, level).rate
    return WHOLE - (job_of(w, live.job).sensitivity * slower + WHOLE - 1) // WHOLE


@rule
def power_at_mw(w, slot, level):
    """Active power of a job at a level (§11.2)."""
    live = live_of(w, slot)
    full_mw = job_of(w, live.job).power_mw
    if level == 0:
        return full_mw
    return (full_mw * speed_of(w, live.part, level).power + WHOLE - 1) // WHOLE


# --- the one function of work left and rate (§5.1) ------------------------------------------------


@rule
def progress_in_s(w, elapsed_s):
    """Seconds of progress in so many seconds since a run began to progress; the others write checkpoints."""
    s = env_of(w)
    if s.checkpoint_s == 0:
        return elapsed_s
    cycle_s = s.checkpoint_s + s.checkpoint_cost_s
    return elapsed_s // cycle_s * s.checkpoint_s + min(elapsed_s % cycle_s, s.checkpoint_s)


@rule
def run_time_s(w, work, rate, elapsed_s):
    """Time that so much work takes at a rate, of a run that has progressed for `elapsed_s` (§5.1, §5.7).

    Checkpoints on the way are in it; none is written at the end of the work.
    """
    # the usual rate apart: a division by a constant costs next to nothing
    need_s = (work + WHOLE - 1) // WHOLE if rate == WHOLE else (work + rate - 1) // rate
    s = env_of(w)
    if s.checkpoint_s == 0 or need_s == 0:
        return need_s
    progress_s = progress_in_s(w, elapsed_s) + need_s
    return progress_s + (progress_s - 1) // s.checkpoint_s * s.checkpoint_cost_s - elapsed_s


@rule
def work_left(w, slot):
    """Work left of a live job when its run began, or if it waits now."""
    left = live_of(w, slot).left_s * WHOLE
    return left - pace_of(w, slot).credit if w.pace_rows > 0 else left


@rule
def estimated_work(w, slot, done):
    """What is left of the estimate of a live job that has done so much since its run began; at least 0."""
    live = live_of(w, slot)
    job = job_of(w, live.job)
    if w.pace_rows == 0:
        return max(estimate_left_s(job, live.left_s) * WHOLE - done, 0)
    return max((job.estimate_s - job.work_s) * WHOLE + work_left(w, slot) - done, 0)


@rule
def expected_run_at_s(w, slot, level):
    """How long a waiting job would progress by its estimate at a level, checkpoints included."""
    return run_time_s(w, estimated_work(w, slot, 0), rate_at(w, slot, level), 0)


@rule
def overrun_s(w, job):
    """Work that is never reached because the job is cut at its estimate (§5.5)."""
    if env_of(w).kill_at_estimate:
        return max(job.work_s - job.estimate_s, 0)
    return 0


# --- what a run has come to ------------------------------------------------------------------------


@rule
def progress_seconds(w, slot):
    """Seconds of progress since the last start, resume or change of level."""
    live = live_of(w, slot)
    elapsed_s = max(env_of(w).now_s - live.progress_s, 0)
    if w.pace_rows == 0:
        return elapsed_s
    before_s = max(pace_of(w, slot).since_s - live.progress_s, 0)
    return progress_in_s(w, elapsed_s) - progress_in_s(w, before_s)


@rule
def restart_seconds(w, slot):
    """Seconds since the last start, resume or change of level that went into restarting or waking (§5.2)."""
    live = live_of(w, slot)
    if w.pace_rows == 0:
        return min(env_of(w).now_s, live.progress_s) - live.resumed_s
    return max(min(env_of(w).now_s, live.progress_s) - pace_of(w, slot).since_s, 0)


@rule
def work_done(w, slot):
    """Work that the present run of a job has done."""
    if w.pace_rows == 0:
        return progress_seconds(w, slot) * WHOLE
    pace = pace_of(w, slot)
    return pace.gained + progress_seconds(w, slot) * rate_at(w, slot, pace.level)


@rule
def begin_run(w, slot, level):
    """A job starts or resumes at a level: its run has come to nothing yet."""
    live = live_of(w, slot)
    pace = pace_of(w, slot)
    pace.since_s = live.resumed_s
    pace.level = level
    pace.gained = 0
    pace.unsaved = 0
    pace.run_mj = 0
    pace.unsaved_mj = 0
    pace.restart_mj = 0
    live.power_mw = power_at_mw(w, slot, level)


@rule
def close_segment(w, slot):
    """Add what was done since the last change of level to what the run has come to (§11.5, §5.7)."""
    s = env_of(w)
    live = live_of(w, slot)
    pace = pace_of(w, slot)
    rate = rate_at(w, slot, pace.level)
    work = progress_seconds(w, slot) * rate
    before_s = max(pace.since_s - live.progress_s, 0)
    elapsed_s = max(s.now_s - live.progress_s, 0)
    energy_mj = (elapsed_s - before_s) * live.power_mw
    pace.restart_mj += restart_seconds(w, slot) * live.power_mw
    pace.gained += work
    pace.run_mj += energy_mj
    pace.unsaved += work
    pace.unsaved_mj += energy_mj
    if s.checkpoint_s > 0:
        cycle_s = s.checkpoint_s + s.checkpoint_cost_s
        last_s = elapsed_s // cycle_s * cycle_s
        if last_s > before_s:  # a checkpoint was finished in this segment
            pace.unsaved = (progress_in_s(w, elapsed_s) - progress_in_s(w, last_s)) * rate
            pace.unsaved_mj = (elapsed_s - last_s) * live.power_mw
    pace.since_s = s.now_s


@rule
def leave_work(w, slot, left):
    """Set the work left of a job that stops; its power is that of the full speed again."""
    live = live_of(w, slot)
    live.left_s = (left + WHOLE - 1) // WHOLE
    if w.pace_rows > 0:
        pace_of(w, slot).credit = live.left_s * WHOLE - left
        pace_of(w, slot).level = 0
        live.power_mw = job_of(w, live.job).power_mw


@rule
def restart_mj(w, slot):
    """Energy of the restarts and waking of the present run (§5.6)."""
    now_mj = restart_seconds(w, slot) * live_of(w, slot).power_mw
    return pace_of(w, slot).restart_mj + now_mj if w.pace_rows > 0 else now_mj


@rule
def wasted_by_suspension_mj(w, slot, lost):
    """Energy of the progress that a suspension loses, at the present level (§5.6)."""
    live = live_of(w, slot)
    if w.pace_rows == 0:
        return lost // WHOLE * live.power_mw
    pace = pace_of(w, slot)
    rate = rate_at(w, slot, pace.level)
    return min((lost + rate - 1) // rate * live.power_mw, pace.run_mj)


@rule
def kept_mj(w, slot):
    """Energy of the progress that a waiting job has kept."""
    if w.pace_rows > 0:
        return pace_of(w, slot).kept_mj
    live = live_of(w, slot)
    return (job_of(w, live.job).work_s - live.left_s) * live.power_mw


@rule
def left_now_s(w, slot):
    """Work left of a live job at this instant [s], rounded up."""
    left = work_left(w, slot)
    if live_of(w, slot).doing == RUNNING:
        left -= work_done(w, slot)
    return (left + WHOLE - 1) // WHOLE
