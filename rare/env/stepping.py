"""One decision of a policy after another, for many simulations at once: the compiled part of batch.py."""

from __future__ import annotations

import numpy as np

from rare.env.observation.buffers import VIEW, action_for, card_at, decision_of, flag_at, set_flag
from rare.env.observation.features import forget, look, look_at_end
from rare.rules.advance import advance, take_inputs
from rare.rules.decide import apply
from rare.rules.events.begin import begin_run_events
from rare.rules.events.chains import arrival_s
from rare.rules.objective import PRICES, objective_u
from rare.state.arrays import (
    CELL,
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    FINISH,
    FREE,
    HANDLE,
    OVER,
    QUEUE,
    WAIT,
    ends_of,
    entry_of,
    env_of,
    job_of,
    live_of,
)
from rare.state.compile import rule
from rare.state.memory import accessor, atomic
from traces.numbers.constants import MJ_PER_KWH

INVALID = -1  # status of a step whose action was not valid: nothing happened

SCORE = np.dtype(
    [
        ("kind", "i8"), ("offered", "f8"), *PRICES,
        ("jobs", "f8"), ("eta", "f8"), ("last", "f8"), ("reward", "f8"), ("carried", "f8"),
        ("decisions", "i8"), ("hidden", "i8"), ("status", "i8"), ("forgiving", "i8"), ("invalid", "i8"),
        ("resting", "i8"),
    ],
    align=True,
)  # fmt: skip
"""What the reward of an environment is made of, the score so far, and what its policy decided.

offered: value, in micro-units; jobs: that count for the mean slowdown; last: the score so far; reward: of
the last step; carried: what came before the first decision, and counts for it; hidden: decisions at which
a job outside the slots could have started, and none inside; status: what `advance` said last, or INVALID.
forgiving: whether an action that is not valid counts as WAIT; invalid: how many did; resting: whether the
next step leaves it as it is, whatever the action.
"""
SUMMARY = np.dtype(
    [
        ("reward", "f8"), ("objective", "f8"), ("score", "f8"), ("jobs_completed", "i8"),
        ("qos_violations", "i8"), ("suspensions", "i8"), ("energy_kwh", "f8"), ("policy_decisions", "i8"),
        ("hidden_decisions", "i8"), ("invalid_actions", "i8"), ("simulated_s", "i8"),
    ]
)  # fmt: skip
"""Reward of the last step, and what became of the episode; objective: NaN where the jobs have no value."""
OBJECTIVE, SLOWDOWN, RENEWABLE = range(3)
REWARD_NAMES = ("objective", "slowdown", "renewable")

PLACES = np.dtype([("handles", "i8"), ("views", "i8"), ("scores", "i8"), ("summary", "i8")])
"""Where the handles, views and scores of all environments are, and the SUMMARY that is written: one number
for compiled code to take."""

PLAN = np.dtype(
    [
        ("begin_s", "i8"), ("end_s", "i8"), ("first_job", "i8"), ("last_job", "i8"), ("input_row", "i8"),
        ("offered", "f8"), ("jobs", "f8"), *PRICES,
    ]
)  # fmt: skip
"""What an episode begins with, beside the templates of its case."""

CREW = np.dtype(
    [
        ("places", "i8"), ("at_actions", "i8"), ("environments", "i8"), ("chunk", "i8"), ("chunks", "i8"),
        ("at_taken", "i8"), ("at_front", "i8"), ("at_behind", "i8"), ("at_done", "i8"), ("at_unusual", "i8"),
    ]
)  # fmt: skip
"""A step that threads share: where environments and actions are, in what chunks, and the counters of it.

Chunks taken at all, from the front and from behind; chunks done; environments that need something.
"""

plan_at, crew_at, action_at = accessor(PLAN), accessor(CREW), accessor(CELL)
add_at_once, set_at_once = atomic("add"), atomic("xchg")
handle_at, view_at = accessor(HANDLE), accessor(VIEW)
score_at, place_at, summary_at = accessor(SCORE), accessor(PLACES), accessor(SUMMARY)


@rule
def objective(w, sc):
    """The objective so far as a share of the value offered; 0 where none is."""
    return objective_u(w, sc) / sc.offered if sc.offered > 0 else 0.0


@rule
def renewable_share(w):
    """Share of the energy drawn so far that was renewable, as rare.metrics counts it; 0 before any."""
    s = env_of(w)
    if s.draw_mj == 0:
        return 0.0
    green = 1.0 - s.grid_charged_mj / s.charged_mj if s.charged_mj > 0 else 1.0
    return (s.used_mj + s.discharged_mj * green) / s.draw_mj


