"""What the objective charges, in an observation, where the layout has prices, compiled.

Prices are shown beside what work earns, so that they mean the same on every scale of money: a price of 1 for
a late job is another thing where jobs earn 1 than where they earn 1,000.
"""

from __future__ import annotations

from rare.env.observation import layout
from rare.env.observation.buffers import number_at, slot_at, static_at
from rare.env.observation.scaling import clear, squash
from rare.rules.outlook import outlook_steps, rate_ahead
from rare.state.arrays import env_of, live_of
from rare.state.compile import rule

JOB_PRICES = len(layout.QUEUE_PRICES)
JOB_LATE, JOB_UNSERVED = layout.places("queue_prices", "late", "unserved")
LATE, UNSERVED, COST = layout.places("prices", "late", "unserved", "cost")
(HOUR_COST,) = layout.places("costs", "cost")


@rule
def show_job_prices(w, v, first, shown, slots, at):
    """The prices of the jobs in action slots, from place `at` on; zeros in empty slots. first: of the slots."""
    for i in range(shown):
        fixed = static_at(v.at_static, live_of(w, slot_at(v.at_slots, first + i).slot).job)
        number_at(v.at_obs, at + JOB_LATE).x = fixed.late
        number_at(v.at_obs, at + JOB_UNSERVED).x = fixed.unserved
        at += JOB_PRICES
    clear(v, at, (slots - shown) * JOB_PRICES)


@rule
def look_at_job_prices(w, v):
    """Write the blocks of the jobs' prices. The slots have been chosen before."""
    show_job_prices(w, v, 0, v.shown_queue, v.queue_slots, v.queue_prices_at)
    show_job_prices(w, v, v.queue_slots, v.shown_running, v.running_slots, v.running_prices_at)


@rule
def cost_ahead(w, v, step):
    """What grid energy costs in a step of the outlook, beside what work earns with it."""
    price = rate_ahead(w, step, False) * v.per_price
    return squash(price + rate_ahead(w, step, True) * v.per_carbon, 1.0)


@rule
def look_at_cost(w, v):
    """Write the blocks of prices and costs; nothing if they are of this second already.

    To be called before look_at_cluster, which notes the second. What lies beyond the forecast repeats its
    last hour, as there.
    """
    if v.shown_s == env_of(w).now_s:
        return
    number_at(v.at_obs, v.prices_at + LATE).x = squash(v.late, 1.0)
    number_at(v.at_obs, v.prices_at + UNSERVED).x = squash(v.unserved, 1.0)
    number_at(v.at_obs, v.prices_at + COST).x = cost_ahead(w, v, 0)
    steps = outlook_steps(w)
    for k in range(v.forecast_hours):
        number_at(v.at_obs, v.costs_at + k + HOUR_COST).x = cost_ahead(w, v, min(k + 1, steps - 1))