@rule
def slowdown_so_far(w):
    """Sum of bounded slowdowns: of jobs that left, and what those still here have come to.

    A waiting job counts as if it started now and a running one as if it ran on to its end, so that each
    second of waiting is charged as it passes, and not hours later when the job leaves. When the run is over
    nothing but `count_slowdown` counts.
    """
    s = env_of(w)
    total = s.slowdown
    if s.phase == OVER:
        return total
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        live = live_of(w, entry_of(w, QUEUE, i).slot)
        job = job_of(w, live.job)
        total += max((s.now_s + live.left_s - arrival_s(w, live.job)) / max(job.work_s, 10), 1.0)
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        live = live_of(w, entry_of(w, FINISH, i).slot)
        job = job_of(w, live.job)
        total += max((live.finish_s - arrival_s(w, live.job)) / max(job.work_s, 10), 1.0)
    return total


@rule
def score(w, sc):
    """What the rewards of an episode add up to (docs/reference/environment.md)."""
    if sc.kind == OBJECTIVE:
        return objective(w, sc)
    slowdown = slowdown_so_far(w) / max(sc.jobs, 1.0)
    if sc.kind == SLOWDOWN:
        return -slowdown
    return renewable_share(w) - sc.eta * slowdown


@rule
def run_on(w, v, sc):
    """Run to the next decision with a choice, see what is to be seen there, and count the reward."""
    while True:
        status = advance(w)
        if status not in (DECIDE_START, DECIDE_SHED):
            break
        if look(w, v) > 1:
            break
        sc.hidden += status == DECIDE_START and v.withheld == 0
        apply(w, WAIT)
    if status == ENDED:
        look_at_end(w, v)
    now = score(w, sc)
    sc.reward += now - sc.last
    sc.last = now
    sc.status = status


@rule
def is_action(v, action):
    """Whether there is an action of this number, valid or not."""
    return 0 <= action < v.actions


@rule
def step_one(w, v, sc, action):
    """Apply an action by its number and run on.

    One that is not valid counts as WAIT if the environment is forgiving; else the status is INVALID, and
    nothing is done. An episode that was over before anybody was asked takes one WAIT, and gives its reward.
    """
    if sc.resting:
        sc.resting = 0
        sc.reward = 0.0
        return
    if not is_action(v, action) or flag_at(v.at_mask, action).x == 0:
        if not sc.forgiving or not is_action(v, action):
            sc.status = INVALID
            return
        sc.invalid += 1
        action = 0
    sc.reward = sc.carried
    sc.carried = 0.0
    if env_of(w).phase == OVER:
        sc.status = ENDED
        return
    apply(w, decision_of(w, v, action))
    sc.decisions += 1
    run_on(w, v, sc)


@rule
def is_refused(v, sc, action):
    """Whether an action would be INVALID."""
    if sc.resting:
        return False
    return not is_action(v, action) or (flag_at(v.at_mask, action).x == 0 and not sc.forgiving)


@rule
def refused(at, at_actions, first, last):
    """The first of the environments whose action would be INVALID; -1: none."""
    for e in range(first, last):
        if is_refused(view_at(at.views, e), score_at(at.scores, e), action_at(at_actions, e).value):
            return e
    return -1


@rule
def step_all(at, at_actions, first, last):
    """One step of the environments first to last - 1; how many need something: see their status."""
    unusual = 0
    for e in range(first, last):
        score_of = score_at(at.scores, e)
        step_one(handle_at(at.handles, e), view_at(at.views, e), score_of, action_at(at_actions, e).value)
        unusual += score_of.status not in (DECIDE_START, DECIDE_SHED)
    return unusual


@rule
def step_chunks(crew_address, from_behind):
    """Step chunks of environments until nobody has any left to take; how many this thread has stepped.

    Each takes its next chunk when it has done one, so nobody waits for a chunk that nobody works on. Who
    calls takes them from the front and helpers from behind: thus an environment mostly stays with a core.
    """
    crew = crew_at(crew_address, 0)
    done = 0
    while add_at_once(crew.at_taken, 1) < crew.chunks:
        number = add_at_once(crew.at_behind if from_behind else crew.at_front, 1)
        if from_behind:
            number = crew.chunks - 1 - number
        first = number * crew.chunk
        last = min(first + crew.chunk, crew.environments)
        unusual = step_all(place_at(crew.places, 0), crew.at_actions, first, last)
        if unusual > 0:
            add_at_once(crew.at_unusual, unusual)
        add_at_once(crew.at_done, 1)
        done += 1
    return done


@rule
def begin_chunks(crew_address, places, at_actions):
    """Lay out a step for the crew, or with nothing done -1 - e where the action of environment e is refused.

    A helper that comes late from the step before finds nothing to take until all is in place: `taken` is
    set last.
    """
    crew = crew_at(crew_address, 0)
    wrong = refused(place_at(places, 0), at_actions, 0, crew.environments)
    if wrong >= 0:
        return -1 - wrong
    crew.places = places
    crew.at_actions = at_actions
    for counter in (crew.at_front, crew.at_behind, crew.at_unusual, crew.at_done, crew.at_taken):
        set_at_once(counter, 0)
    return 0


@rule
def chunks_held(crew_address):
    """How many chunks of the step some thread has not done yet."""
    crew = crew_at(crew_address, 0)
    return crew.chunks - add_at_once(crew.at_done, 0)


@rule
def summarise(places, e):
    """Write the SUMMARY of an environment."""
    at = place_at(places, 0)
    w = handle_at(at.handles, e)
    sc = score_at(at.scores, e)
    s = env_of(w)
    summary = summary_at(at.summary, 0)
    summary.reward = sc.reward
    summary.objective = objective(w, sc) if sc.offered > 0 else np.nan
    summary.score = sc.last
    summary.jobs_completed = s.completed
    summary.qos_violations = s.violations
    summary.suspensions = s.suspensions
    summary.energy_kwh = s.draw_mj / MJ_PER_KWH
    summary.policy_decisions = sc.decisions
    summary.hidden_decisions = sc.hidden
    summary.invalid_actions = sc.invalid
    summary.simulated_s = s.now_s - s.begin_s


@rule
def step_and_summarise(places, e, action):
    """One step of one environment, and `summarise`: one call, since a call costs as much as a short step.

    Each argument less saves 0.04 microseconds (measured).
    """
    at = place_at(places, 0)
    sc = score_at(at.scores, e)
    if is_refused(view_at(at.views, e), sc, action):
        return -1 - e
    step_one(handle_at(at.handles, e), view_at(at.views, e), sc, action)
    summarise(places, e)
    return 0 if sc.status in (DECIDE_START, DECIDE_SHED) else 1


@rule
def place_one(places, e, plan):
    """Put an environment, its case's templates copied already, at the beginning of an episode."""
    at = place_at(places, 0)
    w = handle_at(at.handles, e)
    v = view_at(at.views, e)
    sc = score_at(at.scores, e)
    p = plan_at(plan, 0)
    s = env_of(w)
    s.now_s = p.begin_s
    s.last_s = p.begin_s
    s.begin_s = p.begin_s
    s.wake_s = p.begin_s
    s.due_s = p.begin_s
    s.idle_s = p.begin_s
    s.window_end_s = p.end_s
    s.next_job = p.first_job
    s.jobs_end = p.last_job
    s.input_row = p.input_row
    s.first_job = p.first_job
    take_inputs(w, p.begin_s)
    begin_run_events(w)
    for slot in range(w.live_slots):
        live_of(w, slot).doing = FREE
        live_of(w, slot).next_free = slot + 1
        card_at(v.at_cards, slot).job = WAIT
    for which in range(4):
        ends_of(w, which).first = 0
        ends_of(w, which).last = 0
    forget(v)
    set_flag(v, 0, True)
    sc.offered = p.offered
    sc.jobs = p.jobs
    sc.penalty_u = p.penalty_u
    sc.carbon_price = p.carbon_price
    sc.priced = p.priced
    sc.last = 0.0
    sc.reward = 0.0
    sc.carried = 0.0
    sc.decisions = 0
    sc.hidden = 0
    sc.invalid = 0
    sc.resting = 0


@rule
def run_one(places, e):
    """Run an environment on without an action: from its beginning, or where it lacked room."""
    at = place_at(places, 0)
    run_on(handle_at(at.handles, e), view_at(at.views, e), score_at(at.scores, e))


@rule
def find_action(places, e, code):
    """The action of environment e that means a decision; -1: none does (buffers.action_for)."""
    at = place_at(places, 0)
    return action_for(handle_at(at.handles, e), view_at(at.views, e), code)
